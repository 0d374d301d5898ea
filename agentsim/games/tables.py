"""Payoffs as arrays and as tables, and the games that they make.

A table has a row a profile: a column a player with its strategy, and a column `payoff.PLAYER` with what
it earns. A column `run`, where there is one, says that profiles were observed more than once: every
profile in every run. Other columns of numbers ride along: what customers got, say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError, shown
from agentsim.games.game import Game
from agentsim.games.profiles import Layout, Role
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

PAYOFF = "payoff."
RUN = "run"


def is_frame(given: Any) -> bool:
    """Say whether something is a frame, without importing pandas for it."""
    return hasattr(given, "columns") and hasattr(given, "iloc")


def game_of_array(
    given: Any,
    players: Sequence[str] | None = None,
    strategies: Sequence[Sequence[str]] | None = None,
    name: str = "",
) -> Game:
    """Return the game of an array `(players, strategies of player 1, ..., of player n)`.

    Raises AgentsimError, one line, for shapes that disagree and for what is no number.
    """
    x = _numbers(given)
    n, widths = (x.shape[0] if x.ndim else 0), x.shape[1:]
    if x.ndim < 2 or n != len(widths):
        raise AgentsimError(
            f"payoffs have shape {x.shape}: {n} players, but strategies of {len(widths)}; "
            "give (players, strategies of player 1, ..., of player n)"
        )
    who = tuple(players) if players is not None else tuple(f"player {i + 1}" for i in range(n))
    what = (
        strategies if strategies is not None else [[str(j + 1) for j in range(m)] for m in widths]
    )
    if len(who) != n or tuple(len(each) for each in what) != widths:
        raise AgentsimError(
            f"{len(who)} players and strategies {[len(each) for each in what]} are named; "
            f"payoffs have {n} players with {list(widths)}"
        )
    roles = tuple(Role(p, (p,), tuple(map(str, s))) for p, s in zip(who, what, strict=True))
    return Game(roles, by_profile(x.reshape(n, -1), Layout.of(roles)), name=name)


def by_profile(x: Array, layout: Layout) -> Array:
    """Return payoffs `(players, profiles, ...)` of roles of one by column, `(profiles, columns, ...)`."""
    found = np.full((layout.count, layout.columns, *x.shape[2:]), np.nan)
    place, column = np.nonzero(layout.profiles)
    found[place, column] = x[layout.role_of[column], place]
    return found


def game_of_frame(table: pd.DataFrame, name: str = "") -> Game:
    """Return the game of a table with a row a profile, or a row a profile and run.

    Raises AgentsimError, one line, naming the column or the profile that is amiss.
    """
    players = [str(each)[len(PAYOFF) :] for each in table.columns if str(each).startswith(PAYOFF)]
    if not players:
        raise AgentsimError(
            f"the table has columns {shown(list(map(str, table.columns)))} and no payoffs; "
            f"name a column for each player, and one {PAYOFF}PLAYER with what it earns"
        )
    for player in players:
        if player not in table.columns:
            raise AgentsimError(
                f"the table has a column {PAYOFF}{player} and none with its strategy; add {player}"
            )
    for column in map(str, table.columns if len(table) else ()):
        named = column in players or column.startswith(PAYOFF) or column == RUN
        if not named and table[column].dtype.kind not in "fiub":
            raise AgentsimError(
                f"column {column} holds text, and there is no {PAYOFF}{column}; add what it earns, or take "
                "the column out"
            )
    if not len(table):
        raise AgentsimError("the table has no rows; give one for each profile")
    strategies = [_strategies(table, player) for player in players]
    roles = tuple(Role(p, (p,), s) for p, s in zip(players, strategies, strict=True))
    layout = Layout.of(roles)
    place, run, runs = _places(table, players, strategies, layout)

    def filled(column: str) -> Array:
        x = np.full((layout.count, runs), np.nan)
        x[place, run] = _numbers(table[column].to_numpy(), column)
        return x

    payoffs = np.stack([filled(f"{PAYOFF}{player}") for player in players])
    riding = [
        each for each in map(str, table.columns)
        if each not in (RUN, *players) and not each.startswith(PAYOFF)
        and table[each].dtype.kind in "fiu"
    ]  # fmt: skip
    by_run = by_profile(payoffs, layout)
    others = {each: filled(each) for each in riding}
    return Game(roles, by_run.mean(axis=-1), by_run if runs > 1 else None, others, name=name)


def _strategies(table: pd.DataFrame, player: str) -> tuple[str, ...]:
    column = table[player]
    if column.isna().any():
        row = int(np.flatnonzero(column.isna().to_numpy())[0])
        raise AgentsimError(
            f"row {row + 1} has no strategy of {player}; give one, or take the row out"
        )
    return tuple(dict.fromkeys(map(_word, column.tolist())))


def _word(strategy: Any) -> str:
    """Return a strategy as text; a number that is whole without its point."""
    return f"{strategy:g}" if isinstance(strategy, float) else str(strategy)


def _places(
    table: pd.DataFrame, players: list[str], strategies: list[tuple[str, ...]], layout: Layout
) -> tuple[Any, Any, int]:
    """Return which profile and which run each row is, and how many runs there are."""
    place = np.zeros(len(table), np.int64)
    for player, known in zip(players, strategies, strict=True):
        number = {each: at for at, each in enumerate(known)}
        place = place * len(known) + np.array([number[_word(x)] for x in table[player].tolist()])
    if RUN in table.columns:
        labels = list(dict.fromkeys(table[RUN].tolist()))
        number = {each: at for at, each in enumerate(labels)}
        run = np.array([number[each] for each in table[RUN].tolist()], np.int64)
    else:
        labels, run = [0], np.zeros(len(table), np.int64)
    all_seen = np.bincount(place * len(labels) + run, minlength=layout.count * len(labels))
    seen = all_seen.reshape(layout.count, len(labels))

    def words(at: int) -> str:
        which = np.unravel_index(at, [len(each) for each in strategies])
        told = zip(players, strategies, which, strict=True)
        return ", ".join(f"{p} {s[int(i)]}" for p, s, i in told)

    if (seen == 0).any():
        at, lacks = (int(each[0]) for each in np.nonzero(seen == 0))
        count = int((seen == 0).any(axis=1).sum())
        of_run = f" in run {labels[lacks]}" if len(labels) > 1 else ""
        raise AgentsimError(
            f"{count} of {layout.count} profiles are missing, the first ({words(at)}){of_run}; "
            "give a row for each"
        )
    if (seen > 1).any():
        at = int(np.nonzero(seen > 1)[0][0])
        raise AgentsimError(
            f"the profile ({words(at)}) is there twice; give it once, or number observations in a "
            f"column {RUN}"
        )
    return place, run, len(labels)


def _numbers(given: Any, column: str = "payoffs") -> Array:
    """Return numbers as an array; refuse what is none."""
    try:
        if np.asarray(given).dtype.kind == "c":
            raise TypeError
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise AgentsimError(
            f"{column} is no array of numbers; give numbers, as many for each player and profile"
        ) from None
