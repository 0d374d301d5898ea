"""The one kind of error a user meets: a single line with the field, the value and the remedy."""

from __future__ import annotations

import operator
import re
import reprlib
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

TYPING_ERROR = 0.8
"""Likeness, from 0 to 1, from which a name is taken for another one mistyped."""

ALIKE = 0.6
"""Likeness below which two names have nothing to do with each other."""

LONG = 5
MOST_LISTED = 24

_repr = reprlib.Repr(maxstring=80, maxother=80)


class AgentsimError(ValueError):
    """A mistake in what was asked for. Its text is one line that names what to change."""


def shown(value: object) -> str:
    """Return a value as it may be shown in one line; arrays show themselves over many."""
    return " ".join(_repr.repr(value).split())


def whole(name: str, given: Any, remedy: str = "give one") -> int:
    """Return a whole number, Python's or NumPy's, as an int; anything else is refused."""
    try:
        if isinstance(given, bool):
            raise TypeError
        return operator.index(given)
    except TypeError:
        raise AgentsimError(f"{name} = {shown(given)} is not a whole number; {remedy}") from None


def unknown(
    what: str,
    name: object,
    known: Iterable[str],
    remedy: str = "",
    meanings: Mapping[str, str] | None = None,
) -> AgentsimError:
    """Return the error for a name that nothing answers to, with the nearest ones that do.

    remedy: what else to do, such as the command that lists all of many names.
    meanings: what the known names stand for, in words, where a name may be found by them.
    """
    names = sorted(set(known))
    hint = nearest(str(name), names, meanings=meanings)
    if hint.startswith("known") and len(names) > MOST_LISTED and remedy:
        hint = f"{len(names)} names are known"
    text = f"{what} {shown(name)} is not known; {hint}"
    return AgentsimError(f"{text}; {remedy}" if remedy else text)


def check_known(what: str, name: object, known: Iterable[str], remedy: str = "") -> None:
    """Refuse what is no text or none of the known names."""
    names = tuple(known)
    if not isinstance(name, str) or name not in names:
        raise unknown(what, name, names, remedy)


def nearest(
    name: str, known: Iterable[str], count: int = 3, meanings: Mapping[str, str] | None = None
) -> str:
    """Return a hint with the known names nearest to `name`; without any, with known names."""
    names = sorted(set(known))
    near = _near(name.lower(), names, meanings or {})[:count]
    if near:
        return "nearest: " + ", ".join(near)
    if not names:
        return "there is none"
    if len(names) <= MOST_LISTED:
        return "known: " + ", ".join(names)
    return f"known: {', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more"


def _near(asked: str, names: list[str], meanings: Mapping[str, str]) -> list[str]:
    """Return names by how near they are: mistyped, or with the same words, or much alike."""
    likeness = {each: SequenceMatcher(None, each.lower(), asked).ratio() for each in names}
    alike = [each for each in names if likeness[each] >= ALIKE]
    alike.sort(key=lambda each: -likeness[each])
    if alike and likeness[alike[0]] >= TYPING_ERROR:
        return alike
    words = [word for word in re.findall(r"[a-z0-9]+", asked) if len(word) > 2]
    shared = {each: _shared(words, each.lower(), meanings.get(each, "").lower()) for each in names}
    most = max((found for found, _ in shared.values()), default=0)
    with_words = [each for each in names if most and shared[each][0] == most]
    # The market's own names before those of a single firm.
    with_words.sort(key=lambda each: (-shared[each][1], each.count("."), -likeness[each]))
    return with_words + [each for each in alike if each not in with_words]


def _shared(words: list[str], name: str, meaning: str) -> tuple[int, int]:
    """Return how many of the words are in a name or its meaning, and how many in the name."""
    in_name = [_has(name, word) for word in words]
    either = [found or _has(meaning, word) for found, word in zip(in_name, words, strict=True)]
    return sum(either), sum(in_name)


def _has(text: str, word: str) -> bool:
    """Whether a word of a text begins like this; a long word may also stand within another."""
    if len(word) >= LONG and word in text:
        return True
    return any(each.startswith(word) for each in re.findall(r"[a-z0-9]+", text))
