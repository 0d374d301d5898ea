"""Cautions: what about a plan is worth a second thought, though nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from agentsim.batch.cells import LABELS, NONE
from agentsim.batch.design import Experiment
from agentsim.batch.engine import TIME_LIMIT
from agentsim.batch.manifest import luck_of
from agentsim.batch.plan import Plan
from agentsim.batch.summaries import SHARES
from agentsim.batch.trial import Trial

MOST_NAMED = 3


def cautions(experiment: Experiment, plan: Plan, tried: Trial | None, free: int) -> Iterator[str]:
    """Yield a line for each; free: bytes on the disk that results go to."""
    kind = experiment.sampling.kind
    if plan.runs == 1 and kind in ("factorial", "table"):
        yield "runs = 1 leaves no interval within a cell; give runs = 2 or more"
    if plan.runs == 1 and experiment.adaptive is not None:
        yield "runs = 1 leaves adaptive nothing to go by, and no run is added; give runs = 2 or more"
    if kind not in ("factorial", "table") and luck_of(plan) == "shared" and len(plan.cells) > 1:
        yield (
            f'luck = "shared" with sampler {kind} makes intervals those of one luck alone; '
            "leave luck out"
        )
    yield from _idle(plan)
    yield from _left_behind(plan)
    for share, (num, den) in SHARES.items():
        missing = [each for each in (num, den) if each not in plan.kept.outcomes]
        if share in plan.kept.outcomes and missing:
            yield (
                f"outcomes: {share} without {' and '.join(missing)} leaves no interval of the share "
                f"of means, only of the mean of shares; add {' and '.join(missing)}"
            )
    if tried is None:
        return
    if tried.failed:
        yield (
            f"{tried.failed:,} of {tried.runs:,} runs of the trial failed, most of them: "
            f"{tried.reason}"
        )
    if tried.most.most_size > free:
        yield (
            f"disk: about {tried.most.most_size / 1e9:.2g} GB are needed and {free / 1e9:.2g} GB are "
            "free; keep fewer outcomes or series, or give fewer runs"
        )
    if tried.chunk_seconds > TIME_LIMIT and not tried.rough:
        yield (
            f"a chunk takes about {tried.chunk_seconds:,.0f} s, and {TIME_LIMIT:g} s are its limit; "
            "lower --chunk-runs, or raise --time-limit"
        )


def _idle(plan: Plan) -> Iterator[str]:
    """Yield in which cells nothing differs from others, though their labels do."""
    cells = plan.cells
    same = np.flatnonzero(cells.same_as != NONE)
    other = cells.same_as[same]

    def differs(name: str) -> Any:
        column = cells.labels[name]
        a, b = column[same], column[other]
        if column.dtype == object:
            return np.asarray(a != b, dtype=bool)
        return (a != b) & ~(np.isnan(a) & np.isnan(b))

    factors = [name for name in cells.labels if name not in LABELS]
    alike = ~np.any([differs(name) for name in LABELS], axis=0)
    if alike.any():
        idle = [name for name in factors if differs(name)[alike].any()]
        if idle:
            does = "does" if len(idle) == 1 else "do"
            yield (
                f"{alike.sum():,} of {len(cells):,} cells differ from others in "
                f"{_listed(idle)} alone, which {does} not apply there; they share their runs"
            )
        else:
            yield f"{alike.sum():,} of {len(cells):,} points are the same as earlier ones"
    variants = cells.labels["variant"][same]
    still = (cells.labels["kind"][same] == "variant") & (cells.labels["kind"][other] == "main")
    if factors:
        still &= ~np.any([differs(name) for name in factors], axis=0)
    for name in dict.fromkeys(variants[still].tolist()):
        count = int((still & (variants == name)).sum())
        yield (
            f"variant {name!r} changes nothing in {count:,} cell{'s' if count > 1 else ''}: "
            "what it sets does not apply there, or is so already"
        )


def _left_behind(plan: Plan) -> Iterator[str]:
    """Yield what the calibration works out from values that are set, and that does not move along."""
    given, base = plan.cells.values, plan.base
    label_of = {name: label for label, each in base.ranges.items() for name in each.names}
    for name, column in given.items() if base.ranges else ():
        there = column[~np.isnan(column)]
        if (there == base[name]).all():
            continue
        moved = base.following({name: np.array([1.01 * float(base[name]) + 1e-6])})
        left = [each for each in moved if each not in given and each not in plan.cells.drawn]
        only = f'; {label_of[name]} = "marked" would move it too' if name in label_of else ""
        if left:
            yield (
                f"{name} is set or varied alone: {_listed(left)}, which the calibration works out "
                f"from it, {'does' if len(left) == 1 else 'do'} not move along{only}"
            )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
