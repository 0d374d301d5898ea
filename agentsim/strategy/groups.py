"""Asking strategies: firms that follow the same code are asked together, as one group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError, unknown
from agentsim.laws.numerics import Array
from agentsim.strategy.base import Strategy, parts
from agentsim.strategy.choices import Choice, checked
from agentsim.strategy.failing import RunsError, told
from agentsim.strategy.params import declared
from agentsim.strategy.views import View, read_only

Rows = slice | NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Group:
    """Firms of one role that follow the same code, and the strategy with all their parameters."""

    strategy: Strategy
    rows: Rows
    """Rows of the firms in their sector, rising: a slice where contiguous, else whole numbers."""
    size: int


def group(assignments: Iterable[tuple[int, Strategy]]) -> list[Group]:
    """Group the firms of one role, given as (row, strategy), by class and options.

    A group's strategy has a float where all its firms and runs share the parameter, otherwise an
    array `(firms, 1)` or `(firms, runs)`, firms by rising row. Arrays of a single firm's strategy
    must be `(1, runs)`, unless all firms of the group share the very same strategy, which is then
    taken as it is. Groups come in the order of their first firms.

    Raises AgentsimError, in one line, if a row comes twice or parameters differ in their runs.
    """
    together: dict[tuple[Any, ...], list[tuple[int, Strategy]]] = {}
    seen: set[int] = set()
    for row, strategy in sorted(assignments, key=lambda each: each[0]):
        if row in seen:
            raise AgentsimError(f"firm {row} has two strategies; give it one")
        seen.add(row)
        known = declared(type(strategy)).values()
        options = [getattr(strategy, each.name) for each in known if each.choices is not None]
        together.setdefault((type(strategy), *options), []).append((row, strategy))
    return [_merge(members) for members in together.values()]


class Remembered(dict[str, Array]):
    """What a strategy remembers; it says what to do about a name that it does not."""

    def __missing__(self, name: str) -> Array:
        """Refuse a name that `remember` does not declare."""
        raise unknown("memory", name, self, "declare it in remember()")


def initial_memory(strategy: Strategy, firms: int, runs: int) -> dict[str, Array]:
    """Return what a group remembers at the start, each `(firms, runs)` and read-only.

    Raises AgentsimError, in one line, if `remember` raises anything or returns no such numbers.
    """
    try:
        values = strategy.remember()
    except Exception as error:
        raise AgentsimError(told(strategy, "remember()", error)) from error
    return _spread(strategy, values, (firms, runs))


def ask(strategy: Strategy, sees: View) -> tuple[Choice, Mapping[str, Array]]:
    """Return a group's choice, unchecked, and its new memory, `(firms, runs)` and read-only.

    Raises AgentsimError, in one line, if the strategy raises anything, saying where in its file,
    or if what is to be remembered has another name or shape than `remember` declares. Raises
    RunsError if the strategy answers run by run and failed in some of them.
    """
    try:
        choice, recalled = parts(strategy.choose(sees))
    except Exception as error:
        # Another strategy's answer, that of one which this one asks, would not do for it.
        if isinstance(error, RunsError) and error.strategy is strategy:
            raise
        raise AgentsimError(told(strategy, ", ".join(sees.firms), error)) from error
    return choice, remembered(strategy, sees, recalled) if recalled else sees.memory


def remembered(strategy: Strategy, sees: View, recalled: Mapping[str, Any]) -> dict[str, Array]:
    """Return a group's memory with what a strategy wants recalled, `(firms, runs)`, read-only.

    Raises AgentsimError, in one line, for names and shapes that `remember` does not declare.
    """
    memory = Remembered(sees.memory)
    for name, array in recalled.items():
        if name not in memory:
            what = f"memory of strategy {strategy.id}"
            raise unknown(what, name, memory, "declare it in remember()")
        memory.update(_spread(strategy, {name: array}, memory[name].shape))
    return memory


def wrong_alone(strategies: Sequence[Strategy], sees: View, runs: int) -> dict[int, str]:
    """Ask the firms of a group for each run alone; return what goes wrong, by column where it does.

    strategies: those of the firms, of which the group was made. sees: what the group was shown.
    The words are those of a market with that run alone, shapes of arrays included.
    """
    draw = None if sees._draw is None else cache(sees._draw)  # drawn for all runs, so but once
    wrong: dict[int, str] = {}
    for column in range(runs):
        # Grouped anew: parameters may differ between firms in some of the runs only.
        strategy = group(enumerate(_alone(strategies, column)))[0].strategy
        try:
            made, _ = ask(strategy, _seen_alone(sees, draw, column))
            checked(made, strategy.choice, len(strategies), 1, str(strategy))
        except RunsError as error:
            wrong[column] = error.why(0)
        except AgentsimError as error:
            wrong[column] = str(error)
    return wrong


def _alone(strategies: Sequence[Strategy], column: int) -> list[Strategy]:
    """Return strategies with the parameters of one run; the very same ones stay the very same."""
    made: dict[int, Strategy] = {}
    for strategy in {id(each): each for each in strategies}.values():
        values = {name: getattr(strategy, name) for name in declared(type(strategy))}
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        changes = {name: _column(array, column) for name, array in arrays.items()}
        made[id(strategy)] = replace(strategy, **changes)
    return [made[id(strategy)] for strategy in strategies]


def _seen_alone(sees: View, draw: Callable[[str], Array] | None, column: int) -> View:
    """Return a view as the same firms have it in a market with one of the runs alone."""
    return type(sees)(
        lambda name: _column(sees._fetch(name), column),
        lambda name: _column(sees._fetch_public(name), column),
        sees.rows,
        sees.firms,
        sees.quarter,
        Remembered({name: _column(array, column) for name, array in sees.memory.items()}),
        None if draw is None else lambda name: _column(draw(name), column),
    )


def _column(array: Array, column: int) -> Array:
    """Return an array of one run, read-only; one column may stand for all runs."""
    one = slice(column, column + 1) if array.shape[-1] > 1 else slice(None)
    # A copy, so that the numbers lie side by side as in a market of one run: NumPy adds them up
    # in an order that depends on it.
    return read_only(array[..., one].copy())


def _spread(
    strategy: Strategy, values: Mapping[str, Any], shape: tuple[int, ...]
) -> dict[str, Array]:
    """Copy values to read-only arrays of a shape."""
    arrays = Remembered()
    for name, value in values.items():
        try:
            array = np.array(value, np.float64)
            if array.shape != shape:
                array = np.array(np.broadcast_to(array, shape))
        except (TypeError, ValueError):
            raise AgentsimError(
                f"strategy {strategy.id} remembers {name} with shape {np.shape(value)}; "
                f"it must broadcast to {shape} numbers"
            ) from None
        array.flags.writeable = False
        arrays[name] = array
    return arrays


def _merge(members: list[tuple[int, Strategy]]) -> Group:
    """Make one group of (row, strategy) pairs with the same class and options."""
    rows = [row for row, _ in members]
    strategies = [strategy for _, strategy in members]
    first = strategies[0]
    changes: dict[str, Any] = {}
    for name, each in declared(type(first)).items():
        values = [getattr(strategy, name) for strategy in strategies]
        if each.choices is not None or all(_same(values[0], value) for value in values):
            continue
        arrays = [np.atleast_2d(np.asarray(value, np.float64)) for value in values]
        runs = {array.shape[1] for array in arrays} - {1}
        if len(runs) > 1 or any(len(array) != 1 for array in arrays):
            shapes = ", ".join(str(np.shape(value)) for value in values)
            raise AgentsimError(f"strategy {first.id}: {name} has shapes {shapes}; give (1, runs)")
        width = max(runs, default=1)
        stacked = np.concatenate([np.broadcast_to(array, (1, width)) for array in arrays])
        stacked.flags.writeable = False
        changes[name] = stacked
    contiguous = rows == list(range(rows[0], rows[0] + len(rows)))
    where = slice(rows[0], rows[0] + len(rows)) if contiguous else np.array(rows, np.intp)
    return Group(replace(first, **changes) if changes else first, where, len(rows))


def _same(one: Any, other: Any) -> bool:
    """Whether two parameters are the same object, number or array of one firm."""
    if one is other:
        return True
    if np.shape(one) != np.shape(other) or (np.ndim(one) and len(one) != 1):
        return False
    return bool(np.all(one == other))
