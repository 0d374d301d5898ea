"""Proposals: points of marked ranges, and what they come to in simulated markets.

A point is a number from 0 to 1 for each range; `Range.at` says which value that is. Points are
simulated as any batch is, one run each, as a table of draws; what the table does not hold is drawn
from its marked range, another value in each run, and so is luck.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np

from agentsim import batch
from agentsim.backtest.history import Known
from agentsim.backtest.measures import SERIES, tables_of
from agentsim.batch.design import Experiment
from agentsim.calibration.draws import Range, clear_of_each_other
from agentsim.calibration.fitted import DATE
from agentsim.fitting.targets import Target, residuals
from agentsim.laws.numerics import Array
from agentsim.scenario import Scenario


@dataclass(frozen=True)
class Question:
    """What is simulated and compared: an experiment of one cell, facts, and those that are fitted."""

    experiment: Experiment
    facts: Sequence[Known]
    targets: Sequence[Target]
    workers: int | None

    @property
    def scenario(self) -> Scenario:
        """The calibration in which markets open."""
        return Scenario.load(self.experiment.scenario)

    def answer(self, points: Mapping[str, Array], folder: Path, entropy: int) -> Array:
        """Return the residuals of points, `(points, targets)`; infinite where a run failed.

        points: by label of a marked range, from 0 to 1. Residuals are kept beside the folder, and
        read from there if they are those of the same points and the same model. On a terminal a
        bar says how far it is.
        """
        import pandas as pd

        kept, table = folder.with_suffix(".npy"), folder.with_suffix(".csv")
        count = len(next(iter(points.values())))
        write_draws(table, values(points, self.scenario), self.scenario.name)
        asked = self.experiment.model_copy(
            update={
                "name": folder.name, "uncertainty": str(table), "runs": count, "entropy": entropy,
                "series": list(SERIES), "series_runs": count, "series_type": "float64",
                "outcomes": ["capex"],
            }
        )  # fmt: skip
        key = self._key(asked)
        if (known := _kept(kept, key)) is not None:
            table.unlink()
            return known
        results = batch.run(asked, folder, self.workers, say=lambda line: None)
        told = residuals(self.targets, self.facts, tables_of(results), asked.scenario)
        every = told.reindex(pd.RangeIndex(count)).to_numpy(np.float64)
        found = np.where(np.isfinite(every), every, np.inf)
        partial = folder.with_suffix(".partial")
        with partial.open("wb") as file:
            np.save(file, np.frombuffer(key, np.uint8))
            np.save(file, found)
        partial.replace(kept)
        shutil.rmtree(folder)  # what is asked of it is kept
        table.unlink()
        return found

    @property
    def key(self) -> str:
        """A hash of model, experiment, targets and facts, whatever the points."""
        return self._key(self.experiment.model_copy(update={"uncertainty": "marked"})).hex()

    def _key(self, asked: Experiment) -> bytes:
        """Return a hash of all that the residuals follow from."""
        from agentsim.batch.plan import make

        targets = [(each.name, each.fact.value, each.sd, each.in_logs) for each in self.targets]
        stood = [
            (each.key, each.value) for each in self.facts if each.series == "cumulative_compute"
        ]
        code = [text_of(place) for place in COMPARING]
        return sha256(repr((make(asked).key, targets, stood, code)).encode()).digest()


def _kept(path: Path, key: bytes) -> Array | None:
    """Return the residuals that a file holds, if it is of this key."""
    if path.exists():
        with path.open("rb") as file:
            if bytes(np.load(file)) == key:
                return np.asarray(np.load(file))
    return None


COMPARING = ("backtest/measures.py", "backtest/testing.py", "fitting/targets.py")
"""Files of the package that decide how far a market is said to lie from the facts."""


def text_of(place: str) -> str:
    """Return the text of a file of the package."""
    return files("agentsim").joinpath(*place.split("/")).read_text(encoding="utf-8")


def values(points: Mapping[str, Array], scenario: Scenario) -> dict[str, Array]:
    """Return the values at points of marked ranges, by label."""
    ranges: Mapping[str, Range] = scenario.ranges
    drawn = {label: ranges[label].at(np.asarray(u)) for label, u in points.items()}
    return clear_of_each_other(drawn, scenario.values)


def write_draws(path: Path, drawn: Mapping[str, Array], scenario: str) -> None:
    """Write a table of draws of a calibration, a row each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([DATE, *drawn])
        for row in zip(*(column.tolist() for column in drawn.values()), strict=True):
            writer.writerow([scenario, *row])
