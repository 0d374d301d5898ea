"""Playing: rules against each other for many rounds, in many independent sessions at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array, quiet
from agentsim.learning.games import Game
from agentsim.randomness import MAX_QUARTER, Randomness
from agentsim.strategy.learning.rule import Index, Knowledge, Round, Rule, one_hot

AT_A_TIME = 64
"""Rounds whose random numbers are drawn together."""


@dataclass(eq=False)
class Played:
    """What came of it: averages over the last rounds, and what the rules know in the end."""

    payoff: Array
    """Mean payoff, `(firms, sessions)`."""
    frequency: Array
    """How often each action was taken, `(actions, firms, sessions)`."""
    joint: Array
    """How often each profile was played, `(profiles, sessions)`, the last firm's action fastest."""
    knows: Knowledge
    last: Index
    """Actions of the last round, `(firms, sessions)`."""


def play(
    game: Game,
    rule: Rule,
    rounds: int,
    sessions: int | Sequence[int],
    seed: int,
    counted: int,
    knows: Knowledge | None = None,
    done: Callable[[int], object] | None = None,
    watch: Callable[[Round], object] | None = None,
) -> Played:
    """Let all firms of a game follow a rule; average over the last `counted` rounds.

    sessions: how many, or their numbers; a session is the same whichever are played beside it.
    knows: what the rules know at the start. done: told how many rounds were played, now and then.
    watch: shown every round.
    """
    numbers = list(range(sessions)) if isinstance(sessions, int) else list(sessions)
    randomness = Randomness(seed, numbers)
    shape = (game.firms, len(numbers))
    if knows is None:
        knows = rule.start(game.situations, game.actions, game.moves, shape)
    state, seen = game.open(len(numbers))
    payoff = np.zeros(shape)
    frequency = np.zeros((game.actions, *shape))
    joint = np.zeros((game.actions**game.firms, len(numbers)))
    columns = np.arange(len(numbers))
    actions = np.zeros(shape, np.intp)
    with quiet():
        for number, (luck, fate) in enumerate(_luck(randomness, game.firms, rounds)):
            actions = rule.choose(knows, seen, luck)
            state, came = game.play(state, actions, fate)
            played = Round(
                seen, actions, came.payoff, came.foregone, came.move, came.best, came.then
            )
            knows = rule.learn(knows, played)
            seen = came.then
            if watch is not None:
                watch(played)
            if number >= rounds - counted:
                payoff += came.payoff
                frequency += one_hot(actions, game.actions)
                code = np.zeros(len(numbers), np.intp)
                for each in actions:
                    code = code * game.actions + each
                joint[code, columns] += 1.0
            if done is not None and (number + 1) % AT_A_TIME == 0:
                done(AT_A_TIME)
    return Played(payoff / counted, frequency / counted, joint / counted, knows, actions)


def _luck(randomness: Randomness, firms: int, rounds: int) -> Iterator[tuple[Array, Array]]:
    """Yield the uniform numbers of each round: for the firms' choices, and for the game."""
    for first in range(0, rounds, AT_A_TIME):
        volume, place = divmod(first, MAX_QUARTER + 1)
        names = [f"learning/choice/{volume}", f"learning/game/{volume}"]
        quarters = range(place, place + min(AT_A_TIME, rounds - first))
        for drawn in randomness.uniforms_of(quarters, [(name, firms) for name in names]):
            yield drawn[names[0]], drawn[names[1]]
