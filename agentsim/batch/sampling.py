"""Sampling: from what factors may be to the points at which an experiment is simulated.

    >>> from agentsim.batch.factors import parse
    >>> levels = {"demand_elasticity": {"demand_elasticity": parse("demand_elasticity", [1, 2])}}
    >>> sample(Sampler("factorial"), levels, entropy=0).columns
    {'demand_elasticity': array([1., 2.])}

A point is one value for each factor. Factors move along dimensions: usually each has one of its
own, linked factors share one. A sampler puts points into the unit cube of the dimensions, and each
factor reads its value off its dimension's coordinate. Points come in blocks, the rows that
belong together in an analysis; the same entropy gives the same points.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.batch.factors import Factor, Levels, Spread
from agentsim.calibration.draws import CLEARANCE, stratified
from agentsim.errors import AgentsimError, check_known, shown, whole
from agentsim.laws.numerics import Array

MOST_POINTS = 1_000_000
MOST_MORRIS_LEVELS = 100
MOST_SOBOL_DIMENSIONS = 10_600
"""SciPy's Sobol sequence has 21,201 dimensions, of which each dimension here takes two."""

KEYS = {
    "factorial": (),
    "latin_hypercube": ("points",),
    "sobol": ("points", "second_order"),
    "morris": ("trajectories", "levels"),
    "table": ("file",),
}
"""The kinds of sampler, and what each may be told."""

POINTS = {"latin_hypercube": 100, "sobol": 256}
"""How many points a kind takes unless told."""

STEEP, FLAT = "demand_elasticity", "saturated_elasticity"

ROUNDING = 1e-9
"""Far less than a level's part of (0, 1), and far more than rounding may take from a product."""

Dimensions = Mapping[str, Mapping[str, Factor]]
"""The factors that move together on each dimension, by the dimension's name."""


@dataclass(frozen=True)
class Sampler:
    """How points are chosen. What does not belong to the kind keeps its default."""

    kind: str
    points: int = 0
    """Of a Latin hypercube, or of the base sample of Sobol indices; 0 stands for the usual."""
    second_order: bool = False
    """Whether Sobol indices of pairs are asked for, at about twice the points."""
    trajectories: int = 20
    levels: int = 4
    """Of the grid on which Morris trajectories walk."""
    file: str = ""
    """The CSV file of a table."""

    def __post_init__(self) -> None:
        """Raise AgentsimError, one line, for what makes no sense."""
        check_known("sampler", self.kind, KEYS)
        for item in fields(self)[1:]:
            if item.name not in KEYS[self.kind] and getattr(self, item.name) != item.default:
                raise _stranger(item.name, self.kind)
        if self.points == 0 and self.kind in POINTS:
            object.__setattr__(self, "points", POINTS[self.kind])
        for name in KEYS[self.kind]:
            object.__setattr__(self, name, CHECKS[name](name, getattr(self, name)))
        if self.kind == "sobol" and self.points.bit_count() != 1:
            below = 2 ** (self.points.bit_length() - 1)
            raise AgentsimError(
                f"sampler: points = {self.points} is not a power of two; "
                f"give {max(below, 2)} or {2 * below}"
            )
        if self.levels % 2:
            raise AgentsimError(
                f"sampler: levels = {self.levels} is odd; "
                f"give {self.levels - 1} or {self.levels + 1}"
            )


@dataclass(frozen=True, eq=False)
class Points:
    """The points of a sample, row by row."""

    columns: dict[str, NDArray[Any]]
    """The values of each factor: float64, or where one is text, an object array of text."""
    unit: Array
    """Where each point lies on each dimension, from 0 to 1: (points, dimensions)."""
    block: NDArray[np.int64]
    """The block of each point: a base sample, a trajectory, a point of its own; 0 if factorial."""
    dimensions: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.block)


# Reading and writing samplers


def parse_sampler(given: Any) -> Sampler:
    """Return the sampler that a file or Python gives: a kind as text, a table, or a sampler.

    Raises AgentsimError: one line with the key, the value and the remedy.
    """
    if isinstance(given, Sampler):
        return given
    if isinstance(given, str):
        return Sampler(given)
    if not isinstance(given, Mapping):
        raise AgentsimError(
            f"sampler = {shown(given)} is neither text nor a table; give one of {', '.join(KEYS)}"
        )
    if "kind" not in given:
        raise AgentsimError("sampler: kind is missing; add it")
    kind = given["kind"]
    check_known("sampler: kind", kind, KEYS)
    known = {name for names in KEYS.values() for name in names}
    for name in given:
        if name in known.difference(KEYS[kind]):
            raise _stranger(name, kind)
        check_known("sampler: key", name, ("kind", *KEYS[kind]), "take it out or rename it")
    # To the class 0 stands for the usual number; who writes it means none.
    if "points" in given:
        CHECKS["points"]("points", given["points"])
    return Sampler(**given)


def plain(sampler: Sampler) -> str | dict[str, Any]:
    """Return the text or table that `parse_sampler` reads as an equal sampler."""
    usual = {item.name: item.default for item in fields(Sampler)}
    usual["points"] = POINTS.get(sampler.kind, 0)
    told = {name: getattr(sampler, name) for name in KEYS[sampler.kind]}
    changed = {name: each for name, each in told.items() if each != usual[name]}
    return {"kind": sampler.kind} | changed if changed else sampler.kind


def _stranger(name: str, kind: str) -> AgentsimError:
    """Return the error for a key that belongs to other kinds."""
    owners = " and ".join(each for each, names in KEYS.items() if name in names)
    return AgentsimError(f"sampler: {name} belongs to {owners}, not to {kind}; take it out")


def _size(least: int, most: int) -> Callable[[str, Any], int]:
    """Return the check of a whole number within bounds."""

    def check(name: str, given: Any) -> int:
        size = whole(f"sampler: {name}", given)
        if not least <= size <= most:
            raise AgentsimError(
                f"sampler: {name} = {size} is out of bounds; it must lie between {least} and {most}"
            )
        return size

    return check


def _check_second_order(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise AgentsimError(f"sampler: {name} = {shown(given)} is neither true nor false; give one")
    return given


def _check_file(name: str, given: Any) -> str:
    if isinstance(given, PathLike):
        given = fspath(given)
    if given == "":
        raise AgentsimError(f"sampler: {name} is missing; name the CSV file that holds the points")
    if not isinstance(given, str):
        raise AgentsimError(f"sampler: {name} = {shown(given)} is not text; put it in quotes")
    return given


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "points": _size(1, MOST_POINTS),
    "second_order": _check_second_order,
    "trajectories": _size(2, MOST_POINTS),  # a spread of effects takes two
    "levels": _size(2, MOST_MORRIS_LEVELS),
    "file": _check_file,
}


# Sampling


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


# Tables of points


def sample_table(path: str | PathLike[str]) -> Points:
    """Return the points of a CSV file: a column for each factor, headed by its dotted name.

    A column is one of numbers if all its values are, otherwise of text. Such points lie on no
    dimensions.
    Raises AgentsimError: one line with the file, the line and the remedy.
    """
    path = Path(path)
    numbered = _rows(path)
    if len(numbered) < 2:
        raise AgentsimError(
            f"{path} has no points; give names of factors in one line and points below it"
        )
    names = _header(path, *numbered[0])
    for line, row in numbered[1:]:
        _check_row(f"{path}, line {line}", row, names)
    if len(numbered) > MOST_POINTS + 1:
        raise AgentsimError(f"{path} has {len(numbered) - 1} points; give at most {MOST_POINTS}")
    lines = [line for line, _ in numbered[1:]]
    columns = {
        name: _column(path, name, lines, [row[place] for _, row in numbered[1:]])
        for place, name in enumerate(names)
    }
    count = len(lines)
    return Points(columns, np.empty((count, 0)), np.arange(count, dtype=np.int64), ())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV file with the lines on which they end; empty lines are none."""
    # The mark that spreadsheets put before UTF-8 is no part of the first name.
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        return [(reader.line_num, [each.strip() for each in row]) for row in reader if row]
    except csv.Error as error:
        raise AgentsimError(
            f"{path}, line {reader.line_num}: {error}; mend that line of CSV"
        ) from None


def _text(path: Path) -> str:
    """Return the text of a file."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise AgentsimError(f"{path} does not exist; give the CSV file of the points") from None
    except IsADirectoryError:
        raise AgentsimError(f"{path} is a folder; give the CSV file in it") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise AgentsimError(
            f"{path}, line {line}: not UTF-8 text; save the file as UTF-8"
        ) from None
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        raise AgentsimError(f"{shown(str(path))} cannot be read: {error}") from None


def _header(path: Path, line: int, names: list[str]) -> list[str]:
    """Return the names of the columns, or refuse them."""
    for place, name in enumerate(names):
        if not re.fullmatch(r"[A-Za-z_][\w.-]*", name):
            raise AgentsimError(
                f"{path}, line {line}: column {shown(name)} is not the name of a factor; "
                "head it with one, such as demand_elasticity"
            )
        if name in names[:place]:
            raise AgentsimError(f"{path}, line {line}: column {name} is there twice; drop one")
    return names


def _check_row(where: str, row: list[str], names: list[str]) -> None:
    """Refuse a row with a value too many or too few."""
    if len(row) != len(names):
        raise AgentsimError(
            f"{where}: {len(row)} values in {len(names)} columns; give one for each column"
        )
    for name, value in zip(names, row, strict=True):
        if not value:
            raise AgentsimError(f"{where}: {name} has no value; give one")


def _column(path: Path, name: str, lines: list[int], given: list[str]) -> NDArray[Any]:
    """Return a column as numbers if all its values are, otherwise as text."""
    try:
        numbers = np.array([float(each) for each in given])
    except ValueError:
        return np.array(given, dtype=object)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        first = int(wrong[0])
        raise AgentsimError(
            f"{path}, line {lines[first]}: {name} = {given[first]} is not a finite number; give one"
        )
    return numbers
