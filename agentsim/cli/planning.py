"""Commands that look at experiments before they are run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from agentsim.cli.commands import MISTAKE, takes_strategies
from agentsim.cli.running import setting, whole
from agentsim.errors import AgentsimError
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    from agentsim.batch.differences import Change
    from agentsim.batch.preview import Preview
    from agentsim.batch.trial import Cost, Trial

MOST_CHANGES, MOST_LEVELS = 12, 6
"""Lines, and levels in a line, beyond which the rest is counted."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@click.command()
@click.argument("experiment", metavar="FILE")
@click.option("--runs", metavar="N", help="Simulated markets in each cell.")
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True,
    help="Set a parameter, a strategy or a shock's field; may be repeated.",
)  # fmt: skip
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option("--chunk-runs", metavar="N", help="Runs that a worker is given at once.")
@click.option("--no-trial", is_flag=True, help="Simulate nothing: without time and disk.")
@click.option("--all", "everything", is_flag=True, help="Lists in full.")
@takes_strategies
def plan(
    experiment: str,
    runs: str | None,
    settings: Sequence[str],
    workers: str | None,
    chunk_runs: str | None,
    no_trial: bool,
    everything: bool,
) -> None:
    """Show what FILE would simulate, and about what that would take.

    FILE is an experiment, a .toml file or the name of one that is shipped. Nothing is run but a few
    hundred markets, from which time and disk are worked out. What makes no sense is an error; what
    is worth a second thought, a line that begins with "note".

    \b
    Examples:
      agentsim plan escalator_war
      agentsim plan my_experiment.toml --runs 1000 --workers 8
      agentsim plan escalator_war --set economic_life=2 --all
      agentsim plan escalator_war --no-trial
    """
    from agentsim.batch.design import Experiment
    from agentsim.batch.preview import preview

    given = dict(setting(text) for text in settings)
    design = Experiment.read(experiment).changed(whole("--runs", runs), given)
    found = preview(
        design,
        workers=whole("--workers", workers),
        chunk_runs=whole("--chunk-runs", chunk_runs),
        trial=not no_trial,
    )
    for line in _lines(found, everything):
        click.echo(line)
    for line in found.warnings:
        click.echo(f"note: {line}", err=True)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@takes_strategies
def validate(files: Sequence[str]) -> None:
    """Check experiments: each FILE, or name of one that is shipped.

    Everything in them is checked as before a run, and nothing is simulated. Whatever is wrong with
    one is a line on stderr; the others are checked all the same.

    \b
    Examples:
      agentsim validate my_experiment.toml
      agentsim validate experiments/*.toml
      agentsim validate escalator_war && agentsim run escalator_war
    """
    from agentsim.batch import plan as plans
    from agentsim.batch.design import Experiment

    failed = False
    for file in files:
        try:
            made = plans.make(Experiment.read(file))
        except AgentsimError as error:
            failed = True
            text = " ".join(str(error).split())
            click.echo(f"error: {text if text.startswith(file) else f'{file}: {text}'}", err=True)
            continue
        cells = len(made.cells)
        click.echo(f"{file}: ok, {_many(cells, 'cell')}, {_many(cells * made.runs, 'run')}")
    if failed:
        raise SystemExit(MISTAKE)


# What is printed


def _lines(x: Preview, everything: bool) -> Iterator[str]:
    yield f"{x.name}: {x.scenario}, {_many(x.horizon, 'quarter')}, entropy {x.entropy}"
    yield ""
    yield from aligned([[f"  {name}", text] for name, text in _facts(x, everything)])
    if x.changes:
        yield ""
        yield "What differs from the calibration:"
        yield from _changes(x.changes, everything)
    if x.trial is not None:
        yield ""
        yield from _takes(x, x.trial)


def _facts(x: Preview, everything: bool) -> Iterator[tuple[str, str]]:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in x.kinds.items())
    cells = f"{sum(x.kinds.values()):,}: {kinds}"
    if x.sharing:
        cells += (
            f"; {x.sharing:,} {'shares' if x.sharing == 1 else 'share'} the runs of another one"
        )
    yield "cells", cells
    yield "sampler", _sampler(x)
    runs = f"{x.runs:,} in each cell; {x.simulated:,} in all, {x.rows:,} rows"
    if x.adaptive is not None:
        a = x.adaptive
        width = f"{a.half_width:g}" if a.relative is None else f"{a.relative:.3g} of the mean"
        runs += (
            f"; at most {a.most_runs:,} in each cell, {x.most_simulated:,} in all, until "
            f"{a.outcome} is known to within {width}"
        )
    yield "runs", runs
    about = "" if x.chunks == 1 else "about "
    yield "chunks", f"{x.chunks:,} of {about}{_many(-(-x.simulated // x.chunks), 'run')}"
    yield "lineups", f"{_many(x.groups, 'group')} of runs with the same strategies and shocks"
    yield "luck", x.why
    yield "drawn", _drawn(x, everything)
    yield "kept", _kept(x, everything)


def _sampler(x: Preview) -> str:
    points = _many(x.points, "point")
    match x.sampler:
        case "factorial":
            return f"factorial: every combination of levels, {points}"
        case "sobol" | "morris":
            blocks = "trajectories" if x.sampler == "morris" else "blocks"
            return f"{x.sampler}: {points} in {x.blocks:,} {blocks}"
        case kind:
            return f"{kind.replace('_', ' ')}: {points}"


def _drawn(x: Preview, everything: bool) -> str:
    if not x.marked:
        return f"nothing: {x.scenario} marks no ranges"
    reasons: dict[str, list[str]] = {}
    for name, why in x.not_drawn:
        reasons.setdefault(why, []).append(name)
    if not x.drawn and len(reasons) == 1:
        return f"none of the {x.marked:,} marked ranges: {next(iter(reasons))}"
    text = f"{x.drawn:,} of {x.marked:,} marked ranges, another value in each run"
    if x.fitted:
        listed = _shortened(x.fitted, None if everything else MOST_LEVELS)
        text += f"; {len(x.fitted):,} of them from a table of draws: {listed}"
    for why, names in reasons.items():
        listed = _shortened(names, None if everything else MOST_LEVELS)
        text += f"; not {listed} ({why})"
    return text


def _kept(x: Preview, everything: bool) -> str:
    text = _many(x.outcomes, "outcome")
    if x.series:
        names = _shortened(x.series, None if everything else MOST_LEVELS)
        whose = "every run" if x.series_runs == x.runs else f"the first {x.series_runs:,} runs"
        text += f"; by quarter, of {whose}: {names}"
    return text


def _changes(changes: Sequence[Change], everything: bool) -> list[str]:
    most = len(changes) if everything else MOST_CHANGES
    lines = [["  name", "unit", "calibration", "experiment", "in"]]
    for each in changes[:most]:
        given = _shortened(each.given, None if everything else MOST_LEVELS)
        lines.append([f"  {each.name}", each.unit, each.calibrated, given, each.where])
    found = aligned(lines)
    if len(changes) > most:
        found.append(f"  and {len(changes) - most} more; --all shows them")
    return found


def _takes(x: Preview, trial: Trial) -> Iterator[str]:
    yield (
        f"What it takes, worked out from {_many(trial.runs, 'run')} simulated for "
        f"{trial.seconds:.1f} s"
        + (", too few to tell what many cost: times are upper limits:" if trial.rough else ":")
    )
    ends = [("", trial.least)]
    if x.adaptive is not None:
        ends = [("at least, ", trial.least), ("at most, ", trial.most)]
    about = "up to" if trial.rough else "about"
    for words, cost in ends:
        yield f"  {words}{about} {_time(cost, x)}, and about {size(cost.size)} of disk"
    yield f"  {size(x.free)} are free; simulating alone is counted, and no report"
    if trial.failed:
        yield f"  {trial.failed:,} runs of the trial failed"


def _time(cost: Cost, x: Preview) -> str:
    text = f"{duration(cost.seconds_here)} in one process"
    if x.workers > 1:
        text += f", {duration(cost.seconds)} with {x.workers} workers"
    return text


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _shortened(names: Sequence[str], most: int | None) -> str:
    if most is None or len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def duration(seconds: float) -> str:
    """Return a time as it is said, with no more digits than an estimate has."""
    for unit, length in (("days", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1.0)):
        if seconds >= 2.0 * length or (unit == "s" and seconds >= 1.0):
            count = seconds / length
            return f"{count:.0f} {unit}" if count >= 9.5 else f"{count:.2g} {unit}"
    return "a second"


def size(count: float) -> str:
    """Return a number of bytes as it is said."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= length:
            return f"{short(float(f'{count / length:.2g}'))} {unit}"
    return f"{count:.0f} bytes"
