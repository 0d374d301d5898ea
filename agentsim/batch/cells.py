"""Making the cells of an experiment, and checking every name and level in it on the way.

A cell is a list of settings by dotted name, later ones holding over earlier ones: what the
experiment sets, what the variant or deviation sets, and the levels of the factors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from itertools import product
from typing import Any

from agentsim.batch.complaints import Level, level
from agentsim.batch.design import Deviation, Experiment, Variant
from agentsim.batch.plan import LABELS, Cell, Kind
from agentsim.calibration import targets
from agentsim.calibration.checks import checked
from agentsim.errors import AgentsimError, unknown
from agentsim.lineup import resolve
from agentsim.parameters import DECLARATIONS, ROLES
from agentsim.scenario import LISTED, Scenario
from agentsim.shocks import collect

Settings = Mapping[str, Level]
MOST_CELLS = 100_000
MOST_ROWS = 10_000_000


def cells_of(experiment: Experiment) -> tuple[Cell, ...]:
    """Return the cells in order: main ones, deviations, variants.

    Raises AgentsimError: one line with the field, the value and the remedy.
    """
    maker = _Maker(experiment)
    maker.check()
    made = [
        maker.cell(index, kind, labels, settings)
        for index, (kind, labels, settings) in enumerate(maker.combinations())
    ]
    first: dict[Any, int] = {}
    return tuple(
        replace(cell, same_as=None if at == cell.index else at)
        for cell in made
        for at in (first.setdefault(cell.market, cell.index),)
    )


class _Maker:
    """Turns combinations of levels into cells, doing work that recurs once."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.base = Scenario.load(experiment.scenario)
        self.role_of = {firm: role for role, names in self.base.firms.items() for firm in names}
        self.declared = {
            name: DECLARATIONS[role, parameter]
            for (role, parameter) in DECLARATIONS
            for name in (
                [parameter]
                if role == "market"
                else [f"{who}.{parameter}" for who in (role, *self.base.firms[role])]
            )
        }
        self.texts: dict[Any, dict[str, str]] = {}
        self.sets: dict[Any, dict[str, float]] = {}
        # A shock may leave to the factors what it must have.
        self.first: dict[str, Level] = {
            name: levels[0]
            for name, levels in experiment.factors.items()
            if name.startswith("shock.") and levels
        }

    # Checking, before anything is combined

    def check(self) -> None:
        """Refuse what makes no sense on its own, whatever it is combined with."""
        e = self.experiment
        for shock in e.shocks:
            for name, value in shock.items() if isinstance(shock, Mapping) else ():
                level(f"shocks.{name}", value)
        self.shocks(self.first)
        for name, value in e.set.items():
            self.check_setting(name, value)
            if name in e.factors:
                raise AgentsimError(f"{name} is a factor and in set; take it out of one of them")
        self.lineup({f"lineup.{who}": strategy for who, strategy in e.lineup.items()})
        for who in e.lineup:
            if f"lineup.{who}" in e.factors:
                raise AgentsimError(f"lineup.{who} is a factor and in lineup; take it out of one")
        for name, found in e.factors.items():
            for value in found:
                self.check_setting(name, value)
        for deviation in e.deviations:
            self.check_deviation(deviation)
        for variant in e.variants:
            self.check_variant(variant)
        self.check_size()

    def check_setting(self, name: str, value: Level) -> None:
        """Refuse a dotted name that nothing answers to, or a value out of its bounds."""
        if name.startswith("lineup."):
            self.lineup({name: value})
        elif name.startswith("shock."):
            self.shocks(self.first | {name: value})
        elif name in self.declared:
            checked(name, value, self.declared[name])
        else:
            who = [f"lineup.{who}" for who in (*ROLES, *self.role_of)]
            meanings = {each: declared.meaning for each, declared in self.declared.items()}
            known = [*self.declared, *who]
            raise unknown("parameter", name, known, LISTED, meanings)

    def check_deviation(self, deviation: Deviation) -> None:
        """Refuse a deviation by nobody, to nothing, or from a factor level that is not there."""
        if deviation.firm not in self.role_of:
            raise unknown("deviations: firm", deviation.firm, self.role_of)
        for strategy in (*deviation.own, *deviation.others):
            self.lineup({f"lineup.{deviation.firm}": strategy})
        self.check_restriction("deviations", deviation.factors)

    def check_variant(self, variant: Variant) -> None:
        """Refuse a variant that changes nothing, or a factor."""
        where = f"variant {variant.name!r}"
        changes = self.changes(variant)
        if not changes:
            raise AgentsimError(f"{where} changes nothing; give it a set or a lineup")
        for name, value in changes.items():
            if name in self.experiment.factors:
                raise AgentsimError(f"{where} sets {name}, a factor; restrict it in its factors")
            try:
                self.check_setting(name, value)
            except AgentsimError as error:
                raise AgentsimError(f"{where}: {error}") from None
        self.check_restriction(where, variant.factors)

    def check_restriction(self, where: str, restricted: Mapping[str, list[Level]]) -> None:
        """Ask that factors are restricted to levels that they have."""
        for name, found in restricted.items():
            if name not in self.experiment.factors:
                raise unknown(f"{where}: factor", name, self.experiment.factors)
            have = self.experiment.factors[name]
            for value in found:
                if value not in have:
                    raise AgentsimError(
                        f"{where}: {name} = {value!r} is not among its levels; take from {have}"
                    )

    def check_size(self) -> None:
        """Refuse what would not fit into memory."""
        e = self.experiment
        count = _size(e.factors)
        for deviation in e.deviations:
            crossed = _size(self.crossed(deviation.factors, self.role_of[deviation.firm]))
            count += len(deviation.own) * len(deviation.others) * crossed
        count += sum(_size(self.crossed(variant.factors)) for variant in e.variants)
        if count > MOST_CELLS:
            raise AgentsimError(
                f"factors make {count} cells; give fewer levels, at most {MOST_CELLS} cells"
            )
        if count * e.runs > MOST_ROWS:
            raise AgentsimError(
                f"runs = {e.runs} in {count} cells make {count * e.runs} runs; "
                f"give at most {MOST_ROWS} in all"
            )

    # Combining

    def combinations(self) -> Iterator[tuple[Kind, dict[str, Any], dict[str, Level]]]:
        """Return kind, labels and settings of every cell."""
        e = self.experiment
        base: dict[str, Level] = {f"lineup.{who}": each for who, each in e.lineup.items()}
        base |= e.set
        for levels in _grid(e.factors):
            yield "main", dict(levels), base | levels
        for deviation in e.deviations:
            role = self.role_of[deviation.firm]
            rest = {name: each for name, each in base.items() if not self.is_lineup_of(role, name)}
            for own, others in product(deviation.own, deviation.others):
                labels: dict[str, Level] = {"firm": deviation.firm, "own": own, "others": others}
                play: dict[str, Level] = {
                    f"lineup.{role}": others,
                    f"lineup.{deviation.firm}": own,
                }
                for levels in _grid(self.crossed(deviation.factors, role)):
                    yield "deviation", labels | levels, rest | levels | play
        for variant in e.variants:
            for levels in _grid(self.crossed(variant.factors)):
                yield (
                    "variant",
                    {"variant": variant.name} | levels,
                    base | self.changes(variant) | levels,
                )

    def changes(self, variant: Variant) -> dict[str, Level]:
        """Return what a variant sets, by dotted name."""
        changed: dict[str, Level] = {f"lineup.{who}": each for who, each in variant.lineup.items()}
        return changed | variant.set

    def crossed(
        self, restricted: Mapping[str, list[Level]], role: str | None = None
    ) -> dict[str, list[Level]]:
        """Return the factors with restricted levels, without those of a role's lineup."""
        return {
            name: restricted.get(name, have)
            for name, have in self.experiment.factors.items()
            if role is None or not self.is_lineup_of(role, name)
        }

    def is_lineup_of(self, role: str, name: str) -> bool:
        """Say whether a name is the lineup of a role or of one of its firms."""
        kind, _, who = name.partition(".")
        return kind == "lineup" and (who == role or self.role_of.get(who) == role)

    def cell(self, index: int, kind: Kind, labels: Mapping[str, Any], settings: Settings) -> Cell:
        """Return the cell of a combination."""
        columns = (*LABELS, *self.experiment.factors)
        return Cell(
            index=index,
            kind=kind,
            labels={name: labels.get(name) for name in columns} | {"kind": kind},
            lineup=self.lineup({n: v for n, v in settings.items() if n.startswith("lineup.")}),
            values=self.values({n: v for n, v in settings.items() if n in self.declared}),
            shocks=self.shocks({n: v for n, v in settings.items() if n.startswith("shock.")}),
        )

    def lineup(self, given: Settings) -> dict[str, str]:
        """Return the strategy of every firm, as text."""
        key = tuple(given.items())
        if key not in self.texts:
            whole = {name.removeprefix("lineup."): each for name, each in given.items()}
            resolved = resolve(whole, self.base.firms)
            self.texts[key] = {
                firm: str(each) for chosen in resolved.values() for firm, each in chosen.items()
            }
        return self.texts[key]

    def values(self, given: Settings) -> dict[str, float]:
        """Return parameters by the names of single values, a firm's own holding over its role's."""
        key = tuple(given.items())
        if key not in self.sets:
            found: dict[str, float] = {}
            for name in sorted(given, key=lambda name: name.partition(".")[0] not in ROLES):
                for target in targets(name, self.base.firms):
                    found[target] = float(given[name])
            self.base.replace(found)  # what must hold between parameters
            self.sets[key] = found
        return self.sets[key]

    def shocks(self, given: Settings) -> tuple[dict[str, Any], ...]:
        """Return the shocks with some fields set, every field of each."""
        made = collect(self.experiment.shocks, given)
        for shock in made:
            shock.check(self.experiment.horizon, self.base.firms)
        return tuple(
            {"kind": shock.kind} | {item.name: getattr(shock, item.name) for item in fields(shock)}
            for shock in made
        )


def _grid(factors: Mapping[str, list[Level]]) -> Iterator[dict[str, Level]]:
    """Return every combination of levels, the last factor moving fastest."""
    for levels in product(*factors.values()):
        yield dict(zip(factors, levels, strict=True))


def _size(factors: Mapping[str, list[Level]]) -> int:
    return math.prod(len(levels) for levels in factors.values())
