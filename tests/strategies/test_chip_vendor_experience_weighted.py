"""Experience weighted (chip vendor): the battery, and what its name promises."""

import numpy as np
from learners import ask_once, pricing, remembering, shipped, stage, tabled, within_chance

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestExperienceWeighted(StrategyBattery):
    role = "chip_vendor"
    id = "experience_weighted"


def test_postures_are_drawn_by_trained_attraction():
    strategy = make("chip_vendor", "experience_weighted")
    _, memory = ask_once(strategy, pricing("held", runs=2000))
    weight = np.exp(50.0 * shipped(strategy, "attraction"))
    counts = np.bincount(memory["posture"].astype(int).ravel(), minlength=4)
    assert within_chance(counts, weight / weight.sum())


def test_the_forgone_counts_as_the_stage_game_says():
    given = {"learning_rate": 1.0, "foregone": 1.0, "retention": 0.0, "spell": 1.0}
    strategy = make("chip_vendor", "experience_weighted", given)
    market = pricing("cut")
    made = {"posture": 1, "since": 1, "rivals": 4.0, "revenue": 9.0, "profit": 5.1}
    _, after = ask_once(strategy, market, remembering(strategy, market, **made))
    # Profit is what it was: the gaps are all that there is to learn.
    against = stage(strategy)[:, 0]
    np.testing.assert_allclose(
        tabled(after, "attraction", 4)[:, 0, 0], against - against[1], atol=1e-12
    )
