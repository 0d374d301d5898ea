"""What the text of a strategy tells: reaching behind the view, and numbers from elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from agentsim.authoring.reached import Part, imported, parts
from agentsim.strategy.base import Strategy

CHANCE = frozenset({"random", "numpy.random", "secrets", "time", "datetime", "uuid"})
"""Modules whose answers differ from one call to the next."""

WINDOWS = frozenset({"gc", "inspect", "ctypes", "os", "sys", "importlib", "builtins", "subprocess"})
"""Modules with which one finds what one was not given, or keeps what is not remembered."""

DOORS = frozenset({"__dict__", "__getattribute__", "__class__", "__closure__", "__globals__"})
"""Python's own names that lead behind a view."""

BUFFERS = frozenset({"base", "flags", "setflags", "data", "__array_interface__"})
"""Attributes of arrays that lead to the numbers of others, or open them for writing."""

KEYS = frozenset({"eval", "exec", "globals", "__import__", "__builtins__", "open", "vars"})
"""Functions with which one reaches anything."""

UNSTEADY = frozenset({"hash", "id"})
"""Functions whose answers differ from one process to the next."""

OWN = frozenset({"self", "cls"})


class Remark:
    """What is wrong in a line."""

    def __init__(self, part: Part, node: ast.AST, what: str) -> None:
        self.place, self.what = f"{part.file}:{getattr(node, 'lineno', 0)}", what

    def __str__(self) -> str:
        return f"{self.what} ({self.place})"


def reaching(kind: type[Strategy]) -> list[Remark]:
    """Return the lines that reach behind a view: private attributes, and ways around them."""
    return _ordered(_reaches, kind)


def chance(kind: type[Strategy]) -> list[Remark]:
    """Return the lines that take numbers from the clock or from other generators."""
    return _ordered(_chances, kind)


def _ordered(
    look: Callable[[Part, ast.AST], Iterator[Remark]], kind: type[Strategy]
) -> list[Remark]:
    """Return all remarks, those of imports last: a line that uses them tells more."""
    remarks = [r for part in parts(kind) for node in ast.walk(part.tree) for r in look(part, node)]
    return sorted(remarks, key=lambda each: each.what.startswith("imports"))


def _reaches(part: Part, node: ast.AST) -> Iterator[Remark]:
    if isinstance(node, ast.Attribute):
        private = node.attr.startswith("_") and not node.attr.startswith("__")
        private |= node.attr in BUFFERS
        if (private and not _is_own(part, node.value)) or node.attr in DOORS:
            yield Remark(part, node, f"reads {ast.unparse(node)}")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        private = any(
            isinstance(each, ast.Constant)
            and (str(each.value).startswith("_") or each.value in BUFFERS)
            for each in node.args[1:]
        )
        if node.func.id in ("getattr", "hasattr") and private and not _is_own(part, node.args[0]):
            yield Remark(part, node, f"calls {ast.unparse(node)}")
    if _is_builtin(part, node, KEYS):
        yield Remark(part, node, f"uses {ast.unparse(node)}")
    for name in _among(node, WINDOWS):
        yield Remark(part, node, f"imports {name}")


def _chances(part: Part, node: ast.AST) -> Iterator[Remark]:
    for name in _among(node, CHANCE):
        yield Remark(part, node, f"imports {name}")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        whole = f"{part.modules.get(node.value.id, node.value.id)}.{node.attr}"
        if whole == "numpy.random" or part.modules.get(node.value.id) in CHANCE:
            yield Remark(part, node, f"uses {ast.unparse(node)}")
    if _is_builtin(part, node, UNSTEADY):
        yield Remark(part, node, f"uses {ast.unparse(node)}, which differs from process to process")


def _is_own(part: Part, node: ast.expr) -> bool:
    """Whether an attribute is the strategy's own, a parent's, or of the author's classes and modules."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        of_itself = all(isinstance(each, ast.Name) and each.id in OWN for each in node.args)
        return node.func.id == "super" or (node.func.id == "type" and of_itself)
    return isinstance(node, ast.Name) and (node.id in OWN or node.id in part.own)


def _is_builtin(part: Part, node: ast.AST, names: frozenset[str]) -> bool:
    return (
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and node.id in names - part.bound
    )


def _among(node: ast.AST, modules: frozenset[str]) -> list[str]:
    """Return which of some modules a line imports, or something of them."""
    return sorted(
        module
        for module in modules
        if any(f"{name}.".startswith(f"{module}.") for name in imported(node))
    )
