"""Regret matching: change posture as much as one regrets the last."""

from dataclasses import dataclass

from agentsim.strategy import RegretLearner, SpendingLearner


@dataclass(frozen=True)
class RegretMatching(RegretLearner, SpendingLearner):
    """Keep the last posture, or leave it for others as much as one regrets not having had them.

    The postures are to restrain, to answer marginal q, to match and to escalate. What another would
    have brought is not seen, and is taken to differ from what came by as much as in the races in
    which the regrets of the start were trained. The first posture is drawn as often as there. Best
    response answers every move best there, so that nobody regrets it, and this firm ends as
    `best_response`.

    Source: Hart & Mas-Colell 2000, "A simple adaptive procedure leading to correlated equilibrium",
    Econometrica 68.
    """
