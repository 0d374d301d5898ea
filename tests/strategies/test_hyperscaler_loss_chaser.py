"""What loss_chaser promises: a stake that grows with losses until they are won back."""

import numpy as np
from asked import choices
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy import HyperscalerView
from agentsim.strategy.registry import make

USUAL = 0.1 + 0.05


def rates(*results, **parameters):
    """Return its rate after quarters with these results, $bn, with 10 in the books."""
    same = {"book_value": 10.0, "wear": 0.1, "interest": 0.5}
    markets = [
        FakeMarket(HyperscalerView, operating_cash=1.5 + result, **same) for result in results
    ]
    strategy = make("hyperscaler", "loss_chaser", {"growth": 0.05, "chase": 5.0} | parameters)
    return np.array([made["capex_rate"] for made in choices(strategy, markets)])


class TestLossChaser(StrategyBattery):
    role = "hyperscaler"
    id = "loss_chaser"

    def test_without_losses_it_stakes_the_usual(self):
        np.testing.assert_allclose(rates(0.0, 1.0, 3.0), USUAL)

    def test_losses_add_up_and_raise_the_stake(self):
        found = rates(-0.2, -0.4, -0.4)
        for rate, lost in zip(found, (0.2, 0.6, 1.0), strict=True):
            np.testing.assert_allclose(rate, USUAL * (1.0 + 5.0 * lost / 10.0))

    def test_it_returns_to_the_usual_once_it_has_won_back(self):
        found = rates(-1.0, 0.6, 0.4, -0.2)
        assert (found[1] < found[0]).all()
        assert (found[1] > USUAL).all()
        np.testing.assert_allclose(found[2], USUAL)
        np.testing.assert_allclose(found[3], USUAL * 1.1)

    def test_winnings_are_no_cushion_for_later_losses(self):
        np.testing.assert_allclose(rates(5.0, -1.0)[1], rates(-1.0)[0])

    def test_the_stake_has_a_limit(self):
        np.testing.assert_allclose(rates(-50.0, limit=3.0), 3.0 * USUAL)

    def test_in_a_market_that_shrinks_it_spends_more_than_one_that_does_not_chase(self):
        """Of two markets in which returns collapse, the one of chasers sees the larger fleets."""
        fleets = []
        for chase in (0.0, 5.0):
            market = Market(
                lineup=f"loss_chaser(chase={chase})",
                rng=1,
                horizon=20,
                addressable_spending=30.0,
            ).run()
            table = market.series("hyperscaler").query("quarter == 20")
            fleets.append((table["merchant_fleet"] + table["custom_fleet"]).sum())
        assert fleets[1] > 1.1 * fleets[0]
