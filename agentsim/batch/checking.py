"""Names: what an experiment may set and vary, and whether what it sets and varies makes sense.

A name is a parameter (`demand_elasticity`, `oracle.debt`, `hyperscaler.debt`), a strategy
(`lineup.oracle`), a parameter of a strategy (`lineup.hyperscaler.step`) or a field of a shock
(`shock.efficiency.factor`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np

from agentsim.batch.cells import Cells, Group
from agentsim.batch.complaints import Level, level
from agentsim.batch.design import Deviation, Experiment, Variant
from agentsim.batch.factors import Levels, Spread, resolve_marked
from agentsim.calibration import targets
from agentsim.calibration.checks import checked
from agentsim.errors import AgentsimError, shown, unknown
from agentsim.laws.numerics import Array
from agentsim.lineup import Lineup, resolve
from agentsim.parameters import DECLARATIONS, ROLES, Declaration
from agentsim.scenario import LISTED, Scenario
from agentsim.shocks import KINDS, collect
from agentsim.strategy.params import Declared, declared
from agentsim.strategy.registry import catalogue, find

MOST_CELLS = 1_000_000
MOST_ROWS = 100_000_000
Dimension = dict[str, Levels | Spread]


class Names:
    """The names of one experiment."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
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
    def factors(self) -> dict[str, Levels | Spread]:
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
            return isinstance(given, str) or np.asarray(given).dtype.kind == "O"
        return name.startswith("lineup.")

    def split(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the settings that select what is done, and those that are numbers."""
        code = {name: each for name, each in settings.items() if self.is_code(name, each)}
        return code, {name: each for name, each in settings.items() if name not in code}

    # Checking, before anything is combined

    def check(self) -> None:
        """Refuse what makes no sense on its own, whatever it is combined with."""
        e = self.experiment
        for shock in e.shocks:
            for name, value in shock.items() if isinstance(shock, Mapping) else ():
                level(f"shocks.{name}", value)
        self.check_names_once()
        self.group(self.needed)
        for name, value in e.set.items():
            self.check_setting(name, value)
        self.lineup({f"lineup.{who}": strategy for who, strategy in e.lineup.items()})
        for name, each in self.factors.items():
            self.check_factor(name, each)
        if e.sampling.kind != "factorial" and (e.deviations or e.variants):
            what = "deviations" if e.deviations else "variants"
            raise AgentsimError(
                f"{what} cross levels, and sampler {e.sampling.kind} has none; take one of them out"
            )
        for deviation in e.deviations:
            self.check_deviation(deviation)
        for variant in e.variants:
            self.check_variant(variant)
        self.check_size()

    def check_names_once(self) -> None:
        """Refuse a name that is set or varied in two places."""
        e = self.experiment
        seen: dict[str, str] = {}
        for bundle in e.linked:
            if bundle in e.factors:
                raise AgentsimError(f"linked.{bundle} has the name of a factor; rename it")
        places: list[tuple[str, Mapping[str, Any]]] = [("factors", e.factors)]
        places += [(f"linked.{bundle}", linked) for bundle, linked in e.linked.items()]
        for place, names in places:
            for name in names:
                if name in seen:
                    raise AgentsimError(f"{name} is in {seen[name]} and in {place}; name it once")
                seen[name] = place
        for name in e.set:
            if name in seen:
                raise AgentsimError(f"{name} is a factor and in set; take it out of one of them")
        for who in e.lineup:
            if f"lineup.{who}" in seen:
                raise AgentsimError(f"lineup.{who} is a factor and in lineup; take it out of one")
        if e.sampling.kind == "table" and seen:
            raise AgentsimError(
                f"{next(iter(seen))} is a factor, but the table of the sampler names the factors; "
                "take one of them out"
            )

    @cached_property
    def needed(self) -> dict[str, Level]:
        """Fields of shocks that the factors set: a shock may leave to them what it must have."""
        found: dict[str, Level] = {}
        for name, each in self.factors.items():
            if name.startswith("shock."):
                value = each.values[0] if isinstance(each, Levels) else each.bounds[0]
                found[name] = value
        return found

    def check_factor(self, name: str, factor: Levels | Spread) -> None:
        """Refuse a factor that nothing answers to, or one level of it that is out of bounds."""
        if isinstance(factor, Levels):
            for value in factor.values:
                self.check_setting(name, value)
            return
        if name.startswith("lineup.") and not self.is_tuning(name):
            raise AgentsimError(f"{name} is a strategy and has no range; give a list of strategies")
        for value in factor.bounds:
            self.check_setting(name, value)

    def check_columns(self, columns: Mapping[str, Array]) -> None:
        """Refuse columns of a table that nothing answers to, or values out of bounds."""
        e = self.experiment
        for name, given in columns.items():
            if name in e.set:
                raise AgentsimError(
                    f"{name} is in the table and in set; take it out of one of them"
                )
            if given.dtype == object or name not in self.declared:
                for value in dict.fromkeys(given.tolist()):
                    self.check_setting(name, value)
                continue
            with _Told("row"):
                checked(name, given, self.declared[name])

    def check_setting(self, name: str, value: Any) -> None:
        """Refuse a dotted name that nothing answers to, or a value out of its bounds."""
        if self.is_tuning(name):
            self.check_tuning(name, value)
        elif name.startswith("lineup."):
            self.lineup({name: value})
        elif name.startswith("shock."):
            self.collected(self.needed | {name: value})
        elif name in self.declared:
            checked(name, value, self.declared[name])
        else:
            who = [f"lineup.{who}" for who in (*ROLES, *self.role_of)]
            meanings = {each: declared.meaning for each, declared in self.declared.items()}
            known = [*self.declared, *who]
            raise unknown("parameter", name, known, LISTED, meanings)

    def check_tuning(self, name: str, value: Any) -> None:
        """Refuse a strategy's parameter that no strategy of the role has, or a value it cannot have."""
        _, who, parameter = name.split(".")
        if who not in (*ROLES, *self.role_of):
            raise unknown("lineup", who, [*ROLES, *self.role_of], "name a role or a firm")
        role = who if who in ROLES else self.role_of[who]
        having = {row.id: _parameters(role, row.id) for row in catalogue(role) if not row.problem}
        named = {id: known[parameter] for id, known in having.items() if parameter in known}
        if not named:
            every = {each for known in having.values() for each in known}
            what = f"{name}: parameter of a {role} strategy"
            raise unknown(what, parameter, every, f"`agentsim strategies {role}` lists them")
        problems = [_complaint(name, value, each) for each in named.values()]
        if all(problems):
            raise AgentsimError(str(problems[0]))

    def check_used(self, cells: Cells) -> None:
        """Refuse a strategy's parameter that no strategy in any cell has."""
        given = {name for name in (*self.experiment.set, *self.factors) if self.is_tuning(name)}
        for name in sorted(given):
            _, who, parameter = name.split(".")
            if not any(
                parameter in _parameters(self.role_of[firm], _id(group.lineup[firm]))
                for group in cells.groups
                for firm in self.firms(who)
            ):
                played = sorted({_id(g.lineup[f]) for g in cells.groups for f in self.firms(who)})
                raise AgentsimError(
                    f"{name} is a parameter of none of the strategies that {who} follows "
                    f"({', '.join(played)}); take it out, or name one that has it in lineup"
                )

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
            if name in self.factors:
                raise AgentsimError(f"{where} sets {name}, a factor; restrict it in its factors")
            try:
                self.check_setting(name, value)
            except AgentsimError as error:
                raise AgentsimError(f"{where}: {error}") from None
        self.check_restriction(where, variant.factors)

    def check_restriction(self, where: str, restricted: Mapping[str, list[Level]]) -> None:
        """Ask that factors are restricted to levels that they have."""
        for name, found in restricted.items():
            factor = self.factors.get(name)
            if not isinstance(factor, Levels):
                raise unknown(f"{where}: factor", name, self.factors)
            for value in found:
                if value not in factor.values:
                    raise AgentsimError(
                        f"{where}: {name} = {value!r} is not among its levels; "
                        f"take from {list(factor.values)}"
                    )

    def check_size(self) -> None:
        """Refuse more cells or runs than can be handled."""
        e = self.experiment
        if e.sampling.kind != "factorial":
            return
        count = _size(self.dimensions)
        for deviation in e.deviations:
            crossed = _size(self.crossed(deviation.factors, self.role_of[deviation.firm]))
            count += len(deviation.own) * len(deviation.others) * crossed
        count += sum(_size(self.crossed(variant.factors)) for variant in e.variants)
        if count > MOST_CELLS:
            raise AgentsimError(
                f"factors make {count} cells; give fewer levels, at most {MOST_CELLS} cells"
            )
        check_rows(count, e.runs)

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
        from agentsim.strategy.params import with_values

        _, who, parameter = name.split(".")
        for firm in self.firms(who):
            role = self.role_of[firm]
            strategy = lineup[role][firm]
            if parameter in declared(type(strategy)):
                lineup[role][firm] = with_values(strategy, {parameter: value})

    def has_parameter(self, group: Group, firm: str, parameter: str) -> bool:
        """Say whether the strategy that a firm follows has a parameter that is a number."""
        known = _parameters(self.role_of[firm], _id(group.lineup[firm]))
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
        with _Told("cell"):
            self.base.replace(found)  # what must hold between parameters
        marked = {target for name in drawn for target in targets(name, self.base.firms)}
        values = {
            name: np.array(np.broadcast_to(np.asarray(each, np.float64), count))
            for name, each in found.items()
            if name not in marked
        }
        return values, drawn


def check_rows(cells: int, runs: int) -> None:
    """Refuse more runs than can be handled."""
    if cells * runs > MOST_ROWS:
        raise AgentsimError(
            f"runs = {runs} in {cells} cells make {cells * runs} runs; "
            f"give at most {MOST_ROWS} in all"
        )


class _Told:
    """Turns "(run 3)" of a complaint about columns into what the columns are a list of."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Say it again, in other words."""
        if isinstance(error, AgentsimError):
            text = re.sub(r"\(run (\d+)\)", rf"({self.what} \1)", str(error))
            raise AgentsimError(text) from None


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


def _size(dimensions: Mapping[str, Dimension]) -> int:
    size = 1
    for dimension in dimensions.values():
        first = next(iter(dimension.values()))
        size *= len(first.values) if isinstance(first, Levels) else 1
    return size


def _whole(value: Any) -> Any:
    """Return a number of a column as a field of a shock takes it: whole ones as such."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _id(text: str) -> str:
    return text.partition("(")[0]


def _parameters(role: str, id: str) -> dict[str, Declared]:
    return declared(find(role, id))


def _complaint(name: str, value: Any, parameter: Declared) -> str | None:
    """Return what is wrong with a value of a strategy's parameter, in one line; None if nothing."""
    if parameter.choices is not None:
        if value in parameter.choices:
            return None
        known = ", ".join(map(repr, parameter.choices))
        return f"{name} = {shown(value)} is not an option; choose one of {known}"
    if isinstance(value, str):
        return f"{name} = {shown(value)} must be a number, {parameter.bounds}"
    if not parameter.low <= value <= parameter.high:
        return f"{name} = {value:g} is out of bounds; it must be {parameter.bounds}"
    return None
