"""Fictitious play (hyperscaler): the battery, and what its name promises."""

import numpy as np
import pytest
from learners import ask_once, remembering, spending, spent, stage, tabled, within_chance

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestFictitiousPlay(StrategyBattery):
    role = "hyperscaler"
    id = "fictitious_play"


MOVES = ("below", "near", "above")


def believing(strategy, market, belief, **more):
    named = {f"belief/{place}": share for place, share in enumerate(belief)}
    return remembering(strategy, market, **named, **more)


@pytest.mark.parametrize("belief", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.0, 0.5)])
def test_answers_its_belief_and_not_what_rivals_do_now(belief):
    strategy = make("hyperscaler", "fictitious_play", {"learning_rate": 0.0})
    best = (stage(strategy) * np.array(belief)).sum(axis=1).argmax()
    for move in MOVES:
        market = spending(move)
        made, _ = ask_once(strategy, market, believing(strategy, market, belief))
        np.testing.assert_allclose(made.capex_rate, spent(move)[best])


def test_belief_follows_what_rivals_did():
    strategy = make("hyperscaler", "fictitious_play", {"learning_rate": 0.25, "spell": 1.0})
    market = spending("above")
    memory = believing(strategy, market, (0.5, 0.5, 0.0))
    _, memory = ask_once(strategy, market, memory)
    for rounds in range(1, 5):
        _, memory = ask_once(strategy, market, memory)
        np.testing.assert_allclose(
            tabled(memory, "belief", 3)[:, 0, 0],
            [0.5 * 0.75**rounds, 0.5 * 0.75**rounds, 1 - 0.75**rounds],
        )


def test_the_smooth_kind_draws_by_what_it_expects():
    given = {"sensitivity": 20.0, "learning_rate": 0.0}
    strategy = make("hyperscaler", "fictitious_play", given)
    market = spending("near", runs=2000)
    _, memory = ask_once(strategy, market, believing(strategy, market, (0, 0, 1)))
    weight = np.exp(20.0 * stage(strategy)[:, 2])
    counts = np.bincount(memory["posture"].astype(int).ravel(), minlength=4)
    assert within_chance(counts, weight / weight.sum())
