"""Varying: families of the library's strategies, as a command or Python names them.

escalate(step)                          step over all that the strategy allows
scaled(multiple=0..8)                   between bounds
escalate(step, debt_share=0.5)          step alone; debt_share is given
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import numpy as np

from agentsim.errors import AgentsimError, shown, unknown
from agentsim.games.best_response import Family
from agentsim.games.empirical.design import EmpiricalGame
from agentsim.strategy.params import Declared, declared
from agentsim.strategy.registry import ids, make, parse

FORM = re.compile(r"\s*(\w+)\s*\(([^()]*)\)\s*")
RANGE = re.compile(r"(.+?)\.\.(.+)")


def families_of(
    asked: EmpiricalGame, role: str, texts: list[str], low: float | None, high: float | None
) -> list[Family]:
    """Return the families that are free, for all roles of the game that `role` stands for.

    role: a role of the game, a table of its players (for all of them), or nothing for all roles that
    have such strategies. low, high: bounds of the parameter, where one alone is free.
    Raises AgentsimError, one line, naming what is not known or has no bounds.
    """
    known = [each.name for each in asked.roles]
    if role and role not in known and role not in asked.players:
        raise unknown("--role", role, [*known, *asked.players])
    meant = [each for each in known if role in ("", each, asked.table_of[each])]
    found = []
    for each in meant:
        market_role = asked.market_role[asked.table_of[each]]
        for text in texts:
            name = _named(text)[0]
            if role or name in ids(market_role):
                found.append(family_of(market_role, each, text, low, high))
    if not found:
        roles = ", ".join(dict.fromkeys(asked.market_role.values()))
        raise AgentsimError(
            f"--vary {' '.join(texts)}: no role of the game ({roles}) has such strategies; "
            "`agentsim strategies list` lists them"
        )
    free = {parameter for each in found for parameter in each.parameters}
    if (low is not None or high is not None) and len(free) > 1:
        raise AgentsimError(
            f"--low and --high are for one parameter, and {', '.join(sorted(free))} are free; "
            "write bounds as in 'escalate(step=0..0.5)'"
        )
    return found


def family_of(
    market_role: str, role: str, text: str, low: float | None = None, high: float | None = None
) -> Family:
    """Return the family of a text, for a role of a game that is a `market_role` in the market."""
    name, parts = _named(text)
    known = declared(type(make(market_role, name)))
    free: dict[str, tuple[float, float]] = {}
    fixed = []
    for part in parts:
        parameter, equals, value = (each.strip() for each in part.partition("="))
        if parameter not in known:
            raise unknown(f"--vary {text}: parameter of {name}", parameter, known)
        bounds = RANGE.fullmatch(value)
        if equals and bounds is None:
            fixed.append(f"{parameter}={value}")
        elif bounds is None:
            free[parameter] = _bounds(text, known[parameter], (low, high))
        else:
            own = (_number(text, bounds[1]), _number(text, bounds[2]))
            free[parameter] = _bounds(text, known[parameter], own)
    if not free:
        raise AgentsimError(f"--vary {text} leaves no parameter free; write one as in {name}(step)")
    ends = [tuple(each) for each in zip(*free.values(), strict=True)]
    family = Family(role, name, tuple(free), ends[0], ends[1], ", ".join(fixed))
    for end in ends:  # bounds that the strategy does not allow
        parse(market_role, family.text(np.array(end)))
    return family


def _bounds(
    text: str, known: Declared, given: tuple[float | None, float | None]
) -> tuple[float, float]:
    """Return the bounds of a parameter: those given, otherwise those that the strategy declares."""
    if known.choices is not None:
        raise AgentsimError(
            f"--vary {text}: {known.name} is an option and no number; give one value"
        )
    low = known.low if given[0] is None else given[0]
    high = known.high if given[1] is None else given[1]
    for which, bound in (("low", low), ("high", high)):
        if not isfinite(bound):
            raise AgentsimError(
                f"--vary {text}: {known.name} has no {which}er bound; "
                f"write {known.name}=LOW..HIGH, or give --{which}"
            )
    return low, high


def _named(text: str) -> tuple[str, list[str]]:
    """Return the strategy of a text, and what stands in its brackets."""
    form = FORM.fullmatch(text)
    if form is None or not form[2].strip():
        raise AgentsimError(
            f"--vary {shown(text)} is no strategy with a free parameter; write 'escalate(step)', or "
            "'scaled(multiple=0..8)'"
        )
    return form[1], form[2].split(",")


def _number(text: str, given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise AgentsimError(
            f"--vary {text}: {shown(given)} is no number; write bounds as in 0..8"
        ) from None


def split(asked: EmpiricalGame) -> EmpiricalGame:
    """Return the game with a table for each player who plays apart: one may then be given more."""
    tables = asked.model_dump()
    players: dict[str, Any] = {}
    for name, firms in asked.firms_of.items():
        table = tables["players"][name]
        if table["play"] == "together" or (table["play"] == "alike" and len(firms) > 1):
            players[name] = table
        else:
            players |= {firm: {**table, "firms": [firm], "play": "apart"} for firm in firms}
    return EmpiricalGame(**{**tables, "players": players})


def with_strategies(asked: EmpiricalGame, added: list[tuple[str, str]]) -> EmpiricalGame:
    """Return a game of which each role is a table, with strategies added to roles."""
    tables = asked.model_dump()
    for role, text in added:
        tables["players"][asked.table_of[role]]["strategies"].append(text)
    return EmpiricalGame(**tables)


def in_condition(asked: EmpiricalGame, levels: dict[str, Any]) -> EmpiricalGame:
    """Return the game in one of its conditions.

    Raises AgentsimError, one line, for what is no condition, and where several are left.
    """
    for name in levels:
        if name not in asked.conditions:
            raise unknown("--condition", name, asked.conditions)
    found = asked.changed(settings=levels)
    open_ones = {name: each for name, each in found.conditions.items() if len(each) > 1}
    if open_ones:
        name, each = next(iter(open_ones.items()))
        known = ", ".join(map(str, each))
        raise AgentsimError(
            f"the condition {name} has levels {known}; give one: --condition {name}={each[0]}"
        )
    return found
