"""Escalate: outspend the others."""

from dataclasses import dataclass

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    clip,
    param,
)


@dataclass(frozen=True)
class Escalate(HyperscalerStrategy):
    """Spend more than the rivals did, relative to the fleet, by a step, whatever it earns.

    What stops it is cash and credit: orders that cannot be funded lapse. Debt is asked for where
    cash falls short, and for `debt_share` of the spending in any case.

    Source: the department store that installs an escalator because the one across the street did,
    told of Warren Buffett by Michael Burry in a debate with Jack Clark and Dwarkesh Patel,
    Substack, January 2026; Shubik 1971, "The dollar auction game: a paradox in noncooperative
    behavior and escalation", Journal of Conflict Resolution 15.
    """

    step: float = param(0.02, "1/quarter", "capex rate above the rivals'", 0.0, 1.0)
    debt_share: float = param(0.0, "1", "share of capex put on debt in any case", 0.0, 1.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Spend at the rivals' rate and a step more."""
        rate = clip(sees.rivals_capex_rate + self.step, 0.0, 2.0)
        return HyperscalerChoice(capex_rate=rate, debt_share=self.debt_share)
