"""Commands that show what the market rests on, and what may be set about it."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Sequence
from io import StringIO
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from agentsim.cli.commands import takes_strategies
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.cli.settable import Entry

READABLE = 60
"""Width that a meaning must have on a terminal to stand in the line of its name."""

INDENT = "    "


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option(
    "--scenario",
    "name",
    metavar="NAME",
    default="2025Q4",
    help="The calibration; otherwise 2025Q4.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every column whole.")
@takes_strategies
def params(words: Sequence[str], name: str, as_csv: bool) -> None:
    """Find by words what may be set or varied.

    That is parameters, strategies and their parameters, and fields of shocks. Every WORD must be
    in the name, the meaning or the source. A parameter that every firm of a
    role has goes by the role, which sets all of them; name a firm to see its own. The names are
    those of `--set NAME=VALUE`, and of the tables [set] and [factors] of an experiment.

    \b
    Columns:
      value       what holds if nothing is set; least-most where firms differ
      low, high   bounds outside which a value is refused
      marked      the range over which it is uncertain, as experiments draw it
      kind        fact, derived or assumption; or strategy, shock

    \b
    Examples:
      agentsim params elasticity
      agentsim params chip life
      agentsim params oracle debt
      agentsim params lineup.hyperscaler
      agentsim params --scenario theory --csv > params.csv
    """
    from agentsim.cli import settable
    from agentsim.scenario import Scenario

    found = settable.find(settable.entries(Scenario.load(name)), " ".join(words).split())
    if as_csv:
        writer = csv.writer(text := StringIO(), lineterminator="\n")
        writer.writerows([settable.COLUMNS, *(entry.plain() for entry in found)])
        click.echo(text.getvalue(), nl=False)
        return
    for line in _entry_lines(found, terminal_width()):
        click.echo(line)


@click.command()
@click.argument("name", default="2025Q4")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every column whole.")
def calibration(name: str, as_csv: bool) -> None:
    """Print the calibration NAME (2025Q4 by default) with units, ranges and sources.

    \b
    Examples:
      agentsim calibration
      agentsim calibration theory | less -S
      agentsim calibration 2025Q4 --csv > calibration.csv
    """
    from agentsim.scenario import Scenario

    table = Scenario.load(name).table()
    if as_csv:
        click.echo(table.to_csv(index=False), nl=False)
        return
    for line in _calibration_lines(table):
        click.echo(cut(line, terminal_width()))


def _calibration_lines(table: pd.DataFrame) -> list[str]:
    lines = [["parameter", "value", "unit", "low", "high", "kind", "source or reason"]]
    for row in table.to_dict("records"):
        name = f"{row['firm']}.{row['parameter']}" if row["firm"] else row["parameter"]
        value, low, high = (short(row[each]) for each in ("value", "low", "high"))
        why = row["source"] or row["reason"]
        lines.append([name, value, row["unit"], low, high, row["kind"], why])
    return aligned(lines)


def _entry_lines(found: Sequence[Entry], width: int | None) -> list[str]:
    """Return what may be set as aligned lines; on a narrow terminal with the meanings below."""
    head = ["name", "value", "unit", "low", "high", "marked", "kind"]
    left = aligned([head, *(entry.cells() for entry in found)])
    meanings = ["meaning", *(entry.meaning for entry in found)]
    sources = ["source or reason", *(entry.source for entry in found)]
    start = max(map(len, left)) + 2
    if width is None or width - start >= min(READABLE, max(map(len, meanings))):
        right = aligned([list(each) for each in zip(meanings, sources, strict=True)])
        return [
            cut(f"{one:<{start}}{other}".rstrip(), width)
            for one, other in zip(left, right, strict=True)
        ]
    lines = [cut(left[0], width)]
    for one, entry in zip(left[1:], found, strict=True):
        whole = wrap(entry.meaning, width, initial_indent=INDENT, subsequent_indent=INDENT)
        lines += [cut(one, width), *whole]
    return lines


def terminal_width() -> int | None:
    """Return how wide the terminal is; nothing where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def cut(line: str, width: int | None) -> str:
    """Return a line no longer than the terminal is wide."""
    return line if width is None or len(line) <= width else line[: width - 1] + "…"
