"""Reading what a market is asked for: run numbers, entropy, horizon, overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError, shown, whole
from agentsim.scenario import Scenario

MOST_QUARTERS = 400
MOST_RUNS = 10_000_000


def run_numbers(runs: Any) -> NDArray[np.int64]:
    """Return the run numbers that `runs`, a count or run numbers, stands for."""
    if isinstance(runs, bool | str) or runs is None:
        raise AgentsimError(f"runs = {runs!r} is not a number; give a count from 1, or run numbers")
    if not isinstance(runs, Sequence) and getattr(runs, "ndim", 0) == 0:
        count = whole("runs", runs, "give a count from 1, or a list of run numbers")
        if not 1 <= count <= MOST_RUNS:
            raise AgentsimError(
                f"runs = {count} is out of bounds; it must lie between 1 and {MOST_RUNS}"
            )
        return np.arange(count, dtype=np.int64)
    numbers = [whole("runs", number, "give whole run numbers") for number in runs]
    if not numbers:
        raise AgentsimError("runs = [] is empty; give at least one run number")
    if min(numbers) < 0 or max(numbers) >= 2**62:
        raise AgentsimError(
            f"runs has {min(numbers)}..{max(numbers)}; run numbers lie between 0 and 2^62"
        )
    if len(set(numbers)) < len(numbers):
        raise AgentsimError("runs names a run number twice; give each once")
    return np.array(numbers, dtype=np.int64)


def entropy_of(rng: Any) -> int:
    """Return the entropy that `rng` gives: itself if an integer, otherwise drawn from it."""
    if rng is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(0, 2**63))
    entropy = whole("rng", rng, "give an integer from 0, a Generator, or None")
    if entropy < 0:
        raise AgentsimError(f"rng = {entropy} is negative; give an integer from 0")
    return entropy


def named_scenario(scenario: Any) -> Scenario:
    """Return a Scenario, or the one of this name."""
    return scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)


def check_horizon(horizon: Any) -> int:
    """Return the horizon, a whole number of quarters."""
    quarters = whole("horizon", horizon)
    if not 1 <= quarters <= MOST_QUARTERS:
        raise AgentsimError(
            f"horizon = {quarters} is out of bounds; it must lie between 1 and {MOST_QUARTERS} quarters"
        )
    return quarters


def check_choice(name: str, given: Any, allowed: Sequence[str]) -> None:
    """Refuse a word that is none of those allowed."""
    if not isinstance(given, str) or given not in allowed:
        raise AgentsimError(
            f"{name} = {shown(given)} is not known; give one of {', '.join(allowed)}"
        )


def asked_quarter(quarter: Any, reached: int) -> int:
    """Return a quarter that was simulated, of `reached` quarters."""
    number = whole("quarter", quarter, f"give one from 1 to {reached}")
    if not 1 <= number <= reached:
        raise AgentsimError(
            f"quarter = {number} was not simulated; give one from 1 to {reached}"
            if reached
            else f"quarter = {number} was not simulated, and none was; step the market first"
        )
    return number


def asked_run(run: Any, runs: NDArray[np.int64]) -> int:
    """Return the number of one of these runs; it may be left out where there is but one."""
    if run is None:
        if len(runs) > 1:
            raise AgentsimError(f"run is missing among {len(runs)} runs; say which with run=")
        return int(runs[0])
    number = whole("run", run, "give the number of one run")
    if number not in runs:
        raise AgentsimError(
            f"run = {number} is not in this market; it has {_in_words(runs)}, give one of these"
        )
    return number


def _in_words(runs: NDArray[np.int64]) -> str:
    """Return run numbers as they may be shown in one line."""
    if len(runs) > 8 and np.array_equal(runs, np.arange(runs[0], runs[0] + len(runs))):
        return f"{runs[0]} to {runs[-1]}"
    listed = ", ".join(map(str, runs[:8].tolist()))
    return listed if len(runs) <= 8 else f"{listed} and {len(runs) - 8} more"


def split_overrides(overrides: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (scenario values, shock fields by dotted name)."""
    if "seed" in overrides:
        raise AgentsimError(f"seed = {shown(overrides['seed'])} is not taken; give rng= instead")
    values = {name: value for name, value in overrides.items() if not name.startswith("shock.")}
    fields = {name: value for name, value in overrides.items() if name.startswith("shock.")}
    return values, fields
