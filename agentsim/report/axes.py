"""Axes: the factors of an experiment, and which of them takes which place in the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentsim.report.words import level_words, title_words

Level = float | str | None


@dataclass(frozen=True)
class Axis:
    """A factor and its levels."""

    column: str | None
    levels: tuple[Level, ...] = (None,)

    def __len__(self) -> int:
        return len(self.levels)

    def words(self, level: Level) -> str:
        """Return what a level is called: `no shock`, `best response`, `demand elasticity 1.1`."""
        return level_words(self.column, level)

    def short(self, level: Level) -> str:
        """Return what a level is called where the axis is named besides: `none`, `×10`."""
        if not isinstance(level, float):
            return self.words(level)
        if self.baseline is None:
            return f"{level:g}"
        return "none" if level == self.baseline else f"×{level:g}"

    @property
    def title(self) -> str:
        """What the axis is called in a figure."""
        return title_words(self.column)

    @property
    def baseline(self) -> Level:
        """The level at which nothing strikes; None where there is none."""
        is_factor = self.column is not None and self.column.split(".")[0] == "shock"
        if is_factor and str(self.column).endswith(".factor") and 1 in self.levels:
            return 1.0
        return None


def places(factors: Mapping[str, tuple[Level, ...]]) -> tuple[Axis, Axis, Axis, list[str]]:
    """Return the three axes, and the names of the factors left over."""
    left = dict(factors)

    def take(names: Iterable[str]) -> Axis:
        for name in names:
            if name in left:
                return Axis(name, left.pop(name))
        return Axis(None)

    # A strategy's parameter, `lineup.hyperscaler.step`, is a number as any other.
    strategies = [n for n in factors if n.startswith("lineup.") and n.count(".") == 1]
    posture = take([n for n in ("lineup.hyperscaler", *strategies) if n in strategies])
    demand = take(["demand_elasticity"])
    shock = take([*(n for n in factors if n.startswith("shock.")), *_numeric(factors)])
    if demand.column is None:
        demand = take(_numeric(left))
    return posture, shock, demand, list(left)


def _numeric(factors: Mapping[str, tuple[Level, ...]]) -> list[str]:
    return [name for name, levels in factors.items() if not isinstance(levels[0], str)]
