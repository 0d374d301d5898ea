"""What the text of a strategy tells: reaching behind the view, and numbers from elsewhere."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentsim.strategy.base import Strategy
from agentsim.strategy.failing import tail

CHANCE = frozenset({"random", "secrets", "time", "datetime", "uuid"})
"""Modules whose answers differ from one call to the next."""

WINDOWS = frozenset({"gc", "inspect", "ctypes"})
"""Modules with which one finds what one was not given."""

DOORS = frozenset({"__dict__", "__getattribute__", "__class__", "__closure__", "__globals__"})
"""Python's own names that lead behind a view."""

OWN = frozenset({"self", "cls"})


@dataclass(frozen=True)
class Remark:
    """What is wrong in a line."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} ({self.place})"


def reaching(kind: type[Strategy]) -> list[Remark]:
    """Return the lines that reach behind a view: private attributes, and ways around them."""
    return [remark for node, file in _nodes(kind) for remark in _reaches(node, file)]


def chance(kind: type[Strategy]) -> list[Remark]:
    """Return the lines that take numbers from the clock or from other generators."""
    return [remark for node, file in _nodes(kind) for remark in _chances(node, file)]


def _reaches(node: ast.AST, file: str) -> Iterator[Remark]:
    place = f"{file}:{getattr(node, 'lineno', 0)}"
    if isinstance(node, ast.Attribute):
        private = node.attr.startswith("_") and not node.attr.startswith("__")
        if (private and not _is_own(node.value)) or node.attr in DOORS:
            yield Remark(place, f"reads {ast.unparse(node)}")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        private = any(
            isinstance(each, ast.Constant) and str(each.value).startswith("_") for each in node.args
        )
        if node.func.id == "vars" or (node.func.id in ("getattr", "hasattr") and private):
            yield Remark(place, f"calls {ast.unparse(node)}")
    for name in _imported(node) & WINDOWS:
        yield Remark(place, f"imports {name}")


def _chances(node: ast.AST, file: str) -> Iterator[Remark]:
    place = f"{file}:{getattr(node, 'lineno', 0)}"
    for name in _imported(node) & CHANCE:
        yield Remark(place, f"imports {name}")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.value.id in ("np", "numpy") and node.attr == "random":
            yield Remark(place, f"uses {ast.unparse(node)}")
        if node.value.id in CHANCE:
            yield Remark(place, f"uses {ast.unparse(node)}")


def _is_own(node: ast.expr) -> bool:
    """Whether an attribute is the strategy's own, or a parent's."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in OWN


def _imported(node: ast.AST) -> frozenset[str]:
    if isinstance(node, ast.Import):
        return frozenset(each.name.partition(".")[0] for each in node.names)
    if isinstance(node, ast.ImportFrom) and node.module:
        return frozenset({node.module.partition(".")[0]})
    return frozenset()


def _nodes(kind: type[Strategy]) -> Iterator[tuple[ast.AST, str]]:
    """Yield what the author wrote: the class, its parents', and what of the file they use."""
    for each in kind.__mro__:
        if each.__module__.startswith("agentsim.strategy.") or each.__module__ in (
            "abc",
            "builtins",
        ):
            continue
        try:
            lines, start = inspect.getsourcelines(each)
        except (OSError, TypeError):  # typed in by hand: there is no file
            continue
        tree = ast.parse(textwrap.dedent("".join(lines)))
        ast.increment_lineno(tree, start - 1)
        file = inspect.getsourcefile(each) or ""
        for part in [tree, *_used(tree, file)]:
            for node in ast.walk(part):
                yield node, tail(file)


def _used(tree: ast.AST, file: str) -> list[ast.AST]:
    """Return the functions of the file that the code calls, and those that these call."""
    try:
        whole = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return []
    functions = {
        node.name: node
        for node in whole.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found: dict[str, ast.AST] = {}
    todo = [tree]
    while todo:
        names = {node.id for node in ast.walk(todo.pop()) if isinstance(node, ast.Name)}
        for name in (names & functions.keys()) - found.keys():
            found[name] = functions[name]
            todo.append(functions[name])
    return list(found.values())
