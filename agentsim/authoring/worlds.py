"""Made-up worlds for strategies to look at, thousands side by side, without a market behind them."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from agentsim.authoring.kinds import (
    ANY,
    ENDLESS,
    EXTREME,
    FLAGS,
    HIGHEST,
    KINDS,
    RANGES,
    SHOCK,
    SIDES,
    STRIKES,
    TINY,
)
from agentsim.laws.numerics import Array, exp, log
from agentsim.sectors.chip_vendors import ChipVendors
from agentsim.sectors.hyperscalers import Hyperscalers
from agentsim.sectors.lenders import Lenders
from agentsim.sectors.memory_makers import MemoryMakers
from agentsim.strategy.base import BASES, Strategy
from agentsim.strategy.groups import initial_memory
from agentsim.strategy.views import View

RUNS = 5

PUBLIC: dict[str, tuple[str, ...]] = {
    sector.role: tuple(n for n, state in sector.states.items() if state.seen_by == "all")
    for sector in (Hyperscalers, ChipVendors, MemoryMakers, Lenders)
}
"""What every firm of a role may know of all others, by role."""

Rows = slice | NDArray[np.intp]
Columns = int | Sequence[int] | NDArray[np.intp] | None


class Worlds:
    """Random numbers for every field of a view class, in one quarter of many worlds.

    Each run is a world of its own; world i is of the kind `kinds[i % len(kinds)]`. `given` sets
    fields. Fields have the same numbers whichever rows and runs are looked at.

    values: by field, `(firms, runs)` for a firm's own and `(1, runs)` for the market's.
    """

    def __init__(
        self,
        view: type[View],
        firms: int = 3,
        runs: int = RUNS,
        seed: int = 0,
        quarter: int = 3,
        kinds: Sequence[str] = ("plausible",),
        **given: Any,
    ) -> None:
        self.view, self.firms, self.runs = view, firms, runs
        self.seed, self.quarter, self.kinds = seed, quarter, tuple(kinds)
        self.role = next(role for role, base in BASES.items() if base.view is view)
        self.names = tuple(f"firm_{row}" for row in range(firms))
        rows = {name: firms if s.scope == "own" else 1 for name, s in view.fields.items()}
        rows |= {name: firms for name in PUBLIC[self.role] if name not in rows}
        self.values = {name: self._drawn(name, rows[name]) for name in rows}
        for name, value in given.items():
            shape = self.values[name].shape
            self.values[name] = np.array(np.broadcast_to(value, shape), float)

    @classmethod
    def holding(
        cls, view: type[View], values: Mapping[str, Array], names: Sequence[str], quarter: int
    ) -> Self:
        """Return worlds that hold these numbers of all fields and public states."""
        made = cls(view, len(names), next(iter(values.values())).shape[1], quarter=quarter)
        made.names, made.values = tuple(names), dict(values)
        return made

    def changed(self, values: Mapping[str, Array]) -> Self:
        """Return the same worlds with other numbers in some fields."""
        twin = copy.copy(self)
        twin.values = self.values | dict(values)
        return twin

    def luckier(self, seed: int) -> Self:
        """Return the same worlds with other luck."""
        twin = copy.copy(self)
        twin.seed = seed
        return twin

    def kind(self, run: int) -> str:
        """Return the kind of a world."""
        return self.kinds[run % len(self.kinds)]

    def look(
        self,
        strategy: Strategy | None = None,
        rows: Rows = slice(None),
        run: Columns = None,
        memory: Mapping[str, Array] | None = None,
    ) -> View:
        """Return the view of some rows, of all runs, of one alone or of some in any order.

        memory: what the strategy remembers; at first what it begins with.
        """
        runs = [run] if isinstance(run, int | np.integer) else run
        columns = slice(None) if runs is None else np.asarray(runs, np.intp)
        index = np.arange(self.firms)[rows]
        if memory is None:
            size = self.runs if runs is None else len(runs)
            memory = initial_memory(strategy, len(index), size) if strategy else {}

        def draw(name: str) -> Array:
            numbers = self._random("draw " + name).standard_normal((self.firms, self.runs))
            return np.ascontiguousarray(numbers[index][:, columns])

        def fetch(name: str) -> Array:
            return np.array(self.values[name][:, columns], order="C")

        def fetch_public(name: str) -> Array:
            if name not in PUBLIC[self.role]:
                known = ", ".join(PUBLIC[self.role])
                raise AttributeError(f"{name!r} is not public; public are: {known}")
            return fetch(name)

        firms = tuple(self.names[row] for row in index)
        return self.view(fetch, fetch_public, rows, firms, self.quarter, memory, draw)

    def _random(self, name: str, quarter: int | None = None) -> np.random.Generator:
        key = zlib.crc32(name.encode())
        return np.random.default_rng([self.seed, self.quarter if quarter is None else quarter, key])

    def _drawn(self, name: str, rows: int) -> Array:
        """Return numbers of a field, `(rows, runs)`, each from the range of its world's kind."""
        kinds = [self.kind(run) for run in range(len(self.kinds))]
        of_run = np.arange(self.runs) % len(kinds)
        at = self._random(name).random((rows, self.runs))
        if "calm" in kinds:
            still = self._random(name, quarter=0).random((rows, self.runs))
            at = np.where(of_run == kinds.index("calm"), still, at)
        ranges = np.array([RANGES[kind].get(name, ANY) for kind in kinds])[of_run]
        low, high = ranges[:, 0], ranges[:, 1]
        values: Array = np.round(at) if name in FLAGS else low + at * (high - low)
        if "shock" in kinds and self.quarter >= STRIKES and name in SHOCK:
            values = np.where(of_run == kinds.index("shock"), SHOCK[name] * values, values)
        if "extreme" in kinds:
            extreme = self._extreme(name, rows)
            values = np.where(of_run == kinds.index("extreme"), extreme, values)
        return values

    def _extreme(self, name: str, rows: int) -> Array:
        """Return extreme numbers of a field: in odd worlds of the kind its own, else one for all."""
        own, sides = self._scattered("extreme " + name, rows)
        shared, _ = self._scattered("extreme", 1)
        alike = np.arange(self.runs) // len(self.kinds) % 2 == 0
        values: Array = np.where(alike, shared, own)
        if name in ENDLESS:
            values = np.where(~alike & (sides == SIDES - 1), np.inf, values)
        values = np.minimum(values, HIGHEST.get(name, np.inf))
        return np.round(values) if name in FLAGS else values

    def _scattered(self, name: str, rows: int) -> tuple[Array, NDArray[np.int64]]:
        """Return numbers of EXTREME or TINY, `(rows, runs)`, and which of SIDES fell."""
        random = self._random(name)
        sides = random.integers(0, SIDES, (rows, self.runs))
        low, high = (log(bound) for bound in EXTREME)
        values: Array = exp(random.uniform(low, high, (rows, self.runs)))
        for side, tiny in enumerate(TINY):
            values = np.where(sides == side, tiny, values)
        return values, sides


@lru_cache(maxsize=32)
def all_kinds(
    role: str, runs: int, quarters: int | tuple[int, ...], seed: int = 0, firms: int = 3
) -> tuple[Worlds, ...]:
    """Return worlds of every kind, `runs` in all, quarter after quarter: so many, or those named."""
    view = BASES[role].view
    if isinstance(quarters, int):
        quarters = tuple(range(quarters))
    return tuple(Worlds(view, firms, runs, seed, quarter, KINDS) for quarter in quarters)
