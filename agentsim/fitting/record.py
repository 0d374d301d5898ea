"""Records: what a calibration was asked and how it went, so that the same is not worked out twice.

A folder of results holds one when it is complete; while it is worked at, another lies with what is
simulated in a folder of its own, which is removed in the end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentsim.errors import AgentsimError
from agentsim.fitting.proposals import text_of

if TYPE_CHECKING:
    import pandas as pd

RECORD, ASKED, UNFINISHED = "calibration.json", "asked.json", "unfinished"
DRAWS, RANGES = "draws.csv", "ranges.csv"
FITTING = ("calibrate", "proposals", "record", "screening", "smc")
"""Modules that decide which draws come of the same distances."""
EVEN = 0.5
"""Effective draws of the generation that is drawn from, over those that are kept."""


@dataclass(frozen=True)
class Told:
    """What is told of a generation."""

    tolerance: float
    simulated: int
    accepted: int
    effective: float


@dataclass(frozen=True, eq=False)
class Calibrated:
    """What is known after fitting."""

    table: pd.DataFrame
    """A row a marked range: see `ranges_table`."""
    generations: list[Told]
    drawn_from: int
    """The generation that draws are taken from, counted from 1."""
    draws: int
    stopped: str
    """Why there are no more generations, as a sentence goes on after "because"."""
    again: bool = False
    """Whether all that is known from before."""

    @property
    def cautions(self) -> list[str]:
        """What is to be known before the draws are used, a sentence each."""
        found, least = [], EVEN * self.draws
        if self.drawn_from == 1:
            only = len(self.generations) == 1
            why = (
                "no other came about" if only else f"no later one has {least:,.0f} effective draws"
            )
            found.append(
                "the draws are of generation 1, the marked ranges less the points furthest from the "
                f"facts, as {why}; give more --generations, a larger --population or fewer --draws"
            )
        effective = self.generations[self.drawn_from - 1].effective
        if effective < least:
            found.append(
                f"the {self.draws:,} draws are copies of about {effective:,.0f}; "
                "give a larger --population or fewer --draws"
            )
        return found


def key_of(question: str, asked: Mapping[str, Any]) -> str:
    """Return a hash of all that draws follow from: the question's, what is asked, and how."""
    import pyabc

    code = [text_of(f"fitting/{name}.py") for name in FITTING]
    parts = (question, sorted(asked.items()), code, pyabc.__version__)
    return sha256(repr(parts).encode()).hexdigest()


def known(folder: Path, key: str) -> Calibrated | None:
    """Return the calibration that a folder holds, if it is of this key and complete."""
    import pandas as pd

    record = _read(folder / RECORD)
    if record.get("key") != key or not all((folder / name).exists() for name in (DRAWS, RANGES)):
        return None
    table = pd.read_csv(folder / RANGES)
    generations = [Told(**each) for each in record["generations"]]
    rest = {name: record[name] for name in ("drawn_from", "draws", "stopped")}
    return Calibrated(table, generations, again=True, **rest)


def begin(folder: Path, key: str, asked: Mapping[str, Any], replace: bool) -> list[str]:
    """Note what a folder is to hold; return a line for what was begun of something else.

    Raises AgentsimError, one line, where it holds draws of something else and is not to `replace` them.
    """
    done, begun = _read(folder / RECORD), _read(folder / UNFINISHED / ASKED)
    if done and done["key"] != key and not replace:
        raise AgentsimError(
            f"{folder} holds draws made {_differently(done['asked'], asked)}; "
            "give another --out, or --replace"
        )
    lines = []
    if begun and begun["key"] != key:
        lines.append(f"{folder} was begun {_differently(begun['asked'], asked)}")
    (folder / UNFINISHED).mkdir(parents=True, exist_ok=True)
    _write(folder / UNFINISHED / ASKED, {"key": key, "asked": dict(asked)})
    return lines


def finish(folder: Path, key: str, asked: Mapping[str, Any], found: Calibrated) -> None:
    """Write down that a folder is complete, and remove what only served to go on."""
    told = {name: getattr(found, name) for name in ("drawn_from", "draws", "stopped")}
    generations = [asdict(each) for each in found.generations]
    _write(folder / RECORD, {"key": key, "asked": dict(asked), "generations": generations, **told})
    shutil.rmtree(folder / UNFINISHED)


def _differently(before: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Return what was asked differently, and what comes of it."""
    other = {name: value for name, value in asked.items() if before.get(name) != value}
    if not other:
        return "with another model, experiment or facts; it is simulated anew"
    was = ", ".join(f"{name} = {before.get(name)}" for name in other)
    now = ", ".join(f"{name} = {value}" for name, value in other.items())
    what = "all" if "entropy" in other or "experiment" in other else "what follows from it"
    return f"with {was}; with {now} {what} is simulated anew"


def _read(path: Path) -> dict[str, Any]:
    """Return a record; nothing where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record, all of it or nothing."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
