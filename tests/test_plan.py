"""Plan: which cells there are, which runs they have, and in which chunks."""

import pickle
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from batches import calibrated, everything, sampled, small
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.batch import adaptive
from agentsim.batch.adaptive import Adapting
from agentsim.batch.cells import NONE
from agentsim.batch.design import Deviation, Experiment, Variant
from agentsim.batch.plan import Chunk, Plan, Round, chunk_size, make

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
        elif labels.get("variant") == "Nvidia holds its margin":
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
ends = {
    "demand_elasticity": (1.2, 2.0),
    "economic_life": (2.0, 6.0),
    "power_limit": (3.0, 9.0),
    "lineup.hyperscaler.step": (0.01, 0.1),
    "shock.efficiency.factor": (1.0, 4.0),
}
levels: dict[str, Any] = {
    "demand_elasticity": [1.4, 2.0],
    "lineup.hyperscaler": ["restrain", "best_response"],
    "shock.efficiency.factor": [1, 3],
    "lineup.lender": ["prudent", "yield_seeking"],
    "economic_life": {"from": 2, "to": 6, "count": 2, "scale": "log"},
    "collateral_life": {"from": 3, "to": 5, "count": 2},
}
rows: dict[str, list[Any]] = {
    "demand_elasticity": [1.5, 1.7],
    "economic_life": [2, 4.5],
    "lineup.vendor": ["scarcity", "hold_margin"],
    "lineup.hyperscaler": ["restrain", "match"],
    "shock.efficiency.factor": [2, 3],
}
deviations = [Deviation(firm="firm_1", own=["restrain"], others=["restrain", "match"])]
variants = [
    Variant(name="as it was", lineup={"lender": "prudent"}),
    Variant(name="v", set={"power_limit": 3}),
]


@st.composite
def spreads(draw, low, high):
    """Any range or distribution between two numbers."""
    ends = {"low": low, "high": high}
    middle = low + (high - low) * draw(st.sampled_from([0.2, 0.5]))
    forms = [
        ends,
        ends | {"scale": "log"},
        ends | {"distribution": "uniform"},
        ends | {"distribution": "loguniform"},
        ends | {"distribution": "normal", "mean": middle, "sd": (high - low) / 2},
        ends | {"distribution": "lognormal", "median": middle, "sigma": 0.6},
        ends | {"distribution": "triangular", "mode": middle},
        ends | {"distribution": "beta", "a": 2, "b": 3},
    ]
    return draw(st.sampled_from(forms))


@st.composite
def factors(draw, forms, least=0):
    """Some factors, each with a form of its own; some of them may be linked."""
    tied = draw(st.sampled_from([0, 0, 2, 3]))
    names = draw(st.lists(st.sampled_from(sorted(forms)), unique=True, min_size=max(least, tied)))
    made = {name: draw(forms[name]) for name in names}
    linked = {"tied": {name: made.pop(name) for name in names[:tied]}} if tied else {}
    return {"factors": made, "linked": linked}


@st.composite
def experiments(draw, folder):
    """Any kind of design."""
    given: dict[str, Any] = {
        "runs": draw(st.integers(1, 30)),
        "entropy": draw(st.integers(0, 5)),
        "uncertainty": draw(st.sampled_from(["marked", "marked", "none"])),
        "scenario": draw(st.sampled_from(["theory", "2025Q4"])),
        "set": {},
    }
    calibrated = given["scenario"] == "2025Q4"
    if given["runs"] > 1 and draw(st.booleans()):
        width = draw(st.sampled_from([{"half_width": 3.0}, {"relative": 0.1}]))
        most = given["runs"] + draw(st.integers(1, 90))
        given["adaptive"] = {"outcome": "total_surplus", "most_runs": most} | width
    kind = draw(st.sampled_from(["factorial", "sampler", "table"]))
    if kind == "factorial":
        given |= draw(factors({name: st.just(each) for name, each in levels.items()}))
        lenders = any(
            "lineup.lender" in each for each in (given["factors"], *given["linked"].values())
        )
        given["deviations"] = [] if calibrated else deviations[: draw(st.integers(0, 1))]
        given["variants"] = [] if lenders else variants[: draw(st.integers(0, 2))]
        alone = not given["deviations"] and not given["variants"]
        given["luck"] = draw(st.sampled_from(["auto", "shared", *["independent"] * alone]))
    elif kind == "sampler":
        forms = {name: spreads(*each) for name, each in ends.items()}
        forms["shock.efficiency.quarter"] = st.just({"low": 1, "high": 3, "whole": True})
        if calibrated:
            forms |= {name: st.just("marked") for name in ("new_uses", "nvidia.price")}
        given |= draw(factors(forms, least=1))
        given["factors"]["lineup.hyperscaler"] = ["escalate", "match", "restrain"]
        given["sampler"] = draw(samplers)
        blocks = ["block"] if given["sampler"]["kind"] in ("sobol", "morris") else []
        given["luck"] = draw(st.sampled_from(["auto", "shared", "independent", *blocks]))
    else:
        known = sorted(rows) if not calibrated else sorted(rows.keys() - {"lineup.vendor"})
        names = draw(st.lists(st.sampled_from(known), unique=True, min_size=1))
        row = st.tuples(*(st.sampled_from(rows[name]) for name in names))
        points = [names, *draw(st.lists(row, min_size=1, max_size=6))]
        path = folder / "points.csv"
        path.write_text("".join(",".join(map(str, point)) + "\n" for point in points))
        given |= {"factors": {}, "sampler": {"kind": "table", "file": str(path)}}
        given["luck"] = draw(st.sampled_from(["auto", "shared", "independent"]))
    return small(**given)


@dataclass
class Grown:
    """A plan, and the rounds that come of outcomes which are made up."""

    plan: Plan
    chunks: list[tuple[Round, list[Chunk]]]
    runs: np.ndarray
    """How many each cell has in the end, by the number of the cell."""
    wide: set[int]
    """Cells whose interval was ever too wide while there was one."""


@st.composite
def grown(draw, folder):
    """Any design, cut into chunks, with as many rounds as it comes to."""
    experiment = draw(experiments(folder))
    plan = make(experiment, draw(st.integers(1, 300)))
    luck = np.random.default_rng(draw(st.integers(0, 999)))
    adapting = Adapting(experiment, plan, folder)
    wide: set[int] = set()

    def made_up(*given):
        own = plan.cells.own
        count = luck.choice([0, 1, 7], len(own), p=[0.1, 0.1, 0.8])
        over = np.where(count > 1, luck.choice([0.3, 1.0, 1.1, 1.7, 1e9], len(own)), np.nan)
        mean = luck.choice([0.0, -30.0, 30.0], len(own))
        asked = experiment.adaptive
        wanted = asked.half_width or asked.relative * np.abs(mean)
        half = np.where(wanted == 0.0, over, over * wanted)
        wide.update(own[half > wanted].tolist())
        return pd.DataFrame({"cell": own, "mean": mean, "half_width": half, "n": count})

    rounds = []
    of: Round | None = plan.first_round
    with mock.patch.object(adaptive, "cell_intervals", made_up):
        while of is not None:
            rounds.append((of, list(plan.chunks(of))))
            of = adapting.next_round(of, rounds[-1][1])
    runs = adapting.runs if experiment.adaptive else np.full(len(plan.cells), plan.runs)
    return Grown(plan, rounds, runs, wide)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Where tables of points go."""
    return tmp_path_factory.mktemp("tables")


def all_runs(grown):
    """Return cell and number of the runs of all chunks, as they come."""
    met = [of.at(chunk.start, chunk.stop) for of, chunks in grown.chunks for chunk in chunks]
    return tuple(np.concatenate(each) for each in zip(*met, strict=True))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_run_of_every_cell_is_in_one_chunk(tables, data):
    grew = data.draw(grown(tables))
    plan, cells = grew.plan, grew.plan.cells

    stands_for = cells.stands_for()
    assert set(stands_for) == set(cells.own.tolist())
    for cell, other in enumerate(stands_for):
        for column in cells.numbers():
            np.testing.assert_array_equal(column[cell], column[other])

    for number, (of, chunks) in enumerate(grew.chunks):
        assert of.number == number and {chunk.round for chunk in chunks} == {number}
        assert len(chunks) == -(-of.total // plan.chunk_runs)
        assert [chunk.start for chunk in chunks] == [0, *(chunk.stop for chunk in chunks[:-1])]
        assert chunks[-1].stop == of.total
        sizes = [chunk.runs for chunk in chunks]
        assert max(sizes) - min(sizes) <= 1
    every = [chunk for _, chunks in grew.chunks for chunk in chunks]
    for what in ("key", "name"):
        assert len({getattr(chunk, what) for chunk in every}) == len(every)

    seen = list(zip(*(each.tolist() for each in all_runs(grew)), strict=True))
    assert len(seen) == len(set(seen)) == sum(of.total for of, _ in grew.chunks)
    wanted = {(cell, run) for cell in cells.own.tolist() for run in range(grew.runs[cell])}
    assert set(seen) == wanted
    for cell in cells.own.tolist():  # runs are added where they are needed, and nowhere else
        assert (grew.runs[cell] > plan.runs) == (cell in grew.wide)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_runs_of_the_same_luck_are_the_same_draw_in_whatever_round(tables, data):
    grew = data.draw(grown(tables))
    plan, where = grew.plan, all_runs(grew)
    luck, draws = plan.luck(*where), plan.draw_numbers(*where)
    pairs = set(zip(luck.tolist(), draws.tolist(), strict=True))
    assert len(pairs) == len(set(luck.tolist())) == len(set(draws.tolist()))
    met = zip(plan.cells.block[where[0]].tolist(), where[1].tolist(), strict=True)
    assert len(set(met)) == len(pairs)

    again, values = pickle.loads(pickle.dumps(plan)), plan.values(*where)
    assert again.key == plan.key
    np.testing.assert_array_equal(again.luck(*where), luck)
    for name, value in again.values(*where).items():
        np.testing.assert_array_equal(value, values.pop(name), err_msg=name)
    assert not values
    if plan.cells.drawn:  # what they draw depends on their cells, too
        return
    _, first, place = np.unique(luck, return_index=True, return_inverse=True)
    drawn = plan.drawn(*where)
    assert bool(drawn) == (plan.uncertainty == "marked" and plan.scenario == "2025Q4")
    for name, value in drawn.items():
        np.testing.assert_array_equal(value, value[first][place], err_msg=name)


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
