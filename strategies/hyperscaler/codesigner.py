"""Codesigner: let the share of custom silicon follow how well it fits."""

from dataclasses import dataclass, replace

from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    at_least,
    clip,
    exp,
    log,
    param,
)

LEAST, LARGEST = 1e-9, 1e9
"""Costs, $k, and services below the one and costs above the other count as that."""


@dataclass(frozen=True)
class Codesigner(MarginalQ):
    """Spend by marginal q, and move to custom silicon as far as it makes services for less.

    Custom silicon is judged by what its services cost over what a merchant chip's do: fit, lower
    where it trains without codesign, against user and running cost. The share aimed at is a logit
    in the logs of that, as workloads differ and not all move at once; the share planned goes
    there by a part of the way each quarter, since designs are taped out step by step. Total
    spending is that of best response, so that the split alone sets it apart.

    Source: Jouppi et al. 2017, "In-datacenter performance analysis of a tensor processing unit",
    ISCA 44, and Jouppi et al. 2021, "Ten lessons from three generations shaped Google's TPUv4i",
    ISCA 48 (Alphabet's chips are designed with its models and judged by cost of ownership);
    McFadden 1974, "Conditional logit analysis of qualitative choice behavior", in Zarembka (ed.),
    Frontiers in Econometrics.
    """

    sharpness: float = param(
        4.0, "1", "log odds of custom silicon per log of its cost advantage", 0.0, 50.0
    )
    pace: float = param(
        0.15, "1/quarter", "part of the way to the share aimed at that is gone", 0.0, 1.0
    )

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Follow the plan, but for the split between the kinds of chip."""
        plan = self.plan(sees)
        aim = self.fitting_share(sees)
        share = sees.custom_share + self.pace * (aim - sees.custom_share)
        share = clip(share, 0.0, 1.0) * sees.custom_program
        return replace(plan.choice(), custom_share=clip(share, 0.0, 1.0)), plan.memory

    def fitting_share(self, sees: HyperscalerView) -> Array:
        """Return the share of custom silicon that its cost of services against merchant asks for."""
        trains = sees.training_share
        services = sees.custom_fit * (1.0 - trains + sees.codesign * trains)
        merchant = clip(sees.merchant_user_cost + sees.merchant_running_cost, LEAST, LARGEST)
        custom = clip(sees.custom_user_cost + sees.custom_running_cost, LEAST, LARGEST)
        advantage = at_least(services, LEAST) * (merchant / custom)
        odds = exp(clip(self.sharpness * log(advantage), -50.0, 50.0))
        return odds / (1.0 + odds)
