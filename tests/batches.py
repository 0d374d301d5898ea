"""What tests of batches share: quick experiments, and folders of results that are made up."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from agentsim import batch
from agentsim.batch import parts, work
from agentsim.batch.design import Experiment
from agentsim.batch.manifest import luck_of
from agentsim.batch.plan import Plan, make
from agentsim.batch.results import Results
from agentsim.batch.store import CELLS, MANIFEST, cells_table
from agentsim.errors import AgentsimError

LUCKY = {"demand_noise": 0.1}  # `theory` has no luck of its own


def small(**changes: Any) -> Experiment:
    """A quick experiment in the frictionless world."""
    given: dict[str, Any] = dict(
        name="small",
        scenario="theory",
        runs=6,
        entropy=5,
        horizon=4,
        set=LUCKY,
        factors={
            "lineup.hyperscaler": ["restrain", "best_response"],
            "demand_elasticity": [1.4, 2],
        },
        shocks=[{"kind": "efficiency", "quarter": 2, "factor": 3}],
    )
    return Experiment(**given | changes)


def calibrated(**changes: Any) -> Experiment:
    """A quick experiment on the calibration, its marked ranges drawn."""
    return small(
        **{"scenario": "2025Q4", "set": {}, "horizon": 8, "uncertainty": "marked"} | changes
    )


def sampled(kind: str, **changes: Any) -> Experiment:
    """A quick experiment at points of a sampler."""
    size = {"latin_hypercube": {"points": 5}, "sobol": {"points": 2}, "morris": {"trajectories": 2}}
    given: dict[str, Any] = dict(
        sampler={"kind": kind} | size[kind],
        factors={
            "demand_elasticity": {"low": 1.2, "high": 2.0},
            "substitution": {"low": 2.0, "high": 9.0},
        },
        runs=3,
    )
    return small(**given | changes)


def ran(experiment: Experiment, folder: Path, **how: Any) -> Results:
    """Results of an experiment that is run in this process."""
    return batch.run(experiment, folder, **{"engine": "here", "progress": False} | how)


def everything(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Cell and number of every run of a plan's first round."""
    of = plan.first_round
    return of.at(0, of.total)


def same_tables(one: Results, other: Results) -> None:
    """Ask that two folders hold the same numbers to the last bit."""
    for read in (lambda r: r.runs(), lambda r: r.draws, lambda r: r.cells):
        pd.testing.assert_frame_equal(read(one), read(other), check_exact=True)
    assert one.series_names == other.series_names
    if one.series_names:
        pd.testing.assert_frame_equal(one.series(), other.series(), check_exact=True)


def refused(words: list[str], ask: Callable[..., Any], *given: Any, **named: Any) -> str:
    """Ask that something is refused in one line with these words in it; return the line."""
    with pytest.raises(AgentsimError) as caught:
        ask(*given, **named)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text, text
    return text


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that the names of chunks come into as they are simulated in this process."""
    from agentsim.batch import engine

    names: list[str] = []

    def do(order: work.Order) -> work.Receipt:
        names.append(order.chunk.name)
        return work.do(order)

    monkeypatch.setattr(engine, "do", do)
    return names


def stopped_after(chunks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ctrl-C come once so many chunks are done in this process."""
    from agentsim.batch import engine

    left = [chunks]

    def do(order: work.Order) -> work.Receipt:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return work.do(order)

    monkeypatch.setattr(engine, "do", do)


def made_up(folder: Path, experiment: Experiment, outcomes: dict[str, Any]) -> Results:
    """A folder with these outcomes, as if the experiment had been run.

    outcomes: `(own cells, runs)` each, or a list of the runs of each cell, which may differ.
    """
    plan = make(experiment)
    lengths = [len(each) for each in next(iter(outcomes.values()))]
    own = np.sort(plan.cells.own)
    cells = np.repeat(own, lengths)
    numbers = np.concatenate([np.arange(each) for each in lengths])
    columns: dict[str, Any] = {
        "cell": cells.astype(np.int32),
        "run": numbers.astype(np.int32),
        "status": pa.array(["ok"] * len(cells)).dictionary_encode(),
    }
    columns |= {
        name: np.concatenate([np.asarray(each, np.float64) for each in x])
        for name, x in outcomes.items()
    }
    (folder / parts.OUTCOMES).mkdir(parents=True)
    told = {parts.CHUNKS: json.dumps(["made up"])}
    parts.write(
        folder / parts.OUTCOMES / "00000.parquet",
        pa.table(columns).replace_schema_metadata(told),
    )
    parts.write(folder / CELLS, cells_table(plan))
    manifest = {
        "program": "agentsim",
        "status": "complete",
        "experiment": experiment.to_dict(),
        "plan_key": plan.key,
        "luck": luck_of(plan),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return Results.open(folder)
