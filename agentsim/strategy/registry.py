"""The strategies that there are: a strategy is there because its file is in its role's folder.

Files of the library are listed without being imported, and imported one at a time, when asked for.
Beside them stand those that users add (`agentsim.strategy.added`). Every error is one line that names
the file or the name to change.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from agentsim.errors import AgentsimError, nearest, shown, unknown
from agentsim.strategy import added
from agentsim.strategy.base import BASES, Strategy
from agentsim.strategy.loading import defined, import_problem, only
from agentsim.strategy.params import with_values

LIBRARY = "agentsim.strategies"
"""The package with a folder for each role."""


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue. Where the file cannot be used, `problem` says why.

    The role of a file that cannot be read and lies in no role's folder is not known: "".
    `unavailable` says why the strategy cannot be followed yet, and is empty where it can.
    """

    id: str
    role: str
    summary: str
    problem: str = ""
    file: str = ""
    unavailable: str = ""


def add_strategies(path: str | Path) -> list[Entry]:
    """Add the strategies in a file, or in the files of a folder; return a row for each.

    They are known from then on, here and in the processes that this one starts, by the names of
    their files. Adding a path again reads what has changed. A file that cannot be imported has a
    row that says why. Raises AgentsimError, in one line, if the path is not there or a name is taken.
    """
    added.name(path)
    place = Path(path).expanduser().resolve()
    rows = [each for each in added.strategies() if Path(each.file).is_relative_to(place)]
    for each in rows:
        if each.role:
            _check_unique(each.role, each.id, LIBRARY)
    return [_row(each) for each in rows]


def ids(role: str, library: str = LIBRARY) -> list[str]:
    """Return the names of a role's strategies, sorted, importing none of the library.

    Raises AgentsimError for an unknown role.
    """
    found = pkgutil.iter_modules(_folder(role, library).__path__)
    names = {each.name for each in found if not each.name.startswith("_") and not each.ispkg}
    return sorted(names | {each.id for each in _elsewhere(role, library)})


def find(role: str, id: str, library: str = LIBRARY) -> type[Strategy]:
    """Return the strategy class of a role with a name, importing its file alone.

    Raises AgentsimError if the role or name is unknown or is that of two files, if the file cannot be
    imported, or if it does not hold exactly one strategy of the role.
    """
    elsewhere = [each for each in _elsewhere(role, library) if each.id == id]
    if elsewhere:
        _check_unique(role, id, library)
        if elsewhere[0].kind is None:
            raise AgentsimError(elsewhere[0].problem)
        return elsewhere[0].kind
    name = f"{library}.{role}.{id}"
    if name not in sys.modules or role not in BASES:  # who is here already need not be looked for
        if id not in ids(role, library):
            raise _not_known(role, id, library)
        importlib.invalidate_caches()  # the file may have been dropped in a moment ago
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise AgentsimError(import_problem(str(_library_file(role, id, library)), error)) from error
    return only(defined(module, role), role, module.__file__ or name)


def file_of(role: str, id: str, library: str = LIBRARY) -> Path:
    """Return the file of a strategy. Raises AgentsimError as `find` does, but imports no library."""
    for each in _elsewhere(role, library):
        if each.id == id:
            return Path(each.file)
    known = ids(role, library)
    file = _library_file(role, id, library)
    if file is None:
        raise unknown(
            f"{role} strategy", id, known, f"`agentsim strategies list {role}` lists them"
        )
    return file


def make(
    role: str, id: str, parameters: Mapping[str, Any] | None = None, library: str = LIBRARY
) -> Strategy:
    """Return a strategy by name with parameters, each a number, an option or an array of numbers.

    Raises AgentsimError as `find` does, for parameters that are unknown or make no sense, and for
    a strategy that cannot be followed yet.
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
                told, file = find(each, id, library).describe(), str(file_of(each, id, library))
                rows.append(Entry(id, each, told.summary, "", file, told.unavailable))
            except AgentsimError as error:
                rows.append(Entry(id, each, "", str(error)))
    if role is None and library == LIBRARY:  # files of which nothing more is known
        rows += [_row(each) for each in added.strategies() if not each.role]
    return rows


def _not_known(role: str, id: str, library: str) -> AgentsimError:
    """Return the error for a name that no strategy of the role has."""
    for each in added.strategies():
        if each.id == id and not each.role:  # a file that nothing more is known of
            return AgentsimError(each.problem)
    remedy = f"`agentsim strategies list {role}` lists them"
    if Path(f"{id}.py").is_file():
        remedy = (
            f"{id}.py is here: name it by --strategies {id}.py, or in the experiment's strategies"
        )
    return unknown(f"{role} strategy", id, ids(role, library), remedy)


def _row(each: added.Added) -> Entry:
    """Return the row of a strategy from elsewhere."""
    if each.kind is None:
        return Entry(each.id, each.role, "", each.problem, each.file)
    told = each.kind.describe()
    return Entry(each.id, each.role, told.summary, "", each.file, told.unavailable)


def _elsewhere(role: str, library: str) -> list[added.Added]:
    """Return a role's strategies that users have added; to a library of another name there are none."""
    return [each for each in added.strategies() if each.role == role] if library == LIBRARY else []


def _check_unique(role: str, id: str, library: str) -> None:
    """Refuse a name that two files have."""
    files = [each.file for each in _elsewhere(role, library) if each.id == id]
    own = _library_file(role, id, library)
    files = [*([str(own)] if own else []), *dict.fromkeys(files)]
    if len(files) > 1:
        raise AgentsimError(
            f"{role} strategy {id!r} is in two files, {files[0]} and {files[1]}; rename one"
        )


def _library_file(role: str, id: str, library: str) -> Path | None:
    """Return the file of one of the library's strategies, if it is there."""
    found = (Path(folder) / f"{id}.py" for folder in _folder(role, library).__path__)
    return next((file for file in found if file.exists()), None)


def followed(role: str, library: str = LIBRARY) -> list[str]:
    """Return the names of a role's strategies that a firm can follow, sorted, importing them all.

    A file that cannot be used and a strategy that is not available yet are left out.
    """
    rows = catalogue(role, library)
    return [row.id for row in rows if not (row.problem or row.unavailable)]


def _folder(role: str, library: str) -> ModuleType:
    """Return the package with a role's strategies."""
    if role not in BASES:
        raise unknown("role", role, BASES)
    return importlib.import_module(f"{library}.{role}")
