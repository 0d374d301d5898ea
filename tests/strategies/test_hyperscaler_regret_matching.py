"""Regret matching (hyperscaler): the battery, and what its name promises."""

import numpy as np
from learners import ask_once, remembering, shipped, spending, stage, tabled, within_chance

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestRegretMatching(StrategyBattery):
    role = "hyperscaler"
    id = "regret_matching"


STRATEGY = make("hyperscaler", "regret_matching")
REGRETS = {f"regret/{place}": 0.0 for place in range(16)}


def test_the_first_posture_is_drawn_as_often_as_in_training():
    _, memory = ask_once(STRATEGY, spending("near", runs=2000))
    counts = np.bincount(memory["posture"].astype(int).ravel(), minlength=4)
    assert within_chance(counts, shipped(STRATEGY, "often"))


def test_without_regret_the_posture_is_kept_for_ever():
    given = {"learning_rate": 0.0, "spell": 1.0}
    strategy = make("hyperscaler", "regret_matching", given)
    memory = remembering(strategy, spending("near"), posture=2, **REGRETS)
    for quarter in range(10):
        _, memory = ask_once(strategy, spending("near", quarter=quarter), memory)
        np.testing.assert_array_equal(memory["posture"], 2)


def test_it_leaves_for_what_is_regretted_and_in_proportion():
    given = {"learning_rate": 0.0, "spell": 1.0}
    strategy = make("hyperscaler", "regret_matching", given)
    widest = np.ptp(stage(strategy))
    regrets = REGRETS | {"regret/9": 1.2 * widest, "regret/11": 0.6 * widest, "regret/1": widest}
    market = spending("near", runs=2000)
    memory = remembering(strategy, market, posture=2, since=1, **regrets)
    _, memory = ask_once(strategy, market, memory)
    counts = np.bincount(memory["posture"].astype(int).ravel(), minlength=4)
    # mu is 2 x 3 x the widest gap
    assert within_chance(counts, np.array([0.0, 0.2, 0.7, 0.1]))


def test_regret_is_what_the_stage_game_says_was_forgone():
    strategy = make("hyperscaler", "regret_matching", {"learning_rate": 0.5, "spell": 1.0})
    memory = remembering(strategy, spending("near"), posture=3, since=1, **REGRETS)
    _, after = ask_once(strategy, spending("above"), memory)
    against = stage(strategy)[:, 2]
    learnt = tabled(after, "regret", 16)[:, 0, 0].reshape(4, 4)
    np.testing.assert_allclose(learnt[3], 0.5 * (against - against[3]))
    np.testing.assert_array_equal(learnt[:3], 0.0)
