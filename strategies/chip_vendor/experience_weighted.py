"""Experience-weighted attraction: ask what paid, and more of what would have."""

from dataclasses import dataclass

from agentsim.strategy import AttractionLearner, PricingLearner


@dataclass(frozen=True)
class ExperienceWeighted(AttractionLearner, PricingLearner):
    """Undercut, answer, hold the margin or raise, drawn by how much each attracts.

    What a posture brought adds to its attraction, and so does, in part, what others would have
    brought: that is not seen, and is taken to differ from what came by as much as in the price
    games in which the attractions of the start were trained. A designer keeps its margin.

    Source: Camerer & Ho 1999, "Experience-weighted attraction learning in normal form games",
    Econometrica 67.
    """
