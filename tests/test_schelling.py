"""The Schelling diagram: curves, where they cross, what all earn, and the kind for many players."""

import numpy as np
import pytest

from agentsim.errors import AgentsimError
from agentsim.games import Game, Role
from agentsim.games.profiles import Layout


def many(mild, fierce):
    """The game of n players of whom the mild earn mild(k), the fierce fierce(k), k others being fierce.

    With an array for each k it has runs.
    """
    M, F = (np.asarray(each, dtype=float) for each in (mild, fierce))
    n = len(M)
    role = Role("firms", tuple(f"firm {i}" for i in range(n)), ("mild", "fierce"))
    layout = Layout((n,), (2,))
    x = np.full((layout.count, 2, *M.shape[1:]), np.nan)
    for place, (_, j) in enumerate(layout.profiles.tolist()):
        if j < n:
            x[place, 0] = M[j]
        if j > 0:
            x[place, 1] = F[j - 1]
    return Game((role,), x if M.ndim == 1 else x.mean(axis=-1), None if M.ndim == 1 else x)


def diagram(game, **how):
    (pair,) = game.classify(**how).pairs
    return next(iter(pair.diagrams.values()))


def test_a_public_good_is_a_dilemma_for_many():
    n, r = 6, 3.0  # who gives 1 adds r / n to what each has
    k = np.arange(n)
    game = many(r * (n - k) / n - 1.0, r * (n - 1 - k) / n)
    found = diagram(game)
    assert game.classify().kind == "prisoner's dilemma"
    assert found.kind.greed.value == pytest.approx(1.0 - r / n)
    assert found.kind.fear.value == pytest.approx(1.0 - r / n)
    assert found.kind.gain.value == pytest.approx(r - 1.0)
    assert (found.optimum, found.equilibria, found.crossings) == (0, (n,), ())
    assert found.totals[0] == pytest.approx((r - 1.0) * (n - np.arange(n + 1)) / n)


@pytest.mark.parametrize(
    ("advantage", "gain", "expected", "equilibria"),
    [
        ([1, 1, 1, 1], 1, "prisoner's dilemma", (4,)),
        ([1, 1, 1, 1], -1, "deadlock", (4,)),
        ([-1, -1, -1, -1], 1, "harmony", (0,)),
        ([-1, -1, -1, -1], -1, "reversed dilemma", (0,)),
        ([1, 1, -1, -1], 1, "chicken", (2,)),
        ([-1, -1, 1, 1], 1, "stag hunt", (0, 4)),
        ([1, -1, 1, 1], 1, "winding", (1, 4)),
        ([1, 0, 1, 1], 1, "unclear", (1, 4)),
        ([1, 1, 0, -1], 1, "chicken", (2, 3)),
    ],
)
def test_the_kind_for_many_and_its_equilibria(advantage, gain, expected, equilibria):
    F = np.array([0.0, 0.0, 0.0, 10.0 - gain])
    M = F - advantage
    M[0], F[0] = 10.0, 10.0 + advantage[0]
    game = many(M, F)
    found = diagram(game)
    assert game.classify().kind == expected
    assert found.equilibria == equilibria
    for j in range(5):  # the same by the game's own regret
        rests = game.regret(np.array([4 - j, j])) <= 0.0
        assert rests == (j in equilibria)


def test_curves_cross_where_the_roads_take_as_long():
    # Driving takes 1 + k; the train 3.5: the others drive up to there.
    found = diagram(many(np.full(6, -3.5), -(1.0 + np.arange(6.0))))
    (crossing,) = found.crossings
    assert (crossing.at.value, crossing.stable, crossing.share) == (2.5, True, 1.0)
    assert found.equilibria == (3,)
    # With j on the road all lose 3.5 less j (3.5 - j) / 6: least with 2, as 1.75 is the peak.
    assert found.optimum == 2


def test_a_tipping_point_is_not_stable():
    found = diagram(many([3.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]))
    (crossing,) = found.crossings
    assert not crossing.stable
    assert crossing.at.value == 1.0
    assert found.equilibria == (0, 4)


def test_luck_leaves_the_crossing_open_by_as_much_as_it_does():
    rng = np.random.default_rng(5)
    k = np.arange(6.0)[:, None]
    noise = 0.5 * rng.normal(size=(6, 400))
    game = many(-3.4 + noise, -(1.0 + k) + noise[::-1])
    found = diagram(game)
    (crossing,) = found.crossings
    assert crossing.at.low < 2.4 < crossing.at.high
    assert 0.01 < crossing.at.high - crossing.at.low < 0.4
    assert found.resting.argmax() == 3
    assert found.resting[3] > 0.99
    assert found.optimal.sum() == pytest.approx(1.0)
    table = found.table()
    assert len(table) == 6
    assert (table["mild_low"] < table["mild"]).all()
    assert table["advantage"].to_numpy() == pytest.approx(
        (table["fierce"] - table["mild"]).to_numpy()
    )


def test_curves_are_the_games_payoffs_of_the_pair_that_is_named():
    rng = np.random.default_rng(6)
    layout = Layout((3,), (3,))
    x = np.where(layout.profiles > 0, rng.normal(size=(layout.count, 3)), np.nan)
    game = Game((Role("firms", tuple("xyz"), tuple("abc")),), x)
    M, F = diagram(game, mild="a", fierce="c").curves
    assert [each.value for each in M] == [
        x[layout.place(np.array(c)), 0] for c in ([3, 0, 0], [2, 0, 1], [1, 0, 2])
    ]
    assert [each.value for each in F] == [
        x[layout.place(np.array(c)), 2] for c in ([2, 0, 1], [1, 0, 2], [0, 0, 3])
    ]


def test_of_several_roles_each_is_told_while_the_others_are_held():
    layout = Layout((2, 1), (2, 2))
    roles = (
        Role("firms", ("a", "b"), ("mild", "fierce")),
        Role("lender", ("c",), ("lax", "strict")),
    )
    # The firms' game is a dilemma while the lender is lax, and harmony while it is strict.
    x = np.full((layout.count, 4), np.nan)
    for place, (_, j, _, strict) in enumerate(layout.profiles.tolist()):
        x[place, :2] = [3.0 - 2.0 * j, 4.0 - 2.0 * (j - 1) - 2.5 * strict]
        x[place, 2:] = [1.0, 0.5]
    game = Game(roles, np.where(layout.profiles > 0, x, np.nan))
    lax = game.classify().only
    assert lax.diagrams["firms"].held == "lender 1 lax"
    assert lax.diagrams["firms"].kind.kind == "prisoner's dilemma"
    assert lax.diagrams["lender"].held == "firms 2 mild"
    assert lax.diagrams["lender"].players == 1
    assert lax.kind == "mixed"
    strict = game.classify(held=["mild", "mild", "strict"]).only
    assert strict.diagrams["firms"].kind.kind == "harmony"
    with pytest.raises(AgentsimError, match="mixes"):
        game.classify(held={"firms": {"mild": 0.5, "fierce": 0.5}, "lender": "lax"})
