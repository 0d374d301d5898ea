"""Scenario: what may be set, what is refused and how, and what is drawn."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from agentsim.errors import AgentsimError
from agentsim.parameters import DECLARATIONS, GROUPS, ROLES, Declaration
from agentsim.scenario import Scenario, calibrations, scenario

BASE = Scenario.load("2025Q4")
THEORY = Scenario.load("theory")


def own_name(declared: Declaration) -> str:
    """A dotted name for a parameter: the market's, or that of the first firm."""
    if declared.role == "market":
        return declared.name
    return f"{BASE.firms[declared.role][0]}.{declared.name}"


NAMED = [pytest.param(own_name(d), d, id=own_name(d)) for d in DECLARATIONS.values()]
NOT_FINITE = [float("nan"), float("inf"), -float("inf"), [0.5, float("nan")]]
NOT_NUMBERS: list[Any] = ["many", "1.5", None, True, 1j, {"a": 1}, ["a"], [[1, 2], [3]]]
NOT_NUMBERS.append(np.array(["x"] * 99))
NOT_A_SERIES = [[], [[0.5, 0.5]], np.ones((2, 3))]


def complaint(overrides: dict[str, Any], base: Scenario = BASE) -> str:
    """The one line that overrides are refused with."""
    with pytest.raises(AgentsimError) as caught:
        base.replace(overrides)
    text = str(caught.value)
    assert "\n" not in text
    return text


# Loading and reading


def test_loaded_scenarios_are_shared() -> None:
    assert Scenario.load("2025Q4") is BASE
    assert scenario("theory") is THEORY


@pytest.mark.parametrize("wrong", ["2025Q3", "Theory", "", "2025Q4.csv"])
def test_unknown_calibration_is_named_with_the_nearest(wrong: str) -> None:
    with pytest.raises(AgentsimError) as caught:
        Scenario.load(wrong)
    assert repr(wrong) in str(caught.value)
    assert any(name in str(caught.value) for name in calibrations())
    assert "\n" not in str(caught.value)


def test_values_are_read_by_name() -> None:
    assert BASE.demand_elasticity == BASE["demand_elasticity"] == 1.2
    assert BASE["oracle.debt"] == 25.0
    assert "oracle.debt" in BASE and "oracle.dept" not in BASE
    assert "demand_elasticity" in dir(BASE)
    assert repr(BASE) == (
        "<Scenario 2025Q4: 6 hyperscalers, 4 chip vendors, 3 memory makers, 3 lenders>"
    )


def test_misspelt_reading_names_the_nearest() -> None:
    with pytest.raises(AttributeError, match="nearest: demand_elasticity"):
        _ = BASE.demand_elasticty
    with pytest.raises(AgentsimError, match=r"nearest: oracle\.debt"):
        _ = BASE["oracle.dept"]
    with pytest.raises(AgentsimError, match=r"several firms; read microsoft\.debt"):
        _ = BASE["hyperscaler.debt"]


def test_is_not_iterable_and_cannot_be_written_to() -> None:
    assert not isinstance(BASE, Iterable)
    with pytest.raises(TypeError, match="not iterable"):
        iter(BASE)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="does not support item assignment"):
        BASE.values["economic_life"] = 3.0  # type: ignore[index]
    with pytest.raises(AttributeError):
        BASE.name = "other"  # type: ignore[misc]


def test_round_trips() -> None:
    changed = BASE.replace({"oracle.debt": 50, "demand_elasticity": [0.9, 1.5]})
    for copied in (pickle.loads(pickle.dumps(changed)), copy.deepcopy(changed)):
        assert copied.firms == changed.firms
        assert copied.ranges == changed.ranges
        assert copied.values.keys() == changed.values.keys()
        assert all(np.array_equal(copied[name], changed[name]) for name in changed.values)
        with pytest.raises(TypeError):
            copied.values["economic_life"] = 3.0
    back = changed.replace({name: BASE[name] for name in ("oracle.debt", "demand_elasticity")})
    assert dict(back.values) == dict(BASE.values)


def test_loading_imports_neither_mesa_nor_what_is_slow() -> None:
    code = (
        "import sys; from agentsim.scenario import Scenario; Scenario.load('2025Q4').draw(3, 1); "
        "print([name for name in ('mesa', 'pandas', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Replacing


def test_replace_leaves_the_original_alone() -> None:
    changed = BASE.replace({"oracle.debt": 50}, substitution=6)
    assert (changed["oracle.debt"], changed.substitution) == (50.0, 6.0)
    assert (BASE["oracle.debt"], BASE.substitution) == (25.0, 4.0)
    assert repr(changed).endswith("2 values changed>")
    assert changed.provenance["oracle.debt"].reason == "Set in place of 25."
    assert changed.replace(substitution=7).provenance["substitution"].reason == "Set in place of 4."


def test_a_role_s_name_sets_all_its_firms_and_a_firm_s_own_value_holds() -> None:
    changed = BASE.replace({"oracle.debt": 7, "hyperscaler.debt": 3})
    debts = {firm: changed[f"{firm}.debt"] for firm in changed.firms["hyperscaler"]}
    assert debts.pop("oracle") == 7.0
    assert set(debts.values()) == {3.0}


def test_arrays_are_copied_and_closed() -> None:
    given = np.array([0.9, 1.2, 1.5])
    changed = BASE.replace(demand_elasticity=given)
    given[0] = 9.0
    kept = changed.demand_elasticity
    assert isinstance(kept, np.ndarray) and kept.tolist() == [0.9, 1.2, 1.5]
    assert not kept.flags.writeable


@pytest.mark.parametrize(("name", "declared"), NAMED)
def test_out_of_bounds_is_refused(name: str, declared: Declaration) -> None:
    step = 1.0 if declared.whole else 1e-3 * max(abs(declared.low), 1.0)
    text = complaint({name: declared.low - step})
    assert text.startswith(f"{name} ") and f"below its bound {declared.low:g}; give a" in text
    text = complaint({name: declared.high * 1.01 + 1.0})
    assert text.startswith(f"{name} ") and f"above its bound {declared.high:g}; give a" in text
    text = complaint({name: [BASE[name], BASE[name], declared.low - step]})
    assert "(run 2) is below" in text


@pytest.mark.parametrize(("name", "declared"), NAMED)
def test_what_is_no_finite_number_is_refused(name: str, declared: Declaration) -> None:
    for wrong in NOT_FINITE:
        text = complaint({name: wrong})
        assert text.startswith(f"{name} ") and "is not finite; give a number" in text
    for wrong in NOT_NUMBERS:
        text = complaint({name: wrong})
        assert text.startswith(f"{name} ") and "is not a number; give a number" in text
    for wrong in NOT_A_SERIES:
        text = complaint({name: wrong})
        assert text.startswith(f"{name} has shape") and "give one number or a list" in text


@pytest.mark.parametrize(("name", "declared"), [p for p in NAMED if p.values[1].whole])
def test_fractions_of_what_is_whole_are_refused(name: str, declared: Declaration) -> None:
    assert f"{name} 0.5 is not whole; give a whole number" in complaint({name: 0.5})


@pytest.mark.parametrize(("name", "declared"), NAMED)
def test_misspelt_name_is_refused_with_the_nearest(name: str, declared: Declaration) -> None:
    wrong = name[:-2] + name[-1] + "x"
    text = complaint({wrong: 1.0})
    assert repr(wrong) in text
    assert "nearest: " in text and name in text


@pytest.mark.parametrize(("name", "declared"), NAMED)
def test_calibrated_value_is_accepted_for_one_run_and_for_many(
    name: str, declared: Declaration
) -> None:
    changed = BASE.replace({name: [BASE[name]] * 3})
    array = changed[name]
    assert isinstance(array, np.ndarray) and array.tolist() == [BASE[name]] * 3
    assert BASE.replace({name: BASE[name]})[name] == BASE[name]


def test_given_twice_is_refused() -> None:
    with pytest.raises(AgentsimError, match="substitution is given twice"):
        BASE.replace({"substitution": 3}, substitution=4)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            {"demand_elasticity": 0.4},
            "saturated_elasticity 0.5 must be below demand_elasticity 0.4; "
            "lower saturated_elasticity or raise demand_elasticity",
        ),
        (
            {"demand_elasticity": [1.2, 0.45]},
            "saturated_elasticity 0.5 (run 1) must be below demand_elasticity 0.45; ",
        ),
        (
            {"saturated_elasticity": [0.5, 0.8], "demand_elasticity": [0.6, 0.8]},
            "saturated_elasticity 0.8 (run 1) must be below demand_elasticity 0.8; ",
        ),
        (
            {"memory_margin_balanced": -0.5},
            "memory_margin_slack -0.327 must be below memory_margin_balanced -0.5; ",
        ),
        (
            {"addressable_spending": 5},
            "service_revenue 28.9 must not be above addressable_spending 5; ",
        ),
        (
            {"nvidia.spending_share": 0.8},
            "nvidia.spending_share, amd.spending_share, entrant.spending_share (merchants) "
            "add up to 0.85247; make it 1",
        ),
        ({"broadcom.spending_share": 0.5}, "broadcom.spending_share (designers) add up to 0.5"),
        ({"micron.capacity_share": [0.21, 0.3]}, "add up to 1.09 (run 1); make it 1"),
        ({"lender.loan_share": 0.5}, "bank_syndicate.loan_share add up to 1.5; make it 1"),
        (
            {"entrant.reach": [0.1, 0.004]},
            "entrant.spending_share 0.005 (run 1) is not below entrant.reach; lower the share, ",
        ),
        (
            {"oracle.custom_share": 0.3},
            "oracle.custom_share 0.3 needs a custom programme; set oracle.custom_program to 1 ",
        ),
    ],
)
def test_values_that_do_not_go_together_are_refused(
    overrides: dict[str, Any], expected: str
) -> None:
    assert expected in complaint(overrides)


def test_custom_programme_needs_a_designer() -> None:
    text = complaint({"firm_1.custom_program": 1}, THEORY)
    assert text.startswith("firm_1.custom_program 1 needs a vendor that makes designs; set ")


def test_what_goes_together_is_accepted_together() -> None:
    BASE.replace(demand_elasticity=0.4, saturated_elasticity=0.3)
    BASE.replace({"oracle.custom_program": 1, "oracle.custom_share": 0.3})
    BASE.replace({"nvidia.spending_share": 0.8, "amd.spending_share": 0.195})


# Runs


def test_wrong_length_is_refused() -> None:
    text = complaint({"oracle.debt": [1, 2, 3], "substitution": [3, 4]})
    assert text in (
        "substitution has 2 values and oracle.debt has 3; give both one value a run",
        "oracle.debt has 3 values and substitution has 2; give both one value a run",
    )
    earlier = BASE.replace({"oracle.debt": [1, 2, 3]})
    assert "give both one value a run" in complaint({"substitution": [3, 4]}, earlier)
    earlier.check_runs(3)
    for use in (earlier.check_runs, earlier.parameters):
        with pytest.raises(AgentsimError) as caught:
            use(4)
        assert str(caught.value) == (
            "oracle.debt has 3 values and the market 4 runs; give one number, or 4 values"
        )


@pytest.mark.parametrize("name", calibrations())
def test_parameters_are_arrays_with_runs_last(name: str) -> None:
    base = Scenario.load(name)
    p = base.parameters(5)
    for role in GROUPS:
        group = getattr(p, role)
        for parameter in (d.name for d in DECLARATIONS.values() if d.role == role):
            array = getattr(group, parameter)
            assert array.dtype == np.float64 and not array.flags.writeable
            if role == "market":
                assert array.shape == () and array == base[parameter]
            else:
                assert array.shape == (len(base.firms[role]), 1)
                own = [base[f"{firm}.{parameter}"] for firm in base.firms[role]]
                assert array[:, 0].tolist() == own


def test_what_is_given_run_by_run_has_a_column_a_run() -> None:
    changed = BASE.replace({"oracle.debt": [1, 2, 3], "substitution": [3, 4, 5]})
    p = changed.parameters(3)
    assert p.market.substitution.tolist() == [3.0, 4.0, 5.0]
    debt = p.hyperscaler.debt
    assert debt.shape == (6, 3) and debt.flags.c_contiguous
    assert debt[4].tolist() == [1.0, 2.0, 3.0]
    assert debt[3].tolist() == [27.0] * 3


# Any number of equal firms


@pytest.mark.parametrize("count", [1, 2, 4, 9, 64])
def test_theory_takes_any_number_of_hyperscalers(count: int) -> None:
    world = THEORY.replace({"hyperscaler.cash": 5.0}).with_hyperscalers(count)
    assert world.firms["hyperscaler"] == tuple(f"firm_{n}" for n in range(1, count + 1))
    assert world.parameters(1).hyperscaler.cash.tolist() == [[5.0]] * count
    assert len(world.values) - len(THEORY.values) == (count - 4) * sum(
        d.role == "hyperscaler" for d in DECLARATIONS.values()
    )
    assert world.replace({f"firm_{count}.cash": 6.0})[f"firm_{count}.cash"] == 6.0
    assert len(world.table()) == len(world.values)


@pytest.mark.parametrize("wrong", [0, 65, -1, 2.0, True, "4", None])
def test_other_numbers_of_hyperscalers_are_refused(wrong: Any) -> None:
    with pytest.raises(AgentsimError, match=r"with_hyperscalers .*; give"):
        THEORY.with_hyperscalers(wrong)


def test_firms_that_differ_are_not_multiplied() -> None:
    with pytest.raises(AgentsimError, match=r"the firms of 2025Q4 differ in cash; use .*theory"):
        BASE.with_hyperscalers(3)


# The table


def test_table_has_a_line_a_value_with_unit_and_source() -> None:
    table = BASE.table()
    assert list(table.columns) == [
        "role", "firm", "parameter", "value", "unit", "low", "high", "kind", "source", "reason",
    ]  # fmt: skip
    assert len(table) == len(BASE.values)
    assert set(table["role"]) == {"market", *ROLES}
    derived = table[table["kind"] == "fact"]
    assert derived["source"].str.contains("http").all()
    row = table.set_index("parameter").loc["demand_elasticity"]
    assert (row["value"], row["low"], row["high"], row["unit"]) == (1.2, 0.8, 2.0, "1")


def test_table_shows_what_was_set() -> None:
    table = BASE.replace({"oracle.debt": 50, "substitution": [3, 4]}).table()
    debt = table[(table["firm"] == "oracle") & (table["parameter"] == "debt")].iloc[0]
    assert (debt["value"], debt["kind"], debt["source"]) == (50.0, "given", "")
    assert np.isnan(debt["low"])
    assert table.set_index("parameter")["value"].isna()["substitution"]
