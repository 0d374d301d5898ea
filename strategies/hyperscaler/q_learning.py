"""Q-learning: choose the posture that paid best in a situation like this one."""

from dataclasses import dataclass

from agentsim.strategy import QLearner, SpendingLearner


@dataclass(frozen=True)
class QLearning(QLearner, SpendingLearner):
    """Restrain, answer marginal q, match or escalate, as has paid best by what rivals do.

    The situation is whether rivals spent less than marginal q bears out, about that, or more. A
    posture is kept for a spell; its payoff is the rise of economic profit over revenue, and
    what it leads to counts too. It begins with a table trained in races of four firms on the
    services law, and learns on from it.

    Source: Watkins & Dayan 1992, "Q-learning", Machine Learning 8; Calvano, Calzolari, Denicolò &
    Pastorello 2020, "Artificial intelligence, algorithmic pricing, and collusion", American Economic
    Review 110.
    """
