"""For authors of strategies: worlds to try one in, the conformance battery, measured properties."""

from agentsim.authoring.answers import agree, answers
from agentsim.authoring.battery import StrategyBattery
from agentsim.authoring.worlds import Worlds

__all__ = ["StrategyBattery", "Worlds", "agree", "answers"]
