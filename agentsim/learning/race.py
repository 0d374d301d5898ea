"""The race: firms choose postures by the year, and capacity follows, on the services law.

The market is that of `agentsim.learning.quantity`: n firms, no growth, no luck. A posture is kept
for four quarters; in each a firm orders chips by it, as far as its means go. After ten years the
race begins anew, from other capacities: markets are not played for ever, and what matters is not
only where postures lead but how they move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws import services
from agentsim.laws.demand import elasticity
from agentsim.laws.numerics import Array, clip, exp, log, ordered_sum
from agentsim.learning.games import Game, Outcome, outcome
from agentsim.learning.quantity import QuantityMarket
from agentsim.strategy.learning.payoffs import rise
from agentsim.strategy.learning.rule import Index, at
from agentsim.strategy.learning.spending import (
    MOVES,
    POSTURES,
    SPELL,
    STEP,
    move_of,
    rates,
)
from agentsim.strategy.marginal_q import MarginalQ, marginal_q, orders
from agentsim.strategy.params import declared

YEARS = 10
"""Spells after which a race begins anew."""
TOGETHER, APART = 0.7, 0.3
"""Log capacities at the start lie this far around Nash: that of the first firm, in which all
share, and those of the others relative to it."""
FASTEST = 0.2
"""Capex rate above wear, at most, from which a race begins."""
MEANS = 2.0
"""What a firm can spend on chips besides its AI revenue, over AI revenue at Nash."""


@dataclass(frozen=True, eq=False)
class Racing:
    """The state of a race, each `(firms, sessions)`."""

    capacity: Array
    rate: Array
    spells: int


class Race(Game):
    """A game of postures. `against` is what each brings against each move: what it would have."""

    def __init__(self, market: QuantityMarket, against: Array | None = None) -> None:
        self.market, self.firms = market, market.firms
        self.actions, self.moves, self.situations = len(POSTURES), len(MOVES), len(MOVES)
        self.against = np.zeros((self.actions, self.moves)) if against is None else against
        self.phi = declared(MarginalQ)["phi"].default
        self.price = market.price
        self.nash = market.each(market.nash_price)
        self.means = MEANS * market.nash_price * self.nash

    def open(self, sessions: int) -> tuple[Racing, Index]:
        """Return firms at Nash that replace what wears out."""
        capacity = np.full((self.firms, sessions), self.nash)
        state = Racing(capacity, np.full_like(capacity, self.market.wear), 0)
        return state, self._seen(state)

    def play(self, state: Racing, actions: Index, luck: Array) -> tuple[Racing, Outcome]:
        """Let all keep their postures for a spell."""
        if state.spells % YEARS == 0:
            state = self._lined_up(luck)
        before, revenue, _ = self._quarter(state.capacity)
        rate, capacity = state.rate, state.capacity
        for _ in range(SPELL):
            _, earned, worth = self._quarter(capacity)
            menu = rates(
                np.full_like(worth, self.market.wear), worth, _rivals(rate, capacity), STEP
            )
            most = (earned + self.means) / (capacity * self.price)
            rate = np.minimum(at(menu, actions), most)
            capacity = capacity * (1.0 - self.market.wear + rate)
        after = Racing(capacity, rate, state.spells + 1)
        gained = rise(self._quarter(capacity)[0], before, revenue)
        return after, outcome(gained, actions, self._seen(after), self.against)

    def _lined_up(self, luck: Array) -> Racing:
        """Return the start of a race: the larger the firm, the slower it spends."""
        spread = 2.0 * luck - 1.0
        apart = APART * spread
        apart[0] = 0.0
        capacity = self.nash * exp(TOGETHER * spread[0] + apart)
        return Racing(capacity, self.market.wear + FASTEST * (1.0 - luck), 0)

    def _quarter(self, capacity: Array) -> tuple[Array, Array, Array]:
        """Return economic profit, revenue, and the capex rate that marginal q bears out."""
        m = self.market
        theta = services.weights(np.ones_like(capacity), m.sigma)
        sold = services.sell(capacity, log(theta), m.sigma, m.demand)
        E = elasticity(m.demand, sold.Q)
        value = services.marginal_revenue(sold.p_h, sold.s_h, m.sigma, E)
        q = marginal_q(value, np.full_like(value, m.cost))
        wanted = orders(q, m.wear * capacity, capacity, self.phi)
        return sold.revenue_h - m.cost * capacity, sold.revenue_h, clip(wanted / capacity, 0.0, 2.0)

    def _seen(self, state: Racing) -> Index:
        worth = self._quarter(state.capacity)[2]
        return move_of(_rivals(state.rate, state.capacity), worth, STEP)


def _rivals(rate: Array, capacity: Array) -> Array:
    """Return rivals' orders over rivals' capacity."""
    spent = rate * capacity
    return (ordered_sum(spent) - spent) / (ordered_sum(capacity) - capacity)
