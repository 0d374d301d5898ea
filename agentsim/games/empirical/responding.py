"""Responding: what a player earns by strategies that are in no game yet, simulated in this process.

All members of a family have one lineup, in which their numbers differ from run to run: a whole
generation of a search is simulated side by side. Run i of all of them, and of what the player does now,
meets the same luck and the same marked ranges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.best_response import Faced, Family
from agentsim.games.empirical.design import Cell, EmpiricalGame
from agentsim.games.empirical.objectives import payoff
from agentsim.games.empirical.varying import with_strategies
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.batch.plan import Plan

TOGETHER = 100_000
"""Runs that are simulated in one go: what is known of all of them is held in memory."""
FEWEST = 0.5
"""Share of runs that must come through, or a strategy counts as one that cannot be played."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """A player's place in an equilibrium of a simulated market, and a family that it may follow."""

    asked: EmpiricalGame
    """The game in one condition, each role a table of its own."""
    met: Faced
    family: Family
    runs: int
    entropy: int

    @cached_property
    def _extended(self) -> EmpiricalGame:
        """The game with a member of the family, whose numbers are set run by run."""
        role = self.asked.roles[self.met.role]
        middle = (np.array(self.family.low) + np.array(self.family.high)) / 2.0
        for nudge in range(len(role.strategies) + 1):  # until its text is not in the game yet
            text = self.family.text(self.family.snapped(middle * (1.0 - 0.01 * nudge)))
            if text not in role.strategies:
                break
        return with_strategies(self.asked, [(role.name, text)])

    def _cells(self, own: int) -> tuple[list[Cell], Array]:
        """Return cells in which the player follows a strategy of the role, and how likely each is."""
        asked = self._extended
        layout, old = asked.layout, self.asked.layout
        wider = np.zeros((len(self.met.counts), layout.columns), np.int64)
        for role in range(len(old.sizes)):
            start = layout.starts[role]
            wider[:, start : start + old.widths[role]] = self.met.counts[:, old.slice(role)]
        wider[:, layout.starts[self.met.role] + own] += 1
        cells, weights = [], []
        for counts, weight in zip(wider, self.met.weights, strict=True):
            place = layout.place(counts)
            for seating in asked.seated[place]:
                cells.append(Cell(place, seating, 0))
                weights.append(weight * seating.weight)
        return cells, np.array(weights)

    @cached_property
    def now(self) -> Array:
        """What the player earns in the equilibrium, `(runs,)`; NaN where a run failed."""
        total = np.zeros(self.runs)
        for own in np.flatnonzero(self.met.own):
            total = total + self.met.own[own] * self._earned(int(own), np.zeros((1, 0)))[0]
        return total

    def gains(self, x: Array) -> Array:
        """Return the mean gain of members `(tried, parameters)`, `(tried,)`; -inf where too many fail."""
        by_run = self.gains_by_run(x)
        sound = np.isfinite(by_run)
        enough = sound.mean(axis=1) >= FEWEST
        total = np.where(sound, by_run, 0.0).sum(axis=1)
        found: Array = np.where(enough, total / np.maximum(sound.sum(axis=1), 1), -np.inf)
        return found

    def gains_by_run(self, x: Array) -> Array:
        """Return what members `(tried, parameters)` gain over what the player does now, `(tried, runs)`."""
        gained: Array = self._earned(self._new, x) - self.now
        return gained

    @property
    def _new(self) -> int:
        return self.asked.layout.widths[self.met.role]

    @property
    def key(self) -> str:
        """A hash of all that the gains follow from."""
        return f"{self._plan(self._new).key} {self.met.weights.tolist()} {self.met.own.tolist()}"

    def _earned(self, own: int, x: Array) -> Array:
        """Return what the player earns by a strategy of the role, `(tried, runs)`.

        own: its place in the role; the last is the family's, with the parameters x.
        """
        cells, weights = self._cells(own)
        most = max(1, TOGETHER // (self.runs * len(cells)))
        parts = [
            self._mean(own, cells, weights, x[at : at + most]) for at in range(0, len(x), most)
        ]
        return np.concatenate(parts)

    def _mean(self, own: int, cells: list[Cell], weights: Array, x: Array) -> Array:
        """Return the same of a few parameters, all of which are simulated in one go."""
        from agentsim.batch.simulating import simulate

        players = [self._who(cell, own) for cell in cells]
        firms = [[f for p in each for f in self.asked.seats[p]] for each in players]
        plan = _tuned(self._plan(own), x, self.family, firms if own == self._new else [])
        rows, tried = len(cells), len(x)
        made = simulate(
            plan,
            np.repeat(np.arange(rows * tried, dtype=np.int64), self.runs),
            np.tile(np.arange(self.runs, dtype=np.int64), rows * tried),
        )
        outcomes = {k: v.reshape(rows, tried, self.runs) for k, v in made.outcomes.items()}
        objective = self.asked.objective(self.asked.roles[self.met.role].name)
        total = np.zeros((tried, self.runs))
        for row, who in enumerate(players):
            own_row = {name: each[row] for name, each in outcomes.items()}
            earned = [payoff(objective, self.asked.seats[each], own_row) for each in who]
            total += weights[row] * np.mean(earned, axis=0)
        return total

    def _who(self, cell: Cell, own: int) -> list[str]:
        """Return the players of the role who follow a strategy in a cell."""
        role = self.asked.roles[self.met.role]
        first = sum(len(each.players) for each in self.asked.roles[: self.met.role])
        chosen = cell.seating.chosen[first : first + len(role.players)]
        return [player for player, at in zip(role.players, chosen, strict=True) if at == own]

    def _plan(self, own: int) -> Plan:
        """Return the plan of the cells in which the player follows a strategy."""
        plans: dict[int, Plan] = self._plans
        if own not in plans:
            plans[own] = self._made(own)
        return plans[own]

    @cached_property
    def _plans(self) -> dict[int, Any]:
        return {}

    def _made(self, own: int) -> Plan:
        from agentsim.batch.plan import make

        cells, _ = self._cells(own)
        rows = list(dict.fromkeys((cell.profile, 0) for cell in cells))
        plan = make(self._extended.experiment(rows, self.runs, self.entropy))
        if len(plan.cells) != len(cells):
            raise AgentsimError(
                f"{self.family.words}: {len(plan.cells)} cells are planned where {len(cells)} were "
                "asked for; report this"
            )
        return plan


def _tuned(plan: Plan, x: Array, family: Family, firms: list[list[str]]) -> Plan:
    """Return a plan with every cell once for each of some parameters `(tried, parameters)`.

    firms: those who follow the family's member in each cell; none where none does.
    """
    cells, times = plan.cells, len(x)
    count = len(cells) * times

    def again(columns: dict[Any, Any]) -> dict[Any, Any]:
        return {name: np.repeat(each, times) for name, each in columns.items()}

    tuning = again(cells.tuning)
    for firm in dict.fromkeys(each for row in firms for each in row):
        follows = np.repeat([firm in row for row in firms], times)
        for at, parameter in enumerate(family.parameters):
            # What no cell sets is NaN, and stays as the lineup has it.
            tuning[firm, parameter] = np.where(follows, np.tile(x[:, at], len(cells)), np.nan)
    many = replace(
        cells, labels={}, group=np.repeat(cells.group, times), block=np.repeat(cells.block, times),
        base=np.arange(count, dtype=np.int64), values=again(cells.values),
        drawn=again(cells.drawn), shocks=again(cells.shocks), tuning=tuning, unit=None,
    )  # fmt: skip
    return replace(plan, cells=many)
