"""Where theory says what the simulated game is: at unit elasticity it is a Tullock contest.

Firms that hold fleets K_i share a revenue that does not depend on capacity by K_i^r / sum K^r,
r = 1 - 1/sigma, and each pays for its own. Of n firms each commits K* = r (n - 1) / n^2 of revenue over
the cost of holding a unit, and together they burn the share r (n - 1) / n of it.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agentsim import Market, Scenario
from agentsim.games.empirical import EmpiricalGame
from agentsim.games.empirical.found import found
from agentsim.games.empirical.playing import play
from agentsim.games.studentised import ratio_interval
from agentsim.games.worth import expected
from agentsim.report.game_answer import answer
from agentsim.strategy.registry import add_strategies

FILE = str(Path(__file__).with_name("tullock_effort.py"))
N, SIGMA, START, QUARTERS = 4, 4.0, 0.7, 16
R = 1.0 - 1.0 / SIGMA
NOISE = 0.05


def alone(multiple, revenue=10.0):
    """What comes of a market without luck in which all hold the same multiple."""
    add_strategies(FILE)
    market = Market(
        Scenario.load("theory"), f"tullock_effort(multiple={multiple})", 1, 1, horizon=QUARTERS,
        demand_elasticity=1.0, service_revenue=revenue, **{"hyperscaler.merchant_fleet": START},
    )  # fmt: skip
    return market.run().outcomes().iloc[0]


def paid(outcomes):
    """What firms paid for their fleets, discounted: the vendor's margin is a cost to them."""
    return outcomes["revenue"] - outcomes["hyperscaler_value"]


def cost_of_a_unit():
    """What holding one more unit takes, discounted; costs are linear in fleets."""
    return (paid(alone(1.3)) - paid(alone(1.0))) / (0.3 * N)


@pytest.fixture(scope="module")
def revenue():
    """Revenue a quarter at which a fleet of one is the equilibrium; its median, where demand is noisy."""
    annuity = alone(1.0)["revenue"] / 10.0
    return cost_of_a_unit() * N * N / (R * (N - 1)) / annuity / np.exp(NOISE * NOISE / 2)


@pytest.fixture(scope="module")
def contest(revenue, tmp_path_factory):
    game = EmpiricalGame(
        name="contest", scenario="theory", runs=100, uncertainty="none", horizon=QUARTERS,
        strategies=[FILE], entropy=7,
        players={
            "firms": {
                "firms": ["hyperscaler"], "play": "alike",
                "strategies": [f"tullock_effort(multiple={m})" for m in (0.75, 1.0, 1.3)],
            }
        },
        set={
            "demand_elasticity": 1.0, "service_revenue": revenue, "demand_noise": NOISE,
            "hyperscaler.merchant_fleet": START,
        },
        epsilon=1e-3, sampling={"fresh_runs": 30, "rounds": 1},
    )  # fmt: skip
    out = tmp_path_factory.mktemp("contest") / "results"
    return found(play(game, out, engine="here", progress=False))


def test_the_equilibrium_of_the_simulated_game_is_the_effort_of_the_contest(contest):
    [condition] = contest.conditions
    [equilibrium] = condition.equilibria
    assert equilibrium.words == "4 tullock_effort(multiple=1.0)"
    assert [each.verdict for each in condition.candidates] == ["confirmed"]


def test_its_dissipation_is_that_of_the_contest_within_its_interval(contest):
    condition = contest.conditions[0]
    game, [equilibrium] = condition.game, condition.equilibria
    prize = expected(equilibrium.weights, game.others["revenue"])
    value = expected(equilibrium.weights, game.others["hyperscaler_value"])
    # Fleets that stood there at the start were paid for before; with them all is c K.
    owned = N * cost_of_a_unit() - paid(alone(1.0))
    told = ratio_interval(prize - value + owned, prize)
    assert told.low <= R * (N - 1) / N <= told.high
    assert told.high - told.low < 0.01


def test_more_effort_by_all_is_worse_for_all_whatever_the_kind(contest):
    pair = (
        contest.conditions[0]
        .game.classify("tullock_effort(multiple=0.75)", "tullock_effort(multiple=1.0)")
        .only
    )
    assert pair.kind == "prisoner's dilemma"
    assert float(pair.diagrams["firms"].kind.gain.low) > 0.0


def test_payoffs_differ_as_the_contest_says(contest):
    game = contest.conditions[0].game
    place = game.layout.place(np.array([0, 4, 0]))
    gains = game.pure_gains[place, 1]
    cost, prize = cost_of_a_unit(), float(game.others["revenue"][place].mean())
    for column, m in ((0, 0.75), (2, 1.3)):
        share = m**R / (m**R + N - 1)
        told = prize * (share - 1 / N) - cost * (m - 1.0)
        assert gains[column] == pytest.approx(told, rel=1e-6)


def test_where_revenue_does_not_rise_with_capacity_theory_forces_a_dilemma(tmp_path):
    game = EmpiricalGame.read("effort_game_theory")
    dial = [f"scaled(multiple={m})" for m in (0.5, 1, 4)]
    game = EmpiricalGame(
        **game.model_dump()
        | {
            "players": {"firms": {"firms": ["hyperscaler"], "play": "alike", "strategies": dial}},
            "conditions": {"demand_elasticity": [0.8, 1.0]}, "horizon": 16,
        }
    )  # fmt: skip
    x = found(play(game, tmp_path / "results", engine="here", progress=False))
    for each in x.conditions:
        for low, high in pairwise(dial):
            assert each.game.classify(low, high).kind == "prisoner's dilemma"
    said = " ".join(answer(x))
    assert "theory forces a prisoner's dilemma, 4 of 4 steps are one" in said
    assert "the end of the dial" in said
