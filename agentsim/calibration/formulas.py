"""Formulas of the calibration: arithmetic over facts, so that every derived value can be checked.

A formula holds numbers, + - * / **, parentheses, log, exp, sqrt, min and max, and

[key]           the published figure with that key in facts.csv,
{oracle.debt}   another value of the same calibration, by its dotted name,
{lender.funds}  with a role in front of the name, the sum over the firms of that role.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from agentsim.calibration import Fact, facts, targets
from agentsim.errors import AgentsimError, unknown

FACT = re.compile(r"\[([^\]]+)\]")
VALUE = re.compile(r"\{([^}]+)\}")

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "min": lambda *x: reduce(np.minimum, x),
    "max": lambda *x: reduce(np.maximum, x),
}
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def cited(text: str) -> tuple[str, ...]:
    """Return the keys of the facts that a formula or a reason cites, each once."""
    return tuple(dict.fromkeys(FACT.findall(text)))


def sources(*texts: str) -> tuple[Fact, ...]:
    """Return the facts that formulas or reasons cite, each once, in the order cited."""
    return tuple(facts()[key] for key in cited(" ".join(texts)))


def rests_on(formula: str, firms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the dotted names of the values in a formula, one a firm where it names a role."""
    names = [each for name in VALUE.findall(formula) for each in targets(name, firms)]
    return tuple(dict.fromkeys(names))


def evaluate(
    formula: str, firms: Mapping[str, tuple[str, ...]], value_of: Callable[[str], Any]
) -> Any:
    """Return what a formula comes to, given the facts and `value_of`, other values by dotted name.

    A number if all of these are numbers, otherwise an array with one number a run.
    """
    numbers: dict[str, Any] = {}

    def stand_in(number: Any) -> str:
        name = f"_{len(numbers)}"
        numbers[name] = number
        return name

    def added_up(match: re.Match[str]) -> str:
        return stand_in(reduce(operator.add, map(value_of, targets(match[1], firms))))

    text = FACT.sub(lambda match: stand_in(_fact(match[1])), formula)
    text = VALUE.sub(added_up, text)
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        raise AgentsimError(f"formula {formula!r} is not arithmetic; mend it") from None
    return _work_out(tree.body, numbers, formula)


def _fact(key: str) -> float:
    if key not in facts():
        raise unknown("fact", key, facts())
    return float(facts()[key].value)


def _work_out(node: ast.expr, numbers: Mapping[str, Any], formula: str) -> Any:
    """Walk the tree by hand: `eval` would run whatever a calibration file says."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in numbers:
            return numbers[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            a, b = (_work_out(side, numbers, formula) for side in (left, right))
            return OPERATORS[type(op)](a, b)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_work_out(operand, numbers, formula)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_work_out(arg, numbers, formula) for arg in args))
    part = ast.unparse(node)
    raise AgentsimError(f"formula {formula!r} has {part!r}; use numbers, + - * / ** and functions")
