"""Best response (chip vendor): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestBestResponse(StrategyBattery):
    role = "chip_vendor"
    id = "best_response"

    def test_best_response_marks_up_by_the_elasticity(self):
        made, seen = made_by(
            make("chip_vendor", "best_response"),
            designer=0.0,
            own_cost_share=0.0,
            price_ceiling=1e3,
        )
        # at the share that the new price brings, rivals' prices standing still
        odds = seen["share"] / (1.0 - seen["share"])
        odds = odds * (made["price"] / seen["price"]) ** -seen["vendor_elasticity"]
        e = 1.0 + seen["vendor_elasticity"] / (1.0 + odds)
        np.testing.assert_allclose(made["price"], seen["unit_cost"] * e / (e - 1.0))

    def test_best_response_earns_the_most(self):
        eta, share, cost, own, price = 4.0, 0.3, 5.0, 0.2, 12.0
        weight = share / (1 - share)  # of this vendor at `price`, the others together being 1

        def profit(p):
            pull = weight * (p / price) ** -eta
            return pull / (1 + pull) / p * (p * (1 - own) - cost)

        grid = np.linspace(5.0, 30.0, 250_001)
        best = grid[np.argmax(profit(grid))]
        made, _ = made_by(
            make("chip_vendor", "best_response"),
            vendor_elasticity=eta,
            share=share,
            price=price,
            unit_cost=cost,
            own_cost_share=own,
            designer=0.0,
            price_ceiling=1e3,
        )
        np.testing.assert_allclose(made["price"], best, rtol=1e-4)

    def test_best_response_of_a_sole_vendor_is_the_ceiling(self):
        made, seen = made_by(make("chip_vendor", "best_response"), share=1.0, designer=0.0)
        np.testing.assert_array_equal(made["price"], seen["price_ceiling"])

    def test_best_response_of_a_designer_holds_its_margin(self):
        made, seen = made_by(make("chip_vendor", "best_response"), designer=1.0, price_ceiling=1e3)
        np.testing.assert_allclose(1.0 - seen["unit_cost"] / made["price"], seen["base_margin"])
