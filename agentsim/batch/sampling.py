"""Sampling: from what factors may be to the points at which an experiment is simulated.

    >>> from agentsim.batch.factors import parse
    >>> levels = {"demand_elasticity": {"demand_elasticity": parse("demand_elasticity", [1, 2])}}
    >>> sample(Sampler("factorial"), levels, entropy=0).columns
    {'demand_elasticity': array([1., 2.])}

Factors move along dimensions: usually each has one of its own, linked factors share one. A sampler
puts points into the unit cube of the dimensions, and each factor reads its value off its
dimension's coordinate. The same entropy gives the same points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.batch.factors import Factor, Levels
from agentsim.batch.points import MOST_POINTS, Points, sample_table
from agentsim.batch.samplers import Sampler
from agentsim.batch.spreads import Spread
from agentsim.calibration.draws import CLEARANCE, stratified
from agentsim.errors import AgentsimError, whole
from agentsim.laws.numerics import Array

MOST_SOBOL_DIMENSIONS = 10_600
"""SciPy's Sobol sequence has 21,201 dimensions, of which each dimension here takes two."""

STEEP, FLAT = "demand_elasticity", "saturated_elasticity"

ROUNDING = 1e-9
"""Far less than a level's part of (0, 1), and far more than rounding may take from a product."""

Dimensions = Mapping[str, Mapping[str, Factor]]
"""The factors that move together on each dimension, by the dimension's name."""


def sample(sampler: Sampler, dimensions: Dimensions, entropy: int) -> Points:
    """Return the points of a sampler on some dimensions, the same for the same entropy.

    A point's demand_elasticity holds its saturated_elasticity down: a spread of the latter is cut
    from above where it must be, keeping the rank, as the calibration's own draws are.
    Raises AgentsimError: one line with the factor or key, the value and the remedy.
    """
    _check_dimensions(sampler, dimensions)
    entropy = whole("entropy", entropy)
    if entropy < 0:
        raise AgentsimError(f"entropy = {entropy} is negative; give a whole number from 0")
    if sampler.kind == "table":
        return sample_table(sampler.file)
    unit, block = MAKERS[sampler.kind](sampler, dimensions, entropy)
    return Points(_columns(dimensions, unit), unit, block.astype(np.int64), tuple(dimensions))


def _check_dimensions(sampler: Sampler, dimensions: Dimensions) -> None:
    """Refuse dimensions that the sampler cannot take, or that contradict each other."""
    names = [name for linked in dimensions.values() for name in linked]
    for name in names:
        if names.count(name) > 1:
            raise AgentsimError(f"{name} is on two dimensions; take it out of one of them")
    if sampler.kind == "table" and names:
        raise AgentsimError(
            f"sampler table takes its factors from its file; take {names[0]} out of factors"
        )
    if sampler.kind not in ("table", "factorial") and not names:
        raise AgentsimError(f"sampler {sampler.kind} has nothing to vary; give a factor")
    for dimension, linked in dimensions.items():
        _check_linked(dimension, linked)


def _check_linked(dimension: str, linked: Mapping[str, Factor]) -> None:
    """Refuse a dimension without factors, or with lists of different lengths."""
    if not linked:
        raise AgentsimError(f"{dimension} links no factors; give at least one, or take it out")
    counts = {name: len(each.values) for name, each in linked.items() if isinstance(each, Levels)}
    if len(set(counts.values())) > 1:
        given = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise AgentsimError(f"{dimension}: linked factors need equally many levels; {given}")


def _factorial(
    sampler: Sampler, dimensions: Dimensions, entropy: int
) -> tuple[Array, NDArray[np.int64]]:
    """Return every combination of levels, the last dimension moving fastest."""
    counts = []
    for linked in dimensions.values():
        for name, each in linked.items():
            if isinstance(each, Spread):
                raise AgentsimError(
                    f"{name} is a range; give levels or a grid, "
                    "or a sampler such as latin_hypercube"
                )
        counts.append(min(len(each.values) for each in linked.values() if isinstance(each, Levels)))
    total = math.prod(counts)
    _check_size(sampler, total, "give fewer levels")
    unit = np.empty((total, len(counts)))
    repeats = total
    for column, count in enumerate(counts):
        repeats //= count
        middles = (np.arange(count) + 0.5) / count
        unit[:, column] = np.resize(np.repeat(middles, repeats), total)
    return unit, np.zeros(total, dtype=np.int64)


def _latin_hypercube(
    sampler: Sampler, dimensions: Dimensions, entropy: int
) -> tuple[Array, NDArray[np.int64]]:
    """Return points that meet each of `points` equal parts of every dimension once."""
    count = sampler.points
    # By name, so that one factor more leaves the others' values as they are.
    columns = [stratified(count, (entropy, 1), name) for name in dimensions]
    return np.column_stack(columns), np.arange(count, dtype=np.int64)


def _sobol(
    sampler: Sampler, dimensions: Dimensions, entropy: int
) -> tuple[Array, NDArray[np.int64]]:
    """Return Saltelli's points: in each block A, A with one of B for each dimension, ..., B."""
    count = len(dimensions)
    if count > MOST_SOBOL_DIMENSIONS:
        raise AgentsimError(
            f"sampler sobol has {count} dimensions; give at most {MOST_SOBOL_DIMENSIONS}"
        )
    rows = 2 * count + 2 if sampler.second_order else count + 2
    _check_size(sampler, sampler.points * rows, "lower points")
    unit = _salib("sobol").sample(
        _problem(dimensions),
        sampler.points,
        calc_second_order=sampler.second_order,
        seed=_seed(entropy, "sobol"),
    )
    return np.asarray(unit), np.arange(len(unit)) // rows


def _morris(
    sampler: Sampler, dimensions: Dimensions, entropy: int
) -> tuple[Array, NDArray[np.int64]]:
    """Return trajectories: in each block every step moves along one dimension."""
    rows = len(dimensions) + 1
    _check_size(sampler, sampler.trajectories * rows, "lower trajectories")
    unit = _salib("morris").sample(
        _problem(dimensions),
        N=sampler.trajectories,
        num_levels=sampler.levels,
        seed=_seed(entropy, "morris"),
    )
    steps = sampler.levels - 1
    # SALib adds steps up; what rounding leaves off the grid would tell equal values apart.
    return np.rint(np.asarray(unit) * steps) / steps, np.arange(len(unit)) // rows


MAKERS = {
    "factorial": _factorial,
    "latin_hypercube": _latin_hypercube,
    "sobol": _sobol,
    "morris": _morris,
}


def _check_size(sampler: Sampler, count: int, remedy: str) -> None:
    if count > MOST_POINTS:
        raise AgentsimError(
            f"sampler {sampler.kind} makes {count} points, at most {MOST_POINTS} are; {remedy}"
        )


def _salib(name: str) -> Any:
    """Return one of SALib's modules for sampling; few experiments need it."""
    try:
        return import_module(f"SALib.sample.{name}")
    except ModuleNotFoundError:
        raise AgentsimError(
            f"sampler {name} needs SALib; pip install 'agentsim[sensitivity]'"
        ) from None


def _problem(dimensions: Dimensions) -> dict[str, Any]:
    """Return the unit cube as SALib describes it."""
    return {
        "num_vars": len(dimensions),
        "names": list(dimensions),
        "bounds": [[0.0, 1.0]] * len(dimensions),
    }


def _seed(entropy: int, label: str) -> int:
    """Return a seed of 32 bits, another one for each sampler."""
    sequence = np.random.SeedSequence(entropy, spawn_key=tuple(label.encode()))
    return int(sequence.generate_state(1, np.uint32)[0])


# From the unit cube to values


def _columns(dimensions: Dimensions, unit: Array) -> dict[str, NDArray[Any]]:
    """Return the values of each factor at the points of the unit cube."""
    columns: dict[str, NDArray[Any]] = {}
    for column, linked in enumerate(dimensions.values()):
        u = unit[:, column]
        for name, factor in linked.items():
            columns[name] = _pick(factor, u) if isinstance(factor, Levels) else factor.at(u)
    for column, linked in enumerate(dimensions.values()):
        flat = linked.get(FLAT)
        steep = columns.get(STEEP)
        if isinstance(flat, Spread) and steep is not None and steep.dtype == np.float64:
            ceiling = CLEARANCE * np.minimum(steep, 1.0)
            columns[FLAT] = flat.below(unit[:, column], ceiling)
    return columns


def _pick(factor: Levels, u: Array) -> NDArray[Any]:
    """Return the level at each `u`: of n levels each has an n-th of it."""
    count = len(factor.values)
    place = np.minimum(np.floor(u * count + ROUNDING), count - 1).astype(np.int64)
    return _array(factor.values)[place]


def _array(values: tuple[Any, ...] | list[Any]) -> NDArray[Any]:
    """Return numbers as float64, and text, or both, as objects."""
    if any(isinstance(each, str) for each in values):
        return np.array([str(each) for each in values], dtype=object)
    return np.array(values, dtype=np.float64)
