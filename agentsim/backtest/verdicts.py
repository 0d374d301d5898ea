"""Verdicts: figures of simulated runs beside those of the facts, and whether each rule is met.

A rule asks that the median over runs lies within bounds. Rules and facts are lines of
regularity_facts.csv: number, figure, unit, value (none where nothing but a direction is known),
least and most (either may be left open), role, formula, note. Formulas are arithmetic over
published figures, [key], and facts by quarter, {series.firm.quarter}.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.roles import INPUT, RULE
from agentsim.backtest.roles import PARTLY as PARTLY_INPUT
from agentsim.backtest.testing import BAND

if TYPE_CHECKING:
    import pandas as pd

SHIPPED = "regularity_facts.csv"
REPRODUCED, PARTLY, NOT, OUTSIDE = "reproduced", "partly", "not", "outside the model"
COLUMNS = (
    "number", "regularity", "verdict", "figure", "unit", "fact", "low", "median", "high", "rule",
    "met", "role", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """What a figure must be for its fact to count as met."""

    number: int
    figure: str
    unit: str
    value: float | None
    least: float | None
    most: float | None
    role: str = "result"
    formula: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """The rule in words."""
        if self.least is None:
            return f"median at most {self.most:g}"
        if self.most is None:
            return f"median at least {self.least:g}"
        return f"median {self.least:g} to {self.most:g}"

    def met(self, median: float) -> bool:
        """Whether a median lies within the bounds; one that is not there does not."""
        low = -np.inf if self.least is None else self.least
        high = np.inf if self.most is None else self.most
        return bool(low <= median <= high)


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules, by number of the regularity and in the order of the file."""
    text = (files("agentsim.backtest") / SHIPPED).read_text(encoding="utf-8")
    found = []
    for line in csv.DictReader(text.splitlines()):
        value, least, most = (
            float(line[name]) if line[name] else None for name in ("value", "least", "most")
        )
        found.append(
            Rule(
                int(line["number"]), line["figure"], line["unit"], value, least, most,
                line["role"], line["formula"], line["note"],
            )
        )  # fmt: skip
    return tuple(found)


def verdict(met: Iterable[tuple[bool, str]]) -> str:
    """Return the verdict on a regularity, from whether each figure is met and its role.

    Inputs do not count. Nor do figures that a strategy's rule sets, and with one of them a regularity
    is at most partly reproduced: that half of it was told to the market.
    """
    figures = list(met)
    given = [yes for yes, role in figures if role not in (INPUT, RULE)]
    if not given:
        return OUTSIDE
    if all(given):
        return PARTLY if any(role == RULE for _, role in figures) else REPRODUCED
    return PARTLY if any(given) else NOT


def judged(
    asked: Sequence[Rule],
    title: Callable[[int], str],
    figures: Callable[[int], dict[str, pd.Series[float]]],
) -> pd.DataFrame:
    """Return a row a figure: the fact, median and 90% band over runs, rule, whether it is met.

    figures: the figures of a regularity by its number, each one number a run. What no run has is
    not met. Figures that are inputs or set by a rule are shown, see `verdict`.
    """
    import pandas as pd

    rows = []
    for number in dict.fromkeys(each.number for each in asked):
        found = figures(number)
        own = [each for each in asked if each.number == number]
        bands = [_band(found[each.figure]) for each in own]
        met = [each.met(band[1]) for each, band in zip(own, bands, strict=True)]
        counted = verdict((yes, each.role) for each, yes in zip(own, met, strict=True))
        for each, (low, median, high), yes in zip(own, bands, met, strict=True):
            fact = np.nan if each.value is None else each.value
            rows.append(
                (
                    *(number, title(number), counted, each.figure, each.unit, fact),
                    *(low, median, high, each.text, yes, each.role, each.note),
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def counting(role: str, met: bool) -> str:
    """Return what a table says of a figure: whether its rule is met, or why that does not count."""
    if role in (INPUT, RULE):
        return role
    said = "yes" if met else "no"
    return f"{said}, {role}" if role == PARTLY_INPUT else said


def _band(x: pd.Series[float]) -> tuple[float, float, float]:
    """Return the percentiles of the runs in which a figure is there and finite."""
    numbers = x.to_numpy(dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return np.nan, np.nan, np.nan
    low, median, high = np.quantile(numbers, [BAND[0], 0.5, BAND[1]])
    return float(low), float(median), float(high)
