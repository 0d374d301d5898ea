"""Sensitivity: which dimensions an outcome depends on, by Sobol' indices and Morris' effects.

The estimates and their intervals are SALib's. How sure a ranking is, is asked of a bootstrap over
the blocks of the design, in which all dimensions are ranked at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from agentsim.analysis.matching import Matched, check_columns, matched
from agentsim.errors import AgentsimError, shown, whole
from agentsim.laws.numerics import Array

KEY = 20260117
CHUNK = 100
"""Resamples that are held in memory at once."""
SAME = 1e-6
"""Distance in the unit cube within which two points agree."""


def sobol(
    points: pd.DataFrame,
    values: pd.Series[Any],
    dimensions: Sequence[str],
    second_order: bool = False,
    resamples: int = 1000,
    ci: float = 0.95,
    entropy: int = 0,
    drop_failed: bool = False,
    reasons: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """Return first-order and total Sobol' indices, shares of the outcome's variance.

    points: a Saltelli design, indexed by cell with a column `block`: blocks of k + 2 cells for
        k dimensions, or 2k + 2 for second order, in SALib's order. Where it has columns of the
        dimensions, they are checked against that order.
    values: the outcome, indexed by cell, in any order.
    drop_failed: leave out blocks in which a cell has no value; each is one base sample.
    reasons: why cells have no value, by cell, for the message.

    A row a dimension, greatest total index first: first, first_low, first_high, total, total_low,
    total_high. Intervals are the estimate and its bootstrapped standard error, so that they may
    reach below 0 or above 1 as the estimates themselves do. In `attrs`: ci, blocks,
    dropped_blocks and, of second order, pairs (see `pairs`).
    Raises AgentsimError as `matched` does, and without SALib.
    """
    analyze = _salib("sobol").analyze
    _check(resamples, ci)
    found = _saltelli(points, values, dimensions, second_order, drop_failed, reasons)
    result = analyze(
        _problem(dimensions),
        found.y.ravel(),
        calc_second_order=second_order,
        num_resamples=resamples,
        conf_level=ci,
        seed=_seed(entropy),
    )
    columns: dict[str, Array] = {}
    for ours, theirs in (("first", "S1"), ("total", "ST")):
        columns |= _interval(ours, result[theirs], result[f"{theirs}_conf"])
    table = pd.DataFrame(columns, index=pd.Index(list(dimensions), name="dimension"))
    table = table.sort_values("total", ascending=False, kind="stable")
    table.attrs |= {"ci": ci, "blocks": len(found.y), "dropped_blocks": found.dropped}
    if second_order:
        table.attrs["pairs"] = _pair_records(result, dimensions)
    return table


def pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Return the second-order indices of a table of `sobol`, the greatest first.

    A row a pair: one, other, second, second_low, second_high.
    """
    if "pairs" not in table.attrs:
        raise AgentsimError("table has no pairs; make it with sobol(..., second_order=True)")
    columns = ["one", "other", "second", "second_low", "second_high"]
    found = pd.DataFrame(table.attrs["pairs"], columns=columns)
    return found.sort_values("second", ascending=False, kind="stable", ignore_index=True)


def morris(
    points: pd.DataFrame,
    unit: pd.DataFrame,
    values: pd.Series[Any],
    dimensions: Sequence[str],
    levels: int,
    resamples: int = 1000,
    ci: float = 0.95,
    entropy: int = 0,
    drop_failed: bool = False,
    reasons: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """Return Morris' elementary effects: change of the outcome per full range of a dimension.

    points: indexed by cell with a column `block`: a block is a trajectory of k + 1 cells.
    unit: the same cells in the unit cube, a column a dimension from 0 to 1.
    values: the outcome, indexed by cell, in any order.
    levels: of the grid that the trajectories walk on, even.
    drop_failed: leave out trajectories in which a cell has no value.

    A row a dimension, greatest mu_star first, in the outcome's unit: mu, mu_star, mu_star_low,
    mu_star_high, sigma. In `attrs`: ci, blocks and dropped_blocks, in trajectories.
    Raises AgentsimError as `matched` does, for trajectories that are none, and without SALib.
    """
    analyze = _salib("morris").analyze
    _check(resamples, ci)
    if whole("levels", levels) < 2 or levels % 2:
        raise AgentsimError(f"levels = {levels} is not an even number from 2; give the design's")
    check_columns("unit", unit, dimensions)
    found = matched(points, values, len(dimensions) + 1, drop_failed, reasons)
    result = analyze(
        _problem(dimensions),
        _trajectories(found, unit, dimensions, levels),
        found.y.ravel(),
        num_resamples=resamples,
        conf_level=ci,
        num_levels=levels,
        seed=_seed(entropy),
    )
    columns = {"mu": np.asarray(result["mu"])}
    columns |= _interval("mu_star", result["mu_star"], result["mu_star_conf"])
    columns["sigma"] = np.asarray(result["sigma"])
    table = pd.DataFrame(columns, index=pd.Index(list(dimensions), name="dimension"))
    table = table.astype(np.float64).sort_values("mu_star", ascending=False, kind="stable")
    table.attrs |= {"ci": ci, "blocks": len(found.y), "dropped_blocks": found.dropped}
    return table


def rank_certainty(
    points: pd.DataFrame,
    values: pd.Series[Any],
    dimensions: Sequence[str],
    top: int = 5,
    resamples: int = 1000,
    entropy: int = 0,
    second_order: bool = False,
    drop_failed: bool = False,
    reasons: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """Return how sure the ranking by total index is, from a bootstrap over blocks.

    Each resample draws as many blocks as there are, with replacement, and ranks all dimensions
    anew. The arguments are those of `sobol`.

    A row a dimension, greatest total first: total, rank (1 is the greatest), in_top, the share of
    resamples in which it is among the `top` dimensions, and rank_low and rank_high, between which
    95% of its ranks lie. In `attrs`: top, blocks and dropped_blocks.
    """
    _check(resamples, 0.95)
    if not 1 <= whole("top", top) <= len(dimensions):
        raise AgentsimError(f"top = {top} of {len(dimensions)} dimensions; give 1 up to all")
    found = _saltelli(points, values, dimensions, second_order, drop_failed, reasons)
    totals = np.concatenate(
        [
            total_indices(found.y, len(dimensions), each)
            for each in _draws(found, resamples, entropy)
        ]
    )
    total = total_indices(found.y, len(dimensions))
    ranks = _ranks(totals)
    low, high = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
    table = pd.DataFrame(
        {
            "total": total[0],
            "rank": _ranks(total)[0],
            "in_top": (ranks <= top).mean(axis=0),
            "rank_low": low.astype(np.int64),
            "rank_high": high.astype(np.int64),
        },
        index=pd.Index(list(dimensions), name="dimension"),
    )
    table = table.sort_values("total", ascending=False, kind="stable")
    table.attrs |= {"top": top, "blocks": len(found.y), "dropped_blocks": found.dropped}
    return table


def total_indices(y: Array, dimensions: int, weights: Array | None = None) -> Array:
    """Return total Sobol' indices by Jansen's estimator, of each resample `(resamples, dimensions)`.

    y: outcomes of a Saltelli design `(blocks, cells of a block)`.
    weights: how often each resample draws each block `(resamples, blocks)`; without, once each.
    As SALib has it: half the mean of (f(A) - f(AB))^2, over the variance of f(A) and f(B) together.
    """
    if weights is None:
        weights = np.ones((1, len(y)))
    y = (y - y.mean()) / y.std()  # keeps figures; SALib does so too
    base, other, crossed = y[:, 0], y[:, -1], y[:, 1 : dimensions + 1]
    drawn = weights.sum(axis=1)
    mean = weights @ (base + other) / (2.0 * drawn)
    variance = weights @ (base**2 + other**2) / (2.0 * drawn) - mean**2
    unexplained = 0.5 * (weights @ (base[:, None] - crossed) ** 2) / drawn[:, None]
    # A resample whose outcomes are all alike has nothing to explain.
    some = variance > np.finfo(np.float64).eps
    return np.divide(
        unexplained, variance[:, None], out=np.zeros_like(unexplained), where=some[:, None]
    )


# What SALib is given


def _salib(method: str) -> Any:
    """Return a module of SALib's analyses."""
    try:
        from SALib.analyze import morris as of_morris
        from SALib.analyze import sobol as of_sobol
    except ImportError:
        raise AgentsimError(
            "sensitivity analysis needs SALib; pip install 'agentsim[sensitivity]'"
        ) from None
    return {"sobol": of_sobol, "morris": of_morris}[method]


def _problem(dimensions: Sequence[str]) -> dict[str, Any]:
    """Return what SALib calls a problem; analyses do not look at the bounds."""
    names = list(dimensions)
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _seed(entropy: int) -> int:
    """Return a seed that is not 0, which SALib takes for none and then draws from global state."""
    if whole("entropy", entropy) < 0:
        raise AgentsimError(f"entropy = {entropy} is negative; give 0 or more")
    return int(np.random.SeedSequence([KEY, entropy]).generate_state(1)[0]) | 1


def _check(resamples: int, ci: float) -> None:
    if whole("resamples", resamples) < 2:
        raise AgentsimError(f"resamples = {resamples} is too few; give 2 or more, as 1000")
    if not 0.0 < ci < 1.0:
        raise AgentsimError(f"ci = {shown(ci)} is no level between 0 and 1; give one, as 0.95")


def _interval(name: str, value: Any, half: Any) -> dict[str, Array]:
    """Return columns of an estimate and its bounds; SALib's confidence is half the width."""
    value, half = np.asarray(value, dtype=np.float64), np.asarray(half, dtype=np.float64)
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def _pair_records(result: Any, dimensions: Sequence[str]) -> list[dict[str, Any]]:
    """Return second-order indices, a record a pair, which fit into a table's `attrs`."""
    found = []
    for i, one in enumerate(dimensions):
        for j in range(i + 1, len(dimensions)):
            bounds = _interval("second", result["S2"][i, j], result["S2_conf"][i, j])
            numbers = {name: float(each) for name, each in bounds.items()}
            found.append({"one": one, "other": dimensions[j], **numbers})
    return found


# Designs


def _saltelli(
    points: pd.DataFrame,
    values: pd.Series[Any],
    dimensions: Sequence[str],
    second_order: bool,
    drop_failed: bool,
    reasons: Mapping[int, str] | None,
) -> Matched:
    """Return the outcomes of a Saltelli design, its order checked where `points` shows it."""
    there = [each for each in dimensions if each in points.columns]
    if there or not dimensions:
        check_columns("points", points, dimensions)
    count = len(dimensions)
    size = 2 * count + 2 if second_order else count + 2
    found = matched(points, values, size, drop_failed, reasons)
    if there:
        for place, dimension in enumerate(dimensions):
            _check_order(points[dimension], dimension, place, found, count)
    return found


def _check_order(
    column: pd.Series[Any], dimension: str, place: int, found: Matched, count: int
) -> None:
    """Refuse a design in which a dimension changes elsewhere than where SALib has it change.

    A block is A, then A with one dimension of B after the other, for second order B with one of A
    after the other, then B.
    """
    x = column.loc[found.cells.ravel()].to_numpy().reshape(found.cells.shape)
    from_b = np.zeros(found.cells.shape[1], dtype=bool)
    from_b[count + 1 :] = True
    from_b[place + 1] = True
    if found.cells.shape[1] > count + 2:
        from_b[count + 1 + place] = False
    wrong = x != np.where(from_b, x[:, -1:], x[:, :1])
    if wrong.any():
        raise AgentsimError(
            f"{dimension} of cell {found.cells[wrong][0]} is not where a Saltelli design has it; "
            "give dimensions in the design's order, and cells numbered in the sample's"
        )


def _trajectories(
    found: Matched, unit: pd.DataFrame, dimensions: Sequence[str], levels: int
) -> Array:
    """Return the points of Morris' trajectories `(cells, dimensions)`, rid of rounding.

    SALib takes any difference for a step, however small, and the step's length for granted.
    """
    absent = np.setdiff1d(found.cells, unit.index.to_numpy())
    if len(absent):
        raise AgentsimError(f"unit has no cell {absent[0]}; give the unit cube of all of points")
    x = unit.loc[found.cells.ravel(), list(dimensions)].to_numpy(dtype=np.float64)
    x = x.reshape(*found.cells.shape, len(dimensions))
    steps = np.diff(x, axis=1)
    steps[np.abs(steps) < SAME] = 0.0
    moved = steps != 0.0
    length = levels / (2.0 * (levels - 1.0))
    sound = (
        (moved.sum(axis=2) == 1).all(axis=1)
        & (moved.sum(axis=1) == 1).all(axis=1)
        & (np.abs(np.abs(steps).sum(axis=2) - length) < SAME).all(axis=1)
    )
    if not sound.all():
        cell = found.cells[~sound][0, 0]
        raise AgentsimError(
            f"the trajectory from cell {cell} does not move each dimension once by {length:.4g}; "
            f"give the unit cube of the design, its dimensions and levels (now {levels})"
        )
    clean = np.concatenate([x[:, :1], x[:, :1] + np.cumsum(steps, axis=1)], axis=1)
    return clean.reshape(-1, len(dimensions))


# Ranks


def _draws(found: Matched, resamples: int, entropy: int) -> Iterator[Array]:
    """Yield how often each resample draws each block, `(resamples of a chunk, blocks)`."""
    rng = np.random.default_rng(_seed(entropy))
    blocks = len(found.y)
    for start in range(0, resamples, CHUNK):
        count = min(CHUNK, resamples - start)
        picked = rng.integers(0, blocks, (count, blocks)) + np.arange(count)[:, None] * blocks
        counts = np.bincount(picked.ravel(), minlength=count * blocks)
        yield counts.reshape(count, blocks).astype(np.float64)


def _ranks(totals: Array) -> Array:
    """Return ranks along the last axis, 1 for the greatest; equals share the better rank."""
    ordered = np.sort(-totals, axis=-1)
    rows = zip(ordered, -totals, strict=True)
    return np.stack([np.searchsorted(row, asked, side="left") + 1 for row, asked in rows])
