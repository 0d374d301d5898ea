"""Shut-down: which capacity is switched off so that no price lies below avoidable cost.

The services market of `agentsim.laws.services`, with each firm's two kinds of capacity used the
cheaper first. Arrays are (firms, runs), or (runs,) for the market's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agentsim.laws.demand import Demand, line, log_kink_quantity, log_price
from agentsim.laws.numerics import Array, at_least, at_most, log, ordered_sum

COST_ROUNDING = 1e-12
"""A price this little below cost, relatively, covers it: rounding must not shut a firm down."""

NOTHING = 1e-280
"""Less service than this is none; what lies below would lose its digits to underflow."""

TINY = float(np.finfo(np.float64).tiny)
NOWHERE = -1e18  # before any corner; finite, as corners may lie at -inf

NEWTON_STEPS = 12
"""To the last digit it takes 5 for sigma/E up to 20, and 11 at 20,000 (sigma 200, E 0.01)."""


class Stack(NamedTuple):
    """Capacities in the order in which firms use them, with their costs, cost_1 <= cost_2."""

    first: Array
    cost_1: Array
    second: Array
    cost_2: Array


def switch_off(stack: Stack, log_theta: Array, sigma: Array, demand: Demand) -> tuple[Array, Array]:
    """What each firm uses of its first and its second kind, (firms, runs), costs considered.

    The unknown is a = log P + log Q / sigma. It is all that a firm sees of the market: its price
    is exp(a) theta x^(-1/sigma), so what it supplies rises in a and does not depend on where
    total demand stands. With Q(a) the aggregate of these supplies the market clears where

        log P(Q(a)) + log Q(a) / sigma - a = 0,

    whose left side falls in a. A firm's supply has three corners: its first kind is in full use,
    its second is switched on, its second is in full use. The corners of all firms are sorted and
    halved until two neighbours hold the solution between them. There it is known who stands at
    cost and who at capacity, and `_between_corners` has the rest. The number of steps depends on
    the number of firms alone, so a run's result does not depend on its neighbours.
    """
    supply = _Supply(stack, log_theta, sigma)
    start, end = _neighbours(supply, sigma, demand)
    at_cost = supply.at_cost(start, end)
    at_end = supply.terms(end)
    priced, fixed = ordered_sum(at_end * at_cost), ordered_sum(at_end * np.logical_not(at_cost))
    a = _between_corners(log(fixed), log(priced), end, sigma, demand)
    return supply.used(np.minimum(np.maximum(a, start), end))


class _Supply:
    """What each firm supplies at a, and where the corners of that are."""

    def __init__(self, stack: Stack, log_theta: Array, sigma: Array) -> None:
        self.stack = stack
        self.sigma = sigma
        first, cost_1, second, cost_2 = stack
        has = first > 0.0
        log_first, log_all = log(np.where(has, first, 1.0)), log(np.where(has, first + second, 1.0))
        # Corners of what costs nothing or is not there lie at -inf.
        self.full_1 = log_first / sigma + log(np.where(has, cost_1, 0.0)) - log_theta
        switched_on = log_first / sigma + log(cost_2) - log_theta
        self.on_2 = np.where(second > 0.0, switched_on, self.full_1)
        self.rise_2 = (log_all - log_first) / sigma
        self.full_2 = self.on_2 + self.rise_2
        r = np.asarray(1.0 - 1.0 / sigma)
        self.log_term_1 = np.where(has, log_theta + r * log_first, -np.inf)

    def use(self, a: Array) -> tuple[Array, Array]:
        """log of the first kind's use less log first; and how far the second is on, over sigma."""
        below = a - self.full_1
        at_most(below, 0.0, out=below)
        above = a - self.on_2
        at_least(above, 0.0, out=above)
        np.minimum(above, self.rise_2, out=above)
        return below, above

    def terms(self, a: Array) -> Array:
        """theta x^r at a."""
        below, above = self.use(a)
        below += above
        below *= self.sigma - 1.0
        below += self.log_term_1
        return np.asarray(np.exp(below, out=below))

    def at_cost(self, start: Array, end: Array) -> Array:
        """Whether a firm stands at cost between two neighbouring corners, and not at capacity."""
        on_1 = self.full_1 >= end
        return np.asarray(on_1 | ((self.on_2 <= start) & (self.full_2 >= end)))

    def used(self, a: Array) -> tuple[Array, Array]:
        """What is used of the first and of the second kind, M H100e."""
        first, _, second, _ = self.stack
        below, above = self.use(a)
        used_1 = first * np.exp(self.sigma * below)
        more = np.minimum(first * np.expm1(self.sigma * above), second)
        used_2 = np.where(above < self.rise_2, more, second)
        sells = used_1 >= NOTHING
        return np.where(sells, used_1, 0.0), np.where(sells, used_2, 0.0)


def _neighbours(supply: _Supply, sigma: Array, demand: Demand) -> tuple[Array, Array]:
    """The corners before and behind the solution, (runs,), NOWHERE where none is before it.

    The last corner is finite, for some firm has a cost, and beyond the solution, for at full
    capacity some price is under its cost. It stands in for the corners at -inf.
    """
    corners = np.concatenate([supply.full_1, supply.on_2, supply.full_2])
    corners = np.where(corners == -np.inf, corners.max(axis=0), corners)
    corners.sort(axis=0)
    before, behind = np.full(corners.shape[1], -1), np.full(corners.shape[1], len(corners) - 1)
    for _ in range((len(corners) - 1).bit_length()):
        # A search that is over, and found no corner before, tries the first once more.
        middle = np.maximum((before + behind) // 2, 0)
        a = np.take_along_axis(corners, middle[None], axis=0)[0]
        log_S = np.log(np.maximum(ordered_sum(supply.terms(a)), TINY))
        up = _shifter(log_S, sigma, demand) - a >= -COST_ROUNDING
        before, behind = np.where(up, middle, before), np.where(up, behind, middle)
    start = np.take_along_axis(corners, np.maximum(before, 0)[None], axis=0)[0]
    start = np.where(before < 0, NOWHERE, start)
    return start, np.take_along_axis(corners, behind[None], axis=0)[0]


def _between_corners(log_F: Array, log_K: Array, end: Array, sigma: Array, demand: Demand) -> Array:
    """The solution a, (runs,), while the same firms stand at cost.

    With S = sum theta x^r = Q^r, S = F + K exp((sigma-1)(a - end)), F from firms at capacity and
    K, at a = end, from firms at cost. On a piece of demand a is linear in log S, so that with
    s = log S and t = sigma/E

        F exp(-s) + K' exp(-t s) = 1,

    whose logarithm is convex and falls, so that Newton, after its first step at the latest, comes
    from the left and never overshoots. On the choke segment t = 0, and the solution is closed. It
    is minus infinity, nothing being made, where there is no F and K' < 1: the aggregate costs
    more than P_bar.
    """
    # Demand is the least of its pieces. Which of the two it is at the solution shows at the kink;
    # in case of doubt piece 2, since piece 1 may lie above the choke price wholly.
    log_S_kink = log_kink_quantity(demand) * (1.0 - 1.0 / sigma)
    at_kink = log_K + (sigma - 1.0) * (_shifter(log_S_kink, sigma, demand) - end)
    beyond_kink = np.logaddexp(log_F, at_kink) >= log_S_kink - COST_ROUNDING
    intercept, E = line(demand, beyond_kink)
    log_K_here = log_K + (sigma - 1.0) * (intercept - end)
    t = sigma / E
    with np.errstate(invalid="ignore", over="ignore"):
        # To begin with, the larger of the terms alone, and about what the other adds to it.
        by_F = log_F >= log_K_here / t
        s = np.where(by_F, log_F, log_K_here / t)
        other = np.where(by_F, log_K_here - t * log_F, log_F - log_K_here / t)
        weight = np.where(by_F, t, 1.0 / t)
    s += np.log1p(weight * np.exp(other)) / np.where(by_F, t, 1.0)
    for _ in range(NEWTON_STEPS):
        from_F, from_K = np.exp(log_F - s), np.exp(log_K_here - t * s)
        total = from_F + from_K
        s += np.log(total) * total / (from_F + t * from_K)

    log_K_bar = log_K + (sigma - 1.0) * (log(demand.P_bar) - end)
    on_choke = log_K_bar < -COST_ROUNDING
    s_choke = log_F - np.log(-np.expm1(np.where(on_choke, log_K_bar, -1.0)))
    s = np.where(on_choke, np.minimum(s, s_choke), s)
    # Back to a: by supply, if firms at cost weigh in it; by demand the error would be sigma/E as
    # large for them.
    with np.errstate(invalid="ignore"):
        share_K = -np.expm1(log_F - s)
        from_supply = end + (s + np.log(np.maximum(share_K, 0.01)) - log_K) / (sigma - 1.0)
    return np.where(share_K > 0.01, from_supply, _shifter(s, sigma, demand))


def _shifter(log_S: Array, sigma: Array, demand: Demand) -> Array:
    """log P + log Q / sigma where total demand takes the Q of S = sum theta x^r."""
    log_Q = log_S * (sigma / (sigma - 1.0))
    return np.asarray(log_price(demand, log_Q) + log_Q / sigma)
