"""Gambit's solvers agree with ours, and nothing but them needs Gambit."""

import sys

import numpy as np
import pygambit
import pytest
from games_at_hand import counted, random_game, shares
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.errors import AgentsimError
from agentsim.games import Game
from agentsim.games.gambit import by_gambit
from agentsim.games.two_players import extreme_equilibria

seeds = st.integers(0, 10_000)


def as_array(game, profile):
    """Return Gambit's mixed profile as one of ours."""
    return np.array([float(profile[p][s]) for p in game.players for s in game.get_strategies(p)])


@given(seeds, st.booleans())
@settings(max_examples=20, deadline=None)
def test_two_players_have_the_extreme_equilibria_that_gambit_enumerates(seed, with_ties):
    rng = np.random.default_rng(seed)
    shape = (2, *rng.integers(2, 5, 2))
    u = rng.integers(0, 3, shape).astype(float) if with_ties else rng.normal(size=shape)
    theirs = pygambit.StrategicGame.from_arrays(*u)
    solved = pygambit.nash.enummixed_solve(theirs, rational=with_ties).equilibria
    expected = np.array([as_array(theirs, each) for each in solved])
    expected = expected[np.lexsort(expected.round(6).T[::-1])]
    found = np.array(extreme_equilibria(*u).mixtures)
    found = found[np.lexsort(found.round(6).T[::-1])]
    assert found == pytest.approx(expected, abs=1e-9)


@given(seeds)
@settings(max_examples=6, deadline=None)
def test_what_gambit_finds_of_three_players_is_among_what_we_find(seed):
    rng = np.random.default_rng(seed)
    game = Game.from_payoffs(rng.normal(size=(3, *rng.integers(2, 4, 3))))
    ours = shares(game.equilibria(gambit=False))
    for _, counts, mixture in by_gambit(game):
        x = counts if counts is not None else mixture
        assert game.regret(x) < 1e-8
        assert np.abs(ours - x).max(axis=1).min() < 1e-6


def test_who_found_an_equilibrium_is_told():
    found = random_game(5, (1, 1, 1), (3, 3, 3)).equilibria(gambit=True)
    solvers = {by for each in found for by in each.found_by}
    assert {"gambit gnm", "gambit logit", "supports"} <= solvers


def test_interchangeable_players_are_told_apart_for_gambit_and_put_together_again():
    def payoff(counts, own):
        return float([[0, -1, 2], [2, 0, -1], [-1, 2, 0]][own] @ counts)

    game = counted((3,), (3,), payoff)
    found = [mixture for _, counts, mixture in by_gambit(game) if counts is None]
    assert found
    assert all(each == pytest.approx(np.full(3, 1 / 3), abs=1e-12) for each in found)


def test_a_game_too_large_for_gambit_is_one_line():
    game = counted((8,), (3,), lambda counts, own: float((own + counts[0]) % 3))
    assert len(game.equilibria())
    with pytest.raises(AgentsimError) as caught:
        game.equilibria(gambit=True)
    assert "6,561 profiles" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_gambit_everything_else_works_and_asking_for_it_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygambit", None)
    game = random_game(3, (1, 1, 1), (3, 3, 3))
    found = game.equilibria()
    assert len(found)
    assert not any("gambit" in by for each in found for by in each.found_by)
    with pytest.raises(AgentsimError) as caught:
        game.equilibria(gambit=True)
    assert "pip install 'agentsim[solvers]'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_older_gambit_is_not_asked(monkeypatch):
    monkeypatch.delattr(pygambit, "StrategicGame")
    game = random_game(3, (1, 1, 1), (3, 3, 3))
    assert not any("gambit" in by for each in game.equilibria() for by in each.found_by)
    with pytest.raises(AgentsimError, match="too old"):
        game.equilibria(gambit=True)
