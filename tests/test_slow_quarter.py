"""The arrays against a second, slow implementation of docs/model.md, to 1e-9 over 40 quarters.

Differences are relative to the number, or, for what sums leave, to what went into the sums
(`slow_quarter.compare.size`).
"""

from operator import itemgetter

import numpy as np
import pytest
from slow_quarter import Market, compare
from slow_quarter.cases import MADE, SHELLS, Case, drawn, happened, made

from agentsim.lineup import resolve
from agentsim.scenario import Scenario
from agentsim.simulation import Simulation

CLOSE = 1e-9
HORIZON = 40
LOOKED_AT = 5  # quarters between comparisons of what best_response looks at


def simulation(case, runs=1):
    lineup = resolve(case.lineup, case.scenario.firms)
    return Simulation(case.scenario, lineup, np.arange(runs), 7, case.shocks, HORIZON)


def hold(pairs):
    gap, (when, who, name, ours, theirs) = max(pairs, key=itemgetter(0))
    assert gap <= CLOSE, f"{when} {who} {name}: {ours!r} here, {theirs!r} there"


def play(case, run=0, runs=1):
    """Play a market both ways, side by side; return what happened in it."""
    sim, slow = simulation(case, runs), Market(case.scenario, run, case.shocks)
    m, seen = slow.m, set()
    hold(compare.states(sim.world, m, run))
    for quarter in range(1, HORIZON + 1):
        sim.step()
        slow.step(compare.choices(sim, run), *compare.luck(sim, quarter, run))
        hold(compare.states(sim.world, m, run))
        if quarter % LOOKED_AT == 1:
            hold(compare.looks(sim.world, m, run))
        if quarter == 1 or quarter == HORIZON:
            hold(compare.ledger(sim.ledger.values, m, run))
            hold(compare.table(slow.outcomes(), sim.outcomes(), run))
        seen |= happened(m)
    assert compare.unset(sim.world, m) == []
    assert m.worst < CLOSE
    assert sim.ledger.worst[run] < CLOSE
    return seen


@pytest.mark.parametrize("seed", range(8))
def test_random_lineups_in_random_markets_of_2025(seed):
    play(drawn("2025Q4", seed))


@pytest.mark.parametrize("seed", range(6))
def test_random_lineups_in_random_markets_of_theory(seed):
    play(drawn("theory", seed))


@pytest.mark.parametrize("name", MADE)
def test_markets_in_which_something_happens(name):
    case = MADE[name]
    assert play(case) >= case.must


LAGS = {
    "delivery_quarters": [0.0, 2.0, 4.0],
    "shell_quarters": [0.0, 6.0, 1.0],
    "foundry_quarters": [0.0, 5.0, 2.0],
    "memory_quarters": [1.0, 7.0, 0.0],
}


def lagging(values):
    return Case(Scenario.load("2025Q4").replace(values), {"hyperscaler": "best_response"})


@pytest.mark.parametrize("run", range(3))
def test_lags_may_differ_from_run_to_run(run):
    play(lagging(LAGS), run, runs=3)


def test_runoff_does_not_depend_on_the_lags_of_other_runs():
    beside = simulation(lagging(LAGS), runs=3)
    alone = simulation(lagging({name: lags[0] for name, lags in LAGS.items()}))
    beside.run()
    alone.run()
    for name, value in alone.outcomes().items():
        assert beside.outcomes()[name][0] == pytest.approx(value[0], rel=CLOSE), name


def test_runoff_with_shells_that_bind():
    play(made("shells bind", power_limit=0.3, **SHELLS))


def distressed():
    """Many draws, in which firms go broke."""
    base = Scenario.load("2025Q4")
    return Case(base.with_draws(base.draw(60, 5)), {"hyperscaler": "escalate"})


def test_nobody_trains_on_what_rounding_leaves():
    sim = simulation(distressed(), runs=60)
    dust = 0
    for _ in range(HORIZON):
        sim.step()
        h = sim.world.hyperscalers
        dust += np.sum((h.training > 0.0) & (h.training < 1e-12))
    assert dust == 0


def test_nobody_defaults_on_a_debt_that_rounding_leaves():
    sim = simulation(distressed(), runs=60)
    phantoms = 0
    for _ in range(HORIZON):
        before = sim.world.hyperscalers.debt.copy()
        sim.step()
        phantoms += np.sum((sim.world.hyperscalers.defaulted > 0.0) & (before < 1e-9))
    assert phantoms == 0
