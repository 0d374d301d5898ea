"""Calibrations: a market's opening books and parameters, each figure with where it comes from.

A calibration is one file, `<name>.csv`, one line a parameter; one line a firm where firms differ,
or the firm `all` where the line holds for every firm of the role. Columns:

role, firm, parameter   what the line sets; the firm is empty for the market's own parameters
value                   what the model uses
low, high               marked range, where the figure is uncertain; of a line for `all` firms it
                        is one uncertainty that they share, not one each
kind                    fact (published), derived (worked out from facts) or assumption
formula                 how the value follows from facts, see `agentsim.calibration.formulas`
reason                  why this value, and why this range; facts may be cited as [key]

An assumption without a range is structural: its reason says so, and it is not to be varied.
Published figures are in `facts.csv`, with their sources. A file added here is a calibration.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from agentsim.errors import AgentsimError, unknown
from agentsim.parameters import DECLARATIONS, ROLES

ALL = "all"
KINDS = ("fact", "derived", "assumption")
FACTS = "facts"
STRUCTURAL = "Structural"


@dataclass(frozen=True)
class Fact:
    """A published figure and its source."""

    key: str
    entity: str
    metric: str
    period: str
    value: str  # nearly always a number, but some facts are words
    unit: str
    low: str
    high: str
    confidence: str
    source_title: str
    source_url: str


@dataclass(frozen=True)
class Entry:
    """One line of a calibration."""

    role: str
    firm: str
    parameter: str
    value: float
    low: float | None
    high: float | None
    kind: str
    formula: str
    reason: str

    @property
    def label(self) -> str:
        """The dotted name that the line goes by: `cost`, `oracle.debt`, `hyperscaler.debt`."""
        if self.role == "market":
            return self.parameter
        return f"{self.role if self.firm == ALL else self.firm}.{self.parameter}"


@dataclass(frozen=True)
class Calibration:
    """A calibration as read: who there is, and the line behind every dotted name."""

    name: str
    firms: dict[str, tuple[str, ...]]
    entries: tuple[Entry, ...]
    by_name: dict[str, Entry]


def calibrations() -> tuple[str, ...]:
    """Return the names of the calibrations there are."""
    found = (file.name for file in files(__name__).iterdir())
    names = {name.removesuffix(".csv") for name in found if name.endswith(".csv")}
    return tuple(sorted(names - {FACTS}))


@cache
def facts() -> dict[str, Fact]:
    """Return the published figures that the calibrations rest on, by key."""
    return {line["key"]: Fact(**line) for _, line in _lines(FACTS)}


@cache
def read(name: str) -> Calibration:
    """Return a calibration, every declared parameter accounted for."""
    if name not in calibrations():
        raise unknown("calibration", name, calibrations())
    entries = tuple(_entry(f"{name}.csv line {number}", line) for number, line in _lines(name))
    firms = {
        role: tuple(dict.fromkeys(e.firm for e in entries if e.role == role and e.firm != ALL))
        for role in ROLES
    }
    by_name: dict[str, Entry] = {}
    for entry in entries:
        for each in names_of(entry, firms):
            if each in by_name:
                raise AgentsimError(f"{name}.csv sets {each} twice; take one of the lines out")
            by_name[each] = entry
    for role, parameter in DECLARATIONS:
        for each in dotted(role, parameter, firms):
            if each not in by_name:
                raise AgentsimError(f"{name}.csv does not set {each}; add a line for it")
    return Calibration(name, firms, entries, by_name)


def names_of(entry: Entry, firms: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the dotted names that a line sets."""
    if entry.firm == ALL:
        return dotted(entry.role, entry.parameter, firms)
    return (entry.label,)


def dotted(role: str, parameter: str, firms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the dotted names under which a parameter goes, one a firm."""
    if role == "market":
        return (parameter,)
    return tuple(f"{firm}.{parameter}" for firm in firms[role])


def targets(name: str, firms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the dotted names that a name stands for: one a firm where it names a role."""
    role, _, parameter = name.partition(".")
    return dotted(role, parameter, firms) if role in firms and parameter else (name,)


def _lines(name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a table of this folder, with the number that an editor gives each line."""
    text = (files(__name__) / f"{name}.csv").read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines())
    for line in reader:
        yield reader.line_num, line


def _entry(place: str, line: dict[str, str]) -> Entry:
    role, firm, parameter = line["role"], line["firm"], line["parameter"]
    if (role, parameter) not in DECLARATIONS:
        known = (p for r, p in DECLARATIONS if r == role)
        raise unknown(f"{place}: {role} parameter", parameter, known)
    if (role == "market") != (firm == ""):
        raise AgentsimError(f"{place}: {parameter} is {role}'s; name a firm for firms alone")
    if line["kind"] not in KINDS:
        raise unknown(f"{place}: kind", line["kind"], KINDS)
    return Entry(
        role=role,
        firm=firm,
        parameter=parameter,
        value=_number(place, "value", line["value"]),
        low=_number(place, "low", line["low"]) if line["low"] else None,
        high=_number(place, "high", line["high"]) if line["high"] else None,
        kind=line["kind"],
        formula=line["formula"],
        reason=line["reason"],
    )


def _number(place: str, column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AgentsimError(f"{place}: {column} {text!r} is not a number; give one") from None
