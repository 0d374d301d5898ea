"""Mark to market: terms follow the life that chips are seen to have."""

import numpy as np
import pytest
from asked import choices, made_by
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make

AT_ONCE = {"adaptation": 1.0}
TERMS = {"base_spread": 0.03, "base_advance_rate": 0.6, "collateral_life": 5.0}


def wear_of(years):
    return 0.25 / years


class TestMarkToMarket(StrategyBattery):
    role = "lender"
    id = "mark_to_market"

    @pytest.mark.parametrize("years", [2.0, 4.0, 8.0])
    def test_lends_the_base_rate_on_the_value_at_the_life_that_it_sees(self, years):
        """Advance rate times the contract's value is the base rate times the marked value."""
        made, _ = made_by(
            make("lender", "mark_to_market", AT_ONCE),
            wear=wear_of(years),
            collateral_age=4.0,
            **TERMS,
        )
        contract, marked = 1.0 - 1.0 / 5.0, 1.0 - 1.0 / years
        np.testing.assert_allclose(made["advance_rate"] * contract, 0.6 * marked)
        np.testing.assert_allclose(made["spread"], 0.03 + 0.1 * (1.0 - marked / contract))

    def test_keeps_the_base_terms_where_the_assumption_is_right_or_the_fleet_is_new(self):
        for age, years in [(6.0, 5.0), (0.0, 2.0)]:
            made, _ = made_by(
                make("lender", "mark_to_market", AT_ONCE),
                wear=wear_of(years),
                collateral_age=age,
                **TERMS,
            )
            np.testing.assert_allclose(made["advance_rate"], 0.6)
            np.testing.assert_allclose(made["spread"], 0.03)

    def test_learns_the_life_quarter_by_quarter(self):
        view = BASES["lender"].view
        market = FakeMarket(view, wear=wear_of(2.5), collateral_age=4.0, **TERMS)
        made = choices(make("lender", "mark_to_market"), [market] * 60)
        rates = np.array([each["advance_rate"][0, 0] for each in made])
        assert (np.diff(rates) <= 0.0).all()
        assert rates[0] < 0.6
        at_once, _ = made_by(
            make("lender", "mark_to_market", AT_ONCE),
            wear=wear_of(2.5),
            collateral_age=4.0,
            **TERMS,
        )
        np.testing.assert_allclose(rates[-1], at_once["advance_rate"][0, 0], rtol=1e-6)

    def test_lends_nothing_on_collateral_that_it_sees_is_worn_out(self):
        made, _ = made_by(
            make("lender", "mark_to_market", AT_ONCE), wear=0.25, collateral_age=6.0, **TERMS
        )
        np.testing.assert_array_equal(made["advance_rate"], 0.0)

    def test_short_lives_mean_dear_and_scarce_credit(self):
        lives = np.array([2.0, 5.0, 6.0])
        lineup = {"lender": "mark_to_market"}
        market = Market(
            "2025Q4", lineup, runs=3, rng=1, horizon=8, economic_life=lives, collateral_life=5.0
        ).run()
        last = market.series("lender").query("quarter == 8 and firm == 'direct_lender'")
        by_life = last.set_index("run")
        assert by_life.advance_rate.is_monotonic_increasing
        assert by_life.spread.is_monotonic_decreasing
        np.testing.assert_allclose(
            by_life.advance_rate[1], market.scenario["direct_lender.advance_rate"]
        )

    def test_sees_the_age_of_the_fleets_that_secure_its_loans(self):
        market = Market("2025Q4", "restrain", rng=1, horizon=1)
        h, loans = market.simulation.world.hyperscalers, market.simulation.world.lenders.loans
        row = market.scenario.firms["lender"].index("bank_syndicate")
        age = (loans[row] * h.fleet_age).sum(axis=0) / loans[row].sum(axis=0)
        market.run()
        saw = market.explain("bank_syndicate", 1).saw
        np.testing.assert_allclose(saw["collateral_age"], age)
        np.testing.assert_allclose(saw["wear"], 0.25 / market.scenario["economic_life"])
        assert saw["collateral_life"] == market.scenario["collateral_life"]
