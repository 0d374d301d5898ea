"""Experience-weighted attraction: what was done counts in full, what was forgone in part.

    N(t) = phi (1 - kappa) N(t-1) + 1,
    A_j(t) = (phi N(t-1) A_j(t-1) + (delta + (1 - delta) [j was done]) payoff_j) / N(t),

and j is chosen with a probability proportional to exp(lambda A_j). At delta = 0 this is
reinforcement; at delta = 1, kappa = 0 it is smooth fictitious play.

Sources: Camerer & Ho 1999, "Experience-weighted attraction learning in normal form games",
Econometrica 67; Camerer, Ho & Chong 2002, "Sophisticated experience-weighted attraction learning
and strategic teaching in repeated games", Journal of Economic Theory 104 (kappa: rho = phi
(1 - kappa)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.numerics import Array
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.rule import (
    Index,
    Knowledge,
    Round,
    Rule,
    drawn,
    logit,
    one_hot,
    tried,
)


@dataclass(frozen=True)
class AttractionRule(Rule):
    """Experience-weighted attraction, letters as in the papers."""

    phi: Number = 0.95
    """What is left of past attraction after a round."""
    delta: Number = 0.5
    """Weight of what was forgone, over that of what was done."""
    kappa: Number = 0.0
    """0 averages payoffs, 1 adds them up."""
    sensitivity: Number = 10.0
    """Lambda: how much a difference in attraction matters for the choice."""
    exploration: Number = 0.0
    """Probability of trying any action in a round. Not in the papers, where it is 0."""
    speed: Number = 1.0
    """Share of the step that is taken. Not in the papers, where it is 1."""

    def start(self, situations: int, actions: int, moves: int, shape: tuple[int, int]) -> Knowledge:
        """Return no attraction and no experience."""
        return {"attraction": np.zeros((actions, *shape)), "experience": np.zeros(shape)}

    def choose(self, knows: Knowledge, seen: Index, luck: Array) -> Index:
        """Draw an action by its attraction."""
        attraction = knows["attraction"]
        # With exploration the number is used twice: what lies above is as uniform as the whole.
        rest = np.maximum(luck - self.exploration, 0.0) / np.maximum(1.0 - self.exploration, 1e-9)
        usual = drawn(logit(attraction, self.sensitivity), rest)
        return tried(usual, len(attraction), self.exploration, luck)

    def learn(self, knows: Knowledge, round: Round) -> Knowledge:
        """Weigh in what was done and what was forgone."""
        attraction, experience = knows["attraction"], knows["experience"]
        done = one_hot(round.action, len(attraction))
        rho = self.phi * (1.0 - np.asarray(self.kappa))
        new, total = attracted(
            attraction, experience, round.foregone, done, self.phi, self.delta, rho
        )
        return {
            "attraction": attraction + self.speed * (new - attraction),
            "experience": experience + self.speed * (total - experience),
        }


def attracted(
    attraction: Array,
    experience: Array,
    payoffs: Array,
    done: NDArray[np.bool_],
    phi: Number,
    delta: Number,
    rho: Number,
) -> tuple[Array, Array]:
    """Return attractions and experience after a round.

    payoffs: of each action against what rivals did, `(actions, firms, runs)`; done: where it
    was taken.
    """
    total = rho * experience + 1.0
    weight = delta + (1.0 - np.asarray(delta)) * done
    return (phi * experience * attraction + weight * payoffs) / total, np.asarray(total)
