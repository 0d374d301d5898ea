"""Design: an experiment is the same as a file, as an object and as plain tables, or it is refused."""

import json
from typing import Any

import numpy as np
import pytest
from batches import refused, small
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.batch.design import Deviation, Experiment, Variant, shipped
from agentsim.batch.factors import Levels, parse
from agentsim.batch.manifest import spec_hash
from agentsim.batch.plan import make
from agentsim.shocks import Efficiency


def test_every_shipped_experiment_can_be_planned_and_round_trips():
    for name in shipped():
        experiment = Experiment.read(name)
        assert experiment.name == name
        assert len(make(experiment).cells)
        assert Experiment(**experiment.to_dict()) == experiment
        assert Experiment(**json.loads(json.dumps(experiment.to_dict()))) == experiment


def test_a_file_and_the_object_are_the_same(tmp_path):
    file = tmp_path / "same.toml"
    file.write_text(
        """
        name = "same"
        runs = 3
        set.oracle.debt = 50              # TOML reads this as tables within tables
        [lineup]
        oracle = "restrain"
        [factors]
        shock.efficiency.factor = [1, 3]
        [[shocks]]
        kind = "efficiency"
        quarter = 8
        [[deviations]]
        firm = "meta"
        own = ["match"]
        others = ["restrain"]
        [[variants]]
        name = "other"
        set = { "oracle.debt" = 20 }
        """
    )
    assert Experiment.read(file) == Experiment(
        name="same",
        runs=3,
        set={"oracle.debt": 50},
        lineup={"oracle": "restrain"},
        factors={"shock.efficiency.factor": (1, np.float64(3.0))},
        shocks=[Efficiency(quarter=8, factor=10.0, diffusion=1.0)],
        deviations=[Deviation(firm="meta", own=["match"], others=["restrain"])],
        variants=[Variant(name="other", set={"oracle.debt": 20})],
    ).model_copy(update={"shocks": [{"kind": "efficiency", "quarter": 8}]})


EVERY_KEY = """
name = "every_key"
scenario = "theory"
runs = 7
entropy = 3
uncertainty = "none"
horizon = 9
luck = "shared"
sampler = { kind = "latin_hypercube", points = 11 }
outcomes = ["customer_surplus", "capex"]
series = ["capex", "hyperscaler.debt"]
series_runs = 5
series_type = "float64"
strategies = ["mine.py"]
[lineup]
vendor = "scarcity"
[set]
substitution = 4
[factors]
demand_elasticity = { low = 1.2, high = 2.0 }
shock.efficiency.factor = { low = 1, high = 50, scale = "log" }
shock.efficiency.quarter = { low = 2, high = 5, whole = true }
power_limit = { from = 1, to = 4, count = 4 }
lineup.hyperscaler = ["restrain", "escalate(step=0.05)"]
hyperscaler.cash = { distribution = "normal", mean = 5, sd = 1, low = 1 }
shell_life = { distribution = "triangular", low = 10, mode = 12, high = 30 }
[linked.together]
economic_life = [3, 4]
book_life = [5, 6]
[adaptive]
outcome = "customer_surplus"
relative = 0.05
most_runs = 60
[[shocks]]
kind = "efficiency"
"""


def test_a_file_with_every_key_round_trips(tmp_path):
    file = tmp_path / "every_key.toml"
    file.write_text(EVERY_KEY)
    experiment = Experiment.read(file)
    assert set(experiment.to_dict()) == set(Experiment.model_fields) - {
        "deviations",
        "variants",
        "lineups",
    }
    assert Experiment(**experiment.to_dict()) == experiment
    assert Experiment(**json.loads(json.dumps(experiment.to_dict()))) == experiment
    assert experiment.factors["power_limit"] == [1.0, 2.0, 3.0, 4.0]  # a grid is its levels
    assert set(experiment.dimensions) == {*experiment.factors, "together"}
    assert experiment.dimensions["together"]["book_life"] == Levels((5, 6))
    assert experiment.sampling.points == 11
    assert experiment.changed(9, {"horizon": 8}).to_dict() == experiment.to_dict() | {
        "runs": 9,
        "horizon": 8,
    }


numbers = st.floats(0.5, 50.0).map(lambda x: round(x, 3))
pairs = st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1])
forms: Any = st.one_of(
    st.lists(numbers, min_size=1, max_size=4, unique=True),
    pairs.map(lambda pair: {"low": pair[0], "high": pair[1]}),
    pairs.map(lambda pair: {"low": pair[0], "high": pair[1], "scale": "log"}),
    pairs.map(lambda pair: {"from": pair[0], "to": pair[1], "count": 3}),
    pairs.map(lambda pair: {"distribution": "uniform", "low": pair[0], "high": pair[1]}),
    pairs.map(lambda pair: {"distribution": "lognormal", "median": pair[0], "sigma": 0.5}),
    st.just("marked"),
)
names = st.sampled_from(
    ["demand_elasticity", "oracle.debt", "lineup.hyperscaler.step", "shock.efficiency.factor"]
)


@settings(max_examples=60, deadline=None)
@given(
    factors=st.dictionaries(names, forms, max_size=3),
    linked=st.fixed_dictionaries({"economic_life": forms, "power_limit": forms}),
    sampler=st.sampled_from(
        ["factorial", "sobol", {"kind": "morris", "levels": 6}, {"kind": "table", "file": "x.csv"}]
    ),
    luck=st.sampled_from(["auto", "shared", "block", "independent"]),
    series=st.lists(st.sampled_from(["capex", "market", "lender.cash"]), unique=True),
)
def test_any_form_of_factors_round_trips(factors, linked, sampler, luck, series):
    experiment = Experiment(
        name="x", factors=factors, linked={"l": linked}, sampler=sampler, luck=luck, series=series
    )
    again = Experiment(**json.loads(json.dumps(experiment.to_dict())))
    assert again == experiment
    assert again.dimensions == experiment.dimensions
    for name, form in factors.items():
        assert experiment.dimensions[name] == {name: parse(name, form)}


def test_a_setting_of_the_command_line_replaces_a_factors_levels():
    changed = small(
        variants=[Variant(name="v", set={"substitution": 4}, factors={"demand_elasticity": [2]})]
    ).changed(9, {"demand_elasticity": 1.7, "lineup.vendor": "scarcity", "horizon": 3})
    assert (changed.runs, changed.horizon) == (9, 3)
    assert changed.factors["demand_elasticity"] == [1.7]
    assert changed.lineup == {"vendor": "scarcity"}
    assert len(make(changed).cells) == 2 + 2


def test_a_setting_may_be_a_parameter_of_a_strategy():
    changed = small(factors={"lineup.hyperscaler": ["escalate", "match"]}).changed(
        settings={"lineup.firm_1.step": 0.05}
    )
    assert changed.set["lineup.firm_1.step"] == 0.05
    tuned = make(changed).cells.tuning["firm_1", "step"]
    np.testing.assert_array_equal(tuned, [0.05, np.nan])


def test_a_linked_factor_is_not_set_alone():
    linked = {"both": {"economic_life": [3, 4], "power_limit": [1, 2]}}
    refused(
        ["economic_life is linked"], small(linked=linked).changed, settings={"economic_life": 5}
    )


def test_the_hash_of_a_specification_does_not_hang_on_the_order_of_its_names():
    one = small(set={"economic_life": 3.0, "shell_life": 20.0})
    other = small(set={"shell_life": 20.0, "economic_life": 3.0})
    assert spec_hash(one) == spec_hash(other)
    assert spec_hash(one) != spec_hash(small(set={"economic_life": 3.0}))


def test_the_hash_of_a_table_goes_by_what_is_in_it(tmp_path):
    def of(name, text):
        (tmp_path / name).write_text(text)
        table = {"kind": "table", "file": str(tmp_path / name)}
        return spec_hash(small(factors={}, sampler=table))

    assert of("a.csv", "substitution\n3\n") == of("b.csv", "substitution\n3\n")
    assert of("a.csv", "substitution\n3\n") != of("b.csv", "substitution\n4\n")


def test_a_table_lies_where_its_file_says(tmp_path):
    (tmp_path / "points.csv").write_text(
        "demand_elasticity,lineup.hyperscaler\n1.5,match\n2,match\n"
    )
    (tmp_path / "x.toml").write_text(
        'name = "x"\nscenario = "theory"\nsampler = { kind = "table", file = "points.csv" }\n'
    )
    plan = make(Experiment.read(tmp_path / "x.toml"))
    assert plan.cells.labels["demand_elasticity"].tolist() == [1.5, 2.0]


# Each is refused in one line, when it is made or when it is planned.

RANGE = {"low": 1.2, "high": 2.0}
LHS = {"kind": "latin_hypercube", "points": 5}
WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "luck": ({"luck": "shred"}, ["luck", "nearest: shared"]),
    "luck by block where there is none": (
        {"luck": "block"},
        ['luck = "block"', "factorial has none"],
    ),
    "independent deviations": (
        {
            "luck": "independent",
            "deviations": [Deviation(firm="firm_1", own=["match"], others=["match"])],
        },
        ['luck = "independent"', "deviation"],
    ),
    "no such sampler": ({"sampler": "sobel"}, ["sampler", "nearest: sobol"]),
    "variants of samples": (
        {
            "sampler": LHS,
            "factors": {"demand_elasticity": RANGE},
            "variants": [Variant(name="v", set={"substitution": 3})],
        },
        ["variants cross levels", "latin_hypercube"],
    ),
    "range without a sampler": ({"factors": {"demand_elasticity": RANGE}}, ["is a range", "grid"]),
    "one linked": ({"linked": {"l": {"substitution": [2, 3]}}}, ["linked.l", "two or more"]),
    "linked as a list": ({"linked": [1]}, ["linked", "not a table"]),
    "linked of unequal lengths": (
        {"linked": {"l": {"substitution": [2, 3], "power_limit": [1, 2, 3]}}},
        ["l: linked factors need equally many levels"],
    ),
    "linked and alone": (
        {"linked": {"l": {"demand_elasticity": [2, 3], "power_limit": [1, 2]}}},
        ["demand_elasticity is in factors and in linked.l"],
    ),
    "linked by the name of a factor": (
        {"linked": {"demand_elasticity": {"substitution": [2, 3], "power_limit": [1, 2]}}},
        ["has the name of a factor"],
    ),
    "set and varied": ({"set": {"demand_elasticity": 2}}, ["a factor and in set"]),
    "nothing marked": (
        {"factors": {"shell_quarters_x": "marked"}},
        ["marked range 'shell_quarters_x' is not known"],
    ),
    "no such outcome": ({"outcomes": ["custmer_share"]}, ["outcomes:", "nearest: customer_share"]),
    "outcome twice": ({"outcomes": ["capex", "capex"]}, ["outcomes names 'capex' twice"]),
    "no such series": ({"series": ["capx"]}, ["series:", "nearest: capex"]),
    "no such state": ({"series": ["hyperscaler.dept"]}, ["nearest: hyperscaler.debt"]),
    "no series_runs": ({"series_runs": 0}, ["series_runs = 0"]),
    "series_type": ({"series_type": "float16"}, ["series_type", "float32"]),
    "adaptive without a width": (
        {"adaptive": {"outcome": "capex", "most_runs": 50}},
        ["no width", "half_width and relative"],
    ),
    "adaptive with two widths": (
        {"adaptive": {"outcome": "capex", "half_width": 1, "relative": 1, "most_runs": 50}},
        ["half_width and relative"],
    ),
    "adaptive to nothing": (
        {"adaptive": {"outcome": "capex", "half_width": 0.0, "most_runs": 50}},
        ["adaptive.half_width = 0", "above 0"],
    ),
    "adaptive and no more runs": (
        {"adaptive": {"outcome": "capex", "relative": 0.1, "most_runs": 6}},
        ["adaptive.most_runs = 6 is not above runs = 6"],
    ),
    "adaptive by what is not kept": (
        {
            "outcomes": ["capex"],
            "adaptive": {"outcome": "total_surplus", "relative": 0.1, "most_runs": 50},
        },
        ["adaptive.outcome = 'total_surplus' is not kept"],
    ),
    "a strategy's parameter that none has": (
        {"factors": {"lineup.hyperscaler.stp": [0.1]}},
        ["parameter of a hyperscaler strategy", "nearest: step"],
    ),
    "a strategy's parameter that none in use has": (
        {"factors": {"lineup.hyperscaler.step": [0.1]}},
        ["lineup.hyperscaler.step is a parameter of none of the strategies"],
    ),
    "a strategy's parameter out of bounds": (
        {"lineup": {"hyperscaler": "escalate"}, "factors": {"lineup.hyperscaler.step": [0.1, 7]}},
        ["lineup.hyperscaler.step = 7", "between 0 and 1"],
    ),
    "a strategy's parameter of nobody": (
        {"factors": {"lineup.firm_x.step": [0.1]}},
        ["firm_x"],
    ),
    "a range of strategies": (
        {"sampler": LHS, "factors": {"lineup.hyperscaler": RANGE}},
        ["lineup.hyperscaler is a strategy and has no range"],
    ),
    "a range out of bounds": (
        {"sampler": LHS, "factors": {"substitution": {"low": 0.5, "high": 2}}},
        ["substitution 0.5"],
    ),
    "a table and factors": (
        {"sampler": {"kind": "table", "file": "x.csv"}},
        ["the table of the sampler names the factors"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_makes_no_sense_is_refused_in_one_line(case):
    changes, words = WRONG[case]
    refused(words, lambda: make(small(**changes)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("demand_elasticity,substitution\n2,3\n2,1\n", ["x.csv, line 3: substitution 1 is below"]),
        ("substitution\n\n999\n3\n", ["x.csv, line 3: substitution 999 is above"]),
        ("shock.efficiency.quarter\n1\n2.5\n", ["x.csv, line 3"]),
        ("lineup.hyperscaler.step\n0.1\n7\n", ["x.csv, line 3", "out of bounds"]),
        ("demand_elasticity,demand_noise\n2,0.1\n", ["demand_noise is in the table and in set"]),
        ("demand_elastcity\n2\n", ["nearest: demand_elasticity"]),
        ("lineup.hyperscaler\nmatch\nmtch\n", ["x.csv, line 3", "nearest: match"]),
    ],
)
def test_a_table_is_checked_row_by_row(tmp_path, text, words):
    (tmp_path / "x.csv").write_text(text)
    table = {"kind": "table", "file": str(tmp_path / "x.csv")}
    refused(words, lambda: make(small(factors={}, sampler=table)))
