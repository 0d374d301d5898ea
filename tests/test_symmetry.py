"""Symmetry tested: the game of roles, what it costs its members, and whether it is more than luck."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from agentsim.errors import AgentsimError
from agentsim.games import Game
from agentsim.games.symmetry import exchangeable, symmetrised
from agentsim.games.tables import by_profile

RNG = np.random.default_rng(3)
FIRMS = {"firms": ["one", "two", "three"], "bank": ["bank"]}
PLAYERS = ["one", "bank", "two", "three"]  # not in the order of roles
STRATEGIES = [["a", "b", "c"], ["x", "y"], ["a", "b", "c"], ["a", "b", "c"]]


def drawn(seed):
    u = np.random.default_rng(seed).normal(size=(4, 3, 2, 3, 3))
    return u, Game.from_payoffs(u, PLAYERS, STRATEGIES)


def alike(seed):
    """Return payoffs of firms that are alike, and a bank that counts how many do what."""
    rng = np.random.default_rng(seed)
    v, w = rng.normal(size=(3, 2, 3, 3)), rng.normal(size=(2, 3, 3, 3))
    v = v + np.swapaxes(v, 2, 3)  # own, the bank's, and two others, who are not told apart
    w = sum(np.transpose(w, (0, *(1 + np.array(p)))) for p in
            ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]))  # fmt: skip
    u = np.empty((4, 3, 2, 3, 3))
    for i, x, j, k in np.ndindex(3, 2, 3, 3):
        u[:, i, x, j, k] = v[i, x, j, k], w[x, i, j, k], v[j, x, i, k], v[k, x, i, j]
    return u


def test_players_who_are_alike_cost_nothing():
    u = alike(0)
    game = Game.from_payoffs(u, PLAYERS, STRATEGIES)
    reduced, error = symmetrised(game, FIRMS)
    assert [each.players for each in reduced.roles] == [("one", "two", "three"), ("bank",)]
    assert error.largest_gain_error < 1e-12
    for role in error.roles:
        assert max(role.of_levels.largest, role.of_differences.largest) < 1e-12
        assert role.scales == pytest.approx(1.0)
        assert np.isnan(role.p_payoffs)  # no runs, nothing to test
    assert reduced.regret({"firms": "a", "bank": "x"}) == pytest.approx(
        game.regret(["a", "x", "a", "a"])
    )


@examples(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_role_earns_what_its_members_do_on_the_average(seed):
    _, game = drawn(seed)
    reduced, error = symmetrised(game, FIRMS)
    rng = np.random.default_rng(seed)
    x, y = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(2))
    one_by_one = game.deviations(np.concatenate([x, y, x, x]))
    members = np.mean([one_by_one[:3], one_by_one[5:8], one_by_one[8:]], axis=0)
    found = reduced.deviations(np.concatenate([x, y]))
    assert found == pytest.approx(np.concatenate([members, one_by_one[3:5]]))
    # What a member gains by leaving is off by the error of gains at most.
    in_roles = reduced.regret(np.concatenate([x, y]))
    in_full = game.regret(np.concatenate([x, y, x, x]))
    assert in_full <= in_roles + error.largest_gain_error + 1e-12
    assert error.roles[0].levels.sum() == pytest.approx(0.0, abs=1e-12)
    assert error.roles[1].levels == pytest.approx(0.0, abs=1e-12)


def test_levels_are_told_from_differences():
    u = alike(1)
    u[0] += 5.0  # the first firm is larger, and wants what it wanted
    _, error = symmetrised(Game.from_payoffs(u, PLAYERS, STRATEGIES), FIRMS)
    firms = error.roles[0]
    assert firms.levels == pytest.approx([10.0 / 3.0, -5.0 / 3.0, -5.0 / 3.0])
    assert firms.of_levels.relative == pytest.approx(firms.of_levels.largest / firms.spread)
    assert firms.of_differences.largest < 1e-12
    assert firms.of_gains.largest < 1e-12


def test_a_member_with_other_wants_shows_in_gains_and_not_in_levels():
    u = alike(2)
    u[2, :, :, 0] += 3.0  # the second firm likes a
    u[2] -= 1.0
    _, error = symmetrised(Game.from_payoffs(u, PLAYERS, STRATEGIES), FIRMS)
    firms = error.roles[0]
    assert firms.of_levels.largest < 1e-12
    assert firms.of_gains.largest == pytest.approx(2.0)  # 3, of which the role has a third
    assert firms.of_gains.root_mean_square <= firms.of_gains.largest


def test_a_scale_is_found():
    u = alike(3)
    u[0] *= 2.0
    u[2] *= 2.0
    u[3] *= 2.0
    _, error = symmetrised(Game.from_payoffs(u, PLAYERS, STRATEGIES), FIRMS)
    assert error.roles[0].scales == pytest.approx(1.0)
    u[0] *= 2.0
    _, error = symmetrised(Game.from_payoffs(u, PLAYERS, STRATEGIES), FIRMS)
    assert error.roles[0].scales == pytest.approx([1.5, 0.75, 0.75])


def with_luck(u, runs, seed):
    rng = np.random.default_rng(seed)
    x = u[..., None] + 2.0 * rng.normal(size=runs) + 0.5 * rng.normal(size=(*u.shape, runs))
    game = Game.from_payoffs(u, PLAYERS, STRATEGIES)
    by_run = by_profile(x.reshape(4, -1, runs), game.layout)
    others = {"customers": rng.normal(size=(game.layout.count, runs))}
    return Game(game.roles, by_run.mean(axis=-1), by_run, others)


def test_luck_alone_is_not_taken_for_unlike_members():
    found = [symmetrised(with_luck(alike(4), 60, seed), FIRMS)[1].roles[0] for seed in range(20)]
    assert sum(each.p_payoffs < 0.05 for each in found) <= 4  # binomial: 5 or more in 0.3% of cases
    assert sum(each.p_differences < 0.05 for each in found) <= 4


def test_unlike_members_are_found_out_level_or_difference():
    larger, other = alike(4), alike(4)
    larger[0] += 1.0
    other[2, :, :, 0] += 1.5
    other[2] -= 0.5
    firms = symmetrised(with_luck(larger, 60, 0), FIRMS)[1].roles[0]
    assert firms.p_payoffs < 0.01 < 0.05 < firms.p_differences
    firms, bank = symmetrised(with_luck(other, 60, 0), FIRMS)[1].roles
    assert firms.p_payoffs < 0.01 and firms.p_differences < 0.01
    assert bank.p_payoffs > 0.05  # the bank does not mind who of the firms does what


def test_whom_it_minds_who_does_what_has_an_error_alone_in_its_role():
    u = alike(6)
    u[1, 0] += 1.0  # the bank, where the first firm plays a
    _, error = symmetrised(Game.from_payoffs(u, PLAYERS, STRATEGIES), FIRMS)
    firms, bank = error.roles
    assert firms.of_gains.largest < 1e-12
    assert bank.of_differences.largest == pytest.approx(2.0 / 3.0)  # 1, where a third was expected
    assert bank.of_gains.largest < 1e-12  # whichever the bank's own strategy


def test_runs_and_what_rides_along_are_averaged_alike():
    game = with_luck(alike(5), 8, 1)
    reduced, _ = symmetrised(game, FIRMS)
    assert reduced.runs.shape == (10 * 2, 5, 8)
    assert reduced.payoffs == pytest.approx(reduced.runs.mean(axis=-1), nan_ok=True)
    x = np.array([0.2, 0.5, 0.3, 0.6, 0.4])
    full = np.concatenate([x[:3], x[3:], x[:3], x[:3]])
    assert reduced.weights(x) @ reduced.others["customers"] == pytest.approx(
        game.weights(full) @ game.others["customers"]
    )


def test_strategies_may_come_in_another_order():
    u, game = drawn(7)
    turned = [each[::-1] for each in STRATEGIES]
    same = Game.from_payoffs(u[:, ::-1, ::-1, ::-1, ::-1][:, :, :, :, ::-1], PLAYERS,
                             [*turned[:3], STRATEGIES[3]])  # fmt: skip
    one, other = symmetrised(game, FIRMS), symmetrised(same, FIRMS)
    for profile in ({"firms": "a", "bank": "x"}, {"firms": {"a": 0.3, "c": 0.7}, "bank": "y"}):
        assert one[0].regret(profile) == pytest.approx(other[0].regret(profile))
    assert one[1].largest_gain_error == pytest.approx(other[1].largest_gain_error)


def test_errors_that_do_not_vary_are_no_luck():
    assert exchangeable(np.full((2, 9), 0.5)) == 0.0
    assert exchangeable(np.zeros((2, 9))) == 1.0
    assert np.isnan(exchangeable(np.ones((2, 1))))


def test_what_makes_no_roles_is_one_line():
    _, game = drawn(0)
    reduced, _ = symmetrised(game, FIRMS)
    for of, given_roles, says in (
        (reduced, FIRMS, "interchangeable in this game already"),
        (game, {"firms": ["one", "two"], "bank": ["bank"]}, "no role has three"),
        (game, {"firms": ["one", "two", "three", "bank"]}, "bank of firms has the strategies x, y"),
        (game, FIRMS | {"more": ["one"]}, "one is in firms and in more"),
        (game, {"firms": ["one", "two", "four"]}, "player 'four' is not known"),
        (game, {"firms": "one"}, "give a list of players"),
        (game, FIRMS | {"none": []}, "none has no players"),
    ):
        with pytest.raises(AgentsimError) as caught:
            symmetrised(of, given_roles)
        assert says in str(caught.value) and "\n" not in str(caught.value)
