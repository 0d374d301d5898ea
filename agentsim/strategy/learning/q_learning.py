"""Q-learning: the value of each action in each situation, learnt from what it brought.

    Q(s, a) <- (1 - alpha) Q(s, a) + alpha (payoff + delta max_b Q(s', b)).

With probability epsilon = exploration exp(-beta t) any action is tried, otherwise the best known.

Sources: Watkins & Dayan 1992, "Q-learning", Machine Learning 8; Calvano, Calzolari, Denicolò &
Pastorello 2020, "Artificial intelligence, algorithmic pricing, and collusion", American Economic
Review 110 (pricing algorithms, exploration that dies out, memory of the last prices).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array, exp
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.rule import Index, Knowledge, Round, Rule, at, best_of, tried


@dataclass(frozen=True)
class QRule(Rule):
    """Q-learning, letters as in the paper."""

    alpha: Number = 0.15
    """Weight of a new experience."""
    delta: Number = 0.95
    """Discount factor a round."""
    exploration: Number = 1.0
    """Probability of trying any action in the first round."""
    beta: Number = 1e-4
    """Rate at which that dies out, a round."""
    initial: float = 0.0
    """Value of every action before the first round."""

    def start(self, situations: int, actions: int, moves: int, shape: tuple[int, int]) -> Knowledge:
        """Return the same value everywhere, and no rounds."""
        value = np.full((situations, actions, *shape), self.initial)
        return {"value": value, "rounds": np.zeros(shape)}

    def choose(self, knows: Knowledge, seen: Index, luck: Array) -> Index:
        """Return the best known action in the situation, or any."""
        values = at(knows["value"], seen)
        epsilon = self.exploration * exp(-self.beta * knows["rounds"])
        return tried(best_of(values), len(values), epsilon, luck)

    def learn(self, knows: Knowledge, round: Round) -> Knowledge:
        """Change the value of what was done."""
        table = knows["value"]
        flat = table.reshape(*table.shape[:2], -1)  # a view: the table is changed in place
        where = round.seen.ravel(), round.action.ravel(), np.arange(round.seen.size)
        ahead = at(table, round.then).max(axis=0)
        old = flat[where].reshape(ahead.shape)
        flat[where] = updated(old, round.payoff, ahead, self.alpha, self.delta).ravel()
        return {"value": table, "rounds": knows["rounds"] + 1.0}


def updated(value: Array, payoff: Array, ahead: Array, alpha: Number, delta: Number) -> Array:
    """Return the value of an action after it was taken; `ahead` is the best value that follows."""
    return np.asarray(value + alpha * (payoff + delta * ahead - value))
