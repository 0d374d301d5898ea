"""The stationary quantity game: firms choose capacity, and the services law sells what it makes.

On the calibration `theory` nothing moves, a chip costs its user cost c a quarter, and with n equal
firms the outcomes are closed forms, as 1/eta = (1 - 1/n)/sigma + 1/(n epsilon) is the inverse of
the elasticity that each of them faces:

    Nash         P = c / (1 - 1/eta)        joint profit   P = c / (1 - 1/epsilon)
    relative     P = c / (1 - 1/sigma)      competitive    P = c

The relative outcome is where nobody gets ahead of the others by selling more or less (Schaffer 1989,
"Are profit-maximisers the best survivors?", Journal of Economic Behavior and Organization 12): the one
to which imitation of the best leads. It nears the competitive one as products become the same.

The collusion index is (profit - Nash profit) / (joint profit - Nash profit), as in Calvano,
Calzolari, Denicolò & Pastorello 2020, "Artificial intelligence, algorithmic pricing, and
collusion", American Economic Review 110: 0 at Nash, 1 where firms earn the most together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.laws import books, services
from agentsim.laws.demand import Demand, quantity
from agentsim.laws.numerics import Array
from agentsim.learning.games import MatrixGame
from agentsim.scenario import Scenario

EVERYTHING = 1e6
"""Choke price over cost, and addressable spending: so far off that neither is met."""


@dataclass(frozen=True)
class QuantityMarket:
    """n equal firms on the services law, without growth, luck, training or lags."""

    firms: int
    epsilon: float
    """Elasticity of demand, above 1: otherwise less always earns more."""
    sigma: float
    """Elasticity of substitution."""
    cost: float
    """User cost of an H100e, $k a quarter."""
    wear: float
    """Share of the H100e that wear out in a quarter."""
    price: float
    """Price of an H100e, $k."""

    def __post_init__(self) -> None:
        """Refuse a market without a joint-profit outcome."""
        if not self.epsilon > 1.0:
            raise AgentsimError(f"epsilon = {self.epsilon:g} must be above 1")

    @classmethod
    def theory(cls, firms: int) -> QuantityMarket:
        """Return the market of the calibration `theory`."""
        base = Scenario.load("theory")
        wear = books.wear_rate(np.array(base["economic_life"]))
        price = base["vendor.price"]
        cost = price * (base["required_return_per_year"] / 4 + wear)
        epsilon, sigma = float(base["demand_elasticity"]), float(base["substitution"])
        return cls(firms, epsilon, sigma, float(cost), float(wear), float(price))

    @cached_property
    def demand(self) -> Demand:
        """Demand, in units in which every firm sells 1 at a price of cost."""
        return Demand(
            self.firms, self.cost, 1.0, 1.0, EVERYTHING, self.epsilon, 0.5, EVERYTHING * self.cost
        )

    @property
    def nash_price(self) -> float:
        """Price of quantity competition."""
        share = 1.0 / self.firms
        return self.cost / (1.0 - (1.0 - share) / self.sigma - share / self.epsilon)

    @property
    def imitation_price(self) -> float:
        """Price at which nobody gets ahead of the others."""
        return self.cost / (1.0 - 1.0 / self.sigma)

    @property
    def joint_price(self) -> float:
        """Price at which firms together earn the most."""
        return self.cost / (1.0 - 1.0 / self.epsilon)

    def each(self, price: float) -> float:
        """Return the quantity of each firm at a price common to all."""
        return float(quantity(self.demand, price)) / self.firms

    def profit(self, x: Array) -> Array:
        """Return profits, $bn a quarter, from services `x`, both `(firms, ...)`."""
        flat = np.ascontiguousarray(x.reshape(self.firms, -1))
        theta = services.weights(np.ones_like(flat), self.sigma)
        sold = services.sell(flat, np.log(theta), self.sigma, self.demand)
        return np.asarray(sold.revenue_h - self.cost * flat).reshape(x.shape)

    def profit_at(self, price: float) -> float:
        """Return the profit of each firm at a price common to all."""
        return (price - self.cost) * self.each(price)

    def index(self, profit: Array) -> Array:
        """Return the collusion index of mean profits, the firms on the first axis."""
        nash, joint = self.profit_at(self.nash_price), self.profit_at(self.joint_price)
        return np.asarray((profit.mean(axis=0) - nash) / (joint - nash))

    def grid(self, between: int = 5, up_to: float | None = None) -> Array:
        """Return quantities to choose from: `between` steps from joint profit to Nash.

        There is one more below and one above; or, up to a price, as many as are needed.
        """
        low, high = self.each(self.joint_price), self.each(self.nash_price)
        step = (high - low) / between
        top = high if up_to is None else self.each(up_to)
        steps = np.arange(-1.0, between + 2 + round((top - high) / step))
        return np.asarray(low + step * steps)


def quantity_game(market: QuantityMarket, grid: Array, memory: bool = False) -> MatrixGame:
    """Return the game in which every firm chooses a quantity from the grid.

    Payoffs are profits over joint profit, so that they are near one.
    """
    profiles = np.array(list(product(grid, repeat=market.firms))).T
    payoffs = market.profit(profiles) / market.profit_at(market.joint_price)
    return MatrixGame(payoffs.reshape(-1, *[len(grid)] * market.firms), memory)
