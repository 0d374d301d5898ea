"""Games to learn in: what a profile of actions brings, and what the firms see of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.strategy.learning.rule import Index, at


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a round brought, each `(firms, sessions)` unless said otherwise."""

    payoff: Array
    foregone: Array
    """What each action would have brought given the rivals', `(actions, firms, sessions)`."""
    move: Index
    """What rivals did, as a number."""
    best: Index
    """Action of the most successful firm; one's own where none did better."""
    then: Index
    """Situation that follows."""


class Game(ABC):
    """A game that some firms play round after round, in many sessions at once."""

    firms: int
    actions: int
    moves: int
    situations: int

    @abstractmethod
    def open(self, sessions: int) -> tuple[Any, Index]:
        """Return the state before the first round, and the situation that firms see."""

    @abstractmethod
    def play(self, state: Any, actions: Index, luck: Array) -> tuple[Any, Outcome]:
        """Return the state after a round and its outcome; `luck` is uniform, `(firms, sessions)`."""


class MatrixGame(Game):
    """A game in normal form, the same every round, with or without memory of the last.

    payoffs: `(firms, actions, ..., actions)`, an axis for each firm's action in the firms' order.
    memory: whether firms see what all did last; the situation is then the profile, and before the
    first round profile 0. A move of rivals' is the profile of their actions.
    """

    def __init__(self, payoffs: Array, memory: bool = False) -> None:
        table = np.asarray(payoffs, np.float64)
        self.firms, self.actions = len(table), table.shape[1]
        if table.shape != (self.firms, *[self.actions] * self.firms):
            raise ValueError(f"payoffs must be (firms, actions, ..., actions), not {table.shape}")
        self.memory = memory
        self.payoffs = table.reshape(self.firms, -1)
        profiles = self.payoffs.shape[1]
        self.situations = profiles if memory else 1
        self.moves = profiles // self.actions
        self.strides = self.actions ** np.arange(self.firms)[::-1].reshape(-1, 1)
        self.move_of = np.array([self._moves(i) for i in range(self.firms)])
        self.steps = np.arange(self.actions).reshape(-1, 1, 1)

    def _moves(self, firm: int) -> list[int]:
        """Return the rivals' joint action in each profile, as a number."""
        numbers = []
        for profile in product(range(self.actions), repeat=self.firms):
            number = 0
            for other, action in enumerate(profile):
                number = number if other == firm else number * self.actions + action
            numbers.append(number)
        return numbers

    def profile(self, actions: Index) -> Index:
        """Return the number of each session's profile, `(sessions,)`."""
        code = np.zeros(actions.shape[1], np.intp)
        for each in actions:
            code = code * self.actions + each
        return code

    def open(self, sessions: int) -> tuple[None, Index]:
        """Return no state, and situation 0."""
        return None, np.zeros((self.firms, sessions), np.intp)

    def play(self, state: None, actions: Index, luck: Array) -> tuple[None, Outcome]:
        """Look everything up."""
        code = self.profile(actions)
        payoff = self.payoffs[:, code]
        others = code - self.strides * actions
        firm = np.arange(self.firms).reshape(-1, 1)
        foregone = self.payoffs[firm, others + self.strides * self.steps]
        first = payoff.argmax(axis=0)
        highest = payoff[first, np.arange(len(code))]
        best = np.where(payoff < highest, actions[first, np.arange(len(code))], actions)
        then = np.broadcast_to(code, actions.shape) if self.memory else np.zeros_like(actions)
        return None, Outcome(payoff, foregone, self.move_of[:, code], best, then)

    def against_moves(self) -> Array:
        """Return what each action brings against each move of rivals', `(actions, moves, firms, 1)`."""
        table = np.empty((self.actions, self.moves, self.firms, 1))
        for number, profile in enumerate(product(range(self.actions), repeat=self.firms)):
            for firm in range(self.firms):
                move = self.move_of[firm, number]
                table[profile[firm], move, firm, 0] = self.payoffs[firm, number]
        return table


def outcome(payoff: Array, actions: Index, move: Index, against: Array) -> Outcome:
    """Return the outcome of a round in which only what was done is known to have brought what.

    against: what each action brings against each move, `(actions, moves)`. What another action
    would have brought is taken to differ from the payoff by as much as there. The situation that
    follows is the rivals' move.
    """
    stage = against[:, move]
    foregone = payoff + (stage - at(stage, actions))
    columns = np.arange(payoff.shape[1])
    first = payoff.argmax(axis=0)
    best = np.where(payoff < payoff[first, columns], actions[first, columns], actions)
    return Outcome(payoff, foregone, move, best, move)


PRISONERS = np.array([[[3.0, 0.0], [5.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]]])
"""The prisoner's dilemma of Axelrod 1984, The Evolution of Cooperation: cooperate, defect."""

PENNIES = np.array([[[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]]])
"""Matching pennies: the first wants to match, the second to differ."""

DOMINANT = np.array([[[1.0, 1.0], [2.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]]])
"""The second action earns one more whatever the other does."""
