"""The text that a strategy can reach: of its class, of its module, and of modules of the same folder.

What of a module neither the class nor what it uses names is left aside: it might be another strategy.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from agentsim.strategy.base import Strategy
from agentsim.strategy.failing import tail

Functions = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Part:
    """A statement of a module that is reached, and what is known of names there."""

    tree: ast.stmt
    file: str
    own: frozenset[str]
    """Names of the author's own classes, functions, constants and modules."""
    bound: frozenset[str]
    """Names that stand for something else than Python's own functions."""
    modules: Mapping[str, str]
    """Modules by the names under which they were imported."""


def authored(kind: type[Strategy]) -> list[type]:
    """Return the class and its parents, our bases left out."""
    ours = ("abc", "builtins")
    return [
        each
        for each in kind.__mro__
        if not each.__module__.startswith("agentsim.strategy.") and each.__module__ not in ours
    ]


def parts(kind: type[Strategy]) -> list[Part]:
    """Return all statements that are reached, in the order of their files."""
    return [part for file, names in files(kind).items() for part in _part(file, names)]


def files(kind: type[Strategy]) -> dict[str, frozenset[str]]:
    """Return the files that are reached, and the names that are used of each from outside."""
    found: dict[str, frozenset[str]] = {}
    todo: list[tuple[str, frozenset[str]]] = []
    for each in authored(kind):
        try:
            file = inspect.getsourcefile(each)
        except (OSError, TypeError):  # typed in by hand: there is no file
            continue
        todo.append((file or "", frozenset({each.__qualname__.partition(".")[0]})))
    while todo:
        file, names = todo.pop(0)
        if _module(file) is None or names <= found.get(file, frozenset()):
            continue
        found[file] = names = found.get(file, frozenset()) | names
        todo += _neighbours(file, names)
    return found


def imported(node: ast.AST) -> list[str]:
    """Return the names in full of what a line imports; nothing of the author's own package."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"{node.module}.{each.name}" for each in node.names]
    return []


class _Module:
    """A module's text, by statement."""

    def __init__(self, text: str, file: str) -> None:
        self.tree, self.file = ast.parse(text), file

    def reached(self, names: frozenset[str]) -> list[ast.stmt]:
        """Return the statements that bind names, what these use, and those that just run."""
        used = set(names)
        found: list[ast.stmt] = []
        left = list(self.tree.body)
        while True:
            here = [each for each in left if not (binds := _binds(each)) or binds & used]
            if not here:
                return found
            found += here
            left = [each for each in left if each not in here]
            used |= {n.id for each in here for n in ast.walk(each) if isinstance(n, ast.Name)}

    @cached_property
    def inner(self) -> frozenset[str]:
        """Names bound in functions."""
        functions = [n for n in ast.walk(self.tree) if isinstance(n, Functions | ast.Lambda)]
        inside = [node for each in functions for node in ast.walk(each)]
        names = {node.arg for node in inside if isinstance(node, ast.arg)}
        return frozenset(names.union(*map(_stored, functions)))

    @cached_property
    def outer(self) -> frozenset[str]:
        """Names bound by the module."""
        return frozenset(name for each in self.tree.body for name in _binds(each))

    @cached_property
    def own(self) -> frozenset[str]:
        """Names bound by the module to what is the author's own, and nowhere to something else."""
        foreign = {
            name
            for each in self.tree.body
            if isinstance(each, ast.Import | ast.ImportFrom) and not _paths(self.file, each)
            for name in _binds(each)
        }
        return self.outer - foreign - self.inner

    @cached_property
    def modules(self) -> dict[str, str]:
        """Modules by the names under which they were imported."""
        return {
            each.asname or each.name.partition(".")[0]: each.name
            if each.asname
            else each.name.partition(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import)
            for each in node.names
        }


def _module(file: str) -> _Module | None:
    try:
        return _parsed(Path(file).read_text(encoding="utf-8"), file)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None


@lru_cache(maxsize=64)
def _parsed(text: str, file: str) -> _Module:
    return _Module(text, file)


def _part(file: str, names: frozenset[str]) -> Iterator[Part]:
    module = _module(file)
    if module is not None:
        bound = module.inner | module.outer
        for tree in module.reached(names):
            yield Part(tree, tail(file), module.own, bound, module.modules)


def _neighbours(file: str, names: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the files of the same folder that reached statements import, and what they use of them."""
    module = _module(file)
    assert module is not None
    nodes = [node for each in module.reached(names) for node in ast.walk(each)]
    of = [
        (n.value.id, n.attr)
        for n in nodes
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    ]
    for node in nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for path, called, name in _paths(file, node):
            if name:
                yield path, frozenset({name})
                continue
            of_it = [attribute for owner, attribute in of if owner == called]
            uses = sum(isinstance(n, ast.Name) and n.id == called for n in nodes)
            whole = _module(path) if uses > len(of_it) else None
            yield path, frozenset(of_it) if whole is None else whole.outer


def _paths(file: str, node: ast.Import | ast.ImportFrom) -> list[tuple[str, str, str]]:
    """Return what a line imports of the same folder: file, its name here, and the name of it used.

    The last is "" where the module itself is imported.
    """
    folder, found = Path(file).parent, []
    inside = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    if isinstance(node, ast.ImportFrom):
        for _ in range(node.level - 1):
            folder = folder.parent
    for each in node.names:
        whole = f"{inside}.{each.name}".strip(".")
        called = each.asname or each.name.partition(".")[0]
        if whole.startswith("agentsim"):
            continue
        if (path := folder.joinpath(*whole.split(".")).with_suffix(".py")).is_file():
            found.append((str(path), called, ""))
        elif inside and (path := folder.joinpath(*inside.split(".")).with_suffix(".py")).is_file():
            found.append((str(path), called, each.name))
    return found


def _binds(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a module binds; none if it does something else as well."""
    if isinstance(node, Functions | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {each.asname or each.name.partition(".")[0] for each in node.names} - {"*"}
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        return set()
    plain = all(isinstance(each, ast.Name | ast.Tuple) for each in targets)
    return set().union(*map(_stored, targets)) if plain else set()


def _stored(tree: ast.AST) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
