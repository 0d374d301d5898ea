"""Fictitious play (chip vendor): the battery, and what its name promises."""

import numpy as np
import pytest
from learners import ask_once, asked, pricing, remembering, stage, tabled

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestFictitiousPlay(StrategyBattery):
    role = "chip_vendor"
    id = "fictitious_play"


@pytest.mark.parametrize("belief", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_answers_its_belief_and_not_what_rivals_do_now(belief):
    strategy = make("chip_vendor", "fictitious_play", {"learning_rate": 0.0})
    best = (stage(strategy) * np.array(belief)).sum(axis=1).argmax()
    market = pricing("raised")
    named = {f"belief/{place}": share for place, share in enumerate(belief)}
    made, _ = ask_once(strategy, market, remembering(strategy, market, rivals=4.0, **named))
    np.testing.assert_allclose(made.price, asked(market)[best])


def test_belief_follows_what_rivals_prices_did_over_cost():
    strategy = make("chip_vendor", "fictitious_play", {"learning_rate": 0.25, "spell": 1.0})
    for place, move in enumerate(("cut", "held", "raised")):
        market = pricing(move)
        named = {"belief/0": 0.0, "belief/1": 0.0, "belief/2": 0.0}
        memory = remembering(strategy, market, posture=1, since=1, rivals=4.0, **named)
        _, memory = ask_once(strategy, market, memory)
        expected = np.where(np.arange(3) == place, 0.25, 0.0)
        np.testing.assert_allclose(tabled(memory, "belief", 3)[:, 0, 0], expected)


def test_costs_that_fall_for_all_are_no_move():
    strategy = make("chip_vendor", "fictitious_play", {"learning_rate": 0.25, "spell": 1.0})
    market = pricing("cut", unit_cost=1.6)
    memory = remembering(strategy, market, posture=1, since=1, rivals=4.0)
    _, after = ask_once(strategy, market, memory)
    assert (tabled(after, "belief", 3)[1] > tabled(memory, "belief", 3)[1]).all()
