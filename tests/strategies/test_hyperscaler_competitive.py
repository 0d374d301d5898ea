"""Competitive (hyperscaler): the battery. What it does is tested with its machinery."""

from agentsim.authoring import StrategyBattery


class TestCompetitive(StrategyBattery):
    role = "hyperscaler"
    id = "competitive"
