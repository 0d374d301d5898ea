"""Learners in markets: a rule chooses between a role's postures, and learns from what they bring.

A posture is kept for a spell of some quarters. Then the firm sees what it brought, learns, and
chooses anew. Nobody sees what another posture would have brought; where a rule asks for that, it is
taken to differ from what came by as much as in the stage game of the training, against the same
move of rivals'.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.strategy.base import Memory, Strategy
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.experience_weighted import AttractionRule
from agentsim.strategy.learning.fictitious_play import FictitiousRule
from agentsim.strategy.learning.q_learning import QRule
from agentsim.strategy.learning.regret_matching import RegretRule
from agentsim.strategy.learning.rule import Index, Knowledge, Round, Rule, at
from agentsim.strategy.learning.tables import AGAINST, Labels, table
from agentsim.strategy.params import param
from agentsim.strategy.views import View


@dataclass(frozen=True, eq=False)
class Look:
    """What a role makes of a view, each `(firms, runs)` unless said otherwise."""

    menu: Array
    """What each posture would choose now, `(postures, firms, runs)`."""
    move: Index
    """What rivals are doing, as a number."""
    marks: dict[str, Array]
    """What to remember of the beginning of a spell, by name."""
    choice: Callable[[Array], Any]
    """Makes a choice of what a posture chooses."""
    memory: Memory
    """What else to remember."""


@dataclass(frozen=True)
class Learner(Strategy):
    """Base of learners. A role's part says what postures there are, a rule's part how to choose."""

    learning_rate: float = param(
        0.1, "1", "weight of a new experience; 0 plays the trained table as it is", 0.0, 1.0
    )
    exploration: float = param(0.0, "1", "probability of trying any posture", 0.0, 1.0)
    spell: float = param(4.0, "quarters", "how long a posture is kept", 1.0, 40.0)

    postures: ClassVar[tuple[str, ...]]
    moves: ClassVar[tuple[str, ...]]
    rule_name: ClassVar[str]

    @abstractmethod
    def look(self, sees: Any) -> Look:
        """Return what the role's part makes of a view."""

    @abstractmethod
    def payoff(self, look: Look, memory: Memory) -> Array:
        """Return the payoff of a spell, whose beginning the memory's marks tell of."""

    @abstractmethod
    def remember_role(self) -> Memory:
        """Return what the role's part remembers besides, marks included."""

    @abstractmethod
    def rule(self) -> Rule:
        """Return the rule, with the strategy's parameters."""

    @abstractmethod
    def tables(self) -> dict[str, Labels]:
        """Return the labels of the tables that the rule knows, by name."""

    def against(self) -> Array:
        """Return what each posture brought against each move in the stage game."""
        return table(self.role, AGAINST, "payoff", (self.postures, self.moves))

    def remember(self) -> Memory:
        """Return the trained tables, number by number, and that nothing was done yet."""
        numbers = {
            f"{name}/{place}": float(value)
            for name, labels in self.tables().items()
            for place, value in enumerate(table(self.role, self.rule_name, name, labels).ravel())
        }
        start = {"posture": -1.0, "since": 0.0, "seen": 0.0}
        return {**start, **numbers, **self.remember_role()}

    def choose(self, sees: Any) -> tuple[Any, Memory]:
        """Keep the posture, or learn from it and choose anew."""
        look = self.look(sees)
        memory = sees.memory
        posture, since = memory["posture"], memory["since"]
        due = (posture < 0.0) | (since >= self.spell)
        new: dict[str, Number] = {"since": np.where(due, 1.0, since + 1.0)}
        if due.any():  # where nobody's is, nothing of this would change anything
            knows = self._known(memory)
            action = np.maximum(posture, 0.0).astype(np.intp)
            learnt = self.rule().learn(self._known(memory), self._round(look, memory, action))
            learns = due & (posture >= 0.0) & (np.asarray(self.learning_rate) > 0.0)
            for name in self.tables():
                knows[name] = np.where(learns, learnt[name], knows[name])
                new.update(_apart(name, knows[name]))
            chosen = self.rule().choose(knows, look.move, chance(sees, "posture"))
            posture = np.where(due, chosen, posture)
            new["posture"] = posture
            now = {"seen": look.move, **look.marks}
            new.update({name: np.where(due, value, memory[name]) for name, value in now.items()})
        made = at(look.menu, posture.astype(np.intp))
        return look.choice(made), {**look.memory, **new}

    def _known(self, memory: Memory) -> Knowledge:
        """Put the rule's tables together, as new arrays."""
        posture = np.asarray(memory["posture"])
        knows: Knowledge = {"last": posture, "rounds": np.zeros(posture.shape)}
        for name, labels in self.tables().items():
            shape = tuple(len(axis) for axis in labels)
            numbers = [np.asarray(memory[f"{name}/{i}"]) for i in range(prod(shape))]
            knows[name] = np.stack(numbers).reshape(*shape, *posture.shape)
        return knows

    def _round(self, look: Look, memory: Memory, action: Index) -> Round:
        """Return the spell that ends, as a round of a game."""
        payoff = self.payoff(look, memory)
        stage = self.against()[:, look.move]
        foregone = payoff + (stage - at(stage, action))
        seen = np.asarray(memory["seen"]).astype(np.intp)
        return Round(seen, action, payoff, foregone, look.move, action, look.move)


def chance(sees: View, name: str) -> Array:
    """Return uniform numbers between 0 and 1, `(firms, runs)`, as `sees.draw` returns normal ones."""
    from scipy.special import ndtr  # here, as listing strategies must not take its 0.1 seconds

    return np.asarray(ndtr(sees.draw(name)))


def _apart(name: str, values: Array) -> dict[str, Array]:
    """Return a table number by number, each `(firms, runs)`."""
    flat = values.reshape(-1, *values.shape[-2:])
    return {f"{name}/{place}": each for place, each in enumerate(flat)}


@dataclass(frozen=True)
class QLearner(Learner):
    """Base of learners by Q-learning. The situation is what rivals are doing."""

    discount: float = param(0.95, "1", "weight of what follows a spell", 0.0, 0.999)

    rule_name = "q_learning"

    def rule(self) -> Rule:
        """Return the rule."""
        return QRule(self.learning_rate, self.discount, self.exploration, 0.0)

    def tables(self) -> dict[str, Labels]:
        """Return the labels."""
        return {"value": (self.moves, self.postures)}


@dataclass(frozen=True)
class AttractionLearner(Learner):
    """Base of learners by experience-weighted attraction."""

    retention: float = param(0.95, "1", "what is left of past attraction (phi)", 0.0, 1.0)
    foregone: float = param(0.5, "1", "weight of what was forgone (delta)", 0.0, 1.0)
    kappa: float = param(0.0, "1", "0 averages payoffs, 1 adds them up", 0.0, 1.0)
    sensitivity: float = param(50.0, "1", "log odds per unit of attraction (lambda)", 0.0, 1e4)

    rule_name = "experience_weighted"

    def rule(self) -> Rule:
        """Return the rule."""
        return AttractionRule(
            self.retention,
            self.foregone,
            self.kappa,
            self.sensitivity,
            self.exploration,
            self.learning_rate,
        )

    def tables(self) -> dict[str, Labels]:
        """Return the labels."""
        return {"attraction": (self.postures,), "experience": ()}


@dataclass(frozen=True)
class RegretLearner(Learner):
    """Base of learners by regret matching."""

    inertia: float = param(
        1.0, "1", "how rarely regret makes a change: mu over that of the stage game", 1e-3, 1e3
    )

    rule_name = "regret_matching"

    def rule(self) -> Rule:
        """Return the rule."""
        payoffs = self.against()
        widest = float(payoffs.max() - payoffs.min())
        return RegretRule(self.inertia * widest, self.learning_rate, self.exploration)

    def tables(self) -> dict[str, Labels]:
        """Return the labels."""
        return {"regret": (self.postures, self.postures), "often": (self.postures,)}


@dataclass(frozen=True)
class FictitiousLearner(Learner):
    """Base of learners by fictitious play: beliefs about rivals, answered by the stage game."""

    sensitivity: float = param(
        0.0, "1", "log odds per unit of expected payoff (lambda); 0 is the best reply", 0.0, 1e4
    )

    rule_name = "fictitious_play"

    def rule(self) -> Rule:
        """Return the rule."""
        payoffs = self.against()[:, :, None, None]
        return FictitiousRule(payoffs, self.learning_rate, self.sensitivity, self.exploration)

    def tables(self) -> dict[str, Labels]:
        """Return the labels."""
        return {"belief": (self.moves,)}
