"""Fingerprint: which version of the model it is, by the text of all that decides what comes out.

A version number would forget to change. Hashed are the laws, the sectors and so on, and the
calibration and those strategies that a batch uses: one that is added leaves batches of others alone.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from agentsim.batch.cells import Cells
from agentsim.calibration import calibrations
from agentsim.calibration.fitted import BASE
from agentsim.parameters import ROLES
from agentsim.strategy import added
from agentsim.strategy.registry import file_of, ids

PARTS = (
    "asking.py", "clipped.py", "failures.py", "ledger.py", "lineup.py", "outcomes.py",
    "parameters.py", "quarter.py", "randomness.py", "runoff.py", "scenario.py", "shocks.py",
    "simulation.py", "calibration", "laws", "sectors", "steps", "strategy", "batch/plan.py",
    "batch/simulating.py",
)  # fmt: skip
"""Files and folders of the package that decide what comes out."""


@lru_cache(maxsize=1)
def model_files() -> dict[str, str]:
    """Return the hash of every file of the model, by its path in the package."""
    found: dict[str, str] = {}
    for part in PARTS:
        place = files("agentsim")
        for step in part.split("/"):
            place = place / step
        _collect(place, part, found)
    return found


def strategy_files(cells: Cells) -> dict[str, Path]:
    """Return the file of every strategy that is followed in some cell, as strategies/ROLE/ID.py."""
    used = {text.partition("(")[0] for group in cells.groups for text in set(group.lineup.values())}
    return {
        f"strategies/{role}/{id}.py": file_of(role, id)
        for role in ROLES
        for id in sorted(used & set(ids(role)))
    }


def added_files(cells: Cells) -> list[str]:
    """Return the files of those that are followed and are not the library's."""
    named = set(added.texts())
    return [str(file) for file in strategy_files(cells).values() if str(file) in named]


def fingerprint(scenario: str, cells: Cells) -> dict[str, str]:
    """Return the hash of every file that decides what comes out of these cells."""
    others = {f"calibration/{name}.csv" for name in calibrations() if name != scenario}
    others.add(f"calibration/fitted/{BASE}.csv")  # a plan that takes draws from it has its hash
    used = {name: each for name, each in model_files().items() if name not in others}
    texts = added.texts()  # with those of the files beside them that they import
    return used | {
        name: texts.get(str(file)) or _hash(file) for name, file in strategy_files(cells).items()
    }


def model_key(scenario: str, cells: Cells) -> str:
    """Return one hash for all of them."""
    return sha256(repr(sorted(fingerprint(scenario, cells).items())).encode()).hexdigest()


def _collect(place: Traversable, path: str, found: dict[str, str]) -> None:
    if place.is_dir():
        for each in sorted(place.iterdir(), key=lambda each: each.name):
            if each.is_dir() or each.name.endswith((".py", ".csv", ".toml")):
                _collect(each, f"{path}/{each.name}", found)
    else:
        found[path] = _hash(place)


def _hash(place: Traversable | Path) -> str:
    return sha256(place.read_bytes()).hexdigest()
