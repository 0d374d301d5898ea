"""Games that tests of solvers share: textbook ones, random ones, ones of interchangeable players."""

import numpy as np

from agentsim.games import Game, Role
from agentsim.games.profiles import Layout

DILEMMA = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]]
STAG_HUNT = [[[4, 0], [3, 2]], [[4, 3], [0, 2]]]
CHICKEN = [[[0, -1], [1, -10]], [[0, 1], [-1, -10]]]
PENNIES = [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]
SEXES = [[[3, 0], [0, 2]], [[2, 0], [0, 3]]]
ROCK = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
PAPER_SCISSORS = [ROCK, -ROCK]


def counted(sizes, widths, payoff):
    """Return a game of roles; payoff(counts, column) is what it pays where somebody follows the column."""
    roles = tuple(
        Role(f"role {at}", tuple(f"{at}.{i}" for i in range(n)), tuple("abcdef"[:m]))
        for at, (n, m) in enumerate(zip(sizes, widths, strict=True))
    )
    layout = Layout.of(roles)
    payoffs = np.full((layout.count, layout.columns), np.nan)
    for place, column in np.argwhere(layout.profiles > 0):
        payoffs[place, column] = payoff(layout.profiles[place], column)
    return Game(roles, payoffs)


def random_game(seed, sizes=None, widths=None, whole=False):
    """Return a game of payoffs drawn from the normal distribution, or of few whole numbers, with ties."""
    rng = np.random.default_rng(seed)
    if sizes is None:
        sizes = (1,) * int(rng.integers(2, 5))
        widths = tuple(rng.integers(2, 5 if len(sizes) < 4 else 4, len(sizes)).tolist())

    def payoff(counts, column):
        return float(rng.integers(0, 3)) if whole else rng.normal()

    return counted(sizes, widths, payoff)


def shares(found):
    """Return the shares of all equilibria, sorted, `(equilibria, columns)`."""
    rows = np.array([each.shares for each in found])
    return rows[np.lexsort(rows.round(6).T[::-1])]
