"""Best response (hyperscaler): the battery. What it does is tested with its machinery."""

from agentsim.authoring import StrategyBattery


class TestBestResponse(StrategyBattery):
    role = "hyperscaler"
    id = "best_response"
