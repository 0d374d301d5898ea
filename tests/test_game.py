"""A game: payoffs in any form, what anybody earns against any mixture, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from agentsim.errors import AgentsimError
from agentsim.games import Game, Role

DILEMMA = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]]


def test_regret_is_what_a_player_would_gain_alone():
    game = Game.from_payoffs(DILEMMA)
    assert game.regret(["1", "1"]) == 2.0
    assert game.regret(["2", "2"]) == 0.0
    assert game.regret({"player 1": {"1": 0.5, "2": 0.5}, "player 2": "2"}) == 0.5


def test_deviations_are_expected_payoffs():
    rng = np.random.default_rng(0)
    u, x = rng.normal(size=(3, 2, 3, 4)), [rng.dirichlet(np.ones(m)) for m in (2, 3, 4)]
    found = Game.from_payoffs(u).deviations(np.concatenate(x))
    for got, want in (
        (found[:2], np.einsum("abc,b,c->a", u[0], x[1], x[2])),
        (found[2:5], np.einsum("abc,a,c->b", u[1], x[0], x[2])),
        (found[5:], np.einsum("abc,a,b->c", u[2], x[0], x[1])),
    ):
        assert got == pytest.approx(want, abs=1e-14)


def interchangeable(players, strategies, rng):
    """Return a game of interchangeable players, and the same with each of them by himself."""
    names = tuple("abcdef"[:strategies])
    role = Role("firms", tuple(f"firm {i}" for i in range(players)), names)
    shape = Game.from_payoffs(np.zeros((2, 2, 2))).layout  # any: only its class is wanted
    layout = type(shape)((players,), (strategies,))
    payoffs = np.where(layout.profiles > 0, rng.normal(size=(layout.count, strategies)), np.nan)
    u = np.empty((players, *[strategies] * players))
    for at in np.ndindex(*[strategies] * players):
        place = layout.place(np.bincount(at, minlength=strategies))
        for player, own in enumerate(at):
            u[(player, *at)] = payoffs[place, own]
    return Game((role,), payoffs), Game.from_payoffs(u)


def test_interchangeable_players_earn_what_they_earn_one_by_one():
    rng = np.random.default_rng(1)
    counted, full = interchangeable(4, 3, rng)
    x = rng.dirichlet(np.ones(3))
    assert np.tile(counted.deviations(x), 4) == pytest.approx(full.deviations(np.tile(x, 4)))
    assert counted.weights(x).sum() == pytest.approx(1.0)
    assert counted.regret(["a", "a", "b", "c"]) == full.regret(["1", "1", "2", "3"])


def test_slopes_are_how_deviations_move():
    rng = np.random.default_rng(2)
    for game in interchangeable(3, 3, rng):
        x = np.concatenate([rng.dirichlet(np.ones(m)) for m in game.layout.widths])
        step = 1e-6 * np.eye(len(x))
        moved = [(game.deviations(x + e) - game.deviations(x - e)) / 2e-6 for e in step]
        assert game.slopes(x) == pytest.approx(np.stack(moved, axis=1), abs=1e-8)


def frame(**more):
    rows = [
        {"one": a, "two": b, "payoff.one": DILEMMA[0][i][j], "payoff.two": DILEMMA[1][i][j]}
        for i, a in enumerate(("mild", "fierce"))
        for j, b in enumerate(("mild", "fierce"))
    ]
    return pd.DataFrame(rows).assign(**more)


def test_a_table_is_the_game_that_the_array_is():
    game = Game.from_payoffs(frame(customers=[1.0, 2.0, 3.0, 4.0]).iloc[::-1])
    assert game.players == ("one", "two")
    assert game.regret(["mild", "mild"]) == 2.0
    assert game.others["customers"].ravel().tolist() == [4.0, 3.0, 2.0, 1.0]  # as its rows came


def test_a_table_with_runs_keeps_them_and_their_mean():
    twice = pd.concat([frame(run=0), frame(run=1).assign(**{"payoff.one": 1.0})])
    game = Game.from_payoffs(twice)
    assert game.runs.shape == (4, 4, 2)
    assert game.regret(["mild", "mild"]) == 2.0
    assert game.payoffs[0, 0] == 2.0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([[1, 2], [3, 4]], "give (players, strategies of player 1"),
        (np.zeros((3, 2, 2)), "3 players, but strategies of 2"),
        ([[[1, 2]], [[3, 4]]], "player 1 has 1 strategy; give it two or more"),
        ([[[1, 2], [np.nan, 1]], [[3, 4], [3, 4]]], "player 1: 2 in the profile player 1 2"),
        ([[[1, 2], [3]], [[3, 4], [3, 4]]], "no array of numbers"),
        (np.zeros((6, *[6] * 6)), "46,656 profiles"),
        (np.zeros((6, *[6] * 6)), "as one role of 6 interchangeable players it has 462"),
        (frame().iloc[:3], "1 of 4 profiles are missing, the first (one fierce, two fierce)"),
        (pd.concat([frame(), frame()]), "is there twice"),
        (frame().drop(columns="two"), "add two"),
        (frame()[["one", "two"]], "no payoffs"),
        (frame(**{"payoff.two": "much"}), "payoff.two is no array of numbers"),
    ],
)
def test_what_is_no_game_is_one_line(given, says):
    with pytest.raises(AgentsimError) as caught:
        Game.from_payoffs(given)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        (["1"], "has 1 strategies; give 2"),
        (["1", "3"], "strategy of player 2 '3' is not known"),
        ({"player 1": "1"}, "says nothing of player 2"),
        ({"player 3": "1"}, "player 'player 3' is not known"),
        ("1", "give a strategy for each player"),
        (np.array([0.5, 0.6, 1.0, 0.0]), "add up to 1.1"),
        (np.array([1, 1, 1, 0]), "counts [2, 1] players; give [1, 1]"),
        (np.array([1.0, 0.0]), "give 4 numbers"),
    ],
)
def test_what_is_no_profile_is_one_line(profile, says):
    with pytest.raises(AgentsimError) as caught:
        Game.from_payoffs(DILEMMA).regret(profile)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_game_answers_is_told_in_a_line():
    game = Game.from_payoffs(DILEMMA)
    for answer, words in (
        (game, "4 profiles, 1 run"), (game.replicator(20), "100% player 1 2"), (game.logit(), "arrived"),
        (game.correlated("welfare"), "2 to 2"), (game.best_replies(), "player 1 2, player 2 2"),
        (game.alpha_rank(), "1 sink"), (game.classify(), "prisoner's dilemma"),
        (game.repeated(), "0.5 a period"), (game.measures(), "price of anarchy 3"),
    ):  # fmt: skip
        assert words in repr(answer) and len(repr(answer)) < 300
