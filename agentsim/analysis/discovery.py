"""Scenario discovery: a box of conditions in which something holds far more often than elsewhere.

PRIM (`prim`) peels the space of conditions from its sides until what is left holds mostly cases of
interest. Three numbers judge a box: its density (how much of it is of interest), its coverage (how
much of what is of interest lies in it) and how many dimensions it restricts.

A box is chosen to look good on the cells it was found with, and intervals with the box held fixed
do not mend that. So a second box is found on half of the cells and judged on the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentsim.analysis.limits import Bools, Limits, full_range, inside, is_text, span
from agentsim.analysis.matching import check_cells, no_value, outcome_name
from agentsim.analysis.prim import Prim, prim
from agentsim.batch.intervals import Interval, ratio_of_means
from agentsim.errors import AgentsimError, shown

KEY = 20260118
LEAST_COVERAGE = 0.2
"""Coverage below which a dense box tells too little, where none is as dense as wanted."""
LEAST_CASES = 5
"""Cells of interest, and others, from which there is a box to look for."""


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
    method = prim(mass_min, peel_alpha)
    for name, given, most in (("density", density, 1.0), ("mass_min", mass_min, 0.5),
                              ("peel_alpha", peel_alpha, 0.5)):  # fmt: skip
        if not 0.0 < given <= most:
            raise AgentsimError(f"{name} = {shown(given)} is not in (0, {most:g}]; give a share")
    x, y, dropped = _matched(conditions, holds, drop_failed, reasons)
    _check_enough(y, outcome_name(holds))
    group = _groups(x.index, block)
    whole = method.peeled(x, y)
    trajectory = whole.trajectory
    chosen = choose(trajectory, density)
    limits = whole.limits(chosen)
    within = inside(x, limits)
    first = _half(group)
    found = _held_out(method, x, y, first, density)
    return Discovery(
        outcome=outcome_name(holds),
        limits=limits,
        ranges={str(name): full_range(x[name]) for name in x.columns},
        quasi_p=whole.quasi_p(chosen),
        density=_share(within & y, within, group),
        coverage=_share(within & y, y, group),
        mass=float(within.mean()),
        base_rate=float(y.mean()),
        held_out_density=_share((found & y)[~first], found[~first], group[~first]),
        held_out_coverage=_share((found & y)[~first], y[~first], group[~first]),
        trajectory=trajectory,
        chosen=chosen,
        wanted=density,
        cells=len(y),
        dropped_cells=dropped,
    )


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
        remedy = f"drop {missing.sum()} of {len(y)} cells with drop_failed=True (--drop-failed)"
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


def _held_out(method: Prim, x: pd.DataFrame, y: Bools, first: Bools, wanted: float) -> Bools:
    """Return which cells lie in the box that is found on the first half of them."""
    if not 0 < y[first].sum() < first.sum():
        return np.zeros(len(y), dtype=np.bool_)
    found = method.peeled(x[first], y[first])
    return inside(x, found.limits(choose(found.trajectory, wanted)))
