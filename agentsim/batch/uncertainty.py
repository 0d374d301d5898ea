"""Uncertainty: where the draws of an experiment come from.

"marked"      every marked range of the calibration, as a Latin hypercube
"calibrated"  the draws that history does not contradict (`agentsim.calibration.fitted`), and the
              marked ranges of all that it was not asked about
FILE.csv      the same with a table of one's own
"none"        nothing is drawn
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agentsim.batch.points import sample_table
from agentsim.calibration import fitted as tables
from agentsim.calibration.draws import clear_of_each_other
from agentsim.calibration.fitted import Fitted
from agentsim.errors import AgentsimError, unknown
from agentsim.scenario import Scenario

KINDS = ("calibrated", "marked", "none")
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
    path = Path(uncertainty)
    points = sample_table(path)
    columns = {}
    for label, column in points.columns.items():
        if label not in base.ranges:
            raise unknown(f"{points.heading}: marked range", label, base.ranges)
        if column.dtype == object:
            raise AgentsimError(
                f"{points.places[0]}: {label} = {column[0]!r} is no number; give one"
            )
        columns[label] = column.astype(float)
    tied = {name: np.full(len(points), base[name]) for name in TIED if name in base.ranges}
    try:
        base.with_draws(clear_of_each_other(tied | columns, base.values))
    except AgentsimError as error:
        raise AgentsimError(f"{path}, counting draws from 0 as runs: {error}") from None
    return Fitted(columns)


def _shipped(base: Scenario) -> Fitted:
    found = tables.shipped()
    if base.name == tables.BASE:
        return found
    same = tables.alike(base.ranges, Scenario.load(tables.BASE).ranges)
    return found.of({label: base.ranges[label] for label in found.columns if label in same})
