"""Names: what an experiment may set and vary, and what settings by name come to.

A name is a parameter (`demand_elasticity`, `oracle.debt`, `hyperscaler.debt`), a strategy
(`lineup.oracle`), a parameter of a strategy (`lineup.hyperscaler.step`) or a field of a shock
(`shock.efficiency.factor`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np

from agentsim.batch.cells import Group
from agentsim.batch.complaints import Level
from agentsim.batch.design import Experiment, Variant
from agentsim.batch.factors import Factor, Levels, resolve_marked
from agentsim.batch.spreads import Spread
from agentsim.calibration import targets
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
from agentsim.lineup import Lineup, resolve
from agentsim.parameters import DECLARATIONS, ROLES, Declaration
from agentsim.scenario import Scenario
from agentsim.shocks import KINDS, collect
from agentsim.strategy.params import Declared, declared, with_values
from agentsim.strategy.registry import add_strategies, find, followed

Dimension = dict[str, Factor]


class Names:
    """The names of one experiment."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        for path in experiment.strategies:
            add_strategies(path)
        self.base = Scenario.load(experiment.scenario)
        self.role_of = {firm: role for role, names in self.base.firms.items() for firm in names}
        self.declared: dict[str, Declaration] = {
            name: each
            for (role, parameter), each in DECLARATIONS.items()
            for name in (
                [parameter]
                if role == "market"
                else [f"{who}.{parameter}" for who in (role, *self.base.firms[role])]
            )
        }
        self.lineups: dict[Any, Lineup] = {}

    @cached_property
    def dimensions(self) -> dict[str, Dimension]:
        """What is varied, marked ranges looked up."""
        return {
            name: {
                factor: resolve_marked(factor, self.base.ranges)
                if isinstance(each, Spread) and each.marked
                else each
                for factor, each in dimension.items()
            }
            for name, dimension in self.experiment.dimensions.items()
        }

    @cached_property
    def factors(self) -> dict[str, Factor]:
        """Every factor, linked ones too."""
        return {name: each for dim in self.dimensions.values() for name, each in dim.items()}

    @cached_property
    def marked(self) -> frozenset[str]:
        """Factors that stand for a marked range."""
        return frozenset(
            name for name, each in self.factors.items() if isinstance(each, Spread) and each.marked
        )

    # What a name is

    def firms(self, who: str) -> tuple[str, ...]:
        """Return the firms that a role or a firm's name stands for."""
        return tuple(self.base.firms[who]) if who in ROLES else (who,)

    def is_tuning(self, name: str) -> bool:
        """Say whether a name is a parameter of a strategy."""
        return name.startswith("lineup.") and name.count(".") == 2

    def is_lineup_of(self, role: str, name: str) -> bool:
        """Say whether a name is the lineup of a role or of one of its firms."""
        kind, _, who = name.partition(".")
        who = who.partition(".")[0]
        return kind == "lineup" and (who == role or self.role_of.get(who) == role)

    def is_code(self, name: str, given: Any) -> bool:
        """Say whether a setting selects what is done, and is no number that may differ by run."""
        if name.startswith("shock."):
            _, kind, field = name.split(".")
            return "low" not in KINDS[kind].__dataclass_fields__[field].metadata
        if self.is_tuning(name):
            return np.asarray(given).dtype.kind in "OU" or self.is_option(name)
        return name.startswith("lineup.")

    def is_option(self, name: str) -> bool:
        """Say whether a strategy's parameter selects code in some strategy of the role."""
        _, who, parameter = name.split(".")
        role = who if who in ROLES else self.role_of[who]
        known = (parameters_of(role, id) for id in followed(role))
        return any(parameter in each and each[parameter].choices is not None for each in known)

    def split(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the settings that select what is done, and those that are numbers."""
        code = {name: each for name, each in settings.items() if self.is_code(name, each)}
        return code, {name: each for name, each in settings.items() if name not in code}

    @cached_property
    def needed(self) -> dict[str, Level]:
        """Fields of shocks that the factors set: a shock may leave to them what it must have."""
        found: dict[str, Level] = {}
        for name, each in self.factors.items():
            if name.startswith("shock."):
                value = each.values[0] if isinstance(each, Levels) else each.bounds[0]
                found[name] = value
        return found

    # Combining

    def changes(self, variant: Variant) -> dict[str, Level]:
        """Return what a variant sets, by dotted name."""
        changed: dict[str, Level] = {f"lineup.{who}": each for who, each in variant.lineup.items()}
        return changed | variant.set

    def crossed(
        self, restricted: Mapping[str, list[Level]], role: str | None = None
    ) -> dict[str, Dimension]:
        """Return the dimensions with restricted levels, without those of a role's lineup."""
        found: dict[str, Dimension] = {}
        for name, dimension in self.dimensions.items():
            kept = {
                factor: each
                for factor, each in dimension.items()
                if role is None or not self.is_lineup_of(role, factor)
            }
            if kept:
                found[name] = _restricted(kept, restricted)
        return found

    def group(self, settings: Mapping[str, Any]) -> tuple[Group, dict[tuple[int, str], float]]:
        """Return the group that settings make, and the number fields of its shocks.

        settings: those that select what is done, one value each.
        """
        lineup = {name: each for name, each in settings.items() if name.startswith("lineup.")}
        shocks = {name: each for name, each in settings.items() if name.startswith("shock.")}
        made = self.collected(self.needed | shocks)
        fixed: list[dict[str, Any]] = []
        numbers: dict[tuple[int, str], float] = {}
        for place, shock in enumerate(made):
            fixed.append({"kind": shock.kind})
            for item in fields(shock):
                if "low" in item.metadata:
                    numbers[place, item.name] = float(getattr(shock, item.name))
                else:
                    fixed[-1][item.name] = getattr(shock, item.name)
        texts = {
            firm: str(each)
            for chosen in self.lineup(lineup).values()
            for firm, each in chosen.items()
        }
        return Group(texts, tuple(fixed)), numbers

    def collected(self, settings: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the shocks with some fields set, each checked against market and horizon."""
        made = collect(self.experiment.shocks, {n: _whole(v) for n, v in settings.items()})
        for shock in made:
            shock.check(self.experiment.horizon, self.base.firms)
        return made

    def lineup(self, given: Mapping[str, Any]) -> Lineup:
        """Return the strategy of every firm; options of strategies may be among what is given."""
        key = tuple(given.items())
        if key not in self.lineups:
            whole = {
                name.removeprefix("lineup."): each
                for name, each in given.items()
                if not self.is_tuning(name)
            }
            found = resolve(whole, self.base.firms)
            for name, value in given.items():
                if self.is_tuning(name):
                    self.select(found, name, value)
            self.lineups[key] = found
        return self.lineups[key]

    def select(self, lineup: Lineup, name: str, value: Any) -> None:
        """Set an option of the strategies that have it."""
        _, who, parameter = name.split(".")
        for firm in self.firms(who):
            role = self.role_of[firm]
            strategy = lineup[role][firm]
            if parameter in declared(type(strategy)):
                lineup[role][firm] = with_values(strategy, {parameter: value})

    def has_parameter(self, group: Group, firm: str, parameter: str) -> bool:
        """Say whether the strategy that a firm follows has a parameter that is a number."""
        known = parameters_of(self.role_of[firm], strategy_id(group.lineup[firm]))
        return parameter in known and known[parameter].choices is None

    def values(
        self, settings: Mapping[str, Any], count: int
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return parameters by the names of single values, and factors that are marked ranges.

        A firm's own value holds over its role's. Every array is `(cells,)`.
        """
        given = {name: each for name, each in settings.items() if name in self.declared}
        drawn = {name: np.array(given[name]) for name in given if name in self.marked}
        found: dict[str, Any] = {}
        for name in sorted(given, key=lambda name: name.partition(".")[0] not in ROLES):
            for target in targets(name, self.base.firms):
                found[target] = given[name]
        with told_of("cell"):
            self.base.replace(found)  # what must hold between parameters
        marked = {target for name in drawn for target in targets(name, self.base.firms)}
        values = {
            name: np.array(np.broadcast_to(np.asarray(each, np.float64), count))
            for name, each in found.items()
            if name not in marked
        }
        return values, drawn


@contextmanager
def told_of(what: str) -> Iterator[None]:
    """Turn "(run 3)" of a complaint about columns into what the columns are a list of."""
    try:
        yield
    except AgentsimError as error:
        raise AgentsimError(re.sub(r"\(run (\d+)\)", rf"({what} \1)", str(error))) from None


def parameters_of(role: str, id: str) -> dict[str, Declared]:
    """Return what a strategy of a role declares, by name."""
    return declared(find(role, id))


def strategy_id(text: str) -> str:
    """Return which strategy a text names, without its parameters."""
    return text.partition("(")[0]


def _restricted(dimension: Dimension, restricted: Mapping[str, list[Level]]) -> Dimension:
    """Return a dimension at the places where all of its factors have one of the levels asked."""
    if not restricted.keys() & dimension.keys():
        return dimension
    lists = {name: each.values for name, each in dimension.items() if isinstance(each, Levels)}
    if len(dimension) == 1:  # in the order asked
        (name,) = dimension
        return {name: Levels(tuple(restricted[name]))}
    size = len(next(iter(lists.values())))
    places = [
        at
        for at in range(size)
        if all(lists[name][at] in restricted.get(name, lists[name]) for name in lists)
    ]
    return {name: Levels(tuple(each[at] for at in places)) for name, each in lists.items()}


def _whole(value: Any) -> Any:
    """Return a number of a column as a field of a shock takes it: whole ones as such."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
