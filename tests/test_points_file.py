"""Tables of points: whatever is wrong with one is told with its file and line."""

import time

import numpy as np
import pytest
from batches import refused

from agentsim.batch import plan as plans
from agentsim.batch.checking import check_columns
from agentsim.batch.design import Experiment
from agentsim.batch.names import Names
from agentsim.batch.points import sample_table


def asked(file, **more):
    """An experiment that takes its points from a file."""
    return Experiment(
        name="x",
        scenario="theory",
        runs=1,
        horizon=4,
        sampler={"kind": "table", "file": str(file)},
        shocks=[{"kind": "efficiency", "quarter": 2}],
        **more,
    )


WRONG = {
    "below a bound": ("demand_elasticity\n2\n\n0.1\n", "line 4: demand_elasticity 0.1 is below"),
    "above a bound": ("demand_elasticity\n2\n99\n", "line 3: demand_elasticity 99 is above"),
    "not whole": ("firm_1.custom_program\n0\n0.5\n", "line 3: firm_1.custom_program 0.5 is not whole"),
    "too low beside another": (
        "demand_elasticity,saturated_elasticity\n2,0.3\n0.4,0.5\n",
        "line 3: saturated_elasticity 0.5 must be below demand_elasticity 0.4;",
    ),
    "an underscore in all": ("demand_elasticity\n1_2\n", "line 2: demand_elasticity '1_2' is not a number"),
    "an underscore in one": ("demand_elasticity\n3\n1_2\n", "line 3: demand_elasticity = '1_2' is no number"),
    "no strategy": ("lineup.hyperscaler\nmatch\n\nmtch\n", "line 4: hyperscaler strategy 'mtch'"),
    "a number for a strategy": ("lineup.hyperscaler\nmatch\n1\n", "line 3: strategy '1'"),
    "a strategy's parameter": (
        "lineup.hyperscaler.step\n0.1\n9\n0.2\n",
        "line 3: lineup.hyperscaler.step = 9 is out of bounds",
    ),
    "a shock's number": (
        "shock.efficiency.factor\n2\n0\n3\n",
        "line 3: shock.efficiency.factor = 0 is out of bounds",
    ),
    "a shock's quarter": (
        "shock.efficiency.quarter\n2\n2.5\n3\n",
        "line 3: shock.efficiency.quarter = 2.5 is not a whole number",
    ),
    "a name": ("demand_elastcity\n2\n", "line 1: parameter 'demand_elastcity' is not known; nearest"),
    "a name of a parameter": ("lineup.hyperscaler.stp\n1\n", "line 1: lineup.hyperscaler.stp:"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_a_table_asks_is_refused_with_file_and_line(tmp_path, case):
    text, words = WRONG[case]
    path = tmp_path / "points.csv"
    path.write_text(text)
    refused([f"{path}, {words}"], plans.make, asked(path))


def test_a_column_beside_a_setting_of_its_name_is_refused(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("demand_noise,lineup.firm_1\n0.1,match\n")
    refused(
        ["demand_noise is in the table and in set"],
        plans.make,
        asked(path, set={"demand_noise": 0}),
    )
    followed = asked(path, lineup={"firm_1": "escalate"})
    refused(["lineup.firm_1 is in the table and in lineup"], plans.make, followed)


def test_what_a_table_asks_is_checked_in_time_that_grows_with_its_rows(tmp_path):
    rows = 100_000
    path = tmp_path / "points.csv"
    numbers = np.linspace(0.01, 0.5, rows)
    path.write_text("lineup.hyperscaler.step\n" + "\n".join(map(repr, numbers.tolist())))
    names = Names(asked(path, lineup={"hyperscaler": "escalate"}))
    points = sample_table(path)
    start = time.monotonic()
    check_columns(names, points)
    assert time.monotonic() - start < 10.0  # a search of all rows for each took minutes
