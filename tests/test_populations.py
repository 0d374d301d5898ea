"""Replicators of a game: the matrix's own dynamics, basins that are known, and cycles told apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_games import (
    CHICKEN,
    COORDINATION,
    DILEMMA,
    PENNIES,
    counted,
    drawn,
    two_strategies,
)

from agentsim.games import Game, replicator
from agentsim.games.populations import basins, path, starts_of, wilson


def test_one_role_of_two_moves_as_the_matrix_does():
    game, _ = counted(2, 3, 0)
    layout, met = game.layout, np.eye(3, dtype=np.int64)
    A = np.array([[game.payoffs[layout.place(i + j), k] for j in met] for k, i in enumerate(met)])
    starts = starts_of(game, 5)
    times = np.array([0.0, 2.0, 9.0])
    want = replicator.path(A / game.spread, starts, times.tolist(), step=0.01)
    assert path(game, starts, times) == pytest.approx(want, abs=2e-4)


def test_a_strategy_that_always_earns_more_grows_as_a_logistic_curve():
    game = two_strategies([1.0, 1.0, 1.0])
    found = path(game, np.array([[0.2, 0.8]]), [0.5, 1.0, 4.0])[:, 0, 0]
    want = [0.2 / (0.2 + 0.8 * np.exp(-t)) for t in (0.5, 1.0, 4.0)]
    assert found == pytest.approx(want, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([(2, 2), (3, 4), (2, 3, 2)]), st.integers(0, 10**6))
def test_shares_stay_shares_and_what_is_not_there_does_not_appear(shape, seed):
    game = Game.from_payoffs(drawn(shape, seed))
    starts = starts_of(game, 4)
    starts[0] = np.concatenate([np.eye(m)[0] for m in shape])
    found = path(game, starts, [0.0, 3.0, 30.0])
    assert found[0] == pytest.approx(starts)
    assert (found >= 0.0).all()
    assert found[2, 0].tolist() == starts[0].tolist()
    for part in map(game.layout.slice, range(len(shape))):
        assert found[..., part].sum(axis=-1) == pytest.approx(1.0)


def test_a_zero_sum_game_keeps_what_its_motion_keeps():
    # Hofbauer and Sigmund (1998): with an equilibrium inside, the product of shares stays.
    game = Game.from_payoffs(PENNIES)
    product = path(game, starts_of(game, 4), [0.0, 10.0, 60.0]).prod(axis=-1)
    assert product == pytest.approx(np.tile(product[0], (3, 1)), rel=2e-3)
    found = basins(game, 20, longest=100.0)
    assert found.basins == () and found.round.value == 1.0 and found.slow.value == 0.0


def test_a_dilemma_has_one_basin():
    [basin] = basins(Game.from_payoffs(DILEMMA), 50).basins
    assert basin.rest.counts.tolist() == [0, 1, 0, 1] and basin.rest.regret == 0.0
    assert basin.share.value == basin.share.high == 1.0


def test_basins_of_one_role_meet_at_its_mixed_equilibrium():
    # a earns more from a share of 1/4 of the others on.
    game = two_strategies([-1.0, 3.0])
    found = basins(game, 200)
    assert [each.rest.counts.tolist() for each in found.basins] == [[2, 0], [0, 2]]
    in_first = found.starts[list(found.basins[0].starts), 0]
    in_second = found.starts[list(found.basins[1].starts), 0]
    assert in_second.max() < 0.25 < in_first.min()
    assert found.basins[0].share.low < 0.75 < found.basins[0].share.high


def test_one_population_mixes_where_two_take_sides():
    # Chicken: nobody can take a side in one population (Weibull 1995), and everybody does in two.
    one = basins(two_strategies([2.0, -1.0]), 30)
    [basin] = one.basins
    assert basin.rest.mixture == pytest.approx([2 / 3, 1 / 3], abs=1e-12)
    two = basins(Game.from_payoffs(CHICKEN), 60)
    assert sorted(each.rest.counts.tolist() for each in two.basins) == [[0, 1, 1, 0], [1, 0, 0, 1]]


def test_all_starts_are_told_of_once():
    found = basins(Game.from_payoffs(COORDINATION), 40)
    told = [start for each in found.basins for start in each.starts]
    assert len(told) == len(set(told))
    rest = found.round.value + found.slow.value
    assert sum(each.share.value for each in found.basins) + rest == pytest.approx(1.0)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_rest_points_are_equilibria_and_the_same_in_any_unit(seed):
    u = drawn((3, 3), seed)
    found = basins(Game.from_payoffs(u), 12, longest=200.0)
    for each in found.basins:
        assert each.rest.regret < 1e-2
    other = basins(Game.from_payoffs(1e3 * u + 1e4), 12, longest=200.0)
    assert [each.starts for each in other.basins] == [each.starts for each in found.basins]


def test_a_continuum_of_rest_points_is_one():
    # The second player does not care; the first has a best reply to all.
    u = [[[1, 1], [0, 0]], [[0, 0], [0, 0]]]
    [basin] = basins(Game.from_payoffs(u), 100).basins
    assert basin.share.value == 1.0 and basin.rest.regret == 0.0 and not basin.alone


def test_the_same_game_gives_the_same():
    game = Game.from_payoffs(drawn((2, 3), 1))
    assert np.array_equal(basins(game, 10).ends, basins(game, 10).ends)


def test_the_interval_of_a_share_is_wilsons():
    # (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n) solves |p - q| = z sd(q).
    found = wilson(30, 100)
    for q in (found.low, found.high):
        assert abs(0.3 - q) == pytest.approx(1.959963984540054 * np.sqrt(q * (1 - q) / 100))
    assert wilson(0, 10).low == 0.0 and wilson(10, 10).high == 1.0
