"""Luck and draws: which runs meet the same world, and what each draws from the marked ranges."""

import numpy as np
import pytest
from batches import calibrated, everything, sampled, small
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.batch.plan import Plan, Round, by_target, make
from agentsim.scenario import Scenario

BASE = Scenario.load("2025Q4")


def luck_by_cell(plan: Plan) -> np.ndarray:
    """Numbers in the randomness, `(cells, runs)`, all cells simulated."""
    cells, runs = np.indices((len(plan.cells), plan.runs)).reshape(2, -1)
    return plan.luck(cells, runs).reshape(len(plan.cells), plan.runs)


def groups_of(plan: Plan) -> list[list[int]]:
    """The cells that meet the same luck, which no other cell does."""
    luck = luck_by_cell(plan)
    assert all(len(set(row)) == plan.runs for row in luck.tolist())
    found: dict[tuple[int, ...], list[int]] = {}
    for cell, row in enumerate(luck.tolist()):
        found.setdefault(tuple(row), []).append(cell)
    assert len({number for row in found for number in row}) == len(found) * plan.runs
    return list(found.values())


def test_cells_of_a_factorial_share_their_luck():
    plan = make(small())
    assert luck_by_cell(plan).tolist() == [list(range(6))] * 4


def test_points_of_a_latin_hypercube_have_luck_of_their_own():
    assert groups_of(make(sampled("latin_hypercube"))) == [[0], [1], [2], [3], [4]]


def test_rows_of_a_table_have_luck_of_their_own_even_if_equal(tmp_path):
    (tmp_path / "x.csv").write_text("substitution\n3\n3\n4\n")
    table = {"kind": "table", "file": str(tmp_path / "x.csv")}
    plan = make(small(factors={}, sampler=table))
    assert groups_of(plan) == [[0], [1], [2]]
    assert plan.cells.own.tolist() == [0, 1, 2]
    shared = make(small(factors={}, sampler=table, luck="shared"))
    assert groups_of(shared) == [[0, 1, 2]]
    assert shared.cells.own.tolist() == [0, 2]


def test_points_of_a_sobol_base_sample_and_of_a_trajectory_share_their_luck():
    assert groups_of(make(sampled("sobol"))) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert groups_of(make(sampled("morris"))) == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol", "morris"])
def test_luck_is_shared_or_independent_on_request(kind):
    shared = make(sampled(kind, luck="shared"))
    assert groups_of(shared) == [list(range(len(shared.cells)))]
    apart = make(sampled(kind, luck="independent"))
    assert groups_of(apart) == [[cell] for cell in range(len(apart.cells))]


def test_cells_of_a_factorial_may_have_luck_of_their_own():
    assert groups_of(make(small(luck="independent"))) == [[0], [1], [2], [3]]


# Draws


def assert_drawn_alike(plan, one, other, alike):
    a, b = plan.drawn(*one), plan.drawn(*other)
    assert a.keys() == b.keys() and a
    same = np.all([np.isclose(a[name], b[name], rtol=1e-12) for name in a], axis=0)
    assert same.all() if alike else not same.any()


def test_runs_of_the_same_luck_are_the_same_draw():
    plan = make(calibrated(runs=30))
    runs = np.arange(30)
    assert_drawn_alike(plan, (np.zeros(30, int), runs), (np.full(30, 3), runs), True)
    assert_drawn_alike(plan, (np.zeros(29, int), runs[:-1]), (np.full(29, 3), runs[1:]), False)


def test_runs_of_other_luck_are_other_draws():
    plan = make(calibrated(runs=30, luck="independent"))
    runs = np.arange(30)
    assert_drawn_alike(plan, (np.zeros(30, int), runs), (np.full(30, 3), runs), False)


def test_draws_are_those_of_the_calibration():
    plan = make(calibrated(runs=30, factors={"lineup.hyperscaler": ["match"]}))
    drawn = plan.drawn(np.zeros(30, int), np.arange(30))
    expected = BASE.with_draws(BASE.draw(30, 5))
    for name, values in drawn.items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)
    changed = {name for name in BASE.values if not np.array_equal(BASE[name], expected[name])}
    assert changed <= set(drawn)


def test_without_uncertainty_nothing_is_drawn():
    plan = make(calibrated(uncertainty="none"))
    assert plan.drawn(*everything(plan)) == {}
    assert plan.drawn_ranges == ()


def test_factors_are_not_drawn_and_what_is_tied_to_them_fits_every_level():
    plan = make(calibrated(runs=50, factors={"demand_elasticity": [0.6, 2.0]}))
    drawn = plan.drawn(*everything(plan))
    assert "demand_elasticity" not in drawn
    assert drawn["saturated_elasticity"].max() < 0.6


@settings(max_examples=25, deadline=None)
@given(
    runs=st.integers(1, 4000),
    points=st.sampled_from([1, 2, 9]),
    luck=st.sampled_from(["shared", "independent"]),
)
def test_draws_of_many_runs_are_stratified_and_within_the_ranges(runs, points, luck):
    plan = make(
        calibrated(
            runs=runs,
            luck=luck,
            sampler={"kind": "latin_hypercube", "points": points},
            factors={"power_limit": {"low": 1.0, "high": 4.0}},
        )
    )
    every = plan.blocks * runs
    assert plan.drawn_together <= 1000
    assert -(-every // plan.drawn_together) == -(-every // 1000)
    where = everything(plan)
    numbers = plan.draw_numbers(*where)
    assert sorted(set(numbers.tolist())) == list(range(every))
    raw = [plan.raw_draws(block) for block in range(-(-every // plan.drawn_together))]
    for name in ("economic_life", "substitution"):
        marked = BASE.ranges[name]
        drawn = np.concatenate([each[name] for each in raw])
        assert marked.low <= drawn.min() and drawn.max() <= marked.high
        assert len(np.unique(drawn)) == len(drawn)
        np.testing.assert_array_equal(plan.drawn(*where)[name], drawn[numbers])
        for each in raw:  # each part of the range is met once
            x = np.log(each[name]) if marked.logarithmic else each[name]
            low, high = (
                np.log(end) if marked.logarithmic else end for end in (marked.low, marked.high)
            )
            part = np.floor((x - low) / (high - low) * plan.drawn_together * (1 - 1e-12))
            assert sorted(part) == list(range(plan.drawn_together))


def test_runs_that_are_added_are_further_draws():
    plan = make(calibrated(runs=20))
    of = Round(1, plan.cells.own, np.full(4, 20), np.full(4, 35))
    first, later = plan.draw_numbers(*everything(plan)), plan.draw_numbers(*of.at(0, of.total))
    assert set(first).isdisjoint(later)
    assert set(later) == set(range(20, 55))
    a, b = plan.drawn(*everything(plan)), plan.drawn(*of.at(0, of.total))
    assert set(a["economic_life"]).isdisjoint(b["economic_life"])
    cells, numbers = of.at(0, of.total)
    by_run = [b["economic_life"][cells == cell] for cell in plan.cells.own]
    assert all(np.array_equal(each, by_run[0]) for each in by_run)
    assert set(plan.luck(*everything(plan))).isdisjoint(plan.luck(cells, numbers))


# Factors that are marked ranges


def test_a_marked_factor_stands_for_its_range_and_what_follows_follows():
    names = ["nvidia.price", "demand_elasticity", "saturated_elasticity"]
    plan = make(
        calibrated(
            uncertainty="none",
            runs=2,
            sampler={"kind": "latin_hypercube", "points": 8},
            factors={name: "marked" for name in names},
        )
    )
    cells = np.arange(8)
    found = plan.values(cells, np.zeros(8, int))
    expected = BASE.with_draws({name: plan.cells.labels[name] for name in names})
    assert "nvidia.making_cost" in found
    for name in BASE.values:
        given = found.get(name, BASE[name])
        np.testing.assert_array_equal(
            np.broadcast_to(given, 8), np.broadcast_to(expected[name], 8), err_msg=name
        )
    marked = BASE.ranges["nvidia.price"]
    assert marked.low <= found["nvidia.price"].min() < found["nvidia.price"].max() <= marked.high


def test_what_else_is_marked_is_drawn_beside_a_marked_factor():
    plan = make(
        calibrated(
            runs=10,
            luck="shared",
            sampler={"kind": "latin_hypercube", "points": 3},
            factors={"nvidia.price": "marked"},
        )
    )
    assert "nvidia.price" not in plan.drawn_ranges and "economic_life" in plan.drawn_ranges
    where = (np.full(10, 2), np.arange(10))
    draws = BASE.draw(10, 5)
    own = np.full(10, plan.cells.labels["nvidia.price"][2])
    pinned = BASE.with_draws(draws | {"nvidia.price": own})
    for name, values in plan.values(*where).items():
        np.testing.assert_array_equal(values, pinned[name], err_msg=name)


def test_draws_keep_clear_of_a_marked_elasticity():
    plan = make(
        calibrated(
            runs=40,
            sampler={"kind": "latin_hypercube", "points": 6},
            factors={"demand_elasticity": "marked"},
        )
    )
    found = plan.values(*everything(plan))
    assert np.all(found["saturated_elasticity"] < np.minimum(found["demand_elasticity"], 1.0))
    BASE.replace(found)


def test_a_roles_draw_goes_to_every_firm():
    given = by_target(
        BASE, {"hyperscaler.training_share": np.array([0.5]), "meta.cash": np.ones(1)}
    )
    assert {f"{firm}.training_share" for firm in BASE.firms["hyperscaler"]} < set(given)
    assert given["meta.cash"].tolist() == [1.0]
