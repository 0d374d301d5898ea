"""Strategies in a file that a user names."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from agentsim.errors import AgentsimError
from agentsim.strategy.base import BASES, Strategy, check
from agentsim.strategy.failing import tail


def load(path: str | Path) -> list[type[Strategy]]:
    """Return the strategies that a file defines, in the order written.

    Raises AgentsimError, one line, if there is no such file or it cannot be imported.
    """
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise AgentsimError(f"{path} is not there; name a file with a strategy")
    name = f"agentsim_author_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise AgentsimError(f"{path} is no Python file; name a file with a strategy")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise AgentsimError(f"{tail(str(file))} cannot be imported: {text}") from error
    found: list[type[Strategy]] = [
        each
        for key, each in vars(module).items()
        if isinstance(each, type)
        and issubclass(each, Strategy)
        and each.role in BASES
        and each.__module__ == name
        and not key.startswith("_")
    ]
    for each in found:
        check(each)
    return found
