"""What grim promises: restraint until a breach, punishment for ever after."""

import numpy as np
from asked import choices, resting

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make

WEAR, WORTH = 0.06, 8.0
CALM = {
    "wear": WEAR,
    "capex_rate": WEAR,
    "own_marginal_revenue": WORTH,
    "training_value": WORTH,
    "merchant_committed": 1.0,
    "fleet_value": 3.0,
    "system_cost": 2.0,
}


def rates(markets, **parameters):
    made = choices(make("hyperscaler", "grim", parameters), markets)
    return [quarter["capex_rate"] for quarter in made]


def breach(by, rate):
    """Return a calm market in which one firm of three spent at another rate."""
    market = resting(**CALM)
    market.values["capex_rate"][by] = rate
    return market


class TestGrim(StrategyBattery):
    role = "hyperscaler"
    id = "grim"

    def test_it_restrains_while_all_do(self):
        for rate in rates([resting(**CALM)] * 4):
            np.testing.assert_array_equal(rate, WEAR)

    def test_any_rivals_breach_is_punished_for_ever_with_best_response(self):
        calm = resting(**CALM)
        markets = [calm, breach(1, 3 * WEAR), calm, calm]
        best = choices(make("hyperscaler", "best_response"), markets)
        found = rates(markets)
        for quarter in (1, 2, 3):
            for firm in (0, 2):
                np.testing.assert_array_equal(
                    found[quarter][firm], best[quarter]["capex_rate"][firm]
                )
            assert (found[quarter][[0, 2]] > WEAR).all()

    def test_it_does_not_punish_its_own_spending(self):
        found = rates([resting(**CALM), breach(1, 3 * WEAR)])
        np.testing.assert_array_equal(found[1][1], WEAR)

    def test_a_little_more_than_replacement_is_overlooked(self):
        calm = resting(**CALM)
        for tolerance, peace in [(0.5, True), (0.2, False)]:
            found = rates([calm, breach(1, 1.4 * WEAR)], tolerance=tolerance)
            assert (found[1][0] == WEAR).all() == peace

    def test_what_came_before_the_peace_is_not_held_against_rivals(self):
        before = breach(1, 1.0)
        np.testing.assert_array_equal(rates([before])[0], WEAR)
        assert (rates([before], grace=0.0)[0][0] > WEAR).all()

    def test_runs_are_judged_apart(self):
        market = resting(**CALM)
        market.values["capex_rate"][1, 2] = 3 * WEAR
        broken = rates([resting(**CALM), market])[1][0] > WEAR
        np.testing.assert_array_equal(broken, np.arange(market.runs) == 2)

    def test_in_a_market_of_its_like_the_peace_holds_and_one_escalator_ends_it(self):
        calm = Market(lineup="grim", rng=1, horizon=8).run().series("hyperscaler")
        lineup = {"hyperscaler": "grim", "oracle": "escalate"}
        war = Market(lineup=lineup, rng=1, horizon=8).run().series("hyperscaler")
        alphabet = [
            table.query("firm == 'alphabet' and quarter > 1")["capex_rate"].to_numpy()
            for table in (calm, war)
        ]
        np.testing.assert_allclose(alphabet[0], alphabet[0][0])
        assert (alphabet[1][-4:] > alphabet[0][-4:]).all()
