"""The logit path: closed forms, Gambit's branch, turns, crossings, and where it leads."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from small_games import COORDINATION, DILEMMA, PENNIES, counted, drawn, two_strategies

from agentsim.errors import AgentsimError
from agentsim.games import Game
from agentsim.games.logit import logit_path


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


@pytest.mark.parametrize("strength", [0.1, 0.7, 3.0])
def test_asymmetric_pennies_are_played_as_one_scalar_equation_says(strength):
    # The row player wins 9 at the top left and 1 at the bottom right; the column player 1 elsewhere.
    path = logit_path(Game.from_payoffs([[[9, 0], [0, 1]], [[0, 1], [1, 0]]]))

    def left(p):
        return logistic(strength * (1.0 - 2.0 * p))

    p = brentq(lambda p: p - logistic(strength * (10.0 * left(p) - 1.0)), 0.0, 1.0, xtol=1e-15)
    assert path.at(strength) == pytest.approx([p, 1.0 - p, left(p), 1.0 - left(p)], abs=1e-10)
    assert path.limit.mixture == pytest.approx([0.5, 0.5, 0.1, 0.9], abs=1e-12)


def test_the_path_turns_back_where_the_closed_form_does():
    # log(x / (1 - x)) = lambda d(x) gives lambda for each x.
    gain = [1.0, 1.0, -0.9, -0.5, 3.0]
    path = logit_path(two_strategies(gain))
    x = path.mixtures[1:, 0]
    d = sum(comb(4, k) * x**k * (1.0 - x) ** (4 - k) * v for k, v in enumerate(gain))
    odds = path.log_mixtures[1:, 0] - path.log_mixtures[1:, 1]
    assert odds / d == pytest.approx(path.lambdas[1:], rel=1e-9)
    assert (np.diff(path.lambdas) < 0.0).sum() > 5
    assert path.lambdas.max() > 2.0 * path.lambdas[np.diff(path.lambdas, append=np.inf) < 0.0].min()
    assert path.arrived and path.limit.counts.tolist() == [5, 0]


def test_every_point_is_a_quantal_response_to_itself():
    for game in (Game.from_payoffs(drawn((3, 2, 4), 5)), counted(4, 3, 5)[0]):
        path = logit_path(game)
        for strength, x in zip(path.lambdas, path.mixtures, strict=True):
            if strength * game.spread > 1e4:  # beyond, payoffs times lambda keep no ten digits
                continue
            for part in map(game.layout.slice, range(len(game.roles))):
                z = strength * game.deviations(x)[part]
                assert x[part] == pytest.approx(np.exp(z - z.max()) / np.exp(z - z.max()).sum())


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize("seed", [0, 1])
def test_gambit_follows_the_same_branch(shape, seed):
    gambit = pytest.importorskip("pygambit")
    from pygambit.qre import logit_solve_lambda

    u = drawn(shape, seed)
    path = logit_path(Game.from_payoffs(u))
    theirs = gambit.StrategicGame.from_arrays(*u)
    for point in logit_solve_lambda(theirs, [0.5, 2.0, 8.0]):
        x = [
            float(point.profile[str(i + 1)][str(s + 1)])
            for i, m in enumerate(shape)
            for s in range(m)
        ]
        assert path.at(point.lam) == pytest.approx(x, abs=1e-8)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_of_two_strict_equilibria_the_risk_dominant_one_is_reached(seed):
    # Turocy (2005): what is lost by leaving it, multiplied over players, is larger there.
    lost = np.random.default_rng(seed).uniform(0.1, 1.0, (2, 2))
    first, second = lost.prod(axis=1)
    if abs(first - second) < 0.02:
        return
    u = [[[lost[0, i], 0], [0, lost[1, i]]] for i in range(2)]
    limit = logit_path(Game.from_payoffs(u)).limit
    assert limit.counts.tolist() == ([1, 0, 1, 0] if first > second else [0, 1, 0, 1])


@settings(max_examples=6, deadline=None)
@given(st.sampled_from([(2, 2), (3, 3), (4, 2), (2, 3, 2)]), st.integers(0, 10**6))
def test_the_limit_is_an_equilibrium(shape, seed):
    game = Game.from_payoffs(drawn(shape, seed))
    path = logit_path(game)
    assert path.arrived
    assert path.limit.regret <= 1e-12 * game.spread
    assert path.mixtures[-1] == pytest.approx(path.limit.mixture, abs=1e-4)


def test_the_limit_of_interchangeable_players_is_that_of_the_same_one_by_one():
    for seed in (0, 1):
        game, full = counted(3, 3, seed)
        assert np.tile(logit_path(game).limit.mixture, 3) == pytest.approx(
            logit_path(full).limit.mixture, abs=1e-8
        )


def test_payoffs_in_another_unit_and_from_another_zero_give_the_same_path():
    path = logit_path(Game.from_payoffs(DILEMMA))
    other = logit_path(Game.from_payoffs(1e6 * np.array(DILEMMA) + 1e7))
    for strength in (0.3, 2.0):
        assert other.at(strength / 1e6) == pytest.approx(path.at(strength), abs=1e-9)


def test_a_branch_that_crosses_is_told_and_the_path_goes_straight_on():
    # x = logistic(lambda (2x - 1)) has other solutions than a half from lambda = 2 on.
    path = logit_path(Game.from_payoffs([[[1, 0], [0, 1]], [[1, 0], [0, 1]]]))
    assert path.crossings == pytest.approx((2.0,), abs=1e-6)
    assert path.limit.mixture.tolist() == [0.5] * 4
    assert logit_path(Game.from_payoffs(COORDINATION)).crossings == ()


def test_where_nothing_is_at_stake_and_where_all_is_random_the_path_stays():
    for u in (PENNIES, np.zeros((2, 2, 2))):
        path = logit_path(Game.from_payoffs(u))
        assert (path.mixtures == 0.5).all() and path.arrived and path.limit.regret == 0.0


def test_a_lambda_that_is_not_on_the_path_is_one_line():
    path = logit_path(Game.from_payoffs(DILEMMA))
    with pytest.raises(AgentsimError, match="lambda = -1 is not on the path; give one from 0 to"):
        path.at(-1.0)
