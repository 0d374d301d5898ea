"""Cadence: a new generation each year, dear when it is new."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    clip,
    param,
    power,
)


@dataclass(frozen=True)
class Cadence(ChipVendorStrategy):
    """Bring a generation at a regular rhythm: dear at launch, cheaper as it ages.

    The price falls evenly, in logs, over the life of a generation and starts again with the next;
    over a whole one it averages to cost plus the gross margin of the base date. Who must be first
    pays more than who can wait. Price stays between unit cost and what makes buyers leave.

    Source: Stokey 1979, "Intertemporal price discrimination", Quarterly Journal of Economics 93;
    Coase 1972, "Durability and monopoly", Journal of Law and Economics 15; the leading vendor,
    which said in 2024 that it had gone over to a one-year rhythm.
    """

    generation: float = param(4.0, "quarters", "from one launch to the next", 1.0, 40.0)
    fall: float = param(
        0.25, "1", "share of its launch price that a generation loses until the next", 0.0, 0.9
    )
    age: float = param(0.0, "quarters", "age of the generation at the base date", 0.0, 40.0)

    def choose(self, sees: ChipVendorView) -> ChipVendorChoice:
        """Price by the age of the generation, at the middle of the quarter."""
        age = np.mod(sees.quarter + self.age, self.generation)
        lived = (age + 0.5) / self.generation
        habit = sees.unit_cost / (1.0 - sees.base_margin)
        price = habit * power(1.0 - self.fall, lived - 0.5)
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4))
