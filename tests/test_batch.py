"""Batches from end to end: a cell is the market that its labels say, however it was simulated."""

import numpy as np
import pandas as pd
import pytest
from batches import calibrated, ran, same_tables, small

from agentsim import batch
from agentsim.batch import simulating
from agentsim.batch.plan import make
from agentsim.lineup import resolve
from agentsim.shocks import Efficiency
from agentsim.simulation import Simulation

SERIES = ["capex", "service_price", "debt", "hyperscaler.debt", "lender.cash"]
KEPT = {"series": [*SERIES[:4]], "series_type": "float64"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return ran(calibrated(**KEPT), tmp_path_factory.mktemp("whole") / "x")


def test_a_cell_is_the_market_that_its_labels_say(whole):
    plan = make(whole.experiment)
    labels = whole.cells.loc[3]
    assert labels["lineup.hyperscaler"] == "best_response" and labels["demand_elasticity"] == 2.0
    draws = plan.base.draw(6, 5)
    del draws["demand_elasticity"]
    scenario = plan.base.with_draws(draws).replace(demand_elasticity=2.0)
    market = Simulation(
        scenario,
        resolve("best_response", scenario.firms),
        np.arange(6),
        5,
        [Efficiency(quarter=2, factor=3.0)],
        8,
        "firms",
        "mark",
    )
    market.run()
    runs = whole.runs().query("cell == 3")
    table = market.outcomes()
    for name in whole.outcomes:
        np.testing.assert_array_equal(runs[name], table[name], err_msg=name)
    series = whole.series().query("cell == 3")
    for name in ("capex", "debt"):
        by_run = np.stack([each.market[name] for each in market.history], axis=1)
        np.testing.assert_array_equal(series[name], by_run.ravel())
    price = np.stack([each.market["service_price"] for each in market.history], axis=1)
    np.testing.assert_array_equal(series["service_price"], (price / price[:, :1]).ravel())
    states = np.stack([each.firms["hyperscaler"]["debt"].T for each in market.history], axis=1)
    firms = whole.series("debt", role="hyperscaler").query("cell == 3")
    places = {firm: at for at, firm in enumerate(scenario.firms["hyperscaler"])}
    at = (firms["run"], firms["quarter"], firms["firm"].map(places))
    np.testing.assert_array_equal(firms["debt"], states[tuple(np.asarray(each) for each in at)])


def test_series_are_rounded_to_single_precision_unless_told_otherwise(whole, tmp_path):
    single = ran(calibrated(series=["capex"]), tmp_path / "x").series("capex")["capex"]
    double = whole.series("capex")["capex"]
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize("chunk_runs", [1, 9])
def test_results_do_not_depend_on_the_size_of_chunks(whole, tmp_path, chunk_runs):
    same_tables(whole, ran(calibrated(**KEPT), tmp_path / "x", chunk_runs=chunk_runs))


def test_results_do_not_depend_on_how_many_are_stepped_together(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(simulating, "TOGETHER_RECORDED", 4)
    monkeypatch.setattr(simulating, "TOGETHER", 5)
    same_tables(whole, ran(calibrated(**KEPT), tmp_path / "x"))


def test_results_do_not_depend_on_the_number_of_workers(tmp_path):
    experiment = calibrated(horizon=3, series=["capex"])
    here = ran(experiment, tmp_path / "here", chunk_runs=6)
    pool = batch.run(experiment, tmp_path / "pool", workers=2, chunk_runs=6, progress=False)
    assert pool.manifest["engine"] == "pool" and pool.manifest["workers"] == 2
    same_tables(here, pool)


def test_recording_changes_nothing(whole, tmp_path):
    bare = ran(calibrated(), tmp_path / "x")
    pd.testing.assert_frame_equal(bare.runs(), whole.runs(), check_exact=True)
    few = ran(calibrated(**KEPT, series_runs=2), tmp_path / "y")
    pd.testing.assert_frame_equal(few.runs(), whole.runs(), check_exact=True)
    series = whole.series().query("run < 2").reset_index(drop=True)
    pd.testing.assert_frame_equal(few.series(), series, check_exact=True)


def test_every_cell_meets_the_same_luck(tmp_path):
    experiment = calibrated(factors={"shock.efficiency.factor": [1, 3]}, series=["market"])
    series = ran(experiment, tmp_path / "x").series()
    before = series.query("quarter == 1").drop(columns=["cell", "shock.efficiency.factor"])
    one, other = (before[: len(before) // 2], before[len(before) // 2 :])
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other.reset_index(drop=True), check_exact=True
    )  # the shock comes in quarter 2


# Anything may be a factor, and is what it would be if it were written out


def outcomes(results, **labels):
    return results.runs(**labels)[["run", "status", *results.outcomes]].reset_index(drop=True)


def test_a_strategys_parameter_as_a_number_is_the_same_as_written_out(tmp_path):
    steps = [0.0, 0.05, 0.1]
    numbers = ran(
        calibrated(
            horizon=6,
            lineup={"hyperscaler": "escalate"},
            factors={"lineup.hyperscaler.step": steps},
        ),
        tmp_path / "numbers",
    )
    texts = [f"escalate(step={step})" for step in steps]
    text = ran(calibrated(horizon=6, factors={"lineup.hyperscaler": texts}), tmp_path / "text")
    for step, written in zip(steps, texts, strict=True):
        pd.testing.assert_frame_equal(
            outcomes(numbers, **{"lineup.hyperscaler.step": step}),
            outcomes(text, **{"lineup.hyperscaler": written}),
            check_exact=True,
        )


def test_a_firms_own_parameter_holds_over_its_roles(tmp_path):
    swept = ran(
        calibrated(
            horizon=4,
            lineup={"hyperscaler": "escalate", "oracle": "match"},
            set={"lineup.hyperscaler.debt_share": 0.5},
            factors={"lineup.hyperscaler.step": [0.04], "lineup.meta.step": [0.01, 0.09]},
        ),
        tmp_path / "swept",
    )
    for step in (0.01, 0.09):
        own = f"escalate(step={step}, debt_share=0.5)"
        rest = "escalate(step=0.04, debt_share=0.5)"
        given = {"hyperscaler": rest, "oracle": "match", "meta": own}
        written = ran(calibrated(horizon=4, lineup=given, factors={}), tmp_path / f"{step}")
        pd.testing.assert_frame_equal(
            outcomes(swept, **{"lineup.meta.step": step}), outcomes(written), check_exact=True
        )


def test_a_parameter_concerns_the_strategies_that_have_it(tmp_path):
    factors = {
        "lineup.hyperscaler": ["restrain", "escalate"],
        "lineup.hyperscaler.step": [0.01, 0.09],
    }
    results = ran(small(factors=factors), tmp_path / "x")
    assert results.cells["runs_of"].tolist() == [0, 0, 2, 3]  # restraint has no step
    assert results.manifest["runs_simulated"] == 18


@pytest.mark.parametrize(
    ("name", "levels", "written"),
    [
        ("shock.efficiency.factor", [2, 5], lambda x: {"shocks": [{"factor": x, "quarter": 2}]}),
        ("shock.efficiency.diffusion", [0.2, 1], lambda x: {"shocks": [{"factor": 3, "diffusion": x, "quarter": 2}]}),
        ("shock.efficiency.quarter", [1, 3], lambda x: {"shocks": [{"factor": 3, "quarter": x}]}),
        ("power_limit", [2, 9], lambda x: {"set": {"power_limit": x}}),
        ("oracle.debt", [20, 90], lambda x: {"set": {"oracle.debt": x}}),
        ("hyperscaler.cash", [20, 90], lambda x: {"set": {"hyperscaler.cash": x}}),
        ("lineup.meta", ["restrain", "scaled(multiple=2)"], lambda x: {"lineup": {"meta": x}}),
        ("lineup.lender", ["prudent", "yield_seeking"], lambda x: {"lineup": {"lender": x}}),
    ],
)  # fmt: skip
def test_a_level_of_a_factor_is_the_same_as_a_setting(tmp_path, name, levels, written):
    short = {"horizon": 4, "runs": 3, "uncertainty": "none"}
    swept = ran(calibrated(**short, factors={name: levels}), tmp_path / "swept")
    for level in levels:
        given = written(level)
        if "shocks" in given:
            given["shocks"] = [{"kind": "efficiency"} | each for each in given["shocks"]]
        alone = ran(calibrated(**short | {"factors": {}} | given), tmp_path / f"{level}")
        pd.testing.assert_frame_equal(
            outcomes(swept, **{name: level}), outcomes(alone), check_exact=True
        )


def test_points_of_a_sample_are_the_markets_that_they_say(tmp_path):
    sample = ran(
        calibrated(
            uncertainty="none",
            horizon=4,
            runs=2,
            luck="shared",
            sampler={"kind": "latin_hypercube", "points": 4},
            factors={
                "demand_elasticity": {"low": 1.2, "high": 2.0},
                "lineup.hyperscaler": ["escalate", "match"],
                "lineup.hyperscaler.step": {"low": 0.0, "high": 0.1},
                "shock.efficiency.quarter": {"low": 1, "high": 3, "whole": True},
            },
        ),
        tmp_path / "sample",
    )
    for cell, row in sample.cells.iterrows():
        lineup = row["lineup.hyperscaler"]
        if lineup == "escalate":
            lineup = f"escalate(step={row['lineup.hyperscaler.step']!r})"
        quarter = int(row["shock.efficiency.quarter"])
        alone = ran(
            calibrated(
                uncertainty="none",
                horizon=4,
                runs=2,
                factors={},
                set={"demand_elasticity": row["demand_elasticity"]},
                lineup={"hyperscaler": lineup},
                shocks=[{"kind": "efficiency", "quarter": quarter, "factor": 3}],
            ),
            tmp_path / f"{cell}",
        )
        runs = sample.runs().query("cell == @cell").reset_index(drop=True)
        pd.testing.assert_frame_equal(
            runs[["run", *sample.outcomes]], alone.runs()[["run", *sample.outcomes]],
            check_exact=True,
        )  # fmt: skip


def test_runs_are_numbered_in_the_randomness_by_block(tmp_path):
    """Point 3 of a sample is the market of numbers 3 << 32, 3 << 32 | 1 ... in the same entropy."""
    experiment = calibrated(
        uncertainty="none",
        horizon=3,
        runs=2,
        sampler={"kind": "latin_hypercube", "points": 4},
        factors={"power_limit": {"low": 2.0, "high": 9.0}},
        lineup={"hyperscaler": "match"},
        shocks=[],
    )
    results = ran(experiment, tmp_path / "x")
    plan = make(experiment)
    limit = float(results.cells["power_limit"][3])
    scenario = plan.base.replace(power_limit=limit)
    numbers = (3 << 32) + np.arange(2)
    market = Simulation(scenario, resolve("match", scenario.firms), numbers, 5, horizon=3)
    market.run()
    runs = results.runs().query("cell == 3")
    table = market.outcomes()
    for name in results.outcomes:
        np.testing.assert_array_equal(runs[name], table[name], err_msg=name)
