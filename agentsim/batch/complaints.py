"""Turning what is wrong with an experiment file into one line that says what to change."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentsim.errors import AgentsimError, shown, unknown

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Level = int | float | str
"""A value that a factor or setting takes: a number, or the text of a strategy."""


def read_text(path: Path, absent: str, inside: str, encoding: str = "utf-8") -> str:
    """Return the text of a file.

    absent, inside: what to do where nothing is there, or a folder. Raises AgentsimError: one line
    with the file and the remedy.
    """
    try:
        return path.read_bytes().decode(encoding)
    except FileNotFoundError:
        raise AgentsimError(f"{path} does not exist; {absent}") from None
    except IsADirectoryError:
        raise AgentsimError(f"{path} is a folder; {inside}") from None
    except NotADirectoryError:
        raise AgentsimError(f"{path} lies beneath a file, not a folder; check the path") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise AgentsimError(
            f"{path}, line {line}: not UTF-8 text; save the file as UTF-8"
        ) from None
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        why = getattr(error, "strerror", None) or error
        raise AgentsimError(f"{shown(str(path))} cannot be read: {why}") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises AgentsimError: one line with the file and, where TOML is malformed, the line.
    """
    text = read_text(path, "give a file, or the name of one shipped", "give the .toml file in it")
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        line, what = _place(str(error), text)
        raise AgentsimError(f"{path}, line {line}: {what}; mend that line of TOML") from None


def _place(message: str, text: str) -> tuple[int, str]:
    """Return the line of a TOML error, and the message without it."""
    what = re.sub(r"\s*\(at [^)]*\)\s*$", "", message)
    found = re.search(r"\(at line (\d+)", message)
    if found:
        return int(found[1]), what
    return text.rstrip("\n").count("\n") + 1, f"{what} at the end"


def one_line(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first of pydantic's complaints as one line with field, value and remedy."""
    # A misspelt key is both unknown and missing; the first says more.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    place = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in first["loc"])
    field, given = place.lstrip("."), shown(first["input"])
    inner = first.get("ctx", {}).get("error")
    match first["type"]:
        case "extra_forbidden":
            return str(unknown("key", field, model.model_fields, "take it out or rename it"))
        case "missing":
            return f"{field} is missing; add it"
        case "value_error" if isinstance(inner, AgentsimError):
            text = str(inner)
            inside = "[" in field or "." in field  # of several alike: which one it is
            return f"{field}: {text}" if inside and not text.startswith(field) else text
        case "string_type":
            return f"{field} = {given} is not text; put it in quotes"
        case "int_type":
            return f"{field} = {given} is not a whole number; give one without a point"
        case "list_type" | "tuple_type":
            return f"{field} = {given} is not a list; write it in [brackets], tables as [[{field}]]"
        case "dict_type" | "model_type" | "model_attributes_type":
            head = f"[[{field.partition('[')[0]}]]" if "[" in field else f"[{field}]"
            return f"{field} = {given} is not a table; write {head} and its keys below"
        case "literal_error":
            allowed = first["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
            return str(unknown(field, first["input"], allowed))
        case _:
            return f"{field} = {given} is not valid: {' '.join(first['msg'].split())}"


def flattened(
    what: str, given: Any, leaf: Callable[[Mapping[str, Any]], bool] = lambda table: False
) -> dict[str, Any]:
    """Return a table with nested tables as dotted names, as TOML reads `oracle.debt = 50`.

    leaf: says of a nested table whether it is a value and no name's beginning.
    """
    if not isinstance(given, Mapping):
        raise AgentsimError(
            f"{what} = {shown(given)} is not a table; write [{what}] and its keys below"
        )
    flat: dict[str, Any] = {}
    for name, value in given.items():
        inner = {name: value}
        if isinstance(value, Mapping) and not leaf(value):
            inside = flattened(what, value, leaf)
            inner = {f"{name}.{rest}": each for rest, each in inside.items()}
        for key, each in inner.items():
            if key in flat:
                raise AgentsimError(f"{what} names {key} twice; drop one")
            flat[str(key)] = each
    return flat


def level(name: str, given: Any) -> Level:
    """Return a value that a factor or setting may take, or refuse it."""
    if isinstance(given, str) and given.strip():
        return given
    if isinstance(given, (list, tuple)):
        raise AgentsimError(
            f"{name} = {shown(given)} is a list; give one value, or vary it in [factors]"
        )
    if hasattr(given, "item") and getattr(given, "ndim", 1) == 0:  # a NumPy number
        given = given.item()
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise AgentsimError(f"{name} = {shown(given)} is neither a number nor text; give one")
    return given  # whether it is finite is seen where its bounds are known


def levels(name: str, given: Any, distinct: bool = True) -> list[Level]:
    """Return the levels of a factor, or refuse them; twice the same, if they are to be distinct."""
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise AgentsimError(
            f"{name} = {shown(given)} is not a list; write its levels in [brackets]"
        )
    found = [level(name, each) for each in given]
    if not found:
        raise AgentsimError(f"{name} = [] has no levels; give at least one, or take it out")
    if distinct:
        check_distinct(name, found)
    return found


def check_distinct(name: str, given: Sequence[Any]) -> None:
    """Refuse a list that names something twice."""
    for position, each in enumerate(given):
        if each in given[:position]:
            raise AgentsimError(f"{name} names {each!r} twice; give each once")
