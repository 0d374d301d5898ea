"""What pacing promises: an even pace, no chips without shells or in a price slide, catching up."""

import numpy as np
from asked import choices, resting

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


def rates(markets, **parameters):
    made = choices(make("hyperscaler", "pacing", {"adaptation": 0.0} | parameters), markets)
    return np.array([quarter["capex_rate"] for quarter in made])


def market(price=10.0, **given):
    """Return a market in which best response asks for some 0.1 of the fleet."""
    fleets = {"merchant_committed": 1.0, "custom_committed": 0.0, "custom_program": 0.0}
    rest = {"wear": 0.1, "system_cost": 2.0, "fleet_value": 12.0, "working_share": 1.0}
    return resting(**fleets | rest | {"merchant_price": price} | given)


NEED = 0.1


class TestPacing(StrategyBattery):
    role = "hyperscaler"
    id = "pacing"

    def test_at_rest_it_buys_what_best_response_asks_for(self):
        np.testing.assert_allclose(rates([market()] * 3), NEED)

    def test_a_burst_of_need_is_spread_over_the_quarters_after(self):
        burst = market(own_marginal_revenue=40.0)
        markets = [market(), burst, *[market()] * 4]
        best = choices(make("hyperscaler", "best_response", {"adaptation": 0.0}), markets)
        need = np.array([quarter["capex_rate"] for quarter in best])
        paced = rates(markets)
        assert (paced.max(axis=0) < 0.7 * need.max(axis=0)).all()
        assert (np.diff(paced[1:], axis=0) < 0.0).all()
        assert (paced[2:] > NEED).all()

    def test_nothing_is_bought_for_shells_that_are_not_there(self):
        for share, part in [(1.0, 1.0), (0.95, 0.5), (0.9, 0.0), (0.2, 0.0)]:
            found = rates([market(working_share=share)])[0]
            np.testing.assert_allclose(found, part * NEED, atol=1e-15)

    def test_it_waits_while_the_price_slides_and_not_when_it_creeps(self):
        for then, bought in [(8.0, 0.0), (9.5, NEED * 11.5 / 12.0), (12.0, NEED * 14.0 / 12.0)]:
            markets = [market(), market(price=then)]
            np.testing.assert_allclose(rates(markets, evenness=0.0)[1], bought)

    def test_what_was_skipped_is_caught_up_over_the_next_generation(self):
        idle = market(working_share=0.0)
        found = rates([idle] * 2 + [market()] * 40, generation=4.0)
        np.testing.assert_array_equal(found[:2], 0.0)
        assert (found[2] > NEED).all()
        np.testing.assert_allclose(found[2], NEED + 2 * NEED / 4.0)
        np.testing.assert_allclose(found.sum(axis=0), 42 * NEED, rtol=1e-4)

    def test_no_more_is_caught_up_than_a_generations_purchases(self):
        idle = market(working_share=0.0)
        np.testing.assert_allclose(rates([idle] * 20 + [market()])[-1], 2 * NEED)

    def test_in_a_slump_what_was_skipped_lapses(self):
        idle = market(working_share=0.0)
        slump = market(own_marginal_revenue=0.0, training_value=0.0)
        np.testing.assert_array_equal(rates([idle, slump, slump], evenness=0.0)[1:], 0.0)
