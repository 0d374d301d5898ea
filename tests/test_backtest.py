"""Backtest: facts by quarter, what in the model answers to them, and bands beside the facts."""

import csv
import subprocess
import sys
from importlib.resources import files
from io import StringIO

import pandas as pd
import pytest
from batches import ran, refused, small
from histories import made_up

from agentsim.backtest.asked import MOST_AHEAD, check_own, reaching
from agentsim.backtest.history import history, number_of
from agentsim.backtest.kinds import KINDS
from agentsim.backtest.measures import FOUR, MEASURES, SERIES, tables_of
from agentsim.backtest.roles import ruled
from agentsim.backtest.testing import compared, score
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
    refused(["quarter = '2026-1'", "2026Q1"], number_of, "2026-1")


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


HEAD = "series,firm,quarter,value\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty", "series, firm, quarter, value"]),
        ("series,firm,quarter\n", ["line 1", "no column value"]),
        ("series,firm,quarter,value,value\n", ["line 1", "value is there twice"]),
        (HEAD + "capecs,x,2026Q1,1\n", ["line 2", "'capecs'", "company_capex"]),
        (HEAD + "company_capex,x,Q1,1\n", ["line 2", "quarter = 'Q1'", "2026Q1"]),
        (HEAD + "\ncompany_capex,x,2026Q1,a\n", ["line 3", "value = 'a'"]),
        (HEAD + "company_capex,x,2026Q1,\n", ["line 2", "value = ''", "give one"]),
        (HEAD + "company_capex,x,2026Q1\n", ["line 2", "3 values in 4 columns"]),
        (HEAD + "company_capex,x,2026Q1,1,5\n", ["line 2", "5 values in 4 columns"]),
        (HEAD + "company_capex,x,2026Q1,inf\n", ["line 2", "value = inf", "finite"]),
        (HEAD + "company_capex,x,2026Q1,nan\n", ["line 2", "value = nan", "finite"]),
        (HEAD + "company_capex,x,2026Q1,0\n", ["line 2", "value = 0", "above 0"]),
        (HEAD + "price_per_h100e,nvidia,2026Q1,-3\n", ["line 2", "value = -3", "above 0"]),
        (HEAD + "ai_debt,meta,2026Q1,-3\n", ["line 2", "value = -3", "0 or more"]),
        (HEAD + "gross_margin,nvidia,2026Q1,71\n", ["value = 71", "not per cent", "at most 1"]),
        (HEAD + "share_of_compute,nvidia,2026Q1,2\n", ["value = 2", "above 0 and at most 1"]),
        (
            "unit,series,firm,quarter,value\n$m,company_capex,meta,2026Q1,9000\n",
            ["line 2", "unit = '$m'", "$bn/quarter"],
        ),
        (
            "low,high,series,firm,quarter,value\n3,2,company_capex,meta,2026Q1,2\n",
            ["line 2", "low = 3", "high = 2", "swap"],
        ),
        (
            HEAD + "company_capex,meta,2026Q1,9\n" + "company_capex,meta,2026Q1,8\n",
            ["line 3", "company_capex, meta, 2026Q1", "in mine.csv, line 2", "take one"],
        ),
    ],
)
def test_facts_that_make_no_sense_are_refused_with_their_line(tmp_path, text, words):
    (tmp_path / "mine.csv").write_text(text)
    told = refused([], history, tmp_path / "mine.csv").replace(f"{tmp_path}/", "")
    assert told.startswith("mine.csv") and all(each in told for each in words), told


def test_margins_may_be_negative_and_debts_and_defaults_none(tmp_path):
    mine = tmp_path / "mine.csv"
    rows = ("gross_margin,nvidia,2026Q1,-0.2", "memory_margin,micron,2026Q1,0",
            "ai_debt,meta,2026Q1,0", "write_downs,hyperscalers,2026Q1,0")  # fmt: skip
    mine.write_text(HEAD + "\n".join(rows))
    assert len(history(mine)) == len(FACTS) + 4


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("company_capex,four biggest,2025Q4,1", ["company_capex", "microsoft", "four largest"]),
        ("cumulative_compute,wrold,2025Q4,1", ["cumulative_compute", "nvidia", "world"]),
        ("data_center_revenue,all,2025Q4,1", ["data_center_revenue", "all vendors"]),
        ("service_revenue,oracle,2025Q4,1", ["service_revenue", "hyperscalers"]),
        ("memory_margin,micorn,2025Q4,0.1", ["memory_margin", "sk_hynix, samsung, micron"]),
        ("ai_debt,nvidia,2025Q4,1", ["ai_debt", "coreweave, hyperscalers"]),
        ("cumulative_compute,amd,2025Q4,1", ["cumulative_compute,amd,2023Q1", "add that fact"]),
    ],
)
def test_a_firm_without_the_series_is_refused_with_all_that_have_it(tmp_path, row, words):
    mine = tmp_path / "mine.csv"
    mine.write_text(HEAD + "company_capex,microsoft,2025Q4,38\n" + row)
    told = [f"{mine}, line 3", *words]
    refused(told, check_own, history(mine), Scenario.load("2023Q1").firms, "2023Q1")


def test_shipped_facts_are_of_firms_units_and_values_that_there_are():
    firms = Scenario.load("2023Q1").firms
    for each in FACTS:
        kind = KINDS[each.series]
        assert each.firm in kind.names(firms) and kind.holds(each.value), each.key
    text = (files("agentsim.backtest") / "history.csv").read_text(encoding="utf-8")
    for line in csv.DictReader(text.splitlines()):
        assert line["unit"] == KINDS[line["series"]].unit


def test_the_experiment_reaches_the_last_fact_given_within_bounds(tmp_path):
    design, mine = Experiment.read("backtest"), tmp_path / "mine.csv"

    def given(quarter):
        mine.write_text(HEAD + f"company_capex,microsoft,{quarter},38\n")
        return design, history(mine)

    assert reaching(design, FACTS) is design and reaching(*given("2024Q1")) is design
    assert reaching(*given("2026Q1")).horizon == 12
    assert reaching(*given("2043Q1")).horizon == MOST_AHEAD
    words = [f"{mine}, line 2", "quarter = 2043Q2 is 81 quarters after 2023Q1", "until then"]
    refused([*words, "2043Q1"], reaching, *given("2043Q2"))
    refused([f"{mine}, line 2", "quarter = 2022Q4 is before 2023Q1"], reaching, *given("2022Q4"))


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


def asked(tmp, *words):
    """Run `agentsim backtest` in a process of its own."""
    command = [sys.executable, "-m", "agentsim.cli", "backtest", *words]
    return subprocess.run(command, cwd=tmp, capture_output=True, text=True, timeout=120)


def test_facts_of_later_quarters_are_compared_and_no_number_before_them_changes(tmp_path):
    rows = ("company_capex,microsoft,2026Q1,40", "ai_capex,hyperscalers,2026Q2,90",
            "company_capex,microsoft,2025Q4,38", "defaulted_so_far,hyperscalers,2026Q1,0")  # fmt: skip
    (tmp_path / "mine.csv").write_text(HEAD + "\n".join(rows))
    words = ("--runs", "6", "--workers", "1", "--csv", "--no-figures")
    plain = asked(tmp_path, *words, "--out", "plain")
    longer = asked(tmp_path, *words, "--out", "longer", "--facts", "mine.csv")
    assert plain.returncode == longer.returncode == 0, longer.stderr
    keys, bands = ["series", "firm", "quarter"], ["low", "median", "high", "role", "input_share"]
    one, other = (pd.read_csv(StringIO(each.stdout)).set_index(keys) for each in (plain, longer))
    pd.testing.assert_frame_equal(one[bands], other.loc[one.index, bands], check_exact=True)
    assert set(other.index) - set(one.index) == {
        ("company_capex", "microsoft", "2026Q1"),
        ("ai_capex", "hyperscalers", "2026Q2"),
    }
    assert other.loc[("company_capex", "microsoft", "2025Q4"), "fact"] == 38.0
    assert longer.stderr.splitlines() == [
        "mine.csv: in place of shipped facts (1): company_capex microsoft 2025Q4",
        "mine.csv has facts until 2026Q2: backtest is simulated to there, 13 quarters, and not to "
        "2025Q4",
        "mine.csv: not compared, as no band is simulated for them (1): defaulted_so_far "
        "hyperscalers 2026Q1",
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("company_capex,microsoft,2099Q1,1", ["mine.csv, line 2", "2099Q1", "2043Q1"]),
        ("company_capex,microsoft,2021Q1,1", ["mine.csv, line 2", "2021Q1", "take the line out"]),
        ("company_capex,four,2026Q1,1", ["mine.csv, line 2", "firm = 'four'", "four largest"]),
        ("company_capex,meta,2026Q1,-1", ["mine.csv, line 2", "value = -1", "above 0"]),
    ],
)
def test_mistakes_in_facts_are_one_line_before_anything_is_simulated(tmp_path, row, words):
    (tmp_path / "mine.csv").write_text(HEAD + row)
    done = asked(tmp_path, "--facts", "mine.csv")
    assert done.returncode == 2 and done.stdout == "" and not (tmp_path / "results").exists()
    (text,) = done.stderr.splitlines()
    assert text.startswith("error: ") and all(each in text for each in words), text


def test_the_command_compares_draws_and_keeps_a_table(tmp_path):
    done = asked(tmp_path, "--runs", "8", "--out", "out", "--csv")
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(StringIO(done.stdout))
    assert len(found) > 100 and found["median"].notna().all()
    kept = pd.read_csv(tmp_path / "out" / "backtest.csv")
    pd.testing.assert_frame_equal(found, kept)
    pictures = sorted(path.name for path in (tmp_path / "out" / "figures").iterdir())
    assert "company_capex.four_largest.png" in pictures and len(pictures) >= 10
    lines = done.stderr.splitlines()
    assert all(line.startswith("Figure: ") for line in lines), done.stderr


def test_a_margin_that_a_strategy_holds_is_told_apart_from_results():
    holds = ruled({"nvidia": "hold_margin(margin_change=0.1)"})
    assert ("gross_margin", "nvidia") in holds
    assert ("gross_margin", "nvidia") not in ruled({"nvidia": "best_response"})
    facts = [each for each in FACTS if each.series == "gross_margin" and each.quarter > "2023Q1"]
    plain, told = (compared(facts, made_up(), "2023Q1", each) for each in ((), holds))
    assert set(plain["role"]) == {"result"} and set(told["role"]) == {"by a rule"}
    assert "by a rule" in score(told)[0] and "by a rule" not in score(plain)[0]
