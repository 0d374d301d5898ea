"""Experience weighted (hyperscaler): the battery, and what its name promises."""

import numpy as np
from learners import (
    ask_once,
    remembering,
    shipped,
    spending,
    stage,
    tabled,
    within_chance,
)

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestExperienceWeighted(StrategyBattery):
    role = "hyperscaler"
    id = "experience_weighted"


def counts(strategy, memory=None):
    _, memory = ask_once(strategy, spending("near", runs=2000), memory)
    return np.bincount(memory["posture"].astype(int).ravel(), minlength=4)


def test_postures_are_drawn_by_trained_attraction():
    strategy = make("hyperscaler", "experience_weighted")
    weight = np.exp(50.0 * shipped(strategy, "attraction"))
    assert within_chance(counts(strategy), weight / weight.sum())


def test_without_sensitivity_all_are_drawn_alike():
    strategy = make("hyperscaler", "experience_weighted", {"sensitivity": 0.0})
    assert within_chance(counts(strategy), np.full(4, 0.25))


def test_learns_from_what_was_done_in_full_and_from_the_forgone_in_part():
    given = {"learning_rate": 1.0, "foregone": 0.5, "retention": 0.9, "spell": 1.0}
    strategy = make("hyperscaler", "experience_weighted", given)
    market = spending("near")
    memory = remembering(strategy, market, posture=2, since=1, profit=5.0, revenue=8.0)
    # Economic profit: revenue of 9 less a fleet of one at 3, up by 1 of 8.
    _, after = ask_once(strategy, spending("above", revenue=9.0), memory)
    against, n = stage(strategy)[:, 2], 0.9 * shipped(strategy, "experience") + 1.0
    payoff = 0.125 + against - against[2]
    weight = np.where(np.arange(4) == 2, 1.0, 0.5)
    old = 0.9 * shipped(strategy, "experience") * shipped(strategy, "attraction")
    np.testing.assert_allclose(tabled(after, "attraction", 4)[:, 0, 0], (old + weight * payoff) / n)


def test_a_posture_that_pays_again_and_again_comes_to_be_taken():
    strategy = make("hyperscaler", "experience_weighted", {"learning_rate": 1.0, "foregone": 0.0})
    market = spending("near")
    start = {"posture": 3, "since": 4, "profit": 0.0, "revenue": 8.0}
    memory = remembering(strategy, market, **start)
    for _ in range(30):
        again = remembering(strategy, market, **start)
        kept = {name: value for name, value in memory.items() if "/" in name}
        _, memory = ask_once(strategy, market, again | kept)
    assert (memory["posture"] == 3).all()
