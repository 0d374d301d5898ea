"""A market pickles and copies whole, also midway, and the copy goes on as the market would."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from agentsim import Efficiency, Market
from agentsim.copies import read_only
from agentsim.strategy.registry import make

WAYS = {
    "pickle": lambda market: pickle.loads(pickle.dumps(market)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


def build(runs=3, **given):
    """A market in which parameters, shocks, strategies and lags differ from run to run."""
    if runs == 1:
        return Market("2025Q4", "escalate", rng=5, horizon=7)
    steps = np.array([[0.01, 0.2, 0.05]])
    return Market(
        "2025Q4",
        {"hyperscaler": "match", "meta": make("hyperscaler", "escalate", {"step": steps})},
        runs=[8, 3, 11],
        rng=5,
        horizon=7,
        shocks=[Efficiency(quarter=4, factor=[1.0, 3.0, 10.0], diffusion=0.5)],
        delivery_quarters=[0, 1, 2],
        demand_elasticity=[0.8, 1.1, 2.0],
        **given,
    )


def advanced(market, quarters):
    for _ in range(quarters):
        market.step()
    return market


def assert_same(one, other):
    for ask in (
        lambda market: market.outcomes(),
        lambda market: market.series(),
        lambda market: market.series("hyperscaler"),
        lambda market: market.series("lender"),
        lambda market: market.ledger.flows(),
        lambda market: market.datacollector.get_model_vars_dataframe().map(np.ravel).map(tuple),
    ):
        pd.testing.assert_frame_equal(ask(one), ask(other), check_exact=True)
    np.testing.assert_array_equal(one.ledger.residual(), other.ledger.residual())


@pytest.fixture(scope="module")
def straight():
    return {runs: build(runs).run() for runs in (1, 3)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("runs", "quarters"), [(1, 3), (3, 0), (3, 3), (3, 5), (3, 7)])
def test_a_copy_goes_on_with_the_same_bits(straight, way, runs, quarters):
    market = advanced(build(runs), quarters)
    twin = WAYS[way](market)
    assert twin.steps == twin.quarter == quarters
    twin.run()
    assert market.quarter == quarters
    assert_same(twin, straight[runs])
    assert_same(market.run(), straight[runs])


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_shares_nothing_that_changes(way):
    market = advanced(build(), 3)
    twin = WAYS[way](market)
    for one, other in (
        (market, twin),
        (market.simulation, twin.simulation),
        (market.simulation.world, twin.simulation.world),
        (market.simulation.fail.status, twin.simulation.fail.status),
        (market.datacollector, twin.datacollector),
        (market.rng, twin.rng),
        (market.firm("oracle"), twin.firm("oracle")),
    ):
        assert one is not other
    assert twin.firm("oracle").model is twin
    assert twin.sectors["hyperscaler"] is twin.simulation.world.hyperscalers
    before = market.firm("oracle").cash.copy()
    twin.run()
    np.testing.assert_array_equal(market.firm("oracle").cash, before)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_read_only_stays_so(way):
    market = advanced(build(), 2)
    twin = WAYS[way](market)
    assert len(read_only(twin)) == len(read_only(market)) > 100
    assert not twin.simulation.world.none.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        twin.simulation.world.p.hyperscaler.cash[0, 0] = 1.0


def test_what_users_add_goes_with_the_copy():
    market = build(1)
    market.firm("oracle").rating = "BBB"
    market.note = ["mine"]
    twin = copy.copy(market)
    market.note.append("alone")
    assert twin.firm("oracle").rating == "BBB"
    assert twin.note == ["mine"]


@pytest.mark.parametrize("way", WAYS)
def test_a_simulation_copies_without_a_market(way):
    simulation = build(1).simulation
    simulation.step()
    twin = WAYS[way](simulation)
    twin.run()
    assert simulation.world.quarter == 1
    simulation.run()
    for name, array in simulation.outcomes().items():
        np.testing.assert_array_equal(twin.outcomes()[name], array, err_msg=name)
