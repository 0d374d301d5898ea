"""Copies and pickles of what holds arrays: NumPy forgets which of them must not be written to."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class Copied:
    """Base of what pickles and copies as a whole, and shares nothing with its copies."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, and which arrays among them are read-only."""
        return {"attributes": dict(vars(self)), "read_only": read_only(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes back and close the arrays again that were closed."""
        vars(self).update(state["attributes"])
        for array in state["read_only"]:
            array.flags.writeable = False

    def __copy__(self) -> Self:
        """Return a deep copy: what steps on must not do so in arrays that it shares."""
        return copy.deepcopy(self)


def read_only(thing: Any) -> list[NDArray[Any]]:
    """Return all read-only arrays in an object of ours and in those that it holds."""
    found: list[NDArray[Any]] = []
    seen: set[int] = set()
    left = [thing]
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, np.ndarray):
            if not each.flags.writeable:
                found.append(each)
        else:
            left.extend(_held(each))
    return found


def _held(thing: Any) -> Iterator[Any]:
    """Yield what a container or an object of ours holds: of others' objects nothing is asked."""
    if isinstance(thing, Mapping):
        yield from thing.values()
    elif isinstance(thing, list | tuple | deque):
        yield from thing
    elif isinstance(thing, type):
        return
    elif type(thing).__module__.partition(".")[0] == "agentsim" or is_dataclass(thing):
        if hasattr(thing, "__dict__"):
            yield from vars(thing).values()
        elif is_dataclass(thing):
            yield from (getattr(thing, item.name) for item in fields(thing))
