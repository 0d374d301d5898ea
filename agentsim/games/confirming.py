"""Confirming a candidate on fresh runs: is it an epsilon-equilibrium, or how many runs would tell?

Candidates are picked for looking like equilibria, and look better than they are on the runs that they
were picked on (the winner's curse). Here only runs count that had no part in the choice: those of the
profiles that `deviating.needed` lists, the candidate's own and those one deviation away.

    confirmed  all of the regret's 95% interval is at most epsilon
    refuted    all of it is above epsilon
    open       neither: so many more runs would tell, if means and spread stay what they are
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.errors import AgentsimError
from agentsim.games.confidence import Confidence, confidence
from agentsim.games.equilibria import Equilibrium
from agentsim.games.profiles import Counts
from agentsim.games.studentised import standard_error
from agentsim.laws.numerics import Array

Verdict = Literal["confirmed", "refuted", "open"]

MOST_RUNS = 10_000_000
"""Runs beyond which more of them are no answer."""


@dataclass(frozen=True, eq=False)
class Confirmation:
    """What fresh runs say of a candidate."""

    confidence: Confidence
    """On the fresh runs alone."""
    epsilon: float
    unit: str = ""

    @cached_property
    def regret(self) -> Interval:
        """The regret on fresh runs."""
        return self.confidence.regret

    @cached_property
    def probability(self) -> float:
        """How likely it is an epsilon-equilibrium: see `Confidence.probability`."""
        return self.confidence.probability(self.epsilon)

    @property
    def verdict(self) -> Verdict:
        """Whether the regret is at most epsilon, more, or open."""
        if self.regret.high <= self.epsilon:
            return "confirmed"
        return "refuted" if self.regret.low > self.epsilon else "open"

    @property
    def runs_to_tell(self) -> int | None:
        """How many runs more would confirm or refute it; None where no number would."""

        def told(runs: int) -> bool:
            low, high = self._bounds(runs)
            return high <= self.epsilon or low > self.epsilon

        return 0 if self.verdict != "open" else self._more(told)

    def runs_for(self, width: float) -> int | None:
        """Return how many runs more would make the regret's interval as narrow as asked.

        width: from end to end, in the unit of payoffs. None where no number of runs would. Raises
        AgentsimError, one line, for a width that is not above 0.
        """
        if not width > 0.0:
            raise AgentsimError(f"width = {width:g}; give the width of an interval, above 0")
        if self.regret.high - self.regret.low <= width:
            return 0

        def narrow(runs: int) -> bool:
            low, high = self._bounds(runs)
            return high - low <= width

        return self._more(narrow)

    def _bounds(self, runs: int) -> tuple[float, float]:
        """Return the regret's interval as it would be after so many runs in all.

        Gains keep their means, and their standard errors shrink with the root of runs. How many of
        them an interval reaches to either side is taken from the present one.
        """
        by_run = self.confidence.by_run
        s = standard_error(by_run.T) * np.sqrt(by_run.shape[1] / runs)
        mean = by_run.mean(axis=1)
        below, above = self._reach
        low, high = ((mean - below * s).max(), (mean + above * s).max())
        return max(float(low), 0.0), max(float(high), 0.0)

    @property
    def _reach(self) -> tuple[float, float]:
        """How many standard errors the present interval of the largest gain reaches down and up."""
        by_run, found = self.confidence.by_run, self.confidence.largest
        mean, s = by_run.mean(axis=1), standard_error(by_run.T)
        varying = s > 0.0
        if not varying.any():
            return 0.0, 0.0
        mean, s = mean[varying], s[varying]
        # max_j (m_j - k s_j) is low where k is the largest of these, max_j (m_j + k s_j) the least.
        return float(((mean - found.low) / s).max()), float(((found.high - mean) / s).min())

    def _more(self, enough: Callable[[int], bool]) -> int | None:
        """Return how many runs more are enough, by doubling and halving; None if no number is."""
        have = self.confidence.runs
        most = have
        while not enough(most):
            most *= 2
            if most > MOST_RUNS:
                return None
        least = most // 2
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if enough(middle) else (middle, most)
        return max(most - have, 0)

    def __str__(self) -> str:
        """Return the verdict in words."""
        regret, unit = self.regret, f" {self.unit}" if self.unit else ""
        runs = self.confidence.runs
        most = self.confidence.tempting.deviation
        if self.verdict == "confirmed" and regret.high == 0.0:
            return f"confirmed: nobody gains by anything else, on {runs:,} fresh runs"
        if self.verdict == "confirmed":
            return f"confirmed: regret below {regret.high:.3g}{unit} on {runs:,} fresh runs"
        if self.verdict == "refuted":
            return f"refuted: regret above {regret.low:.3g}{unit} on {runs:,} fresh runs ({most})"
        more = self.runs_to_tell
        needs = "more runs would not tell" if more is None else f"needs about {more:,} runs more"
        return (
            f"open: {needs}; regret {regret.value:.3g}{unit}, {regret.low:.3g} to {regret.high:.3g}, "
            f"and {self.epsilon:.3g} asked"
        )


def confirm(
    candidate: Equilibrium,
    runs: Array,
    epsilon: float,
    places: Counts | None = None,
) -> Confirmation:
    """Return what fresh runs say of a candidate.

    runs: payoffs of runs that had no part in choosing the candidate, `(profiles, columns, runs)`;
    places: which profile of the game each row is, `(profiles,)`, as `deviating.needed` lists them; all
    where not given. epsilon: the regret that still counts as none, in the unit of payoffs. Raises
    AgentsimError, one line, for an epsilon below 0, missing profiles, or fewer than two runs.
    """
    if not epsilon >= 0.0:
        raise AgentsimError(f"epsilon = {epsilon:g}; give a regret of 0 or more")
    found = confidence(candidate, runs, places)
    if found.runs < 2:
        raise AgentsimError("one fresh run says nothing of spread; give two or more")
    return Confirmation(found, epsilon, candidate.game.unit)
