"""Kinds of game: by signs, by payoffs with their luck, for two players alike and unlike."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentsim.errors import AgentsimError
from agentsim.games import Game, Role
from agentsim.games.kinds import MEANING, SHORT, UNCLEAR, kind, kind_of_many

ORDERS = {  # R, S, T, P
    "prisoner's dilemma": (3, 0, 5, 1),
    "chicken": (3, 1, 5, 0),
    "stag hunt": (5, 0, 3, 1),
    "harmony": (5, 3, 4, 1),
    "deadlock": (1, 0, 5, 3),
    "reversed dilemma": (2, 4, 1, 3),
}


def alike(R, S, T, P):
    """The game of two players who are alike, mild first, each a role of one."""
    own = np.array([[R, S], [T, P]], dtype=float)
    return Game.from_payoffs([own, own.T], strategies=[["mild", "fierce"]] * 2)


def counted(R, S, T, P, runs=None):
    """The same as one role of two."""
    role = Role("firms", ("a", "b"), ("mild", "fierce"))
    nan = np.full(np.shape(R), np.nan)
    x = np.array([[R, nan], [S, T], [nan, P]], dtype=float)
    return Game((role,), x if x.ndim == 2 else x.mean(axis=-1), None if x.ndim == 2 else x)


def test_every_combination_of_signs_has_a_kind():
    for signs in itertools.product((-1, 0, 1), repeat=3):
        found = kind(*signs)
        assert found in MEANING
        assert (found == UNCLEAR) == (0 in signs[:2] or (signs[0] * signs[1] > 0 and signs[2] == 0))
    assert set(MEANING) == set(SHORT)
    assert len(set(SHORT.values())) == len(SHORT)


@pytest.mark.parametrize("expected", ORDERS)
@pytest.mark.parametrize("made", [alike, counted])
def test_textbook_games_are_of_their_kind(expected, made):
    R, S, T, P = ORDERS[expected]
    found = made(R, S, T, P).classify()
    assert found.kind == found.only.of_means == expected
    assert found.only.resampled == found.only.shares == {expected: 1.0}
    own = next(iter(found.only.diagrams.values())).kind
    assert (own.greed.value, own.fear.value, own.gain.value) == (T - R, P - S, R - P)
    assert own.greed.low == own.greed.high == T - R  # payoffs are numbers


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([[2, 0], [0, 1]], [[1, 0], [0, 2]], "battle of the sexes"),
        ([[1, -1], [-1, 1]], [[-1, 1], [1, -1]], "matching pennies"),
        ([[2, 0], [0, 1]], [[2, 0], [0, 1]], "stag hunt"),
        ([[3, 0], [5, 1]], [[3, 2], [2, 1]], "mixed"),
        ([[3, 0], [3, 1]], [[3, 5], [0, 1]], UNCLEAR),
    ],
)
def test_two_players_who_are_unlike(first, second, expected):
    found = Game.from_payoffs([first, second]).classify().only
    assert found.kind == expected
    assert expected in MEANING


def test_two_players_who_differ_have_a_kind_each():
    found = Game.from_payoffs([[[3, 0], [5, 1]], [[3, 2], [2, 1]]]).classify().only
    assert {name: each.kind.kind for name, each in found.diagrams.items()} == {
        "player 1": "prisoner's dilemma", "player 2": "harmony",
    }  # fmt: skip


@given(
    st.lists(st.integers(-4, 4), min_size=4, max_size=4),
    st.integers(1, 9),
    st.integers(-50, 50),
)
def test_the_unit_of_payoffs_does_not_matter(payoffs, factor, shift):
    R, S, T, P = payoffs
    one = counted(R, S, T, P).classify()
    other = counted(*(each * factor / 7.0 + shift / 3.0 for each in payoffs)).classify()
    assert one.kind == other.kind
    if R != P:  # with a tie two players who are told apart may differ on what is better
        assert alike(R, S, T, P).classify().kind == one.kind


@pytest.mark.parametrize(
    ("kind", "swapped"),
    [
        ("prisoner's dilemma", "reversed dilemma"),
        ("chicken", "chicken"),
        ("stag hunt", "stag hunt"),
        ("harmony", "deadlock"),
    ],
)
def test_who_calls_the_mild_fierce_sees_the_mirror_image(kind, swapped):
    for made in (alike, counted):
        game = made(*ORDERS[kind])
        assert game.classify("mild", "fierce").kind == kind
        assert game.classify("fierce", "mild").kind == swapped


@given(st.lists(st.sampled_from((-1, 0, 1)), min_size=1, max_size=5), st.sampled_from((-1, 0, 1)))
def test_a_kind_that_is_told_is_that_of_whatever_an_open_sign_is(signs, worthwhile):
    found = kind_of_many(signs, worthwhile)
    open_signs = [(-1, 1) if each == 0 else (each,) for each in (*signs, worthwhile)]
    may_be = {kind_of_many(each[:-1], each[-1]) for each in itertools.product(*open_signs)}
    if found == "winding":
        assert may_be == {"winding"}
    elif found != UNCLEAR:
        assert may_be == {found}
    elif 0 not in (signs[0], signs[-1]):
        assert len(may_be) > 1


def test_shared_luck_does_not_blur_a_kind():
    rng = np.random.default_rng(3)
    luck = 5.0 * rng.normal(size=60)
    R, S, T, P = (x + luck + 0.1 * rng.normal(size=60) for x in ORDERS["chicken"])
    found = counted(R, S, T, P).classify().only
    assert found.kind == "chicken"
    assert found.resampled == {"chicken": 1.0}
    greed = found.diagrams["firms"].kind.greed
    assert greed.value == pytest.approx((T - R).mean())
    assert 0.0 < greed.high - greed.low < 0.2


def test_what_is_not_sure_is_told_by_resamples():
    rng = np.random.default_rng(4)
    R, S, T, P = (x + rng.normal(size=200) for x in (3.0, 1.0, 3.05, 0.0))
    found = counted(R, S, T, P).classify()
    (pair,) = found.pairs
    assert pair.kind == UNCLEAR
    assert pair.of_means in ("chicken", "harmony")
    assert set(pair.resampled) == {"chicken", "harmony"}
    assert sum(pair.resampled.values()) == pytest.approx(1.0)
    assert sum(pair.shares.values()) == pytest.approx(1.0)
    row = found.table().iloc[0]
    assert row["sure"] == pair.resampled[pair.of_means]
    assert row["greed_low"] < 0.0 < row["greed_high"]


def test_one_run_tells_no_kind():
    (pair,) = counted(*np.array(ORDERS["chicken"], dtype=float)[:, None]).classify().pairs
    assert (pair.kind, pair.of_means, pair.resampled) == (UNCLEAR, "chicken", {})


def test_of_more_strategies_all_pairs_are_told_or_the_one_that_is_named():
    game = Game.from_payoffs(np.arange(18.0).reshape(2, 3, 3), strategies=[list("abc")] * 2)
    found = game.classify()
    assert [(each.mild, each.fierce) for each in found.pairs] == [
        ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip
    assert len(found.table()) == 6
    one = game.classify("c", "a").only
    assert (one.mild, one.fierce) == ("c", "a")
    unlike = game.classify({"player 1": "a", "player 2": "b"}, {"player 1": "c", "player 2": "c"})
    assert unlike.only.mild == "a / b"
    assert unlike.only.fierce == "c"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("a", None), "mild is named and fierce is not"),
        (("a", "a"), "mild and fierce are both a"),
        (("a", "d"), "fierce strategy of player 1 'd' is not known"),
        (({"player 1": "a"}, "b"), "says nothing of player 2"),
        (({"player 9": "a"}, "b"), "role in mild 'player 9' is not known"),
    ],
)
def test_what_is_no_pair_is_one_line(asked, says):
    game = Game.from_payoffs(np.arange(18.0).reshape(2, 3, 3), strategies=[list("abc")] * 2)
    with pytest.raises(AgentsimError) as caught:
        game.classify(*asked)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_roles_of_unlike_strategies_must_be_named_and_several_pairs_are_not_one():
    unlike = Game.from_payoffs(np.arange(12.0).reshape(2, 2, 3))
    with pytest.raises(AgentsimError, match="name a mild and a fierce one for each"):
        unlike.classify()
    game = Game.from_payoffs(np.arange(18.0).reshape(2, 3, 3))
    with pytest.raises(AgentsimError, match="there are 3 pairs"):
        _ = game.classify().kind
    alone = Game((Role("one", ("a",), ("x", "y")),), np.array([[1.0, np.nan], [np.nan, 2.0]]))
    with pytest.raises(AgentsimError, match="plays alone"):
        alone.classify()
