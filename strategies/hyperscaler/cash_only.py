"""Cash only: pay for growth out of cash flow, and never borrow."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    at_least,
    clip,
    param,
    safe_divide,
)


@dataclass(frozen=True)
class CashOnly(HyperscalerStrategy):
    """Spend a share of its own cash flow, and no more than its cash covers; never borrow.

    Cash flow is that of the core business after payout, and last quarter's operating cash, less
    debt service; shells and design come first, chips get what is left of the share. Chips are paid
    before customers pay, so cash in hand must cover them, and some quarters of shell instalments
    are kept in reserve, as shells ordered must be paid also when customers stay away. Payout is cut
    where it would have to be borrowed. Only bills signed earlier that exceed all its cash can
    still drive it to lenders.

    Source: Fazzari, Hubbard & Petersen 1988, "Financing constraints and corporate investment",
    Brookings Papers on Economic Activity 1988(1); Myers & Majluf 1984, "Corporate financing and
    investment decisions when firms have information that investors do not have", Journal of
    Financial Economics 13 (internal funds first; here, only).
    """

    reinvested: float = param(0.7, "1", "share of cash flow that goes into AI", 0.0, 1.0)
    reserve: float = param(
        4.0, "quarters", "shell instalments for which cash is kept in hand", 0.0, 40.0
    )

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Spend what cash flow pays and cash covers."""
        earned = at_least(sees.operating_cash, 0.0)
        in_hand = sees.cash + sees.core_cash
        bills = sees.shells_due + sees.design_due
        could_pay = in_hand - bills - sees.debt_service + earned
        affordable = safe_divide(could_pay, sees.core_cash, 0.0)
        payout = np.minimum(sees.planned_payout, clip(affordable, 0.0, 1.0))
        paid_out = payout * sees.core_cash

        flow = sees.core_cash - paid_out + sees.operating_cash - sees.debt_service
        after = at_least(sees.debt_service + paid_out - earned, 0.0)
        covered = in_hand - after - bills - self.reserve * sees.shells_due
        chips = at_least(np.minimum(self.reinvested * flow - bills, covered), 0.0)
        return HyperscalerChoice(
            capex_rate=clip(safe_divide(chips, sees.fleet_value, 0.0), 0.0, 2.0),
            debt_share=0.0,
            payout=payout,
        )
