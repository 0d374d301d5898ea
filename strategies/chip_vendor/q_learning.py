"""Q-learning: ask the price that paid best in a situation like this one."""

from dataclasses import dataclass

from agentsim.strategy import PricingLearner, QLearner


@dataclass(frozen=True)
class QLearning(QLearner, PricingLearner):
    """Undercut, answer, hold the margin or raise, as has paid best by what rivals did.

    The situation is whether rivals' prices over cost were cut, held or raised over the last spell.
    A posture is kept for a spell; its payoff is the rise of profit over revenue, and what it leads
    to counts too. It begins with a table trained on two vendors who share a given spending, and
    learns on from it. A designer keeps the margin of the base date.

    Source: Watkins & Dayan 1992, "Q-learning", Machine Learning 8; Calvano, Calzolari, Denicolò &
    Pastorello 2020, "Artificial intelligence, algorithmic pricing, and collusion", American Economic
    Review 110.
    """
