"""Hold margin: cost plus a habitual margin."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import ChipVendorChoice, ChipVendorStrategy, ChipVendorView, clip, param


@dataclass(frozen=True)
class HoldMargin(ChipVendorStrategy):
    """Pass cost on at the gross margin of the base date, up to the price at which buyers leave.

    Never below unit cost.

    Source: Hall & Hitch 1939, "Price theory and business behaviour", Oxford Economic Papers 2.
    """

    margin_change: float = param(0.0, "1", "gross margin above that of the base date", -0.9, 0.9)

    def choose(self, sees: ChipVendorView) -> ChipVendorChoice:
        """Price at cost over one less the margin."""
        margin = clip(sees.base_margin + self.margin_change, 0.0, 0.95)
        price = np.minimum(sees.unit_cost / (1.0 - margin), sees.price_ceiling)
        return ChipVendorChoice(price=clip(np.maximum(price, sees.unit_cost), 1e-3, 1e4))
