"""Correlated equilibria: known bounds, Nash equilibria inside them, and players who are alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_games import (
    CHICKEN,
    DILEMMA,
    ROCK_PAPER_SCISSORS,
    counted,
    drawn,
    lumped,
)

from agentsim.errors import AgentsimError
from agentsim.games import Game
from agentsim.games.correlated import bounds, constraints, regret, value_of, welfare
from agentsim.games.equilibria import Equilibrium


def disobedience(u, p, coarse):
    """The most anybody gains by not doing as told, worked out player by player from the array."""
    p, most = p.reshape(u.shape[1:]), 0.0
    for player in range(len(u)):
        own, told = np.moveaxis(u[player], player, 0), np.moveaxis(p, player, 0)
        m = len(own)
        gain = np.array([[(told[s] * (own[t] - own[s])).sum() for t in range(m)] for s in range(m)])
        most = max(most, gain.sum(axis=0).max() if coarse else gain.max())
    return most


def mixed(u):
    """The mixed equilibrium of two players with two strategies, if there is one inside."""
    (a, b), (c, d) = u[0]
    q = (d - b) / (a - b - c + d)
    (a, b), (c, d) = u[1]
    p = (d - c) / (a - b - c + d)
    return np.array([p, 1.0 - p, q, 1.0 - q])


def test_chicken_has_the_correlated_equilibria_that_are_known():
    # Aumann (1974): told off at random so that both never dare, they earn 5.25 each.
    found = bounds(Game.from_payoffs(CHICKEN))
    assert found.best.value == pytest.approx(10.5)
    assert found.best.weights == pytest.approx([0.5, 0.25, 0.25, 0.0])
    assert found.worst.value == pytest.approx(7.2)


def test_a_dominant_strategy_leaves_one_equilibrium():
    for coarse in (False, True):
        found = bounds(Game.from_payoffs(DILEMMA), coarse=coarse)
        assert (found.worst.value, found.best.value) == (2.0, 2.0)


def test_coarse_equilibria_may_be_many_where_there_is_one_correlated_one():
    # Always the same as the other: who is told rock gains by paper, who is told nothing by nothing.
    game = Game.from_payoffs(ROCK_PAPER_SCISSORS)
    same = np.eye(3).ravel()
    one = bounds(game, same)
    assert (one.worst.value, one.best.value) == pytest.approx((1 / 3, 1 / 3))
    assert bounds(game, same, coarse=True).best.value == pytest.approx(1.0)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([(2, 2), (3, 4), (2, 3, 2)]), st.integers(0, 10**6), st.booleans())
def test_what_is_found_is_obeyed_and_bounds_what_is_obeyed(shape, seed, coarse):
    u = drawn(shape, seed)
    game = Game.from_payoffs(u)
    found = bounds(game, coarse=coarse)
    for each in (found.worst, found.best):
        assert each.weights.sum() == pytest.approx(1.0)
        assert (each.weights >= 0.0).all()
        assert disobedience(u, each.weights, coarse) <= 1e-8 * game.spread
    p = np.random.default_rng(seed).dirichlet(np.ones(game.layout.count))
    assert regret(game, p, coarse) == pytest.approx(max(disobedience(u, p, coarse), 0.0))
    wide = bounds(game, coarse=True)
    assert wide.worst.value - 1e-8 <= found.worst.value <= found.best.value
    assert found.best.value <= wide.best.value + 1e-8


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_every_nash_profile_meets_the_constraints(seed):
    u = drawn((2, 2), seed)
    game = Game.from_payoffs(u)
    at = np.flatnonzero(game.pure_regrets <= 0.0)
    known = [Equilibrium(game, game.layout.profiles[each]) for each in at]
    x = mixed(u)
    if (x > 0.0).all():
        known.append(Equilibrium(game, None, x))
    assert known
    for each in known:
        assert regret(game, each.weights) <= 1e-12 and regret(game, each.weights, True) <= 1e-12
        assert (constraints(game) @ each.weights <= 1e-12).all()
        found = bounds(game)
        value = each.weights @ welfare(game)
        assert found.worst.value - 1e-8 <= value <= found.best.value + 1e-8


@pytest.mark.parametrize("coarse", [False, True])
def test_interchangeable_players_have_the_bounds_of_the_same_one_by_one(coarse):
    for seed in range(3):
        game, full = counted(3, 3, seed)
        one, each = bounds(game, coarse=coarse), bounds(full, coarse=coarse)
        assert one.worst.value == pytest.approx(each.worst.value, abs=1e-8)
        assert one.best.value == pytest.approx(each.best.value, abs=1e-8)
        assert regret(game, lumped(each.best.weights, 3, 3), coarse) <= 1e-8


def with_surplus(seed):
    rng = np.random.default_rng(seed)
    game = Game.from_payoffs(drawn((3, 3), seed))
    customers, total = rng.uniform(0.0, 1.0, (9, 4)), rng.uniform(1.0, 3.0, (9, 4))
    return Game(game.roles, game.payoffs, None, {"customers": customers, "total": total})


def test_a_share_is_bounded_by_what_no_sum_can_better():
    # Dinkelbach (1967): at the best share v, the most of customers - v total is 0.
    for seed in range(4):
        game = with_surplus(seed)
        found = bounds(game, ("customers", "total"), coarse=True)
        customers, total = (game.others[each].mean(axis=1) for each in ("customers", "total"))
        for v, end in ((found.best.value, "best"), (found.worst.value, "worst")):
            rest = bounds(game, customers - v * total, coarse=True)
            assert getattr(rest, end).value == pytest.approx(0.0, abs=1e-9)
        assert value_of(game, ("customers", "total"), found.best.weights) == found.best.value


def test_payoffs_in_another_unit_and_from_another_zero_have_the_same_equilibria():
    u, same = drawn((3, 3), 4), np.eye(3).ravel()
    one = bounds(Game.from_payoffs(u), same, coarse=True)
    other = bounds(Game.from_payoffs(u * 1e5 - 3e5), same, coarse=True)
    assert (other.worst.value, other.best.value) == pytest.approx(
        (one.worst.value, one.best.value), abs=1e-8
    )


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ("profit", "objective 'profit' is not known"),
        (("customers", "owed"), "owed can be -1 in an equilibrium"),
        (("customers",), "a ratio is of two things, and 1 are given"),
        (np.zeros(3), "give a finite number for each of the 9 profiles"),
    ],
)
def test_what_cannot_be_bounded_is_one_line(objective, says):
    game = with_surplus(0)
    game.others["owed"] = -np.ones((9, 1))
    with pytest.raises(AgentsimError) as caught:
        bounds(game, objective)
    assert says in str(caught.value) and "\n" not in str(caught.value)
