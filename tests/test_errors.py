"""Names that nothing answers to, and values of another kind, are one line with a remedy."""

import re

import numpy as np
import pandas as pd
import pytest

from agentsim import AgentsimError, Market, Scenario
from agentsim.errors import nearest, shown, unknown, whole
from agentsim.strategy.registry import make

BASE = Scenario.load("2025Q4")


def refused(work):
    with pytest.raises(AgentsimError) as caught:
        work()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


class TestNearest:
    KNOWN = ("demand_elasticity", "vendor_elasticity", "funding_rate_per_year", "microsoft")

    @pytest.mark.parametrize(
        ("name", "first"),
        [
            ("demand_elastcity", "demand_elasticity"),
            ("Demand_Elasticity", "demand_elasticity"),
            ("vendor", "vendor_elasticity"),
            ("rate_of_funding", "funding_rate_per_year"),
            ("MSFT", "microsoft"),
        ],
    )
    def test_is_mistyped_or_has_the_same_words_or_looks_alike(self, name, first):
        assert nearest(name, self.KNOWN).startswith(f"nearest: {first}")

    def test_may_be_found_by_what_a_name_means(self):
        meanings = {"funding_rate_per_year": "rate at which the ledger discounts"}
        assert "nearest" not in nearest("discount", self.KNOWN)
        assert nearest("discount", self.KNOWN, meanings=meanings) == (
            "nearest: funding_rate_per_year"
        )
        assert nearest("discount_rate", [*self.KNOWN, "tax_rate"], meanings=meanings) == (
            "nearest: funding_rate_per_year"
        )

    def test_lists_what_is_known_where_nothing_is_near(self):
        assert nearest("qqq", ("b", "a")) == "known: a, b"
        many = [f"name_{number}" for number in range(40)]
        assert nearest("qqq", many).endswith("and 16 more")

    def test_of_many_names_tells_the_command_that_lists_them(self):
        many = [f"name_{number}" for number in range(40)]
        text = str(unknown("thing", "qqq", many, "`agentsim things` lists them"))
        assert text == (
            "thing 'qqq' is not known; 40 names are known; `agentsim things` lists them"
        )

    @pytest.mark.parametrize("name", ["gpu", "qqq", "tax", "wacc"])
    def test_never_leaves_anybody_with_a_number_of_names(self, name):
        for ask in (
            lambda: Market("2025Q4", **{name: 1.0}),
            lambda: BASE[name],
            lambda: BASE.draw(1, 1, [name]),
            lambda: Market("2025Q4", {name: "match"}),
            lambda: make("hyperscaler", name),
        ):
            text = refused(ask)
            if re.search(r"\d+ names are known", text):
                assert "`agentsim calibration` lists them" in text
            else:
                assert "nearest: " in text or "known: " in text
        with pytest.raises(AttributeError, match="`agentsim calibration` lists them"):
            getattr(BASE, name)

    @pytest.mark.parametrize(
        ("name", "found"),
        [("discount_rate", "funding_rate_per_year"), ("chip_life", "economic_life")],
    )
    def test_of_parameters_goes_by_their_meanings_too(self, name, found):
        assert found in refused(lambda: Market("2025Q4", **{name: 1.0}))
        assert found in refused(lambda: BASE[name])


def test_values_are_shown_in_one_short_line():
    for value in (np.arange(10_000.0), "x" * 1000, pd.DataFrame({"a": range(90)}), {1: [2] * 99}):
        text = shown(value)
        assert "\n" not in text
        assert len(text) <= 100


def test_whole_numbers_are_those_of_python_and_numpy():
    assert whole("n", np.int8(3)) == whole("n", 3) == 3
    for given in (True, np.True_, 3.0, "3", None, [3], np.array([3])):
        assert refused(lambda given=given: whole("n", given)).startswith(f"n = {shown(given)} is")


SWEPT = make("hyperscaler", "escalate")
WRONG = [
    ({"rng": np.random.SeedSequence(1)}, "rng = SeedSequence"),
    ({"rng": np.random.RandomState(1)}, "rng = RandomState"),
    ({"rng": np.random.PCG64(1)}, "rng = <numpy.random"),
    ({"rng": np.arange(1000)}, "rng = array"),
    ({"rng": {}}, "rng = {}"),
    ({"record": np.array(["firms", "series"])}, "record = array"),
    ({"record": ["firms"]}, "record = ['firms']"),
    ({"errors": np.array(["mark"])}, "errors = array"),
    ({"horizon": np.array([3, 4])}, "horizon = array"),
    ({"runs": [[1, 2], [3]]}, "runs = [1, 2]"),
    ({"runs": np.ones((2, 2), int)}, "runs = array([1, 1])"),
    ({"runs": {1, 2}}, "runs = {1, 2}"),
    ({"lineup": np.array(["match"] * 99)}, "lineup = array"),
    ({"lineup": type(SWEPT)}, "lineup = <class"),
    ({"lineup": {"oracle": np.arange(1000)}}, "lineup.oracle = array"),
    (
        {"lineup": {"oracle": type(SWEPT)}},
        "lineup.oracle = Escalate is a class; give an instance, Escalate()",
    ),
    ({"lineup": {5: "match"}}, "lineup 5"),
    ({"lineup": b"match"}, "lineup = b'match'"),
    ({"scenario": pd.DataFrame({"a": range(90)})}, "scenario = "),
    ({"scenario": np.arange(1000)}, "scenario = array"),
    ({"scenario": None}, "scenario = None"),
    ({"shocks": np.arange(1000)}, "shocks"),
    ({"shocks": [{"kind": "efficiency", "quarter": np.arange(3)}]}, "shock.efficiency.quarter"),
    ({"demand_elasticity": np.ones((2, 1))}, "demand_elasticity has shape (2, 1)"),
    ({"oracle.debt": np.ones((2, 2)), "runs": 2}, "oracle.debt has shape (2, 2)"),
]


@pytest.mark.parametrize(("given", "start"), WRONG, ids=[start for _, start in WRONG])
def test_values_of_another_kind_are_named(given, start):
    assert refused(lambda: Market(**given)).startswith(start)


@pytest.mark.parametrize("shape", [(2, 1), (2, 2), (5, 2)])
@pytest.mark.parametrize("who", ["hyperscaler", "oracle"])
def test_parameters_of_strategies_need_a_row_for_each_firm_that_follows(shape, who):
    swept = make("hyperscaler", "escalate", {"step": np.full(shape, 0.1)})
    text = refused(lambda: Market("2025Q4", {who: swept}, runs=2))
    rest = {"hyperscaler": "6 firms follow it; give one row, or 6", "oracle": "give one row"}
    assert f"step has {shape[0]} rows" in text
    assert text.endswith(rest[who])


def test_parameters_of_strategies_may_have_a_row_for_each_firm():
    swept = make("hyperscaler", "escalate", {"step": np.full((6, 1), 0.1)})
    assert Market("2025Q4", swept, runs=2, horizon=2).run().quarter == 2


@pytest.fixture(scope="module")
def run_market():
    return Market("2025Q4", runs=[4, 7], rng=1, horizon=3).run()


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({"run": [4]}, "run = [4] is not a whole number"),
        ({"run": True}, "run = True is not a whole number"),
        ({"run": 4.0}, "run = 4.0 is not a whole number"),
        ({"run": 5}, "run = 5 is not in this market; it has 4, 7"),
        ({"run": None}, "run is missing among 2 runs"),
        ({"quarter": 1.5}, "quarter = 1.5 is not a whole number; give one from 1 to 3"),
        ({"quarter": True}, "quarter = True is not a whole number"),
        ({"quarter": np.arange(2)}, "quarter = array([0, 1]) is not a whole number"),
        ({"quarter": 4}, "quarter = 4 was not simulated; give one from 1 to 3"),
        ({"firm": ["oracle"]}, "firm ['oracle'] is not known"),
        ({"firm": np.array(["oracle", "meta"])}, "firm array"),
    ],
)
def test_what_cannot_be_explained_is_named(run_market, given, start):
    asked = {"firm": "oracle", "quarter": 2, "run": 4, **given}
    assert refused(lambda: run_market.explain(**asked)).startswith(start)


def test_nothing_can_be_explained_before_the_first_quarter():
    assert "step the market first" in refused(lambda: Market("2025Q4").explain("oracle", 1))


def test_roles_and_firms_of_another_kind_are_named(run_market):
    assert refused(lambda: run_market.series(np.array(["lender"]))).startswith("role array")
    assert refused(lambda: run_market.firm(["oracle"])).startswith("firm ['oracle']")
