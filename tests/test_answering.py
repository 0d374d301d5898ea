"""What a shock brings customers when strategies answer it, beside what it would if none did."""

import numpy as np
import pytest
from made_games import DILEMMA, LUCK, RUNS, STAG, conditioned, found_of, made, over
from numpy.testing import assert_allclose

from agentsim.errors import AgentsimError
from agentsim.games.empirical.answering import base_of, responding, responses

FACTOR = "shock.efficiency.factor"
HARMONY = (-1.0, -1.0, -1.0)


def test_a_shock_that_turns_restraint_into_a_race_brings_both_gains_in_closed_form():
    # Without it all are mild, with it all three fierce: 100, then 200 + 3 x 20, or 200 if none answers.
    x = over({(1, 1.2): made(HARMONY), (10, 1.2): made(DILEMMA, (200.0, 20.0))})
    (each,) = responses(x)
    assert each.before.words == "3 mild"
    assert each.after.words == "3 fierce"
    assert each.in_equilibrium.value == pytest.approx(160.0)
    assert each.held_fixed.value == pytest.approx(100.0)
    assert each.difference.value == pytest.approx(60.0)


def test_luck_that_both_sides_meet_falls_out():
    x = over({(1, 1.2): made(HARMONY), (10, 1.2): made(DILEMMA, (200.0, 20.0))})
    (each,) = responses(x)
    # Customers' surplus moves by 5 x luck in every profile: runs are paired, and nothing is left open.
    for told in (each.in_equilibrium, each.held_fixed, each.difference):
        assert_allclose([told.low, told.high], told.value, rtol=1e-12)
        assert told.n == RUNS


def test_luck_that_only_one_side_meets_is_in_the_interval():
    after = made(DILEMMA, (200.0, 20.0))
    all_fierce = after.layout.profiles[:, 1] == 3
    after.others["customer_surplus"][all_fierce] += 40.0 * LUCK
    (each,) = responses(over({(1, 1.2): made(HARMONY), (10, 1.2): after}))
    assert each.held_fixed.low == pytest.approx(100.0)
    assert each.difference.low < 60.0 < each.difference.high
    assert each.difference.value == pytest.approx(60.0)


def test_every_pair_of_equilibria_has_a_row_and_gains_add_up():
    x = over({(1, 1.2): made(STAG), (10, 1.2): made(STAG, (200.0, 20.0)), (1, 2.0): made(DILEMMA),
              (10, 2.0): made(STAG)})  # fmt: skip
    table = responding(x)
    counts = table.groupby("demand_elasticity").size()
    many = len(x.conditions[0].equilibria)
    assert many == 3  # all mild, all fierce, and a mixture
    assert counts.to_dict() == {1.2: many * many, 2.0: 1 * many}
    assert_allclose(table["in_equilibrium"] - table["held_fixed"], table["difference"], atol=1e-9)
    # What is held fixed does not depend on the equilibrium after.
    assert (table.groupby(["demand_elasticity", "before"])["held_fixed"].nunique() == 1).all()


def test_a_mixture_is_worth_its_expectation():
    x = over({(1, 1.2): made(STAG), (10, 1.2): made(STAG, (200.0, 20.0))})
    mixed = next(each for each in responses(x) if not each.before.pure and not each.after.pure)
    fierce = 3.0 * mixed.before.shares[1]  # customers' surplus goes by the number of the fierce
    assert mixed.held_fixed.value == pytest.approx(100.0 + 10.0 * fierce)
    assert mixed.difference.value == pytest.approx(0.0, abs=1e-6)


def test_no_shock_is_level_one_wherever_it_stands_and_else_the_first_level():
    x = over({(10, 1.2): made(), (1, 1.2): made(), (10, 2.0): made(), (1, 2.0): made()})
    assert base_of(x) == (FACTOR, 1)
    assert base_of(x, "demand_elasticity") == ("demand_elasticity", 1.2)
    assert set(responding(x)[FACTOR]) == {10}
    assert set(responding(x, "demand_elasticity")["demand_elasticity"]) == {2.0}
    x = over({(3, 1.2): made(), (10, 1.2): made()})
    assert base_of(x) == (FACTOR, 3)


def test_of_one_run_there_is_no_interval():
    games = [made(HARMONY, runs=1), made(DILEMMA, (200.0, 20.0), runs=1)]
    x = found_of(
        *(conditioned(g, {FACTOR: f}, fresh=False) for f, g in zip((1, 10), games, strict=True))
    )
    (each,) = responses(x)
    assert each.difference.value == pytest.approx(60.0)
    assert np.isnan([each.difference.low, each.difference.high]).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"factor": "moat"}, "moat"),
        ({"outcome": "lunch"}, "lunch"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(asked, said):
    x = over({(1, 1.2): made(), (10, 1.2): made()})
    with pytest.raises(AgentsimError, match=said) as error:
        responding(x, **asked)
    assert "\n" not in str(error.value)


def test_one_condition_has_nothing_to_compare():
    with pytest.raises(AgentsimError, match="one condition"):
        responding(found_of(conditioned(made(), {})))
