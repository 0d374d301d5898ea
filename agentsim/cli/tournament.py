"""The command that holds a tournament of postures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentsim.cli.batches import batch_options, made_options
from agentsim.cli.commands import FAILED, takes_strategies
from agentsim.cli.running import setting, shown, whole

if TYPE_CHECKING:
    from agentsim.batch.results import Results
    from agentsim.tournament.design import Tournament
    from agentsim.tournament.tables import Found

LINEUPS = 12
"""Lineups that a worker is given at once: about a second of work, however few the runs of each."""


@click.command()
@click.argument("tournament")
@batch_options
@made_options
@click.option(
    "--by", metavar="OUTCOME", default="value",
    help="Rank by an outcome instead of the value of the firm in the seat.",
)  # fmt: skip
@takes_strategies
@click.pass_obj
def tournament(
    words: list[str],
    tournament: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    settings: Sequence[str],
    by: str,
    no_figures: bool,
    engine: str,
    replace: bool,
) -> None:
    """Hold TOURNAMENT, the name of one that is shipped or a .toml file.

    Every posture takes the seat of every firm, against rivals who all do the same and against mixed
    fields drawn at random. Prints which wins and how surely, which wins for customers, and what
    survives where postures that earn more spread. Tables are left in tournament/ in the folder of
    results, pictures in figures/. What was interrupted goes on when the same command is given again.

    \b
    Examples:
      agentsim tournament tournament
      agentsim tournament mine.toml --runs 100 --out results/fine
      agentsim tournament tournament --set fields=60 --set demand_elasticity=1.4
      agentsim tournament tournament --by total_surplus
      agentsim tournament tournament --strategies patient_builder.py
    """
    from agentsim.report.tournament_answer import answer
    from agentsim.report.tournament_text import tables as lines
    from agentsim.tournament import tables
    from agentsim.tournament.design import Tournament

    given = dict(setting(each) for each in settings)
    asked = Tournament.read(tournament).changed(whole("--runs", runs), given)
    for line in asked.left_out:
        click.echo(line, err=True)
    asked.check_by(by)
    results = _ran(asked, out, workers, engine, replace, words)
    if sys.stderr.isatty():
        click.echo(
            "Working out ranking, survival and their intervals, up to a minute ...", err=True
        )
    found = tables.found(asked, results, by)
    tables.write(found, results.folder / tables.FOLDER)
    paths = [] if no_figures else _drawn(found, results.folder / "figures")
    for sentence in answer(found):
        click.echo(click.wrap_text(sentence, 100) + "\n")
    for line in lines(found):
        click.echo(line)
    click.echo(f"Tables:   {shown(results.folder / tables.FOLDER)}")
    if paths:
        click.echo(f"Pictures: {', '.join(str(shown(path)) for path in paths)}")
    failed = results.manifest["failures"]["runs"]
    if failed:
        click.echo(f"{failed:,} runs failed (column status of outcomes/); with them those that they "
                   "are compared with are left out", err=True)  # fmt: skip
        raise SystemExit(FAILED)


def _drawn(found: Found, folder: Path) -> list[Path]:
    """Draw the pictures and return where they are."""
    from agentsim.report.tournament_figures import save

    return save(found, folder)


def _ran(
    asked: Tournament, out: str | None, workers: str | None, engine: str, replace: bool,
    words: list[str],
) -> Results:  # fmt: skip
    """Run the batch that a tournament is, or go on with it."""
    from agentsim import batch

    return batch.run(
        asked.experiment(), out, whole("--workers", workers), engine=engine, replace=replace,
        chunk_runs=LINEUPS * asked.runs, command=["agentsim", *words],
        say=lambda line: click.echo(line, err=True),
    )  # fmt: skip
