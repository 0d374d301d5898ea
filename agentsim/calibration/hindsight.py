"""Hindsight: which marked ranges of a calibration rest on figures of later than a quarter.

A backtest that fits nothing to a year has still looked at it where a range was reasoned from that
year's figures. What counts is what a line's formula or reason cites, or says in words, and what the
values that its formula builds on do.
"""

from __future__ import annotations

import re

from agentsim.calibration import Entry, facts, read
from agentsim.calibration.formulas import FACT, rests_on

YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
FISCAL_YEAR = re.compile(r"FY(\d\d)(?!\d)")
UNTIL_JANUARY = re.compile(r"qtr to (20\d\d)-01-\d\d")
"""A fiscal quarter that ends in January counts as the last of the year before, as everywhere here."""


def seen_later(calibration: str, last: int) -> tuple[str, ...]:
    """Return the labels of marked ranges that rest on figures of years after `last`, in order."""
    found = read(calibration)
    later: dict[str, bool] = {}

    def is_later(entry: Entry) -> bool:
        if entry.label not in later:
            later[entry.label] = False  # a formula does not rest on itself
            behind = (found.by_name[name] for name in rests_on(entry.formula, found.firms))
            cites = cites_later(f"{entry.formula} {entry.reason}", last)
            later[entry.label] = cites or any(map(is_later, behind))
        return later[entry.label]

    return tuple(each.label for each in found.entries if each.low is not None and is_later(each))


def cites_later(text: str, last: int) -> bool:
    """Whether a formula or reason cites a figure of a year after `last`, or says one in words."""
    words = [int(year) for year in YEAR.findall(FACT.sub("", text))]
    cited = [_year(facts()[key].period) for key in FACT.findall(text)]
    return any(year > last for year in (*words, *cited))


def _year(period: str) -> int:
    """Return the last year that a fact's period names; 0 where it names none."""
    if found := UNTIL_JANUARY.search(period):
        return int(found[1]) - 1
    years = YEAR.findall(period) or [f"20{each}" for each in FISCAL_YEAR.findall(period)]
    return max(map(int, years), default=0)
