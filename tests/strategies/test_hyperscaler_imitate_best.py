"""Imitate best (hyperscaler): the battery, and what its name promises."""

import numpy as np
from learners import ask_once, spending, spent, within_chance

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestImitateBest(StrategyBattery):
    role = "hyperscaler"
    id = "imitate_best"


FAITHFUL = make("hyperscaler", "imitate_best", {"exploration": 0.0})


def unequal():
    """Economic profits of 5, 12 and 4; over the cost of fleets, 5/3, 2 and 4."""
    market = spending("near")
    for name, values in {
        "revenue": (8.0, 18.0, 5.0),
        "merchant_fleet": (1.0, 2.0, 1.0 / 3.0),
        "capex_rate": (0.1, 0.2, 0.3),
    }.items():
        market.values[name] = np.repeat(np.array(values)[:, None], market.runs, axis=1)
    return market


def test_all_spend_as_the_firm_that_earns_the_most():
    made, _ = ask_once(FAITHFUL, unequal())
    np.testing.assert_array_equal(made.capex_rate, 0.2)


def test_profit_may_count_over_cost():
    strategy = make("hyperscaler", "imitate_best", {"exploration": 0.0, "per_cost": 1.0})
    made, _ = ask_once(strategy, unequal())
    np.testing.assert_array_equal(made.capex_rate, 0.3)


def test_now_and_then_any_posture_is_tried():
    strategy = make("hyperscaler", "imitate_best", {"exploration": 0.4})
    market = spending("near", runs=2000, capex_rate=0.5)
    made, _ = ask_once(strategy, market)
    seen = np.round(made.capex_rate, 9)
    counts = np.array([(seen == rate).sum() for rate in np.round([*spent("near"), 0.5], 9)])
    assert counts.sum() == seen.size
    assert within_chance(counts, np.array([0.1, 0.1, 0.1, 0.1, 0.6]))
