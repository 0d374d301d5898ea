"""Simulating a chunk: from cells and run numbers to outcomes, series and statuses.

A run does not depend on its chunk. What a strategy or a market raises becomes the status of the
runs that it concerns, alone; the others are simulated without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from agentsim.batch.cells import Column, Numbers
from agentsim.batch.plan import TOGETHER, Plan
from agentsim.errors import AgentsimError
from agentsim.failures import OK, CulpritsError
from agentsim.laws.numerics import Array
from agentsim.lineup import Lineup, resolve
from agentsim.scenario import Scenario
from agentsim.shocks import Shock
from agentsim.shocks import make as make_shock
from agentsim.simulation import Simulation, Snapshot
from agentsim.strategy.params import declared, with_values

TOGETHER_RECORDED = 500
"""Most runs stepped side by side where every firm's states are kept: they are large."""


@dataclass
class Simulated:
    """What became of some runs."""

    cells: Numbers
    """`(runs,)`, as all below but where another shape is given."""
    numbers: Numbers
    status: Column
    """"ok", or when and why the run failed; text."""
    outcomes: dict[str, Array]
    """By name; NaN in failed runs."""
    recorded: Numbers
    """Places of the runs whose quarters are kept, `(recorded,)`."""
    market: dict[str, Array]
    """The market's series, `(recorded, quarters + 1)`."""
    firms: dict[str, dict[str, Array]]
    """Firms' states by role, `(recorded, quarters + 1, firms)`."""


def simulate(plan: Plan, cells: Numbers, numbers: Numbers) -> Simulated:
    """Simulate runs of cells, known by cell and number in the cell, `(runs,)` each."""
    places = list(_stretches(plan, cells, numbers))
    made = _joined(plan, [_attempt(plan, cells[rows], numbers[rows]) for rows in places])
    order = np.concatenate(places)
    if np.all(order[1:] > order[:-1]):
        return made
    return _in_order(made, np.argsort(order, kind="stable"))


def _stretches(plan: Plan, cells: Numbers, numbers: Numbers) -> Iterator[Column]:
    """Yield places of runs that may be stepped together, in stretches of nearly equal size.

    Runs whose quarters are kept are put together too, wherever they lie: a stretch takes its time
    however short it is.
    """
    group, record = plan.cells.group[cells], _record(plan, numbers)
    for each in np.unique(group):
        for kept in (True, False):
            rows = np.flatnonzero((group == each) & (record == kept))
            most = TOGETHER_RECORDED if kept and plan.kept.firms else TOGETHER
            if len(rows):
                yield from np.array_split(rows, -(-len(rows) // most))


def _record(plan: Plan, numbers: Numbers) -> Column:
    """Say of which runs the quarters are kept."""
    return (numbers < plan.series_runs) & plan.kept.series


def _attempt(plan: Plan, cells: Numbers, numbers: Numbers) -> Simulated:
    """Simulate runs together; if that raises, find the runs at fault and go on without them."""
    try:
        return _together(plan, cells, numbers)
    except CulpritsError as error:
        whys = error.statuses
        bad = np.zeros(len(cells), dtype=bool)
        bad[list(whys)] = True
        parts = [failed(plan, cells[bad], numbers[bad], [whys[at] for at in sorted(whys)])]
        if not bad.all():
            parts.append(_attempt(plan, cells[~bad], numbers[~bad]))
        return _in_order(_joined(plan, parts), np.argsort(_order(bad), kind="stable"))
    except Exception as error:
        if len(cells) == 1:
            return failed(plan, cells, numbers, [_told(error)])
        half = len(cells) // 2
        return _joined(
            plan,
            [
                _attempt(plan, cells[:half], numbers[:half]),
                _attempt(plan, cells[half:], numbers[half:]),
            ],
        )


def _order(bad: Column) -> Column:
    """Return where runs were before the bad ones were put first."""
    return np.concatenate([np.flatnonzero(bad), np.flatnonzero(~bad)])


def _told(error: Exception) -> str:
    what = " ".join(str(error).split())
    if not isinstance(error, AgentsimError):
        what = f"{type(error).__name__}: {what}"
    return f"failed: {what}"


def failed(plan: Plan, cells: Numbers, numbers: Numbers, whys: list[str]) -> Simulated:
    """Return runs that failed before anything came of them."""
    recorded = np.flatnonzero(_record(plan, numbers)).astype(np.int64)
    quarters = plan.horizon + 1
    return Simulated(
        cells,
        numbers,
        np.array(whys, dtype=object),
        {name: np.full(len(cells), np.nan) for name in plan.kept.outcomes},
        recorded,
        {name: np.full((len(recorded), quarters), np.nan) for name in plan.kept.market},
        {
            role: {
                name: np.full((len(recorded), quarters, len(plan.base.firms[role])), np.nan)
                for name in states
            }
            for role, states in plan.kept.firms.items()
        },
    )


def _together(plan: Plan, cells: Numbers, numbers: Numbers) -> Simulated:
    """Simulate runs of one group side by side."""
    simulation = simulation_of(plan, cells, numbers, _level(plan, numbers))
    simulation.run()
    outcomes = simulation.outcomes()
    # A failed run has no outcome: nothing that it left half done may enter a mean.
    fine = simulation.status == OK
    recorded = np.flatnonzero(_record(plan, numbers)).astype(np.int64)
    return Simulated(
        cells,
        numbers,
        simulation.status,
        {name: np.where(fine, outcomes[name], np.nan) for name in plan.kept.outcomes},
        recorded,
        _market_series(plan, simulation.history, fine) if len(recorded) else _nothing(plan),
        _firm_series(plan, simulation.history, fine) if len(recorded) else _no_firms(plan),
    )


def simulation_of(plan: Plan, cells: Numbers, numbers: Numbers, record: Any) -> Simulation:
    """Return the simulation of runs of one group, before its first quarter."""
    scenario, lineup, shocks = inputs(plan, cells, numbers)
    return Simulation(
        scenario,
        lineup,
        plan.luck(cells, numbers),
        plan.entropy,
        shocks,
        plan.horizon,
        record,
        "mark_runs",  # what concerns all may be the fault of few: see _attempt
    )


def inputs(plan: Plan, cells: Numbers, numbers: Numbers) -> tuple[Scenario, Lineup, list[Shock]]:
    """Return scenario, lineup and shocks of runs of one group, a number a run in what may differ."""
    group = plan.cells.groups[int(plan.cells.group[cells[0]])]
    values = plan.values(cells, numbers)
    scenario = plan.base.replace(values) if values else plan.base
    lineup = _tuned(plan, resolve(group.lineup, scenario.firms), cells)
    return scenario, lineup, _shocks(plan, group.shocks, cells)


def _level(plan: Plan, numbers: Numbers) -> str:
    if not _record(plan, numbers).any():
        return "outcomes"
    return "firms" if plan.kept.firms else "series"


def _tuned(plan: Plan, lineup: Lineup, cells: Numbers) -> Lineup:
    """Return the lineup with the strategies' parameters that cells set, a number a run."""
    for role, chosen in lineup.items():
        for firm, strategy in chosen.items():
            values = {
                parameter: _filled(given[cells], getattr(strategy, parameter))
                for (who, parameter), given in plan.cells.tuning.items()
                if who == firm and parameter in declared(type(strategy))
            }
            if values:
                # Firms are grouped by their strategy; one with an array a run is one of its own.
                lineup[role][firm] = with_values(strategy, values)
    return lineup


def _filled(given: Array, otherwise: Any) -> Array:
    return np.where(np.isnan(given), otherwise, given)


def _shocks(plan: Plan, fixed: Any, cells: Numbers) -> list[Shock]:
    """Return the shocks, their numbers given run by run so that all runs take the same path."""
    found = []
    for place, each in enumerate(fixed):
        values = dict(each)
        for (at, name), given in plan.cells.shocks.items():
            if at == place:
                values[name] = given[cells]
        found.append(make_shock(values.pop("kind"), values))
    return found


def _market_series(plan: Plan, history: list[Snapshot], fine: Column) -> dict[str, Array]:
    """Return the market's series, `(runs, quarters + 1)`."""
    found = {}
    for name in plan.kept.market:
        series = np.stack([each.market[name] for each in history], axis=1)
        if name == "service_price":
            series = series / series[:, :1]
        found[name] = np.where(fine[:, None], series, np.nan)
    return found


def _firm_series(plan: Plan, history: list[Snapshot], fine: Column) -> dict[str, dict[str, Array]]:
    """Return states by role, `(runs, quarters + 1, firms)`."""
    return {
        role: {
            name: np.where(
                fine[:, None, None],
                np.stack([each.firms[role][name].T for each in history], axis=1),
                np.nan,
            )
            for name in states
        }
        for role, states in plan.kept.firms.items()
    }


def _nothing(plan: Plan) -> dict[str, Array]:
    return {name: np.empty((0, plan.horizon + 1)) for name in plan.kept.market}


def _no_firms(plan: Plan) -> dict[str, dict[str, Array]]:
    return {
        role: {name: np.empty((0, plan.horizon + 1, len(plan.base.firms[role]))) for name in states}
        for role, states in plan.kept.firms.items()
    }


def _joined(plan: Plan, parts: list[Simulated]) -> Simulated:
    """Return runs one after the other."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part.cells) for part in parts[:-1])])
    return Simulated(
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.status for part in parts]),
        {
            name: np.concatenate([part.outcomes[name] for part in parts])
            for name in plan.kept.outcomes
        },
        np.concatenate([part.recorded + start for part, start in zip(parts, starts, strict=True)]),
        {name: np.concatenate([part.market[name] for part in parts]) for name in plan.kept.market},
        {
            role: {
                name: np.concatenate([part.firms[role][name] for part in parts]) for name in states
            }
            for role, states in plan.kept.firms.items()
        },
    )


def _in_order(x: Simulated, order: Column) -> Simulated:
    """Return runs in another order: the run at place i is the one that was at order[i]."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    moved = place[x.recorded]
    again = np.argsort(moved, kind="stable")
    return Simulated(
        x.cells[order],
        x.numbers[order],
        x.status[order],
        {name: each[order] for name, each in x.outcomes.items()},
        moved[again],
        {name: each[again] for name, each in x.market.items()},
        {
            role: {name: each[again] for name, each in states.items()}
            for role, states in x.firms.items()
        },
    )
