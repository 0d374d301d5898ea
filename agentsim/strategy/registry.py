"""The strategy library: a strategy is there because its file is in its role's folder.

Files are listed without being imported, and imported one at a time, when asked for. Every error
is one line that names the file or the name to change.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from agentsim.errors import AgentsimError, nearest, shown, unknown
from agentsim.strategy.base import BASES, Strategy, check
from agentsim.strategy.failing import tail
from agentsim.strategy.params import with_values

LIBRARY = "agentsim.strategies"
"""The package with a folder for each role."""


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue. Where the file cannot be used, `problem` says why."""

    id: str
    role: str
    summary: str
    problem: str = ""


def ids(role: str, library: str = LIBRARY) -> list[str]:
    """Return the names of a role's strategies, sorted, importing none of them.

    Raises AgentsimError for an unknown role.
    """
    found = pkgutil.iter_modules(_folder(role, library).__path__)
    return sorted(each.name for each in found if not each.name.startswith("_") and not each.ispkg)


def find(role: str, id: str, library: str = LIBRARY) -> type[Strategy]:
    """Return the strategy class of a role with a name, importing its file alone.

    Raises AgentsimError if the role or name is unknown, if the file cannot be imported, or if it
    does not hold exactly one strategy of the role.
    """
    name = f"{library}.{role}.{id}"
    if name not in sys.modules or role not in BASES:  # who is here already need not be looked for
        known = ids(role, library)
        if id not in known:
            raise unknown(f"{role} strategy", id, known, f"`agentsim strategies {role}` lists them")
        importlib.invalidate_caches()  # the file may have been dropped in a moment ago
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise AgentsimError(_import_problem(role, id, library, error)) from error
    return _strategy_in(module, role)


def make(
    role: str, id: str, parameters: Mapping[str, Any] | None = None, library: str = LIBRARY
) -> Strategy:
    """Return a strategy by name with parameters, each a number, an option or an array of numbers.

    Raises AgentsimError as `find` does, and for parameters that are unknown or make no sense.
    """
    return with_values(find(role, id, library)(), parameters or {})


def parse(role: str, text: str | Strategy, library: str = LIBRARY) -> Strategy:
    """Return the strategy that a text asks for: "escalate" or "scaled(multiple=1.5)".

    A strategy is returned as it is. Raises AgentsimError as `make` does, and where the text is not
    of this form or the strategy is another role's.
    """
    if isinstance(text, Strategy):
        if text.role != role:
            raise AgentsimError(f"strategy {text.id} is for a {text.role}, not for a {role}")
        return text
    if not isinstance(text, str):
        raise AgentsimError(f"strategy {shown(text)} is neither a name nor a strategy")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        tree = None
    form = f"strategy {shown(text)} must be a name or name(parameter=value, ...)"
    if isinstance(tree, ast.Name):
        return make(role, tree.id, library=library)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        name = text.partition("(")[0].strip()
        raise AgentsimError(f"{form}; {nearest(name, ids(role, library))}")
    if tree.args or any(keyword.arg is None for keyword in tree.keywords):
        raise AgentsimError(f"{form}; name every parameter")
    parameters = {}
    for keyword in tree.keywords:
        try:
            value = ast.literal_eval(keyword.value)
        except ValueError:
            value = None
        if not isinstance(value, (int, float, str)):
            raise AgentsimError(f"{form}; {keyword.arg} must be a number or a quoted option")
        parameters[str(keyword.arg)] = value
    return make(role, tree.func.id, parameters, library)


def catalogue(role: str | None = None, library: str = LIBRARY) -> list[Entry]:
    """Return a row for each strategy of a role, or of all, importing them all.

    A file that cannot be used has a row that says why.
    """
    rows = []
    for each in BASES if role is None else [role]:
        for id in ids(each, library):
            try:
                rows.append(Entry(id, each, find(each, id, library).describe().summary))
            except AgentsimError as error:
                rows.append(Entry(id, each, "", str(error)))
    return rows


def _folder(role: str, library: str) -> ModuleType:
    """Return the package with a role's strategies."""
    if role not in BASES:
        raise unknown("role", role, BASES)
    return importlib.import_module(f"{library}.{role}")


def _strategy_in(module: ModuleType, role: str) -> type[Strategy]:
    """Return the one strategy class of a role that a module defines."""
    file = tail(module.__file__ or module.__name__)
    found = [
        each
        for name, each in vars(module).items()
        if isinstance(each, type)
        and issubclass(each, BASES[role])
        and each.__module__ == module.__name__
        and each.__name__ == name
        and not name.startswith("_")
    ]
    if len(found) != 1:
        names = ": " + ", ".join(each.__name__ for each in found) if found else ""
        raise AgentsimError(
            f"{file} defines {len(found)} {role} strategies{names}; define one, a subclass of "
            f"{BASES[role].__name__} (a name with a leading underscore is not counted)"
        )
    try:
        check(found[0])
    except AgentsimError as error:
        raise AgentsimError(f"{file}: {error}") from None
    return found[0]


def _import_problem(role: str, id: str, library: str, error: Exception) -> str:
    """Return the line that says where in its file a strategy fails to import."""
    file = next(
        str(Path(folder) / f"{id}.py")
        for folder in _folder(role, library).__path__
        if (Path(folder) / f"{id}.py").exists()
    )
    line: int | None = None
    if isinstance(error, SyntaxError) and error.filename == file:
        line = error.lineno
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == file:
            line = frame.lineno
    where = tail(file) if line is None else f"{tail(file)}, line {line}"
    what = error.msg if isinstance(error, SyntaxError) else str(error)
    hint = "; write @dataclass(frozen=True)" if "non-frozen dataclass" in what else ""
    text = " ".join(f"{type(error).__name__}: {what}".split())
    return f"{where} cannot be imported: {text}{hint}"
