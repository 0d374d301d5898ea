"""Regret matching: leave the last action for others as much as one regrets not having had them.

The regret of k for j is what k would have brought more than j, averaged over all rounds, in those
rounds in which j was done (conditional, or internal, regret):

    D(j, k) = 1/t sum over rounds with action j of (payoff of k - payoff of j).

The first action is drawn as often as each was played before (in training; otherwise all alike).
After j, k is done with probability max(D(j, k), 0) / mu, and j again with what is left. If all do
so, joint play comes near the set of correlated equilibria.

Source: Hart & Mas-Colell 2000, "A simple adaptive procedure leading to correlated equilibrium",
Econometrica 68.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array, at_least, ordered_sum
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.rule import Index, Knowledge, Round, Rule, at, drawn, one_hot, tried


@dataclass(frozen=True)
class RegretRule(Rule):
    """Regret matching with conditional regrets."""

    spread: Number = 1.0
    """Largest difference between two payoffs: mu is twice that, times the other actions."""
    weight: Number = 0.0
    """Weight of a new round; 0 counts all rounds alike, as in the paper."""
    exploration: Number = 0.0
    """Probability of trying any action in a round. Not in the paper, where it is 0."""

    def start(self, situations: int, actions: int, moves: int, shape: tuple[int, int]) -> Knowledge:
        """Return no regrets. The first action is drawn, all alike."""
        return {
            "regret": np.zeros((actions, actions, *shape)),
            "often": np.full((actions, *shape), 1.0 / actions),
            "rounds": np.zeros(shape),
            "last": np.full(shape, -1.0),
        }

    def choose(self, knows: Knowledge, seen: Index, luck: Array) -> Index:
        """Return the last action or one that is regretted."""
        last = knows["last"]
        actions = len(knows["regret"])
        rest = np.maximum(luck - self.exploration, 0.0) / np.maximum(1.0 - self.exploration, 1e-9)
        mu = 2.0 * self.spread * (actions - 1)
        usual = drawn(switching(knows["regret"], np.maximum(last, 0.0).astype(np.intp), mu), rest)
        first = drawn(knows["often"], rest)
        return tried(np.where(last < 0.0, first, usual), actions, self.exploration, luck)

    def learn(self, knows: Knowledge, round: Round) -> Knowledge:
        """Average in what each action would have brought more."""
        regret, rounds = knows["regret"], knows["rounds"] + 1.0
        step = np.where(np.asarray(self.weight) > 0.0, self.weight, 1.0 / rounds)
        done = one_hot(round.action, len(regret))
        more = round.foregone - at(round.foregone, round.action)
        return {
            "regret": regret + step * (np.where(done[:, None], more, 0.0) - regret),
            "often": knows["often"] + step * (done - knows["often"]),
            "rounds": rounds,
            "last": round.action.astype(np.float64),
        }


def switching(regret: Array, last: Index, mu: Number) -> Array:
    """Return the probabilities of the next actions, `(actions, firms, runs)`."""
    others = ~one_hot(last, len(regret))
    leave = np.where(others, at_least(at(regret, last), 0.0) / mu, 0.0)
    total = ordered_sum(leave)
    # With mu chosen as above they add up to less than one half.
    leave = leave / np.maximum(total, 1.0)
    return np.where(others, leave, 1.0 - np.minimum(total, 1.0))
