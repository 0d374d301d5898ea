"""Why a firm did what it did: a run simulated again, alone, with everything written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from agentsim.asking import LOOKS
from agentsim.errors import AgentsimError, unknown
from agentsim.lineup import Lineup
from agentsim.scenario import Scenario
from agentsim.sectors.world import World
from agentsim.simulation import Simulation
from agentsim.steps.choices import Choices
from agentsim.strategy.base import BASES

FULL = 1.0 - 1e-9
"""A share this near to one is one, but for rounding."""


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

    def __str__(self) -> str:
        lines = [f"{self.firm}, quarter {self.quarter}, run {self.run}, follows {self.strategy}"]
        for title, values in (("saw", self.saw), ("chose", self.chose), ("got", self.got)):
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
    run: int | None,
) -> Explanation:
    """Return the explanation of a firm's quarter; `run` is needed where there are several."""
    role = next((r for r, names in scenario.firms.items() if firm in names), None)
    if role is None:
        raise unknown("firm", firm, [name for names in scenario.firms.values() for name in names])
    reached = simulation.world.quarter
    if (
        isinstance(quarter, bool)
        or not isinstance(quarter, int | np.integer)
        or not 1 <= quarter <= reached
    ):
        raise AgentsimError(
            f"quarter = {quarter!r} was not simulated; give one from 1 to {reached}"
        )
    if run is None:
        if len(simulation.runs) > 1:
            raise AgentsimError(
                f"run is missing among {len(simulation.runs)} runs; say which with run="
            )
        run = int(simulation.runs[0])
    column = np.flatnonzero(simulation.runs == run)
    if len(column) == 0:
        raise AgentsimError(
            f"run = {run} is not in this market; it has {len(simulation.runs)} others"
        )
    alone = _alone(simulation, scenario, lineup, run, int(column[0]))
    for _ in range(quarter - 1):
        alone.step()
    saw: dict[str, float] = {}
    row = scenario.firms[role].index(firm)

    def watch(w: World) -> Choices:
        look = LOOKS[role](w)
        for name, seen in BASES[role].view.fields.items():
            saw[name] = float(look(name)[row if seen.scope == "own" else 0, 0])
        return alone.asking(w)

    chosen: list[Choices] = []

    def choose(w: World) -> Choices:
        chosen.append(watch(w))
        return chosen[-1]

    alone._choose = choose  # type: ignore[method-assign]
    alone.step()
    sector = {
        "hyperscaler": alone.world.hyperscalers,
        "chip_vendor": alone.world.chip_vendors,
        "memory_maker": alone.world.memory_makers,
        "lender": alone.world.lenders,
    }[role]
    chose = {n: float(v[row, 0]) for n, v in getattr(chosen[0], role).items()}
    got = {name: float(getattr(sector, name)[row, 0]) for name in type(sector).states}
    clipped = _clipped(role, alone, row, chose, got)
    strategy = str(lineup[role][firm])
    return Explanation(firm, int(quarter), run, strategy, saw, chose, clipped, got)


def _alone(
    simulation: Simulation, scenario: Scenario, lineup: Lineup, run: int, column: int
) -> Simulation:
    """Return a simulation of one run of many."""
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


def _clipped(
    role: str, alone: Simulation, row: int, chose: Mapping[str, float], got: Mapping[str, float]
) -> dict[str, str]:
    """Say what of the firm's wish did not come true, and why."""
    found: dict[str, str] = {}
    w = alone.world
    if role == "hyperscaler":
        if got["funded"] < FULL:
            found["capex_rate"] = (
                f"cash and credit paid for {got['funded']:.0%} of the planned order"
            )
        if got["fill"] < FULL:
            found["order"] = f"foundry and memory could fill {got['fill']:.0%} of the funded order"
        program = float(w.full(w.p.hyperscaler.custom_program, w.hyperscalers.size)[row, 0])
        if chose["custom_share"] > 0.0 and program == 0.0:
            found["custom_share"] = "the firm has no custom programme"
        if got["restructuring"] > 0.0:
            found["restructuring"] = f"no credit and orders for {got['restructuring']:.0f} quarters"
    if role == "memory_maker":
        limit = float(np.broadcast_to(w.p.market.memory_growth_limit, (w.runs,))[0])
        if chose["expansion"] > limit:
            found["expansion"] = f"capacity cannot grow faster than {limit:.0%} a quarter"
    if role == "chip_vendor" and got["fill"] < FULL:
        found["sales"] = f"foundry and memory could fill {got['fill']:.0%} of orders"
    return found
