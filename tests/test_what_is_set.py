"""What is set or varied by levels moves nothing else; what is drawn moves what follows from it."""

import numpy as np
from batches import calibrated

from agentsim.batch.plan import make
from agentsim.batch.preview import preview
from agentsim.scenario import Scenario

BASE = Scenario.load("2025Q4")
FOLLOWS = "microsoft.other_capex"  # from system_cost, by the calibration's formulas


def values(runs=5, **changes):
    """The values of all cells, run by run, by name."""
    plan = make(calibrated(**{"runs": runs, "factors": {}} | changes))
    cells = np.repeat(np.arange(len(plan.cells)), runs)
    return {
        name: np.broadcast_to(x, len(cells)).reshape(-1, runs)
        for name, x in plan.values(cells, np.tile(np.arange(runs), len(plan.cells))).items()
    }


def test_a_level_moves_nothing_else_in_any_cell():
    found = values(factors={"system_cost": [1.0, 5.0, 9.0]})
    other = values(factors={"system_cost": [9.0, 1.0]})
    assert found["system_cost"][:, 0].tolist() == [1.0, 5.0, 9.0]
    assert np.ptp(found[FOLLOWS][0]) > 0  # chip prices are drawn, and move it
    for cell in range(3):
        np.testing.assert_array_equal(found[FOLLOWS][cell], found[FOLLOWS][0])
    np.testing.assert_array_equal(other[FOLLOWS][0], found[FOLLOWS][0])


def test_a_level_is_the_same_as_the_value_set():
    levels, alone = values(factors={"system_cost": [1.0, 9.0]}), values(set={"system_cost": 9.0})
    for name, x in alone.items():
        np.testing.assert_array_equal(levels[name][1], x[0], err_msg=name)


def test_a_marked_range_moves_what_follows_from_it():
    factors = {"system_cost": "marked"}
    sampler = {"kind": "latin_hypercube", "points": 4}
    found = values(factors=factors, sampler=sampler, luck="shared", uncertainty="none")
    assert np.ptp(found["system_cost"][:, 0]) > 0
    expected = BASE.following({"system_cost": found["system_cost"][:, 0]})[FOLLOWS]
    np.testing.assert_array_equal(found[FOLLOWS][:, 0], expected)


def test_the_plan_names_what_is_left_behind():
    varied = preview(calibrated(runs=2, factors={"system_cost": [1.0, 9.0]}), trial=False)
    (line,) = varied.warnings
    assert "system_cost" in line and FOLLOWS in line and '"marked"' in line
    marked = calibrated(
        runs=1, factors={"system_cost": "marked"}, sampler={"kind": "latin_hypercube", "points": 4}
    )
    assert not preview(marked, trial=False).warnings
    structural = preview(calibrated(runs=2, factors={"delivery_quarters": [2, 3]}), trial=False)
    (line,) = structural.warnings
    assert "delivery_quarters" in line and "marked" not in line
    same = calibrated(runs=2, factors={"demand_elasticity": [1.1, 1.4]})
    assert not preview(same, trial=False).warnings
