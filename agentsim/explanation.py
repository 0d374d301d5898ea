"""Why a firm did what it did: a run simulated again, alone, with everything written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from agentsim.asking import LOOKS
from agentsim.clipped import CLIPPED, Quarter, debt_asked
from agentsim.errors import check_known
from agentsim.failures import OK
from agentsim.lineup import Lineup
from agentsim.scenario import Scenario
from agentsim.sectors.world import World
from agentsim.simulation import Simulation
from agentsim.steps.choices import Choices
from agentsim.strategy.base import BASES


@dataclass(frozen=True)
class Explanation:
    """What a firm saw, chose, had clipped and got in one quarter of one run."""

    firm: str
    quarter: int
    run: int
    strategy: str
    saw: Mapping[str, float]
    chose: Mapping[str, float]
    clipped: Mapping[str, str]
    got: Mapping[str, float]
    remembers: Mapping[str, float]
    """What its strategy remembers for the next quarter."""

    def __str__(self) -> str:
        lines = [f"{self.firm}, quarter {self.quarter}, run {self.run}, follows {self.strategy}"]
        parts = ("saw", self.saw), ("chose", self.chose), ("remembers", self.remembers)
        for title, values in (*parts, ("got", self.got)):
            lines.append(f"  {title}")
            lines += [f"    {name:32s}{value:16.6g}" for name, value in values.items()]
        lines.append("  clipped")
        lines += [f"    {name}: {why}" for name, why in self.clipped.items()] or ["    nothing"]
        return "\n".join(lines)

    __repr__ = __str__


def explain(
    simulation: Simulation,
    scenario: Scenario,
    lineup: Lineup,
    firm: str,
    quarter: int,
    run: int,
) -> Explanation:
    """Return the explanation of a firm's quarter, one that was simulated, in one of the runs.

    Raises AgentsimError, in one line, if there is no such firm.
    """
    check_known("firm", firm, [name for names in scenario.firms.values() for name in names])
    role = next(role for role, names in scenario.firms.items() if firm in names)
    row = scenario.firms[role].index(firm)
    alone = _alone(simulation, scenario, lineup, run)
    for _ in range(quarter - 1):
        alone.step()
    saw: dict[str, float] = {}
    asked: list[float] = []

    def watch(w: World, chosen: Choices) -> None:
        look = LOOKS[role](w)
        for name, seen in BASES[role].view.fields.items():
            saw[name] = float(look(name)[row if seen.scope == "own" else 0, 0])
        asked.extend(debt_asked(w, chosen)[:, 0].tolist() if role == "hyperscaler" else ())

    alone.step(watch)
    assert alone.chosen is not None  # it was asked in the step
    chose = {name: float(each[row, 0]) for name, each in getattr(alone.chosen, role).items()}
    sector = getattr(alone.world, f"{role}s")
    got = {name: float(getattr(sector, name)[row, 0]) for name in type(sector).states}
    remembers = {
        name: float(x[place, 0])
        for group in alone.asking.groups[role]
        for place in np.flatnonzero(group.numbers == row).tolist()
        for name, x in group.memory.items()
    }
    quarter_of = Quarter(alone.world, row, saw, chose, got, asked[row] if asked else 0.0)
    clipped = CLIPPED[role](quarter_of)
    if alone.status[0] != OK:
        clipped["run"] = str(alone.status[0])
    strategy = str(lineup[role][firm])
    return Explanation(firm, quarter, run, strategy, saw, chose, clipped, got, remembers)


def _alone(simulation: Simulation, scenario: Scenario, lineup: Lineup, run: int) -> Simulation:
    """Return a simulation of one run of many."""
    column = int(np.flatnonzero(simulation.runs == run)[0])
    values = {
        name: float(value[column])
        for name, value in scenario.values.items()
        if isinstance(value, np.ndarray) and value.ndim
    }
    own = scenario.replace(values) if values else scenario
    shocks = [_pick(shock, column) for shock in simulation.shocks]
    alike = {id(s): _pick(s, column) for chosen in lineup.values() for s in chosen.values()}
    own_lineup = {
        role: {firm: alike[id(strategy)] for firm, strategy in chosen.items()}
        for role, chosen in lineup.items()
    }
    numbers = np.array([run], dtype=np.int64)
    entropy = simulation.randomness.entropy
    return Simulation(
        own, own_lineup, numbers, entropy, shocks, simulation.horizon, "outcomes", "mark"
    )


def _pick(thing: Any, column: int) -> Any:
    """Return a shock or strategy with the numbers of one run."""
    changes = {}
    for item in fields(thing):
        value = getattr(thing, item.name)
        if isinstance(value, np.ndarray) and value.ndim and value.shape[-1] > 1:
            changes[item.name] = value[..., [column]]
    return replace(thing, **changes) if changes else thing
