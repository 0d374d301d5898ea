"""Forecast: bands from the opening books on, and later facts beside them."""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from batches import refused
from histories import tables

from agentsim.backtest.asked import check_own
from agentsim.backtest.forecasting import base_of, forecast, lines_of
from agentsim.backtest.history import Known, history, number_of
from agentsim.backtest.kinds import KINDS, title
from agentsim.backtest.measures import FOUR, tables_of
from agentsim.backtest.outlook import ANSWERS, DEFAULTS, LINES, NEEDED
from agentsim.batch.design import Experiment, shipped
from agentsim.batch.results import Results
from agentsim.report.forecast_figures import figure
from agentsim.scenario import Scenario

BANDS = ["p05", "p25", "median", "p75", "p95"]
LATER = (
    "series,firm,quarter,value\n"
    "company_capex,four largest,2026Q1,100000\n"  # above all that is simulated
    "service_revenue,hyperscalers,2026Q2,0.001\n"  # and below
    "gross_margin,amd,2026Q1,0.5\n"  # of a firm that is not told otherwise
    "memory_margin,micron,2026Q3,0.6\n"  # of a firm that stands for all
)


def asked(tmp: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `agentsim forecast` in a process of its own."""
    command = [sys.executable, "-m", "agentsim.cli", "forecast", *words]
    return subprocess.run(command, cwd=tmp, capture_output=True, text=True, timeout=120)


def written(tmp: Path, **changes: str) -> str:
    """Write the shipped experiment with other lines; return its name."""
    path = Path(__file__).parent.parent / "experiments" / "forecast.toml"
    text = path.read_text(encoding="utf-8")
    for key, value in changes.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
    (tmp / "mine.toml").write_text(text, encoding="utf-8")
    return "mine.toml"


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Five quarters of twenty runs, with later facts: folder, answer, table and results."""
    tmp = tmp_path_factory.mktemp("forecast")
    name = written(tmp, horizon="5")
    (tmp / "later.csv").write_text(LATER)
    words = [name, "--runs", "20", "--workers", "1", "--out", "out", "--facts", "later.csv"]
    done = asked(tmp, *words, "--csv")
    assert done.returncode == 0, done.stderr
    return tmp, done, pd.read_csv(StringIO(done.stdout)), Results.open(tmp / "out")


def line(found: pd.DataFrame, series: str, firm: str) -> pd.DataFrame:
    """Rows of one series of one firm, by quarter."""
    return found[found["series"].eq(series) & found["firm"].eq(firm)].set_index("quarter")


def banded(x: pd.DataFrame, quarter: int) -> list[float]:
    """Percentiles over runs of `(runs, quarters)`, worked out by hand: linear between runs."""
    run = np.sort(x[quarter].to_numpy(np.float64))
    places = np.array([0.05, 0.25, 0.5, 0.75, 0.95]) * (len(run) - 1)
    return np.interp(places, np.arange(len(run)), run).tolist()


def test_the_shipped_experiment_goes_from_2025_to_2030_and_keeps_what_is_told():
    design = Experiment.read("forecast")
    assert "forecast" in shipped()
    assert number_of(design.scenario) + design.horizon == number_of("2030Q4")
    assert design.scenario == "2025Q4" and set(NEEDED) <= set(design.series)
    assert design.series_runs >= design.runs


def test_every_quarter_of_every_line_is_told_with_its_unit(short):
    tmp, _, found, _ = short
    quarters = ["2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4", "2027Q1"]
    for each in LINES:
        rows = line(found, each.series, each.firm)
        assert rows.index.tolist() == quarters
        assert set(rows["unit"]) == {each.unit}
    kept = pd.read_csv(tmp / "out" / "forecast.csv")
    pd.testing.assert_frame_equal(found, kept)


def test_bands_are_in_order(short):
    found = short[2]
    told = found[found["series"] != "defaulted_so_far"]
    assert told[BANDS].notna().all(axis=None)
    assert (told[BANDS].diff(axis=1).iloc[:, 1:] >= 0.0).all(axis=None)
    assert told["mean"].notna().all()


def test_numbers_are_those_of_the_series_that_were_kept(short):
    found, results = short[2], short[3]
    firms = results.series(role="hyperscaler")
    firms["both"] = firms["capex"] + firms["other_capex"]
    four = firms[firms["firm"].isin(FOUR)].pivot_table("both", "run", "quarter", aggfunc="sum")
    every = firms.pivot_table("capex", "run", "quarter", aggfunc="sum")
    vendors = results.series(role="chip_vendor")
    vendors["sold"] = vendors["revenue"] + vendors["other_revenue"]
    vendors["shipped"] = vendors["sales"] + vendors["other_sales"]
    vendors["margin"] = (vendors["price"] - vendors["unit_cost"]) / vendors["price"]
    leader = vendors[vendors["firm"] == "nvidia"]
    shipped_by = vendors[vendors["quarter"] > 0].pivot_table(
        "shipped", "run", "quarter", aggfunc="sum"
    )
    market = results.series()
    expected = {
        ("company_capex", "four largest"): four,
        ("ai_capex", "hyperscalers"): every,
        ("data_center_revenue", "nvidia"): leader.pivot(
            index="run", columns="quarter", values="sold"
        ),
        ("data_center_revenue", "all vendors"): vendors.pivot_table(
            "sold", "run", "quarter", aggfunc="sum"
        ),
        ("gross_margin", "nvidia"): leader.pivot(index="run", columns="quarter", values="margin"),
        ("price_per_h100e", "nvidia"): leader.pivot(index="run", columns="quarter", values="price"),
        ("ai_debt", "hyperscalers"): firms.pivot_table("debt", "run", "quarter", aggfunc="sum"),
        ("cumulative_compute", "world"): 19.738 + shipped_by.cumsum(axis=1),
    } | {
        key: market.pivot(index="run", columns="quarter", values=name)
        for key, name in (
            (("memory_margin", "all makers"), "memory_margin"),
            (("installed_compute", "hyperscalers"), "compute"),
            (("service_revenue", "hyperscalers"), "spending"),
            (("service_price", "market"), "service_price"),
            (("rent_per_h100e", "market"), "gpu_rent"),
        )
    }
    for key, runs in expected.items():
        row = line(found, *key).loc["2026Q4"]
        assert row[BANDS].tolist() == pytest.approx(banded(runs, 4), rel=1e-5), key
        assert row["mean"] == pytest.approx(runs[4].mean(), rel=1e-5), key
    assert len(expected) == len(LINES) - 2  # defaults have tests of their own


def test_compute_starts_from_the_fact_at_the_base_date(short):
    row = line(short[2], "cumulative_compute", "world").loc["2025Q4"]
    assert row[[*BANDS, "mean", "fact"]].tolist() == [19.738] * 7


def test_later_facts_are_held_against_the_bands_and_earlier_ones_are_not(short):
    found = short[2]
    above = line(found, "company_capex", "four largest")
    assert above.loc["2026Q1", ["fact", "inside_50", "inside_90"]].tolist() == [
        100000,
        False,
        False,
    ]
    assert above.loc["2025Q4", "fact"] == 126.97
    assert above["inside_90"].notna().tolist() == [False, True, *[False] * 4]
    below = line(found, "service_revenue", "hyperscalers").loc["2026Q2"]
    assert below["fact"] == 0.001 and not below["inside_90"]
    assert line(found, "memory_margin", "all makers").loc["2026Q3", "fact"] == 0.6
    further = line(found, "gross_margin", "amd")
    assert len(further) == 6 and further.loc["2026Q1", "unit"] == "1"
    held = found[found["inside_90"].notna()]
    assert len(held) == 4
    for name, low, high in (("inside_50", "p25", "p75"), ("inside_90", "p05", "p95")):
        inside = held["fact"].ge(held[low]) & held["fact"].le(held[high])
        assert held[name].astype(bool).tolist() == inside.tolist()


def test_every_line_has_its_picture(short):
    tmp, done, found, _ = short
    pictures = {path.name for path in (tmp / "out" / "figures").iterdir()}
    lines = found[["series", "firm"]].drop_duplicates()
    assert pictures == {f"{s}.{f.replace(' ', '_')}.png" for s, f in lines.to_numpy().tolist()}
    assert all(each.startswith("Figure: ") for each in done.stderr.splitlines()), done.stderr


def test_the_table_tells_year_ends_units_and_where_facts_lie(short):
    tmp, _, found, _ = short
    words = ["mine.toml", "--runs", "20", "--out", "out", "--no-figures"]
    plain = asked(tmp, *words)
    assert plain.returncode == 0 and plain.stderr == ""
    head, rule, _, title, first, last, *_ = plain.stdout.splitlines()
    assert head.split() == ["quarter", "5%", "25%", "median", "75%", "95%", "mean"]
    assert len(rule) == len(head) == len(first)  # numbers end where their heads end
    assert title == "Capex, AI and other: four largest ($bn/quarter) [company_capex,four largest]"
    assert (first.split()[0], last.split()[0]) == ("2026Q4", "2027Q1")  # the last one in any case
    row = line(found, "company_capex", "four largest").loc["2026Q4"]
    told = [float(each.replace(",", "")) for each in first.split()[1:]]
    assert told == pytest.approx(row[[*BANDS, "mean"]].tolist(), rel=1e-3)
    held = asked(tmp, *words, "--facts", "later.csv").stdout
    assert re.search(r"^2026Q1 .* 100,000  outside, above$", held, re.MULTILINE)
    assert re.search(r"^2026Q2 .* 0\.001  outside, below$", held, re.MULTILINE)
    assert held.splitlines()[-1].startswith("Of 4 facts after 2025Q4, ")


def test_the_table_says_what_a_default_is_and_the_pictures_take_the_same_names(short):
    tmp, _, found, _ = short
    plain = asked(tmp, "mine.toml", "--runs", "20", "--out", "out", "--no-figures").stdout
    assert DEFAULTS in plain and "CoreWeave" in DEFAULTS
    for series, firm in found[["series", "firm"]].drop_duplicates().to_numpy().tolist():
        rows = line(found, series, firm).reset_index()
        picture = figure(rows, {"2025Q4": 1.0})
        heading = picture.axes[0].get_title(loc="left")
        if (series, firm) != ("gross_margin", "amd"):  # a line that its fact asked for
            assert f"\n{heading} ({KINDS[series].unit}) [{series},{firm}]\n" in plain
        assert heading == title(series, firm)
        under = DEFAULTS if "default" in heading.lower() else ""
        assert picture.axes[0].get_xlabel() == under


def test_facts_up_to_the_start_are_counted_and_the_command_that_compares_them_is_named(short):
    tmp = short[0]
    (tmp / "both.csv").write_text(
        "series,firm,quarter,value\nmemory_margin,micron,2025Q4,0.5\n"
        "memory_margin,micron,2024Q1,-0.1\nmemory_margin,micron,2026Q1,0.5\n"
    )
    words = ["mine.toml", "--runs", "20", "--out", "out", "--no-figures", "--facts", "both.csv"]
    (replaced, before) = asked(tmp, *words).stderr.splitlines()
    assert replaced == "both.csv: in place of shipped facts (1): memory_margin micron 2025Q4"
    assert "not after 2025Q4" in before and "`agentsim backtest --facts both.csv`" in before
    assert before.endswith("(2): memory_margin micron 2025Q4; memory_margin micron 2024Q1")


def test_runs_that_are_asked_for_are_all_told(tmp_path):
    name = written(tmp_path, horizon="1", runs="2", series_runs="2")
    done = asked(tmp_path, name, "--runs", "5", "--no-figures")
    assert done.returncode == 0, done.stderr
    results = Results.open(tmp_path / "results" / "forecast")
    assert results.series()["run"].nunique() == 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--runs", "some"], ["--runs 'some'", "whole number"]),
        (["--facts", "none.csv"], ["none.csv", "give a CSV file"]),
        (["--facts", "bad.csv"], ["bad.csv, line 3", "firm = 'all'", "nvidia", "all vendors"]),
        (["escalator_war"], ["series of escalator_war lacks", "write_downs", "add them"]),
        (["nothing"], ["experiment 'nothing' is not known"]),
        (["mine.toml"], ["scenario = 'theory'", "no date", "2025Q4"]),
    ],
)
def test_mistakes_are_one_line(tmp_path, words, told):
    written(tmp_path, scenario='"theory"')
    rows = ("memory_margin,micron,2026Q1,-0.1", "data_center_revenue,all,2026Q1,80")
    (tmp_path / "bad.csv").write_text("series,firm,quarter,value\n" + "\n".join(rows))
    done = asked(tmp_path, *words)
    assert done.returncode == 2 and done.stdout == ""
    (text,) = done.stderr.splitlines()
    assert text.startswith("error: ")
    for each in told:
        assert each in text


def test_help_teaches(tmp_path):
    done = asked(tmp_path, "--help")
    assert done.returncode == 0
    for each in ("Examples:", "--facts", "series, firm, quarter", "forecast.csv", "backtest"):
        assert each in " ".join(done.stdout.split())


# Without a process


def facts_with(*more: Known) -> list[Known]:
    """The shipped facts and others."""
    return [*history(), *more]


def made_up(defaults):
    """Series of made-up runs, all of them one, and so many defaults a run and quarter."""
    role = {}
    for name in NEEDED:
        which, _, state = name.rpartition(".")
        firms = {"hyperscaler": FOUR, "chip_vendor": ("nvidia", "amd")}.get(which, ("micron",))
        one = 1.0 if not which else dict.fromkeys(firms, 1.0)
        role.setdefault(which or "market", {})[state] = one
    found = tables(runs=len(defaults), quarters=len(defaults[0]), **role)
    found.market["write_downs"] = np.ravel(defaults).astype(float)
    return found


def test_defaults_are_whole_and_the_share_of_runs_with_one_never_falls():
    # run 0 has none; the others default at quarters 1, 1 and 2; at 2 run 1 does so once more
    given = made_up([[0, 0, 0], [0, 1, 2], [0, 1, 0], [0, 0, 1]])
    found = forecast(facts_with(), given, "2025Q4")
    count = line(found, "write_downs", "hyperscalers")
    assert count["mean"].tolist() == [0.0, 0.5, 0.75]
    assert count.loc["2026Q2", BANDS].tolist() == [0, 0, 0, 1, 2]  # a run's, none between
    share = line(found, "defaulted_so_far", "hyperscalers")
    assert share["mean"].tolist() == [0.0, 0.5, 0.75]
    assert share[BANDS].isna().all(axis=None)


def test_what_is_missing_in_a_run_is_left_out_of_its_bands():
    given = made_up([[0, 0], [0, 0]])
    given.market.loc[(0, 1), "memory_margin"] = np.nan
    given.market.loc[(1, 1), "gpu_rent"] = np.inf
    found = forecast(facts_with(), given, "2025Q4")
    for key in (("memory_margin", "all makers"), ("rent_per_h100e", "market")):
        assert line(found, *key).loc["2026Q1", [*BANDS, "mean"]].tolist() == [1.0] * 6


class Failing:
    """Results in which some runs failed: they have a status and no numbers."""

    def __init__(self, results: Results, failed: list[int]) -> None:
        self.results, self.failed = results, failed
        self.folder, self.cells = results.folder, results.cells

    def runs(self) -> pd.DataFrame:
        frame = self.results.runs()
        frame.loc[frame["run"].isin(self.failed), "status"] = "failed in quarter 2: no idea"
        return frame

    def series(self, names: list[str], role: str | None = None) -> pd.DataFrame:
        frame = self.results.series(names, role=role)
        frame.loc[frame["run"].isin(self.failed), names] = np.nan
        return frame


def test_failed_runs_are_left_out_and_not_taken_for_zeros(short):
    results = short[3]
    failing = Failing(results, [*range(0, 20, 2)])
    found = forecast(history(), tables_of(failing, NEEDED), "2025Q4")
    firms = results.series(role="hyperscaler")
    sound = firms[firms["run"] % 2 == 1]
    capex = sound.pivot_table("capex", "run", "quarter", aggfunc="sum")
    debt = sound.pivot_table("debt", "run", "quarter", aggfunc="sum")
    for key, runs in (("ai_capex", capex), ("ai_debt", debt)):
        row = line(found, key, "hyperscalers").loc["2026Q4"]
        assert row[BANDS].tolist() == pytest.approx(banded(runs, 4), rel=1e-5)
    every = Failing(results, [*range(20)])
    refused(["every run failed", "no idea"], tables_of, every, NEEDED)


def test_facts_of_what_is_told_of_all_alone_name_all():
    firms = Scenario.load("2025Q4").firms
    for series in ("installed_compute", "service_revenue"):
        ask = Known(series, "oracle", "2026Q1", 1.0, place="mine.csv, line 2")
        told = ["mine.csv, line 2", f"firm = 'oracle' has no {series}", "hyperscalers"]
        refused(told, check_own, facts_with(ask), firms, "2025Q4")


def test_a_firms_own_name_and_that_of_all_mean_the_same_line():
    both = (
        Known("memory_margin", "micron", "2026Q1", 0.5),
        Known("memory_margin", "all makers", "2026Q1", 0.7),
    )
    base = number_of("2025Q4")
    assert lines_of(facts_with(*both), base) == list(LINES)
    (memory,) = [each for each in LINES if each.series == "memory_margin"]
    assert memory.facts(both) == {"2026Q1": 0.7}  # all makers' own before micron's
    assert memory.facts(both[:1]) == {"2026Q1": 0.5}


def test_compute_without_a_fact_to_start_from_is_refused():
    ask = Known("cumulative_compute", "amd", "2026Q1", 1.0)
    words = ["cumulative_compute: firm 'amd'", "2025Q4", "add that fact"]
    refused(words, forecast, facts_with(ask), made_up([[0, 0]]), "2025Q4")


def test_a_scenario_without_a_date_is_refused():
    assert base_of("2025Q4") == number_of("2026Q1") - 1
    refused(["scenario = '2025'", "2025Q4"], base_of, "2025")


def test_facts_of_ones_own_may_be_of_every_line(tmp_path):
    rows = [f"{each.series},{each.firm},2026Q1,0.5\n" for each in LINES]
    (tmp_path / "mine.csv").write_text("series,firm,quarter,value\n" + "".join(rows))
    known = history(tmp_path / "mine.csv")
    assert lines_of(known, number_of("2025Q4")) == list(LINES)
    assert {each.unit for each in known if each.series == "installed_compute"} == {"M H100e"}
    assert {each.series for each in LINES} <= set(ANSWERS)
    check_own(known, Scenario.load("2025Q4").firms, "2025Q4")
