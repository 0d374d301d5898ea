"""The proving ground: a strategy in real markets, which has the last word on conformance.

In made-up worlds any numbers meet; in a market it also meets what its own choices lead to. All firms
of its role follow it for some years, beside the calibrated lineup: at the base date, with a jump in
efficiency, and in a crisis without credit and without power.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agentsim.asking import LOOKS
from agentsim.authoring.findings import Finding, found
from agentsim.authoring.subject import HORIZON, Subject
from agentsim.clipped import CLIPPED, Quarter, debt_asked
from agentsim.failures import OK
from agentsim.lineup import resolve
from agentsim.scenario import Scenario
from agentsim.sectors.world import World
from agentsim.shocks import Efficiency
from agentsim.simulation import Simulation
from agentsim.steps.choices import Choices
from agentsim.strategy.base import BASES, Strategy

RUNS = 4
ALONE = 2
"""The run that is also simulated alone."""

CRISIS: Mapping[str, float] = {
    "coverage_multiple": 0.0,
    "power_limit": 0.0,
    "lender.deployed": 0.0,
    "lender.advance_rate": 0.0,
}
"""No credit, and no new power."""

MARKETS: dict[str, dict[str, Any]] = {
    "base date": {},
    "efficiency shock": {"shocks": (Efficiency(quarter=3, factor=10.0),)},
    "crisis": {"overrides": CRISIS},
}


def stands_real_markets(subject: Subject) -> Finding:
    """No run fails in real markets, and a run alone is as in the batch, bit for bit."""
    name, clipped = "stands_real_markets", Clipped()
    for market, how in MARKETS.items():
        batch = simulated(subject.strategy, range(RUNS), subject.horizon, **how)
        failed = np.flatnonzero(batch.status != OK)
        if failed.size:
            wrong = f"{market}, run {failed[0]} {batch.status[failed[0]]}"
            return found(name, wrong, "", "")
        alone = simulated(subject.strategy, [ALONE], subject.horizon, watch=clipped, **how)
        wrong = _unlike(batch, alone)
        if wrong:
            remedy = "a market must not know of its neighbours; see what the other checks say"
            return found(name, f"{market}, run {ALONE} alone and in the batch: {wrong}", remedy, "")
    text = f"{subject.horizon} quarters of {', '.join(MARKETS)}; {clipped}"
    return found(name, "", "", text)


@dataclass
class Clipped:
    """How often choices were infeasible and clipped by the laws, in markets of one run."""

    quarters: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, sim: Simulation, role: str, saw: list[dict[str, float]], asked: Any) -> None:
        """Count what of the firms' choices did not come true in the quarter that is over."""
        chosen = getattr(sim.chosen, role)
        sector = getattr(sim.world, f"{role}s")
        for row, seen in enumerate(saw):
            chose = {name: float(each[row, 0]) for name, each in chosen.items()}
            got = {name: float(getattr(sector, name)[row, 0]) for name in type(sector).states}
            debt = float(asked[row, 0]) if asked is not None else 0.0
            self.counts.update(list(CLIPPED[role](Quarter(sim.world, row, seen, chose, got, debt))))
            self.quarters += 1

    def __str__(self) -> str:
        parts = [f"{name} {n / self.quarters:.0%}" for name, n in sorted(self.counts.items())]
        return "clipped, in share of firms and quarters: " + (", ".join(parts) or "nothing")


def simulated(
    strategy: Strategy,
    runs: Any,
    horizon: int = HORIZON,
    *,
    shocks: Any = (),
    overrides: Mapping[str, float] | None = None,
    watch: Clipped | None = None,
) -> Simulation:
    """Return a market in which all firms of a role follow a strategy, run to the horizon.

    watch: counts what was clipped, in a market of a single run.
    """
    scenario = Scenario.load("2025Q4").replace(overrides or {})
    role = strategy.role
    lineup = resolve({role: strategy}, scenario.firms)
    numbers = np.asarray(list(runs), np.int64)
    sim = Simulation(scenario, lineup, numbers, 1, shocks, horizon, "outcomes", "mark")
    saw: list[dict[str, float]] = []
    debt: list[Any] = []

    def look(w: World, chosen: Choices) -> None:
        seen, fields = LOOKS[role](w), BASES[role].view.fields
        values = {name: seen(name) for name in fields}
        rows = range(len(scenario.firms[role]))
        saw[:] = [
            {name: float(x[min(row, len(x) - 1), 0]) for name, x in values.items()} for row in rows
        ]
        debt[:] = [debt_asked(w, chosen) if role == "hyperscaler" else None]

    while sim.world.quarter < horizon:
        sim.step(look if watch is not None else None)
        if watch is not None:
            watch.add(sim, role, saw, debt[0])
    return sim


def _unlike(batch: Simulation, alone: Simulation) -> str:
    """Return what differs between a run in the batch and alone, if anything."""
    if alone.status[0] != OK:
        return str(alone.status[0])
    many, one = batch.outcomes(), alone.outcomes()
    for name in many:
        x, y = many[name][ALONE], one[name][0]
        if x != y and not (np.isnan(x) and np.isnan(y)):
            return f"{name} is {x:.17g} and {y:.17g}"
    return ""
