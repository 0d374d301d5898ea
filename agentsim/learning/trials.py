"""Long games, of which docs/findings.md tells: how much learners collude, cooperate and mix.

    python -m agentsim.learning.trials FOLDER

writes them into `trials.csv` there. Every measure is taken for each of many independent sessions over its last rounds, and told with
the interval of its mean and the quantiles of its spread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from agentsim.laws.numerics import Array
from agentsim.learning.games import PENNIES, PRISONERS, MatrixGame
from agentsim.learning.playing import Played, play
from agentsim.learning.quantity import QuantityMarket, quantity_game
from agentsim.strategy.learning.experience_weighted import AttractionRule
from agentsim.strategy.learning.fictitious_play import FictitiousRule
from agentsim.strategy.learning.imitation import ImitationRule
from agentsim.strategy.learning.q_learning import QRule
from agentsim.strategy.learning.regret_matching import RegretRule
from agentsim.strategy.learning.rule import Rule

FILE = "trials.csv"
SEED, SESSIONS = 1, 200
LAST = 1000
"""Rounds at the end over which a session's measure is taken."""
SHORT = 10_000
SLOWLY = {"quick": (1e-3, 10_000), "slow": (1e-4, 100_000), "slowest": (2e-5, 500_000)}
"""Speeds at which Q-learners' exploration dies out, with rounds: exp(-10) of it is left."""
HELD = 0.9
"""Share of rounds in mutual cooperation from which a session counts as cooperating."""

QUANTITY, DILEMMA, PENNY = "quantity game", "prisoner's dilemma", "matching pennies"


@dataclass(frozen=True)
class Trial:
    """A game that some sessions play, and what is measured of it."""

    game: str
    rule: str
    firms: int
    rounds: int
    played: MatrixGame
    by: Rule
    measure: Callable[[Played], Array]


@dataclass(frozen=True)
class Found:
    """A measure over sessions."""

    game: str
    rule: str
    firms: int
    rounds: int
    sessions: int
    mean: float
    low: float
    """Of the 95% interval of the mean, Student's t."""
    high: float
    q05: float
    median: float
    q95: float
    share: float
    """Of sessions in which the measure is 0.9 or more."""


def run(
    trial: Trial, sessions: int = SESSIONS, done: Callable[[int], object] | None = None
) -> Found:
    """Play a trial."""
    counted = min(LAST, trial.rounds)
    played = play(trial.played, trial.by, trial.rounds, sessions, SEED, counted, done=done)
    measured = trial.measure(played)
    mean = float(measured.mean())
    error = float(measured.std(ddof=1) / np.sqrt(sessions) * stdtrit(sessions - 1, 0.975))
    low, median, high = (float(q) for q in np.quantile(measured, [0.05, 0.5, 0.95]))
    share = float((measured >= HELD).mean())
    return Found(
        trial.game,
        trial.rule,
        trial.firms,
        trial.rounds,
        sessions,
        mean,
        mean - error,
        mean + error,
        low,
        median,
        high,
        share,
    )


def trials() -> list[Trial]:
    """Return all trials."""
    return [*_quantity(2), *_quantity(3), *_dilemma(), *_pennies()]


def _q(speed: str) -> Rule:
    return QRule(alpha=0.15, delta=0.95, beta=SLOWLY[speed][0])


def _quantity(firms: int) -> Iterator[Trial]:
    """Yield the quantity game: with three firms only for those who remember the last round."""
    market = QuantityMarket.theory(firms)
    grid = market.grid(5)

    def index(played: Played) -> Array:
        return market.index(played.payoff * market.profit_at(market.joint_price))

    game, remembered = (quantity_game(market, grid, memory) for memory in (False, True))
    for speed, (_, rounds) in SLOWLY.items():
        if firms == 2:
            yield Trial(QUANTITY, f"Q-learning, {speed}", firms, rounds, game, _q(speed), index)
        if firms == 2 or speed == "slow":
            name = f"Q-learning with memory, {speed}"
            yield Trial(QUANTITY, name, firms, rounds, remembered, _q(speed), index)
    if firms == 2:
        for name, rule in (
            ("experience-weighted, delta 0.5", AttractionRule(sensitivity=50.0)),
            ("experience-weighted, delta 1", AttractionRule(delta=1.0, sensitivity=50.0)),
            # A smaller mu than the proof asks for: with that, this would take many more rounds.
            ("regret matching", RegretRule(spread=float(np.ptp(game.payoffs)) / 10)),
            ("fictitious play", FictitiousRule(game.against_moves())),
        ):
            yield Trial(QUANTITY, name, firms, SHORT, game, rule, index)
        # Imitators go beyond Nash, so they may choose more.
        wide = quantity_game(market, market.grid(5, up_to=market.cost))
        imitation = ImitationRule(wide.actions, exploration=0.01)
        yield Trial(QUANTITY, "imitation of the best", firms, SHORT, wide, imitation, index)


def _others(game: MatrixGame) -> Iterator[tuple[str, Rule]]:
    """Yield the rules besides Q-learning, for games with two actions."""
    yield "experience-weighted", AttractionRule(sensitivity=2.0)
    yield "regret matching", RegretRule(spread=float(np.ptp(game.payoffs)))
    yield "fictitious play", FictitiousRule(game.against_moves())
    yield "imitation of the best", ImitationRule(game.actions, exploration=0.01)


def _dilemma() -> Iterator[Trial]:
    """Yield the prisoner's dilemma, measured by mutual cooperation."""

    def cooperate(played: Played) -> Array:
        return np.asarray(played.joint[0])

    game, remembered = (MatrixGame(PRISONERS, memory) for memory in (False, True))
    for name, each in (("Q-learning", game), ("Q-learning with memory", remembered)):
        for speed in ("quick", "slow"):
            rounds = SLOWLY[speed][1]
            yield Trial(DILEMMA, f"{name}, {speed}", 2, rounds, each, _q(speed), cooperate)
    for name, rule in _others(game):
        yield Trial(DILEMMA, name, 2, SHORT, game, rule, cooperate)


def _pennies() -> Iterator[Trial]:
    """Yield matching pennies, measured by how often the first firm shows heads."""

    def heads(played: Played) -> Array:
        return np.asarray(played.frequency[0, 0])

    game = MatrixGame(PENNIES)
    for name, rule in [("Q-learning, quick", _q("quick")), *_others(game)]:
        yield Trial(PENNY, name, 2, SHORT, game, rule, heads)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all trials and write what was found; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) != 1:
        print("usage: python -m agentsim.learning.trials FOLDER", file=sys.stderr)
        return 2
    import pandas as pd
    from tqdm import tqdm

    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    planned, found = trials(), []
    total = sum(trial.rounds for trial in planned)
    with tqdm(total=total, desc="trials", unit="round", file=sys.stderr, disable=None) as bar:
        for trial in planned:
            found.append(run(trial, done=bar.update))
    pd.DataFrame(found).to_csv(folder / FILE, index=False, float_format="%.6g")
    print(f"Written: {folder / FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
