"""What a strategy answers in made-up worlds, quarter after quarter, and where two answers differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from agentsim.authoring.worlds import Columns, Rows, Worlds
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
from agentsim.strategy.base import Strategy
from agentsim.strategy.choices import Choice, Mask, checked, least
from agentsim.strategy.failing import RunsError
from agentsim.strategy.groups import ask, remembered
from agentsim.strategy.views import View


@dataclass
class Answers:
    """Choices and memory by quarter, arrays `(firms, runs)`; what is left out is not there."""

    choices: list[dict[str, Array]] = field(default_factory=list)
    memory: list[dict[str, Array]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What was wrong, in one line each: out of bounds, or an error in some of the worlds."""
    stopped: str = ""
    """The error after which there are no more answers, if one concerned all worlds."""
    quarters: list[int] = field(default_factory=list)
    """The numbers of the quarters."""
    mute: str = ""
    """The error of a quarter in which it answered in none of the worlds, if there was one."""

    @property
    def wrong(self) -> str:
        """The first thing that was wrong, if anything."""
        return self.stopped or next(iter(self.problems), "")

    def then(self, later: Answers) -> Answers:
        """Return these answers and later ones."""
        return Answers(
            self.choices + later.choices,
            self.memory + later.memory,
            self.problems + later.problems,
            self.stopped or later.stopped,
            self.quarters + later.quarters,
            self.mute or later.mute,
        )

    def picked(self, rows: Rows = slice(None), columns: Columns = None) -> Answers:
        """Return the answers of some firms in some worlds."""
        runs = slice(None) if columns is None else np.atleast_1d(np.asarray(columns, np.intp))

        def part(quarters: list[dict[str, Array]]) -> list[dict[str, Array]]:
            return [{name: x[rows][:, runs] for name, x in each.items()} for each in quarters]

        return replace(self, choices=part(self.choices), memory=part(self.memory))


def answers(
    strategy: Strategy,
    worlds: Sequence[Worlds],
    rows: Rows = slice(None),
    columns: Columns = None,
    memory: Mapping[str, Array] | None = None,
) -> Answers:
    """Ask a strategy quarter after quarter, its memory carried over.

    memory: what it remembers before; nothing but what it begins with otherwise.
    """
    made = Answers()
    for world in worlds:
        try:
            sees = world.look(strategy, rows, columns, memory)
            choice, memory = _asked(strategy, sees, world, columns, made)
            runs = world.runs if columns is None else np.size(columns)
            arrays, bad = checked(choice, strategy.choice, len(sees.firms), runs, str(strategy))
        except AgentsimError as error:
            made.stopped = made.mute = str(error)
            return made
        if bad is not None:
            made.problems.append(_out_of_bounds(strategy, choice, sees, world, columns, bad))
        made.choices.append({name: array for name, array in arrays.items() if array is not None})
        made.memory.append(dict(memory))
        made.quarters.append(world.quarter)
    return made


def _asked(
    strategy: Strategy, sees: View, world: Worlds, columns: Columns, made: Answers
) -> tuple[Choice, Mapping[str, Array]]:
    """Ask, and go on where the strategy failed in some worlds only."""
    try:
        return ask(strategy, sees)
    except RunsError as error:
        column = min(error.causes)
        made.problems.append(f"{error.why(column)} in {_place(world, columns, column)}")
        if len(error.causes) == (world.runs if columns is None else np.size(columns)):
            made.mute = made.mute or made.problems[-1]
        choice = error.choice if error.choice is not None else least(strategy.choice)
        return choice, remembered(strategy, sees, error.memory)


def _out_of_bounds(
    strategy: Strategy, choice: Choice, sees: View, world: Worlds, columns: Columns, bad: Mask
) -> str:
    """Return the line that says what is out of bounds, where, and what to do about it."""
    column = int(np.flatnonzero(bad)[0])
    shape = (len(sees.firms), len(bad))
    for item in fields(choice):
        value = getattr(choice, item.name)
        if value is None:
            continue
        numbers = np.broadcast_to(np.asarray(value, np.float64), shape)[:, column]
        low, high = item.metadata["low"], item.metadata["high"]
        wrong = ~((numbers >= low) & (numbers <= high))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            remedy = "find what is divided by zero or infinite, and use safe_divide or np.where"
            if not np.isnan(numbers[row]):
                remedy = f"return clip({item.name}, {low:g}, {high:g})"
            return (
                f"{item.name} = {numbers[row]:g} of {sees.firms[row]} in "
                f"{_place(world, columns, column)}; it must lie between {low:g} and {high:g}: {remedy}"
            )
    return f"strategy {strategy} made an unacceptable choice"


def _place(world: Worlds, columns: Columns, column: int) -> str:
    run = column if columns is None else int(np.atleast_1d(np.asarray(columns))[column])
    return f"world {run} ({world.kind(run)}), quarter {world.quarter}"


def difference(one: Answers, other: Answers, tolerance: float = 0.0) -> str:
    """Return where two answers differ first, in words, or "" if they are the same.

    tolerance: the relative difference from which it counts; 0 compares to the last bit.
    """
    if one.stopped or other.stopped:
        return one.stopped or other.stopped
    for what, ones, others in (
        ("", one.choices, other.choices),
        ("memory ", one.memory, other.memory),
    ):
        for at, (left, right) in enumerate(zip(ones, others, strict=True)):
            quarter = one.quarters[at] if at < len(one.quarters) else at
            if left.keys() != right.keys():
                names = ", ".join(sorted(left.keys() ^ right.keys()))
                return f"quarter {quarter}: {what}{names} is left out in one of them"
            for name in left:
                unlike = _unlike(left[name], right[name], tolerance)
                if unlike.any():
                    firm, run = np.argwhere(unlike)[0]
                    a, b = left[name][firm, run], right[name][firm, run]
                    where = f"firm {firm}, world {run}, quarter {quarter}"
                    return f"{what}{name} is {a:.17g} and {b:.17g} ({where})"
    return ""


def _unlike(one: Array, other: Array, tolerance: float) -> Array:
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if tolerance:
        with np.errstate(all="ignore"):
            scale = np.maximum(np.abs(one), np.abs(other))
            same |= np.abs(one - other) <= tolerance * np.maximum(scale, 1.0)
    unlike: Array = ~same
    return unlike


def agree(
    one: Strategy, other: Strategy, worlds: Sequence[Worlds], tolerance: float = 1e-12
) -> str:
    """Return where two strategies that are meant to be the same differ, in words, or "".

    The numbers count as the same within `tolerance`, relative to the larger or to 1; what is left out
    counts as what stands for it. It is the test of a rule written once on arrays and once plainly.
    """
    made = [_complete(answers(each, worlds), each, worlds) for each in (one, other)]
    return difference(made[0], made[1], tolerance)


def _complete(made: Answers, strategy: Strategy, worlds: Sequence[Worlds]) -> Answers:
    """Return answers with what stands for choices that are left out."""
    choices = []
    for chosen, world in zip(made.choices, worlds, strict=False):
        full = dict(chosen)
        for item in fields(strategy.choice):
            if item.name not in full:
                name = f"planned_{item.name}"
                name = name if name in world.values else item.name
                shape = (world.firms, world.runs)
                zero = item.metadata["otherwise"] == "0"
                full[item.name] = np.zeros(shape) if zero else world.values[name]
        choices.append(full)
    return replace(made, choices=choices)
