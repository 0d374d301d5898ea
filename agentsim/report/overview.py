"""Overview: what a folder of results holds and says, in plain text, whatever the design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.cells import LABELS
from agentsim.batch.summaries import LEVEL
from agentsim.errors import AgentsimError
from agentsim.failures import OK
from agentsim.outcomes import OUTCOMES
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.results import Results

SHOWN = (
    "customer_surplus", "hyperscaler_value", "chip_vendor_value", "memory_maker_value",
    "lender_value", "resource_cost", "total_surplus", "customer_share", "capex", "defaults",
    "service_price",
)  # fmt: skip
"""The main outcomes."""
MOST_REASONS = 3

LUCK = {
    "shared": "shared by all cells",
    "block": "shared within a block",
    "independent": "of its own in every cell",
}


@dataclass(frozen=True)
class Progress:
    """How far a batch has come, by the files that are there."""

    status: str
    """"complete", "running" or "interrupted"."""
    runs: int
    """Runs that are there."""
    planned: int
    """Runs that there are to be, as far as is known: adaptive batches add some."""
    failed: int
    reasons: Mapping[str, int]
    """The commonest statuses of failed runs, and how many have them."""
    set_aside: Mapping[str, str]
    """Chunks that were never simulated, and why."""

    @property
    def words(self) -> str:
        """The status with how much is done."""
        if self.status == "complete" or not 0 < self.planned > self.runs:
            return self.status
        return f"{self.status} {100 * self.runs // self.planned}%"


def progress(results: Results) -> Progress:
    """Return how far a batch has come. One that was killed counts as interrupted.

    Raises AgentsimError, one line, for a complete batch whose runs are gone.
    """
    m = results.manifest
    status = str(m.get("status", "complete"))
    if status == "complete":
        failures = m.get("failures") or {}
        runs = int(m.get("runs_simulated", 0))
        if runs and not results.outcomes:
            raise AgentsimError(
                f"{results.folder} has lost its runs; run the experiment again, which mends it"
            )
        failed, reasons = int(failures.get("runs", 0)), failures.get("reasons", {})
        return Progress(status, runs, runs, failed, reasons, m.get("set_aside") or {})
    if status == "running" and not locked(results):
        status = "interrupted"
    own = int(results.cells["runs_of"].nunique())
    planned = own * results.experiment.runs
    try:
        found = results.sql(
            "select status, count(*) as runs from outcomes group by status order by runs desc, status"
        )
        counts = dict(zip(found["status"], found["runs"].astype(int), strict=True))
    except AgentsimError:  # no file is there yet
        counts = {}
    whys = {why: count for why, count in counts.items() if why != OK}
    aside = m.get("set_aside") or {}
    done = sum(counts.values())  # adaptive batches have had more by now than the first round
    return Progress(status, done, max(done, planned), sum(whys.values()), whys, aside)


def locked(results: Results) -> bool:
    """Whether a process is writing to the folder."""
    from filelock import FileLock, Timeout

    from agentsim.batch.store import LOCK

    path = results.folder / LOCK
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # not ours to write: nobody can tell
        return True


def overview(results: Results, outcomes: Sequence[str] | None = None, level: float = LEVEL) -> str:
    """Return a few lines on a batch, and a table of its main outcomes over all main cells."""
    return "\n".join([*about(results), "", *table(results, outcomes, level)])


def _not_whole(results: Results) -> str:
    """Say that means are of what is there: cells are done one after the other."""
    found = results.sql("select count(distinct cell) as begun from outcomes")
    own = results.cells["runs_of"].nunique()
    return (
        f"what follows is of the runs that are there, in {int(found['begun'].iloc[0]):,} of {own:,} "
        "cells: groups of cells may lack some, and means are not yet those of the whole"
    )


def about(results: Results) -> list[str]:
    """Return what was asked, how far it came and what failed."""
    m, e = results.manifest, results.experiment
    kind = e.sampling.kind.replace("_", " ")
    far = progress(results)
    lines = [
        f"{e.name}: {far.words}, {e.scenario}, {m['cells']:,} cells ({kind}), "
        f"{far.runs:,} runs simulated, luck {LUCK[m['luck']]}"
    ]
    if far.status == "interrupted":
        lines.append(
            f"{far.runs:,} of {far.planned:,} runs are there; {_again(m)} goes on from there"
        )
    elif far.status == "running":
        lines.append(f"{far.runs:,} of {far.planned:,} runs are there, more are on their way")
    if far.status != "complete" and far.runs:
        lines.append(_not_whole(results))
    if results.factors:
        lines.append("factors: " + _listed(results.factors))
    if far.failed:
        lines.append(f"failed: {far.failed:,} of {far.runs:,} runs")
        lines += [f"  {count:,}: {why}" for why, count in list(far.reasons.items())[:MOST_REASONS]]
        more = len(far.reasons) - MOST_REASONS
        if more > 0:
            lines.append(f"  and {more} other reasons")
    if far.set_aside:
        whys = "; ".join(dict.fromkeys(far.set_aside.values()))
        count = len(far.set_aside)
        lines.append(
            f"set aside: {count} chunk{'s' if count > 1 else ''} ({whys}); "
            "--retry of `agentsim run` tries again"
        )
    if adaptive := m.get("adaptive"):
        wide = adaptive["cells_wider_than_asked"]
        if not adaptive["rounds"]:
            return [*lines, "adaptive: no round is done yet"]
        lines.append(
            f"adaptive: {adaptive['rounds']} rounds, up to {adaptive['most_runs']:,} runs a cell; "
            + (
                f"{wide:,} cells are wider than asked"
                if wide
                else "every cell is as narrow as asked"
            )
        )
    return lines


def _again(manifest: Mapping[str, Any]) -> str:
    command = manifest.get("command")
    return f"`{' '.join(command)}`" if command else "the same call"


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def chosen(results: Results, outcomes: Sequence[str] | None = None) -> list[str]:
    """Return the outcomes asked for; the main ones of those kept, if none is."""
    if outcomes:
        return list(outcomes)
    return [name for name in SHOWN if name in results.outcomes] or list(results.outcomes[:12])


def unit_of(outcome: str) -> str:
    """Return the unit of an outcome."""
    return OUTCOMES.get(outcome.removesuffix("_to_horizon"), ("$bn",))[0].rstrip("*")


def table(
    results: Results, outcomes: Sequence[str] | None = None, level: float = LEVEL
) -> list[str]:
    """Return the main outcomes: mean with its interval, and how far the cells' means lie apart."""
    if not progress(results).runs:
        return ["no runs yet"]
    wanted = chosen(results, outcomes)
    pooled = results.summary(by="kind", outcomes=wanted, ci=level, kind="main")
    by_cell = results.summary(outcomes=wanted, ci=level, kind="main")
    lines = [["outcome", "unit", "mean", _interval(level), "least cell", "most cell", "n"]]
    for row in pooled.to_dict("records"):
        cells = by_cell.loc[by_cell["outcome"] == row["outcome"], "mean"].dropna()
        lines.append(
            [
                row["outcome"],
                unit_of(row["outcome"]),
                *_cells(row),
                short(float(cells.min())) if len(cells) else "",
                short(float(cells.max())) if len(cells) else "",
                f"{int(row['n']):,}",
            ]
        )
    return aligned(lines)


def grouped(
    results: Results,
    by: Sequence[str],
    outcomes: Sequence[str] | None = None,
    level: float = LEVEL,
) -> list[str]:
    """Return a line a group and outcome: mean, its interval, and n."""
    if not progress(results).runs:
        return ["no runs yet"]
    found = by_columns(results, by, chosen(results, outcomes), level)
    lines = [[*by, "outcome", "unit", "mean", _interval(level), "n"]]
    for row in found.to_dict("records"):
        labels = ["" if _missing(row[name]) else short(row[name]) for name in by]
        name = row["outcome"]
        lines.append([*labels, name, unit_of(name), *_cells(row), f"{int(row['n']):,}"])
    return aligned(lines)


def by_columns(
    results: Results, by: Sequence[str], outcomes: Sequence[str], level: float = LEVEL
) -> pd.DataFrame:
    """Return the summary by some columns, over the cells of the kind that these are about."""
    return results.summary(by=list(by), outcomes=list(outcomes), ci=level, **kind_for(by))


def kind_for(by: Sequence[str]) -> dict[str, str]:
    """Return which cells are pooled: those of deviations for `own`, say, and of no other kind."""
    if "kind" in by:
        return {}
    if "variant" in by:
        return {"kind": "variant"}
    return {"kind": "deviation" if set(by) & set(LABELS) else "main"}


def _interval(level: float) -> str:
    return f"{100 * level:g}% interval"


def _cells(row: Mapping[Any, Any]) -> Iterator[str]:
    """Yield mean and interval of a row of a summary; nothing for what there is not."""
    low, high = float(row["low"]), float(row["high"])
    yield short(float(row["mean"]))
    yield f"{short(low)} to {short(high)}" if np.isfinite(low) else ""


def _missing(value: Any) -> bool:
    return value is None or value != value
