"""Contract first (memory maker): the battery. What it does is tested with its machinery."""

from agentsim.authoring import StrategyBattery


class TestContractFirst(StrategyBattery):
    role = "memory_maker"
    id = "contract_first"
