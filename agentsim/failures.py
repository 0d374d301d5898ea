"""Runs that go wrong: raise for the first of them, or mark them all and go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError

Errors = Literal["raise", "mark", "mark_runs"]
"""At what fails: raise; mark the runs; or mark them, but raise CulpritsError where a strategy that is
asked for all runs at once fails, which leaves the other runs without an answer."""

OK = "ok"


def failed_in(quarter: int, why: str) -> str:
    """Return the status of a run that failed."""
    return f"failed in quarter {quarter}: {why}"


class CulpritsError(AgentsimError):
    """Runs with which the others cannot go on: to be marked, and the others simulated anew.

    statuses: by column of the culprits, when and why each failed, in the words that it gets alone.
    There is always one; all are, where the strategy can answer for each run but not for several.
    """

    def __init__(self, text: str, statuses: Mapping[int, str]) -> None:
        super().__init__(text)
        self.statuses = dict(statuses)


class Failures:
    """What became of each run of a simulation, and what to do about those that go wrong.

    Apart from the simulation, so that what it is handed to does not refer back to that: a
    simulation is then let go, with its arrays, as soon as it is done with.
    """

    def __init__(self, runs: NDArray[np.int64], errors: Errors) -> None:
        self.runs = runs
        self.errors = errors
        self.status = np.full(len(runs), OK, dtype=object)

    def __call__(
        self,
        wrong: NDArray[np.bool_],
        quarter: int,
        why: Callable[[int], str],
        causes: Mapping[int, Exception] | None = None,
    ) -> None:
        """Raise for the first failed run, or mark all of them that were sound.

        wrong: `(runs,)`, true where a run failed. why: what went wrong, by column, in one line.
        causes: the exceptions behind it, by column. Raises AgentsimError, one line with the run.
        """
        if self.errors == "raise":
            first = int(np.flatnonzero(wrong)[0])
            cause = None if causes is None else causes[first]
            raise AgentsimError(
                f"run {self.runs[first]}, quarter {quarter}: {why(first)}"
            ) from cause
        for column in np.flatnonzero(wrong & (self.status == OK)).tolist():
            self.status[column] = failed_in(quarter, why(column))

    def all_at_once(
        self, quarter: int, error: AgentsimError, alone: Callable[[], Mapping[int, str]]
    ) -> None:
        """Raise an error in what was done for all runs at once, or mark them all.

        alone: returns what goes wrong, by column, where the same is done for that run alone. It is
        called only to find culprits; if there are none, doing it for several runs is what fails,
        and all are. Raises AgentsimError, one line, or CulpritsError.
        """
        if self.errors == "mark":
            self(np.ones(len(self.runs), dtype=np.bool_), quarter, lambda column: str(error))
            return
        text, cause = f"quarter {quarter}: {error}", error.__cause__ or error
        if self.errors == "raise":
            raise AgentsimError(text) from cause
        # A run alone has just been asked alone.
        whys = (alone() if len(self.runs) > 1 else {}) or self._everyone(str(error))
        statuses = {column: self._first(column, quarter, why) for column, why in whys.items()}
        raise CulpritsError(text, statuses) from cause

    def _everyone(self, why: str) -> dict[int, str]:
        return dict.fromkeys(range(len(self.runs)), why)

    def _first(self, column: int, quarter: int, why: str) -> str:
        """Return the status of a run that fails now, unless it had failed before."""
        status: str = self.status[column]
        return failed_in(quarter, why) if status == OK else status
