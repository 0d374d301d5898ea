"""Debt-fuelled: grow as fast as lenders let it."""

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
class DebtFuelled(HyperscalerStrategy):
    """Grow at a target rate on borrowed money, as far as lenders' last terms let it.

    Debt comes before cash: all spending is put on debt while there is room to borrow. Growth is
    cut to that room and what the AI business earns after its bills; where there is neither, the
    firm replaces wear. What the core business brings goes to shareholders as by habit, or lies.

    Source: Oracle, which has built data centres for AI faster than its operating cash pays, and on
    borrowed money, in its fiscal year 2026; Brander & Lewis 1986, "Oligopoly and financial
    structure: the limited liability effect", American Economic Review 76 (debt commits a firm to
    act boldly, as lenders bear the worst of it).
    """

    growth: float = param(0.15, "1/quarter", "growth of the fleet that is aimed at", 0.0, 2.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Replace wear and grow as far as there is room, on debt first."""
        replacement = clip(sees.wear, 0.0, 2.0)
        room = at_least(sees.borrowing_room, 0.0)
        bills = sees.shells_due + sees.design_due + sees.debt_service
        earned = at_least(sees.operating_cash - bills, 0.0)
        most = safe_divide(room + earned, sees.fleet_value, 0.0)
        rate = clip(replacement + np.minimum(self.growth, most), 0.0, 2.0)
        share = safe_divide(room, rate * sees.fleet_value, 0.0)
        return HyperscalerChoice(capex_rate=rate, debt_share=clip(share, 0.0, 1.0))
