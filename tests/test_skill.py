"""Skill: whether fitting brought markets closer to facts, and what ranges had seen of later years."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from histories import tables
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.backtest.history import Known
from agentsim.backtest.skill import ranked_probability_score, skill
from agentsim.calibration import calibrations, read
from agentsim.calibration.hindsight import seen_later

RUNS = st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=30)


@settings(max_examples=200)
@given(x=RUNS, fact=st.floats(-100.0, 100.0))
def test_the_score_is_the_area_between_the_runs_distribution_and_a_step_at_the_fact(x, fact):
    edges = np.unique([*x, fact])
    between = (edges[1:] + edges[:-1]) / 2.0
    below = np.array([np.mean(np.asarray(x) <= each) for each in between])
    area = (np.diff(edges) * np.square(below - (between >= fact))).sum()
    assert ranked_probability_score(np.array(x), fact) == pytest.approx(area, abs=1e-9)


def test_the_score_of_normal_runs_is_that_of_the_closed_form():
    """For a standard normal and a fact at its mean it is (sqrt(2) - 1) / sqrt(pi)."""
    x = np.random.default_rng(1).standard_normal(400_000)
    expected = (np.sqrt(2.0) - 1.0) / np.sqrt(np.pi)
    assert ranked_probability_score(x, 0.0) == pytest.approx(expected, rel=0.01)


def fact(series, firm, quarter, value):
    return Known(series, firm, quarter, value, unit="1")


def around(middle, spread, runs=101):
    """Service revenue that is the same in all quarters and differs from run to run."""
    found = tables(runs=runs, market={"spending": 1.0})
    run = found.market.index.get_level_values("run").to_numpy()
    found.market["spending"] = middle + spread * (2.0 * run / (runs - 1) - 1.0)
    return found


def test_runs_closer_to_facts_score_less_and_wide_bands_hold_all_without_being_good():
    facts = [fact("service_revenue", "hyperscalers", f"2025Q{n}", 10.0) for n in (1, 2)]
    (row,) = skill(facts, around(10.0, 1.0), around(10.0, 8.0), "2023Q1").itertuples()
    assert (row.facts, row.inside, row.inside_unfitted) == (2, 2, 2)
    assert row.width == pytest.approx(1 / 8) and row.score == pytest.approx(1 / 8)
    (off,) = skill(facts, around(14.0, 1.0), around(10.0, 8.0), "2023Q1").itertuples()
    assert off.inside == 0 and off.width == pytest.approx(1 / 8) and off.score > 2.0


def test_facts_that_are_fitted_do_not_count():
    facts = [fact("service_revenue", "hyperscalers", each, 10.0) for each in ("2024Q4", "2026Q1")]
    assert skill(facts, around(10.0, 1.0), around(10.0, 2.0), "2023Q1").empty


def test_ranges_that_cite_later_figures_or_rest_on_values_that_do_are_named():
    seen = seen_later("2023Q1", 2024)
    assert "other_capex_growth_per_year" not in seen and "adoption_growth_per_year" not in seen
    cites, says, rests = "adoption_saturation", "custom_shift", "oracle.merchant_fleet"
    assert says in seen and rests in seen and cites not in seen
    assert set(seen) <= {each.label for each in read("2023Q1").entries if each.low is not None}
    assert set(seen_later("2023Q1", 2023)) > set(seen) and seen_later("2023Q1", 2100) == ()


@pytest.mark.parametrize("name", calibrations())
def test_every_calibration_can_be_asked_what_it_had_seen(name):
    assert set(seen_later(name, 2025)) <= set(seen_later(name, 2024))


def test_the_command_says_what_fitting_was_worth_and_keeps_it(tmp_path):
    command = [sys.executable, "-m", "agentsim.cli", "backtest", "--runs", "12", "--no-figures"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""
    folder = tmp_path / "results" / "backtest"
    found = pd.read_csv(folder / "skill.csv")
    backtest = pd.read_csv(folder / "backtest.csv")
    later = backtest[~backtest["fitted"]]
    assert found["facts"].sum() == len(later) and found["inside"].sum() == later["inside"].sum()
    (total,) = (line.split() for line in done.stdout.splitlines() if line.startswith("all; geo"))
    assert [int(each) for each in total[3:6]] == [
        int(found[each].sum()) for each in ("facts", "inside", "inside_unfitted")
    ]
    seen = pd.read_csv(folder / "hindsight.csv")
    assert f"Hindsight: {len(seen)} of " in done.stdout
    assert set(seen["range"]) == set(seen_later("2023Q1", 2024))
