"""Share war: capacity for a share, whatever it earns."""

import numpy as np
import pytest
from asked import choices
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make

VIEW = BASES["memory_maker"].view
AT_FIRST = [[3.0], [4.0], [3.0]]


def wars(capacities, parameters=None, **given):
    """What three makers expand by while their capacity takes these values."""
    given = {"building": 0.0, "growth_limit": 1.0} | given
    markets = [FakeMarket(VIEW, capacity=capacity, **given) for capacity in capacities]
    made = choices(make("memory_maker", "share_war", parameters), markets)
    return [each["expansion"][:, 0] for each in made]


class TestShareWar(StrategyBattery):
    role = "memory_maker"
    id = "share_war"

    def test_orders_what_takes_its_share_to_the_target(self):
        (expansion,) = wars([AT_FIRST], {"gain": 0.05})
        own, rivals = np.array([3.0, 4.0, 3.0]), np.array([7.0, 6.0, 7.0])
        after = own * (1.0 + expansion)
        np.testing.assert_allclose(after / (after + rivals), [0.35, 0.45, 0.35])

    def test_holds_its_share_against_a_rival_that_expands(self):
        _, then = wars([AT_FIRST, [[3.0], [8.0], [3.0]]], {"gain": 0.0})
        after = 3.0 * (1.0 + then[0])
        np.testing.assert_allclose(after / (after + 11.0), 0.3)
        assert then[1] == 0.0

    def test_rests_when_it_has_what_it_wants(self):
        first, then = wars([AT_FIRST, [[3.0], [2.0], [1.0]]])
        assert (first > 0.0).all()
        assert then[0] == 0.0

    def test_counts_what_is_under_construction(self):
        built, building = wars([AT_FIRST]), wars([[[1.0], [2.0], [1.0]]], building=2.0)
        np.testing.assert_array_equal(built, building)

    @pytest.mark.parametrize("margin", [-0.5, 0.0, 0.9])
    def test_the_margin_does_not_count(self, margin):
        np.testing.assert_array_equal(wars([AT_FIRST], memory_margin=margin), wars([AT_FIRST]))

    def test_no_faster_than_can_be_built(self):
        np.testing.assert_array_equal(wars([AT_FIRST], {"gain": 0.5}, growth_limit=0.1), 0.1)

    def test_one_maker_gets_the_share_that_it_fights_for(self):
        lineup = {"samsung": "share_war", "sk_hynix": "contract_first", "micron": "contract_first"}
        market = Market("2025Q4", lineup, rng=1, horizon=40).run()
        last = market.series("memory_maker").query("quarter == 40").set_index("firm").capacity
        np.testing.assert_allclose(last["samsung"] / last.sum(), 0.17 + 0.02, atol=1e-3)
