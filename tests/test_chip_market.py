"""The markets for chips and memory as a whole: bounded prices, and cycles that nobody plans."""

from dataclasses import dataclass

import numpy as np
import pytest

from agentsim import Market
from agentsim.strategy import ChipVendorChoice, ChipVendorStrategy, ChipVendorView


@dataclass(frozen=True)
class Greedy(ChipVendorStrategy):
    """Ask the highest price that can be chosen."""

    def choose(self, sees: ChipVendorView) -> ChipVendorChoice:
        return ChipVendorChoice(price=1e4)


def test_no_merchant_gets_more_than_its_buyers_outside_option() -> None:
    market = Market(lineup={"nvidia": Greedy()}, runs=3, rng=1, horizon=8).run()
    prices = market.series("chip_vendor").pivot(
        index=["run", "quarter"], columns="firm", values="price"
    )
    custom = market.series().set_index(["run", "quarter"])["custom_price"]
    before = custom.groupby("run").shift(1)
    best_fit = max(market.scenario[f"{firm}.custom_fit"] for firm in ("alphabet", "amazon"))
    ceiling = market.scenario.outside_option / best_fit * before
    asked = prices["nvidia"].drop(0, level="quarter")
    np.testing.assert_allclose(asked, ceiling.drop(0, level="quarter"), rtol=1e-12)


def test_without_designers_the_price_is_the_vendors_to_choose() -> None:
    market = Market("theory", lineup={"chip_vendor": Greedy()}, rng=1, horizon=2).run()
    assert (market.series("chip_vendor").query("quarter > 0")["price"] == 1e4).all()


def test_a_ceiling_below_unit_cost_leaves_a_vendor_its_cost() -> None:
    dear = {"nvidia.making_cost": 500.0}
    market = Market(lineup={"nvidia": Greedy()}, rng=1, horizon=4, **dear).run()
    mine = market.series("chip_vendor").query("firm == 'nvidia' and quarter > 0")
    np.testing.assert_allclose(mine["price"], mine["unit_cost"], rtol=0.1)
    assert (mine["price"] > 100.0).all()


@pytest.mark.parametrize("maker", ["expand_on_margin", "disciplined"])
def test_memory_goes_through_hog_cycles(maker: str) -> None:
    """Capacity that is ordered while the margin is high comes when it is not, and the reverse."""
    lineup = {"hyperscaler": "best_response", "memory_maker": maker}
    market = Market(lineup=lineup, rng=1, record="series", demand_noise=0.0, quality_noise=0.0)
    margin = market.run().series()["memory_margin"].to_numpy()
    smooth = np.convolve(margin, np.ones(3) / 3.0, mode="valid")
    turns = np.flatnonzero(np.diff(np.sign(np.diff(smooth))))
    assert len(turns) >= 2
    assert margin.max() - margin.min() > 0.25
