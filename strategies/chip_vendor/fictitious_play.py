"""Fictitious play: answer what rivals asked so far."""

from dataclasses import dataclass

from agentsim.strategy import FictitiousLearner, PricingLearner


@dataclass(frozen=True)
class FictitiousPlay(FictitiousLearner, PricingLearner):
    """Believe that rivals will move prices as they did, and take the posture that answers it best.

    They cut prices over cost, hold or raise them. What each posture brings then is that of the
    price games in which the belief of the start was trained. There the best response answers every
    move best, so that whatever it comes to believe it prices as `best_response` does. A designer
    keeps its margin.

    Source: Brown 1951, "Iterative solution of games by fictitious play", in Koopmans (ed.), Activity
    Analysis of Production and Allocation; Fudenberg & Levine 1998, The Theory of Learning in Games.
    """
