"""Experience-weighted attraction: do what paid, and more of what would have."""

from dataclasses import dataclass

from agentsim.strategy import AttractionLearner, SpendingLearner


@dataclass(frozen=True)
class ExperienceWeighted(AttractionLearner, SpendingLearner):
    """Restrain, answer marginal q, match or escalate, drawn by how much each attracts.

    What a posture brought adds to its attraction, and so does, in part, what others would have
    brought: that is not seen, and is taken to differ from what came by as much as in the races in
    which the attractions of the start were trained.

    Source: Camerer & Ho 1999, "Experience-weighted attraction learning in normal form games",
    Econometrica 67.
    """
