"""Preview: what an experiment would simulate, and what that would take, before it is run.

    >>> found = preview(Experiment.read("escalator_war"))
    >>> found.simulated, found.trial.seconds_here
    (41600, 9.7)

What it takes is worked out from a trial: stretches of real chunks, spread over the lineups, are
simulated and written. Runs are stepped side by side, so that a stretch costs so much whatever its
size, and so much more for each run; both are taken from stretches of several sizes.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from agentsim.batch import parts
from agentsim.batch import plan as plans
from agentsim.batch.cells import LABELS, NONE, Numbers
from agentsim.batch.design import Adaptive, Experiment
from agentsim.batch.engine import TIME_LIMIT, worker_count
from agentsim.batch.factors import Levels, plain
from agentsim.batch.manifest import luck_of
from agentsim.batch.names import Names
from agentsim.batch.opening import MOST_DRAWS, has_summary
from agentsim.batch.plan import TOGETHER, Chunk, Plan, Round
from agentsim.batch.simulating import TOGETHER_RECORDED, simulate
from agentsim.batch.spreads import Marked, Spread
from agentsim.batch.store import CELLS, LEAST_ROWS, cells_table
from agentsim.batch.summaries import SHARES
from agentsim.calibration import targets
from agentsim.failures import OK
from agentsim.lineup import BY_ROLE, CALIBRATED
from agentsim.printing import short
from agentsim.strategy.params import declared
from agentsim.strategy.registry import catalogue, find

TRIAL = 1.8
"""Seconds that a trial takes, more or less."""
MOST_TRIED = 6
"""Stretches of which a trial is made."""
SIZES = (16, 128, 1000)
"""Runs of one stretch that are tried one after the other, as long as there is time."""
WARM_UP = 8
MOST_CELLS_TRIED = 20_000
STARTING = 1.5
"""Seconds until a worker has loaded the model."""
SUMMARY_ROW, SUMMARY_LABEL = 110, 18
"""Bytes of a row of summary.csv, more or less, and of each factor in it that has a range."""
MOST_NAMED, MOST_LEVELS = 3, 24
FACTOR, SET = "varied as a factor", "set"
"""Why a marked range is not drawn."""


@dataclass(frozen=True)
class Change:
    """What an experiment has that the calibration has not."""

    name: str
    where: str
    """The table of the experiment that says so."""
    unit: str
    calibrated: str
    """What holds if it is not changed."""
    given: tuple[str, ...]
    """What holds instead: one value, the levels, or a range in words."""


@dataclass(frozen=True)
class Cost:
    """What some runs take."""

    runs: int
    seconds_here: float
    """In one process."""
    seconds: float
    """With the workers."""
    size: int
    """Bytes that stay."""
    most_size: int
    """Bytes that are needed on the way."""


@dataclass(frozen=True)
class Trial:
    """What came of simulating a few runs."""

    runs: int
    seconds: float
    failed: int
    reason: str
    """The commonest status of failed runs."""
    rough: bool
    """Whether there was too little time to tell what more runs cost: times are upper limits."""
    least: Cost
    most: Cost
    """The same as `least` but where runs are added until intervals are narrow."""
    chunk_seconds: float


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
    not_drawn = tuple(_not_drawn(experiment, plan))
    most = of if experiment.adaptive is None else _most(plan, experiment.adaptive.most_runs)
    free = _free(Path("results") / experiment.name if out is None else Path(out))
    tried = _trial(plan, of, most, count) if trial else None
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
        why=_why(experiment, plan),
        drawn=len(plan.drawn_ranges),
        marked=len(plan.base.ranges),
        not_drawn=not_drawn,
        outcomes=len(plan.kept.outcomes),
        series=(
            *plan.kept.market,
            *(f"{role}.{name}" for role, names in plan.kept.firms.items() for name in names),
        ),
        series_runs=min(plan.series_runs, plan.runs),
        changes=tuple(_changes(experiment, plan)),
        workers=count,
        free=free,
        warnings=tuple(_warnings(experiment, plan, tried, free)),
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


# Luck and draws


def _why(experiment: Experiment, plan: Plan) -> str:
    kind, run = experiment.sampling.kind, min(plan.runs - 1, 17)
    match luck_of(plan):
        case _ if len(plan.cells.own) == 1:
            return "one cell is simulated, and nothing shares its luck"
        case "shared":
            return (
                f"shared by all cells: run {run} meets the same luck in every cell, so differences "
                "are paired"
            )
        case "block" if kind == "morris":
            return (
                f"shared within each of {plan.blocks:,} trajectories, along which one factor moves "
                "at a time, so its effects are paired"
            )
        case "block":
            return (
                f"shared within each of {plan.blocks:,} blocks of points that are compared with "
                "one another"
            )
        case _:
            return (
                "of its own in every cell: cells differ by luck too, and their differences are "
                "not paired"
            )


def _not_drawn(experiment: Experiment, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the marked ranges that are not drawn, and why."""
    factors = {
        target
        for name in plan.cells.labels
        if name not in LABELS
        for target in (name, *_targets(plan, name))
    }
    for name, marked in plan.base.ranges.items():
        if name in plan.drawn_ranges:
            continue
        if experiment.uncertainty == "none":
            yield name, 'uncertainty is "none"'
        elif {name, *marked.names} & factors:
            yield name, FACTOR
        else:
            yield name, SET


def _targets(plan: Plan, name: str) -> tuple[str, ...]:
    return () if name.startswith(("lineup.", "shock.")) else tuple(targets(name, plan.base.firms))


# What differs from the calibration


def _changes(experiment: Experiment, plan: Plan) -> Iterator[Change]:
    names = Names(experiment)
    e = experiment

    def change(name: str, where: str, given: Sequence[str]) -> Change:
        unit = names.declared[name].unit if name in names.declared else ""
        return Change(name, where, unit, _calibrated(names, name), tuple(given))

    for name, value in e.set.items():
        yield change(name, "set", [short(value)])
    for who, strategy in e.lineup.items():
        yield change(f"lineup.{who}", "lineup", [strategy])
    for shock in e.shocks:
        fields = [f"{name} {short(x)}" for name, x in shock.items() if name != "kind"]
        yield Change(f"shock.{shock['kind']}", "shocks", "", "none", (", ".join(fields),))
    for dimension, factors in names.dimensions.items():
        for name, factor in factors.items():
            where = "factors" if name == dimension else f"linked.{dimension}"
            yield change(name, where, _levels(factor))
    if e.sampling.kind == "table":
        for name, column in plan.cells.labels.items():
            if name not in LABELS:
                yield change(name, "table", _of_column(column))
    for each in e.deviations:
        own, others = f"lineup.{each.firm}", f"lineup.{names.role_of[each.firm]}"
        yield change(own, "deviations", each.own)
        yield change(others, "deviations", each.others)
    for variant in e.variants:
        for name, value in names.changes(variant).items():
            yield change(name, f"variant {variant.name!r}", [short(value)])


def _levels(factor: Levels | Spread) -> list[str]:
    """Return a factor's levels, or its range in words."""
    if isinstance(factor, Levels):
        return [short(each) for each in factor.values]
    low, high = factor.bounds
    text = f"{short(low)} to {short(high)}"
    if isinstance(factor, Marked):
        return [f"{text}, its marked range"]
    table = plain(factor)
    assert isinstance(table, dict)  # what is no list and not marked
    if "distribution" in table:
        return [f"{text}, {table['distribution']}"]
    more = [", equal ratios"] if table.get("scale") == "log" else []
    return [text + "".join([*more, *([", whole numbers"] if table.get("whole") else [])])]


def _of_column(column: Any) -> list[str]:
    """Return what a column of a table of points has."""
    distinct = list(dict.fromkeys(column.tolist()))
    if len(distinct) <= MOST_LEVELS or column.dtype == object:
        return [short(each) for each in distinct]
    return [f"{short(min(distinct))} to {short(max(distinct))}, {len(distinct):,} values"]


def _calibrated(names: Names, name: str) -> str:
    """Return what holds if a name is not set."""
    if name.startswith("shock."):
        return "none"
    if names.is_tuning(name):
        _, who, parameter = name.split(".")
        role = names.role_of.get(who, who)
        rows = [row for row in catalogue(role) if not row.problem]
        having = [declared(find(role, row.id)) for row in rows]
        found = [str(known[parameter].default) for known in having if parameter in known]
        return " or ".join(dict.fromkeys(found))
    if name.startswith("lineup."):
        firms = names.firms(name.partition(".")[2])
        played = [CALIBRATED.get(firm, BY_ROLE[names.role_of[firm]]) for firm in firms]
        return " or ".join(dict.fromkeys(played))
    values = [names.base[each] for each in targets(name, names.base.firms)]
    low, high = float(np.min(values)), float(np.max(values))
    return short(low) if low == high else f"{short(low)} to {short(high)}"


# What is worth a second thought


def _warnings(experiment: Experiment, plan: Plan, tried: Trial | None, free: int) -> Iterator[str]:
    kind = experiment.sampling.kind
    if plan.runs == 1 and kind in ("factorial", "table"):
        yield "runs = 1 leaves no interval within a cell; give runs = 2 or more"
    if plan.runs == 1 and experiment.adaptive is not None:
        yield "runs = 1 leaves adaptive nothing to go by, and no run is added; give runs = 2 or more"
    if kind not in ("factorial", "table") and luck_of(plan) == "shared" and len(plan.cells) > 1:
        yield (
            f'luck = "shared" with sampler {kind} leaves no interval of what is pooled over points; '
            "leave luck out"
        )
    yield from _idle(plan)
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


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


# The trial


@dataclass(frozen=True)
class _Stretches:
    """Runs of a round that are stepped together, one after the other."""

    start: Numbers
    size: Numbers
    recorded: Any
    """Of which quarters are kept."""


def _stretches(plan: Plan, of: Round) -> _Stretches:
    """Return how `simulating` steps the runs of a round, without going through the runs."""
    count = -(-of.total // plan.chunk_runs)
    begins = of.ends - of.runs
    group = plan.cells.group[of.cells]
    cuts = [np.arange(count) * of.total // count, begins[1:][group[1:] != group[:-1]]]
    if plan.kept.series:
        border = plan.series_runs - of.first
        within = (border > 0) & (border < of.runs)
        cuts += [(begins + border)[within], of.ends[within]]
    start = np.unique(np.concatenate(cuts))
    start = start[start < of.total]
    size = np.diff(np.append(start, of.total))
    _, number = _at(of, start)
    recorded = (number < plan.series_runs) & plan.kept.series
    most = np.where(recorded & bool(plan.kept.firms), TOGETHER_RECORDED, TOGETHER)
    pieces = -(-size // most)
    row = np.repeat(np.arange(len(start)), pieces)
    at = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    first, last = at * size[row] // pieces[row], (at + 1) * size[row] // pieces[row]
    return _Stretches(start[row] + first, last - first, recorded[row])


def _at(of: Round, places: Numbers) -> tuple[Numbers, Numbers]:
    """Return cell and number of the runs at some places of a round."""
    row = np.searchsorted(of.ends, places, side="right")
    return of.cells[row], of.first[row] + places - (of.ends[row] - of.runs[row])


class _Tried:
    """What a trial has found out."""

    def __init__(self) -> None:
        self.runs = 0
        self.whys: Counter[str] = Counter()
        self.stepped: list[tuple[bool, int, float]] = []
        """Whether recorded, runs, seconds."""
        self.written: list[tuple[int, float]] = []
        self.rough = False
        self.data: Counter[str] = Counter()
        """Bytes of columns, by table."""
        self.held: Counter[str] = Counter()
        """Runs that those bytes hold."""
        self.frame: dict[str, int] = {}
        """Bytes of a file beside its columns, by table."""
        self.cells = 0
        """Bytes of the table of cells."""


def _trial(plan: Plan, of: Round, most: Round, workers: int) -> Trial:
    """Simulate and write some runs, and work out what all would take."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="agentsim-") as folder:
        found = _try(plan, most, Path(folder))  # stretches as large as they get
        found.cells = _cells_size(plan, Path(folder))
    least = _cost(plan, of, found, workers)
    chunks = -(-of.total // plan.chunk_runs)
    failed = sum(found.whys.values())
    return Trial(
        runs=found.runs,
        seconds=time.monotonic() - began,
        failed=failed,
        reason=found.whys.most_common(1)[0][0] if failed else "",
        rough=found.rough,
        least=least,
        most=least if most is of else _cost(plan, most, found, workers),
        chunk_seconds=least.seconds_here / chunks,
    )


def _try(plan: Plan, of: Round, folder: Path) -> _Tried:
    """Simulate stretches of several sizes, spread over the lineups, as long as there is time."""
    stretches = _stretches(plan, of)
    left = _chosen(plan, of, stretches)
    # The first runs of a process cost more: modules are loaded, ranges are drawn.
    warm = _Tried()
    made, took = _step(plan, of, stretches, left[0], WARM_UP, warm)
    _write(plan, folder, made, warm)
    if took > TRIAL:
        warm.rough = True
        return warm
    found = _Tried()
    spent, asked = 0.0, len(left)
    for place, each in enumerate(left):
        if place >= asked or spent > TRIAL:
            break
        share = (TRIAL - spent) / (asked - place)
        size = int(stretches.size[each])
        known: list[tuple[int, float]] = []
        for runs in (min(size, n) for n in SIZES):
            if known and (runs == known[-1][0] or _next(known, runs) > share):
                break
            made, took = _step(plan, of, stretches, each, runs, found)
            _write(plan, folder, made, found)
            known.append((runs, took))
            share, spent = share - took, spent + took
            if place == 0 and len(known) == 1:
                asked = int(np.clip(TRIAL / (6.0 * max(took, 1e-3)), 1, len(left)))
                share = TRIAL / asked - took
        found.rough |= len(known) == 1 and known[0][0] < size
    return found


def _next(known: Sequence[tuple[int, float]], runs: int) -> float:
    """Return the seconds that more runs should take, by those of fewer."""
    if len(known) == 1:  # so far mostly what a stretch costs whatever its size
        return 2.0 * known[0][1]
    (n, before), (m, after) = known[-2:]
    return after + (after - before) / (m - n) * (runs - m)


def _chosen(plan: Plan, of: Round, stretches: _Stretches) -> list[int]:
    """Return stretches to try: of several lineups, recorded and not."""
    cells, _ = _at(of, stretches.start)
    kinds = plan.cells.group[cells] * 2 + stretches.recorded
    known = np.unique(kinds)
    count = min(len(known), MOST_TRIED)
    picked = known[(np.arange(count) * 2 + 1) * len(known) // (2 * count)]
    # Far apart ones first, should time be short.
    picked = picked[np.argsort(np.arange(count) * 0.618 % 1.0)]
    rows = [np.flatnonzero(kinds == each) for each in picked]
    return [int(each[len(each) // 2]) for each in rows]


def _step(
    plan: Plan, of: Round, stretches: _Stretches, each: int, runs: int, found: _Tried
) -> tuple[Any, float]:
    """Simulate runs spread over a stretch; return them and the seconds that they took."""
    start, size = int(stretches.start[each]), int(stretches.size[each])
    runs = min(runs, size)
    places = start + (np.arange(runs, dtype=np.int64) * 2 + 1) * size // (2 * runs)
    before = time.process_time()
    made = simulate(plan, *_at(of, places))
    took = time.process_time() - before
    found.runs += runs
    found.stepped.append((bool(stretches.recorded[each]), runs, took))
    found.whys.update(made.status[made.status != OK].tolist())
    return made, took


def _write(plan: Plan, folder: Path, made: Any, found: _Tried) -> None:
    """Write runs as a chunk, and take down the time and the bytes."""
    from pyarrow import parquet

    runs = len(made.cells)
    place = len(found.written)
    chunk = Chunk(0, place, 0, runs, f"trial {place}")
    before = time.perf_counter()
    parts.write_chunk(folder, plan, chunk, made)
    found.written.append((runs, time.perf_counter() - before))
    for name in parts.tables(plan):
        path = parts.part_path(folder, name, chunk)
        about = parquet.read_metadata(path)
        groups = [about.row_group(at) for at in range(about.num_row_groups)]
        data = sum(
            group.column(at).total_compressed_size
            for group in groups
            for at in range(group.num_columns)
        )
        found.data[name] += data
        found.held[name] += runs if name == parts.OUTCOMES else len(made.recorded)
        found.frame[name] = max(found.frame.get(name, 0), path.stat().st_size - data)


def _cells_size(plan: Plan, folder: Path) -> int:
    """Return the bytes of the table of cells, by those of its first rows."""
    table, path = cells_table(plan), folder / CELLS
    parts.write(path, table.slice(0, MOST_CELLS_TRIED))
    return int(path.stat().st_size * max(len(plan.cells) / MOST_CELLS_TRIED, 1.0))


def _cost(plan: Plan, of: Round, found: _Tried, workers: int) -> Cost:
    """Return what a round takes."""
    stretches = _stretches(plan, of)
    chunks = -(-of.total // plan.chunk_runs)
    stepping = 0.0
    for recorded in (False, True):
        size = stretches.size[stretches.recorded == recorded]
        if len(size):
            points = [(n, s) for kept, n, s in found.stepped if kept == recorded]
            fixed, each = _line(points or [(n, s) for _, n, s in found.stepped])
            stepping += fixed * len(size) + each * float(size.sum())
    fixed, each = _line(found.written)
    writing = fixed * chunks + each * of.total
    joining = each * of.total  # parts are read and written once more, by one process
    working = stepping + writing
    busy = min(workers, worker_count(None), chunks)
    rounds = -(-chunks // busy)
    size, most_size = _size(plan, of, stretches, chunks, found)
    return Cost(
        runs=of.total,
        seconds_here=working + joining,
        seconds=STARTING + working / chunks * rounds + joining,
        size=size,
        most_size=most_size,
    )


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return what is paid once and what for each run, by runs and seconds; neither is negative."""
    n = np.array([each[0] for each in points], dtype=np.float64)
    seconds = np.array([each[1] for each in points])
    if n.max() < 2.0 * n.min():
        return 0.0, float(seconds.sum() / n.sum())
    slope = float(np.cov(n, seconds, bias=True)[0, 1] / n.var())
    slope = float(np.clip(slope, 0.0, seconds.sum() / n.sum()))
    return max(float(seconds.mean() - slope * n.mean()), 0.0), slope


def _size(
    plan: Plan, of: Round, stretches: _Stretches, chunks: int, found: _Tried
) -> tuple[int, int]:
    """Return the bytes of all tables, and those needed while parts are there too."""
    recorded = int(stretches.size[stretches.recorded].sum())
    files = max(of.total // max(LEAST_ROWS, of.total // chunks), 1)
    data = frames = 0.0
    for name in parts.tables(plan):
        held = of.total if name == parts.OUTCOMES else recorded
        data += found.data[name] / max(found.held[name], 1) * held
        frames += found.frame[name]
    extra = float(found.cells)
    draws = plan.blocks * int(of.runs.max())
    if draws <= MOST_DRAWS:
        extra += draws * 8.0 * (len(plan.drawn_ranges) + 1)
    rows = len(plan.cells) * len(plan.kept.outcomes)
    if has_summary(plan):
        ranged = sum(
            name not in LABELS and len(np.unique(column)) > MOST_LEVELS
            for name, column in plan.cells.labels.items()
            if column.dtype != object
        )
        extra += rows * (SUMMARY_ROW + SUMMARY_LABEL * ranged)
    # Parts of one file are there beside it until it is whole.
    return int(data + frames * files + extra), int(data + frames * chunks + data / files + extra)
