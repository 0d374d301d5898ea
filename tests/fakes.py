"""Made-up markets for strategies to look at, without a market behind them."""

from agentsim.authoring.worlds import RUNS, Worlds

FakeMarket = Worlds

__all__ = ["RUNS", "FakeMarket"]
