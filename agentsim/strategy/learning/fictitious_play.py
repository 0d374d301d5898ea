"""Fictitious play: believe that rivals will do as they did, and answer that.

The belief in a move of rivals' is the share of rounds in which they made it. The answer is the
best reply; in the smooth kind it is drawn with a probability proportional to exp(lambda times what
is expected of it).

Sources: Brown 1951, "Iterative solution of games by fictitious play", in Koopmans (ed.), Activity
Analysis of Production and Allocation; Fudenberg & Levine 1998, The Theory of Learning in Games
(smooth fictitious play).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array, ordered_sum
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.rule import (
    Index,
    Knowledge,
    Round,
    Rule,
    best_of,
    drawn,
    logit,
    one_hot,
    tried,
)


@dataclass(frozen=True)
class FictitiousRule(Rule):
    """Fictitious play on a table of what each action brings against each move of rivals'."""

    payoffs: Array
    """`(actions, moves, firms, runs)`, or ones in their places."""
    weight: Number = 0.0
    """Weight of a new round; 0 counts all rounds alike."""
    sensitivity: Number = 0.0
    """Lambda of the smooth kind; 0 is the best reply."""
    exploration: Number = 0.0
    """Probability of trying any action in a round. Not in the sources, where it is 0."""

    def start(self, situations: int, actions: int, moves: int, shape: tuple[int, int]) -> Knowledge:
        """Return a belief in all moves alike, which counts as one round."""
        return {"belief": np.full((moves, *shape), 1.0 / moves), "rounds": np.ones(shape)}

    def choose(self, knows: Knowledge, seen: Index, luck: Array) -> Index:
        """Return an answer to what is believed."""
        expects = expected(self.payoffs, knows["belief"])
        rest = np.maximum(luck - self.exploration, 0.0) / np.maximum(1.0 - self.exploration, 1e-9)
        smooth = drawn(logit(expects, self.sensitivity), rest)
        usual = np.where(np.asarray(self.sensitivity) > 0.0, smooth, best_of(expects))
        return tried(usual, len(expects), self.exploration, luck)

    def learn(self, knows: Knowledge, round: Round) -> Knowledge:
        """Count what rivals did."""
        belief, rounds = knows["belief"], knows["rounds"] + 1.0
        step = np.where(np.asarray(self.weight) > 0.0, self.weight, 1.0 / rounds)
        return {"belief": believed(belief, round.move, step), "rounds": rounds}


def believed(belief: Array, move: Index, step: Number) -> Array:
    """Return the belief after a move, in which it counts with the weight `step`."""
    return np.asarray(belief + step * (one_hot(move, len(belief)) - belief))


def expected(payoffs: Array, belief: Array) -> Array:
    """Return what each action is expected to bring, `(actions, firms, runs)`."""
    return ordered_sum(np.moveaxis(payoffs, 1, 0) * belief[:, None])
