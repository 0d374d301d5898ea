"""History: facts by quarter, one a line, which simulated markets are compared with.

Columns of the table: series, firm, quarter (2023Q1), value, low, high, unit, formula (how the value
follows from published figures, as in calibrations), source, url, note. Only the first four are
needed: a table of one's own may hold later quarters, or replace facts here. What is wrong with a
table is one line with its file and line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from agentsim.backtest.kinds import INFINITE, KINDS, check_unit, check_value
from agentsim.batch.complaints import read_text
from agentsim.batch.points import NUMBER
from agentsim.errors import AgentsimError, shown, unknown

NEEDED = ("series", "firm", "quarter", "value")
KNOWN = (*NEEDED, "low", "high", "unit", "formula", "source", "url", "note")
QUARTER = re.compile(r"(\d{4})Q([1-4])", re.ASCII)
SHIPPED = "history.csv"


@dataclass(frozen=True)
class Known:
    """One fact of one quarter."""

    series: str
    firm: str
    quarter: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    formula: str = ""
    source: str = ""
    url: str = ""
    note: str = ""
    place: str = field(default="", compare=False)
    """File and line of a fact of one's own; none for those that are shipped."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one value of."""
        return self.series, self.firm, self.quarter


def history(more: str | Path | None = None) -> list[Known]:
    """Return the facts by quarter, with those of a table of one's own; these replace others.

    Raises AgentsimError: one line with the file, the line and the remedy.
    """
    facts = {each.key: each for each in _shipped()}
    if more is not None:
        path = Path(more)
        text = read_text(path, "give a CSV file of facts", "give the CSV file in it", "utf-8-sig")
        facts |= {each.key: each for each in _parsed(str(path), text, own=True)}
    return sorted(facts.values(), key=lambda each: each.key)


def shipped_keys() -> set[tuple[str, str, str]]:
    """Return what the shipped facts are of: series, firm and quarter."""
    return {each.key for each in _shipped()}


@cache
def _shipped() -> tuple[Known, ...]:
    text = (files("agentsim.backtest") / SHIPPED).read_text(encoding="utf-8")
    return tuple(_parsed(SHIPPED, text))


def number_of(quarter: str) -> int:
    """Return a quarter as a number, so that differences are quarters."""
    found = QUARTER.fullmatch(quarter)
    if found is None:
        raise AgentsimError(f"quarter = {shown(quarter)} is none; write it as 2026Q1")
    return 4 * int(found[1]) + int(found[2]) - 1


def quarter_of(number: int) -> str:
    """Return the quarter of a number, as it is written."""
    return f"{number // 4}Q{number % 4 + 1}"


def _parsed(name: str, text: str, own: bool = False) -> list[Known]:
    """Return the facts of a table. own: whether it is a user's, so that places are kept."""
    found: dict[tuple[str, str, str], tuple[str, Known]] = {}
    for where, line in _lines(name, text):
        fact = _fact(where, line, where if own else "")
        if fact.key in found:
            raise AgentsimError(
                f"{where}: {', '.join(fact.key)} was given before, in {found[fact.key][0]}; "
                "take one of the lines out"
            )
        found[fact.key] = where, fact
    if not found:
        raise AgentsimError(f"{name} holds no facts; give one a line below the names of columns")
    return [fact for _, fact in found.values()]


def _lines(name: str, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield file and line of each row of a table, and the row by column."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for row in reader:
            where, cells = f"{name}, line {reader.line_num}", [each.strip() for each in row]
            if not any(cells):
                continue
            if header is None:
                header = _header(where, cells)
                continue
            if len(cells) != len(header):
                raise AgentsimError(
                    f"{where}: {len(cells)} values in {len(header)} columns; give one for each column"
                )
            yield where, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise AgentsimError(f"{name}, line {reader.line_num}: {error}; mend that line") from None
    if header is None:
        raise AgentsimError(
            f"{name} is empty; its first line names the columns {', '.join(NEEDED)}"
        )


def _header(where: str, names: list[str]) -> list[str]:
    """Return the names of the columns, or refuse them."""
    for column in NEEDED:
        if column not in names:
            raise AgentsimError(f"{where} has no column {column}; the first line names the columns")
    for place, column in enumerate(names):
        if column in KNOWN and column in names[:place]:
            raise AgentsimError(f"{where}: column {column} is there twice; drop one")
    return names


def _fact(where: str, line: dict[str, str], place: str) -> Known:
    """Return the fact of a row, or refuse it."""
    series = line["series"]
    if series not in KINDS:
        raise unknown(f"{where}: series", series, KINDS)
    number_of_line(where, line["quarter"])
    check_unit(where, series, line.get("unit", ""))
    numbers = {name: _number(where, name, line[name]) for name in NUMBERS if line.get(name)}
    numbers["value"] = _number(where, "value", line["value"])
    for name, value in numbers.items():
        check_value(where, series, name, value)
    low, high = numbers.get("low", -INFINITE), numbers.get("high", INFINITE)
    if low > high:
        raise AgentsimError(f"{where}: low = {low:g} is above high = {high:g}; swap them")
    texts = {name: line.get(name, "") for name in KNOWN if name not in NUMBERS}
    texts["unit"] = KINDS[series].unit
    # mypy takes both dicts for all fields, and does not know which names they hold.
    return Known(**texts, **numbers, place=place)  # type: ignore[arg-type]


NUMBERS = ("value", "low", "high")


def number_of_line(where: str, quarter: str) -> int:
    """Return the number of a quarter that stands in a line."""
    try:
        return number_of(quarter)
    except AgentsimError as error:
        raise AgentsimError(f"{where}: {error}") from None


def _number(where: str, name: str, text: str) -> float:
    if NUMBER.fullmatch(text) is None:
        raise AgentsimError(f"{where}: {name} = {shown(text)} is no number; give one")
    found = float(text)
    if not abs(found) < INFINITE:
        raise AgentsimError(f"{where}: {name} = {text} is not finite; give a number")
    return found
