"""Merchant buyer: let own chips run out, and buy what anybody may buy."""

from dataclasses import dataclass, replace

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
    param,
)


@dataclass(frozen=True)
class MerchantBuyer(MarginalQ):
    """Spend by marginal q, and move to merchant chips alone, whatever own ones would cost.

    The share of custom silicon falls by a part of itself each quarter, as programmes are wound down.
    What is bought can do any work, whatever models become; what is paid for that is the vendor's
    margin. Total spending is that of best response, so that the split alone sets it apart.

    Source: Emanuel 2025, "The short case for Nvidia stock" (why buyers would leave the merchant
    vendor, and what keeps them); Dixit and Pindyck 1994, Investment under Uncertainty, Princeton
    University Press (flexibility as an option that is worth a dearer price).
    """

    pace: float = param(
        0.15, "1/quarter", "part of the share of custom silicon that is given up", 0.0, 1.0
    )

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Follow the plan, but for the split between the kinds of chip."""
        plan = self.plan(sees)
        share = clip(sees.custom_share * (1.0 - self.pace), 0.0, 1.0)
        return replace(plan.choice(), custom_share=share), plan.memory
