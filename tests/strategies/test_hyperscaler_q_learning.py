"""Q learning (hyperscaler): the battery, and what its name promises."""

import numpy as np
import pytest
from learners import ask_once, remembering, shipped, spending, spent, stage, tabled

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestQLearning(StrategyBattery):
    role = "hyperscaler"
    id = "q_learning"


MOVES = ("below", "near", "above")
AS_TRAINED = make("hyperscaler", "q_learning", {"learning_rate": 0.0})


@pytest.mark.parametrize("move", MOVES)
def test_takes_the_posture_of_the_highest_trained_value_in_its_situation(move):
    best = shipped(AS_TRAINED, "value")[MOVES.index(move)].argmax()
    made, _ = ask_once(AS_TRAINED, spending(move))
    np.testing.assert_allclose(made.capex_rate, spent(move)[best])


@pytest.mark.parametrize("posture", range(4))
def test_what_is_valued_highest_is_done(posture):
    market = spending("above")
    memory = remembering(AS_TRAINED, market, **{f"value/{8 + posture}": 9.0})
    made, memory = ask_once(AS_TRAINED, market, memory)
    np.testing.assert_allclose(made.capex_rate, spent("above")[posture])
    np.testing.assert_array_equal(memory["posture"], posture)


def test_a_posture_is_kept_for_its_spell():
    strategy = make("hyperscaler", "q_learning", {"spell": 3.0, "exploration": 1.0})
    memory, postures = None, []
    for quarter in range(12):
        market = spending("near", quarter=quarter, runs=20)
        _, memory = ask_once(strategy, market, memory)
        postures.append(memory["posture"])
    for first in range(0, 12, 3):
        np.testing.assert_array_equal(postures[first], postures[first + 2])
    assert (postures[2] != postures[3]).any()


def test_learns_the_rise_of_economic_profit_over_revenue_and_what_follows():
    strategy = make(
        "hyperscaler", "q_learning", {"learning_rate": 0.5, "discount": 0.8, "spell": 1.0}
    )
    first = spending("near")
    _, memory = ask_once(strategy, first)
    done = int(memory["posture"][0, 0])
    # Revenue goes from 8 to 10 with the same fleet: a rise of a quarter.
    _, after = ask_once(strategy, spending("above", revenue=10.0), memory)
    before, now = shipped(strategy, "value"), tabled(after, "value", 12).reshape(3, 4, 3, 5)
    learnt = 0.5 * before[1, done] + 0.5 * (0.25 + 0.8 * before[2].max())
    np.testing.assert_allclose(now[1, done], learnt)
    untouched = np.delete(now.reshape(12, 3, 5), 4 + done, axis=0)
    expected = np.delete(before.ravel(), 4 + done)[:, None, None]
    np.testing.assert_array_equal(untouched, np.broadcast_to(expected, untouched.shape))


def test_at_learning_rate_zero_the_table_stays():
    _, memory = ask_once(AS_TRAINED, spending("near"))
    for _ in range(8):
        _, memory = ask_once(AS_TRAINED, spending("above", revenue=20.0), memory)
    table = tabled(memory, "value", 12)
    np.testing.assert_array_equal(table[:, 0, 0], shipped(AS_TRAINED, "value").ravel())


def test_the_best_response_is_the_best_that_training_knows_where_rivals_are_near():
    """The stage game is a race of quantity competitors, which the table should have understood."""
    assert stage(AS_TRAINED)[:, 1].argmax() == 1
    assert shipped(AS_TRAINED, "value")[1].argmax() == 1
