"""Expand on margin (memory maker): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestExpandOnMargin(StrategyBattery):
    role = "memory_maker"
    id = "expand_on_margin"

    def test_expand_on_margin_is_proportional_up_to_the_limit(self):
        for margin, expansion in [(0.2, 0.0), (0.4, 0.05), (0.9, 0.1)]:
            made, _ = made_by(
                make("memory_maker", "expand_on_margin"), memory_margin=margin, growth_limit=0.1
            )
            np.testing.assert_allclose(made["expansion"], expansion)
        assert "withheld" not in made
