"""Trained tables: what learners know when they enter a market, a file for each role.

A file is a CSV with comments above it (`#`: the command, the seed and the version that made it)
and the columns `rule, table, row, column, value`: one number a line, told by its names.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

COLUMNS = ("rule", "table", "row", "column", "value")
AGAINST = "stage_game"
"""The rule's name under which stands what each posture brings against each move of rivals'."""

Labels = tuple[tuple[str, ...], ...]
"""The names along each axis of a table; none for a single number."""


def path(role: str) -> Path:
    """Return where a role's tables are kept."""
    return Path(str(files("agentsim.strategy.learning").joinpath("trained", f"{role}.csv")))


@cache
def read(file: Path) -> dict[tuple[str, str, str, str], float]:
    """Return the numbers of a file by rule, table, row and column.

    Raises AgentsimError, one line, if it is not such a file.
    """
    try:
        lines = [line for line in file.read_text("utf-8").splitlines() if line[:1] != "#"]
        rows = list(csv.DictReader(lines, strict=True))
        return {(r["rule"], r["table"], r["row"], r["column"]): float(r["value"]) for r in rows}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise AgentsimError(
            f"{file} is no file of trained tables ({type(error).__name__}); `make learners` writes it"
        ) from error


@cache
def table(role: str, rule: str, name: str, labels: Labels) -> Array:
    """Return a trained table, an axis for each tuple of labels, read-only.

    Raises AgentsimError, one line, if a number of it is missing.
    """
    numbers = read(path(role))
    shape = tuple(len(axis) for axis in labels)
    values = np.empty(shape)
    for place, names in zip(np.ndindex(shape), product(*labels), strict=True):
        row, column = (*names, "", "")[:2]
        try:
            values[place] = numbers[rule, name, row, column]
        except KeyError:
            raise AgentsimError(
                f"{path(role)} has no {rule}, {name}, {row}, {column}; `make learners` writes it"
            ) from None
    values.flags.writeable = False
    return values


def write(
    file: Path, comments: list[str], tables: dict[tuple[str, str], tuple[Labels, Array]]
) -> None:
    """Write tables, given by rule and name, six digits a number."""
    lines = [f"# {comment}" for comment in comments] + [",".join(COLUMNS)]
    for (rule, name), (labels, values) in tables.items():
        for place, names in zip(np.ndindex(values.shape), product(*labels), strict=True):
            row, column = (*names, "", "")[:2]
            # Adding zero leaves no -0.
            number = round(float(values[place]), 6) + 0.0
            lines.append(f"{rule},{name},{row},{column},{number:.6g}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
