"""Prudent (lender): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestPrudent(StrategyBattery):
    role = "lender"
    id = "prudent"

    def test_prudent_keeps_base_terms_without_losses_and_tightens_after(self):
        calm, seen = made_by(make("lender", "prudent"), loss_rate=0.0, industry_loss_rate=0.0)
        np.testing.assert_array_equal(calm["spread"], seen["base_spread"])
        np.testing.assert_array_equal(calm["advance_rate"], seen["base_advance_rate"])
        np.testing.assert_array_equal(calm["deployed"], seen["base_deployed"])
        for burnt in (
            {"loss_rate": 0.05, "industry_loss_rate": 0.0},
            {"loss_rate": 0.0, "industry_loss_rate": 0.05},
        ):
            made, _ = made_by(make("lender", "prudent"), **burnt)
            np.testing.assert_allclose(made["spread"], seen["base_spread"] + 0.05)
            np.testing.assert_allclose(made["advance_rate"], 0.9 * seen["base_advance_rate"])
