"""Undercut: below the rivals, not below cost."""

import numpy as np
from asked import made_by

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make

OPEN = {"price_ceiling": 1e3, "own_cost_share": 0.2, "base_margin": 0.9}


class TestUndercut(StrategyBattery):
    role = "chip_vendor"
    id = "undercut"

    def test_stays_below_the_rivals_average_by_the_margin(self):
        strategy = make("chip_vendor", "undercut", {"margin": 0.1})
        made, _ = made_by(strategy, unit_cost=2.0, rivals_price=12.0, **OPEN)
        np.testing.assert_allclose(made["price"], 10.8)

    def test_does_not_sell_below_cost_own_costs_included(self):
        made, _ = made_by(make("chip_vendor", "undercut"), unit_cost=8.0, rivals_price=9.0, **OPEN)
        np.testing.assert_allclose(made["price"], 10.0)
        keen = make("chip_vendor", "undercut", {"least_margin": 0.2})
        made, _ = made_by(keen, unit_cost=8.0, rivals_price=9.0, **OPEN)
        np.testing.assert_allclose(made["price"], 12.5)

    def test_asks_its_habitual_margin_where_that_is_cheaper_or_nobody_sells_against_it(self):
        given = OPEN | {"base_margin": 0.5}
        for rivals_price in (100.0, 1e4):
            made, _ = made_by(
                make("chip_vendor", "undercut"), unit_cost=8.0, rivals_price=rivals_price, **given
            )
            np.testing.assert_allclose(made["price"], 16.0)

    def test_all_vendors_together_end_at_the_second_lowest_cost(self):
        """Bertrand: the leader, whose cost is lowest, sells just below the cost of the next."""
        still = {"hardware_progress_per_year": 0.0, "memory_contracts": 0.99}
        lineup = {"hyperscaler": "restrain", "chip_vendor": "undercut"}
        market = Market("2025Q4", lineup, rng=1, horizon=16, **still).run()
        table = market.series("chip_vendor").set_index("firm")
        known, last = table.query("quarter == 15"), table.query("quarter == 16")
        costs = {
            firm: known.unit_cost[firm] / (1.0 - market.scenario[f"{firm}.own_cost_share"])
            for firm in ("nvidia", "amd", "entrant")
        }
        leader, second, _ = sorted(costs, key=costs.__getitem__)
        assert leader == "nvidia"
        assert costs[leader] < last.price[leader] < costs[second]
        assert last.share[leader] > 0.99

    def test_sees_what_rivals_of_its_kind_are_paid_on_average(self):
        market = Market("2025Q4", "restrain", rng=1, horizon=2).run()
        saw = market.explain("amd", 2).saw["rivals_price"]
        before = market.series("chip_vendor").query("quarter == 1").set_index("firm")
        rivals = before.loc[["nvidia", "entrant"]]
        average = rivals.share.sum() / (rivals.share / rivals.price).sum()
        np.testing.assert_allclose(saw, average)
        np.testing.assert_array_equal(market.explain("broadcom", 2).saw["rivals_price"], 1e4)
