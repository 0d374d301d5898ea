"""Calibrate: draws of the marked assumptions that history until the end of 2024 does not contradict.

First a wave over all marked ranges shows which of them any target depends on. Those are fitted;
all others stay drawn from their ranges throughout, so that what is accepted is accepted whatever
they are. Everything simulated is kept in the folder `unfinished` by what it follows from: started
again, it takes the same way and simulates only what is not there. Once all is done that folder goes,
and a record stays; asked the same again, nothing is worked out anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, history, number_of
from agentsim.backtest.testing import FITTED_UNTIL
from agentsim.batch.design import Experiment
from agentsim.errors import AgentsimError
from agentsim.fitting import smc
from agentsim.fitting.proposals import Question, values, write_draws
from agentsim.fitting.record import (
    DRAWS,
    EVEN,
    RANGES,
    RECORD,
    UNFINISHED,
    Calibrated,
    Told,
    begin,
    finish,
    key_of,
    known,
)
from agentsim.fitting.screening import Screened, screen
from agentsim.fitting.targets import Target, distance, targets, weights
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

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


def calibrate(
    experiment: Experiment,
    folder: Path,
    how: Settings,
    workers: int | None = None,
    say: Callable[[str], None] = lambda line: None,
    replace: bool = False,
) -> Calibrated:
    """Fit the marked ranges of an experiment's calibration to the facts that are targets.

    What the folder holds of the same question is returned as it is. Raises AgentsimError, one line,
    where pyABC is not installed, the experiment has factors, or the folder holds other draws that are
    not to be replaced.
    """
    smc.library()
    facts = history()
    question = Question(experiment, facts, _wanted(experiment, facts), workers)
    asked = {"experiment": experiment.name, **asdict(how)}
    key = key_of(question.key, asked)
    if (before := known(folder, key)) is not None:
        return before
    for line in begin(folder, key, asked, replace):
        say(line)
    work = folder / UNFINISHED
    screened = screen(question, how.screened, how.entropy, work / "screening")
    say(
        f"{len(screened.kept)} of {len(question.scenario.ranges)} marked ranges move a target; "
        f"median distance {np.median(screened.distance):.2f}, best {screened.distance.min():.2f}"
    )
    course = _course(question, screened, work, how, say)
    number = _to_draw_from(course.generations, how.draws)
    points = _resampled(course.generations[number - 1], how.draws, how.entropy)
    drawn = values(points, question.scenario)
    (folder / RECORD).unlink(missing_ok=True)  # it does not speak of what is written now
    rounded = {label: _rounded(column) for label, column in drawn.items()}
    write_draws(folder / DRAWS, rounded, question.scenario.name)
    told = [Told(g.tolerance, g.simulated, g.accepted, g.effective) for g in course.generations]
    table = ranges_table(question, screened, points)
    table.to_csv(folder / RANGES, index=False)
    found = Calibrated(table, told, number, how.draws, course.stopped)
    finish(folder, key, asked, found)
    return found


def _course(
    question: Question, screened: Screened, work: Path, how: Settings, say: Callable[[str], None]
) -> smc.Course:
    """Return the generations, each round said in a line.

    On a terminal a bar says how many are accepted of a generation, and what time is left to it at
    the pace of the rounds before; that of a round's markets is below it.
    """
    from tqdm import tqdm

    weight = weights(question.targets)
    line = ""
    bar = tqdm(
        total=how.population, disable=not sys.stderr.isatty(), unit=" accepted", leave=False,
        file=sys.stderr,
    )  # fmt: skip

    def evaluate(generation: int, turn: int, points: dict[str, Array]) -> Array:
        nonlocal line
        name = f"generation {generation + 1} of at most {how.generations}"
        if turn == 0:
            bar.reset()
            bar.set_description(name)
        entropy = how.entropy + 1 + 1_000 * generation + turn
        place = work / f"generation-{generation + 1:02d}-{turn + 1}"
        apart = distance(question.answer(points, place, entropy), weight)
        line = (
            f"{name}, round {turn + 1}: {len(apart):,} markets, "
            f"median distance {np.median(apart):.2f}"
        )
        return apart

    def heard(generation: int, accepted: int) -> None:
        with tqdm.external_write_mode(file=sys.stderr):
            say(f"{line}; {accepted:,} of {how.population:,} accepted")
        bar.update(accepted - bar.n)

    first = float(np.quantile(screened.distance, how.first))
    with bar:
        return smc.sequential(
            screened.kept, evaluate, first, how.population, how.generations, how.least_accepted,
            how.entropy, heard,
        )  # fmt: skip


def ranges_table(question: Question, screened: Screened, points: dict[str, Array]) -> pd.DataFrame:
    """Return a row a marked range: its prior range, what is left of it, and how it was told.

    points: draws, all equally likely, from 0 to 1, by label. `width` is that of the middle 90 per
    cent of the draws over that of the prior; u05, u50 and u95 are places in the range, q05, median
    and q95 the values there.
    """
    import pandas as pd

    rows = []
    for label, marked in question.scenario.ranges.items():
        u = points.get(label)
        row = {"range": label, "low": marked.low, "high": marked.high, "fitted": u is not None}
        row |= {"correlation": screened.correlation[label], "pinned": screened.pinned[label]}
        if u is not None:
            at = np.quantile(u, [0.05, 0.5, 0.95])
            row |= dict(zip(("u05", "u50", "u95"), at, strict=True))
            row |= dict(zip(("q05", "median", "q95"), marked.at(at), strict=True))
            row |= {"width": (at[2] - at[0]) / 0.9}
        rows.append(row)
    return pd.DataFrame(rows).sort_values("width", ignore_index=True)


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


def _to_draw_from(generations: list[smc.Generation], draws: int) -> int:
    """Return the number of the last generation whose weights are even enough that few are copies.

    Counted from 1, which it is where none is.
    """
    fine = [n for n, each in enumerate(generations, 1) if each.effective >= EVEN * draws]
    return fine[-1] if fine else 1


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
