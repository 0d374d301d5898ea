"""Preview: what an experiment would simulate, and what that would take, before it is run.

>>> found = preview(Experiment.read("escalator_war"))
>>> found.simulated, found.trial.least.seconds_here
(41600, 9.7)
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agentsim.batch import plan as plans
from agentsim.batch.cautions import cautions
from agentsim.batch.design import Adaptive, Experiment
from agentsim.batch.differences import Change, changes, not_drawn, why_luck
from agentsim.batch.engine import worker_count
from agentsim.batch.manifest import luck_of
from agentsim.batch.plan import Plan, Round
from agentsim.batch.trial import Trial, tried_out


@dataclass(frozen=True)
class Preview:
    """What an experiment would simulate."""

    name: str
    scenario: str
    horizon: int
    entropy: int
    kinds: Mapping[str, int]
    """How many cells of each kind there are."""
    sharing: int
    """Cells whose runs are those of another one."""
    sampler: str
    points: int
    blocks: int
    runs: int
    simulated: int
    rows: int
    adaptive: Adaptive | None
    most_simulated: int
    chunks: int
    chunk_runs: int
    groups: int
    """Lineups and shocks that are stepped apart."""
    luck: str
    why: str
    """Which luck cells meet, in a sentence."""
    drawn: int
    fitted: tuple[str, ...]
    """Of these, ranges whose draws are taken from a table."""
    marked: int
    """How many ranges the calibration marks."""
    not_drawn: tuple[tuple[str, str], ...]
    """Ranges that are not drawn, and why not."""
    outcomes: int
    series: tuple[str, ...]
    series_runs: int
    changes: tuple[Change, ...]
    workers: int
    free: int
    """Bytes that are free where results go."""
    warnings: tuple[str, ...]
    trial: Trial | None


def preview(
    experiment: Experiment,
    out: str | Path | None = None,
    workers: int | None = None,
    chunk_runs: int | None = None,
    trial: bool = True,
) -> Preview:
    """Return what an experiment would simulate; nothing is left behind.

    out, workers, chunk_runs: as for `agentsim.batch.run`. trial: whether to simulate some runs, for
    a second or two, to tell what all would take.
    Raises AgentsimError, one line, for all that is wrong with what was asked.
    """
    count = worker_count(workers)
    plan = plans.make(experiment, chunk_runs)
    cells, of = plan.cells, plan.first_round
    kinds = Counter(cells.labels["kind"].tolist())
    most = of if experiment.adaptive is None else _most(plan, experiment.adaptive.most_runs)
    free = _free(Path("results") / experiment.name if out is None else Path(out))
    tried = tried_out(plan, of, most, count) if trial else None
    return Preview(
        name=experiment.name,
        scenario=experiment.scenario,
        horizon=experiment.horizon,
        entropy=experiment.entropy,
        kinds=dict(kinds),
        sharing=len(cells) - len(cells.own),
        sampler=experiment.sampling.kind,
        points=kinds["main"],
        blocks=plan.blocks,
        runs=plan.runs,
        simulated=of.total,
        rows=len(cells) * plan.runs,
        adaptive=experiment.adaptive,
        most_simulated=most.total,
        chunks=-(-of.total // plan.chunk_runs),
        chunk_runs=min(plan.chunk_runs, of.total),
        groups=len(np.unique(cells.group)),
        luck=luck_of(plan),
        why=why_luck(experiment, plan),
        drawn=len(plan.drawn_ranges),
        fitted=plan.from_table,
        marked=len(plan.base.ranges),
        not_drawn=tuple(not_drawn(experiment, plan)),
        outcomes=len(plan.kept.outcomes),
        series=(
            *plan.kept.market,
            *(f"{role}.{name}" for role, names in plan.kept.firms.items() for name in names),
        ),
        series_runs=min(plan.series_runs, plan.runs),
        changes=tuple(changes(experiment, plan)),
        workers=count,
        free=free,
        warnings=tuple(cautions(experiment, plan, tried, free)),
        trial=tried,
    )


def _most(plan: Plan, runs: int) -> Round:
    own = plan.cells.own
    return Round(0, own, np.zeros(len(own), np.int64), np.full(len(own), runs, np.int64))


def _free(folder: Path) -> int:
    """Return how many bytes are free where a folder is or will be."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free
