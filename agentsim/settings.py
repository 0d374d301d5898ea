"""Reading what a market is asked for: run numbers, entropy, horizon, overrides."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError, unknown
from agentsim.scenario import Scenario

MOST_QUARTERS = 400
MOST_RUNS = 10_000_000


def run_numbers(runs: Any) -> NDArray[np.int64]:
    """Return the run numbers that `runs`, a count or run numbers, stands for."""
    if isinstance(runs, bool | str) or runs is None:
        raise AgentsimError(f"runs = {runs!r} is not a number; give a count from 1, or run numbers")
    if np.ndim(runs) == 0:
        count = _whole("runs", runs)
        if not 1 <= count <= MOST_RUNS:
            raise AgentsimError(
                f"runs = {count} is out of bounds; it must lie between 1 and {MOST_RUNS}"
            )
        return np.arange(count, dtype=np.int64)
    numbers = [_whole("runs", number) for number in runs]
    if not numbers:
        raise AgentsimError("runs = [] is empty; give at least one run number")
    if min(numbers) < 0 or max(numbers) >= 2**62:
        raise AgentsimError(
            f"runs has {min(numbers)}..{max(numbers)}; run numbers lie between 0 and 2^62"
        )
    if len(set(numbers)) < len(numbers):
        raise AgentsimError("runs names a run number twice; give each once")
    return np.array(numbers, dtype=np.int64)


def _whole(name: str, given: Any) -> int:
    try:
        if isinstance(given, bool):
            raise TypeError
        return operator.index(given)
    except TypeError:
        raise AgentsimError(f"{name} = {given!r} is not a whole number; give one") from None


def entropy_of(rng: Any) -> int:
    """Return the entropy that `rng` gives: itself if an integer, otherwise drawn from it."""
    if isinstance(rng, bool | float | str):
        raise AgentsimError(
            f"rng = {rng!r} is not an integer; give one from 0, a Generator, or None"
        )
    if rng is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(0, 2**63))
    try:
        entropy = operator.index(rng)
    except TypeError:
        raise AgentsimError(
            f"rng = {rng!r} is not an integer; give one from 0, a Generator, or None"
        ) from None
    if entropy < 0:
        raise AgentsimError(f"rng = {entropy} is negative; give an integer from 0")
    return entropy


def named_scenario(scenario: Any) -> Scenario:
    """Return a Scenario, or the one of this name."""
    if isinstance(scenario, Scenario):
        return scenario
    if not isinstance(scenario, str):
        raise AgentsimError(f"scenario = {scenario!r} is no scenario; give a name or a Scenario")
    return Scenario.load(scenario)


def check_horizon(horizon: Any) -> int:
    """Return the horizon, a whole number of quarters."""
    quarters = _whole("horizon", horizon)
    if not 1 <= quarters <= MOST_QUARTERS:
        raise AgentsimError(
            f"horizon = {quarters} is out of bounds; it must lie between 1 and {MOST_QUARTERS} quarters"
        )
    return quarters


def check_choice(name: str, given: Any, allowed: Sequence[str]) -> None:
    """Refuse a word that is none of those allowed."""
    if given not in allowed:
        raise unknown(name, given, allowed, f"give one of {', '.join(allowed)}")


def split_overrides(overrides: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (scenario values, shock fields by dotted name)."""
    values = {name: value for name, value in overrides.items() if not name.startswith("shock.")}
    fields = {name: value for name, value in overrides.items() if name.startswith("shock.")}
    return values, fields
