"""Scaled (hyperscaler): the battery, and what it is meant to do."""

import numpy as np
from asked import choices, resting

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import parse


class TestScaled(StrategyBattery):
    role = "hyperscaler"
    id = "scaled"

    def test_scaled_spends_a_multiple(self):
        best, half, double = (
            choices(parse("hyperscaler", text), [resting()])[0]["capex_rate"]
            for text in ("best_response", "scaled(multiple=0.5)", "scaled(multiple=2)")
        )
        np.testing.assert_array_equal(half, 0.5 * best)
        np.testing.assert_array_equal(double, np.minimum(2.0 * best, 2.0))
