"""Calibrate: draws of the marked assumptions that history until the end of 2024 does not contradict.

First a wave over all marked ranges shows which of them any target depends on. Those are fitted;
all others stay drawn from their ranges throughout, so that what is accepted is accepted whatever
they are. Everything simulated is kept in the folder by what it follows from: started again, it takes
the same way and simulates only what is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, history, number_of
from agentsim.backtest.testing import FITTED_UNTIL
from agentsim.batch.design import Experiment
from agentsim.errors import AgentsimError
from agentsim.fitting import smc
from agentsim.fitting.proposals import Question, values, write_draws
from agentsim.fitting.screening import Screened, screen
from agentsim.fitting.targets import Target, distance, targets, weights
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

EVEN = 0.5
"""Effective draws of the generation that is drawn from, over those that are kept."""
DIGITS = 6
"""Of a draw that is kept: a table to be read, and far finer than anything is known."""


@dataclass(frozen=True)
class Settings:
    """How much is simulated, and how closely markets must resemble the facts."""

    screened: int = 20_000
    """Points of the first wave, over all marked ranges."""
    population: int = 3_000
    """Draws of each generation."""
    draws: int = 1_000
    """Draws that are kept of the last."""
    generations: int = 16
    first: float = 0.25
    """Share of the first wave that would be accepted in the first generation."""
    least_accepted: float = 0.03
    """Share of proposals accepted, below which the tolerance is not lowered any further."""
    entropy: int = 0

    def __post_init__(self) -> None:
        """Raise AgentsimError, one line, for a number that is out of bounds."""
        for name, least in LEAST.items():
            if (given := getattr(self, name)) < least:
                raise AgentsimError(f"{name} = {given} is out of bounds; give {least} or more")


LEAST = {"screened": 100, "population": 10, "generations": 1, "draws": 1, "entropy": 0}


@dataclass(frozen=True, eq=False)
class Calibrated:
    """What is known after fitting."""

    question: Question
    screened: Screened
    generations: list[smc.Generation]
    last: smc.Generation
    """The one that draws are taken from."""
    points: dict[str, Array]
    """Its draws, all equally likely, from 0 to 1, by label."""

    @property
    def draws(self) -> dict[str, Array]:
        """The same as values."""
        found = values(self.points, self.question.scenario)
        return {label: _rounded(column) for label, column in found.items()}

    def table(self) -> pd.DataFrame:
        """Return a row a marked range: its prior range, what is left of it, and how it was told.

        `width` is that of the middle 90 per cent of the draws over that of the prior; u05, u50 and
        u95 are places in the range, q05, median and q95 the values there.
        """
        import pandas as pd

        rows = []
        for label, marked in self.question.scenario.ranges.items():
            u = self.points.get(label)
            row = {"range": label, "low": marked.low, "high": marked.high, "fitted": u is not None}
            row |= {"correlation": self.screened.correlation[label]}
            row |= {"pinned": self.screened.pinned[label]}
            if u is not None:
                at = np.quantile(u, [0.05, 0.5, 0.95])
                row |= dict(zip(("u05", "u50", "u95"), at, strict=True))
                row |= dict(zip(("q05", "median", "q95"), marked.at(at), strict=True))
                row |= {"width": (at[2] - at[0]) / 0.9}
            rows.append(row)
        return pd.DataFrame(rows).sort_values("width", ignore_index=True)


def calibrate(
    experiment: Experiment,
    folder: Path,
    how: Settings,
    workers: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Calibrated:
    """Fit the marked ranges of an experiment's calibration to the facts that are targets.

    Raises AgentsimError, one line, where pyABC is not installed or the experiment has factors.
    """
    smc.library()
    facts = history()
    question = Question(experiment, facts, _wanted(experiment, facts), workers)
    folder.mkdir(parents=True, exist_ok=True)
    weight = weights(question.targets)
    screened = screen(question, how.screened, how.entropy, folder / "screening")
    first = float(np.quantile(screened.distance, how.first))
    say(
        f"{len(screened.kept)} of {len(question.scenario.ranges)} marked ranges move a target; "
        f"median distance {np.median(screened.distance):.2f}, best {screened.distance.min():.2f}"
    )

    def evaluate(generation: int, turn: int, points: dict[str, Array]) -> Array:
        entropy = how.entropy + 1 + 1_000 * generation + turn
        place = folder / f"generation-{generation + 1:02d}-{turn + 1}"
        apart = distance(question.answer(points, place, entropy), weight)
        say(
            f"generation {generation + 1}, round {turn + 1}: {len(apart):,} markets, "
            f"median distance {np.median(apart):.2f}"
        )
        return apart

    generations = smc.sequential(
        screened.kept, evaluate, first, how.population, how.generations, how.least_accepted,
        how.entropy,
    )  # fmt: skip
    last = _fit_to_draw_from(generations, how.draws)
    points = _resampled(last, how.draws, how.entropy)
    found = Calibrated(question, screened, generations, last, points)
    write_draws(folder / "draws.csv", found.draws)
    found.table().to_csv(folder / "ranges.csv", index=False)
    return found


def _wanted(experiment: Experiment, facts: list[Known]) -> list[Target]:
    """Return the facts that are fitted. Raises AgentsimError where the experiment cannot meet them."""
    if experiment.factors or experiment.linked or experiment.variants or experiment.deviations:
        raise AgentsimError(
            f"{experiment.name} has several cells, and history happened once; "
            "take factors, variants and deviations out of the experiment"
        )
    found = targets(facts, experiment.scenario)
    if not found:
        raise AgentsimError(
            f"scenario = {experiment.scenario!r} opens after the last quarter that is fitted, "
            f"{FITTED_UNTIL}; give an earlier one, such as '2023Q1'"
        )
    needed = number_of(FITTED_UNTIL) - number_of(experiment.scenario)
    if experiment.horizon < needed:
        raise AgentsimError(
            f"horizon = {experiment.horizon} ends before {FITTED_UNTIL}; give {needed} or more"
        )
    return found


def _fit_to_draw_from(generations: list[smc.Generation], draws: int) -> smc.Generation:
    """Return the last generation whose weights are even enough that few draws are copies."""
    fine = [each for each in generations if each.effective >= EVEN * draws]
    return fine[-1] if fine else generations[0]


def _resampled(last: smc.Generation, count: int, entropy: int) -> dict[str, Array]:
    """Return points that are all equally likely, in random order: systematic resampling.

    What a point is copied for counts as often.
    """
    rng = np.random.default_rng([entropy, 2])
    steps = (np.arange(count) + rng.random()) / count
    row = np.searchsorted(np.cumsum(last.weights) / last.weights.sum(), steps)
    row = rng.permutation(np.minimum(row, last.accepted - 1))
    return {label: column[row] for label, column in last.points.items()}


def _rounded(x: Array) -> Array:
    return np.array([float(f"{each:.{DIGITS}g}") for each in x])
