"""What prize_seeker promises: the effort of a Tullock contest."""

import numpy as np
from asked import choices, made_by
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy import HyperscalerView
from agentsim.strategy.registry import make

V = 8.0  # the prize a quarter
RULE = {"prize": 40.0 * V, "race": 40.0, "adjustment": 1.0}
BOOKS = {"wear": 0.0, "shells_due": 0.0, "fleet_value": 10.0}


def effort(own, rivals, **given):
    """Return what the first of two firms spends on chips and systems."""
    market = FakeMarket(HyperscalerView, firms=2, **BOOKS | given)
    market.values["capex"][0], market.values["capex"][1] = own, rivals
    (made,) = choices(make("hyperscaler", "prize_seeker", RULE), [market], slice(0, 1))
    return made["capex_rate"] * market.values["fleet_value"][0]


class TestPrizeSeeker(StrategyBattery):
    role = "hyperscaler"
    id = "prize_seeker"

    def test_effort_maximises_the_chance_of_the_prize_less_its_cost(self):
        mine = np.linspace(0.0, V, 800_001)
        for rivals in (0.3, 1.0, 2.0, 5.0):
            best = mine[np.argmax(V * mine / (mine + rivals) - mine)]
            np.testing.assert_allclose(effort(1.0, rivals), best, atol=1e-5)

    def test_rivals_spur_it_on_up_to_a_quarter_of_the_prize_and_discourage_it_beyond(self):
        at = [float(effort(1.0, V * part)[0, 0]) for part in (0.05, 0.25, 0.6, 0.99)]
        assert max(at) == at[1]
        np.testing.assert_allclose(at[1], V / 4.0)
        assert at[3] < 0.01 * V

    def test_who_cannot_gain_replaces_wear(self):
        np.testing.assert_allclose(effort(1.0, 2.0 * V, wear=0.07), 0.07 * 10.0)
        np.testing.assert_allclose(effort(1.0, 0.0, wear=0.07), 0.07 * 10.0)

    def test_shells_are_part_of_the_effort(self):
        np.testing.assert_allclose(effort(1.0, 2.0, shells_due=0.5), effort(1.0, 2.0) - 0.5)

    def test_a_greater_prize_brings_greater_effort(self):
        rates = [
            made_by(make("hyperscaler", "prize_seeker", {"prize": prize}), capex=1.0, **BOOKS)[0]
            for prize in (100.0, 200.0, 400.0)
        ]
        assert (rates[0]["capex_rate"] < rates[1]["capex_rate"]).all()
        assert (rates[1]["capex_rate"] < rates[2]["capex_rate"]).all()

    def test_in_a_market_a_firm_against_steady_rivals_comes_to_its_best_effort(self):
        """Together n equal contestants spend (n - 1) / n of the prize; these differ, but not much."""
        market = Market(lineup="prize_seeker(prize=5000)", rng=1, horizon=16).run()
        capex = market.series().query("quarter > 8")["capex"]
        np.testing.assert_allclose(capex, 125.0 * 5.0 / 6.0, rtol=0.1)
