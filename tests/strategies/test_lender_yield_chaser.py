"""Yield chaser: more risk while the promise is not kept, at an unchanged spread."""

import numpy as np
from asked import choices
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make

TERMS = {
    "base_spread": 0.04,
    "base_advance_rate": 0.6,
    "base_deployed": 0.5,
    "funding_rate": 0.05,
    "funds": 50.0,
    "outstanding": 50.0,
}
PROMISED = 0.06  # funding, and the quarter of the spread that the default promises


def chases(earned, parameters=None, **given):
    """What it chooses while it earns these yearly returns on all its money."""
    view = BASES["lender"].view
    markets = [FakeMarket(view, coupons=100.0 * each, **(TERMS | given)) for each in earned]
    made = choices(make("lender", "yield_chaser", parameters), markets)
    return {name: np.array([each[name][0, 0] for each in made]) for name in made[0]}


class TestYieldChaser(StrategyBattery):
    role = "lender"
    id = "yield_chaser"

    def test_takes_more_risk_while_it_earns_less_than_promised_and_less_when_more(self):
        made = chases([0.04, 0.04, 0.08, 0.08, 0.08])
        np.testing.assert_allclose(
            made["advance_rate"], 0.6 + 0.35 * np.array([0.1, 0.2, 0.1, 0, 0])
        )
        np.testing.assert_allclose(made["deployed"], 0.5 + 0.5 * np.array([0.1, 0.2, 0.1, 0, 0]))

    def test_keeps_its_terms_where_the_promise_is_kept(self):
        made = chases([PROMISED, PROMISED])
        np.testing.assert_allclose(made["advance_rate"], 0.6)
        np.testing.assert_allclose(made["deployed"], 0.5)

    def test_the_spread_is_not_cut(self):
        np.testing.assert_array_equal(chases([0.0, 0.0, 0.0])["spread"], 0.04)

    def test_all_funds_and_the_most_on_collateral_are_the_end_of_it(self):
        made = chases([0.0] * 10)
        np.testing.assert_allclose(made["advance_rate"][-1], 0.95)
        np.testing.assert_allclose(made["deployed"][-1], 1.0)
        np.testing.assert_allclose(chases([0.0] * 10, base_advance_rate=0.97)["advance_rate"], 0.97)

    def test_losses_do_not_count(self):
        burnt = chases([0.04, 0.04], loss_rate=0.2, industry_loss_rate=0.2)
        calm = chases([0.04, 0.04], loss_rate=0.0, industry_loss_rate=0.0)
        for name, numbers in calm.items():
            np.testing.assert_array_equal(burnt[name], numbers)

    def test_idle_funds_drive_it_deeper_into_collateral(self):
        """What it raises and cannot lend at first earns nothing, and the promise is missed."""
        market = Market("2025Q4", {"lender": "yield_chaser"}, rng=1, horizon=4).run()
        table = market.series("lender").query("firm == 'direct_lender'").set_index("quarter")
        rates = table.advance_rate[1:].to_numpy()
        assert (np.diff(rates) > 0.0).all()
        base = market.scenario["direct_lender.advance_rate"]
        assert rates[0] > base
        np.testing.assert_array_equal(table.spread, market.scenario["direct_lender.spread"])

    def test_sees_the_interest_on_its_loans(self):
        market = Market("2025Q4", "restrain", rng=1, horizon=1).run()
        saw, p = market.explain("asset_backed_fund", 1).saw, market.scenario
        assert saw["funding_rate"] == p["funding_rate_per_year"]
        due = sum(
            p["asset_backed_fund.loan_share"]
            * p[f"{firm}.debt"]
            * (
                p["funding_rate_per_year"]
                + p["asset_backed_fund.spread"]
                + p[f"{firm}.credit_premium"]
            )
            for firm in p.firms["hyperscaler"]
        )
        np.testing.assert_allclose(saw["coupons"], due)
