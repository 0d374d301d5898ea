"""What generous_match promises: it follows its rivals, but forgives part of their excess."""

import numpy as np
from asked import made_by

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


def rate(**given):
    strategy = make("hyperscaler", "generous_match", {"generosity": 0.25})
    return made_by(strategy, **given)[0]["capex_rate"]


class TestGenerousMatch(StrategyBattery):
    role = "hyperscaler"
    id = "generous_match"

    def test_a_share_of_the_excess_over_replacement_is_not_followed(self):
        np.testing.assert_allclose(rate(rivals_capex_rate=0.26, wear=0.06), 0.06 + 0.75 * 0.2)

    def test_restraint_and_less_is_matched_in_full(self):
        for rivals in (0.06, 0.02, 0.0):
            np.testing.assert_array_equal(rate(rivals_capex_rate=rivals, wear=0.06), rivals)

    def test_without_generosity_it_matches(self):
        strategy = make("hyperscaler", "generous_match", {"generosity": 0.0})
        made, seen = made_by(strategy)
        np.testing.assert_array_equal(made["capex_rate"], seen["rivals_capex_rate"])

    def test_among_its_like_a_race_dies_away_where_matchers_go_on(self):
        excess = {}
        for id in ("generous_match", "match"):
            table = Market(lineup=id, rng=1, horizon=12).run().series("hyperscaler")
            rates = table.query("firm == 'alphabet'")["capex_rate"].to_numpy()
            wear = 0.25 / Market().scenario["economic_life"]
            excess[id] = rates - wear
        assert excess["generous_match"][12] < 0.1 * excess["generous_match"][1]
        assert excess["match"][12] > 0.5 * excess["match"][1]
