"""Backtest: facts by quarter, what in the model answers to them, and bands beside the facts."""

import subprocess
import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from batches import ran, refused, small

from agentsim.backtest.history import history, number_of
from agentsim.backtest.measures import FOUR, MEASURES, SERIES, Tables, tables_of
from agentsim.backtest.testing import compared
from agentsim.batch.design import Experiment
from agentsim.calibration import facts
from agentsim.calibration.formulas import cited, evaluate

FACTS = history()


def test_every_fact_of_history_follows_from_published_figures():
    assert len(FACTS) > 100
    for each in FACTS:
        assert evaluate(each.formula, {}, None) == pytest.approx(each.value, rel=1e-4), each.key
        assert each.source and each.url and each.unit, each.key
        for key in cited(each.formula):
            assert facts()[key].confidence in ("high", "med"), each.key


def test_there_is_one_fact_a_quarter_and_something_that_answers_to_it():
    assert len({each.key for each in FACTS}) == len(FACTS)
    assert {each.series for each in FACTS} - {"share_of_compute"} == set(MEASURES)


def test_the_four_largest_are_the_sum_of_the_four():
    by = {each.key: each.value for each in FACTS}
    for year in (2023, 2024, 2025):
        for q in (1, 2, 3, 4):
            whole = by["company_capex", "four largest", f"{year}Q{q}"]
            parts = [by["company_capex", firm, f"{year}Q{q}"] for firm in FOUR]
            assert whole == pytest.approx(sum(parts), rel=1e-3)


def test_quarters_are_counted():
    assert number_of("2026Q1") - number_of("2023Q1") == 12
    refused(["quarter '2026-1'", "2026Q1"], number_of, "2026-1")


def test_facts_of_ones_own_are_added_or_replace_others(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text(
        "series,firm,quarter,value\n"
        "company_capex,microsoft,2026Q1,40\ncompany_capex,microsoft,2025Q4,38\n"
    )
    by = {each.key: each for each in history(mine)}
    assert len(by) == len(FACTS) + 1
    assert by["company_capex", "microsoft", "2026Q1"].value == 40.0
    assert by["company_capex", "microsoft", "2026Q1"].unit == "$bn/quarter"
    assert by["company_capex", "microsoft", "2025Q4"].value == 38.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("series,firm,quarter\n", ["no column value"]),
        ("series,firm,quarter,value\ncapecs,x,2026Q1,1\n", ["'capecs'", "company_capex"]),
        ("series,firm,quarter,value\ncompany_capex,x,Q1,1\n", ["line 2", "'Q1'"]),
        ("series,firm,quarter,value\n\ncompany_capex,x,2026Q1,a\n", ["line 3", "value = 'a'"]),
        ("series,firm,quarter,value\ncompany_capex,x,2026Q1,inf\n", ["line 2", "finite"]),
    ],
)
def test_facts_that_make_no_sense_are_refused_with_their_line(tmp_path, text, words):
    (tmp_path / "mine.csv").write_text(text)
    refused(["mine.csv", *words], history, tmp_path / "mine.csv")


def made_up(runs=40, quarters=12):
    """Series of made-up runs: capex of each firm is 1, 2, 3 ... by quarter, times what a run draws."""
    index = pd.MultiIndex.from_product([range(runs), range(quarters)], names=["run", "quarter"])
    run, quarter = (index.get_level_values(at).to_numpy() for at in (0, 1))
    rising = (quarter + 1.0) * (0.5 + run / (runs - 1))

    def firms(names, x):
        return pd.DataFrame({name: x for name in names}, index=index)

    ones, vendors = np.ones(len(index)), ("nvidia", "amd")
    hyperscaler = {"capex": firms(FOUR, rising), "other_capex": firms(FOUR, ones)}
    vendor = {
        "price": firms(vendors, 40.0 * ones), "unit_cost": firms(vendors, 10.0 * ones),
        "sales": firms(vendors, 0.1 * ones), "other_sales": firms(vendors, 0.2 * ones),
        "revenue": firms(vendors, 4.0 * ones), "other_revenue": firms(vendors, 8.0 * ones),
    }  # fmt: skip
    return Tables(pd.DataFrame({"memory_margin": 0.3 * ones}, index=index), hyperscaler, vendor)


def test_bands_are_percentiles_of_runs_and_facts_lie_inside_or_outside():
    found = compared(FACTS, made_up(), "2023Q1").set_index(["series", "firm", "quarter"])
    row = found.loc[("company_capex", "meta", "2023Q2")]  # 2 times 0.5 to 1.5, and 1
    assert row[["low", "median", "high"]].tolist() == pytest.approx([2.1, 3.0, 3.9])
    assert row["fact"] == 6.44 and not row["inside"] and row["ratio"] == pytest.approx(3 / 6.44)
    inside = found["low"].le(found["fact"]) & found["fact"].le(found["high"])
    assert (found["inside"] == inside).all() and 0 < inside.sum() < len(found)
    late = found.index.get_level_values("quarter") > "2024Q4"
    assert (found["fitted"] == ~late).all()


def test_what_accumulates_starts_from_what_there_was():
    found = compared(FACTS, made_up(), "2023Q1").set_index(["series", "firm", "quarter"])
    later = found.loc[("cumulative_compute", "nvidia", "2023Q3")]
    assert later["median"] == pytest.approx(0.3817 + 2 * 0.3, rel=1e-3)
    world = found.loc[("cumulative_compute", "world", "2023Q4")]
    assert world["median"] == pytest.approx(0.3817 + 0.0389 + 3 * 0.6, rel=1e-3)


def test_margins_prices_and_sales_are_those_of_the_vendor():
    found = compared(FACTS, made_up(), "2023Q1").set_index(["series", "firm", "quarter"])
    assert found.loc[("gross_margin", "nvidia", "2024Q1"), "median"] == pytest.approx(0.75)
    assert found.loc[("price_per_h100e", "nvidia", "2024Q1"), "median"] == pytest.approx(40.0)
    assert found.loc[("data_center_revenue", "nvidia", "2024Q1"), "median"] == pytest.approx(12.0)
    assert found.loc[("memory_margin", "micron", "2025Q4"), "median"] == pytest.approx(0.3)


def test_a_firm_that_there_is_not_and_more_than_one_cell_are_one_line(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text("series,firm,quarter,value\ncompany_capex,microsft,2025Q4,38\n")
    refused(
        ["company_capex: firm 'microsft'", "microsoft"],
        compared,
        history(mine),
        made_up(),
        "2023Q1",
    )
    two = ran(small(), tmp_path / "two")
    refused(["4 cells", "history happened once"], tables_of, two)


def test_the_shipped_experiment_keeps_what_is_compared():
    shipped = Experiment.read("backtest")
    assert set(SERIES) <= set(shipped.series) and shipped.scenario == "2023Q1"
    assert number_of("2023Q1") + shipped.horizon == number_of("2025Q4")
    assert shipped.series_runs >= shipped.runs


def test_the_command_compares_draws_and_keeps_a_table(tmp_path):
    words = [sys.executable, "-m", "agentsim.cli", "backtest", "--runs", "8", "--out", "out"]
    done = subprocess.run(
        [*words, "--csv"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(StringIO(done.stdout))
    assert len(found) > 100 and found["median"].notna().all()
    kept = pd.read_csv(tmp_path / "out" / "backtest.csv")
    pd.testing.assert_frame_equal(found, kept)
    pictures = sorted(path.name for path in (tmp_path / "out" / "figures").iterdir())
    assert "company_capex.four_largest.png" in pictures and len(pictures) >= 10
    lines = done.stderr.splitlines()
    assert all(line.startswith("Figure: ") for line in lines), done.stderr
