"""Scenario discovery: a box of conditions in which something holds far more often than elsewhere.

PRIM (the patient rule induction method), as the EMA Workbench has it, peels the space of
conditions from its sides until what is left holds mostly cases of interest. Three numbers judge a
box: its density (how much of it is of interest), its coverage (how much of what is of interest
lies in it) and how many dimensions it restricts.

A box is chosen to look good on the cells it was found with, and intervals with the box held fixed
do not mend that. So a second box is found on half of the cells and judged on the others.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentsim.analysis.matching import check_cells, no_value, outcome_name
from agentsim.batch.intervals import Interval, ratio_of_means
from agentsim.errors import AgentsimError, shown

KEY = 20260118
LEAST_COVERAGE = 0.2
"""Coverage below which a dense box tells too little, where none is as dense as wanted."""
LEAST_CASES = 5
"""Cells of interest, and others, from which there is a box to look for."""

Limits = tuple[float, float] | tuple[str, ...]
"""The least and the greatest number within a box, or the texts within it."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Discovery:
    """A box of conditions, how good it is, and the trajectory of boxes it was chosen from."""

    outcome: str
    """What holds, as its Series is called."""
    limits: dict[str, Limits]
    """Of each restricted dimension, narrowest first; empty where no condition is needed."""
    ranges: dict[str, Limits]
    """Of every dimension in all cells."""
    quasi_p: dict[str, tuple[float, float]]
    """Chance of so dense a box without the lower and the upper limit of a dimension; NaN where a
    side is not limited; texts have one, in front. They do not allow for the search."""
    density: Interval
    """Share of the cells in the box in which it holds; resampled with the box held fixed."""
    coverage: Interval
    """Share of the cells in which it holds that lie in the box; as density."""
    mass: float
    """Share of all cells that lie in the box."""
    base_rate: float
    """Share of all cells in which it holds: the density without any box."""
    held_out_density: Interval
    """Density of a box found by the same rule on half of the cells, in the other half."""
    held_out_coverage: Interval
    trajectory: pd.DataFrame
    """A row a box, from all cells on: cells, of_interest, density, coverage, mass, dimensions."""
    chosen: int
    """The row of the trajectory that is this box."""
    wanted: float
    """The density that was asked for."""
    cells: int
    dropped_cells: int

    @property
    def reached(self) -> bool:
        """Whether the box is as dense as wanted."""
        return bool(self.trajectory["density"].iloc[self.chosen] >= self.wanted)

    @property
    def table(self) -> pd.DataFrame:
        """The box, a row a restricted dimension: low, high, texts, qp_low and qp_high."""
        rows = []
        for name, limits in self.limits.items():
            texts = is_text(limits)
            low, high = (np.nan, np.nan) if texts else span(limits)
            qp_low, qp_high = self.quasi_p[name]
            rows.append((low, high, ", ".join(map(str, limits)) if texts else "", qp_low, qp_high))
        columns = ["low", "high", "texts", "qp_low", "qp_high"]
        return pd.DataFrame(rows, pd.Index(list(self.limits), name="dimension"), columns)

    def inside(self, conditions: pd.DataFrame) -> pd.Series[bool]:
        """Return which rows lie in the box, limits included."""
        return pd.Series(inside(conditions, self.limits), conditions.index)


def boxes(
    conditions: pd.DataFrame,
    holds: pd.Series[Any],
    density: float = 0.8,
    mass_min: float = 0.05,
    peel_alpha: float = 0.05,
    block: pd.Series[Any] | None = None,
    drop_failed: bool = False,
    reasons: Mapping[int, str] | None = None,
) -> Discovery:
    """Return the box of conditions in which something holds.

    conditions: indexed by cell, a column a dimension: numbers, or texts and truths, which a box
        restricts to some of them.
    holds: truths indexed by cell, in any order; NaN where a cell has no outcome.
    density: the share of cases of interest wanted in the box.
    mass_min, peel_alpha: PRIM's: the least share of all cells in a box, and what a peel takes off.
    block: indexed by cell, which cells belong together, as those of a Saltelli block, which differ
        in a dimension or two. They are resampled, and held out, together.
    drop_failed: leave out cells without an outcome, instead of refusing.

    Of the boxes as dense as wanted, those that restrict the fewest dimensions, and of these the one
    with the greatest coverage. If no box is as dense, the densest of those that cover a fifth.
    The same cells give the same box, whatever their order.
    Raises AgentsimError for what cannot be matched, nothing to look for, and without EMA Workbench.
    """
    make = _ema()
    for name, given, most in (("density", density, 1.0), ("mass_min", mass_min, 0.5),
                              ("peel_alpha", peel_alpha, 0.5)):  # fmt: skip
        if not 0.0 < given <= most:
            raise AgentsimError(f"{name} = {shown(given)} is not in (0, {most:g}]; give a share")
    x, y, dropped = _matched(conditions, holds, drop_failed, reasons)
    _check_enough(y, outcome_name(holds))
    group = _groups(x.index, block)
    whole = _search(make, x, y, density, mass_min, peel_alpha)
    within = inside(x, whole.limits)
    first = _half(group)
    found = _held_out(make, x, y, first, density, mass_min, peel_alpha)
    return Discovery(
        outcome=outcome_name(holds),
        limits=whole.limits,
        ranges={str(name): _range(x[name]) for name in x.columns},
        quasi_p=whole.quasi_p,
        density=_share(within & y, within, group),
        coverage=_share(within & y, y, group),
        mass=float(within.mean()),
        base_rate=float(y.mean()),
        held_out_density=_share((found & y)[~first], found[~first], group[~first]),
        held_out_coverage=_share((found & y)[~first], y[~first], group[~first]),
        trajectory=whole.trajectory,
        chosen=whole.chosen,
        wanted=density,
        cells=len(y),
        dropped_cells=dropped,
    )


def is_text(limits: Limits) -> bool:
    """Say whether the limits of a dimension are the texts within it."""
    return isinstance(limits[0], str)


def span(limits: Limits) -> tuple[float, float]:
    """Return the least and the greatest number of limits that are numbers."""
    low, high = limits
    return float(low), float(high)


def choose(trajectory: pd.DataFrame, wanted: float) -> int:
    """Return the row of a trajectory that is chosen, by the rule told in `boxes`."""
    rows = trajectory.assign(place=range(len(trajectory)))
    dense = rows[rows["density"] >= wanted]
    if len(dense):
        order, ascending = (
            ["dimensions", "coverage", "density", "place"],
            [True, False, False, True],
        )
    else:
        dense = rows[rows["coverage"] >= LEAST_COVERAGE]
        order, ascending = (
            ["density", "dimensions", "coverage", "place"],
            [False, True, False, True],
        )
    return int(dense.sort_values(order, ascending=ascending)["place"].iloc[0])


# What is looked at


def _matched(
    conditions: pd.DataFrame,
    holds: pd.Series[Any],
    drop_failed: bool,
    reasons: Mapping[int, str] | None,
) -> tuple[pd.DataFrame, Bools, int]:
    """Return conditions and truths of the same cells, ascending, and how many were dropped."""
    check_cells("conditions", conditions.index)
    check_cells(outcome_name(holds), holds.index)
    if not conditions.columns.is_unique or not len(conditions.columns):
        raise AgentsimError("conditions needs columns of different names; give one a dimension")
    x = conditions.sort_index()
    for name in x.columns:
        if x[name].isna().any():
            raise AgentsimError(
                f"{name} of cell {x.index[x[name].isna()][0]} is missing; give every condition"
            )
    y = holds.reindex(x.index)
    missing = y.isna().to_numpy()
    if missing.any() and not drop_failed:
        remedy = f"drop {missing.sum()} of {len(y)} cells with drop_failed=True"
        raise no_value(holds, x.index.to_numpy()[missing], {}, reasons, remedy)
    x, y = x[~missing], y[~missing]
    if not y.isin([0, 1]).all():
        odd = y[~y.isin([0, 1])]
        raise AgentsimError(
            f"{outcome_name(holds)} = {shown(odd.iloc[0])} in cell {odd.index[0]} is neither true "
            "nor false; compare the outcome with a threshold"
        )
    return x, y.to_numpy(dtype=np.bool_), int(missing.sum())


def _check_enough(y: Bools, name: str) -> None:
    """Refuse an outcome that hardly ever, or nearly always, holds."""
    for found, told in ((int(y.sum()), "holds"), (int((~y).sum()), "does not hold")):
        if found < LEAST_CASES:
            raise AgentsimError(
                f"{name} {told} in {found} of {len(y)} cells, fewer than {LEAST_CASES}, so that "
                "there is no box to look for; choose another threshold or run more cells"
            )


def _groups(cells: pd.Index[Any], block: pd.Series[Any] | None) -> NDArray[np.int64]:
    """Return which cells belong together, numbered from 0."""
    if block is None:
        return np.arange(len(cells))
    check_cells("block", block.index)
    found = block.reindex(cells)
    if found.isna().any():
        raise AgentsimError(f"block has no cell {cells[found.isna()][0]}; give one for every cell")
    return np.asarray(np.unique(found.to_numpy(), return_inverse=True)[1])


def _half(group: NDArray[np.int64]) -> Bools:
    """Return which cells a box is found on, when it is judged on the others: half of the groups.

    By lot and not every other one: in a Sobol' sequence every other point has its first coordinate
    in the same half, and in a grid the same level of its last factor.
    """
    count = int(group.max()) + 1
    rng = np.random.Generator(np.random.Philox(key=[KEY, count]))
    return np.isin(group, rng.permutation(count)[: (count + 1) // 2])


def _share(part: Bools, of: Bools, group: NDArray[np.int64]) -> Interval:
    """Return a share of cells with its bootstrap interval over groups of cells."""
    _, place = np.unique(group, return_inverse=True)
    return ratio_of_means(
        np.bincount(place, weights=part.astype(np.float64)),
        np.bincount(place, weights=of.astype(np.float64)),
    )


# PRIM


@dataclass(frozen=True)
class _Found:
    """What a search has found."""

    limits: dict[str, Limits]
    quasi_p: dict[str, tuple[float, float]]
    trajectory: pd.DataFrame
    chosen: int


def _ema() -> Any:
    """Return EMA Workbench's Prim.

    Its import sets the palette of every figure made after it, which is taken back here.
    """
    try:
        import matplotlib as mpl

        with mpl.rc_context(), _quiet():
            from ema_workbench.analysis.prim import Prim
    except ImportError:
        raise AgentsimError(
            "scenario discovery needs EMA Workbench; pip install 'agentsim[discovery]'"
        ) from None
    return Prim


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


def _search(
    make: Any, x: pd.DataFrame, y: Bools, wanted: float, mass_min: float, peel_alpha: float
) -> _Found:
    """Return the box that PRIM finds and the rule chooses."""
    coded, texts = _coded(x)
    with _quiet():
        box = make(coded, y.astype(np.int64), mass_min=mass_min, peel_alpha=peel_alpha).find_box()
    columns = {
        "n": "cells",
        "k": "of_interest",
        "density": "density",
        "coverage": "coverage",
        "mass": "mass",
        "res_dim": "dimensions",
    }
    trajectory = box.peeling_trajectory[list(columns)].rename(columns=columns)
    whole = {each: np.int64 for each in ("cells", "of_interest", "dimensions")}
    trajectory = trajectory.astype(whole).reset_index(drop=True)
    chosen = choose(trajectory, wanted)
    found, initial = box.box_lims[chosen], box.box_lims[0]
    limits: dict[str, Limits] = {}
    quasi_p = {}
    for code, pair in box.p_values[chosen].items():
        name = str(x.columns[int(code[1:])])
        limits[name] = _limits(found[code], texts.get(code))
        quasi_p[name] = (_p(pair[0]), _p(pair[1]))
    widths = {
        str(x.columns[int(code[1:])]): _width(found[code], initial[code])
        for code in box.p_values[chosen]
    }
    narrowest = sorted(limits, key=lambda name: widths[name])
    return _Found(
        {name: limits[name] for name in narrowest},
        {name: quasi_p[name] for name in narrowest},
        trajectory,
        chosen,
    )


def _held_out(
    make: Any,
    x: pd.DataFrame,
    y: Bools,
    first: Bools,
    wanted: float,
    mass_min: float,
    peel_alpha: float,
) -> Bools:
    """Return which cells lie in the box that is found on the first half of them."""
    if not 0 < y[first].sum() < first.sum():
        return np.zeros(len(y), dtype=np.bool_)
    return inside(x, _search(make, x[first], y[first], wanted, mass_min, peel_alpha).limits)


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


def is_number(column: pd.Series[Any]) -> bool:
    """Say whether a condition is a number; a truth is not."""
    kind = column.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)


def _range(column: pd.Series[Any]) -> Limits:
    """Return the least and the greatest number of a condition, or its texts."""
    if is_number(column):
        return float(column.min()), float(column.max())
    return tuple(sorted(set(column.astype(str))))


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


def inside(x: pd.DataFrame, limits: Mapping[str, Limits]) -> Bools:
    """Return which rows of conditions lie within limits."""
    within: Bools = np.ones(len(x), dtype=np.bool_)
    for name, each in limits.items():
        column = x[name]
        if is_text(each):
            within = within & column.astype(str).isin(each).to_numpy()
        else:
            within = within & column.between(*span(each)).to_numpy()
    return np.asarray(within, dtype=np.bool_)
