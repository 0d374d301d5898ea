"""Disciplined (memory maker): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestDisciplined(StrategyBattery):
    role = "memory_maker"
    id = "disciplined"

    def test_disciplined_expands_only_when_short_and_profitable(self):
        for margin, tightness, expansion in [
            (0.6, 1.2, 0.12),
            (0.6, 0.9, 0.0),
            (0.2, 1.2, 0.0),
        ]:
            made, _ = made_by(
                make("memory_maker", "disciplined"),
                memory_margin=margin,
                memory_tightness=tightness,
                growth_limit=0.2,
            )
            np.testing.assert_array_equal(made["expansion"], expansion)

    def test_disciplined_offers_what_was_ordered(self):
        for withheld, tightness, then in [
            (0.0, 1.1, 0.0),
            (0.0, 0.9, 0.1),
            (0.1, 1.0, 0.1),
            (0.1, 1.2, 0.0),
            (0.0, 0.3, 0.2),
        ]:
            made, _ = made_by(
                make("memory_maker", "disciplined"), withheld=withheld, memory_tightness=tightness
            )
            np.testing.assert_allclose(made["withheld"], then, atol=1e-12)
