"""Games that several tests look at: textbook ones, random ones, and ones of interchangeable players."""

import numpy as np

from agentsim.games import Game, Role
from agentsim.games.profiles import Layout

DILEMMA = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]]
CHICKEN = [[[6, 2], [7, 0]], [[6, 7], [2, 0]]]
COORDINATION = [[[2, 0], [0, 1]], [[2, 0], [0, 1]]]
PENNIES = [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]
ROCK_PAPER_SCISSORS = [
    [[0, -1, 1], [1, 0, -1], [-1, 1, 0]],
    [[0, 1, -1], [-1, 0, 1], [1, -1, 0]],
]
SHAPLEY = [[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]]


def drawn(shape, seed):
    """Return random payoffs `(players, *shape)`."""
    return np.random.default_rng(seed).normal(size=(len(shape), *shape))


def counted(players, strategies, seed):
    """Return a random game of interchangeable players, and the same with each of them by himself."""
    layout = Layout((players,), (strategies,))
    payoffs = np.random.default_rng(seed).normal(size=(layout.count, strategies))
    payoffs = np.where(layout.profiles > 0, payoffs, np.nan)
    role = Role("firms", tuple(f"firm {i}" for i in range(players)), tuple("abcdef"[:strategies]))
    u = np.empty((players, *[strategies] * players))
    for at in np.ndindex(*[strategies] * players):
        place = layout.place(np.bincount(at, minlength=strategies))
        for player, own in enumerate(at):
            u[(player, *at)] = payoffs[place, own]
    return Game((role,), payoffs), Game.from_payoffs(u)


def lumped(weights, players, strategies):
    """Return a distribution over profiles of players one by one as one over their counts."""
    layout = Layout((players,), (strategies,))
    found = np.zeros(layout.count)
    for weight, at in zip(weights, np.ndindex(*[strategies] * players), strict=True):
        found[layout.place(np.bincount(at, minlength=strategies))] += weight
    return found


def two_strategies(gain):
    """Return a game of one role in which a earns gain[k] where k of the others play a, and b nothing."""
    layout = Layout((len(gain),), (2,))
    gain = np.asarray(gain, dtype=np.float64)
    a = layout.profiles[:, 0]
    payoffs = np.stack([np.where(a > 0, gain[a - 1], np.nan), np.where(a < len(gain), 0.0, np.nan)])
    role = Role("firms", tuple(f"firm {i}" for i in range(len(gain))), ("a", "b"))
    return Game((role,), payoffs.T)
