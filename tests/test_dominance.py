"""Dominated strategies go, by pure and by mixed ones, and what is left is the same game."""

import numpy as np
import pytest
from games_at_hand import counted, random_game
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.games import Game
from agentsim.games.dominance import Reduced, undominated


def test_a_strategy_beaten_by_a_mixture_alone_goes():
    rows = [[4, 0], [0, 4], [1.9, 1.9]]
    game = Game.from_payoffs([rows, [[0, 1], [1, 0], [0, 0]]])
    assert undominated(game).tolist() == [True, True, False, True, True]


def test_a_strategy_that_is_beaten_but_for_a_tie_stays():
    game = Game.from_payoffs([[[1, 2], [1, 3]], [[0, 0], [0, 0]]])
    assert undominated(game).all()


def test_what_mixtures_equal_and_do_not_beat_stays():
    rows = [[4, 0], [0, 4], [2, 2]]
    game = Game.from_payoffs([rows, [[0, 1], [1, 0], [0, 0]]])
    assert undominated(game).all()


def test_elimination_goes_round_by_round():
    """Guess two thirds of the mean, among 0, 1 and 2, where 2 is too far from it whatever others guess."""

    def payoff(counts, own):
        guesses = np.repeat(np.arange(3), counts)
        return -abs(own - 2 / 3 * guesses.mean())

    assert undominated(counted((4,), (3,), payoff)).tolist() == [True, True, False]


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_the_smaller_game_pays_what_the_full_one_does(seed):
    game = random_game(seed, (2, 1, 3), (3, 2, 2))
    left = np.array([True, False, True, False, True, True, True])
    reduced = Reduced(game, left)
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.dirichlet([1, 1]), rng.dirichlet([1, 1])])
    small = reduced.game.deviations(x)
    full = game.deviations(reduced.full_mixture(x))
    assert small == pytest.approx(full[reduced.columns], abs=1e-12)
    assert reduced.game.columns == tuple(game.columns[at] for at in reduced.columns)


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_no_equilibrium_plays_what_goes(seed):
    """Solved with nothing taken out, by the logit path, against what dominance takes out."""
    from agentsim.games.homotopy import one_equilibrium
    from agentsim.games.polynomials import Polynomials

    game = random_game(seed, (1, 2), (4, 3))
    found = one_equilibrium(Polynomials.of(game))
    assert found[~undominated(game)].max(initial=0.0) == 0.0
