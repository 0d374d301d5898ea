"""Points: what a sampler makes of factors, and reading points from a table.

A point is one value for each factor. Points come in blocks, the rows that belong together in an
analysis.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.batch.complaints import read_text
from agentsim.errors import AgentsimError, shown
from agentsim.laws.numerics import Array

MOST_POINTS = 1_000_000

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.A | re.I)
"""What is taken for a number: less than Python takes, which reads 1_2 and the digits of all scripts."""


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
    places: tuple[str, ...] = ()
    """File and line of each point of a table."""
    heading: str = ""
    """File and line of the names of a table's columns."""

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.block)


# Tables of points


def sample_table(path: str | PathLike[str], what: str = "points") -> Points:
    """Return the points of a CSV file: a column for each factor, headed by its dotted name.

    A column is all numbers or all text. Such points lie on no dimensions. `what` they are called where
    there is no such file.
    Raises AgentsimError: one line with the file, the line and the remedy.
    """
    path = Path(path)
    numbered = _rows(path, what)
    if len(numbered) < 2:
        raise AgentsimError(
            f"{path} has no points; give names of factors in one line and points below it"
        )
    names = _header(path, *numbered[0])
    for line, row in numbered[1:]:
        _check_row(f"{path}, line {line}", row, names)
    if len(numbered) > MOST_POINTS + 1:
        raise AgentsimError(f"{path} has {len(numbered) - 1} points; give at most {MOST_POINTS}")
    places = tuple(f"{path}, line {line}" for line, _ in numbered[1:])
    columns = {
        name: _column(name, places, [row[place] for _, row in numbered[1:]])
        for place, name in enumerate(names)
    }
    count = len(places)
    heading = f"{path}, line {numbered[0][0]}"
    unit, block = np.empty((count, 0)), np.arange(count, dtype=np.int64)
    return Points(columns, unit, block, (), places, heading)


def _rows(path: Path, what: str) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV file with the lines on which they end; empty lines are none."""
    # The mark that spreadsheets put before UTF-8 is no part of the first name.
    text = read_text(
        path, f"give the CSV file of the {what}", "give the CSV file in it", "utf-8-sig"
    )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return [(reader.line_num, [each.strip() for each in row]) for row in reader if row]
    except csv.Error as error:
        raise AgentsimError(
            f"{path}, line {reader.line_num}: {error}; mend that line of CSV"
        ) from None


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


def _column(name: str, places: tuple[str, ...], given: list[str]) -> NDArray[Any]:
    """Return a column of numbers, or of text where none of its values is a number."""
    if is_strategy(name):  # a number among strategies is a strategy that there is not
        return np.array(given, dtype=object)
    numeric = [NUMBER.fullmatch(each) is not None for each in given]
    if not any(numeric):
        return np.array(given, dtype=object)
    if not all(numeric):
        first = numeric.index(False)
        raise AgentsimError(
            f"{places[first]}: {name} = {shown(given[first])} is no number, and other values of the "
            f"column are, as {given[numeric.index(True)]}; mend it"
        )
    numbers = np.array([float(each) for each in given])
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        first = int(wrong[0])
        raise AgentsimError(
            f"{places[first]}: {name} = {given[first]} is not a finite number; give one"
        )
    return numbers


def is_strategy(name: str) -> bool:
    """Say whether a name is a strategy, which is text, and no parameter of one."""
    return name.startswith("lineup.") and name.count(".") == 1
