"""Reading: from results to what the analyses take, everything by the number of its cell.

>>> results = Results.open("results/sensitivity")
>>> sensitivity_of(results, "customer_share")
>>> discovery_of(results, "customer_share", above=0.95)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agentsim.analysis import discovery, sensitivity
from agentsim.errors import AgentsimError, unknown

if TYPE_CHECKING:
    from agentsim.batch.results import Results

MOST_REASONS = 1000


@dataclass(frozen=True)
class Design:
    """A sampled design: its main cells, and where they lie."""

    kind: str
    dimensions: tuple[str, ...]
    points: pd.DataFrame
    """By cell: `block`, the base sample or trajectory, and the place of the point along each dimension, from 0 to 1."""
    levels: int
    """Levels of a Morris design."""
    second_order: bool


def design_of(results: Results, kinds: tuple[str, ...] = ("sobol", "morris")) -> Design:
    """Return the design of a batch. Raises AgentsimError, one line, if it is of another kind."""
    sampler = results.experiment.sampling
    if sampler.kind not in kinds:
        raise AgentsimError(
            f"{results.folder} has sampler {sampler.kind}, not {' or '.join(kinds)}; "
            f'set sampler = "{kinds[0]}" in the experiment and run it'
        )
    dimensions = tuple(results.experiment.dimensions)
    cells = results.cells[results.cells["kind"] == "main"].set_index("cell")
    places = cells[[f"u{at}" for at in range(len(dimensions))]]
    places.columns = pd.Index(dimensions)
    points = pd.concat([cells[["base"]].rename(columns={"base": "block"}), places], axis=1)
    return Design(sampler.kind, dimensions, points, sampler.levels, sampler.second_order)


def values_of(results: Results, outcome: str) -> pd.Series[float]:
    """Return an outcome by cell: the mean over its runs; NaN where any of them failed.

    The cells of a block are compared run by run: a mean over the runs that are left would compare
    one luck with another. Raises AgentsimError, one line, for an outcome that is not there, and for
    a batch that is not complete.
    """
    if not results.complete or not results.outcomes:
        raise AgentsimError(
            f"{results.folder} is not complete, and only whole cells can be compared; "
            "run the experiment to its end"
        )
    if outcome not in results.outcomes:
        raise unknown("outcome", outcome, results.outcomes)
    found = results.summary(outcomes=outcome, kind="main").set_index("cell")["mean"]
    failed = results.sql("select distinct cell from outcomes where status <> 'ok'")["cell"]
    source = results.cells.set_index("cell")["runs_of"].loc[found.index]
    return found.mask(source.isin(failed)).rename(outcome)


def reasons_of(results: Results) -> dict[int, str]:
    """Return why runs of cells failed, by cell; of the first cells, where there are many."""
    found = results.sql(
        "select cell, count(*) as runs, any_value(status) as why from outcomes "
        f"where status <> 'ok' group by cell order by cell limit {MOST_REASONS}"
    )
    columns = (found[name].tolist() for name in ("cell", "runs", "why"))
    aside = {f"failed: {why}" for why in (results.manifest.get("set_aside") or {}).values()}
    remedy = " (set aside; `agentsim run` with --retry, or retry=True, tries it again)"
    return {
        cell: f"{runs} of its runs {why}{remedy if why in aside else ''}"
        for cell, runs, why in zip(*columns, strict=True)
    }


def sensitivity_of(
    results: Results, outcome: str, top: int = 5, drop_failed: bool = False, ci: float = 0.95
) -> pd.DataFrame:
    """Return how much an outcome depends on each factor, the one that matters most first.

    Of a Sobol' design: first-order and total indices with intervals, and how often each factor is
    among the `top` when blocks are resampled (`in_top`, `rank_low`, `rank_high`). Of a Morris design:
    mean and spread of the elementary effects.
    Raises AgentsimError, one line, for other designs, and for cells without a value, by number.
    """
    design, values = design_of(results), values_of(results, outcome)
    reasons = reasons_of(results)
    dimensions = list(design.dimensions)
    if design.kind == "morris":
        return sensitivity.morris(
            design.points[["block"]], design.points[dimensions], values, dimensions, design.levels,
            ci=ci, drop_failed=drop_failed, reasons=reasons,
        )  # fmt: skip
    table = sensitivity.sobol(
        design.points, values, dimensions, design.second_order, ci=ci, drop_failed=drop_failed,
        reasons=reasons,
    )  # fmt: skip
    certain = sensitivity.rank_certainty(
        design.points, values, dimensions, min(top, len(dimensions)),
        second_order=design.second_order, drop_failed=drop_failed, reasons=reasons,
    )  # fmt: skip
    joined = table.join(certain[["rank", "in_top", "rank_low", "rank_high"]])
    joined.attrs = table.attrs | {"top": top}
    return joined


def discovery_of(
    results: Results,
    outcome: str,
    above: float | None = None,
    below: float | None = None,
    density: float = 0.8,
    drop_failed: bool = False,
) -> discovery.Discovery:
    """Return the box of conditions in which an outcome is above, or below, a bound in most cells.

    Raises AgentsimError, one line, for bounds that make no sense and for cells without a value.
    """
    bound = _bound(above, below)
    holds = _holds(values_of(results, outcome), above, bound)
    conditions = conditions_of(results)
    blocks = results.cells.set_index("cell")["base"].loc[conditions.index]
    return discovery.boxes(
        conditions, holds, density, block=blocks if blocks.duplicated().any() else None,
        drop_failed=drop_failed, reasons=reasons_of(results),
    )  # fmt: skip


def conditions_of(results: Results) -> pd.DataFrame:
    """Return the factors by main cell; of linked factors the first stands for all.

    Of a Saltelli design only the first and the last cell of each block: those between differ from
    them in one factor, and to count a point fifty times over makes nothing surer.
    """
    cells = results.cells[results.cells["kind"] == "main"].set_index("cell")
    if results.experiment.sampling.kind == "sobol":
        block = cells["base"]
        cells = cells[~block.duplicated(keep="first") | ~block.duplicated(keep="last")]
    names = [next(iter(factors)) for factors in results.experiment.dimensions.values()]
    names = names or list(results.factors)  # of a table
    varied = [name for name in names if cells[name].nunique() > 1]
    if not varied:
        raise AgentsimError(f"{results.folder} varies nothing; give it factors and run it again")
    return cells[varied]


def holds_of(
    results: Results, outcome: str, above: float | None = None, below: float | None = None
) -> pd.Series[Any]:
    """Return in which cells an outcome is above, or below, a bound: true or false; NaN if unknown."""
    return _holds(values_of(results, outcome), above, _bound(above, below))


def _bound(above: float | None, below: float | None) -> float:
    given = [(name, x) for name, x in (("above", above), ("below", below)) if x is not None]
    if len(given) == 1 and np.isfinite(given[0][1]):
        return given[0][1]
    told = " and ".join(f"{name} = {x}" for name, x in given) or "neither"
    raise AgentsimError(
        f"above or below must be one number, and {told} is given; "
        "give it as above=0.95, or --above 0.95"
    )


def _holds(values: pd.Series[float], above: float | None, bound: float) -> pd.Series[Any]:
    side = ("above" if above is not None else "below", f"{bound:g}")
    found = (values > bound if above is not None else values < bound).astype(object)
    found[values.isna()] = np.nan
    return found.rename(" ".join((str(values.name), *side)))
