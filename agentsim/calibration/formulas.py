"""Formulas of the calibration: arithmetic over facts, so that every derived value can be checked.

A formula holds numbers, + - * / **, parentheses, log, exp, sqrt, min and max, and

[key]           the published figure with that key in facts.csv,
{oracle.debt}   another value of the same calibration, by its dotted name,
{lender.funds}  with a role in front of the name, the sum over the firms of that role.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

from agentsim.calibration import Calibration, Fact, facts
from agentsim.errors import AgentsimError, unknown

FACT = re.compile(r"\[([^\]]+)\]")
VALUE = re.compile(r"\{([^}]+)\}")

FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": math.log,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "min": min,
    "max": max,
}
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
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


def evaluate(formula: str, calibration: Calibration) -> float:
    """Return what a formula comes to, given the facts and the calibration's other values."""
    numbers: dict[str, float] = {}

    def stand_in(number: float) -> str:
        name = f"_{len(numbers)}"
        numbers[name] = number
        return name

    text = FACT.sub(lambda match: stand_in(_fact(match[1])), formula)
    text = VALUE.sub(lambda match: stand_in(_value(match[1], calibration)), text)
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        raise AgentsimError(f"formula {formula!r} is not arithmetic; mend it") from None
    return _work_out(tree.body, numbers, formula)


def _fact(key: str) -> float:
    if key not in facts():
        raise unknown("fact", key, facts())
    return float(facts()[key].value)


def _value(name: str, calibration: Calibration) -> float:
    role, _, parameter = name.partition(".")
    if role in calibration.firms:
        own = [f"{firm}.{parameter}" for firm in calibration.firms[role]]
        return math.fsum(_value(each, calibration) for each in own)
    if name not in calibration.by_name:
        raise unknown("value", name, calibration.by_name)
    return calibration.by_name[name].value


def _work_out(node: ast.expr, numbers: Mapping[str, float], formula: str) -> float:
    """Walk the tree by hand: `eval` would run whatever a calibration file says."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in numbers:
            return numbers[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            a, b = (_work_out(side, numbers, formula) for side in (left, right))
            return float(OPERATORS[type(op)](a, b))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_work_out(operand, numbers, formula)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return float(FUNCTIONS[name](*(_work_out(arg, numbers, formula) for arg in args)))
    part = ast.unparse(node)
    raise AgentsimError(f"formula {formula!r} has {part!r}; use numbers, + - * / ** and functions")
