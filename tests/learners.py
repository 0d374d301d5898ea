"""Markets in which a learner's situation is known, and what it does in them quarter by quarter."""

import numpy as np
from fakes import FakeMarket

from agentsim.strategy.base import BASES
from agentsim.strategy.groups import ask, initial_memory
from agentsim.strategy.learning.tables import AGAINST, table
from agentsim.strategy.registry import make

WORTH, WEAR, STEP = 0.25, 0.15, 0.05
RIVALS = {"below": 0.1, "near": 0.26, "above": 0.4}


def spending(move, runs=5, quarter=3, firms=3, **given):
    """A market in which marginal q bears out a capex rate of 0.25, and rivals make a move."""
    same = {
        "wear": WEAR,
        "training_share": 0.0,
        "own_marginal_revenue": 1.0 + 2.0 * np.exp(1.0 / 3.0),
        "merchant_running_cost": 1.0,
        "merchant_user_cost": 2.0,
        "custom_program": 0.0,
        "custom_committed": 0.0,
        "merchant_committed": 1.0,
        "merchant_price": 6.0,
        "system_cost": 4.0,
        "fleet_value": 10.0,
        "rivals_capex_rate": RIVALS[move],
        "merchant_fleet": 1.0,
        "custom_fleet": 0.0,
        "revenue": 8.0,
    }
    view = BASES["hyperscaler"].view
    return FakeMarket(view, firms, runs, quarter=quarter, **(same | given))


def spent(move):
    """The capex rate of each posture there: restrain, best response, match, escalate."""
    return np.array([WEAR, WORTH, RIVALS[move], RIVALS[move] + STEP])


OVER_COST = {"cut": 3.2, "held": 4.0, "raised": 5.0}
SHARE, COST, ETA, OWN, MARGIN = 0.75, 2.0, 6.0, 0.1, 0.7


def pricing(rivals, runs=5, quarter=3, firms=3, **given):
    """A market in which rivals' price over unit cost is given; it was 4 at first."""
    price, others = 6.0, OVER_COST[rivals] * COST
    same = {
        "price": price,
        "share": SHARE,
        "unit_cost": COST,
        "own_cost_share": OWN,
        "vendor_elasticity": ETA,
        "base_margin": MARGIN,
        "designer": 0.0,
        "price_ceiling": 1e3,
        "merchant_price": 1.0 / (SHARE / price + (1.0 - SHARE) / others),
        "sales": 1.0,
        "other_sales": 0.5,
    }
    view = BASES["chip_vendor"].view
    return FakeMarket(view, firms, runs, quarter=quarter, **(same | given))


def asked(market):
    """The price of each posture there: undercut, best response, hold, raise."""
    best = ask_once(make("chip_vendor", "best_response"), market)[0].price[0, 0]
    return np.array([0.9 * best, best, COST / (1.0 - MARGIN), 1.1 * best])


def ask_once(strategy, market, memory=None):
    return ask(strategy, market.look(strategy, memory=memory))


def remembering(strategy, market, **numbers):
    """The memory of the start, with some numbers in other places."""
    memory = dict(initial_memory(strategy, market.firms, market.runs))
    for name, value in numbers.items():
        memory[name] = np.full((market.firms, market.runs), float(value))
    return memory


def tabled(memory, name, size):
    """A table out of a memory, `(size, firms, runs)`."""
    return np.stack([memory[f"{name}/{place}"] for place in range(size)])


def shipped(strategy, name):
    return table(strategy.role, strategy.rule_name, name, strategy.tables()[name])


def stage(strategy):
    return table(strategy.role, AGAINST, "payoff", (strategy.postures, strategy.moves))


def within_chance(counts, probabilities):
    """Whether counts are within four standard errors of what probabilities say."""
    total = counts.sum()
    error = np.sqrt(np.maximum(probabilities * (1.0 - probabilities) * total, 1.0))
    return bool((np.abs(counts - probabilities * total) < 4.0 * error).all())
