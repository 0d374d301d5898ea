"""Runs that go wrong: raise for the first of them, or mark them all and go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError

Errors = Literal["raise", "mark", "mark_runs"]
"""At what fails: raise; mark the runs; or mark them, but raise what concerns all runs at once."""

OK = "ok"


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
            self.status[column] = f"failed in quarter {quarter}: {why(column)}"

    def all_at_once(self, quarter: int, error: AgentsimError) -> None:
        """Raise an error that concerns all runs of the simulation, or mark them all."""
        if self.errors != "mark":
            cause = error.__cause__ or error
            raise AgentsimError(f"quarter {quarter}: {error}") from cause
        self(np.ones(len(self.runs), dtype=np.bool_), quarter, lambda column: str(error))
