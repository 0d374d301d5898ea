"""Regret matching: change the price as much as one regrets the last."""

from dataclasses import dataclass

from agentsim.strategy import PricingLearner, RegretLearner


@dataclass(frozen=True)
class RegretMatching(RegretLearner, PricingLearner):
    """Keep the last posture, or leave it for others as much as one regrets not having had them.

    The postures are to undercut, to answer rivals' prices, to hold the margin and to raise. What
    another would have brought is not seen, and is taken to differ from what came by as much as in
    the price games in which the regrets of the start were trained. A designer keeps its margin.

    Source: Hart & Mas-Colell 2000, "A simple adaptive procedure leading to correlated equilibrium",
    Econometrica 68.
    """
