"""Imitation of the best: do what the most successful firm did.

With probability `exploration` any action is tried. In quantity competition of one good this leads to
the competitive outcome: whoever sells more earns more while price exceeds cost, and is imitated.

Sources: Vega-Redondo 1997, "The evolution of Walrasian behavior", Econometrica 65; Apesteguia,
Huck & Oechssler 2007, "Imitation: theory and experimental evidence", Journal of Economic Theory
136.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.rule import Index, Knowledge, Round, Rule, drawn, tried


@dataclass(frozen=True)
class ImitationRule(Rule):
    """Imitation of the firm with the highest payoff, one's own included."""

    actions: int
    exploration: Number = 0.02

    def start(self, situations: int, actions: int, moves: int, shape: tuple[int, int]) -> Knowledge:
        """Return nobody to imitate. The first action is drawn, all alike."""
        return {"model": np.full(shape, -1.0)}

    def choose(self, knows: Knowledge, seen: Index, luck: Array) -> Index:
        """Return the action of the best, or any."""
        model = knows["model"]
        first = drawn(np.full((self.actions, *luck.shape), 1.0 / self.actions), luck)
        usual = np.where(model < 0.0, first, model.astype(np.intp))
        return tried(usual, self.actions, self.exploration, luck)

    def learn(self, knows: Knowledge, round: Round) -> Knowledge:
        """Note what the best did."""
        return {"model": round.best.astype(np.float64)}
