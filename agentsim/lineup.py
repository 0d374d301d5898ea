"""Lineups: which strategy each firm follows.

A lineup is a bare posture (the hyperscalers'), the word `calibrated`, or a dict by role or firm.
Whatever it leaves open follows the calibrated lineup.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agentsim.errors import AgentsimError, shown, unknown
from agentsim.parameters import ROLES
from agentsim.strategy.base import Strategy
from agentsim.strategy.params import declared
from agentsim.strategy.registry import parse

Lineup = dict[str, dict[str, Strategy]]

# The posture that fits each firm's path of 2023 and 2024 best, by `agentsim postures`: capex of the
# four largest, gross margin of the leading vendor, which reached what it held then and holds it since.
# Amazon's path hardly tells its step from `match`, and Microsoft's is the largest that is tried. Of
# the others no path of quarters is known, and theirs is a reading of how they behaved in public: who
# finances growth ahead of its cash, who builds memory as customers order it, who lends freely.
CALIBRATED: dict[str, str] = {
    "microsoft": "escalate(step=0.5)",
    "alphabet": "escalate(step=0.3)",
    "amazon": "escalate(step=0.1)",
    "meta": "match",
    "oracle": "escalate(step=0.2)",
    "coreweave": "escalate(step=0.2)",
    "nvidia": "hold_margin",
    "amd": "hold_margin",
    "broadcom": "hold_margin",
    "entrant": "hold_margin",
    "sk_hynix": "contract_first",
    "samsung": "contract_first",
    "micron": "contract_first",
    "direct_lender": "yield_seeking",
    "asset_backed_fund": "yield_seeking",
    "bank_syndicate": "prudent",
}

# For firms that the calibrated lineup does not name.
BY_ROLE: dict[str, str] = {
    "hyperscaler": "best_response",
    "chip_vendor": "hold_margin",
    "memory_maker": "disciplined",
    "lender": "prudent",
}

Given = str | Strategy | Mapping[str, Any] | None


def resolve(given: Given, firms: Mapping[str, tuple[str, ...]]) -> Lineup:
    """Return the strategy of every firm, by role and firm.

    Raises AgentsimError, in one line, for names that are neither role nor firm, for unknown
    strategies, and for a strategy of another role.
    """
    texts: dict[str, Any] = {
        firm: CALIBRATED.get(firm, BY_ROLE[role]) for role in ROLES for firm in firms[role]
    }
    if given is None or (isinstance(given, str) and given == "calibrated"):
        given = {}
    if isinstance(given, str | Strategy):
        given = {"hyperscaler": given}
    if not isinstance(given, Mapping):
        raise AgentsimError(
            f"lineup = {shown(given)} is not a lineup; give a posture, or a dict by role or firm"
        )
    names = [*ROLES, *texts]
    for name in given:
        if name not in names:
            raise unknown("lineup", name, names, "name a role or a firm")
    # roles first, so that a firm's own strategy overrides its role's
    for name in sorted(given, key=lambda each: each not in ROLES):
        value = given[name]
        if isinstance(value, str) and value == "calibrated":
            continue
        for firm in firms[name] if name in ROLES else (name,):
            texts[firm] = value
    made: dict[tuple[str, str], Strategy] = {}  # by role and text: firms may share a strategy
    lineup: dict[str, dict[str, Strategy]] = {role: {} for role in ROLES}
    for role in ROLES:
        for firm in firms[role]:
            text = texts[firm]
            if isinstance(text, str):
                if (role, text) not in made:
                    made[role, text] = parse(role, text)
                text = made[role, text]
            lineup[role][firm] = _strategy(role, firm, text)
    return lineup


def check_runs(lineup: Lineup, runs: int) -> None:
    """Refuse strategies whose parameters are arrays for other numbers of runs or of firms."""
    for chosen in lineup.values():
        for firm, strategy in chosen.items():
            firms = sum(other is strategy for other in chosen.values())
            for name in declared(type(strategy)):
                shape = np.shape(getattr(strategy, name))
                if shape and shape[-1] not in (1, runs):
                    raise AgentsimError(
                        f"lineup.{firm}: {name} has {shape[-1]} values and the market {runs} runs; "
                        f"give one number, or {runs} values"
                    )
                if shape and shape[0] not in (1, firms):
                    share = f"{firms} firms follow it; give one row, or {firms}"
                    alone = "one firm follows it; give one row"
                    raise AgentsimError(
                        f"lineup.{firm}: {name} has {shape[0]} rows, but "
                        f"{share if firms > 1 else alone}"
                    )


def _strategy(role: str, firm: str, given: Any) -> Strategy:
    """Return the strategy that a firm was given, if it is one of the role's."""
    if isinstance(given, Strategy):
        if given.role != role:
            raise AgentsimError(
                f"lineup.{firm} = {given} is a strategy for a {given.role}; {firm} is a {role}"
            )
        return given
    if isinstance(given, type) and issubclass(given, Strategy):
        name = given.__name__
        raise AgentsimError(f"lineup.{firm} = {name} is a class; give an instance, {name}()")
    raise AgentsimError(
        f"lineup.{firm} = {shown(given)} is no strategy; give a name or an instance"
    )
