"""What cash_only promises: it pays out of its own cash and never borrows."""

import numpy as np
import pytest
from asked import made_by

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.steps.looks import HyperscalerLook
from agentsim.strategy.registry import make

BOOKS = {
    "fleet_value": 100.0,
    "cash": 1e3,
    "core_cash": 20.0,
    "planned_payout": 0.5,
    "operating_cash": 10.0,
    "shells_due": 2.0,
    "design_due": 1.0,
    "debt_service": 4.0,
}


def made(**given):
    strategy = make("hyperscaler", "cash_only", {"reinvested": 0.75, "reserve": 2.0})
    return made_by(strategy, **BOOKS | given)[0]


class TestCashOnly(StrategyBattery):
    role = "hyperscaler"
    id = "cash_only"

    def test_chips_get_its_share_of_cash_flow_less_the_bills_for_building(self):
        flow = 20.0 * 0.5 + 10.0 - 4.0
        np.testing.assert_allclose(made()["capex_rate"], (0.75 * flow - 3.0) / 100.0)
        np.testing.assert_array_equal(made()["debt_share"], 0.0)

    def test_cash_must_cover_chips_before_customers_pay_and_the_reserve(self):
        # core cash 20, less payout 10 and debt service 4 as far as the 10 earned do not pay it,
        # less bills 3 and two more instalments of 2
        choice = made(cash=0.0)
        np.testing.assert_allclose(choice["capex_rate"], (20.0 - 4.0 - 3.0 - 4.0) / 100.0)

    def test_payout_is_cut_before_it_is_borrowed(self):
        choice = made(cash=0.0, operating_cash=0.0, debt_service=14.0)
        np.testing.assert_array_equal(choice["capex_rate"], 0.0)
        np.testing.assert_allclose(choice["payout"], (20.0 - 3.0 - 14.0) / 20.0)
        np.testing.assert_array_equal(made()["payout"], 0.5)

    def test_who_has_no_cash_flow_orders_nothing(self):
        choice = made(operating_cash=-30.0)
        np.testing.assert_array_equal(choice["capex_rate"], 0.0)

    @pytest.mark.parametrize("lineup", ["cash_only", {"meta": "cash_only"}])
    def test_in_a_market_it_never_borrows_and_never_defaults(self, lineup):
        market = Market(lineup=lineup, rng=1, runs=3, horizon=40).run()
        table = market.series("hyperscaler")
        cash_only = table if lineup == "cash_only" else table.query("firm == 'meta'")
        assert (cash_only["borrowing"] == 0.0).all()
        assert (cash_only["defaulted"] == 0.0).all()
        assert cash_only["capex"].min() > 0.0
        others = table.drop(cash_only.index)
        assert others.empty or others["borrowing"].max() > 1.0

    def test_what_firms_are_shown_as_due_is_what_they_pay(self):
        market = Market(lineup="cash_only", rng=1, horizon=6)
        world = market.simulation.world
        for _ in range(6):
            market.step()
            look = HyperscalerLook(world)
            due = {name: look(name).copy() for name in ("shells_due", "design_due", "debt_service")}
            twin = Market(lineup="cash_only", rng=1, horizon=market.quarter + 1).run()
            then = twin.simulation.world.hyperscalers
            np.testing.assert_allclose(due["shells_due"], then.shell_spend)
            np.testing.assert_allclose(due["design_due"], then.design_spend)
            np.testing.assert_allclose(due["debt_service"], then.interest + then.principal)
