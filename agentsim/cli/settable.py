"""What may be set or varied about a market, by dotted name, and how to find it by a word."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from inspect import cleandoc
from typing import Any

from agentsim.calibration import KINDS as KINDS_OF_VALUES
from agentsim.calibration import dotted
from agentsim.calibration.draws import Range
from agentsim.calibration.formulas import sources
from agentsim.errors import unknown
from agentsim.lineup import BY_ROLE, CALIBRATED
from agentsim.parameters import DECLARATIONS, ROLES, Declaration
from agentsim.printing import short
from agentsim.scenario import Scenario
from agentsim.shocks import KINDS as KINDS_OF_SHOCKS
from agentsim.strategy.params import Declared, declared
from agentsim.strategy.registry import find as find_strategy
from agentsim.strategy.registry import followed

COLUMNS = (
    *("name", "value", "unit", "low", "high", "marked_low", "marked_high"),
    *("kind", "meaning", "source"),
)
"""Those of `Entry.plain`."""

BY_FIRM = "by firm"
"""Stands for what each firm of a role has another of."""

LEAST_LETTERS = 3
"""A shorter word is too likely in a firm's name by chance."""

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Entry:
    """One name that may be set."""

    name: str
    value: Numbers | str
    """What holds if nothing is set: a number, least and most where firms differ, or a text."""
    unit: str
    low: float
    high: float
    kind: str
    meaning: str
    marked: Numbers | str = ""
    source: str = ""
    firm: str = ""
    """The one firm that it is of; empty for what is the market's, or every firm's of a role."""

    def cells(self) -> list[str]:
        """Return what a terminal shows, all but meaning and source."""
        value = self.value if isinstance(self.value, str) else _span(self.value, "-")
        marked = self.marked if isinstance(self.marked, str) else _span(self.marked, " - ")
        low, high = ("" if math.isinf(each) else short(each) for each in (self.low, self.high))
        return [self.name, value, self.unit, low, high, marked, self.kind]

    def plain(self) -> list[str]:
        """Return the fields for other programs: numbers with all their digits."""
        value = self.value if isinstance(self.value, str) else "-".join(map(_exact, self.value))
        low, high = ("" if isinstance(self.marked, str) else _exact(x) for x in self._marked_ends)
        bounds = (_exact(self.low), _exact(self.high))
        rest = (self.kind, self.meaning, self.source)
        return [self.name, value, self.unit, *bounds, low, high, *rest]

    @property
    def _marked_ends(self) -> Numbers:
        return (math.nan, math.nan) if isinstance(self.marked, str) else self.marked


def entries(base: Scenario) -> list[Entry]:
    """Return all that may be set: parameters, lineup, strategies' parameters, shocks' fields."""
    return [*_parameters(base), *_lineup(base), *_shocks()]


def find(known: Iterable[Entry], words: Sequence[str]) -> list[Entry]:
    """Return the entries that have all words, those first that have them in their names.

    A firm's own are among them if a word names or is in the name of the firm.
    Raises AgentsimError, one line with the nearest names, if there is none.
    """
    known = list(known)
    asked = [word.casefold() for word in words]
    found: list[tuple[int, Entry]] = []
    for entry in known:
        if entry.firm and not any(_means_firm(word, entry.firm) for word in asked):
            continue
        where = (entry.name, f"{entry.name} {entry.meaning}")
        for place, text in enumerate((*where, f"{where[-1]} {entry.source}")):
            if all(word in text.casefold() for word in asked):
                found.append((place, entry))
                break
    if not found:
        meanings = {entry.name: entry.meaning for entry in known}
        remedy = "`agentsim params` lists all that may be set"
        raise unknown("parameter", " ".join(words), meanings, remedy, meanings)
    return [entry for _, entry in sorted(found, key=lambda each: each[0])]


def _means_firm(word: str, firm: str) -> bool:
    if any(word in role for role in ROLES):  # "lender" is no word for direct_lender
        return False
    return firm in word.split(".") or (len(word) >= LEAST_LETTERS and word in firm)


def _parameters(base: Scenario) -> Iterator[Entry]:
    """Go through the scenario's parameters; a firm's after that of all firms of its role."""
    marked = {name: each for each in base.ranges.values() for name in each.names}
    for (role, parameter), what in DECLARATIONS.items():
        names = dotted(role, parameter, base.firms)
        if role == "market":
            yield _parameter(base, marked, what, parameter, names)
            continue
        yield _parameter(base, marked, what, f"{role}.{parameter}", names)
        for firm, name in zip(base.firms[role], names, strict=True):
            yield _parameter(base, marked, what, name, (name,), firm)


def _parameter(
    base: Scenario,
    marked: Mapping[str, Range],
    what: Declaration,
    name: str,
    names: Sequence[str],
    firm: str = "",
) -> Entry:
    """Return a parameter under a name that stands for those of one firm or of several."""
    lines = [base.provenance[each] for each in names]
    cited = [fact for line in lines for fact in sources(line.formula, line.reason)]
    where = dict.fromkeys(f"{fact.source_title} ({fact.source_url})" for fact in cited)
    kinds = {line.kind for line in lines}
    ranges = {marked.get(each) for each in names}  # several uncertainties even if they look alike
    one = ranges.pop() if len(ranges) == 1 else None
    return Entry(
        name=name,
        value=_ends([float(base.values[each]) for each in names]),
        unit=what.unit,
        low=what.low,
        high=what.high,
        kind="/".join(kind for kind in KINDS_OF_VALUES if kind in kinds),
        meaning=f"{what.meaning}; a whole number" if what.whole else what.meaning,
        marked=BY_FIRM if ranges else (one.low, one.high) if one else "",
        source="; ".join(where or dict.fromkeys(line.reason for line in lines)),
        firm=firm,
    )


def _lineup(base: Scenario) -> Iterator[Entry]:
    """Go through roles and firms: what they follow, and the parameters of what they may follow."""
    for role in ROLES:
        follows = {firm: CALIBRATED.get(firm, BY_ROLE[role]) for firm in base.firms[role]}
        common = set(follows.values())
        yield _followed(role, role, common.pop() if len(common) == 1 else BY_FIRM)
        for firm, strategy in follows.items():
            yield _followed(role, firm, strategy, firm)
        for name, having in _strategies_with(role).items():
            yield _strategy_parameter(role, name, having)
            for firm in follows:
                yield _strategy_parameter(firm, name, having, firm)


def _followed(role: str, who: str, strategy: str, firm: str = "") -> Entry:
    whose = firm or f"every {role.replace('_', ' ')}"
    return Entry(
        name=f"lineup.{who}",
        value=strategy,
        unit="",
        low=-math.inf,
        high=math.inf,
        kind="strategy",
        meaning=f"strategy of {whose}: {', '.join(followed(role))}",
        firm=firm,
    )


def _strategies_with(role: str) -> dict[str, dict[str, Declared]]:
    """Return every parameter that a role's strategies have, with the strategies that have it."""
    found: dict[str, dict[str, Declared]] = {}
    for id in followed(role):  # `agentsim strategies list` says what is wrong with the others
        for name, each in declared(find_strategy(role, id)).items():
            found.setdefault(name, {})[id] = each
    return found


def _strategy_parameter(
    who: str, name: str, having: Mapping[str, Declared], firm: str = ""
) -> Entry:
    """Return a parameter of strategies: where these differ, with all that any of them says."""
    them = having.values()
    options = [repr(choice) for each in them for choice in each.choices or ()]
    meaning = "; ".join(dict.fromkeys(each.meaning for each in them))
    one_of = f": {', '.join(dict.fromkeys(options))}" if options else ""
    defaults = [each.default for each in them]
    return Entry(
        name=f"lineup.{who}.{name}",
        value="/".join(dict.fromkeys(map(str, defaults))) if options else _ends(defaults),
        unit=" or ".join(dict.fromkeys(each.unit for each in them)),
        low=min(each.low for each in them),
        high=max(each.high for each in them),
        kind="strategy",
        meaning=f"{meaning}{one_of} (of {', '.join(having)})",
        firm=firm,
    )


def _shocks() -> Iterator[Entry]:
    """Go through the fields of every kind of shock."""
    for kind, shock in KINDS_OF_SHOCKS.items():
        for item in fields(shock):
            must = "; must be given" if item.default is MISSING else ""
            yield Entry(
                name=f"shock.{kind}.{item.name}",
                value=_default(item.default),
                unit=item.metadata["unit"],
                low=item.metadata.get("low", -math.inf),
                high=item.metadata.get("high", math.inf),
                kind="shock",
                meaning=item.metadata["meaning"] + must,
                source=cleandoc(shock.__doc__ or "").partition("\n")[0],
            )


def _default(given: Any) -> Numbers | str:
    if given is MISSING:
        return ""
    if given is None:
        return "none"
    return given if isinstance(given, str) else (float(given),)


def _ends(values: Sequence[float]) -> Numbers:
    """Return the least and the most of several numbers; one where they are all the same."""
    least, most = float(min(values)), float(max(values))
    return (least,) if least == most else (least, most)


def _span(numbers: Numbers, between: str) -> str:
    """Return numbers with something between them, and space around it where one is negative."""
    between = between if min(numbers) >= 0.0 else f" {between.strip()} "
    return between.join(map(short, numbers))


def _exact(number: float) -> str:
    return f"{number:.12g}" if math.isfinite(number) else ""
