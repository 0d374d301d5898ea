"""Objectives: what a player is after, as an expression of what a run of the market left.

    value                       discounted value of its firms, with the run-off
    cash                        the same to the horizon
    market_share                its firms' share of their role's sales
    value - 20 * defaults       with any outcome of the market by its name

Numbers, names, + - * /, brackets, min() and max(): nothing else is read, so that a file cannot do harm.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from agentsim.errors import AgentsimError, shown, unknown
from agentsim.laws.numerics import Array
from agentsim.outcomes import BY_FIRM, OUTCOMES

OWN = {"value": "value", "cash": "value_to_horizon", "market_share": "market_share"}
"""What a player may call its own, and the outcome of its firms that is meant; firms' are added up."""

OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide,
}  # fmt: skip
CALLS: dict[str, Callable[[Any, Any], Any]] = {"min": np.minimum, "max": np.maximum}


def outcomes_of(objective: str, firms: tuple[str, ...]) -> list[str]:
    """Return the outcomes that a player of these firms is judged by.

    Raises AgentsimError, one line, for an expression that cannot be read or names what is not there.
    """
    tree = _tree(objective)
    _check(objective, tree)
    found: list[str] = []
    for name in _names(tree):
        if name in OWN:
            found += [f"{OWN[name]}.{firm}" for firm in firms]
        elif name in OUTCOMES or name.removesuffix("_to_horizon") in OUTCOMES:
            found.append(name)
        else:
            raise unknown("payoff:", name, [*OWN, *OUTCOMES], "docs/model.md lists outcomes")
    if not found:
        raise AgentsimError(f"payoff = {shown(objective)} names no outcome; give value, say")
    return list(dict.fromkeys(found))


def payoff(objective: str, firms: tuple[str, ...], outcomes: Mapping[str, Array]) -> Array:
    """Return what a player of these firms earned, by run: `(...)`, as the outcomes are.

    Firms' values, cash and shares are added up, in the order of the firms.
    """
    tree = _tree(objective)
    names: dict[str, Array] = {}
    for name in _names(tree):
        if name in OWN:
            parts = [outcomes[f"{OWN[name]}.{firm}"] for firm in firms]
            total = parts[0]
            for each in parts[1:]:
                total = total + each
            names[name] = total
        else:
            names[name] = outcomes[name]
    found: Array = np.asarray(_value(tree, names), dtype=np.float64)
    return found


def unit_of(objective: str) -> str:
    """Return the unit of an objective; nothing where it is an expression."""
    if objective in OWN:
        return BY_FIRM[OWN[objective]][0].replace("1", "")
    return OUTCOMES.get(objective, ("",))[0].rstrip("*").replace("1", "")


def _tree(objective: str) -> ast.AST:
    try:
        return ast.parse(objective.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise AgentsimError(
            f"payoff = {shown(objective)} is no expression; give value, cash, market_share, "
            "or sums and products of outcomes"
        ) from None


def _names(tree: ast.AST) -> list[str]:
    called = {id(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
    found = [e.id for e in ast.walk(tree) if isinstance(e, ast.Name) and id(e) not in called]
    return list(dict.fromkeys(found))


def _check(objective: str, tree: ast.AST) -> None:
    """Refuse what is not arithmetic."""
    match tree:
        case ast.BinOp() if type(tree.op) in OPERATORS:
            _check(objective, tree.left)
            _check(objective, tree.right)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            _check(objective, tree.operand)
        case ast.Call(func=ast.Name(id=name), args=[a, b], keywords=[]) if name in CALLS:
            _check(objective, a)
            _check(objective, b)
        case ast.Name():
            pass
        case ast.Constant(value=int() | float()) if not isinstance(tree.value, bool):
            pass
        case _:
            raise AgentsimError(
                f"payoff = {shown(objective)}: {shown(ast.unparse(tree))} cannot be read; "
                "write numbers, outcomes, + - * /, min(a, b) and max(a, b)"
            )


def _value(tree: ast.AST, names: Mapping[str, Array]) -> Any:
    match tree:
        case ast.BinOp():
            return OPERATORS[type(tree.op)](_value(tree.left, names), _value(tree.right, names))
        case ast.UnaryOp():
            inner = _value(tree.operand, names)
            return -inner if isinstance(tree.op, ast.USub) else inner
        case ast.Call(func=ast.Name(id=name)):
            return CALLS[name](_value(tree.args[0], names), _value(tree.args[1], names))
        case ast.Name():
            return names[tree.id]
        case ast.Constant():
            return tree.value
    raise AssertionError(ast.dump(tree))  # _check let it through
