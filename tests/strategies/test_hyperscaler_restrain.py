"""Restrain (hyperscaler): the battery, and what it is meant to do."""

import numpy as np
from asked import made_by

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestRestrain(StrategyBattery):
    role = "hyperscaler"
    id = "restrain"

    def test_restrain_replaces_the_wear_of_each_kind_of_chip(self):
        made, seen = made_by(make("hyperscaler", "restrain"), fleet_value=1e3)
        np.testing.assert_array_equal(made["capex_rate"] - seen["wear"], 0.0)
        custom = made["custom_share"] * made["capex_rate"] * seen["fleet_value"]
        ordered = custom / (seen["custom_price"] + seen["system_cost"])
        np.testing.assert_allclose(ordered, seen["wear"] * seen["custom_fleet"])

    def test_restrain_keeps_the_fleet_of_the_base_date_where_prices_rest(self):
        """Up to what was on its way: nothing else grows or shrinks in 20 quarters."""
        still = {"hardware_progress_per_year": 0.0, "memory_progress_per_year": 0.0}
        idle = {f"hyperscaler.{kind}_on_order": 0.0 for kind in ("merchant", "custom")}
        makers = {"nvidia": "hold_margin", "memory_maker": "expand_on_margin"}
        market = Market(
            lineup={"hyperscaler": "restrain", **makers},
            rng=1,
            horizon=20,
            delivery_quarters=0,
            memory_contracts=0.99,
            **still,
            **idle,
        ).run()
        table = market.series("hyperscaler").query("firm != 'coreweave'")  # it cannot fund it
        for kind in ("merchant_fleet", "custom_fleet"):
            fleet = table.pivot(index="quarter", columns="firm", values=kind)
            np.testing.assert_allclose(fleet.to_numpy()[1:], fleet.to_numpy()[:-1], rtol=0.02)
