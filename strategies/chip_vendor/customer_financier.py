"""Customer financier: lend buyers the money for the chips, and price for what is not paid back."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    clip,
    param,
)


@dataclass(frozen=True)
class CustomerFinancier(ChipVendorStrategy):
    """Lend to buyers a share of what they buy, at a price that makes up for the loans lost.

    Credit is a price cut for those who cannot pay cash, and the list price need not fall. After
    the losses that it expects, a chip brings the gross margin of the base date. Price stays
    between unit cost and what makes buyers leave.

    Source: Brennan, Maksimovic & Zechner 1988, "Vendor financing", Journal of Finance 43; Petersen
    & Rajan 1997, "Trade credit: theories and evidence", Review of Financial Studies 10.
    """

    unavailable = "the market has no vendor finance, so vendors cannot lend; follow hold_margin"

    financed: float = param(0.2, "1", "share of a sale that is lent to the buyer", 0.0, 0.95)
    lost: float = param(0.1, "1", "share of these loans expected not to be paid back", 0.0, 0.95)

    def choose(self, sees: ChipVendorView) -> ChipVendorChoice:
        """Price so that what is paid brings the margin."""
        paid = 1.0 - self.financed * self.lost
        price = sees.unit_cost / (1.0 - sees.base_margin) / paid
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4))
