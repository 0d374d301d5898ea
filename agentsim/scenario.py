"""Scenario: everything that may be set about a market, checked where it enters.

    >>> base = Scenario.load("2025Q4")
    >>> base.demand_elasticity
    1.2
    >>> tight = base.replace({"oracle.debt": 50}, demand_elasticity=[0.9, 1.2, 1.5])

Names are dotted. A market parameter goes by its own name; a firm's has the firm in front
(`oracle.debt`); with a role in front (`hyperscaler.debt`) it is set for every firm of the role.
A value is one number, or one number a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agentsim.calibration import Entry, dotted, names_of, read
from agentsim.calibration import calibrations as calibrations
from agentsim.calibration.checks import Value, check_lengths, check_runs, check_together, checked
from agentsim.calibration.draws import Range, latin_hypercube
from agentsim.calibration.following import with_following
from agentsim.errors import AgentsimError, shown, unknown, whole
from agentsim.laws.numerics import Array
from agentsim.parameters import (
    DECLARATIONS,
    GROUPS,
    ChipVendorParameters,
    HyperscalerParameters,
    LenderParameters,
    MarketParameters,
    MemoryMakerParameters,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_HYPERSCALERS = 64
LISTED = "`agentsim calibration` lists them"


@dataclass(eq=False)
class Parameters:
    """All parameters as arrays, for a market of so many runs."""

    runs: int
    firms: Mapping[str, tuple[str, ...]]
    market: MarketParameters
    hyperscaler: HyperscalerParameters
    chip_vendor: ChipVendorParameters
    memory_maker: MemoryMakerParameters
    lender: LenderParameters


@dataclass(frozen=True, eq=False, repr=False)
class Scenario:
    """A calibration with whatever was changed about it. Not changed itself: `replace` copies."""

    name: str
    firms: Mapping[str, tuple[str, ...]]
    """The firms of each role, in the order of their rows."""
    values: Mapping[str, Value]
    """Every parameter by its dotted name: a float, or an array of one float a run."""
    ranges: Mapping[str, Range]
    """The marked ranges. What `replace` sets is no longer uncertain and loses its range."""
    provenance: Mapping[str, Entry]
    """Where each value comes from, by dotted name."""

    # With item access but no iteration, Python would try 0, 1, 2 ...; and Mesa's batch_run
    # would take a scenario for a list of values to sweep.
    __iter__: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Close the mappings against writing: a loaded scenario is shared."""
        for field in ("firms", "values", "ranges", "provenance"):
            object.__setattr__(self, field, MappingProxyType(dict(getattr(self, field))))

    @staticmethod
    def load(name: str) -> Scenario:
        """Return the scenario of a calibration (see `calibrations()`) as it stands."""
        if not isinstance(name, str):
            raise AgentsimError(
                f"scenario = {shown(name)} is no scenario; give a name or a Scenario"
            )
        return _load(name)

    # Reading

    def __getitem__(self, name: str) -> Value:
        """Return a value by its dotted name."""
        if name not in self.values:
            if (targets := self._names().get(name)) is not None:
                raise AgentsimError(f"{name} stands for several firms; read {targets[0]}, say")
            raise unknown("parameter", name, self.values, LISTED, self._meanings())
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        """Say whether there is a value of this dotted name."""
        return name in self.values

    def __getattr__(self, name: str) -> Value:
        """Return a market parameter."""
        # Unpickling asks for attributes before there are any.
        values: Mapping[str, Value] = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        if name.startswith("_"):
            raise AttributeError(f"Scenario has no attribute {name!r}")
        hint = unknown("parameter", name, values, LISTED, self._meanings())
        raise AttributeError(f"Scenario has no attribute {name!r}; {hint}")

    def __dir__(self) -> list[str]:
        """Offer the market parameters to completion too."""
        return [*super().__dir__(), *(name for name in self.values if "." not in name)]

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(names)} {role}s" for role, names in self.firms.items())
        changed = [name for name, entry in self.provenance.items() if entry.kind == "given"]
        more = f", {len(changed)} values changed" if changed else ""
        return f"<Scenario {self.name}: {counts.replace('_', ' ')}{more}>"

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields; a closed mapping does not pickle, so as plain ones."""
        state = dict(self.__dict__)
        for field in ("firms", "values", "ranges", "provenance"):
            state[field] = dict(state[field])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the fields back and close the mappings again."""
        self.__dict__.update(state)
        self.__post_init__()

    # Changing

    def replace(self, overrides: Mapping[str, Any] | None = None, /, **named: Any) -> Scenario:
        """Return a copy with other values: `replace({"oracle.debt": 50}, substitution=6)`.

        Where both a role and one of its firms are named, the firm's own value holds.
        Raises AgentsimError, one line that says what to change.
        """
        given = dict(overrides or {})
        if twice := given.keys() & named.keys():
            raise AgentsimError(f"{min(twice)} is given twice; give it once")
        given.update(named)
        known = self._names()
        for name in given:
            if name not in known:
                raise unknown("parameter", name, known, LISTED, self._meanings())
        values, provenance = dict(self.values), dict(self.provenance)
        changed: set[str] = set()
        for name in sorted(given, key=lambda name: -len(known[name])):  # roles before firms
            for target in known[name]:
                old = provenance[target]
                value = checked(name, given[name], DECLARATIONS[old.role, old.parameter])
                values[target] = value
                provenance[target] = _given(old, target, value)
                changed.add(target)
        check_lengths(values)
        check_together(self.firms, values)
        ranges = {label: r.without(changed) for label, r in self.ranges.items()}
        return replace(
            self,
            values=values,
            ranges={label: r for label, r in ranges.items() if r.names},
            provenance=provenance,
        )

    def with_hyperscalers(self, count: int) -> Scenario:
        """Return a copy with this many hyperscalers, `firm_1` and so on, all as they are now.

        Only where they are all alike, as in `theory`: there is no telling what a seventh firm
        beside six that differ would be.
        """
        count = whole("with_hyperscalers", count)
        if not 1 <= count <= MOST_HYPERSCALERS:
            raise AgentsimError(
                f"with_hyperscalers {count} is out of bounds; give 1 to {MOST_HYPERSCALERS}"
            )
        old = self.firms["hyperscaler"]
        new = tuple(f"firm_{number}" for number in range(1, count + 1))
        values, provenance = dict(self.values), dict(self.provenance)
        for parameter in _parameters_of("hyperscaler"):
            own = [values.pop(f"{firm}.{parameter}") for firm in old]
            entry = provenance[f"{old[0]}.{parameter}"]
            for firm in old:
                del provenance[f"{firm}.{parameter}"]
            if not all(np.array_equal(value, own[0]) for value in own):
                raise AgentsimError(
                    f"with_hyperscalers: the firms of {self.name} differ in {parameter}; "
                    "use Scenario.load('theory')"
                )
            for firm in new:
                values[f"{firm}.{parameter}"] = own[0]
                provenance[f"{firm}.{parameter}"] = entry
        ranges = {}
        for label, marked in self.ranges.items():
            role, _, parameter = label.partition(".")
            if role == "hyperscaler":
                ranges[label] = replace(marked, names=tuple(f"{f}.{parameter}" for f in new))
            elif role not in old:
                ranges[label] = marked
        firms = {**self.firms, "hyperscaler": new}
        return replace(self, firms=firms, values=values, ranges=ranges, provenance=provenance)

    # Using

    def check_runs(self, runs: int) -> None:
        """Raise unless every value given run by run is given for this many runs."""
        check_runs(self.values, runs)

    def parameters(self, runs: int) -> Parameters:
        """Return all parameters as read-only arrays.

        A market parameter is of shape () if all runs share it, otherwise (runs,); a firm's is
        (firms, 1) if all runs share it for every firm, otherwise (firms, runs).
        """
        self.check_runs(runs)
        groups: dict[str, Any] = {}
        for role, group in GROUPS.items():
            arrays = {}
            for name in _parameters_of(role):
                if role == "market":
                    array = np.array(self.values[name])
                else:
                    own = [self.values[f"{firm}.{name}"] for firm in self.firms[role]]
                    if all(isinstance(value, float) for value in own):
                        array = np.array(own).reshape(-1, 1)
                    else:
                        array = np.stack(np.broadcast_arrays(*map(np.atleast_1d, own)))
                array.setflags(write=False)
                arrays[name] = array
            groups[role] = group(**arrays)
        return Parameters(runs=runs, firms=self.firms, **groups)

    def draw(
        self, count: int, entropy: int | Sequence[int], names: Iterable[str] | None = None
    ) -> dict[str, Array]:
        """Return values drawn from all marked ranges, or those of `names`, for `with_draws` to take.

        A Latin hypercube: each range is cut into `count` equal parts and each part met once. What
        is drawn for one name does not depend on which others are drawn. Where high is more than
        three times low, equal parts are equal ratios. A range marked for all firms of a role is
        one uncertainty, drawn once.
        """
        wanted = self.ranges if names is None else dict.fromkeys(names)
        for name in wanted:
            if name not in self.ranges:
                raise unknown("marked range", name, self.ranges, LISTED)
        chosen = {name: self.ranges[name] for name in wanted}
        return latin_hypercube(chosen, self.values, self.firms, count, entropy)

    def with_draws(self, drawn: Mapping[str, Array]) -> Scenario:
        """Return a copy with drawn values, and all that follows from them by the formulas.

        Where a price is drawn and the making cost goes by a published margin, the cost follows;
        `replace` alone would leave it.
        """
        return self.replace(self.following(drawn))

    def following(self, drawn: Mapping[str, Array]) -> dict[str, Array]:
        """Return drawn values and what follows from them, by the names that `replace` takes."""
        return with_following(drawn, self.values, self.provenance, self.firms)

    def table(self) -> pd.DataFrame:
        """Return every value with its unit, range, kind, sources and reason, one line each."""
        from agentsim.calibration.tables import table  # pandas takes half a second

        return table(self.values, self.ranges, self.provenance)

    def _names(self) -> dict[str, tuple[str, ...]]:
        """Return every name that may be set, with the values that it sets."""
        known: dict[str, tuple[str, ...]] = {name: (name,) for name in self.values}
        for role, firms in self.firms.items():
            for parameter in _parameters_of(role):
                known[f"{role}.{parameter}"] = tuple(f"{firm}.{parameter}" for firm in firms)
        return known

    def _meanings(self) -> dict[str, str]:
        """Return what every name that may be set means."""
        entries = {name: self.provenance[targets[0]] for name, targets in self._names().items()}
        return {name: DECLARATIONS[e.role, e.parameter].meaning for name, e in entries.items()}


def scenario(name: str) -> Scenario:
    """Return the scenario of a calibration: short for `Scenario.load`."""
    return Scenario.load(name)


@cache
def _load(name: str) -> Scenario:
    calibration = read(name)
    values: dict[str, Value] = {}
    provenance: dict[str, Entry] = {}
    ranges: dict[str, Range] = {}
    for (role, parameter), declared in DECLARATIONS.items():
        for target in dotted(role, parameter, calibration.firms):
            entry = calibration.by_name[target]
            values[target] = checked(f"{name}.csv: {target}", entry.value, declared)
            provenance[target] = entry
            if entry.low is not None and entry.high is not None and entry.label not in ranges:
                names = names_of(entry, calibration.firms)
                ranges[entry.label] = Range(entry.low, entry.high, declared.whole, names)
    check_together(calibration.firms, values)
    return Scenario(name, calibration.firms, values, ranges, provenance)


def _parameters_of(role: str) -> tuple[str, ...]:
    return tuple(parameter for of, parameter in DECLARATIONS if of == role)


def _given(old: Entry, name: str, value: Value) -> Entry:
    """Return the provenance of a value that was set by hand."""
    return replace(
        old,
        firm=name.partition(".")[0] if "." in name else "",
        value=value if isinstance(value, float) else float("nan"),
        low=None,
        high=None,
        kind="given",
        formula="",
        reason=old.reason if old.kind == "given" else f"Set in place of {old.value:g}.",
    )
