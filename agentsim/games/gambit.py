"""Gambit's solvers, where pygambit 17 is installed: the global Newton method and the logit path.

They see the game with every player by himself and payoffs from 0 to 1. Of what they find, pure profiles
are kept, and mixtures that players of one role share; both are brought to the last digit by Newton's
method, since Gambit stops at a regret of 1e-8, and checked like any other answer.

Sources: Govindan and Wilson (2003), A global Newton method to compute Nash equilibria, Journal of Economic
Theory 110; Turocy (2005), A dynamic homotopy interpretation of the logistic quantal response equilibrium
correspondence, Games and Economic Behavior 51.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.game import Game
from agentsim.games.homotopy import finished
from agentsim.games.polynomials import Polynomials
from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

MOST_PROFILES = 5_000
"""Profiles, with every player by himself, of the largest game that is handed over."""

MOST_BY_DEFAULT = 1_100
"""The same where Gambit was not asked for: what takes it a fraction of a second."""

MOST_NEWTON, MOST_LOGIT = 200, 3_000
"""Steps after which a path is given up: in some games one goes on and on. With 4 players of 4 strategies
most take 30 to 160 steps of a millisecond, and 200 of a fifteenth of it."""

ALIKE = 1e-6
"""Difference of probabilities up to which players of a role do the same."""


def usable() -> bool:
    """Say whether pygambit is there, and new enough."""
    try:
        load()
    except AgentsimError:
        return False
    return True


def profiles_one_by_one(game: Game) -> int:
    """Return how many profiles a game has with every player by himself."""
    return prod(m**n for n, m in zip(game.layout.sizes, game.layout.widths, strict=True))


def load() -> Any:
    """Return pygambit. Raises AgentsimError, one line, if it is not there or is older than 17."""
    try:
        import pygambit
    except ImportError:
        raise AgentsimError(
            "gambit = True, and pygambit is not installed; pip install 'agentsim[solvers]', or leave it out"
        ) from None
    if not hasattr(pygambit, "StrategicGame"):
        raise AgentsimError(
            f"pygambit {getattr(pygambit, '__version__', '')} is too old; pip install 'agentsim[solvers]'"
        )
    return pygambit


def by_gambit(game: Game) -> Iterator[tuple[str, Counts | None, Array | None]]:
    """Yield what Gambit finds: by which solver, and counts or a mixture, `(columns,)`.

    Raises AgentsimError, one line, if pygambit is not there or the
    game too large for it.
    """
    gambit = load()
    profiles = profiles_one_by_one(game)
    if profiles > MOST_PROFILES:
        raise AgentsimError(
            f"gambit = True, and with every player by himself the game has {profiles:,} profiles; "
            f"at most {MOST_PROFILES:,} are handed over: leave it out"
        )
    scaled = Polynomials.of(game)
    theirs = gambit.StrategicGame.from_arrays(*_one_by_one(game))
    for name, solve in _solvers(gambit, theirs, max(game.layout.widths)):
        for profile in solve():
            mixtures = [
                np.array([float(profile[player][s]) for s in theirs.get_strategies(player)])
                for player in theirs.players
            ]
            yield from ((name, *each) for each in _read(game, scaled, mixtures))


def _solvers(
    gambit: Any, theirs: Any, widest: int
) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    """Yield Gambit's solvers: the global Newton method from several corners, and the logit path."""

    def newton(favoured: int) -> list[Any]:
        ray = theirs.mixed_strategy_profile(rational=False)
        for player in theirs.players:
            names = list(theirs.get_strategies(player))
            ray[player] = {s: float(at == favoured % len(names)) for at, s in enumerate(names)}
        return _bounded(
            lambda **watch: gambit.nash.gnm_solve(ray, **watch), MOST_NEWTON, "nash_callback"
        )

    def logit() -> list[Any]:
        return _bounded(
            lambda **watch: [gambit.nash.logit_solve(theirs, **watch).equilibrium], MOST_LOGIT
        )

    for favoured in range(min(widest, 4)):
        yield "gambit gnm", partial(newton, favoured)
    yield "gambit logit", logit


def _bounded(solve: Callable[..., Any], most: int, told_by: str = "") -> list[Any]:
    """Return what a solver finds before it ends, fails or has taken too many steps."""
    found: list[Any] = []
    events = 0

    def count(_: Any) -> None:
        nonlocal events
        events += 1
        if events > most:
            raise RuntimeError("too many steps")

    watch = {"event_callback": count, **({told_by: found.append} if told_by else {})}
    try:
        result = solve(**watch)
    except (RuntimeError, ValueError, ArithmeticError):
        return found  # Gambit gave up, or was stopped
    return found if told_by else [each for each in result if each is not None]


def _one_by_one(game: Game) -> list[Array]:
    """Return scaled payoffs with every player by himself, an array a player."""
    layout = game.layout
    role_of = np.repeat(np.arange(len(layout.sizes)), layout.sizes)
    widths = np.array(layout.widths)[role_of]
    chosen = np.stack([each.ravel() for each in np.indices(tuple(widths.tolist()))], axis=1)
    columns = chosen + np.array(layout.starts)[role_of]
    counts = np.zeros((len(chosen), layout.columns), np.int64)
    for each in columns.T:
        counts[np.arange(len(chosen)), each] += 1
    places = np.array([layout.place(row) for row in counts])
    found = []
    for player, role in enumerate(role_of):
        part = game.payoffs[:, layout.slice(int(role))]
        low, reach = np.nanmin(part), np.nanmax(part) - np.nanmin(part)
        earned = game.payoffs[places, columns[:, player]]
        found.append(((earned - low) / (reach if reach > 0.0 else 1.0)).reshape(widths))
    return found


def _read(
    game: Game, scaled: Polynomials, mixtures: list[Array]
) -> Iterator[tuple[Counts | None, Array | None]]:
    """Yield a solution as counts or as a mixture a role; nothing if players of a role mix differently."""
    layout, first, parts = game.layout, 0, []
    pure = all(each.max() > 1.0 - ALIKE for each in mixtures)
    counts = np.zeros(layout.columns, np.int64)
    alike = True
    for role, size in enumerate(layout.sizes):
        own = mixtures[first : first + size]
        alike &= all(np.abs(each - own[0]).max() < ALIKE for each in own)
        for each in own:
            counts[layout.starts[role] + int(each.argmax())] += 1
        parts.append(own[0] / own[0].sum())
        first += size
    if pure:
        yield counts, None
    elif alike:
        exact = finished(scaled, np.concatenate(parts))
        if exact is not None:
            yield None, exact
