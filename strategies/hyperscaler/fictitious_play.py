"""Fictitious play: answer what rivals did so far."""

from dataclasses import dataclass

from agentsim.strategy import FictitiousLearner, SpendingLearner


@dataclass(frozen=True)
class FictitiousPlay(FictitiousLearner, SpendingLearner):
    """Believe that rivals will spend as they did, and take the posture that answers it best.

    They spend less than marginal q bears out, about that, or more. What each posture brings then
    is that of the races in which the belief of the start was trained. There best response answers
    every move best, so that whatever this firm comes to believe it does what `best_response` does.

    Source: Brown 1951, "Iterative solution of games by fictitious play", in Koopmans (ed.), Activity
    Analysis of Production and Allocation; Fudenberg & Levine 1998, The Theory of Learning in Games.
    """
