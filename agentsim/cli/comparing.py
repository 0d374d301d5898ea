"""The command that compares two folders of results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.commands import FAILED
from agentsim.cli.results import names_in
from agentsim.cli.running import shown
from agentsim.errors import AgentsimError
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.comparing import Comparison
    from agentsim.batch.results import Results

ROUNDING = 1e-9
"""Share of an outcome's mean below which even the largest difference is one of rounding."""
MOST_ROWS, MOST_VALUE = 20, 60
"""Rows and characters of a comparison beyond which the rest is counted."""
ALL_DIGITS = "identical to the last bit"


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--outcomes", metavar="A,B", help="Outcomes to tell; otherwise the main ones.")
def diff(a: str, b: str, outcomes: str | None) -> None:
    """Say what differs between two folders of results, A and B.

    That is what was asked, the files of the model, what both were made by, and what came out. Cells
    are matched by their labels, and runs by their numbers. Exits with 0 if the same was asked of
    the same model, by whatever name, and the same came out, to the last bit, and with 1 if not.

    \b
    Examples:
      agentsim diff results/escalator_war results/escalator_war-2
      agentsim diff before after --outcomes customer_share,capex
    """
    from agentsim.batch.comparing import compare
    from agentsim.batch.results import Results

    one, other = Results.open(a), Results.open(b)
    found = compare(one, other, names_in(outcomes) or _main(one, other))
    for line in _difference(found):
        click.echo(line)
    if not found.same:
        raise SystemExit(FAILED)


def _main(a: Results, b: Results) -> list[str] | None:
    """Return the main outcomes that both kept; nothing where there are none of these."""
    from agentsim.report.overview import SHOWN

    try:
        return [name for name in SHOWN if name in a.outcomes and name in b.outcomes] or None
    except AgentsimError:  # no runs yet
        return None


def _difference(x: Comparison) -> Iterator[str]:
    yield from _incomplete(x)
    yield from _section("spec", x.spec, x.spec["key"].tolist())
    changes = [f"  {row['file']}: {row['change']}" for row in x.model.to_dict("records")]
    yield "model: the same files" if not changes else f"model: {len(changes)} files differ"
    yield from _cut(changes)
    yield from _section("environment", x.environment, x.environment["what"].tolist())
    if len(x.execution):
        yield "does not matter for the numbers:"
        yield from _arrows(x.execution, x.execution["what"].tolist())
    yield from _cells(x)
    if len(x.outcomes):
        yield from _outcomes(x)


def _incomplete(x: Comparison) -> Iterator[str]:
    from agentsim.report.overview import progress

    for results in (x.a, x.b):
        far = progress(results)
        if far.status != "complete":
            yield f"{shown(results.folder)} is {far.words}: what is there is compared"


def _section(name: str, table: pd.DataFrame, keys: list[str]) -> Iterator[str]:
    if table.empty:
        yield f"{name}: the same"
        return
    yield f"{name}:"
    yield from _arrows(table, keys)


def _arrows(table: pd.DataFrame, keys: list[str]) -> list[str]:
    from agentsim.batch.provenance import shown as as_told

    rows = []
    for key, row in zip(keys, table.to_dict("records"), strict=True):
        told = [as_told(each) for each in (row["before"], row["after"])]
        before, after = (
            text if len(text) <= MOST_VALUE else f"{text[: MOST_VALUE - 4]} ..." for text in told
        )
        rows.append([f"  {key}", f"{before} -> {after}"])
    return _cut(_columns(rows))


def _columns(rows: list[list[str]]) -> list[str]:
    width = max((len(key) for key, _ in rows), default=0)
    return [f"{key:<{width}}  {text}" for key, text in rows]


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_ROWS:
        return lines
    return [*lines[:MOST_ROWS], f"  and {len(lines) - MOST_ROWS:,} more"]


def _cells(x: Comparison) -> Iterator[str]:
    cells = x.cells
    same = int(cells["identical"].sum())
    if len(cells) and same == len(cells):
        text = f"outcomes: {len(cells):,} cells matched, all {ALL_DIGITS}"
    elif not len(cells):
        text = "outcomes: no cell of one is in the other"
    else:
        text = (
            f"outcomes: {len(cells):,} cells matched, {same:,} {ALL_DIGITS}, "
            f"{len(cells) - same:,} not"
        )
    runs = int(cells["runs"].sum())
    yield f"{text}; {int(cells['identical_runs'].sum()):,} of {runs:,} runs in both are identical"
    for results, alone, cells_alone, kept in (
        (x.a, "only_a", x.only_a, x.kept_by_a),
        (x.b, "only_b", x.only_b, x.kept_by_b),
    ):
        told = []
        if len(cells_alone):
            told.append(f"{len(cells_alone):,} cells")
        if count := int(cells[alone].sum()):
            told.append(f"{count:,} runs of matched cells")
        if kept:
            told.append(f"outcomes {', '.join(kept[:3])}{' ...' if len(kept) > 3 else ''}")
        if told:
            yield f"  only in {shown(results.folder)}: {'; '.join(told)}"


def _outcomes(x: Comparison) -> Iterator[str]:
    from agentsim.report.overview import unit_of

    table = x.outcomes
    if table["identical"].all():
        return
    luck = (
        "the same luck: differences run by run" if x.paired else "other luck: differences of means"
    )
    yield f"  B less A, over the runs of all matched cells, {luck}"
    lines = [["  outcome", "unit", "A", "B", "difference", "95% interval", "excludes 0", "largest"]]
    for row in table.to_dict("records"):
        name = str(row["outcome"])
        numbers = [short(float(row[each])) for each in ("a", "b")]
        if row["identical"]:
            lines.append([f"  {name}", unit_of(name), *numbers, "0", "", "identical", "0"])
            continue
        low, high = float(row["low"]), float(row["high"])
        known = low == low
        lines.append(
            [
                f"  {name}",
                unit_of(name),
                *numbers,
                short(float(row["difference"])),
                f"{short(low)} to {short(high)}" if known else "",
                _finding(row) if known else "unknown",
                short(float(row["largest"])),
            ]
        )
    yield from aligned(lines)


def _finding(row: dict[Any, Any]) -> str:
    """Return whether an interval leaves zero out, or differences are but those of rounding."""
    if float(row["largest"]) <= ROUNDING * abs(float(row["a"])):
        return "rounding"
    return "yes" if row["excludes_zero"] else "no"
