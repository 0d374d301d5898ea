"""Total demand for AI services: two constant-elasticity pieces under a choke price.

    Q(P) = Q0 min( M (P / (P0 W))^-epsilon , B (P / P0)^-epsilon_s )    for P < P_bar,

perfectly elastic at P_bar, the cost of the same work without AI. Going down the curve from P_bar
a market meets, in this order and each possibly of no length,

    the choke segment   P = P_bar                   elasticity infinite,
    piece 1             adoption M and new uses W   elasticity epsilon,
    piece 2             addressable spending B      elasticity epsilon_s < min(epsilon, 1).

Piece 2 is there because one elasticity over a thousandfold fall in price gives revenue beyond
the economy. Everything is in closed form, piece by piece; the elasticities are rebased so that
all of them meet the same (P0, Q0) when M = W = B = 1.

Units: quantities in M H100e of service, prices in $k per service-unit, hence P Q, surplus and
gross value in $bn. Prices and quantities are (runs,) arrays or scalars.

Inside, u = log(P / P0) and v = log(Q / Q0): both pieces are straight lines in them, so nothing
overflows on the way, and the accuracy near elasticity 1 is that of `expm1`.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.numerics import Array, at_least, exp, expm1, log

Runs = NDArray[np.intp] | slice
Side = Literal["left", "right"]

KINK_WIDTH = 1e-12
"""Points nearer to a kink than this, in log price, stand on it: rounding must not pick a side."""


@dataclass(frozen=True, eq=False)
class Demand:
    """Parameters of total demand, each a scalar or a (runs,) array.

    Logs are taken once, at first use: arrays given here must not be written to afterwards.

    Raises ValueError unless all are positive and finite and epsilon_s < min(epsilon, 1).
    """

    Q0: Array | float
    """Quantity at the base date, M H100e of service."""
    P0: Array | float
    """Price at the base date, $k per service-unit."""
    M: Array | float
    """Adoption, multiplies the quantity of piece 1."""
    W: Array | float
    """Willingness to pay (new uses), multiplies the price of piece 1."""
    B: Array | float
    """Addressable spending over P0 Q0, multiplies the quantity of piece 2."""
    epsilon: Array | float
    """Elasticity of piece 1, the Jevons threshold being 1."""
    epsilon_s: Array | float
    """Elasticity of piece 2, below min(epsilon, 1)."""
    P_bar: Array | float
    """Choke price, $k per service-unit."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = np.asarray(getattr(self, field.name))
            if not ((value > 0.0) & (value < np.inf)).all():
                raise ValueError(f"demand: {field.name} must be positive and finite")
        if not np.all(np.less(self.epsilon_s, np.minimum(self.epsilon, 1.0))):
            raise ValueError("demand: epsilon_s must be below min(epsilon, 1)")

    def take(self, runs: Runs) -> "Demand":
        """The demand of some of the runs only; what is common to all runs stays common."""
        twin = object.__new__(Demand)  # what was checked need not be checked again
        vars(twin).update((f.name, take(getattr(self, f.name), runs)) for f in fields(self))
        return twin

    def moved(self, M: Array, W: Array) -> "Demand":
        """The same demand at other adoption and willingness to pay.

        For every quarter anew, so M and W are taken on trust, and what does not depend on them is
        kept.
        """
        twin = object.__new__(Demand)
        kept = {name: each for name, each in vars(self).items() if name not in MOVING}
        vars(twin).update(kept, M=M, W=W)
        return twin

    # Where things lie in logs relative to the base date.

    @cached_property
    def _log_Q0(self) -> Array:
        return log(self.Q0)

    @cached_property
    def _log_P0(self) -> Array:
        return log(self.P0)

    @cached_property
    def _v1(self) -> Array:
        """Piece 1 at P0: log M + epsilon log W."""
        return log(self.M) + self.epsilon * log(self.W)

    @cached_property
    def _v2(self) -> Array:
        """Piece 2 at P0: log B."""
        return log(self.B)

    @cached_property
    def _u_bar(self) -> Array:
        return log(np.divide(self.P_bar, self.P0))

    @cached_property
    def _v_bar(self) -> Array:
        """The quantity at which the choke segment ends."""
        on_1 = self._v1 - self.epsilon * self._u_bar
        on_2 = self._v2 - self.epsilon_s * self._u_bar
        return np.minimum(on_1, on_2)

    @cached_property
    def _u_kink(self) -> Array:
        """Where piece 2 takes over from piece 1, moved down to the choke price if above it."""
        meeting = (self._v1 - self._v2) / np.subtract(self.epsilon, self.epsilon_s)
        return np.minimum(meeting, self._u_bar)

    @cached_property
    def _v_kink(self) -> Array:
        return self._v2 - self.epsilon_s * self._u_kink

    # Spending over P0 Q0 where a piece begins, for the areas.

    @cached_property
    def _spent_on_1(self) -> Array:
        """At the choke price on piece 1."""
        return exp(self._v1 + (1.0 - self.epsilon) * self._u_bar)

    @cached_property
    def _spent_where_1_begins(self) -> Array:
        """At the end of the choke segment, were it on piece 1."""
        return exp(self._v_bar + (self._v1 - self._v_bar) / self.epsilon)

    @cached_property
    def _spent_at_kink(self) -> Array:
        return exp(self._v_kink + self._u_kink)

    @cached_property
    def _choke_quantity(self) -> Array:
        return np.asarray(self.Q0 * exp(self._v_bar))

    # Exponents of the areas.

    @cached_property
    def _by_price(self) -> tuple[Array, Array]:
        """Of the two pieces over prices."""
        return np.subtract(self.epsilon, 1.0), np.subtract(1.0, self.epsilon_s)

    @cached_property
    def _by_quantity(self) -> tuple[Array, Array]:
        """Of the two pieces over quantities."""
        steep, saturated = self._by_price
        return steep / self.epsilon, saturated / self.epsilon_s


MOVING = frozenset(
    (
        "_v1",
        "_v_bar",
        "_u_kink",
        "_v_kink",
        "_spent_on_1",
        "_spent_where_1_begins",
        "_spent_at_kink",
        "_choke_quantity",
    )
)
"""What follows from M and W."""


def quantity(d: Demand, P: Array | float) -> Array:
    """Quantity demanded at price P, M H100e of service; the inverse of `price` below P_bar.

    At P_bar itself demand takes anything up to `choke_quantity`, which is what is returned;
    above it nothing is bought; at a price of zero it is infinite.
    """
    u = log(np.divide(P, d.P0))
    v = np.minimum(d._v1 - d.epsilon * u, d._v2 - d.epsilon_s * u)
    return np.where(np.greater(P, d.P_bar), 0.0, d.Q0 * exp(v))


def price(d: Demand, Q: Array | float) -> Array:
    """Price at which Q is bought, $k per service-unit: min(P1(Q), P2(Q), P_bar).

    Exactly P_bar on the choke segment, Q = 0 included.
    """
    v = log(np.divide(Q, d.Q0))
    u = np.minimum((d._v1 - v) / d.epsilon, (d._v2 - v) / d.epsilon_s)
    below = d.P0 * exp(np.minimum(u, d._u_bar))
    return np.where(u >= d._u_bar, d.P_bar, np.minimum(below, d.P_bar))


def log_price(d: Demand, log_Q: Array) -> Array:
    """log of the price at log Q; log Q may be -inf."""
    v = log_Q - d._log_Q0
    u = np.minimum((d._v1 - v) / d.epsilon, (d._v2 - v) / d.epsilon_s)
    return np.asarray(d._log_P0 + np.minimum(u, d._u_bar))


def line(d: Demand, steep: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Piece 1, or 2 where `steep`, as log P = intercept - log Q / E: intercept and E."""
    E = np.where(steep, d.epsilon_s, d.epsilon)
    return d._log_P0 + (np.where(steep, d._v2, d._v1) + d._log_Q0) / E, E


def log_kink_quantity(d: Demand) -> Array:
    """log of the quantity at `kink_price`."""
    return np.asarray(d._log_Q0 + d._v_kink)


def elasticity(d: Demand, Q: Array | float, side: Side = "right") -> Array:
    """Elasticity E of total demand at Q: infinite on the choke segment, epsilon, or epsilon_s.

    On a kink (to within KINK_WIDTH) it has two values: `right` is that of the next unit sold,
    `left` that of the last one. E falls along the curve, so left >= right everywhere, and
    marginal revenue jumps down at a kink: a seller rests there whenever
    left value >= cost >= right value.
    """
    v = log(np.divide(Q, d.Q0))
    u1 = (d._v1 - v) / d.epsilon
    u2 = (d._v2 - v) / d.epsilon_s
    width = KINK_WIDTH if side == "left" else -KINK_WIDTH
    on_piece = np.where(u1 < u2 + width, d.epsilon, d.epsilon_s)
    return np.where(np.minimum(u1, u2) + width > d._u_bar, np.inf, on_piece)


def kink_price(d: Demand) -> Array:
    """Price at which piece 2 takes over from piece 1; P_bar if piece 1 lies above it wholly."""
    below: Array = d.P0 * exp(d._u_kink)
    return np.where(d._u_kink >= d._u_bar, d.P_bar, np.minimum(below, d.P_bar))


def choke_quantity(d: Demand) -> Array:
    """D(P_bar), the length of the choke segment, M H100e of service."""
    return d._choke_quantity


def surplus(d: Demand, P: Array | float) -> Array:
    """Consumer surplus at price P, $bn: the area of demand between P and P_bar.

    Between prices a and b a piece of elasticity e holds b D(b) (1 - (a/b)^(1-e)) / (1 - e), or
    b D(b) log(b/a) at e = 1. Zero from P_bar up; finite at P = 0, since epsilon_s < 1.
    """
    u = log(np.divide(P, d.P0))
    steep, saturated = d._by_price
    length_1 = at_least(d._u_bar - np.maximum(u, d._u_kink), 0.0)
    area_1 = d._spent_on_1 * _growth(steep, length_1)
    length_2 = at_least(d._u_kink - u, 0.0)
    area_2 = d._spent_at_kink * _decay(saturated, length_2)
    return np.asarray(d.P0 * d.Q0 * (area_1 + area_2))


def gross_value(d: Demand, Q: Array | float) -> Array:
    """What Q is worth to its buyers, $bn: the area under inverse demand from 0 to Q.

    Worked out over quantities, apart from `surplus`, so that gross value = surplus + P Q is a
    check of both and not a definition.
    """
    v = log(np.divide(Q, d.Q0))
    steep, saturated = d._by_quantity
    choke = d.P_bar * np.minimum(Q, d._choke_quantity)
    length_1 = at_least(np.minimum(v, d._v_kink) - d._v_bar, 0.0)
    area_1 = d._spent_where_1_begins * _growth(steep, length_1)
    length_2 = at_least(v - d._v_kink, 0.0)
    area_2 = d._spent_at_kink * _decay(saturated, length_2)
    return np.asarray(choke + d.P0 * d.Q0 * (area_1 + area_2))


def take(a: Array | float, runs: Runs) -> Array:
    """Some of the runs of a (..., runs); what is common to all runs stays common."""
    a = np.asarray(a)
    if a.ndim == 0 or a.shape[-1] == 1:
        return a
    return a[..., runs] if isinstance(runs, slice) else np.take(a, runs, axis=-1)


def _growth(rate: Array, length: Array) -> Array:
    """Integral of exp(rate t) over t from 0 to length, accurate at and about rate = 0."""
    z = rate * length
    flat = z == 0.0
    return length * np.where(flat, 1.0, expm1(z) / np.where(flat, 1.0, z))


def _decay(rate: Array, length: Array) -> Array:
    """Integral of exp(-rate t) over t from 0 to length, for rate > 0; length may be infinite."""
    return np.asarray(-np.expm1(-rate * length) / rate)
