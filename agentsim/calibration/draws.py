"""Drawing what is uncertain from its marked ranges, by Latin hypercube."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agentsim.calibration.checks import Value
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

WIDE = 3.0
"""From this ratio of high to low on, equal parts of a range are equal ratios."""

CLEARANCE = 0.95
"""A drawn elasticity of saturated demand is at most this share of the other elasticity (or 1)."""


@dataclass(frozen=True)
class Range:
    """A marked range, and the dotted names of the values that it is drawn for, all at once."""

    low: float
    high: float
    whole: bool
    names: tuple[str, ...]

    @property
    def logarithmic(self) -> bool:
        """Whether equal parts are equal ratios."""
        return self.low > 0.0 and self.high > WIDE * self.low and not self.whole

    def without(self, names: Iterable[str]) -> Range:
        """Return the range less some of the names."""
        return replace(self, names=tuple(name for name in self.names if name not in set(names)))

    def set_by(self, label: str, firms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Return the names by which `Scenario.replace` sets all that the range is drawn for."""
        role = label.partition(".")[0]
        whole_role = role not in firms or len(self.names) == len(firms[role])
        return (label,) if whole_role else self.names

    def at(self, u: Array, low: Array | None = None, high: Array | None = None) -> Array:
        """Return the values at `u` from 0 to 1, within narrower bounds if given."""
        floor = np.full_like(u, self.low) if low is None else low
        ceiling = np.full_like(u, self.high) if high is None else high
        if self.whole:
            return np.minimum(floor + np.floor(u * (ceiling - floor + 1.0)), ceiling)
        if self.logarithmic:
            return np.clip(floor * np.exp(u * np.log(ceiling / floor)), floor, ceiling)
        return np.clip(floor + u * (ceiling - floor), floor, ceiling)


def latin_hypercube(
    ranges: Mapping[str, Range],
    values: Mapping[str, Value],
    firms: Mapping[str, tuple[str, ...]],
    count: int,
    entropy: int | Sequence[int],
) -> dict[str, Array]:
    """Return `count` values for each range, by the name under which `Scenario.replace` sets them.

    The one thing that ties ranges together: saturated_elasticity must stay below
    demand_elasticity and 1. Where it is drawn its range is cut to what demand_elasticity leaves
    of it in each run, keeping the rank; where it is not, demand_elasticity keeps clear of it.
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise AgentsimError(f"draw: count {count!r} is not a whole number from 1 up; give one")
    parts = {label: stratified(count, entropy, label) for label in ranges}
    drawn = {label: marked.at(parts[label]) for label, marked in ranges.items()}

    steep, flat = "demand_elasticity", "saturated_elasticity"
    if steep in ranges and flat not in ranges:
        least = np.broadcast_to(np.max(values[flat]) / CLEARANCE, count)
        marked = ranges[steep]
        low = np.clip(least, marked.low, marked.high)
        drawn[steep] = marked.at(parts[steep], low=low)
    if flat in ranges:
        elasticity = drawn.get(steep, np.broadcast_to(np.min(values[steep]), count))
        marked = ranges[flat]
        high = np.minimum(marked.high, CLEARANCE * np.minimum(elasticity, 1.0))
        low = np.minimum(marked.low, high)
        drawn[flat] = marked.at(parts[flat], low=low, high=high)

    return {name: drawn[label] for label, x in ranges.items() for name in x.set_by(label, firms)}


def clear_of_each_other(
    drawn: Mapping[str, Array], values: Mapping[str, Value]
) -> dict[str, Array]:
    """Return draws in which saturated_elasticity stays below demand_elasticity and 1.

    It gives way where both are drawn, or where it alone is; demand_elasticity where that alone is.
    """
    steep, flat = "demand_elasticity", "saturated_elasticity"
    found = dict(drawn)
    if flat in found:
        other = found.get(steep, np.broadcast_to(np.min(values[steep]), found[flat].shape))
        found[flat] = np.minimum(found[flat], CLEARANCE * np.minimum(other, 1.0))
    elif steep in found:
        found[steep] = np.maximum(found[steep], np.max(values[flat]) / CLEARANCE)
    return found


def stratified(count: int, entropy: int | Sequence[int], label: str) -> Array:
    """Return one number from each of `count` equal parts of (0, 1), in random order.

    The order of each name is a stream of its own, so that a range marked later, or left out,
    changes no other draw; a generator shared by all names, as SciPy's, would not give that.
    """
    try:
        if entropy is None:  # to NumPy this asks for a seed that nobody knows
            raise TypeError
        seed = np.random.SeedSequence(entropy, spawn_key=tuple(label.encode()))
    except (TypeError, ValueError):
        raise AgentsimError(
            f"draw: entropy {entropy!r} is not a whole number from 0 up; give one, or several"
        ) from None
    rng = np.random.default_rng(seed)
    return np.asarray((rng.permutation(count) + rng.random(count)) / count)
