"""What debt_fuelled promises: growth on borrowed money, as far as lenders let it."""

import numpy as np
from asked import made_by

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make

BOOKS = {
    "fleet_value": 100.0,
    "wear": 0.06,
    "operating_cash": 0.0,
    "shells_due": 0.0,
    "design_due": 0.0,
    "debt_service": 0.0,
    "borrowing_room": 1e3,
}


def made(**given):
    return made_by(make("hyperscaler", "debt_fuelled", {"growth": 0.2}), **BOOKS | given)[0]


class TestDebtFuelled(StrategyBattery):
    role = "hyperscaler"
    id = "debt_fuelled"

    def test_with_room_to_borrow_it_grows_at_its_target_and_all_on_debt(self):
        choice = made()
        np.testing.assert_allclose(choice["capex_rate"], 0.26)
        np.testing.assert_array_equal(choice["debt_share"], 1.0)

    def test_growth_is_cut_to_the_room(self):
        choice = made(borrowing_room=5.0)
        np.testing.assert_allclose(choice["capex_rate"], 0.06 + 0.05)
        np.testing.assert_allclose(choice["debt_share"], 5.0 / 11.0)

    def test_what_ai_earns_after_its_bills_pays_for_growth_where_lenders_do_not(self):
        bills = {"shells_due": 2.0, "design_due": 1.0, "debt_service": 3.0}
        choice = made(borrowing_room=0.0, operating_cash=16.0, **bills)
        np.testing.assert_allclose(choice["capex_rate"], 0.06 + 0.1)
        np.testing.assert_array_equal(choice["debt_share"], 0.0)

    def test_with_neither_it_replaces_wear(self):
        np.testing.assert_allclose(made(borrowing_room=0.0)["capex_rate"], 0.06)

    def test_shareholders_are_paid_as_by_habit(self):
        assert "payout" not in made()

    def test_in_a_market_it_borrows_with_cash_in_hand(self):
        table = Market(lineup="debt_fuelled", rng=1, horizon=4).run().series("hyperscaler")
        first = table.query("firm == 'microsoft' and quarter == 1").iloc[0]
        assert first["cash"] > 50.0
        np.testing.assert_allclose(first["borrowing"], first["capex"], rtol=1e-9)
