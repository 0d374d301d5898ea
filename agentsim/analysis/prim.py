"""PRIM, the patient rule induction method, as the EMA Workbench has it.

It peels the space of conditions from its sides, a little at a time, which gives a trajectory of
boxes: from all cells on, ever smaller and denser.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from agentsim.analysis.limits import Bools, Limits, is_number
from agentsim.errors import AgentsimError

COLUMNS = {
    "n": "cells",
    "k": "of_interest",
    "density": "density",
    "coverage": "coverage",
    "mass": "mass",
    "res_dim": "dimensions",
}
"""Of a trajectory, as the EMA Workbench calls them and as they are called here."""


@dataclass(frozen=True)
class Prim:
    """PRIM, told how to peel."""

    make: Any
    """The EMA Workbench's class."""
    mass_min: float
    """The least share of all cells in a box."""
    peel_alpha: float
    """The share of the cells in a box that a peel takes off."""

    def peeled(self, x: pd.DataFrame, y: Bools) -> Peeled:
        """Return the boxes of conditions, whatever is of interest in them."""
        coded, texts = _coded(x)
        with _quiet():
            box = self.make(
                coded, y.astype(np.int64), mass_min=self.mass_min, peel_alpha=self.peel_alpha
            ).find_box()
        names = {code: str(x.columns[int(code[1:])]) for code in coded.columns}
        return Peeled(box, names, texts)


@dataclass(frozen=True)
class Peeled:
    """The trajectory of boxes that a peeling went through."""

    box: Any
    """The EMA Workbench's box, which keeps all that there were."""
    names: dict[str, str]
    """Of dimensions, by code."""
    texts: dict[str, Sequence[str]]
    """Of dimensions that are text, by code."""

    @property
    def trajectory(self) -> pd.DataFrame:
        """A row a box: cells, of_interest, density, coverage, mass, dimensions."""
        found: pd.DataFrame = self.box.peeling_trajectory[list(COLUMNS)].rename(columns=COLUMNS)
        whole = {each: np.int64 for each in ("cells", "of_interest", "dimensions")}
        return found.astype(whole).reset_index(drop=True)

    def limits(self, row: int) -> dict[str, Limits]:
        """Return the limits of a box by restricted dimension, narrowest first."""
        found = self.box.box_lims[row]
        return {
            self.names[code]: _limits(found[code], self.texts.get(code))
            for code in self._narrowest(row)
        }

    def quasi_p(self, row: int) -> dict[str, tuple[float, float]]:
        """Return the quasi-p-values of both limits by restricted dimension, narrowest first."""
        found = self.box.p_values[row]
        return {
            self.names[code]: (_p(found[code][0]), _p(found[code][1]))
            for code in self._narrowest(row)
        }

    def _narrowest(self, row: int) -> list[str]:
        """Return the codes of the dimensions that a box restricts, narrowest first."""
        found, initial = self.box.box_lims[row], self.box.box_lims[0]
        return sorted(self.box.p_values[row], key=lambda code: _width(found[code], initial[code]))


def prim(mass_min: float, peel_alpha: float) -> Prim:
    """Return PRIM. Raises AgentsimError, one line, without the EMA Workbench.

    Its import sets the palette of every figure made after it, which is taken back here.
    """
    try:
        import matplotlib as mpl

        with mpl.rc_context(), _quiet():
            from ema_workbench.analysis import prim as workbench
    except ImportError:
        raise AgentsimError(
            "scenario discovery needs EMA Workbench; pip install 'agentsim[discovery]'"
        ) from None
    return Prim(workbench.Prim, mass_min, peel_alpha)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what EMA Workbench logs, warns of and prints from whoever asked only for a box."""
    logger = logging.getLogger("EMA")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _coded(x: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Sequence[str]]]:
    """Return conditions as PRIM takes them, under names of their own, and the texts by code.

    PRIM would leave out a column called `scenario`; it peels texts in the order of a set, which
    changes from process to process, where small whole numbers keep theirs; and it truncates limits
    of whole numbers. Conditions that never change have no limits.
    """
    columns: dict[str, Any] = {}
    texts: dict[str, Sequence[str]] = {}
    for place, name in enumerate(x.columns):
        code, column = f"c{place}", x[name]
        if column.nunique() < 2:
            continue
        if is_number(column):
            columns[code] = column.to_numpy(dtype=np.float64)
        else:
            known, at = np.unique(column.astype(str).to_numpy(dtype=object), return_inverse=True)
            texts[code] = [str(each) for each in known]
            columns[code] = pd.Categorical(at, categories=range(len(known)))
    if not columns:
        raise AgentsimError("conditions are the same in every cell; give cells that differ")
    return pd.DataFrame(columns), texts


def _limits(pair: pd.Series[Any], texts: Sequence[str] | None) -> Limits:
    if texts is None:
        return float(pair.iloc[0]), float(pair.iloc[1])
    return tuple(texts[int(each)] for each in sorted(pair.iloc[0]))


def _width(pair: pd.Series[Any], initial: pd.Series[Any]) -> float:
    """Return how much of the range of a dimension is within a box."""
    if isinstance(pair.iloc[0], set):
        return len(pair.iloc[0]) / len(initial.iloc[0])
    return float((pair.iloc[1] - pair.iloc[0]) / (initial.iloc[1] - initial.iloc[0]))


def _p(value: Any) -> float:
    """Return a quasi-p-value; PRIM writes -1 where there is none."""
    return float(value) if value >= 0.0 else float("nan")
