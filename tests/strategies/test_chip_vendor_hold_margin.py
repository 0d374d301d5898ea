"""Hold margin (chip vendor): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestHoldMargin(StrategyBattery):
    role = "chip_vendor"
    id = "hold_margin"

    def test_hold_margin_keeps_the_margin_below_the_ceiling(self):
        made, seen = made_by(make("chip_vendor", "hold_margin"), price_ceiling=1e3)
        np.testing.assert_allclose(1.0 - seen["unit_cost"] / made["price"], seen["base_margin"])
        changed, seen = made_by(
            make("chip_vendor", "hold_margin", {"margin_change": -0.2}), price_ceiling=1e3
        )
        np.testing.assert_allclose(
            1.0 - seen["unit_cost"] / changed["price"], seen["base_margin"] - 0.2
        )
