"""Commands on strategies: list them, look at one, make one, check it and try it out."""

from __future__ import annotations

import sys
from inspect import cleandoc
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from agentsim.cli.commands import Commands, takes_strategies
from agentsim.cli.reading import cut, terminal_width
from agentsim.cli.running import shown
from agentsim.errors import AgentsimError, unknown
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    from agentsim.strategy.base import Strategy
    from agentsim.strategy.registry import Entry

NARROWEST = 20
"""Width left for summaries below which they are not cut to the terminal."""


@click.group(cls=Commands, no_args_is_help=False, invoke_without_command=True)
@click.pass_context
def strategies(context: click.Context) -> None:
    """List, show, make, check and try out strategies.

    A strategy is one file, in strategies/ROLE/ or anywhere else: name files and folders of your own
    by --strategies PATH.

    \b
    Examples:
      agentsim strategies list
      agentsim strategies show best_response
      agentsim strategies new hyperscaler patient_builder
      agentsim strategies check patient_builder.py
      agentsim strategies trial patient_builder --strategies patient_builder.py
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@strategies.command("list")
@click.argument("word", required=False)
@takes_strategies
def list_(word: str | None) -> None:
    """List the strategies; with WORD, those that have it in role, name, summary or source.

    In a pipe a line is `id role summary`. A file that cannot be used is told on stderr.

    \b
    Examples:
      agentsim strategies list
      agentsim strategies list lender
      agentsim strategies list escalat
      agentsim strategies list | cut -d' ' -f1
    """
    from agentsim.strategy.registry import catalogue

    rows = catalogue()
    for row in rows:
        if row.problem:
            click.echo(f"warning: {row.problem}", err=True)
    found = [row for row in rows if not row.problem and _has(row, word or "")]
    if not found:
        raise AgentsimError(
            f"no strategy has {word!r} in role, name, summary or source; "
            "agentsim strategies list lists all"
        )
    if not sys.stdout.isatty():
        for row in found:
            click.echo(f"{row.id} {row.role} {row.summary}")
        return
    width, role = max(len(row.id) for row in found), ""
    for row in found:
        if row.role != role:
            role = row.role
            click.echo(role)
        click.echo(cut(f"  {row.id:<{width}}  {row.summary}", terminal_width()))


@strategies.command()
@click.argument("id", metavar="ID|FILE")
@takes_strategies
def show(id: str) -> None:
    """Show all about the strategy ID: what it does, parameters, source, and what probing measures.

    A name that several roles have is shown for each; ROLE/ID names one, and FILE those in a file.

    \b
    Examples:
      agentsim strategies show best_response
      agentsim strategies show lender/prudent
    """
    click.echo("\n\n".join(_page(kind) for kind in named(id)))


@strategies.command()
@click.argument("role")
@click.argument("name")
@click.option("--plain", is_flag=True, help="In plain numbers, with `if`, instead of arrays.")
@click.option("--out", metavar="FOLDER", help="Where both files go.")
def new(role: str, name: str, plain: bool, out: str | None) -> None:
    """Write the strategy NAME for a ROLE, and its test: two files that run as they stand.

    ROLE is hyperscaler, chip_vendor, memory_maker or lender. In a checkout of agentsim they go into
    strategies/ROLE/ and tests/strategies/, and nothing else has to be done; elsewhere into the current
    folder.

    \b
    Examples:
      agentsim strategies new hyperscaler patient_builder
      agentsim strategies new lender careful --plain --out mine
    """
    from agentsim.authoring.scaffold import write

    file, test = (shown(path) for path in write(role, name, Path(out) if out else None, plain))
    click.echo(f"{file}\n{test}\n\nNext:")
    beside = file.parent == test.parent
    named = f"{name} --strategies {file}" if beside else name
    for command in (
        f"agentsim strategies check {file if beside else f'{role}/{name}'}",
        f"agentsim strategies trial {named}",
        f"python -m pytest {test}",
    ):
        click.echo(f"  {command}")


def named(text: str) -> list[type[Strategy]]:
    """Return the strategies that ID, ROLE/ID or a FILE names, at least one.

    Raises AgentsimError, in one line, for a name that none has and for a file that cannot be used.
    """
    from agentsim.strategy.base import BASES
    from agentsim.strategy.registry import add_strategies, find, ids

    if text.endswith(".py"):
        rows = add_strategies(text)
        return [_usable(row) for row in rows]
    asked, _, id = text.rpartition("/")
    if asked:
        return [find(asked, id)]
    having = [role for role in BASES if id in ids(role)]
    if not having:
        known = [each for role in BASES for each in ids(role)]
        raise unknown("strategy", id, known, "agentsim strategies list lists them")
    return [find(role, id) for role in having]


def _usable(row: Entry) -> type[Strategy]:
    """Return the class of a row of the catalogue, or say why there is none."""
    from agentsim.strategy.registry import find

    if row.problem:
        raise AgentsimError(row.problem)
    return find(row.role, row.id)


def _has(row: Entry, word: str) -> bool:
    """Say whether a word is in a row of the catalogue, or in the source of the strategy."""
    from agentsim.strategy.registry import find

    text = f"{row.role} {row.role.replace('_', ' ')} {row.id} {row.summary}".casefold()
    return word.casefold() in text or (
        word.casefold() in find(row.role, row.id).describe().source.casefold()
    )


def _page(kind: type[Strategy]) -> str:
    """Return all about a strategy, for reading."""
    from agentsim.strategy.registry import file_of

    about = kind.describe()
    width = min(terminal_width() or 100, 100)
    lines = [f"{about.id}, a strategy for a {about.role.replace('_', ' ')}", ""]
    for paragraph in cleandoc(kind.__doc__ or "").split("\n\n"):
        lines += [*wrap(" ".join(paragraph.split()), width), ""]
    lines += [*_parameters(kind), ""] if about.parameters else ["It has no parameters.", ""]
    lines.append(f"File: {file_of(kind.role, kind.id)}")
    return "\n".join(lines)


def _parameters(kind: type[Strategy]) -> list[str]:
    """Return the parameters with units, defaults and bounds."""
    rows = [["parameter", "default", "low", "high", "unit", "meaning"]]
    for each in kind.describe().parameters:
        default = short(each.default)
        if each.choices is not None:
            known = " | ".join(map(str, each.choices))
            rows.append([each.name, default, "", "", "option", f"{each.meaning}: {known}"])
        else:
            low, high = short(each.low), short(each.high)
            rows.append([each.name, default, low, high, each.unit, each.meaning])
    return aligned(rows)
