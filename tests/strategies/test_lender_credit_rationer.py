"""Credit rationer: quantity gives way, the rate does not."""

import numpy as np
import pytest
from asked import made_by

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make

CALM = {"loss_rate": 0.0, "industry_loss_rate": 0.0, "credit_demand": 0.8}


class TestCreditRationer(StrategyBattery):
    role = "lender"
    id = "credit_rationer"

    def test_keeps_the_base_terms_in_calm(self):
        made, seen = made_by(make("lender", "credit_rationer"), **CALM)
        for name in ("spread", "advance_rate", "deployed"):
            np.testing.assert_array_equal(made[name], seen[f"base_{name}"])

    @pytest.mark.parametrize("whose", ["loss_rate", "industry_loss_rate"])
    def test_losses_cut_the_loans_and_not_the_rate(self, whose):
        made, seen = made_by(make("lender", "credit_rationer"), **(CALM | {whose: 0.05}))
        np.testing.assert_array_equal(made["spread"], seen["base_spread"])
        np.testing.assert_allclose(made["advance_rate"], 0.8 * seen["base_advance_rate"])
        np.testing.assert_allclose(made["deployed"], 0.8 * seen["base_deployed"])
        made, _ = made_by(make("lender", "credit_rationer"), **(CALM | {whose: 0.5}))
        np.testing.assert_array_equal(made["deployed"], 0.0)

    def test_a_crowd_is_turned_away_at_the_same_rate(self):
        made, seen = made_by(make("lender", "credit_rationer"), **(CALM | {"credit_demand": 16.0}))
        np.testing.assert_array_equal(made["spread"], seen["base_spread"])
        np.testing.assert_array_equal(made["advance_rate"], seen["base_advance_rate"])
        np.testing.assert_allclose(made["deployed"], 0.5 * seen["base_deployed"])

    def test_debt_beyond_what_is_offered_is_rationed_in_the_market(self):
        market = Market("2025Q4", {"lender": "credit_rationer"}, rng=1, horizon=16).run()
        table = market.series("lender").query("quarter > 0")
        demand = market.series().set_index("quarter").credit_demand
        assert demand.max() > 1.0
        crowded = table[table.quarter.map(demand.shift(1)) > 1.0]
        for firm, rows in crowded.groupby("firm"):
            assert (rows.deployed < market.scenario[f"{firm}.deployed"]).all()
        for firm, rows in table.groupby("firm"):
            np.testing.assert_array_equal(rows.spread, market.scenario[f"{firm}.spread"])
