"""Q learning (chip vendor): the battery, and what its name promises."""

import numpy as np
import pytest
from learners import COST, MARGIN, ask_once, asked, pricing, remembering, shipped, tabled

from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestQLearning(StrategyBattery):
    role = "chip_vendor"
    id = "q_learning"


MOVES = ("cut", "held", "raised")
AS_TRAINED = make("chip_vendor", "q_learning", {"learning_rate": 0.0})


@pytest.mark.parametrize("move", MOVES)
def test_takes_the_posture_of_the_highest_trained_value_in_its_situation(move):
    market = pricing(move)
    best = shipped(AS_TRAINED, "value")[MOVES.index(move)].argmax()
    made, _ = ask_once(AS_TRAINED, market, remembering(AS_TRAINED, market, rivals=4.0))
    np.testing.assert_allclose(made.price, asked(market)[best])


@pytest.mark.parametrize("posture", range(4))
def test_what_is_valued_highest_is_asked(posture):
    market = pricing("held")
    memory = remembering(AS_TRAINED, market, **{f"value/{4 + posture}": 9.0})
    made, _ = ask_once(AS_TRAINED, market, memory)
    np.testing.assert_allclose(made.price, asked(market)[posture])


def test_learns_the_rise_of_profit_over_revenue_and_what_follows():
    given = {"learning_rate": 0.5, "discount": 0.8, "spell": 1.0}
    strategy = make("chip_vendor", "q_learning", given)
    _, memory = ask_once(strategy, pricing("held"))
    done = int(memory["posture"][0, 0])
    # 2 more H100e at 6 less a tenth and 2 each, over 1.5 at 6.
    _, after = ask_once(strategy, pricing("cut", sales=3.0), memory)
    before, now = shipped(strategy, "value"), tabled(after, "value", 12).reshape(3, 4, 3, 5)
    rise = 2.0 * (0.9 * 6.0 - COST) / 9.0
    learnt = 0.5 * before[1, done] + 0.5 * (rise + 0.8 * before[0].max())
    np.testing.assert_allclose(now[1, done], learnt)


def test_a_designer_keeps_its_margin_and_no_price_exceeds_the_ceiling():
    made, _ = ask_once(AS_TRAINED, pricing("held", designer=1.0))
    np.testing.assert_allclose(made.price, COST / (1.0 - MARGIN))
    made, _ = ask_once(AS_TRAINED, pricing("held", price_ceiling=2.5))
    assert (made.price <= 2.5).all()
