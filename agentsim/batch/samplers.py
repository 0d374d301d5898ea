"""Samplers: how the points of an experiment are chosen, as a file or Python gives it.

>>> parse_sampler({"kind": "latin_hypercube", "points": 50}).points
50
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from os import PathLike, fspath
from typing import Any

from agentsim.batch.points import MOST_POINTS
from agentsim.errors import AgentsimError, check_known, shown, whole

MOST_MORRIS_LEVELS = 100

KEYS = {
    "factorial": (),
    "latin_hypercube": ("points",),
    "sobol": ("points", "second_order"),
    "morris": ("trajectories", "levels"),
    "table": ("file",),
}
"""The kinds of sampler, and what each may be told."""

POINTS = {"latin_hypercube": 100, "sobol": 256}
"""How many points a kind takes unless told."""


@dataclass(frozen=True)
class Sampler:
    """How points are chosen. What does not belong to the kind keeps its default."""

    kind: str
    points: int = 0
    """Of a Latin hypercube, or of the base sample of Sobol indices; 0 stands for the usual."""
    second_order: bool = False
    """Whether Sobol indices of pairs are asked for, at about twice the points."""
    trajectories: int = 20
    levels: int = 4
    """Of the grid on which Morris trajectories walk."""
    file: str = ""
    """The CSV file of a table."""

    def __post_init__(self) -> None:
        """Raise AgentsimError, one line, for what makes no sense."""
        check_known("sampler", self.kind, KEYS)
        for item in fields(self)[1:]:
            if item.name not in KEYS[self.kind] and getattr(self, item.name) != item.default:
                raise _stranger(item.name, self.kind)
        if self.points == 0 and self.kind in POINTS:
            object.__setattr__(self, "points", POINTS[self.kind])
        for name in KEYS[self.kind]:
            object.__setattr__(self, name, CHECKS[name](name, getattr(self, name)))
        if self.kind == "sobol" and self.points.bit_count() != 1:
            below = 2 ** (self.points.bit_length() - 1)
            raise AgentsimError(
                f"sampler: points = {self.points} is not a power of two; "
                f"give {max(below, 2)} or {2 * below}"
            )
        if self.levels % 2:
            raise AgentsimError(
                f"sampler: levels = {self.levels} is odd; "
                f"give {self.levels - 1} or {self.levels + 1}"
            )


def parse_sampler(given: Any) -> Sampler:
    """Return the sampler that a file or Python gives: a kind as text, a table, or a sampler.

    Raises AgentsimError: one line with the key, the value and the remedy.
    """
    if isinstance(given, Sampler):
        return given
    if isinstance(given, str):
        return Sampler(given)
    if not isinstance(given, Mapping):
        raise AgentsimError(
            f"sampler = {shown(given)} is neither text nor a table; give one of {', '.join(KEYS)}"
        )
    if "kind" not in given:
        raise AgentsimError("sampler: kind is missing; add it")
    kind = given["kind"]
    check_known("sampler: kind", kind, KEYS)
    known = {name for names in KEYS.values() for name in names}
    for name in given:
        if name in known.difference(KEYS[kind]):
            raise _stranger(name, kind)
        check_known("sampler: key", name, ("kind", *KEYS[kind]), "take it out or rename it")
    # To the class 0 stands for the usual number; who writes it means none.
    if "points" in given:
        CHECKS["points"]("points", given["points"])
    return Sampler(**given)


def plain(sampler: Sampler) -> str | dict[str, Any]:
    """Return the text or table that `parse_sampler` reads as an equal sampler."""
    usual = {item.name: item.default for item in fields(Sampler)}
    usual["points"] = POINTS.get(sampler.kind, 0)
    told = {name: getattr(sampler, name) for name in KEYS[sampler.kind]}
    changed = {name: each for name, each in told.items() if each != usual[name]}
    return {"kind": sampler.kind} | changed if changed else sampler.kind


def _stranger(name: str, kind: str) -> AgentsimError:
    """Return the error for a key that belongs to other kinds."""
    owners = " and ".join(each for each, names in KEYS.items() if name in names)
    return AgentsimError(f"sampler: {name} belongs to {owners}, not to {kind}; take it out")


def _size(least: int, most: int) -> Callable[[str, Any], int]:
    """Return the check of a whole number within bounds."""

    def check(name: str, given: Any) -> int:
        size = whole(f"sampler: {name}", given)
        if not least <= size <= most:
            raise AgentsimError(
                f"sampler: {name} = {size} is out of bounds; it must lie between {least} and {most}"
            )
        return size

    return check


def _check_second_order(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise AgentsimError(f"sampler: {name} = {shown(given)} is neither true nor false; give one")
    return given


def _check_file(name: str, given: Any) -> str:
    if isinstance(given, PathLike):
        given = fspath(given)
    if given == "":
        raise AgentsimError(f"sampler: {name} is missing; name the CSV file that holds the points")
    if not isinstance(given, str):
        raise AgentsimError(f"sampler: {name} = {shown(given)} is not text; put it in quotes")
    return given


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "points": _size(1, MOST_POINTS),
    "second_order": _check_second_order,
    "trajectories": _size(2, MOST_POINTS),  # a spread of effects takes two
    "levels": _size(2, MOST_MORRIS_LEVELS),
    "file": _check_file,
}
