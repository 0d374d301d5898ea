"""Commands on strategies: list them, look at one, make one, check it and try it out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from agentsim.cli.batches import batch_options
from agentsim.cli.commands import FAILED, Commands, takes_strategies, warn
from agentsim.cli.reading import cut, terminal_width
from agentsim.cli.running import setting, shown, whole
from agentsim.errors import AgentsimError, unknown
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    from agentsim.strategy.base import Strategy
    from agentsim.strategy.registry import Entry

TRIAL_RUNS = 200
"""Runs of each posture in a trial."""


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
        warn(row.problem)
    found = [row for row in rows if not row.problem and _has(row, word or "")]
    if not found:
        raise AgentsimError(
            f"no strategy has {word!r} in role, name, summary or source; "
            "agentsim strategies list lists all"
        )
    if not sys.stdout.isatty():
        for row in found:
            click.echo(f"{row.id} {row.role} {_told(row)}")
        return
    width, role = max(len(row.id) for row in found), ""
    for row in found:
        if row.role != role:
            role = row.role
            click.echo(role)
        click.echo(cut(f"  {row.id:<{width}}  {_told(row)}", terminal_width()))


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


@strategies.command()
@click.argument("id", metavar="ID|FILE")
@click.option("--worlds", metavar="N", help="Made-up worlds a quarter; otherwise thousands.")
@takes_strategies
def check(id: str, worlds: str | None) -> None:
    """Put a strategy through the battery that every one passes, and measure what it is like.

    It is asked in thousands of made-up worlds, shocks and crises included, and in real markets. Each check
    is a line; exit code 1 says that one failed. What it is like is measured by probing: whether it looks at
    rivals, remembers, borrows, and how it answers.

    \b
    Examples:
      agentsim strategies check escalate
      agentsim strategies check patient_builder.py
    """
    from agentsim.authoring.checking import check as checked

    reports = [checked(kind, whole("--worlds", worlds)) for kind in named(id)]
    click.echo("\n\n".join(map(str, reports)))
    if not all(report.passed for report in reports):
        raise SystemExit(FAILED)


@strategies.command()
@click.argument("id", metavar="ID|FILE")
@click.option("--firm", metavar="FIRM", help="In whose seat; otherwise the role's first firm.")
@click.option(
    "--lineup", "rivals", default="calibrated", metavar="STRATEGY",
    help="What all its rivals follow; otherwise as calibrated.",
)  # fmt: skip
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True,
    help="Set a parameter or another firm's strategy; may be repeated.",
)  # fmt: skip
@batch_options
@click.option("--no-figures", is_flag=True, help="Print the table alone.")
@takes_strategies
@click.pass_obj
def trial(
    words: list[str],
    id: str,
    firm: str | None,
    rivals: str,
    settings: Sequence[str],
    out: str | None,
    runs: str | None,
    workers: str | None,
    replace: bool,
    no_figures: bool,
) -> None:
    """Try a strategy out: what it is worth to a firm, next to every other posture in the same seat.

    ID may have parameters in brackets. Everything else is as calibrated, unless told otherwise, and every
    posture meets the same luck. Prints value and rank with 95% intervals, and what customers get. Pictures
    show the ranking, and the strategy's path against its rivals' in five situations: calm, boom, rivals
    that escalate, an efficiency shock and a credit crunch.

    \b
    Examples:
      agentsim strategies trial match
      agentsim strategies trial "escalate(step=0.1)" --firm oracle --lineup best_response
      agentsim strategies trial chip_vendor/scarcity --firm amd --runs 1000
      agentsim strategies trial patient_builder.py --set demand_elasticity=0.8
    """
    from agentsim import batch
    from agentsim.authoring.trial import paths, prepared, ranked
    from agentsim.report.trial_text import told

    name, bracket, parameters = id.partition("(")
    (kind,) = _of_one_role(name, named(name))
    given = dict(setting(text) for text in settings)
    count = whole("--runs", runs)
    text = f"{kind.id}{bracket}{parameters}"
    count = TRIAL_RUNS if count is None else count
    tried = prepared(text, kind.role, firm, rivals, count, given)
    results = batch.run(
        tried.experiment, out, whole("--workers", workers), replace=replace,
        command=["agentsim", *words], say=lambda line: click.echo(line, err=True),
    )  # fmt: skip
    found = ranked(tried, results)
    found.to_csv(results.folder / "ranking.csv", index=False)
    click.echo(told(found, tried))
    click.echo(f"\nResults: {shown(results.folder)}")
    if not no_figures:
        from agentsim.report.trial_figures import save

        for path in save(found, paths(tried, results), tried, results.folder / "figures"):
            click.echo(f"Figure:  {shown(path)}")
    failed = results.manifest["failures"]["runs"]
    if failed:
        reasons = results.manifest["failures"]["reasons"]
        click.echo(
            f"{failed:,} runs failed, of all postures and situations: {next(iter(reasons))}",
            err=True,
        )
        raise SystemExit(FAILED)


def _of_one_role(text: str, found: list[type[Strategy]]) -> list[type[Strategy]]:
    """Refuse a name that strategies of several roles have."""
    if len(found) > 1:
        names = " or ".join(f"{kind.role}/{kind.id}" for kind in found)
        raise AgentsimError(f"{text} is a strategy of several roles; give {names}")
    return found


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
        remedy = "agentsim strategies list lists them"
        if Path(f"{id}.py").is_file():
            remedy = f"{id}.py is here: name it by --strategies {id}.py"
        raise unknown("strategy", id, known, remedy)
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


def _told(row: Entry) -> str:
    """Return what a strategy does, and why it cannot be followed where it cannot."""
    return f"{row.summary} Not yet: {row.unavailable}." if row.unavailable else row.summary


def _page(kind: type[Strategy]) -> str:
    """Return all about a strategy, for reading."""
    from agentsim.authoring.probing import measured
    from agentsim.authoring.subject import Subject
    from agentsim.strategy.registry import file_of

    about = kind.describe()
    width = min(terminal_width() or 100, 100)
    lines = [f"{about.id}, a strategy for a {about.role.replace('_', ' ')}", ""]
    if about.unavailable:
        lines += wrap(f"It cannot be followed yet: {about.unavailable}.", width)
        lines.append("")
    for paragraph in cleandoc(kind.__doc__ or "").split("\n\n"):
        lines += [*wrap(" ".join(paragraph.split()), width), ""]
    lines += [*_parameters(kind), ""] if about.parameters else ["It has no parameters.", ""]
    if not about.unavailable:
        lines += ["Measured by probing it", *str(measured(Subject(kind))).splitlines(), ""]
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
