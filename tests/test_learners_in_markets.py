"""Learners in whole markets: at rest where theory says, and the same in any company."""

from typing import Any

import numpy as np
import pytest
from theory import by_quarter, firms_of, market_of

from agentsim import Market
from agentsim.strategy.registry import make

EAGER = {"learning_rate": 0.5, "exploration": 0.3, "spell": 2.0}
"""Parameters with which all that a learner can do is done within a few quarters."""

LINEUPS: dict[str, dict[str, Any]] = {
    id: {
        "hyperscaler": make("hyperscaler", id, EAGER),
        "chip_vendor": make("chip_vendor", id, EAGER),
    }
    for id in ("q_learning", "experience_weighted", "regret_matching", "fictitious_play")
}


@pytest.mark.parametrize("id", ["q_learning", "fictitious_play"])
def test_where_firms_rest_at_nash_those_who_learnt_stay(id: str) -> None:
    """On `theory` four firms begin at rest: what training teaches there is to answer rivals."""
    learner = make("hyperscaler", id, {"adaptation": 0.0, "reallocation": 0.0})
    market = market_of(4, learner, 20)
    np.testing.assert_allclose(firms_of(market).merchant_fleet, 1.0, rtol=1e-3)


@pytest.mark.parametrize("id", LINEUPS)
def test_a_run_is_the_same_alone_and_in_company(id: str) -> None:
    together = Market("2025Q4", LINEUPS[id], 5, 7, horizon=9).run()
    alone = Market("2025Q4", LINEUPS[id], [3], 7, horizon=9).run()
    for column in ("capex", "service_price"):
        np.testing.assert_array_equal(
            by_quarter(together, column)[:, 3:4], by_quarter(alone, column)
        )


def test_luck_differs_from_firm_to_firm_and_from_run_to_run() -> None:
    market = Market("2025Q4", LINEUPS["q_learning"], 20, 7, horizon=3).run()
    posture = market.simulation.asking.groups["hyperscaler"][0].memory["posture"]
    assert (np.ptp(posture, axis=0) > 0).any()
    assert (np.ptp(posture, axis=1) > 0).all()
