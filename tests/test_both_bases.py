"""A rule on arrays and the same in plain numbers give the same numbers."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from rules_in_both import BOTH, Hurdle, HurdleRule

from agentsim.authoring import agree, answers
from agentsim.authoring.worlds import all_kinds
from agentsim.laws.numerics import quiet
from agentsim.strategy import HyperscalerChoice
from agentsim.strategy.params import with_values

RUNS, QUARTERS = 600, 4


@pytest.mark.parametrize("role", BOTH)
def test_both_bases_agree_to_1e_12_in_thousands_of_worlds(role):
    arrays, plain = BOTH[role]
    worlds = all_kinds(role, RUNS, QUARTERS)
    with quiet():
        assert agree(arrays(), plain(), worlds) == ""


def test_with_parameters_that_differ_between_firms_and_runs_too():
    values = {"weight": np.linspace(0.0, 1.0, 60), "hurdle": [[0.0], [0.05], [0.5]]}
    worlds = all_kinds("hyperscaler", 60, QUARTERS)
    with quiet():
        one, two = (with_values(each(), values) for each in (Hurdle, HurdleRule))
        assert agree(one, two, worlds) == ""


@dataclass(frozen=True)
class Doubled(HurdleRule):
    """Work something out of its parameters when it is made. Source: none, it is made for tests."""

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "double", 2.0 * self.weight)

    def decide(self, sees):
        return HyperscalerChoice(min(self.double, 2.0))


def test_a_rule_that_works_something_out_of_its_parameters_does_so_in_each_run():
    weights = np.linspace(0.0, 1.0, 60)
    made = answers(with_values(Doubled(), {"weight": weights}), all_kinds("hyperscaler", 60, 1))
    assert made.wrong == ""
    np.testing.assert_array_equal(made.choices[0]["capex_rate"][1], 2.0 * weights)


def test_rules_that_differ_by_more_are_told_apart():
    worlds = all_kinds("hyperscaler", 60, QUARTERS)
    with quiet():
        assert "capex_rate is" in agree(Hurdle(), HurdleRule(hurdle=0.2), worlds)
        assert agree(Hurdle(), replace(HurdleRule(), weight=0.3 + 1e-9), worlds) != ""
