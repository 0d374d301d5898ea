"""History: facts by quarter, one a line, which simulated markets are compared with.

Columns of the table: series, firm, quarter (2023Q1), value, low, high, unit, formula (how the value
follows from published figures, as in calibrations), source, url, note. Only the first four are
needed: a table of one's own may hold later quarters, or replace facts here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from agentsim.batch.complaints import read_text
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

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one value of."""
        return self.series, self.firm, self.quarter


def history(
    more: str | Path | None = None, further: Mapping[str, str] | None = None
) -> list[Known]:
    """Return the facts by quarter, with those of a table of one's own; these replace others.

    further: units of series that the table of one's own may hold beside those that are shipped.
    Raises AgentsimError: one line with the file, the line and the remedy.
    """
    shipped = files("agentsim.backtest") / SHIPPED
    facts = {each.key: each for each in _parsed(SHIPPED, shipped.read_text(encoding="utf-8"))}
    if more is not None:
        path = Path(more)
        text = read_text(path, "give a CSV file of facts", "give the CSV file in it", "utf-8-sig")
        units = dict(further or {}) | {each.series: each.unit for each in facts.values()}
        for each in _parsed(str(path), text):
            if each.series not in units:
                raise unknown(f"{path}: series", each.series, units)
            facts[each.key] = replace(each, unit=each.unit or units[each.series])
    return sorted(facts.values(), key=lambda each: each.key)


def number_of(quarter: str) -> int:
    """Return a quarter as a number, so that differences are quarters."""
    found = QUARTER.fullmatch(quarter)
    if found is None:
        raise AgentsimError(f"quarter {shown(quarter)} is none; write it as 2026Q1")
    return 4 * int(found[1]) + int(found[2]) - 1


def quarter_of(number: int) -> str:
    """Return the quarter of a number, as it is written."""
    return f"{number // 4}Q{number % 4 + 1}"


def _parsed(name: str, text: str) -> list[Known]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    header = reader.fieldnames or ()
    for column in NEEDED:
        if column not in header:
            raise AgentsimError(f"{name} has no column {column}; its first line names the columns")
    found = []
    try:
        for line in reader:
            where = f"{name}, line {reader.line_num}"
            number_of_line(where, line["quarter"])
            found.append(
                Known(
                    **{key: (line.get(key) or "").strip() for key in KNOWN if key not in NUMBERS},
                    value=_number(where, "value", line["value"]),
                    low=_bound(where, "low", line.get("low")),
                    high=_bound(where, "high", line.get("high")),
                )
            )
    except csv.Error as error:
        raise AgentsimError(f"{name}, line {reader.line_num}: {error}; mend that line") from None
    return found


NUMBERS = ("value", "low", "high")


def number_of_line(where: str, quarter: str | None) -> int:
    """Return the number of a quarter that stands in a line."""
    try:
        return number_of((quarter or "").strip())
    except AgentsimError as error:
        raise AgentsimError(f"{where}: {error}") from None


def _bound(where: str, name: str, text: str | None) -> float | None:
    return None if not (text or "").strip() else _number(where, name, text)


def _number(where: str, name: str, text: str | None) -> float:
    try:
        found = float(text or "")
    except ValueError:
        raise AgentsimError(f"{where}: {name} = {shown(text)} is no number; give one") from None
    if not abs(found) < float("inf"):
        raise AgentsimError(f"{where}: {name} = {text} is not finite; give a number")
    return found
