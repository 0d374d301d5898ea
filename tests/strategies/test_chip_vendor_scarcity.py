"""Scarcity (chip vendor): the battery, and what it is meant to do."""

import numpy as np
from asked import choices, made_by
from fakes import FakeMarket

from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make


class TestScarcity(StrategyBattery):
    role = "chip_vendor"
    id = "scarcity"

    def test_scarcity_raises_the_price_when_tight_and_lowers_it_when_slack(self):
        strategy = make("chip_vendor", "scarcity")
        given = {"unit_cost": 5.0, "price": 20.0, "price_ceiling": 100.0}
        for foundry, memory, factor in [
            (1.0, 1.0, 1.0),
            (1.44, 0.5, 1.2),
            (0.5, 1.44, 1.2),
            (0.81, 0.5, 0.9),
            (100.0, 1.0, 2**0.5),
            (0.0, 0.0, 0.5**0.5),
        ]:
            made, _ = made_by(strategy, foundry_tightness=foundry, memory_tightness=memory, **given)
            np.testing.assert_allclose(made["price"], 20.0 * factor)

    def test_scarcity_keeps_a_least_margin(self):
        made, _ = made_by(
            make("chip_vendor", "scarcity"), unit_cost=9.0, price=10.0, price_ceiling=100.0
        )
        np.testing.assert_allclose(made["price"].min(), 15.0)

    def test_scarcity_passes_cost_on(self):
        view = BASES["chip_vendor"].view
        calm = {"foundry_tightness": 1.0, "memory_tightness": 1.0, "price_ceiling": 100.0}
        markets = [FakeMarket(view, unit_cost=cost, price=20.0, **calm) for cost in (5.0, 6.0)]
        made = choices(make("chip_vendor", "scarcity"), markets)
        np.testing.assert_allclose(made[1]["price"], 24.0)
