"""The price game: vendors choose postures by the year, buyers divide a given spending.

Spending shares are those of the chips law among vendors that suit all work, at the elasticity of the
calibration. Costs do not move. After ten years the game begins anew, from other shares: of two
vendors one leads, by little or by far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws import chips
from agentsim.laws.numerics import Array, log, ordered_sum, safe_divide
from agentsim.learning.games import Game, Outcome, outcome
from agentsim.learning.race import YEARS
from agentsim.scenario import Scenario
from agentsim.strategy.learning.payoffs import rise
from agentsim.strategy.learning.pricing import (
    MOVES,
    POSTURES,
    STEP,
    move_of,
    prices,
    rivals_price,
)
from agentsim.strategy.learning.rule import Index, at
from agentsim.strategy.learning.spending import SPELL
from agentsim.strategy.markup import best_price

CALIBRATION = "2025Q4"
CEILING = 1.5
"""Price at which buyers turn to their outside option, over the first vendor's habitual one."""
LARGEST = 0.95
"""Share of the leader at the start, at most; at least it is one half."""


@dataclass(frozen=True, eq=False)
class Market:
    """The state of a price game, each `(2, sessions)`."""

    price: Array
    habit: Array
    """Price at which it began."""
    log_moat: Array
    rivals: Array
    """Their price over one's own cost when the spell began."""
    spells: int


class PriceWar(Game):
    """A game of postures between two vendors with unit cost 1.

    against: what each posture brings against each move, for what was forgone.
    """

    firms = 2

    def __init__(self, against: Array | None = None) -> None:
        base = Scenario.load(CALIBRATION)
        self.actions, self.moves, self.situations = len(POSTURES), len(MOVES), len(MOVES)
        self.against = np.zeros((self.actions, self.moves)) if against is None else against
        self.eta = np.array(base["vendor_elasticity"])
        self.own = float(np.asarray(base["nvidia.own_cost_share"]))
        self.cost = 1.0 / (1.0 - self.own)

    def open(self, sessions: int) -> tuple[Market, Index]:
        """Return two equal vendors."""
        market = self._at_shares(np.full(sessions, 0.5))
        return market, np.ones((2, sessions), np.intp)

    def _at_shares(self, leader: Array) -> Market:
        """Return the market in which shares are given and prices are best responses to them."""
        share = np.stack([leader, 1.0 - leader])
        elasticity = 1.0 + self.eta * (1.0 - share)
        price = self.cost * elasticity / (elasticity - 1.0)
        # Moats at prices of one: a ~ m p^eta.
        log_moat = log(share) + self.eta * log(price)
        return Market(price, price, log_moat, self._rivals(price, share), 0)

    def share(self, market: Market, price: Array) -> Array:
        """Return the shares of spending."""
        ones = np.ones_like(price)
        return chips.spending_shares(price, ones, market.log_moat, self.eta, ones)

    def _rivals(self, price: Array, share: Array) -> Array:
        average = 1.0 / ordered_sum(share / price)
        return price * rivals_price(price, share, average)

    def play(self, state: Market, actions: Index, luck: Array) -> tuple[Market, Outcome]:
        """Let both keep their postures for a spell."""
        if state.spells % YEARS == 0:
            state = self._at_shares(0.5 + (LARGEST - 0.5) * luck[0])
        price = state.price
        share = self.share(state, price)
        before, revenue = self._profit(price, share), share
        ceiling = CEILING * state.habit[:1]
        for _ in range(SPELL):
            cost = np.full_like(price, self.cost)
            menu = prices(best_price(price, share, cost, self.eta), state.habit, STEP)
            price = np.maximum(np.minimum(at(menu, actions), ceiling), 1.0)
            share = self.share(state, price)
        rivals = self._rivals(price, share)
        move = move_of(rivals, state.rivals, STEP)
        after = Market(price, state.habit, state.log_moat, rivals, state.spells + 1)
        gained = rise(self._profit(price, share), before, revenue)
        return after, outcome(gained, actions, move, self.against)

    def _profit(self, price: Array, share: Array) -> Array:
        """Return profit of a spending of one, own costs paid."""
        return share * (1.0 - self.own) - safe_divide(share, price, 0.0)
