"""The one kind of error a user meets: a single line with the field, the value and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AgentsimError(ValueError):
    """A mistake in what was asked for. Its text is one line that names what to change."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """Return a hint with the known names closest to `name`, or the shortest list of them all."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=count, cutoff=0.5)
    if not close:
        close = [known_name for known_name in names if name.lower() in known_name.lower()][:count]
    if close:
        return "nearest: " + ", ".join(close)
    if len(names) <= 12:
        return "known: " + ", ".join(names)
    return f"{len(names)} names are known"


def unknown(what: str, name: object, known: Iterable[str], remedy: str = "") -> AgentsimError:
    """Return the error for a name that nothing answers to, with the nearest ones that do."""
    text = f"{what} {name!r} is not known; {nearest(str(name), known)}"
    return AgentsimError(f"{text}; {remedy}" if remedy else text)
