"""Cartel (hyperscaler): the battery, and what it is meant to do."""

import numpy as np
from asked import choices, resting

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestCartel(StrategyBattery):
    role = "hyperscaler"
    id = "cartel"

    def test_only_the_cartel_withholds(self):
        market = resting(cartel_quantity=0.7)
        np.testing.assert_allclose(
            choices(make("hyperscaler", "cartel"), [market])[0]["withheld"], 0.3
        )
        np.testing.assert_array_equal(
            choices(make("hyperscaler", "cartel"), [resting()])[0]["withheld"], 0.0
        )
        assert "withheld" not in choices(make("hyperscaler", "best_response"), [market])[0]
