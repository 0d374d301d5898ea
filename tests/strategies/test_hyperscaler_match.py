"""Match (hyperscaler): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestMatch(StrategyBattery):
    role = "hyperscaler"
    id = "match"

    def test_match_spends_the_rivals_rate(self):
        made, seen = made_by(make("hyperscaler", "match"))
        np.testing.assert_array_equal(made["capex_rate"], seen["rivals_capex_rate"])
