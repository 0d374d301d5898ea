"""Escalate (hyperscaler): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestEscalate(StrategyBattery):
    role = "hyperscaler"
    id = "escalate"

    def test_escalate_spends_a_step_more_than_the_rivals(self):
        made, seen = made_by(make("hyperscaler", "escalate", {"step": 0.05}))
        np.testing.assert_array_equal(made["capex_rate"], seen["rivals_capex_rate"] + 0.05)
        np.testing.assert_array_equal(made["debt_share"], 0.0)
