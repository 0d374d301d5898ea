"""Training: the tables with which learners enter markets.

First all firms pick postures at random, whatever happens, which gives what each posture brings
against each move of rivals' (the stage game). Then, for each rule, all firms follow it. What ships
is the mean over firms and sessions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.learning.games import Game
from agentsim.learning.playing import Played, play
from agentsim.strategy.learning.experience_weighted import AttractionRule
from agentsim.strategy.learning.fictitious_play import FictitiousRule
from agentsim.strategy.learning.q_learning import QRule
from agentsim.strategy.learning.regret_matching import RegretRule
from agentsim.strategy.learning.rule import Round, Rule
from agentsim.strategy.learning.tables import AGAINST, Labels

Tables = dict[tuple[str, str], tuple[Labels, Array]]
"""By rule and name: labels and numbers."""


@dataclass(frozen=True)
class Length:
    """How long to train."""

    sessions: int = 200
    at_random: int = 2_000
    """Rounds in which postures are picked at random."""
    rounds: int = 10_000
    """Rounds in which a rule is followed."""


def trained(
    game_of: Callable[[Array | None], Game],
    postures: tuple[str, ...],
    moves: tuple[str, ...],
    seed: int,
    length: Length,
    done: Callable[[int], object] | None = None,
) -> tuple[Tables, dict[str, Played]]:
    """Return all tables of a role, and what was played for each rule.

    game_of: makes the game, told what each posture brings against each move, or None.
    """
    stage = stage_game(game_of(None), seed, length, done)
    game = game_of(stage)
    tables: Tables = {(AGAINST, "payoff"): ((postures, moves), stage)}
    played: dict[str, Played] = {}
    for name, rule in rules(stage, length).items():
        came = play(game, rule, length.rounds, length.sessions, seed, length.rounds // 5, done=done)
        played[name] = came
        for table, labels in kept(name, postures, moves).items():
            values = came.knows[table]
            tables[name, table] = (labels, np.asarray(values.mean(axis=(-2, -1))))
    return tables, played


def stage_game(
    game: Game, seed: int, length: Length, done: Callable[[int], object] | None = None
) -> Array:
    """Return what each action brings against each move, `(actions, moves)`, all picked at random.

    An action that never met a move counts as bringing its mean over the moves that it met.
    """
    size = game.actions * game.moves
    total, times = np.zeros(size), np.zeros(size)

    def watch(round: Round) -> None:
        cell = (round.action * game.moves + round.move).ravel()
        total[:] += np.bincount(cell, round.payoff.ravel(), size)
        times[:] += np.bincount(cell, minlength=size)

    picking = QRule(alpha=0.0, exploration=1.0, beta=0.0)
    play(game, picking, length.at_random, length.sessions, seed, 1, done=done, watch=watch)
    sums, counts = (each.reshape(game.actions, game.moves) for each in (total, times))
    usual = sums.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    return np.where(counts > 0.0, sums / np.maximum(counts, 1.0), usual)


def rules(stage: Array, length: Length) -> dict[str, Rule]:
    """Return the rules as they are trained, by name."""
    widest = float(stage.max() - stage.min())
    return {
        # Exploration has died out to one in 3,000 when it ends.
        "q_learning": QRule(alpha=0.05, delta=0.95, beta=8.0 / length.rounds),
        "experience_weighted": AttractionRule(sensitivity=50.0),
        "regret_matching": RegretRule(spread=widest),
        "fictitious_play": FictitiousRule(stage[:, :, None, None]),
    }


def kept(rule: str, postures: tuple[str, ...], moves: tuple[str, ...]) -> dict[str, Labels]:
    """Return the labels of the tables that are kept of a rule."""
    labels: dict[str, dict[str, Labels]] = {
        "q_learning": {"value": (moves, postures)},
        "experience_weighted": {"attraction": (postures,), "experience": ()},
        "regret_matching": {"regret": (postures, postures), "often": (postures,)},
        "fictitious_play": {"belief": (moves,)},
    }
    return labels[rule]
