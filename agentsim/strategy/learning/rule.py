"""What all learning rules share: rounds, knowledge, and how to pick an action."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.numerics import Array, at_least, exp, ordered_sum
from agentsim.strategy.choices import Number

Index = NDArray[np.intp]
"""Numbers of actions, moves or situations, `(firms, runs)`, from 0."""

Knowledge = dict[str, Array]
"""What a rule knows, by name: arrays whose last axes are `(firms, runs)`."""

LOWEST = -700.0
"""Exponent below which a weight is next to nothing, and its exponential still a number."""

RAREST = 1e-9
"""Probability below which nothing is tried."""


@dataclass(frozen=True, eq=False)
class Round:
    """A round as the firms saw it, each `(firms, runs)` unless said otherwise."""

    seen: Index
    """Situation in which they moved."""
    action: Index
    """What they did."""
    payoff: Array
    """What it brought them."""
    foregone: Array
    """What each action would have brought, `(actions, firms, runs)`; the payoff for their own."""
    move: Index
    """What rivals did."""
    best: Index
    """What the most successful firm did: their own action where none did better."""
    then: Index
    """Situation in which it left them."""


@dataclass(frozen=True)
class Rule(ABC):
    """A learning rule. Its fields are numbers or arrays that broadcast to `(firms, runs)`."""

    @abstractmethod
    def start(self, situations: int, actions: int, moves: int, shape: tuple[int, int]) -> Knowledge:
        """Return what is known before the first round."""

    @abstractmethod
    def choose(self, knows: Knowledge, seen: Index, luck: Array) -> Index:
        """Return the next actions. `luck` is uniform between 0 and 1, `(firms, runs)`."""

    @abstractmethod
    def learn(self, knows: Knowledge, round: Round) -> Knowledge:
        """Return what is known after a round; large tables are changed in place."""


def at(table: Array, index: Index) -> Array:
    """Return `table[index]` for each firm and run: the table's first axis goes."""
    flat = table.reshape(len(table), -1, index.size)
    rows = np.arange(flat.shape[1]).reshape(-1, 1)
    return flat[index.ravel(), rows, np.arange(index.size)].reshape(table.shape[1:])


def best_of(values: Array) -> Index:
    """Return the action of the highest value, the first among equals; actions on the first axis."""
    return np.asarray(values.argmax(axis=0))


def one_hot(index: Index, size: int) -> NDArray[np.bool_]:
    """Return where each number stands, `(size, firms, runs)`."""
    return np.asarray(np.arange(size).reshape(-1, 1, 1) == index)


def logit(values: Array, sensitivity: Number) -> Array:
    """Return choice probabilities, proportional to exp(sensitivity x value).

    Source: McFadden 1974, "Conditional logit analysis of qualitative choice behavior", in Zarembka
    (ed.), Frontiers in Econometrics.
    """
    weights = exp(at_least(sensitivity * (values - values.max(axis=0)), LOWEST))
    return np.asarray(weights / ordered_sum(weights))


def drawn(probabilities: Array, luck: Array) -> Index:
    """Return the action that falls to a uniform number; actions on the first axis."""
    reached = np.zeros(probabilities.shape[1:])
    chosen = np.zeros(probabilities.shape[1:], np.intp)
    for each in probabilities[:-1]:
        reached = reached + each
        chosen += luck >= reached
    return chosen


def tried(usual: Index, actions: int, exploration: Number, luck: Array) -> Index:
    """Return the usual action, or with probability `exploration` any, all alike.

    One uniform number serves both: where it lies below `exploration`, it says which.
    """
    part = luck / np.maximum(exploration, RAREST)
    any_of_them = np.minimum((part * actions).astype(np.intp), actions - 1)
    return np.where(luck < exploration, any_of_them, usual)
