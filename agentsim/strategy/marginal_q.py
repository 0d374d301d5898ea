"""Investment by marginal q, the machinery that several strategies share.

The value of one more H100e of a kind, per quarter, is what it brings when it serves and when it
trains, less electricity and upkeep:

    V = (1 - tau) fit value + tau training_fit training_value - running cost,

tau the training share; fits are 1 for a merchant chip, f and v f for a custom one. If the value is
expected to grow at g for eight quarters and then stand still, its present value is G(g) times
that of a flat one, and q = V G / user cost. A firm replaces wear, and adds or cuts phi log q of
its committed fleet (delivered and on order: with the delivered alone it would order twice).

Sources: Jorgenson 1963, "Capital theory and investment behavior", American Economic Review 53
(user cost); Tobin 1969, "A general equilibrium approach to monetary theory", Journal of Money,
Credit and Banking 1 (q); Hayashi 1982, "Tobin's marginal q and average q: a neoclassical
interpretation", Econometrica 50 (marginal q under adjustment costs); Cagan 1956, "The monetary
dynamics of hyperinflation", in Friedman (ed.), Studies in the Quantity Theory of Money (adaptive
expectations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array, at_least, at_most, clip, log, power, safe_divide
from agentsim.strategy.base import HyperscalerStrategy, Memory
from agentsim.strategy.choices import HyperscalerChoice
from agentsim.strategy.params import param
from agentsim.strategy.views import HyperscalerView

GROWTH_BOUND = 0.1
"""Growth a quarter that nobody believes to be exceeded, up or down."""

MOST = 2.0
"""Upper bound of the capex rate."""

LEAST, LARGEST = 1e-9, 1e9
"""User costs, $k, and q below the one and values above the other count as that. A firm without
capacity may see an infinite price."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What marginal q suggests, each `(firms, runs)`, and what to remember."""

    capex_rate: Array
    custom_share: Array
    training_share: Array
    memory: Memory

    def choice(self) -> HyperscalerChoice:
        """Return the plan as a choice, the rest as the market would have it."""
        return HyperscalerChoice(self.capex_rate, self.custom_share, None, self.training_share)


@dataclass(frozen=True)
class MarginalQ(HyperscalerStrategy):
    """Base of strategies that invest by marginal q; they may say what one more service is worth."""

    phi: float = param(0.3, "1/quarter", "growth of the committed fleet per log q", 0.0, 5.0)
    belief: float = param(
        0.0, "1/quarter", "growth of the value of services expected at the start", -0.1, 0.1
    )
    adaptation: float = param(
        0.25, "1/quarter", "share of its error that the belief corrects; 0 never learns", 0.0, 1.0
    )
    foothold: float = param(
        0.05, "1", "a kind of chip adjusts as if it were at least this share of the fleet", 0.0, 1.0
    )
    reallocation: float = param(
        0.1, "1", "how fast the fleet moves to the use that pays more; 0 keeps it", 0.0, 1.0
    )
    training_step: float = param(
        0.1, "1/quarter", "largest relative change of the training share", 0.0, 1.0
    )

    def serving_value(self, sees: HyperscalerView) -> Array:
        """Return what one merchant H100e that serves is held to be worth, $k a quarter.

        That is what it adds to the firm's own revenue, unless a strategy says otherwise.
        """
        return sees.own_marginal_revenue

    def remember(self) -> Memory:
        """Return the belief about growth, and last quarter's value of service: none yet."""
        return {"belief": self.belief, "value": 0.0}

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Follow the plan."""
        plan = self.plan(sees)
        return plan.choice(), plan.memory

    def plan(self, sees: HyperscalerView) -> Plan:
        """Return what marginal q suggests for the firms asked."""
        value = self.serving_value(sees)
        belief = adapted(sees.memory["belief"], value, sees.memory["value"], self.adaptation)
        factor = growth_factor(belief, (1.0 - sees.wear) / (1.0 + sees.required_return))

        serving = (1.0 - sees.training_share) * value
        training = sees.training_share * sees.training_value
        merchant_value = serving + training - sees.merchant_running_cost
        custom_value = (
            sees.custom_fit * (serving + sees.codesign * training) - sees.custom_running_cost
        )
        merchant_q = marginal_q(merchant_value * factor, sees.merchant_user_cost)
        custom_q = marginal_q(custom_value * factor, sees.custom_user_cost)

        merchant, custom = sees.merchant_committed, sees.custom_committed
        foothold = self.foothold * (merchant + custom)
        merchant_orders = orders(
            merchant_q, sees.wear * merchant, np.maximum(merchant, foothold), self.phi
        )
        custom_orders = orders(custom_q, sees.wear * custom, np.maximum(custom, foothold), self.phi)
        custom_orders = custom_orders * sees.custom_program

        merchant_spend = merchant_orders * (sees.merchant_price + sees.system_cost)
        custom_spend = custom_orders * (sees.custom_price + sees.system_cost)
        spend = merchant_spend + custom_spend
        return Plan(
            capex_rate=clip(safe_divide(spend, sees.fleet_value, 0.0), 0.0, MOST),
            custom_share=clip(safe_divide(custom_spend, spend, sees.custom_share), 0.0, 1.0),
            training_share=reallocated(
                sees.training_share,
                sees.training_value,
                value,
                self.reallocation,
                self.training_step,
            ),
            memory={"belief": belief, "value": value},
        )


def adapted(belief: Array, value: Array, before: Array, adaptation: Array | float) -> Array:
    """Return the belief about growth a quarter after seeing a value, and the one before.

    Where either is not positive and finite there is nothing to learn and the belief stays.
    """
    growth = safe_divide(value, before, 1.0) - 1.0
    least, most = np.minimum(value, before), np.maximum(value, before)
    seen = (least > 0.0) & (most < np.inf)
    if not seen.all():
        growth = np.where(seen, growth, belief)
    return clip(belief + adaptation * (growth - belief), -GROWTH_BOUND, GROWTH_BOUND)


def growth_factor(growth: Array, survival: Array) -> Array:
    """Return the present value of a flow that grows for eight quarters, over that of a flat one.

    `survival` is (1 - wear) / (1 + return), what a quarter leaves of a flow's present value. A
    step up in quarter k, by g (1+g)^(k-1), lasts and is worth survival^k of a flow from now, so
    G = 1 + g survival (1 + x + ... + x^7), x = survival (1 + g): exactly 1 without growth. The
    eight terms are (1 + x)(1 + x^2)(1 + x^4).
    """
    x = survival * (1.0 + growth)
    x2 = x * x
    terms = (1.0 + x) * (1.0 + x2) * (1.0 + x2 * x2)
    return 1.0 + growth * survival * terms


def marginal_q(value: Array, user_cost: Array) -> Array:
    """Return value over user cost, zero where the value is not positive."""
    return clip(value, 0.0, LARGEST) / at_least(user_cost, LEAST)


def orders(q: Array, wear: Array, base: Array, phi: Array | float) -> Array:
    """Return H100e to order, M: wear and phi log q of the base, none at q = 0, never negative."""
    wanted = at_least(wear + phi * log(at_least(q, LEAST)) * base, 0.0)
    positive = q > 0.0
    return wanted if positive.all() else np.where(positive, wanted, 0.0)


def reallocated(
    share: Array,
    training_value: Array,
    serving_value: Array,
    speed: Array | float,
    most: Array | float,
) -> Array:
    """Return the training share after a small step towards equal value of the two uses.

    The share is multiplied by (training value / serving value)^speed, by 1 + `most` at most. Where
    service is worth nothing there is nothing to compare with and the share stays.
    """
    ratio = safe_divide(at_least(training_value, 0.0), at_most(serving_value, LARGEST), 1.0)
    step = clip(power(at_least(ratio, 0.0), speed), 1.0 - most, 1.0 + most)
    moved, positive = share * step, serving_value > 0.0
    return clip(moved if positive.all() else np.where(positive, moved, share), 0.0, 0.95)
