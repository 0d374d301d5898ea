"""Seating: which firm does what in a profile, where players of a role are interchangeable.

A profile says how many of a role follow what, not who. A seating tells them off: the strategies of a
profile, in order, go to the firms from the seating's number on, round and round, so that over as many
seatings as there are firms each of them takes every place once. Payoffs are means over seatings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.games.profiles import Counts, Layout


@dataclass(frozen=True)
class Seating:
    """Who does what in a profile."""

    chosen: tuple[int, ...]
    """The strategy of every player, role by role, numbered within its role."""
    weight: float
    """What share of all seatings are this one: some are the same lineup."""


def seatings(counts: Counts, layout: Layout, count: int) -> list[Seating]:
    """Return the seatings of a profile `(columns,)` that differ, of `count` asked for."""
    lines = [
        np.repeat(np.arange(width), counts[layout.slice(role)])
        for role, width in enumerate(layout.widths)
    ]
    told: dict[tuple[int, ...], int] = {}
    for seat in range(count):
        chosen = tuple(int(each) for line in lines for each in np.roll(line, seat % len(line)))
        told[chosen] = told.get(chosen, 0) + 1
    return [Seating(chosen, times / count) for chosen, times in told.items()]
