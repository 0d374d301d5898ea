"""Strategies from elsewhere: files and folders that a user names, and packages that are installed.

A file holds one strategy of a role, or one of each of several roles, and its name is their id. A
folder is read as the library's is: its own files, and those in folders named after a role. Files
whose names begin with `test_`, `_` or `conftest` are passed over, and so is what defines no strategy.

Paths are handed on to the processes that this one starts, by the environment variable PATHS. An
installed package names its strategies in the entry point group GROUP: a class, a module, or a package
that is read as a folder.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from agentsim.errors import AgentsimError
from agentsim.strategy.base import BASES, Strategy
from agentsim.strategy.failing import tail
from agentsim.strategy.loading import defined, import_problem, only

GROUP = "agentsim.strategies"
"""Entry point group of installed packages with strategies."""

PATHS = "AGENTSIM_STRATEGIES"
"""Environment variable with files and folders of strategies, parted as in PATH."""

NO_STRATEGY = ("test_", "_", "conftest")
"""How names of files begin that are never strategies."""


@dataclass(frozen=True)
class Added:
    """A strategy from elsewhere; where it cannot be used, `problem` says why, and `role` may be ""."""

    id: str
    role: str
    file: str
    kind: type[Strategy] | None = None
    problem: str = ""


def paths() -> tuple[str, ...]:
    """Return the files and folders that have been named."""
    return tuple(each for each in os.environ.get(PATHS, "").split(os.pathsep) if each)


def name(path: str | Path) -> None:
    """Name a file or folder in which strategies are to be found, for this process and its children.

    Raises AgentsimError, in one line, if it is not there.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise AgentsimError(f"strategies: {path} is not there; name a file or a folder")
    if place.is_file() and place.suffix != ".py":
        raise AgentsimError(f"strategies: {path} is no Python file; name one, or a folder of them")
    full = str(place.resolve())
    if os.pathsep in full:
        raise AgentsimError(f"strategies: {path} has a {os.pathsep!r} in its name; rename it")
    if full not in paths():
        os.environ[PATHS] = os.pathsep.join([*paths(), full])


def name_those_there(files: Iterable[str]) -> None:
    """Name those of some files that are there."""
    for file in files:
        if Path(file).exists():
            name(file)


def in_file(path: str | Path) -> tuple[Added, ...]:
    """Return the strategies of a file, without naming it. Raises AgentsimError if it is not there."""
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise AgentsimError(f"{path} is not there; name a file with a strategy")
    return tuple(_in_file(file, "") or [_without(file, "")])


def strategies() -> tuple[Added, ...]:
    """Return all strategies from elsewhere, each file read when it is new or has changed."""
    found: list[Added] = []
    seen: set[Path] = set()
    # Files first: of a file that was named by itself it is said that it holds none.
    for path in sorted(paths(), key=os.path.isdir):
        for file, role in _files(Path(path)):
            if file.resolve() in seen:  # the same file by another way
                continue
            seen.add(file.resolve())
            read = _in_file(file, role)
            # In a folder of one's own there may be other files.
            found += read if read or file.parent == Path(path) else [_without(file, role)]
    return (*found, *_installed())


def texts() -> dict[str, str]:
    """Return the hash of the text of every file that was named, or lies in a folder that was."""
    read = [each.kind.read_from for each in strategies() if each.kind is not None]
    return {file: digest for file, digest in read if file}


def _files(place: Path) -> Iterator[tuple[Path, str]]:
    """Go through the files of a place, with the role that their folder is named after, if any."""
    if not place.is_dir():
        yield place, ""
        return
    for role in ("", *BASES):
        for file in sorted((place / role).glob("*.py")):
            if not file.name.startswith(NO_STRATEGY):
                yield file, role


def _without(file: Path, role: str) -> Added:
    """Return the row of a file that was named, or lies in a role's folder, and defines no strategy."""
    bases = [BASES[role]] if role else BASES.values()
    words = ", ".join(base.__name__ for base in bases)
    why = f"{tail(str(file))} defines no strategy; define one, a subclass of {words}"
    return Added(file.stem, role, str(file), None, why)


def _in_file(file: Path, role: str) -> list[Added]:
    if not re.fullmatch(r"[A-Za-z]\w*", file.stem):
        why = f"{tail(str(file))} is no name of a strategy; use letters, digits and _ alone"
        return [Added(file.stem, role, str(file), None, why)]
    try:
        texts = [file.read_bytes(), *(each.read_bytes() for each in neighbours(file))]
    except OSError as error:
        return [Added(file.stem, role, str(file), None, f"{file}: {error.strerror}")]
    return list(_loaded(str(file), sha256(b"\0".join(texts)).hexdigest(), role))


def neighbours(file: Path, known: frozenset[Path] = frozenset()) -> list[Path]:
    """Return the files beside a file that it imports, and those that these import, sorted."""
    try:
        changed = file.stat()
    except OSError:
        return []
    names = _imported(file, changed.st_mtime_ns, changed.st_size)
    beside = {file.with_name(f"{name}.py") for name in names}
    found = {each for each in beside - known - {file} if each.is_file()}
    for each in sorted(found):
        found.update(neighbours(each, known | found | {file}))
    return sorted(found)


@lru_cache(maxsize=1024)
def _imported(file: Path, mtime_ns: int, size: int) -> frozenset[str]:
    """Return the first part of the names of all modules that a file imports, as it is at a time."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return frozenset(name.partition(".")[0] for name in names)


@lru_cache(maxsize=256)
def _loaded(file: str, digest: str, role: str) -> tuple[Added, ...]:
    """Import a file under a name that no other text has; return its strategies."""
    stem = Path(file).stem
    module_name = f"agentsim_strategy_{sha256(file.encode()).hexdigest()[:8]}_{digest[:8]}_{stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up
    # Its neighbours may be imported, but hide nothing that is installed.
    if str(Path(file).parent) not in sys.path:
        sys.path.append(str(Path(file).parent))
    for each in neighbours(Path(file)):  # they may be others than those that were imported before
        before = sys.modules.get(each.stem)
        if before is not None and getattr(before, "__file__", None) == str(each):
            del sys.modules[each.stem]
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        return (Added(stem, role, file, None, import_problem(file, error)),)
    found = tuple(_in_module(module, stem, file, [role] if role else BASES))
    for one in found:
        if one.kind is not None:
            one.kind.read_from = (file, digest)
    return found


def _in_module(module: ModuleType, id: str, file: str, roles: Iterable[str]) -> Iterator[Added]:
    """Go through the strategies of a module, at most one of a role."""
    for role in roles:
        found = defined(module, role)
        if found:
            yield _named(found, id, role, file)


def _named(found: list[type[Strategy]], id: str, role: str, file: str) -> Added:
    """Return a strategy under its id, or what is wrong with it."""
    try:
        kind = only(found, role, file)
    except AgentsimError as error:
        return Added(id, role, file, None, str(error))
    kind.id = id
    return Added(id, role, file, kind)


@lru_cache(maxsize=1)
def _installed() -> tuple[Added, ...]:
    """Return the strategies of installed packages."""
    found: list[Added] = []
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            found += _behind(point.name, point.load())
        except Exception as error:
            whose = point.dist.name if point.dist else "a package"
            why = " ".join(f"{type(error).__name__}: {error}".split())
            problem = f"entry point {point.name} = {point.value} of {whose} cannot be used: {why}"
            found.append(Added(point.name, "", point.value, None, problem))
    return tuple(found)


def _behind(id: str, target: Any) -> Iterator[Added]:
    """Go through the strategies that an entry point names."""
    if isinstance(target, type) and issubclass(target, Strategy):
        file = sys.modules[target.__module__].__file__ or target.__module__
        yield _named([target], id, target.role, file)
    elif isinstance(target, ModuleType) and hasattr(target, "__path__"):
        yield from _in_package(target)
    elif isinstance(target, ModuleType):
        yield from _in_module(target, id, target.__file__ or target.__name__, BASES)
    else:
        raise AgentsimError("it is no strategy class, module or package; name one")


def _in_package(package: ModuleType) -> Iterator[Added]:
    """Go through the modules of a package, and of the packages in it that are named after a role."""
    for each in pkgutil.iter_modules(package.__path__):
        if each.name.startswith(NO_STRATEGY) or (each.ispkg and each.name not in BASES):
            continue
        full = f"{package.__name__}.{each.name}"
        try:
            module = importlib.import_module(full)
        except Exception as error:
            found = importlib.util.find_spec(full)
            file = str(found.origin) if found else full
            yield Added(each.name, "", file, None, import_problem(file, error))
            continue
        if each.ispkg:
            yield from _in_package(module)
        else:
            yield from _in_module(module, each.name, str(module.__file__), BASES)


def again(file: str, digest: str, role: str, id: str) -> type[Strategy]:
    """Return the class that another process read from a file.

    Raises AgentsimError, in one line, if the file is gone or its text has changed since.
    """
    name(file)
    for each in strategies():
        if (each.role, each.id, each.file) == (role, id, file):
            if each.kind is None:
                raise AgentsimError(each.problem)
            if each.kind.read_from[1] != digest:
                break
            return each.kind
    raise AgentsimError(f"{file} has changed since {role} strategy {id} was read; start again")
