"""Measures of the market against history, their bands, and what of them was put in."""

import numpy as np
import pandas as pd
import pytest
from histories import made_up

from agentsim.backtest.history import Known, history, number_of, quarter_of
from agentsim.backtest.measures import MEASURES
from agentsim.backtest.roles import role_of
from agentsim.backtest.testing import compared, score, simulated, standing
from agentsim.report.history_figures import figure

FACTS = history()
BY = ["series", "firm", "quarter"]


def rows(tables=None, facts=FACTS):
    return compared(facts, made_up() if tables is None else tables, "2023Q1").set_index(BY)


def test_bands_are_percentiles_of_runs_and_facts_lie_inside_or_outside():
    found = rows()
    row = found.loc[("company_capex", "meta", "2023Q2")]  # 2 times 0.5 to 1.5, and 1
    assert row[["low", "median", "high"]].tolist() == pytest.approx([2.1, 3.0, 3.9])
    assert row["fact"] == 6.44 and not row["inside"] and row["ratio"] == pytest.approx(3 / 6.44)
    inside = found["low"].le(found["fact"]) & found["fact"].le(found["high"])
    assert (found["inside"] == inside).all() and 0 < inside.sum() < len(found)
    late = found.index.get_level_values("quarter") > "2024Q4"
    assert (found["fitted"] == ~late).all()


def test_what_accumulates_starts_from_what_there_was():
    found = rows()
    later = found.loc[("cumulative_compute", "nvidia", "2023Q3")]
    assert later["median"] == pytest.approx(0.3817 + 2 * 0.3, rel=1e-3)
    world = found.loc[("cumulative_compute", "world", "2023Q4")]
    assert world["median"] == pytest.approx(0.3817 + 0.0389 + 3 * 0.6, rel=1e-3)


def test_margins_prices_and_sales_are_those_of_the_vendor():
    found = rows()
    assert found.loc[("gross_margin", "nvidia", "2024Q1"), "median"] == pytest.approx(0.75)
    assert found.loc[("price_per_h100e", "nvidia", "2024Q1"), "median"] == pytest.approx(40.0)
    assert found.loc[("data_center_revenue", "nvidia", "2024Q1"), "median"] == pytest.approx(12.0)
    assert found.loc[("memory_margin", "micron", "2025Q4"), "median"] == pytest.approx(0.3)


def test_a_share_of_compute_counts_what_stood_at_the_base():
    found = rows()
    leader, world = 0.3817, 0.3817 + 0.0389
    share = found.loc[("share_of_compute", "nvidia", "2024Q4"), "median"]
    assert share == pytest.approx((leader + 7 * 0.3) / (world + 7 * 0.6), rel=1e-3)
    late = found.loc[("share_of_compute", "nvidia", "2025Q4"), "median"]
    assert late == pytest.approx((leader + 11 * 0.3) / (world + 11 * 0.6), rel=1e-3)


def test_without_the_fact_of_the_base_nothing_that_accumulates_is_compared():
    facts = [each for each in FACTS if each.key != ("cumulative_compute", "nvidia", "2023Q1")]
    found = rows(facts=facts).index
    assert ("cumulative_compute", "nvidia", "2025Q4") not in found
    assert ("share_of_compute", "nvidia", "2025Q4") not in found
    assert ("cumulative_compute", "world", "2025Q4") in found


def test_a_year_s_margin_of_memory_weighs_quarters_by_sales():
    found = rows()
    # sales are 1, 2, 3 ... by quarter and making 1, of two makers
    year = found.loc[("memory_margin_year", "micron", "2024Q3"), "median"]
    assert year == pytest.approx(1.0 - 4.0 / (4.0 + 5.0 + 6.0 + 7.0))
    year = found.loc[("memory_margin_year", "micron", "2025Q3"), "median"]
    assert year == pytest.approx(1.0 - 4.0 / (8.0 + 9.0 + 10.0 + 11.0))


def test_surplus_and_revenue_are_of_the_same_year():
    found = rows()
    ratio = found.loc[("consumer_surplus_ratio", "users", "2024Q4"), "median"]
    assert ratio == pytest.approx(3.0 * (5 + 6 + 7 + 8) / 8.0)
    assert found.loc[("service_revenue", "hyperscalers", "2024Q4"), "median"] == 2.0


def test_sums_over_a_year_do_not_reach_into_another_run():
    t = made_up(runs=3)
    ratio = MEASURES["consumer_surplus_ratio"](t, "users").unstack("quarter")
    assert ratio[[0, 1, 2]].isna().all(axis=None)
    np.testing.assert_allclose(ratio[3], 3.0 * (1 + 2 + 3 + 4) / 8.0)


def test_debts_are_those_of_the_firm():
    found = rows()
    assert found.loc[("ai_debt", "coreweave", "2025Q4"), "median"] == 11.0


def test_the_opening_books_are_input_and_what_follows_set_paths_is_so_in_part():
    found = rows()
    opening = found[found.index.get_level_values("quarter") == "2023Q1"]
    assert len(opening) > 5 and (opening["role"] == "input").all()
    assert (opening["input_share"] == 1.0).all()
    revenue = found.loc[("data_center_revenue", "nvidia", "2025Q3")]
    assert revenue["role"] == "partly input"
    assert revenue["input_share"] == pytest.approx(8.0 / 12.0)
    margin = found.loc[("gross_margin", "nvidia", "2025Q3")]
    assert (margin["role"], margin["input_share"]) == ("result", 0.0)


def test_the_part_of_capex_that_is_input_is_the_median_of_runs():
    found = rows(made_up(runs=3))
    # AI capex of the last quarter is 6, 12 and 18, other capex 1
    meta = found.loc[("company_capex", "meta", "2025Q4"), "input_share"]
    assert meta == pytest.approx(1.0 / 13.0)
    four = found.loc[("company_capex", "four largest", "2025Q4"), "input_share"]
    assert four == pytest.approx(4.0 / (4.0 * 13.0))


def test_compute_that_stood_or_went_to_other_buyers_is_input():
    found = rows()
    leader, world = 0.3817, 0.3817 + 0.0389
    part = found.loc[("cumulative_compute", "nvidia", "2023Q3"), "input_share"]
    assert part == pytest.approx((leader + 2 * 0.2) / (leader + 2 * 0.3), rel=1e-3)
    part = found.loc[("share_of_compute", "nvidia", "2023Q4"), "input_share"]
    assert part == pytest.approx((world + 3 * 0.4) / (world + 3 * 0.6), rel=1e-3)


@pytest.mark.parametrize(
    ("share", "role"), [(1.0, "input"), (0.6, "partly input"), (0.0, "result")]
)
def test_roles_go_by_the_part_that_was_put_in(share, role):
    assert role_of(share) == role


def scored(*given):
    names = ("inside", "fitted", "role")
    return score(pd.DataFrame([dict(zip(names, each, strict=True)) for each in given]))


def test_the_score_counts_what_is_neither_fitted_nor_input():
    parts, last = scored(
        (True, True, "result"),
        (True, False, "input"),
        (True, False, "result"),
        (False, False, "result"),
        (False, False, "partly input"),
        (False, False, "partly input"),
    )
    assert "3 of 6" in parts and "result 1 of 2" in parts and "partly input 0 of 2" in parts
    assert last.startswith("Of 4 facts after 2024Q4") and last.endswith(
        "1 lie inside their 90% bands: 25%"
    )


def test_with_nothing_left_to_judge_the_score_says_so():
    assert scored((True, True, "result"))[1].endswith("no facts")


def test_what_stood_is_taken_of_the_base_quarter_alone():
    facts = [
        Known("cumulative_compute", "world", "2023Q1", 1.0),
        Known("cumulative_compute", "world", "2023Q2", 2.0),
        Known("company_capex", "meta", "2023Q1", 3.0),
    ]
    assert standing(facts, made_up(), "2023Q2").stood == {"world": 2.0}


def test_bands_for_pictures_are_of_every_quarter_and_those_of_the_facts():
    bands = simulated(FACTS, made_up(), "2023Q1").set_index(["series", "firm", "number"])
    memory = bands.loc[("memory_margin", "micron")]
    assert [quarter_of(each) for each in memory.index][::11] == ["2023Q1", "2025Q4"]
    assert len(memory) == 12
    # a year's sums begin when there is a year, what accumulates after the base quarter
    assert bands.loc[("consumer_surplus_ratio", "users")].index.min() == number_of("2023Q4")
    assert bands.loc[("cumulative_compute", "world")].index.min() == number_of("2023Q2")
    for key, row in rows().iterrows():
        same = bands.loc[(*key[:2], number_of(key[2]))]
        for name in ("low", "median", "high"):
            assert same[name] == pytest.approx(row[name]), key


def test_pictures_tell_inputs_from_facts_and_from_those_not_to_be_fitted():
    found = compared(FACTS, made_up(), "2023Q1")
    bands = simulated(FACTS, made_up(), "2023Q1")
    own = [x[(x["series"] == "memory_margin") & (x["firm"] == "micron")] for x in (found, bands)]
    panel = figure(*own).axes[0]
    drawn = {line.get_label(): line.get_xdata().tolist() for line in panel.lines}
    assert drawn["fact, an input"] == [number_of("2023Q1")]
    assert drawn["fact, not fitted"] == [number_of(f"2025Q{quarter}") for quarter in (2, 3, 4)]
    assert "fact" not in drawn and len(drawn["simulated, median"]) == 12
    assert len(panel.get_xticks()) == 12 and panel.get_ylabel() == "share"
    ratio = [x[x["series"] == "consumer_surplus_ratio"] for x in (found, bands)]
    assert figure(*ratio).axes[0].get_ylabel() == "ratio"
