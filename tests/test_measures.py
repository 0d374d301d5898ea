"""Measures: what equilibria are worth and to whom, in closed form and as identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_kinds import ORDERS, alike, counted

from agentsim.errors import AgentsimError
from agentsim.games import Game, Role
from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.profiles import Layout
from agentsim.games.worth import LAYERS

PRIZE = 12.0


def contest(n, r, multiples):
    """A Tullock contest of n: each spends so many times the equilibrium effort, for e^r / sum e^r."""
    effort = PRIZE * r * (n - 1) / n**2
    spent = effort * np.array(multiples)
    role = Role("firms", tuple(f"firm {i}" for i in range(n)), tuple(f"{m:g}" for m in multiples))
    counts = Layout((n,), (len(spent),)).profiles
    odds = spent**r
    payoffs = PRIZE * odds / (counts @ odds)[:, None] - spent
    others = {
        "resource_cost": (counts @ spent)[:, None],
        "revenue": np.full((len(counts), 1), PRIZE),
    }
    return Game((role,), np.where(counts > 0, payoffs, np.nan), None, others)


@pytest.mark.parametrize(("n", "r"), [(2, 1.0), (6, 1.0), (4, 0.5)])
def test_a_contest_dissipates_what_tullock_says(n, r):
    game = contest(n, r, [0.5, 1.0, 2.0])
    found = game.measures()
    (row,) = found.equilibria
    assert row.what == f"{n} 1"
    assert row.worth["rent_dissipation"].value == pytest.approx(r * (n - 1) / n, rel=1e-12)
    assert row.worth["total_surplus"].value == pytest.approx(PRIZE * (1.0 - r * (n - 1) / n))
    # What is burnt is all that can be lost: best of all spend half.
    assert found.best.what == f"{n} 0.5"
    assert found.lost_to_anarchy.value == pytest.approx(PRIZE * r * (n - 1) / n / 2.0)
    assert game.classify("0.5", "1").kind == "prisoner's dilemma"


def test_a_dilemma_has_its_price():
    found = alike(*ORDERS["prisoner's dilemma"]).measures()
    assert found.price_of_anarchy.value == found.price_of_stability.value == 6 / 2
    assert found.lost_to_anarchy.value == 6 - 2
    assert found.worst_equilibrium is found.best_equilibrium is found.equilibria[0]
    assert found.equilibria[0].what == "player 1 fierce, player 2 fierce"
    assert found.uniform.worth["total_surplus"].value == pytest.approx((6 + 5 + 5 + 2) / 4)


def test_of_several_equilibria_none_is_picked():
    found = alike(*ORDERS["stag hunt"]).measures()
    assert [each.marks for each in found.equilibria] == [("best",), ("worst",), ()]
    assert found.price_of_stability.value == 1.0
    assert found.price_of_anarchy.value == 10 / 2
    table = found.table()
    assert table["name"].tolist() == [
        *(f"equilibrium {at}" for at in (1, 2, 3)), "best profile", "worst profile", "uniform play",
    ]  # fmt: skip
    assert table["lost"].min() == 0.0
    assert found.prices()["measure"].tolist()[0] == "price_of_anarchy"
    assert found.why


def test_a_ratio_is_told_of_gains_alone_and_a_difference_always():
    found = counted(*(x - 4.0 for x in ORDERS["prisoner's dilemma"])).measures()
    assert np.isnan(found.price_of_anarchy.value)
    assert np.isnan(found.price_of_stability.value)
    assert found.lost_to_anarchy.value == 4.0


def test_without_an_equilibrium_there_is_no_price():
    game = Game.from_payoffs([[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]])
    found = game.measures(Equilibria(game, (), False, "none was looked for"))
    assert found.worst_equilibrium is None
    assert np.isnan(found.price_of_anarchy.value)
    assert np.isnan(found.lost_at_best.value)
    assert len(found.table()) == 3
    mixed = Equilibrium(game, mixture=np.full(4, 0.5))
    row = game.measures(Equilibria(game, (mixed,), True, "by hand")).equilibria[0]
    assert row.what == mixed.words
    assert row.worth["earned.player 1"].value == 0.0


def layered(seed, runs, shift=10.0):
    """A game of two roles whose profiles have all that a simulation tells of layers."""
    rng = np.random.default_rng(seed)
    layout = Layout((2, 1), (2, 3))
    roles = (Role("firms", ("a", "b"), ("x", "y")), Role("vendor", ("v",), ("low", "mid", "high")))
    payoffs = rng.normal(size=(layout.count, 5, runs))
    payoffs = np.where(layout.profiles[:, :, None] > 0, payoffs, np.nan)
    others = {name: shift + rng.normal(size=(layout.count, runs)) for name in LAYERS}
    others["total_surplus"] = sum(others.values())
    prize = 50.0 + rng.normal(size=(layout.count, runs))
    spent = 20.0 + rng.normal(size=(layout.count, runs))
    moved = sum(others[name] for name in list(LAYERS)[2:])
    others |= {"rent_dissipation": spent / prize, "rent_transferred": moved / prize}
    others["hhi"] = rng.uniform(0.2, 0.6, (layout.count, runs))
    return Game(roles, payoffs.mean(axis=-1), payoffs, others), spent, prize


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_layers_add_up_and_the_prices_are_in_order(seed, found):
    game, *_ = layered(seed, 3)
    rng = np.random.default_rng(seed)
    mixtures = [np.concatenate([rng.dirichlet(np.ones(m)) for m in (2, 3)]) for _ in range(found)]
    candidates = tuple(Equilibrium(game, mixture=x) for x in mixtures)
    measured = game.measures(Equilibria(game, candidates, False, "any mixtures"))
    assert measured.price_of_anarchy.value >= measured.price_of_stability.value >= 1.0 - 1e-12
    assert measured.lost_to_anarchy.value >= measured.lost_at_best.value >= -1e-9
    for row in measured.rows:
        assert row.weights.sum() == pytest.approx(1.0)
        total = row.worth["total_surplus"]
        layers = sum(row.worth[name].value for name in LAYERS)
        assert total.value == pytest.approx(layers)
        assert measured.worst.worth["total_surplus"].value <= total.value + 1e-9
        share = row.worth["customer_share"].value
        assert share == pytest.approx(row.worth["customer_surplus"].value / total.value)


def test_shares_are_ratios_of_means():
    game, spent, prize = layered(11, 40)
    row = game.measures().uniform
    w = row.weights
    assert row.worth["rent_dissipation"].value == pytest.approx(
        (w @ spent).mean() / (w @ prize).mean()
    )
    assert row.worth["hhi"].value == pytest.approx((w @ game.others["hhi"]).mean())
    assert row.worth["earned.firms"].value == pytest.approx(
        sum(
            w[p] * n * game.payoffs[p, c]
            for (p, c), n in np.ndenumerate(game.layout.profiles)
            if n and c < 2
        )
    )
    for each in row.worth.values():
        assert each.low < each.value < each.high
        assert each.n == 40


def test_what_is_played_is_held_while_runs_are_resampled():
    rng = np.random.default_rng(12)
    luck = 100.0 * rng.normal(size=80)  # the same for all: what is lost is sure, the total is not
    game = counted(*(x + luck for x in ORDERS["prisoner's dilemma"]))
    found = game.measures()
    row = found.equilibria[0].worth["total_surplus"]
    assert row.high - row.low > 20.0
    assert found.lost_to_anarchy.high - found.lost_to_anarchy.low < 1e-9


def test_welfare_is_placed_between_the_cartel_and_competition():
    game, *_ = layered(13, 30)
    runs = np.random.default_rng(14).normal(size=30)
    found = game.measures(
        references={
            "cartel": {"total_surplus": 40.0 + runs, "customer_surplus": 2.0},
            "competitive": {"total_surplus": 60.0 + runs},
            "all x": ["x", "x", "low"],
        }
    )
    row = found.best
    total = row.worth["total_surplus"].value
    assert found.against(row, "cartel").value == pytest.approx(total - 40.0 - runs.mean())
    assert found.between(row).value == pytest.approx((total - 40.0 - runs.mean()) / 20.0)
    table = found.table().set_index("name")
    assert table.loc["cartel", "between"] == 0.0
    assert table.loc["competitive", "between"] == 1.0
    assert table.loc["cartel", "customer_surplus"] == 2.0
    assert table.loc["all x", "over_all x"] == 0.0
    assert table.loc["all x", "what"] == "firms 2 x, vendor low"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ({"customer_surplus": 1.0}, "lacks total_surplus"),
        ({"total_surplus": [1.0, 2.0]}, "give a number, or one for each of 30 runs"),
        ({"firms": "z", "vendor": "low"}, "strategy of a 'z' is not known"),
    ],
)
def test_what_is_no_reference_is_one_line(reference, says):
    game, *_ = layered(15, 30)
    with pytest.raises(AgentsimError) as caught:
        game.measures(references={"cartel": reference})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(AgentsimError, match="reference 'cartel' is not known; given: none"):
        game.measures().against(game.measures().best, "cartel")
