"""Best replies: textbook sinks, ties, where starts lead, and what changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_games import (
    COORDINATION,
    DILEMMA,
    PENNIES,
    ROCK_PAPER_SCISSORS,
    SHAPLEY,
    counted,
    drawn,
    lumped,
)

from agentsim.errors import AgentsimError
from agentsim.games import Game
from agentsim.games.best_replies import best_replies, moves


def named(u, words):
    """Return a game whose strategies have names, the same for both players."""
    return Game.from_payoffs(u, ["one", "two"], [words, words])


def test_a_dilemma_ends_where_both_defect():
    found = best_replies(Game.from_payoffs(DILEMMA))
    assert [each.words for each in found.sinks] == ["player 1 2, player 2 2"]
    assert found.leads.all() and (found.chances == 1.0).all()


def test_matching_pennies_go_round_all_profiles():
    [sink] = best_replies(named(PENNIES, ["heads", "tails"])).cycles
    assert sink.words == (
        "one heads, two heads -> one heads, two tails -> one tails, two tails -> "
        "one tails, two heads -> one heads, two heads"
    )


def test_rock_paper_scissors_never_rest_and_draws_are_left():
    found = best_replies(Game.from_payoffs(ROCK_PAPER_SCISSORS))
    [sink] = found.sinks
    # Nobody's best reply is a draw.
    assert sink.places == (1, 2, 3, 5, 6, 7)
    assert len(sink.cycle) == 6


def test_shapleys_game_goes_round_six_of_nine_profiles():
    [sink] = best_replies(Game.from_payoffs(SHAPLEY)).sinks
    assert len(sink.places) == len(sink.cycle) == 6
    # Better replies are the same here, as any gain is the largest one.
    assert best_replies(Game.from_payoffs(SHAPLEY), "better").sinks[0].places == sink.places


def test_coordination_has_two_sinks_and_starts_between_them():
    found = best_replies(Game.from_payoffs(COORDINATION))
    assert [each.places for each in found.rests] == [(0,), (3,)]
    assert found.leads.tolist() == [[True, False], [True, True], [True, True], [False, True]]
    assert found.chances[1].tolist() == [0.5, 0.5]


def test_all_best_replies_are_taken_where_several_are():
    # Against the first strategy of the second player the second and third are as good.
    u = np.zeros((2, 3, 2))
    u[0] = [[0, 1], [2, 0], [2, 0]]
    found = moves(Game.from_payoffs(u))
    assert [(a, b) for a, b in zip(found.start, found.end, strict=True) if a == 0] == [
        (0, 2),
        (0, 4),
    ]
    as_good = best_replies(Game.from_payoffs(u), "as good")
    assert all(len(each.places) > 1 for each in as_good.sinks)


def test_interchangeable_players_end_as_often_as_the_same_one_by_one():
    for seed in range(3):
        game, full = counted(3, 3, seed)
        one, each = best_replies(game), best_replies(full)
        start = np.ones(27) / 27
        ends = start @ each.chances
        by_count = [lumped(np.isin(np.arange(27), s.places) * 1.0, 3, 3) for s in each.sinks]
        for at, sink in enumerate(one.sinks):
            inside = [b[list(sink.places)].sum() > 0.0 for b in by_count]
            assert (lumped(start, 3, 3) @ one.chances)[at] == pytest.approx(ends[inside].sum())


shapes = st.sampled_from([(2, 2), (3, 4), (2, 3, 2), (2, 2, 2, 2)])


@settings(max_examples=30, deadline=None)
@given(shapes, st.integers(0, 10**6), st.sampled_from(["best", "better"]))
def test_play_ends_in_a_sink_and_rests_are_equilibria(shape, seed, rule):
    game = Game.from_payoffs(drawn(shape, seed))
    found = best_replies(game, rule)
    assert found.chances.sum(axis=1) == pytest.approx(1.0)
    assert ((found.chances > 0.0) == found.leads).all()
    assert {each.places[0] for each in found.rests} == set(np.flatnonzero(game.pure_regrets <= 0.0))
    ways = set(zip(found.moves.start.tolist(), found.moves.end.tolist(), strict=True))
    for sink in found.cycles:
        turned = (*sink.cycle[1:], sink.cycle[0])
        assert set(zip(sink.cycle, turned, strict=True)) <= ways
        assert len(set(sink.cycle)) == len(sink.cycle) and set(sink.cycle) <= set(sink.places)
        assert {b for a, b in ways if a in sink.places} <= set(sink.places)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_units_zeros_and_names_change_no_sink(seed):
    rng = np.random.default_rng(seed)
    u = drawn((3, 2, 3), seed)
    sinks = [each.places for each in best_replies(Game.from_payoffs(u)).sinks]
    scaled = u * np.array([2.0, 1e4, 0.5]).reshape(3, 1, 1, 1)
    # What a player earns more whatever it does is nothing to it.
    scaled[0] += rng.normal(size=(1, 2, 3))
    assert [each.places for each in best_replies(Game.from_payoffs(scaled)).sinks] == sinks
    order = rng.permutation(3)
    swapped = best_replies(Game.from_payoffs(u[:, order]))
    place = np.arange(18).reshape(3, 2, 3)[order].ravel()
    assert sorted(tuple(sorted(place[list(s.places)])) for s in swapped.sinks) == sorted(sinks)


def test_a_rule_that_is_none_is_one_line():
    with pytest.raises(AgentsimError, match="rule 'worst' is not known"):
        best_replies(Game.from_payoffs(DILEMMA), "worst")
