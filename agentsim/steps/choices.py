"""What the strategies of all firms chose, and the quarter's luck: what the steps work with."""

from __future__ import annotations

from dataclasses import dataclass

from agentsim.laws.numerics import Array

Chosen = dict[str, Array]


@dataclass(frozen=True)
class Choices:
    """What every firm chose, field by field, each `(firms, runs)`."""

    hyperscaler: Chosen
    chip_vendor: Chosen
    memory_maker: Chosen
    lender: Chosen


@dataclass(frozen=True)
class Luck:
    """The quarter's random numbers, standard normal."""

    demand: Array  # (runs,)
    quality: Array  # (hyperscalers, runs)
