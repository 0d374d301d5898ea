"""Yield seeking (lender): the battery, and what it is meant to do."""

import numpy as np
from asked import choices, made_by
from fakes import FakeMarket

from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make


class TestYieldSeeking(StrategyBattery):
    role = "lender"
    id = "yield_seeking"

    def test_yield_seeking_lends_all_and_loosens_while_funds_lie_idle(self):
        strategy = make("lender", "yield_seeking")
        base = {"base_spread": 0.05, "base_advance_rate": 0.6}
        first, second, third = choices(
            strategy,
            [
                FakeMarket(BASES["lender"].view, quarter=q, credit_demand=0.5, **base)
                for q in range(3)
            ],
        )
        np.testing.assert_array_equal(first["deployed"], 1.0)
        assert (first["spread"] > second["spread"]).all()
        assert (second["spread"] > third["spread"]).all()
        assert (first["advance_rate"] < second["advance_rate"]).all()

    def test_yield_seeking_never_tightens_beyond_base_nor_loosens_beyond_its_limits(self):
        strategy = make("lender", "yield_seeking", {"pace": 1.0})
        made, seen = made_by(strategy, credit_demand=3.0)
        np.testing.assert_array_equal(made["spread"], seen["base_spread"])
        made, _ = made_by(strategy, credit_demand=0.0)
        np.testing.assert_allclose(made["spread"], 0.01)
        np.testing.assert_allclose(made["advance_rate"], 0.95)
