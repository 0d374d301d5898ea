"""Uncertainty: draws from a table, row by row, beside what is drawn from marked ranges."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from batches import calibrated, everything, ran, refused, same_tables

from agentsim.batch.plan import make
from agentsim.calibration import fitted
from agentsim.calibration.fitted import Fitted
from agentsim.errors import AgentsimError
from agentsim.scenario import Scenario

BASE = Scenario.load("2025Q4")
TABLE = "demand_elasticity,nvidia.price,saturated_elasticity\n1.1,15,0.4\n1.3,18,0.6\n1.9,20,0.7\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "draws.csv"
    path.write_text(TABLE)
    return str(path)


def test_run_i_takes_row_i_and_after_the_last_the_first(table):
    plan = make(calibrated(runs=7, uncertainty=table, factors={}))
    drawn = plan.drawn(*everything(plan))
    np.testing.assert_array_equal(drawn["demand_elasticity"], [1.1, 1.3, 1.9] * 2 + [1.1])
    np.testing.assert_array_equal(drawn["nvidia.price"], [15, 18, 20] * 2 + [15])
    assert plan.from_table == ("demand_elasticity", "saturated_elasticity", "nvidia.price")


def test_what_follows_from_a_drawn_value_follows(table):
    plan = make(calibrated(runs=3, uncertainty=table, factors={}))
    drawn = plan.drawn(*everything(plan))
    one = BASE.with_draws({"nvidia.price": 15.0})
    assert one["nvidia.making_cost"] != BASE["nvidia.making_cost"]
    memory = drawn["memory_price"][0] - BASE["memory_price"]
    np.testing.assert_allclose(drawn["nvidia.making_cost"][0], one["nvidia.making_cost"] - memory)


def test_what_the_table_does_not_hold_is_drawn_as_without_it(table):
    with_table, without = (
        make(calibrated(runs=20, uncertainty=each, factors={})) for each in (table, "marked")
    )
    assert with_table.drawn_ranges == without.drawn_ranges
    mine, other = (each.drawn(*everything(each)) for each in (with_table, without))
    np.testing.assert_array_equal(mine["economic_life"], other["economic_life"])
    assert not np.array_equal(mine["substitution"], mine["demand_elasticity"])


def test_what_is_set_is_not_taken_from_the_table_and_what_is_tied_to_it_gives_way(table):
    plan = make(calibrated(runs=3, uncertainty=table, factors={}, set={"demand_elasticity": 0.6}))
    drawn = plan.drawn(*everything(plan))
    assert "demand_elasticity" not in drawn
    np.testing.assert_allclose(drawn["saturated_elasticity"], [0.4, 0.57, 0.57])


def test_what_is_drawn_from_its_range_gives_way_to_what_comes_from_a_table():
    table = Fitted({"demand_elasticity": np.array([0.5, 1.4])})
    plan = replace(make(calibrated(runs=40, factors={})), fitted=table)
    drawn = plan.drawn(*everything(plan))
    flat, steep = drawn["saturated_elasticity"], drawn["demand_elasticity"]
    assert (flat <= 0.95 * np.minimum(steep, 1.0) + 1e-12).all()
    assert flat[steep == 1.4].max() > 0.6  # and only where it must


def test_draws_of_a_table_are_kept_with_the_results(tmp_path, table):
    results = ran(calibrated(runs=5, uncertainty=table, factors={}, horizon=2), tmp_path / "x")
    np.testing.assert_array_equal(results.draws["nvidia.price"], [15, 18, 20, 15, 18])
    assert results.runs()["status"].eq("ok").all()


def test_results_depend_on_what_is_in_the_table_and_on_nothing_else_about_it(tmp_path, table):
    one = calibrated(runs=6, uncertainty=table, factors={}, horizon=2)
    other = tmp_path / "moved.csv"
    other.write_text(TABLE)
    moved = one.model_copy(update={"uncertainty": str(other)})
    assert make(one).key == make(moved).key
    same_tables(ran(one, tmp_path / "a", chunk_runs=2), ran(moved, tmp_path / "b", chunk_runs=6))
    other.write_text(TABLE.replace("18", "18.5"))
    assert make(one).key != make(moved).key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("demand_elastcity\n1.2\n", ["line 1", "demand_elastcity", "nearest: demand_elasticity"]),
        ("demand_elasticity\nmany\n", ["line 2", "demand_elasticity", "no number"]),
        (
            "demand_elasticity\n1.2\n99\n",
            ["line 3", "demand_elasticity = 99", "of 2025Q4, 0.8 to 2", "[factors]"],
        ),
        ("demand_elasticity\n0.5\n", ["line 2", "demand_elasticity = 0.5", "0.8 to 2"]),
        ("shell_quarters\n4\n\n4.5\n", ["line 4", "shell_quarters = 4.5", "whole"]),
        ("nvidia.price\n45\n", ["line 2", "14.5 to 20", "another date", "column scenario"]),
        (
            "nvidia.price,amazon.core_cash\n45,10\n",
            [
                "line 1",
                "amazon.core_cash is a marked range of 2023Q1 and not of 2025Q4",
                "column scenario with 2023Q1",
            ],
        ),
        ("scenario,demand_elasticity\n2023Q2,1\n", ["line 2", "scenario '2023Q2'", "2023Q1"]),
        ("scenario,demand_elasticity\n2023Q1,1\n2025Q4,1\n", ["line 3", "2025Q4", "same in every"]),
        ("scenario,nvidia.price\n2023Q1,45\n", ["line 1", "2023Q1 and 2025Q4 mark alike"]),
        ("scenario,nvidia.price\n2023Q1,15\n", ["line 2", "of 2023Q1, 34 to 55"]),
        ("scenario\n2025Q4\n", ["line 1", "no column"]),
        ("scenario,oracle.old_debt\n2025Q4,90\n", ["line 1", "not of 2025Q4; take the column out"]),
        ("demand_elasticity\n", ["no points"]),
    ],
)
def test_a_table_with_a_mistake_is_refused_in_a_line(tmp_path, text, words):
    path = tmp_path / "draws.csv"
    path.write_text(text)
    refused(["draws.csv", *words], make, calibrated(uncertainty=str(path), factors={}))


def dated(path, scenario):
    """Write the shipped draws as a table that names their date; return its name."""
    columns = {"scenario": [scenario] * 40}
    columns |= {label: x[:40] for label, x in fitted.shipped().columns.items()}
    pd.DataFrame(columns).to_csv(path, index=False)
    return str(path)


def test_draws_of_another_date_count_where_both_dates_mark_the_same_range(tmp_path):
    given = dated(tmp_path / "draws.csv", fitted.BASE)
    mine, shipped = (
        make(calibrated(runs=40, uncertainty=each, factors={})) for each in (given, "calibrated")
    )
    assert mine.from_table == shipped.from_table
    told = (Path(__file__).parent.parent / "docs" / "batches.md").read_text(encoding="utf-8")
    told = " ".join(told.split())
    count, named = re.search(r"at `2025Q4` they are (\d+), ([^.]*)\.", told).groups()
    assert int(count) == len(mine.from_table)
    assert set(re.findall(r"`(.*?)`", named)) == set(mine.from_table)
    assert f"`{fitted.BASE}`, {len(fitted.shipped().columns)} ranges of it" in told
    one, other = (each.drawn(*everything(each)) for each in (mine, shipped))
    for label in mine.from_table:
        np.testing.assert_array_equal(one[label], other[label])
    past = make(calibrated(scenario=fitted.BASE, uncertainty=given, factors={}))
    assert set(past.from_table) == set(fitted.shipped().columns)


def test_draws_that_make_no_market_together_are_refused_with_their_line(monkeypatch, tmp_path):
    def refusing(self, drawn):
        if np.any(np.asarray(drawn["demand_elasticity"]) > 1.5):
            raise AgentsimError("too much together; lower one")

    monkeypatch.setattr(Scenario, "with_draws", refusing)
    path = tmp_path / "draws.csv"
    path.write_text("demand_elasticity\n1\n1.1\n1\n1.6\n1.2\n1.7\n1\n")
    refused([f"{path}, line 5: too much"], make, calibrated(uncertainty=str(path), factors={}))


def test_a_value_that_gives_way_may_lie_below_its_range(tmp_path):
    path = tmp_path / "draws.csv"
    path.write_text("saturated_elasticity\n0.25\n")
    assert make(calibrated(uncertainty=str(path), factors={})).from_table


def test_a_mistake_in_a_table_is_one_line_of_the_command(tmp_path):
    (tmp_path / "draws.csv").write_text("demand_elasticity\n1.2\n99\n")
    words = ["run", "escalator_war", "--set", "uncertainty=draws.csv", "--runs", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "agentsim.cli", *words],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2 and not (tmp_path / "results").exists()
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: draws.csv, line 3: demand_elasticity = 99 lies outside"), line


def test_a_table_that_is_not_there_is_refused_in_a_line(tmp_path):
    gone = str(tmp_path / "gone.csv")
    refused(["gone.csv"], make, calibrated(uncertainty=gone, factors={}))


# The table that comes with the package


def test_shipped_draws_lie_in_the_ranges_of_the_calibration_that_was_fitted():
    found, ranges = fitted.shipped(), Scenario.load(fitted.BASE).ranges
    assert found.rows >= 500
    for label, column in found.columns.items():
        marked = ranges[label]
        assert marked.low * (1 - 1e-5) <= column.min(), label
        assert column.max() <= marked.high * (1 + 1e-5), label
        assert len(np.unique(column)) > (2 if marked.whole else 100), label


def test_the_calibration_that_was_fitted_takes_all_columns_and_others_what_both_mark_alike():
    mine = make(calibrated(scenario=fitted.BASE, uncertainty="calibrated", factors={}))
    assert set(mine.from_table) == set(fitted.shipped().columns)
    other = make(calibrated(uncertainty="calibrated", factors={}))
    past = Scenario.load(fitted.BASE).ranges
    assert other.from_table
    for label in fitted.shipped().columns:
        same = label in BASE.ranges and (past[label].low, past[label].high) == (
            BASE.ranges[label].low, BASE.ranges[label].high,
        )  # fmt: skip
        assert (label in other.from_table) == same, label


def test_calibrated_is_the_default_and_where_nothing_is_marked_nothing_is_drawn():
    from agentsim import Experiment

    assert Experiment(name="x").uncertainty == "calibrated"
    plan = make(Experiment(name="x", scenario="theory", runs=2, horizon=2))
    assert plan.drawn_ranges == () and plan.from_table == ()
