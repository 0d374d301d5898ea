"""Strategies that choose at random: they reach every corner of what firms may choose."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    HyperscalerChoice,
    HyperscalerStrategy,
    LenderChoice,
    LenderStrategy,
    MemoryMakerChoice,
    MemoryMakerStrategy,
)


def share(sees, name, most=1.0):
    """A random share, at times none and at times the most."""
    return np.clip(0.5 + 0.5 * sees.draw(name), 0.0, 1.0) * most


@dataclass(frozen=True)
class WhimsicalHyperscaler(HyperscalerStrategy):
    """Choose anything."""

    def choose(self, sees):
        return HyperscalerChoice(
            capex_rate=share(sees, "capex", 0.5),
            custom_share=share(sees, "custom"),
            debt_share=share(sees, "debt"),
            training_share=share(sees, "training", 0.95),
            withheld=share(sees, "withheld", 0.5),
            payout=share(sees, "payout"),
        )


@dataclass(frozen=True)
class WhimsicalVendor(ChipVendorStrategy):
    """Choose anything around the last price."""

    def choose(self, sees):
        return ChipVendorChoice(
            price=np.clip(sees.price * np.exp(0.1 * sees.draw("price")), 0.1, 100.0),
            priority=np.clip(sees.draw("priority"), -1.0, 1.0),
        )


@dataclass(frozen=True)
class WhimsicalMaker(MemoryMakerStrategy):
    """Choose anything."""

    def choose(self, sees):
        return MemoryMakerChoice(
            expansion=share(sees, "expansion", 0.3), withheld=share(sees, "withheld", 0.9)
        )


@dataclass(frozen=True)
class WhimsicalLender(LenderStrategy):
    """Choose anything; spreads often the same as others'."""

    def choose(self, sees):
        return LenderChoice(
            spread=np.round(share(sees, "spread", 0.04), 2),
            advance_rate=share(sees, "advance"),
            deployed=share(sees, "deployed"),
        )


WHIMS = {
    "hyperscaler": WhimsicalHyperscaler(),
    "chip_vendor": WhimsicalVendor(),
    "memory_maker": WhimsicalMaker(),
    "lender": WhimsicalLender(),
}
