"""Commands that run experiments."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentsim.cli.commands import FAILED, takes_strategies
from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    from agentsim.batch.results import Results

MOST_WIDE = 10


@click.command()
@click.argument("experiment")
@click.option("--out", metavar="FOLDER", help="Where results go; otherwise results/NAME.")
@click.option("--runs", metavar="N", help="Simulated markets in each cell.")
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True,
    help="Set a parameter, a strategy or a shock's field; may be repeated.",
)  # fmt: skip
@click.option("--no-report", is_flag=True, help="Leave out figures and report: tables alone.")
@click.option(
    "--engine", default="pool", metavar="NAME",
    help="pool: processes here (default); dask: a cluster; here: this process.",
)  # fmt: skip
@click.option(
    "--scheduler", metavar="ADDRESS", help="Of a Dask cluster; otherwise one is started here."
)
@click.option(
    "--time-limit", metavar="S", help="Seconds after which a chunk counts as hanging (600)."
)
@click.option("--chunk-runs", metavar="N", help="Runs that a worker is given at once.")
@click.option(
    "--replace", is_flag=True, help="Remove what results are in the folder, and begin anew."
)
@click.option(
    "--retry", is_flag=True, help="Try again what was set aside: it hung, or killed workers."
)
@takes_strategies
@click.pass_obj
def run(
    words: list[str],
    experiment: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    settings: Sequence[str],
    no_report: bool,
    engine: str,
    scheduler: str | None,
    time_limit: str | None,
    chunk_runs: str | None,
    replace: bool,
    retry: bool,
) -> None:
    """Run EXPERIMENT, the name of one that is shipped or a .toml file.

    Prints a table with 95% intervals, and leaves tables, figures and a report in a folder. What was
    interrupted goes on from where it was when the same command is given again. Results of other
    settings are left alone: a new folder beside them is begun, and the reason said.

    \b
    Examples:
      agentsim run escalator_war
      agentsim run escalator_war --runs 1000 --out results/fine
      agentsim run escalator_war --set economic_life=2 --out results/short_lives
      agentsim run escalator_war --set lineup.nvidia=best_response --set scenario=theory
      agentsim run my_experiment.toml --workers 1
    """
    from agentsim import batch
    from agentsim.batch.design import Experiment

    given = dict(setting(text) for text in settings)
    design = Experiment.read(experiment).changed(whole("--runs", runs), given)
    results = batch.run(
        design,
        out,
        whole("--workers", workers),
        engine=engine,
        scheduler=scheduler,
        time_limit=_seconds("--time-limit", time_limit),
        chunk_runs=whole("--chunk-runs", chunk_runs),
        replace=replace,
        retry=retry,
        command=["agentsim", *words],
        say=lambda line: click.echo(line, err=True),
    )
    unsuited = _unsuited(results)
    report = f"none: the folder {unsuited}" if unsuited else ""
    if not (no_report or unsuited):  # before anything is said: who reads a pipe may leave early
        report = str(shown(_report(results)))
    click.echo(_overview(results) if unsuited else _headline(results))
    click.echo(f"\nResults: {shown(results.folder)}")
    if not no_report:
        click.echo(f"Report:  {report}")
    for line in _wider(results):
        click.echo(line, err=True)
    if results.manifest["failures"]["runs"]:
        click.echo(_failures(results), err=True)
        raise SystemExit(FAILED)


def _wider(results: Results) -> list[str]:
    """Return which cells know their outcome less well than asked, all runs that they may have done."""
    came, asked = results.manifest["adaptive"], results.experiment.adaptive
    if asked is None or not came["cells_wider_than_asked"]:
        return []
    count = came["cells_wider_than_asked"]
    lines = [
        f"{asked.outcome} is known less well than asked in {count:,} of {came['cells']:,} cells, at up to "
        f"{came['most_runs']:,} runs:"
    ]
    cells = results.cells.set_index("cell")
    for cell in came["wider_than_asked"][:MOST_WIDE]:
        labels = cells.loc[cell, list(results.labels)].dropna()
        lines.append(f"  cell {cell}: " + ", ".join(f"{k} = {v}" for k, v in labels.items()))
    if count > MOST_WIDE:
        lines.append(f"  and {count - MOST_WIDE:,} more")
    return lines


def _unsuited(results: Results) -> str:
    from agentsim import report

    return report.unsuited(results)


def shown(path: Path) -> Path:
    """Return a path as it is best read: from here, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _overview(results: Results) -> str:
    from agentsim.report.overview import overview

    return overview(results)


def setting(text: str, option: str = "--set") -> tuple[str, int | float | str]:
    """Return name and value of NAME=VALUE, a number where it reads as one."""
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name or not value:
        raise AgentsimError(
            f"{option} {text!r} is not of the form NAME=VALUE; as in oracle.debt=50"
        )
    for read in (int, float):
        with suppress(ValueError):
            return name, read(value)
    return name, value


def _seconds(name: str, text: str | None) -> float | None:
    """Return an option's number of seconds."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise AgentsimError(f"{name} {text!r} is not a number; give seconds, as in 60") from None


def whole(name: str, text: str | None) -> int | None:
    """Return an option's whole number."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise AgentsimError(f"{name} {text!r} is not a whole number; give one from 1") from None


def _report(results: Results) -> Path:
    """Write the report and return where it is."""
    from agentsim import report

    try:
        return report.write(results.folder)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"while the report was written; the tables in {results.folder} are complete"
        ) from None


def _headline(results: Results) -> str:
    from agentsim import report

    return report.headline(results)


def _failures(results: Results) -> str:
    failures = results.manifest["failures"]
    why, count = next(iter(failures["reasons"].items()))
    text = (
        f"{failures['runs']:,} of {results.manifest['runs_simulated']:,} runs failed, {count:,} of "
        f"them: {why} (column status of outcomes/)"
    )
    aside = len(results.manifest["set_aside"])
    if aside:
        text += f"; {aside} chunk{'s' if aside > 1 else ''} set aside, --retry tries again"
    return text
