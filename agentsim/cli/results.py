"""Commands that look at results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.planning import size
from agentsim.cli.running import shown
from agentsim.errors import AgentsimError
from agentsim.printing import aligned

if TYPE_CHECKING:
    from agentsim.batch.results import Results

PUBLISHED = "published"
"""A folder with what is quoted of results, which holds no results."""


@click.command()
@click.argument("folder", default="results")
def ls(folder: str) -> None:
    """List the results in FOLDER and one folder below, results/ by default.

    Status is complete, running, or interrupted with the share of runs that are there: the command
    that began it goes on from there.

    \b
    Examples:
      agentsim ls
      agentsim ls /data/results
    """
    top = Path(folder)
    if top.exists() and not top.is_dir():
        raise AgentsimError(f"{folder} is a file; give a folder that has results in it")
    found = list(_folders(top)) if top.is_dir() else []
    if not found:
        click.echo(
            f"{folder} has no results; `agentsim run escalator_war` makes some, "
            "or name the folder that has them",
            err=True,
        )
        return
    head = ["name", "experiment", "status", "runs", "failed", "size", "ended", "commit"]
    for line in aligned([head, *(_entry(top, path) for path in found)]):
        click.echo(line)


@click.command()
@click.argument("folder")
@click.option("--by", metavar="COLUMN,...", help="Columns that make groups, as kind or a factor.")
@click.option("--outcomes", metavar="A,B", help="Outcomes; otherwise the main ones.")
@click.option("--ci", metavar="SHARE", help="Level of the intervals (0.95).")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, by --by or by cell.")
def show(folder: str, by: str | None, outcomes: str | None, ci: str | None, as_csv: bool) -> None:
    """Show what the results in FOLDER say, complete or not.

    A group pools main cells: deviations, if --by names own, others or firm; variants, if it names
    variant; all of them, if it names kind. Runs of the same luck count once in an interval.

    \b
    Examples:
      agentsim show results/escalator_war
      agentsim show results/escalator_war --by lineup.hyperscaler --outcomes customer_share
      agentsim show results/escalator_war --by own,others --outcomes value.microsoft
      agentsim show results/escalator_war --csv > means.csv
    """
    from agentsim.batch.results import Results
    from agentsim.batch.summaries import check_level
    from agentsim.report import overview

    results = Results.open(folder)
    level = check_level(0.95 if ci is None else _level(ci))
    wanted, keys = names_in(outcomes), names_in(by)
    _check_names(results, wanted, keys)
    if as_csv:
        picked = overview.chosen(results, wanted)
        table = (
            overview.by_columns(results, keys, picked, level)
            if keys
            else results.summary(outcomes=picked, ci=level)
        )
        click.echo(table.to_csv(index=False), nl=False)
        return
    click.echo(overview.overview(results, wanted, level))
    if keys:
        kind = overview.kind_for(keys).get("kind")
        what = f"{kind} cells" if kind else "all cells"
        click.echo(f"\nby {', '.join(keys)}, over {what}:")
        for line in overview.grouped(results, keys, wanted, level):
            click.echo(line)


@click.command()
@click.argument("folder")
def report(folder: str) -> None:
    """Write figures and report of the results in FOLDER again.

    The report is for crossed levels, as of the headline experiment; `agentsim show` is for others.

    \b
    Examples:
      agentsim report results/escalator_war
    """
    from agentsim import report as reports
    from agentsim.batch.results import Results
    from agentsim.report.overview import progress

    results = Results.open(folder)
    far = progress(results)
    if far.status != "complete":
        raise AgentsimError(
            f"{folder} is {far.words}, and the report is of complete results; "
            "run the experiment to its end"
        )
    if why := reports.unsuited(results):
        raise AgentsimError(
            f"{folder} {why}; "
            f"use `agentsim show {folder}`, or Results.summary and Results.runs in Python"
        )
    click.echo(f"Report:  {shown(reports.write(folder))}")


# Listing


def _folders(top: Path) -> Iterator[Path]:
    """Yield the folders that hold results: this one, or those in it and in these."""
    if _holds_results(top):
        yield top
        return
    for each in _inside(top):
        if _holds_results(each):
            yield each
            continue
        for inner in _inside(each):
            if _holds_results(inner) and (each.name != PUBLISHED or _has_cells(inner)):
                yield inner


def _holds_results(folder: Path) -> bool:
    """Say whether a folder has a manifest of ours, or one that is damaged."""
    from agentsim.batch.store import MANIFEST, manifest_in

    if not (folder / MANIFEST).is_file():
        return False
    return manifest_in(folder) is not None or _has_cells(folder)


def _inside(folder: Path) -> list[Path]:
    """Return the folders in a folder; none where it cannot be read."""
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir())
    except OSError:
        return []


def _has_cells(folder: Path) -> bool:
    from agentsim.batch.store import CELLS

    return (folder / CELLS).exists()


def _entry(top: Path, path: Path) -> list[str]:
    """Return a folder of results as a line of the list."""
    from agentsim.batch.provenance import commit
    from agentsim.batch.results import Results
    from agentsim.report.overview import progress

    name = str(path.relative_to(top)) if path != top else path.absolute().name
    held = size(_size(path))
    try:
        results = Results.open(path)
        far = progress(results)
        experiment = results.experiment.name
    except (AgentsimError, LookupError, TypeError):  # a manifest may say anything
        status = "older version" if not _has_cells(path) else "unreadable"
        return [name, *_older(path, status), held, "", ""]
    m = results.manifest
    return [
        name,
        experiment,
        far.words,
        f"{far.runs:,}",
        f"{far.failed:,}",
        held,
        _when(m.get("end")),
        commit(m.get("git")) or "",
    ]


def _older(path: Path, status: str) -> list[str]:
    """Return what can be told of results that are not read: experiment, status, runs, failed."""
    from agentsim.batch.store import manifest_in

    found = manifest_in(path) or {}
    experiment = found.get("experiment")
    name = str(experiment.get("name", "")) if isinstance(experiment, dict) else ""
    runs, failures = found.get("runs_simulated"), found.get("failures")
    failed = failures.get("runs") if isinstance(failures, dict) else None
    numbers = [f"{each:,}" if isinstance(each, int) else "" for each in (runs, failed)]
    return [name, status if found else "damaged", *numbers]


def _size(folder: Path) -> int:
    """Return the bytes of all files in a folder; files may vanish while it is counted."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _when(text: Any) -> str:
    """Return a time of a manifest as people read it, by the clock of this machine."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except (TypeError, ValueError):
        return ""


# Options


def names_in(text: str | None) -> list[str]:
    """Return the names of an option that are separated by commas, each once."""
    names = (name.strip() for name in (text or "").split(","))
    return list(dict.fromkeys(name for name in names if name))


def _level(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AgentsimError(f"--ci {text!r} is not a number; give one between 0 and 1") from None


def _check_names(results: Results, outcomes: Sequence[str], by: Sequence[str]) -> None:
    """Refuse names of outcomes and columns that are not there, even where no run is yet."""
    from agentsim.errors import unknown
    from agentsim.report.overview import kind_for, progress

    for name in by:
        if name not in results.labels:
            raise unknown("--by", name, results.labels)
    kind = kind_for(by).get("kind", "main")
    if kind != "main" and kind not in set(results.cells["kind"]):
        raise AgentsimError(
            f"--by {','.join(by)} pools {kind} cells, and {results.folder} has none; "
            "give kind or a factor"
        )
    if outcomes and progress(results).runs:
        for name in outcomes:
            if name not in results.outcomes:
                raise unknown("--outcomes", name, results.outcomes)
