"""Supports: which strategies may be played together in a mixed equilibrium, and which may not.

A strategy is conditionally dominated in a support if another of its role never does worse, and somewhere
better, whatever the others do within the support. A mixture that plays all of the support meets all of it,
so the other strategy gains: no equilibrium has this support. That is told for all supports at once.

Source: Porter, Nudelman and Shoham (2008), Simple search methods for finding a Nash equilibrium, Games
and Economic Behavior 63.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from agentsim.games.polynomials import Polynomials, inside
from agentsim.games.profiles import Layout
from agentsim.laws.numerics import Array

Flags = NDArray[np.bool_]

MOST = 70_000
"""Supports that are gone through: all of 4 players of 4 strategies, only the small ones of more."""

TIE = 1e-12
"""Difference of payoffs, in units of their reach, that is taken for rounding."""


@dataclass(frozen=True)
class Supports:
    """The supports that mixed equilibria may have."""

    masks: Flags
    """`(supports, columns)`, small ones first."""
    all_looked_at: bool
    """Whether no support was left out for its size."""
    none_unlikely: bool
    """Whether none was left out because only ties let it have an equilibrium."""


def mixed_supports(game: Polynomials, most: int = MOST) -> Supports:
    """Return the supports, of two strategies of some role at least, that mixed equilibria may have."""
    layout = game.layout
    largest = _largest(layout, most)
    subsets = [_subsets(m, largest) for m in layout.widths]
    alive = np.ones([len(each) for each in subsets], bool)
    for role, payoffs in enumerate(game.earned):
        holds = inside(layout, role, subsets)
        for own in range(layout.widths[role]):
            played = np.expand_dims(subsets[role][:, own], _axes(len(subsets), role))
            for other in range(layout.widths[role]):
                if other != own:
                    gain = payoffs[..., other] - payoffs[..., own]
                    alive &= ~(played & _dominates(gain, holds))
    picked = np.argwhere(alive)
    masks = np.hstack([each[picked[:, q]] for q, each in enumerate(subsets)])
    sizes = np.stack([each.sum(axis=1)[picked[:, q]] for q, each in enumerate(subsets)], axis=1)
    mixed = (sizes > 1).any(axis=1)
    likely = _as_many_unknowns(sizes, layout)
    keep = mixed & likely
    order = np.argsort(sizes[keep].sum(axis=1), kind="stable")
    return Supports(
        masks[keep][order], largest == max(layout.widths), not bool((mixed & ~likely).any())
    )


def _as_many_unknowns(sizes: NDArray[np.int64], layout: Layout) -> Flags:
    """Say which supports do not ask more of the others' mixtures than these have unknowns.

    A role that mixes over k strategies must find k - 1 differences of payoffs to be zero.
    """
    free = sizes - 1
    unknowns = free.sum(axis=1, keepdims=True) - np.where(np.array(layout.sizes) == 1, free, 0)
    found: Flags = (free <= unknowns).all(axis=1)
    return found


def _dominates(gain: Array, holds: list[Flags]) -> Flags:
    """Say in which supports a gain is nowhere below zero and somewhere above, `(subsets, ...)`."""
    return ~_somewhere(gain < -TIE, holds) & _somewhere(gain > TIE, holds)


def _somewhere(flags: Flags, holds: list[Flags]) -> Flags:
    """Say in which supports a flag is set for something that may be met there."""
    count = flags.astype(np.float32)
    for each in holds:  # each takes the first axis away and puts the subsets last
        count = np.tensordot(count, each.astype(np.float32), axes=(0, 1))
    found: Flags = count > 0.0
    return found


def _largest(layout: Layout, most: int) -> int:
    """Return up to how many strategies of a role supports may have, not to be too many."""
    size = max(layout.widths)
    while size > 1 and prod(_count(m, size) for m in layout.widths) > most:
        size -= 1
    return size


def _count(strategies: int, largest: int) -> int:
    return sum(comb(strategies, k) for k in range(1, min(strategies, largest) + 1))


def _subsets(strategies: int, largest: int) -> Flags:
    """Return all subsets up to a size, but the empty one, `(subsets, strategies)`."""
    rows = [
        [at in chosen for at in range(strategies)]
        for k in range(1, min(strategies, largest) + 1)
        for chosen in combinations(range(strategies), k)
    ]
    return np.array(rows, bool)


def _axes(count: int, but: int) -> tuple[int, ...]:
    return tuple(at for at in range(count) if at != but)
