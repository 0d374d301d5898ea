"""A new strategy: two files, ready to run, where they belong."""

from __future__ import annotations

import re
from keyword import iskeyword
from pathlib import Path

from agentsim.authoring import templates
from agentsim.errors import AgentsimError, check_known
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import file_of, ids


def write(role: str, name: str, folder: Path | None = None, plain: bool = False) -> list[Path]:
    """Write a strategy and its test, and return both paths.

    folder: where to, side by side. Otherwise into strategies/ROLE/ and tests/strategies/ of the
    checkout that the current folder is part of, or, outside one, into the current folder.
    plain: in plain numbers, with `if`, and not on arrays.

    Raises AgentsimError, in one line, for an unknown role, a name that is none or is taken, and files
    that are there already: these are left alone.
    """
    check_known("role", role, BASES)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or iskeyword(name) or name.startswith("test_"):
        raise AgentsimError(
            f"NAME = {name!r} cannot name a strategy; use small letters, digits and _, as in "
            "patient_builder"
        )
    if name in ids(role):
        raise AgentsimError(
            f"{role} strategy {name!r} is there already, in {file_of(role, name)}; give another NAME"
        )
    checkout = _checkout(Path.cwd()) if folder is None else None
    if checkout is not None:
        file = checkout / "strategies" / role / f"{name}.py"
        test = checkout / "tests" / "strategies" / f"test_{role}_{name}.py"
    else:
        file = (folder or Path()) / f"{name}.py"
        test = file.with_name(f"test_{name}.py")
    texts = {
        file: templates.strategy(role, name, plain),
        test: templates.test(role, name, beside=checkout is None),
    }
    for path in texts:
        if path.exists():
            raise AgentsimError(
                f"{path} exists and is left alone; give another NAME, or --out FOLDER"
            )
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _checkout(here: Path) -> Path | None:
    """Return the root of the checkout of agentsim that a folder is part of, if it is of one."""
    for folder in (here, *here.parents):
        if (folder / "agentsim" / "strategy" / "base.py").exists() and (
            folder / "strategies"
        ).is_dir():
            return folder
    return None
