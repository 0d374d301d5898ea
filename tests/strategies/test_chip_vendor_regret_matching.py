"""Regret matching (chip vendor): the battery, and what its name promises."""

import numpy as np
from learners import ask_once, pricing, remembering, shipped, stage, tabled, within_chance

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestRegretMatching(StrategyBattery):
    role = "chip_vendor"
    id = "regret_matching"


REGRETS = {f"regret/{place}": 0.0 for place in range(16)}


def test_the_first_posture_is_drawn_as_often_as_in_training():
    strategy = make("chip_vendor", "regret_matching")
    _, memory = ask_once(strategy, pricing("held", runs=2000))
    counts = np.bincount(memory["posture"].astype(int).ravel(), minlength=4)
    assert within_chance(counts, shipped(strategy, "often"))


def test_undercutting_that_met_a_price_war_is_regretted_and_left():
    strategy = make(
        "chip_vendor", "regret_matching", {"learning_rate": 1.0, "spell": 1.0, "inertia": 1e-3}
    )
    market = pricing("cut")
    memory = remembering(strategy, market, posture=0, since=1, rivals=4.0, **REGRETS)
    _, after = ask_once(strategy, market, memory)
    against = stage(strategy)[:, 0]
    np.testing.assert_allclose(
        tabled(after, "regret", 16)[:4, 0, 0], against - against[0], atol=1e-12
    )
    assert (after["posture"] != 0.0).all()
