"""Population dynamics: what is known in closed form of replicators and of finite populations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agentsim.games.finite_population import (
    fixation_probabilities,
    moves,
    rounded,
    simulate,
    stationary,
)
from agentsim.games.replicator import path, rest, speed, starting_mixes

HAWK_DOVE = np.array([[-1.0, 2.0], [0.0, 1.0]])  # a prize of 2, a wound of 4
ROCK_PAPER_SCISSORS = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
payoffs = arrays(np.float64, (4, 4), elements=st.floats(-3.0, 3.0))


def rng(seed=0):
    return np.random.default_rng(seed)


@settings(max_examples=40, deadline=None)
@given(payoffs, st.integers(0, 1000))
def test_shares_stay_shares_and_what_is_not_there_does_not_appear(A, seed):
    x = starting_mixes(5, 4, rng(seed))
    x[0] = [0.5, 0.0, 0.5, 0.0]
    found = path(A, x, [0.0, 1.0, 5.0])
    assert np.array_equal(found[0], x)
    assert (found >= 0.0).all()
    assert np.allclose(found.sum(axis=-1), 1.0, rtol=0.0, atol=1e-12)
    assert (found[:, 0, [1, 3]] == 0.0).all()
    assert np.allclose(speed(A, x).sum(axis=-1), 0.0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(payoffs, arrays(np.float64, 4, elements=st.floats(-3.0, 3.0)))
def test_a_number_added_to_a_column_changes_nothing(A, added):
    x = starting_mixes(5, 4, rng())
    assert np.allclose(path(A + added, x, [3.0]), path(A, x, [3.0]), atol=1e-9)


def test_a_type_that_always_earns_one_more_grows_as_a_logistic_curve():
    times = [0.5, 1.0, 4.0]
    found = path(np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([0.2, 0.8]), times)
    assert found[:, 0] == pytest.approx([0.2 / (0.2 + 0.8 * np.exp(-t)) for t in times], abs=1e-12)


def test_hawks_are_as_frequent_as_the_prize_is_of_the_wound():
    reached = rest(HAWK_DOVE, starting_mixes(20, 2, rng()))
    assert reached.still.all()
    assert np.allclose(reached.shares, [0.5, 0.5], atol=1e-3)


def test_basins_of_a_coordination_game_meet_at_the_mixed_equilibrium():
    A = np.diag([3.0, 1.0])  # the first wins from a share of 1 / (3 + 1) on
    x = np.linspace(0.01, 0.99, 99)
    reached = rest(A, np.stack([x, 1.0 - x], axis=1)[x != 0.25])
    assert reached.still.all()
    first = np.array([reached.support(at) == (0,) for at in range(98)])
    assert np.array_equal(first, x[x != 0.25] > 0.25)


def test_rock_paper_scissors_goes_round_for_ever():
    x = starting_mixes(6, 3, rng())
    product = path(ROCK_PAPER_SCISSORS, x, [0.0, 10.0, 100.0]).prod(axis=-1)
    assert np.allclose(product, product[0], rtol=1e-3)
    assert not rest(ROCK_PAPER_SCISSORS, x, longest=200.0).still.any()


def test_where_winning_gains_more_than_losing_costs_rock_paper_scissors_comes_to_rest():
    A = np.where(ROCK_PAPER_SCISSORS > 0.0, 2.0, ROCK_PAPER_SCISSORS)
    reached = rest(A, starting_mixes(6, 3, rng()))
    assert reached.still.all()
    assert np.allclose(reached.shares, 1.0 / 3.0, atol=2e-3)


def test_a_mix_that_a_rare_type_can_invade_is_not_at_rest():
    start = np.array([[1.0 - 1e-9, 1e-9]])
    reached = rest(np.array([[0.0, 0.0], [1.0, 1.0]]), start)
    assert reached.support(0) == (1,)


def test_a_type_that_is_dominated_a_little_is_followed_until_it_is_gone():
    # x / (1 - x) falls as e^-dt: to a share of 0.001 in ln(999) / d, looked at every 25.
    for d in (0.02, 0.04):
        reached = rest(np.array([[d, d], [0.0, 0.0]]), np.array([[0.5, 0.5]]))
        assert reached.still.all() and reached.support(0) == (0,)
        gone = 25.0 * np.ceil(np.log(999.0) / d / 25.0)
        assert reached.shares[0, 1] == pytest.approx(1.0 / (1.0 + np.exp(d * gone)), rel=1e-6)
    # Too slow for the time there is: said to move still, not to live side by side.
    assert not rest(np.array([[0.002, 0.002], [0.0, 0.0]]), np.array([[0.5, 0.5]])).still.any()


# Finite populations


def test_without_selection_one_of_n_takes_over_with_chance_one_in_n():
    assert fixation_probabilities(np.zeros((3, 3)), 7, 1.0) == pytest.approx(np.full((3, 3), 1 / 7))
    assert fixation_probabilities(HAWK_DOVE, 7, 0.0) == pytest.approx(np.full((2, 2), 1 / 7))


def test_a_steady_advantage_fixes_as_in_the_closed_form():
    # i earns d more than j whatever the others are: (1 - e^-bd) / (1 - e^-bdN)
    found = fixation_probabilities(np.array([[0.3, 0.3], [0.0, 0.0]]), 10, 2.0)
    assert found[0, 1] == pytest.approx((1 - np.exp(-0.6)) / (1 - np.exp(-6.0)))
    assert found[1, 0] == pytest.approx((1 - np.exp(0.6)) / (1 - np.exp(6.0)))


def chances(A, size, strength):
    """Chances that the number of the first of two types goes up and down, by that number."""
    k = np.arange(1, size)
    first = (A[0, 0] * (k - 1) + A[0, 1] * (size - k)) / (size - 1)
    second = (A[1, 0] * k + A[1, 1] * (size - k - 1)) / (size - 1)
    meet = k / size * (size - k) / (size - 1)
    copies = 1.0 / (1.0 + np.exp(-strength * (first - second)))
    return meet * copies, meet * (1.0 - copies)


@pytest.mark.parametrize("size", [2, 3, 12])
def test_fixation_is_that_of_the_chain_of_births_and_deaths(size):
    A = rng(3).normal(size=(2, 2))
    up, down = chances(A, size, 1.5)
    chain = np.diag(1.0 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    into = np.zeros(size - 1)
    into[-1] = up[-1]
    absorbed = np.linalg.solve(np.eye(size - 1) - chain, into)
    assert fixation_probabilities(A, size, 1.5)[0, 1] == pytest.approx(absorbed[0], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(payoffs)
def test_shares_of_time_are_left_as_they_are_by_the_moves(A):
    shares = stationary(A, 10, 0.5)
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ moves(A, 10, 0.5) == pytest.approx(shares, abs=1e-12)


def test_of_two_types_time_goes_by_the_odds_of_fixation():
    found = fixation_probabilities(HAWK_DOVE, 8, 1.0)
    shares = stationary(HAWK_DOVE, 8, 1.0)
    assert shares[0] / shares[1] == pytest.approx(found[0, 1] / found[1, 0])


def test_simulated_populations_fix_as_often_as_they_should():
    A, size, count = np.array([[0.5, 1.0], [0.0, 0.7]]), 5, 4000
    start = np.tile([1, size - 1], (count, 1))
    [end] = simulate(A, start, [400], 1.0, 0.0, rng())
    assert (end.sum(axis=1) == size).all()
    assert set(end[:, 0].tolist()) == {0, size}
    chance = fixation_probabilities(A, size, 1.0)[0, 1]
    error = np.sqrt(chance * (1.0 - chance) / count)
    assert abs((end[:, 0] == size).mean() - chance) < 4.0 * error


def test_rare_mutants_leave_populations_as_they_are_known_to_be_in_the_long_run():
    A, size, count = np.diag([1.0, 0.8, 0.5]), 4, 600
    counts = rounded(starting_mixes(count, 3, rng()), size)
    [end] = simulate(A, counts, [2500], 1.0, 0.004, rng(1))
    alike = end[(end == size).any(axis=1)]
    assert len(alike) > 0.9 * count
    shares = (alike == size).mean(axis=0)
    error = np.sqrt(shares * (1.0 - shares) / len(alike))
    assert (np.abs(shares - stationary(A, size, 1.0)) < 4.0 * error).all()


def test_players_are_whole_and_as_near_to_the_mix_as_can_be():
    found = rounded(np.array([[0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]]), 4)
    assert found[0].tolist() == [2, 1, 1]
    assert found.sum(axis=1).tolist() == [4, 4]
    assert found.max() == 2
