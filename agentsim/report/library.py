"""The page on the strategy library, made from the strategies: what they do, and what probing measures.

python -m agentsim.report.library docs/library.md
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path

from agentsim.authoring.probing import measured
from agentsim.authoring.properties import SEAT, Properties
from agentsim.authoring.subject import Subject
from agentsim.parameters import ROLES
from agentsim.printing import short
from agentsim.report.publish import command, fill
from agentsim.report.tables import table
from agentsim.report.words import firm_words, plain
from agentsim.strategy.base import Strategy
from agentsim.strategy.registry import find, ids

START, END = "<!-- library: start -->", "<!-- library: end -->"

YES_OR_NO = ("deterministic", "looks at rivals", "remembers")


def page() -> str:
    """Return the page's generated part: for each role what probing measured, then every strategy."""
    return "\n\n".join(part for role in ROLES for part in _role(role))


def _role(role: str) -> list[str]:
    kinds = [find(role, id) for id in ids(role)]
    asked = {kind.id: measured(Subject(kind)) for kind in kinds if not kind.unavailable}
    heads, rows = _measured(asked)
    return [
        f"## {plain(role).capitalize()}s",
        table(heads, rows),
        *(_told(kind) for kind in kinds),
    ]


def _measured(asked: dict[str, Properties]) -> tuple[list[str], list[list[str]]]:
    """Return the table of what was measured, a row a strategy."""
    first = next(iter(asked.values()))
    debt = first.uses_debt is not None
    heads = ["strategy", *YES_OR_NO, *(["uses debt"] if debt else [])]
    heads += [f"rate when rivals {rivals}" for rivals in first.capex_rates]
    heads += [f"{each.choice}: {each.change}" for each in first.responses]
    rows = []
    for id, found in asked.items():
        answers = [found.deterministic, found.looks_at_rivals, found.remembers]
        answers += [bool(found.uses_debt)] if debt else []
        row = [f"`{id}`", *("yes" if each else "no" for each in answers)]
        row += [short(chosen) for chosen, _ in found.capex_rates.values()]
        row += [_change(each.before, each.after) for each in found.responses]
        rows.append(row)
    return heads, rows


def _change(before: float, after: float) -> str:
    """Return by how much a choice changed, in percent of what it was."""
    if before == after:
        return "0"
    if before == 0.0:
        return "from 0"
    percent = 100.0 * (after / before - 1.0)
    return f"{percent:+,.0f}%" if abs(percent) >= 10.0 else f"{percent:+.2g}%"


def _told(kind: type[Strategy]) -> str:
    """Return what the docstring of a strategy says, and its parameters."""
    about = kind.describe()
    text = cleandoc(kind.__doc__ or "")
    lines = [f"### {about.role.replace('_', ' ')}: `{about.id}`"]
    if about.unavailable:
        lines.append(f"*It cannot be followed yet: {about.unavailable}.*")
    lines += [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    if about.parameters:
        told = (
            f"`{each.name}` = {short(each.default)}"
            + (f" {each.unit}" if each.unit not in ("", "1") else "")
            + f" ({each.meaning})"
            for each in about.parameters
        )
        lines.append("Parameters: " + "; ".join(told) + ".")
    return "\n\n".join(lines)


HEAD = (
    "Capex rates are what the strategy chooses in {seat}'s seat, per quarter, when all rivals follow "
    "the posture named. The columns after them say by how many percent the choice moves on average, in markets "
    "as calibrated, when what is named happens. `agentsim strategies show ID` says more."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the page; return the exit code."""

    def write(path: Path) -> str:
        fill(path, "\n\n".join([HEAD.format(seat=firm_words(SEAT)), page()]), START, END)
        return f"Written: {path}"

    return command(arguments, "library", ("PAGE",), write)


if __name__ == "__main__":
    sys.exit(main())
