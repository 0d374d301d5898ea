"""Plan: which cells there are, which runs they have, and in which chunks."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from batches import calibrated, everything, sampled, small
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.batch.cells import NONE
from agentsim.batch.design import Deviation, Experiment, Variant
from agentsim.batch.plan import Plan, Round, chunk_size, make

# Cells


def test_the_headline_has_the_cells_that_it_should():
    cells = make(Experiment.read("escalator_war")).cells
    kinds = pd.Series(cells.labels["kind"]).value_counts().to_dict()
    assert kinds == {"main": 64, "deviation": 3 * 3 * 16, "variant": 7 * 8}
    for cell in range(len(cells)):
        labels = cells.label(cell)
        same = int(cells.same_as[cell])
        other = cells.label(same) if same != NONE else None
        if labels["kind"] == "deviation" and labels["own"] == labels["others"]:
            assert other["lineup.hyperscaler"] == labels["own"]
            assert other["demand_elasticity"] == labels["demand_elasticity"]
            assert other["kind"] == "main"
        elif labels.get("variant") == "Nvidia responds best":
            assert other["kind"] == "main"
        else:
            assert other is None


def test_a_deviation_sets_one_firm_against_all_others_of_its_role():
    experiment = small(
        lineup={"firm_2": "cartel"},
        deviations=[Deviation(firm="firm_3", own=["match"], others=["restrain"])],
    )
    cells = make(experiment).cells
    (places,) = np.nonzero(cells.labels["kind"] == "deviation")
    assert len(places) == 2  # the lineup is no factor here, the elasticity is
    for cell in places:
        lineup = cells.groups[cells.group[cell]].lineup
        strategies = {firm: text for firm, text in lineup.items() if firm.startswith("firm")}
        assert strategies.pop("firm_3") == "match"
        assert set(strategies.values()) == {"restrain"}
        assert cells.labels["lineup.hyperscaler"][cell] is None


def test_a_variant_changes_what_it_says_at_the_levels_it_names():
    rigid = Variant(
        name="rigid", set={"power_limit": 2.0}, factors={"lineup.hyperscaler": ["restrain"]}
    )
    cells = make(small(variants=[rigid])).cells
    here = cells.labels["kind"] == "variant"
    assert cells.labels["demand_elasticity"][here].tolist() == [1.4, 2]
    assert set(cells.values["power_limit"][here]) == {2.0}
    assert np.isnan(cells.values["power_limit"][~here]).all()
    assert set(cells.labels["variant"][here]) == {"rigid"}


def test_a_firms_own_value_holds_over_its_roles():
    experiment = small(set={"firm_1.cash": 3.0}, factors={"hyperscaler.cash": [1.0, 2.0]})
    values = make(experiment).cells.values
    assert values["firm_1.cash"].tolist() == [3.0, 3.0]
    assert values["firm_2.cash"].tolist() == [1.0, 2.0]


def test_a_shocks_quarter_may_be_a_factor_alone():
    struck = {"kind": "efficiency", "factor": 10}
    plan = make(calibrated(runs=2, factors={"shock.efficiency.quarter": [2, 5]}, shocks=[struck]))
    groups = [plan.cells.groups[group] for group in plan.cells.group]
    assert [group.shocks[0]["quarter"] for group in groups] == [2, 5]


def test_linked_factors_vary_together():
    linked = {"era": {"economic_life": [3, 4], "lineup.vendor": ["hold_margin", "scarcity"]}}
    cells = make(small(linked=linked)).cells
    assert len(cells) == 2 * 2 * 2
    levels = set(zip(*(cells.labels[name] for name in linked["era"]), strict=True))
    assert levels == {(3.0, "hold_margin"), (4.0, "scarcity")}
    here = cells.labels["economic_life"] == 4.0
    vendors = {cells.groups[group].lineup["vendor"] for group in cells.group[here]}
    assert vendors == {"scarcity"} and set(cells.values["economic_life"][here]) == {4.0}


def test_linked_ranges_share_their_place():
    linked = {
        "scale": {"economic_life": {"low": 2, "high": 4}, "substitution": {"low": 4, "high": 8}}
    }
    cells = make(sampled("latin_hypercube", factors={}, linked=linked)).cells
    np.testing.assert_allclose(cells.values["substitution"], 2 * cells.values["economic_life"])
    assert cells.unit.shape == (5, 1)


def test_cells_that_are_the_same_by_accident_of_their_labels_are_simulated_once():
    cells = make(small(factors={"lineup.hyperscaler": ["escalate", "escalate(step=0.02)"]})).cells
    assert len(cells) == 2
    texts = {text for group in cells.groups for text in group.lineup.values()}
    assert (cells.same_as[1] == 0) == (len([each for each in texts if "escalate" in each]) == 1)


# Chunks


samplers = st.sampled_from(
    [
        {"kind": "latin_hypercube", "points": 7},
        {"kind": "sobol", "points": 4},
        {"kind": "sobol", "points": 2, "second_order": True},
        {"kind": "morris", "trajectories": 3},
    ]
)
spreads: dict[str, Any] = {
    "demand_elasticity": {"low": 1.2, "high": 2.0},
    "lineup.hyperscaler": ["restrain", "match", "escalate"],
    "shock.efficiency.quarter": {"low": 1, "high": 3, "whole": True},
    "lineup.hyperscaler.step": {"low": 0.0, "high": 0.1},
    "substitution": "marked",
}
levels: dict[str, Any] = {
    "demand_elasticity": [1.4, 2.0],
    "lineup.hyperscaler": ["restrain", "best_response"],
    "shock.efficiency.factor": [1, 3],
    "lineup.lender": ["prudent", "yield_seeking"],
}
deviations = [Deviation(firm="firm_1", own=["restrain"], others=["restrain", "match"])]
variants = [
    Variant(name="as it was", lineup={"lender": "prudent"}),
    Variant(name="v", set={"power_limit": 3}),
]


@st.composite
def experiments(draw, table):
    """Any kind of design."""
    given: dict[str, Any] = {
        "runs": draw(st.integers(1, 30)),
        "entropy": draw(st.integers(0, 5)),
        "uncertainty": draw(st.sampled_from(["marked", "none"])),
        "scenario": "theory",
        "set": {},
    }
    kind = draw(st.sampled_from(["factorial", "sampler", "table"]))
    if kind == "factorial":
        names = draw(st.lists(st.sampled_from(sorted(levels)), unique=True))
        given["factors"] = {name: levels[name] for name in names}
        given["deviations"] = deviations[: draw(st.integers(0, 1))]
        if "lineup.lender" not in names:
            given["variants"] = variants[: draw(st.integers(0, 2))]
    elif kind == "sampler":
        names = draw(st.lists(st.sampled_from(sorted(spreads)), unique=True, min_size=1))
        given["factors"] = {name: spreads[name] for name in names} | {
            "lineup.hyperscaler": ["escalate", "match"]
        }
        if "substitution" in names:
            given["scenario"] = "2025Q4"
        given["sampler"] = draw(samplers)
        blocks = ["block"] if given["sampler"]["kind"] in ("sobol", "morris") else []
        given["luck"] = draw(st.sampled_from(["auto", "shared", "independent", *blocks]))
    else:
        given |= {"factors": {}, "sampler": {"kind": "table", "file": table}}
        given["luck"] = draw(st.sampled_from(["auto", "shared"]))
    return small(**given)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "points.csv"
    path.write_text(
        "demand_elasticity,lineup.oracle_\n".replace(",lineup.oracle_", ",lineup.vendor")
    )
    with path.open("a") as file:
        file.write("1.5,scarcity\n1.5,hold_margin\n1.5,scarcity\n1.7,scarcity\n")
    return str(path)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), chunk_runs=st.integers(1, 300))
def test_every_run_of_every_cell_is_in_one_chunk(table, data, chunk_runs):
    plan = make(data.draw(experiments(table)), chunk_runs)
    cells, of = plan.cells, plan.first_round

    stands_for = cells.stands_for()
    assert set(stands_for) == set(cells.own.tolist())
    for cell, other in enumerate(stands_for):
        for column in cells.numbers():
            np.testing.assert_array_equal(column[cell], column[other])

    chunks = list(plan.chunks(of))
    assert len({chunk.key for chunk in chunks}) == len(chunks) == -(-of.total // chunk_runs)
    assert [chunk.start for chunk in chunks[1:]] == [chunk.stop for chunk in chunks[:-1]]
    assert max(chunk.runs for chunk in chunks) - min(chunk.runs for chunk in chunks) <= 1
    met = [of.at(chunk.start, chunk.stop) for chunk in chunks]
    seen = [pair for cell, run in met for pair in zip(cell.tolist(), run.tolist(), strict=True)]
    assert len(seen) == of.total == len(cells.own) * plan.runs
    assert set(seen) == {(cell, run) for cell in cells.own.tolist() for run in range(plan.runs)}

    again = pickle.loads(pickle.dumps(plan))
    assert again.key == plan.key
    where = everything(plan)
    for one, other in ((again.values(*where), plan.values(*where)),):
        assert one.keys() == other.keys()
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name], err_msg=name)
    np.testing.assert_array_equal(again.luck(*where), plan.luck(*where))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_place_in_a_round_is_one_run_of_one_cell(data):
    runs = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    first = [data.draw(st.integers(0, 5)) for _ in runs]
    of = Round(1, np.arange(len(runs)) * 3, np.array(first), np.array(runs))
    laid = [
        (3 * row, start + number)
        for row, (start, count) in enumerate(zip(first, runs, strict=True))
        for number in range(count)
    ]
    assert of.total == len(laid)
    start = data.draw(st.integers(0, of.total - 1))
    stop = data.draw(st.integers(start + 1, of.total))
    cells, numbers = of.at(start, stop)
    assert list(zip(cells.tolist(), numbers.tolist(), strict=True)) == laid[start:stop]


def test_a_chunk_of_other_runs_has_another_key():
    plan = make(small(), 5)
    keys = {chunk.key for chunk in plan.chunks(plan.first_round)}
    later = Round(1, plan.cells.own, np.full(4, 6), np.full(4, 6))
    assert keys.isdisjoint(chunk.key for chunk in plan.chunks(later))
    other = make(small(horizon=5), 5)
    assert keys.isdisjoint(chunk.key for chunk in other.chunks(other.first_round))


CHANGES: dict[str, dict[str, Any]] = {
    "runs": {"runs": 7},
    "entropy": {"entropy": 6},
    "horizon": {"horizon": 5},
    "uncertainty": {"uncertainty": "none"},
    "setting": {"set": {"demand_noise": 0.2}},
    "levels": {"factors": {"demand_elasticity": [1.4, 2.1]}},
    "shock": {"shocks": [{"kind": "efficiency", "quarter": 3, "factor": 3}]},
    "a number of a shock": {"shocks": [{"kind": "efficiency", "quarter": 2, "factor": 4}]},
    "luck": {"luck": "independent"},
    "outcomes": {"outcomes": ["capex"]},
    "series": {"series": ["capex"]},
    "adaptive": {"adaptive": {"outcome": "capex", "relative": 0.1, "most_runs": 50}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_what_comes_out_changes_the_plan(change):
    assert make(small(**CHANGES[change])).key != make(small()).key


def test_what_changes_nothing_leaves_the_plan():
    assert make(small(), 7).key == make(small(luck="shared", name="other"), 3).key


def test_chunks_are_large_where_there_is_enough_and_many_where_not():
    assert chunk_size(100) == 1000
    assert chunk_size(10_000_000) == 20_000
    assert 1000 < chunk_size(50_000) < 20_000 == chunk_size(100_000)
    assert chunk_size(10_000_000, 17) == 17


def test_a_plan_pickles_small():
    plan = make(calibrated(runs=1000))
    assert plan.drawn(*everything(plan))  # what was drawn once does not travel
    assert len(pickle.dumps(plan)) < 20_000
    assert isinstance(pickle.loads(pickle.dumps(plan)), Plan)
