"""Confirming on fresh runs: confirmed, refuted or open, and how many runs would tell."""

import numpy as np
import pytest

from agentsim.errors import AgentsimError
from agentsim.games.confidence import candidate
from agentsim.games.confirming import confirm
from agentsim.games.coverage import posed
from agentsim.games.deviating import needed

GAME = posed([0.5, -1.0], [-0.5, -1.0])
STAY = candidate(GAME, ["1", "1"])


def runs(n, seed=0, luck=1.0):
    rng = np.random.default_rng(seed)
    shape = (*GAME.payoffs.shape, n)
    return GAME.payoffs[:, :, None] + 3.0 * rng.normal(size=n) + luck * rng.normal(size=shape)


def test_a_regret_surely_below_epsilon_is_confirmed():
    found = confirm(STAY, runs(200), epsilon=2.0)
    assert found.verdict == "confirmed"
    assert found.probability == 1.0 and found.runs_to_tell == 0
    assert str(found).startswith("confirmed: regret below ")


def test_a_regret_surely_above_epsilon_is_refuted_with_what_tempts():
    found = confirm(STAY, runs(400), epsilon=0.0)
    assert found.verdict == "refuted"
    assert str(found).endswith("(player 1: 2 instead of 1)")


def test_what_is_open_would_be_told_by_the_runs_it_asks_for():
    found = confirm(STAY, runs(40, seed=2), epsilon=0.7)
    assert found.verdict == "open"
    more = found.runs_to_tell
    assert str(found).startswith(f"open: needs about {more:,} runs more; regret ")
    # That many runs more, with the means that were seen, are those that were seen several times.
    times = -(-(40 + more) // 40)
    assert confirm(STAY, np.tile(runs(40, seed=2), times), epsilon=0.7).verdict != "open"
    assert (
        confirm(STAY, np.tile(runs(40, seed=2), max(times // 2, 1)), epsilon=0.7).verdict == "open"
    )


def test_runs_for_a_width_make_the_interval_as_narrow():
    found = confirm(STAY, runs(60), epsilon=0.5)
    width = found.regret.high - found.regret.low
    assert found.runs_for(width) == 0
    more = found.runs_for(width / 3.0)
    again = confirm(STAY, runs(60 + more, seed=1), epsilon=0.5).regret
    assert again.high - again.low == pytest.approx(width / 3.0, rel=0.15)


def test_no_number_of_runs_tells_what_lies_at_epsilon():
    x = runs(60)
    at = float(confirm(STAY, x, epsilon=0.5).regret.value)
    found = confirm(STAY, x, epsilon=at)
    assert found.runs_to_tell is None
    assert str(found).startswith("open: more runs would not tell")


def test_a_strict_equilibrium_needs_no_more_runs():
    game = posed([-0.5, -1.0], [-0.5, -1.0])
    fresh = runs(100) - GAME.payoffs[:, :, None] + game.payoffs[:, :, None]
    found = confirm(candidate(game, ["1", "1"]), fresh, epsilon=0.0)
    assert found.verdict == "confirmed"
    assert str(found) == "confirmed: nobody gains by anything else, on 100 fresh runs"
    assert found.regret.high == 0.0 and found.runs_for(0.001) == 0


def test_runs_of_the_profiles_needed_are_enough():
    places = needed(STAY)
    whole, part = confirm(STAY, runs(50), 0.9), confirm(STAY, runs(50)[places], 0.9, places)
    assert str(whole) == str(part) and len(places) == 5


def test_what_cannot_be_confirmed_is_one_line():
    for ask, says in (
        (lambda: confirm(STAY, runs(50), -1.0), "epsilon = -1; give a regret of 0 or more"),
        (lambda: confirm(STAY, runs(1), 0.1), "give two or more"),
        (lambda: confirm(STAY, runs(50), 0.1).runs_for(0.0), "width = 0"),
    ):
        with pytest.raises(AgentsimError) as caught:
            ask()
        assert says in str(caught.value) and "\n" not in str(caught.value)
