"""Equilibria of textbook games, exactly: which there are, whether they are all, and in words."""

import numpy as np
import pytest
from games_at_hand import (
    CHICKEN,
    DILEMMA,
    PAPER_SCISSORS,
    PENNIES,
    SEXES,
    STAG_HUNT,
    counted,
    shares,
)

from agentsim.games import Game


@pytest.mark.parametrize(
    ("payoffs", "expected"),
    [
        (DILEMMA, [[0, 1, 0, 1]]),
        (STAG_HUNT, [[0, 1, 0, 1], [2 / 3, 1 / 3, 2 / 3, 1 / 3], [1, 0, 1, 0]]),
        (CHICKEN, [[0, 1, 1, 0], [0.9, 0.1, 0.9, 0.1], [1, 0, 0, 1]]),
        (PENNIES, [[0.5, 0.5, 0.5, 0.5]]),
        (SEXES, [[0, 1, 0, 1], [0.6, 0.4, 0.4, 0.6], [1, 0, 1, 0]]),
        (PAPER_SCISSORS, [[1 / 3] * 6]),
    ],
)
def test_textbook_games_have_the_equilibria_that_textbooks_say_and_no_others(payoffs, expected):
    found = Game.from_payoffs(payoffs).equilibria()
    assert shares(found) == pytest.approx(np.array(expected), abs=1e-14)
    assert found.complete
    assert found.pure_complete
    assert max(each.regret for each in found) < 1e-14


@pytest.mark.parametrize(
    ("payoffs", "expected"),
    [
        (DILEMMA, [[0, 2]]),
        (STAG_HUNT, [[0, 2], [2, 0]]),
        (CHICKEN, [[1, 1]]),
    ],
)
def test_the_same_games_of_interchangeable_players_have_the_same_equilibria(payoffs, expected):
    u = np.array(payoffs[0], float)

    def payoff(counts, own):
        met = counts - np.eye(2, dtype=int)[own]
        return u[own, int(met.argmax())]

    alike = counted((2,), (2,), payoff).equilibria()
    apart = Game.from_payoffs(payoffs).equilibria()
    assert sorted(each.counts.tolist() for each in alike.pure) == expected
    assert len(alike.mixed) == len(apart.mixed)
    for one, other in zip(alike.mixed, apart.mixed, strict=True):
        assert np.tile(one.mixture, 2) == pytest.approx(other.mixture, abs=1e-14)
    assert alike.complete


def test_three_players_who_must_outguess_each_other_in_a_circle_mix_evenly():
    """Player i wants to match i + 1, but the third wants not to match the first: nobody rests.

    A player is indifferent only if the one it looks at mixes evenly, so all three do, and no one else
    than all of them can mix: a player who looks at a pure one has one best reply.
    """
    first = np.array([[[1, 1], [-1, -1]], [[-1, -1], [1, 1]]])
    second = np.array([[[1, -1], [-1, 1]], [[1, -1], [-1, 1]]])
    third = np.array([[[-1, 1], [-1, 1]], [[1, -1], [1, -1]]])
    found = Game.from_payoffs([first, second, third]).equilibria()
    assert not found.pure
    assert shares(found) == pytest.approx(np.full((1, 6), 0.5), abs=1e-12)
    assert not found.complete  # it is not proved


def test_three_players_of_whom_one_hides_from_two_have_the_closed_form():
    """Player 1 hides in one of two places, worth 1 and v; players 2 and 3 each look in one.

    Player 1 earns the place's worth unless somebody looks there; a seeker earns one if it alone finds
    player 1, a half if both do. Seekers that mix alike look at the first place with q, where hiding is
    worth the same in both: (1 - q)^2 = v q^2, so q = 1 / (1 + sqrt v). Seekers are indifferent where
    p (1 - q / 2) = (1 - p) (1 - (1 - q) / 2), so p = (1 + q) / 3.
    """
    v = 2.0

    def payoff(counts, column):
        hidden = int(counts[1])
        looking = int(counts[2 + hidden])
        if column < 2:
            return 0.0 if looking else (1.0, v)[hidden]
        return 1.0 / looking if column - 2 == hidden else 0.0

    found = counted((1, 2), (2, 2), payoff).equilibria(gambit=False)
    q = 1.0 / (1.0 + np.sqrt(v))
    p = (1.0 + q) / 3.0
    mixed = [each for each in found if each.mixture is not None]
    assert shares(mixed) == pytest.approx(np.array([[p, 1 - p, q, 1 - q]]), abs=1e-12)
    assert not [each for each in found if each.pure and each.mixture is not None]


@pytest.mark.parametrize("players", [2, 3, 6, 10])
def test_the_volunteers_dilemma_has_its_closed_form(players):
    """All earn one if anybody pays c for it: nobody pays with probability c^(1 / (n - 1)) (Diekmann 1985)."""
    cost = 0.3

    def payoff(counts, own):
        return (1.0 if counts[0] else 0.0) - (cost if own == 0 else 0.0)

    found = counted((players,), (2,), payoff).equilibria()
    idle = cost ** (1.0 / (players - 1))
    assert [each.counts.tolist() for each in found.pure] == [[1, players - 1]]
    assert shares(found.mixed) == pytest.approx(np.array([[1 - idle, idle]]), abs=1e-13)
    assert found.complete


@pytest.mark.parametrize("players", [2, 4, 7])
def test_a_congested_market_is_entered_until_the_next_entrant_would_lose(players):
    """Who enters earns k - entrants + 1/2, others nothing: k enter, or each with (k - 1/2) / (n - 1)."""
    k = players // 2

    def payoff(counts, own):
        return 0.0 if own == 1 else k + 0.5 - float(counts[0])

    found = counted((players,), (2,), payoff).equilibria()
    chance = (k - 0.5) / (players - 1)
    assert [each.counts.tolist() for each in found.pure] == [[k, players - k]]
    assert shares(found.mixed) == pytest.approx(np.array([[chance, 1 - chance]]), abs=1e-13)


def test_rock_paper_scissors_of_four_players_is_mixed_evenly():
    u = np.array(PAPER_SCISSORS[0], float)

    def payoff(counts, own):
        return float(u[own] @ counts)

    found = counted((4,), (3,), payoff).equilibria()
    alike = [each for each in found if each.mixture is not None]
    assert shares(alike) == pytest.approx(np.full((1, 3), 1 / 3), abs=1e-12)


def test_ties_do_not_refuse_a_pure_equilibrium():
    found = Game.from_payoffs([[[1, 1], [1, 0]], [[1, 1], [1, 0]]]).equilibria()
    assert {tuple(each.counts) for each in found.pure} == {(1, 0, 1, 0), (1, 0, 0, 1), (0, 1, 1, 0)}
    assert not found.complete
    assert found.continua
    assert "without end" in found.why


def test_rounding_does_not_refuse_a_tie():
    third = 0.1 + 0.2  # not 0.3
    found = Game.from_payoffs([[[third, 1], [0.3, 1]], [[1, 0], [1, 0]]]).equilibria()
    assert {tuple(each.counts) for each in found.pure} == {(1, 0, 1, 0), (0, 1, 1, 0)}


def test_a_continuum_is_told_by_its_extreme_points():
    """Player 1 never minds; player 2 wants to differ: three segments, which meet at the ends of one."""
    found = Game.from_payoffs([[[1, 1], [1, 1]], [[0, 1], [1, 0]]]).equilibria()
    ends = [[0, 1, 1, 0], [0.5, 0.5, 0, 1], [0.5, 0.5, 1, 0], [1, 0, 0, 1]]
    assert shares(found) == pytest.approx(np.array(ends))
    assert found.continua
    assert len(found.sets) == 3
    for ends in found.sets:
        for weight in (0.25, 0.5, 0.9):
            between = weight * found[ends[0]].mixture + (1 - weight) * found[ends[1]].mixture
            assert found.game.regret(between) < 1e-14


def test_a_degenerate_game_whose_equilibria_stand_alone_is_complete():
    """Against column 2 both rows are best, but no equilibrium has column 2."""
    found = Game.from_payoffs([[[2, 1], [0, 1]], [[3, 1], [1, 0]]]).equilibria()
    assert [each.counts.tolist() for each in found] == [[1, 0, 1, 0]]
    assert found.complete


def test_where_nothing_matters_everything_is_an_equilibrium():
    for game in (Game.from_payoffs(np.zeros((3, 2, 2, 2))), counted((3,), (2,), lambda *_: 1.0)):
        found = game.equilibria()
        assert len(found.pure) == game.layout.count
        assert found.continua
        assert not found.complete


def test_dominated_strategies_are_played_by_nobody():
    """The third row is beaten by an even mixture of the others, and without it so is the third column."""
    rows = [[4, 0, 2], [0, 4, 2], [1, 1, 1]]
    columns = [[0, 4, 1], [4, 0, 1], [0, 0, 9]]
    found = Game.from_payoffs([rows, columns]).equilibria()
    assert shares(found) == pytest.approx(np.array([[0.5, 0.5, 0, 0.5, 0.5, 0]]))
    assert found.complete
    assert found.why.startswith("strictly dominated strategies gone")


def test_what_dominance_solves_is_complete_for_any_number_of_players():
    """Giving costs each five and gives all three."""

    def payoff(counts, own):
        return 3.0 * counts[0] - (5.0 if own == 0 else 0.0)

    found = counted((8,), (2,), payoff).equilibria()
    assert [each.counts.tolist() for each in found] == [[0, 8]]
    assert found.complete
    assert found[0].found_by == ("dominance",)


def test_an_answer_with_regret_is_not_told_and_the_rest_is_not_called_complete(monkeypatch):
    def payoff(counts, own):
        return 0.0 if own == 1 else 2.5 - float(counts[0])

    wrong = [np.array([0.5, 0.5]), np.array([0.4, 0.6])]  # the first one is right
    monkeypatch.setattr("agentsim.games.one_unknown.mixtures", lambda game: wrong)
    found = counted((4,), (2,), payoff).equilibria()
    assert [each.mixture.tolist() for each in found.mixed] == [[0.5, 0.5]]
    assert not found.complete
    assert "1 answer is not told" in found.why


def test_an_equilibrium_says_who_does_what():
    def payoff(counts, column):
        if column % 2 == 0:
            return 1.0 if counts[::2].sum() == 1 else 0.0
        return 0.5

    found = counted((1, 1, 1), (2, 2, 2), payoff).equilibria()
    assert found.pure[0].words == "role 0 a, others b"
    assert repr(found.pure[0]) == "<pure equilibrium: role 0 a, others b; regret 0>"
    mild = counted((3,), (2,), payoff).equilibria()
    assert [each.words for each in mild] == ["1 a and 2 b", "a 0.293, b 0.707"]
    assert repr(mild).splitlines()[0].startswith("1 pure and 1 mixed equilibria (complete: ")
    hunt = Game.from_payoffs(STAG_HUNT, ["Ann", "Bob"], [["stag", "hare"]] * 2).equilibria()
    assert hunt.mixed[0].words == "Ann stag 0.667, hare 0.333; Bob stag 0.667, hare 0.333"


def test_a_table_has_a_row_an_equilibrium():
    table = Game.from_payoffs(CHICKEN, ["Ann", "Bob"], [["swerve", "go"]] * 2).equilibria().table()
    assert table["kind"].tolist() == ["pure", "pure", "mixed"]
    assert table["Ann: swerve"].tolist() == pytest.approx([1.0, 0.0, 0.9])
    assert table["payoff.Ann"].tolist() == pytest.approx([-1.0, 1.0, -0.1])
    assert table["found_by"].str.contains("pure").tolist() == [True, True, False]
    assert table["regret"].max() < 1e-14


def test_payoffs_are_means_over_the_players_of_a_role_and_over_luck():
    def payoff(counts, own):
        return 0.0 if own == 1 else 2.5 - float(counts[0])

    pure, mixed = counted((4,), (2,), payoff).equilibria()
    assert pure.payoffs == {"role 0": 0.25}
    assert mixed.payoffs["role 0"] == pytest.approx(0.0, abs=1e-14)
    assert mixed.weights.sum() == pytest.approx(1.0)
