"""What a module of strategies holds, and what is wrong with a file that holds none."""

from __future__ import annotations

import traceback
from types import ModuleType

from agentsim.errors import AgentsimError
from agentsim.strategy.base import BASES, Strategy, check
from agentsim.strategy.failing import tail


def defined(module: ModuleType, role: str) -> list[type[Strategy]]:
    """Return the strategy classes of a role that a module defines, helper classes left out."""
    return [
        each
        for name, each in vars(module).items()
        if isinstance(each, type)
        and issubclass(each, BASES[role])
        and each.__module__ == module.__name__
        and each.__name__ == name
        and not name.startswith("_")
    ]


def only(found: list[type[Strategy]], role: str, file: str) -> type[Strategy]:
    """Return the one class of a role that a file defines, checked.

    Raises AgentsimError, in one line, if there is not exactly one, or if it is not written as a
    strategy must be.
    """
    if len(found) != 1:
        names = ": " + ", ".join(each.__name__ for each in found) if found else ""
        raise AgentsimError(
            f"{tail(file)} defines {len(found)} {role} strategies{names}; define one, a subclass of "
            f"{BASES[role].__name__} (a name with a leading underscore is not counted)"
        )
    try:
        check(found[0])
    except AgentsimError as error:
        raise AgentsimError(f"{tail(file)}: {error}") from None
    return found[0]


def import_problem(file: str, error: BaseException) -> str:
    """Return the line that says where in its file a strategy fails to import."""
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
