"""Uncertainty: where the draws of an experiment come from.

"marked"      every marked range of the calibration, as a Latin hypercube
"calibrated"  the draws that history does not contradict (`agentsim.calibration.fitted`), and the
              marked ranges of all that it was not asked about
FILE.csv      the same with a table of one's own
"none"        nothing is drawn

A table has a column a marked range, headed by its label, and a row a draw. A column `scenario`, the
same in every row, says of which calibration the draws are; without it they are of the experiment's
own. Of draws of another one, as of the shipped ones, those count whose ranges both mark alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.batch.points import Points, sample_table
from agentsim.calibration import calibrations
from agentsim.calibration import fitted as tables
from agentsim.calibration.draws import clear_of_each_other
from agentsim.calibration.fitted import DATE, Fitted
from agentsim.errors import AgentsimError, shown, unknown
from agentsim.laws.numerics import Array
from agentsim.scenario import Scenario

KINDS = ("calibrated", "marked", "none")
ROUNDED = 1e-5
"""How far beyond a bound a value may lie, as a part of the bound, for being written with few digits."""

TIED = ("saturated_elasticity",)
"""Drawn ranges that give way to others, so that a table without them may say what it likes."""


def check_uncertainty(given: str) -> str:
    """Return what says where draws come from. Raises AgentsimError, one line, if it says nothing."""
    if given not in KINDS and not given.endswith(".csv"):
        raise unknown("uncertainty", given, KINDS, "or give the CSV file of a table of draws")
    return given


def kind_of(given: str) -> str:
    """Return where draws come from, whatever a table of them is called."""
    return given if given in KINDS else "table"


def fitted_draws(uncertainty: str, base: Scenario) -> Fitted | None:
    """Return the table of draws that an experiment takes, or None where it takes none.

    base: the calibration, nothing changed.
    Raises AgentsimError: one line with the file, the column and the remedy.
    """
    if uncertainty in ("marked", "none"):
        return None
    if uncertainty == "calibrated":
        return _shipped(base)
    return _given(sample_table(Path(uncertainty), "draws"), base)


def _shipped(base: Scenario) -> Fitted:
    return _alike(tables.shipped(), Scenario.load(tables.BASE), base)


def _given(points: Points, base: Scenario) -> Fitted:
    """Return the draws of a table of one's own that hold for the calibration `base`."""
    drawn = dict(points.columns)
    of = _calibration(points, drawn.pop(DATE), base) if DATE in drawn else base
    for label in drawn:  # before any value: a name may tell that the draws are of another date
        if label not in of.ranges:
            raise _no_range(points, label, of)
    columns = {label: _column(points, label, column, of) for label, column in drawn.items()}
    _check_together(points, columns, of)
    found = _alike(Fitted(columns), of, base)
    if not found.columns:
        raise AgentsimError(
            f"{points.heading}: no column is a range that {of.name} and {base.name} mark alike; "
            f"give draws of {base.name}"
        )
    return found


def _alike(found: Fitted, of: Scenario, base: Scenario) -> Fitted:
    """Return those draws, made for one calibration, that hold for another: of ranges marked alike."""
    if of.name == base.name:
        return found
    same = tables.alike(base.ranges, of.ranges)
    return found.of({label: base.ranges[label] for label in found.columns if label in same})


def _calibration(points: Points, column: NDArray[Any], base: Scenario) -> Scenario:
    """Return the calibration that a table names, in every row the same."""
    name = str(column[0])
    if name not in calibrations():
        raise unknown(f"{points.places[0]}: {DATE}", name, calibrations())
    other = np.flatnonzero(column != column[0])
    if other.size:
        row = int(other[0])
        raise AgentsimError(
            f"{points.places[row]}: {DATE} = {shown(str(column[row]))} and {name} above; "
            "draws are of one calibration, give the same in every row"
        )
    return base if name == base.name else Scenario.load(name)


def _column(points: Points, label: str, column: NDArray[Any], of: Scenario) -> Array:
    """Return the draws of a range, all within it, or refuse them with their line."""
    if column.dtype == object:
        raise AgentsimError(
            f"{points.places[0]}: {label} = {shown(column[0])} is no number; give one"
        )
    x, marked = column.astype(float), of.ranges[label]
    # What gives way to another draw may lie below its range; see `clear_of_each_other`.
    low = -np.inf if label in TIED else marked.low
    outside = (x < low - ROUNDED * abs(marked.low)) | (x > marked.high + ROUNDED * abs(marked.high))
    if outside.any():
        row = int(outside.argmax())
        dated = DATE in points.columns
        other = (
            "" if dated else f", or, if the draws are of another date, name it in a column {DATE}"
        )
        raise AgentsimError(
            f"{points.places[row]}: {label} = {x[row]:g} lies outside its marked range of {of.name}, "
            f"{marked.low:g} to {marked.high:g}; mend it, or give a range of your own in [factors]{other}"
        )
    if marked.whole and (broken := x != np.round(x)).any():
        row = int(broken.argmax())
        raise AgentsimError(
            f"{points.places[row]}: {label} = {x[row]:g} is not whole; give a whole number from "
            f"{marked.low:g} to {marked.high:g}"
        )
    return x


def _no_range(points: Points, label: str, of: Scenario) -> AgentsimError:
    """Return the error for a column that the calibration marks no range for."""
    having = [name for name in calibrations() if label in Scenario.load(name).ranges]
    if not having:
        return unknown(f"{points.heading}: marked range", label, of.ranges)
    remedy = "take the column out"
    if DATE not in points.columns:
        remedy += (
            f", or, if the draws are of {having[0]}, add a column {DATE} with {having[0]} in every row, "
            "and those of ranges marked alike are taken"
        )
    return AgentsimError(
        f"{points.heading}: {label} is a marked range of {', '.join(having)} and not of {of.name}; "
        f"{remedy}"
    )


def _check_together(points: Points, columns: Mapping[str, Array], of: Scenario) -> None:
    """Refuse draws that make no market together, with the first line that does not."""
    first, last = 0, len(points)
    if _complaint(columns, of, first, last) is None:
        return
    while last - first > 1:  # the first half has a row that is refused, or the second does
        middle = (first + last) // 2
        first, last = (
            (middle, last) if _complaint(columns, of, first, middle) is None else (first, middle)
        )
    raise AgentsimError(f"{points.places[first]}: {_complaint(columns, of, first, last)}")


def _complaint(columns: Mapping[str, Array], of: Scenario, first: int, last: int) -> str | None:
    """Return what is wrong with some rows of a table, or None. A row alone is given as numbers."""
    tied = {name: np.full(last - first, of[name]) for name in TIED if name in of.ranges}
    rows = {label: x[first:last] for label, x in columns.items()}
    drawn = clear_of_each_other(tied | rows, of.values)
    try:
        of.with_draws({k: x[0] for k, x in drawn.items()} if last - first == 1 else drawn)
    except AgentsimError as error:
        return str(error)
    return None
