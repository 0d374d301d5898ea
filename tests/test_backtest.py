"""Backtest: facts by quarter, what in the model answers to them, and bands beside the facts."""

import subprocess
import sys
from io import StringIO

import pandas as pd
import pytest
from batches import ran, refused, small
from histories import made_up

from agentsim.backtest.history import history, number_of
from agentsim.backtest.measures import FOUR, MEASURES, SERIES, tables_of
from agentsim.backtest.testing import compared
from agentsim.batch.design import Experiment
from agentsim.calibration import facts
from agentsim.calibration.formulas import cited, evaluate
from agentsim.scenario import Scenario

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
    assert {each.series for each in FACTS} == set(MEASURES)


def test_the_margin_with_a_charge_on_stock_is_judged_without_it():
    by = {each.key: each for each in FACTS}
    fact = by["gross_margin", "nvidia", "2025Q1"]
    assert (fact.value, fact.low) == (0.713, 0.605) and "as reported" in fact.note
    neighbours = [by["gross_margin", "nvidia", quarter].value for quarter in ("2024Q4", "2025Q2")]
    assert min(neighbours) - 0.02 < fact.value < max(neighbours)


def test_service_revenue_is_derived_as_in_the_calibration_of_the_end_of_2025():
    by = {each.key: each for each in FACTS}
    scenario = Scenario.load("2025Q4")
    chips = sum(
        scenario[f"{firm}.{kind}_fleet"]
        for firm in scenario.firms["hyperscaler"]
        for kind in ("merchant", "custom")
    )
    compute = float(facts()["lab.h100e.OpenAI.2025"].value)
    fact = by["service_revenue", "hyperscalers", "2025Q4"]
    assert fact.value == pytest.approx(20.0 / 4.0 / compute * chips, rel=1e-3)
    assert fact.low < fact.value < fact.high
    low, high = (scenario.ranges["service_revenue"].low, scenario.ranges["service_revenue"].high)
    assert low < fact.value < high


def test_debts_are_those_of_the_calibration_of_the_end_of_2025():
    scenario = Scenario.load("2025Q4")
    for each in FACTS:
        if each.series == "ai_debt":
            assert each.value == pytest.approx(scenario[f"{each.firm}.debt"], rel=1e-3)


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
