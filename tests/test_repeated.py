"""The repeated game: thresholds in closed form, by brute force, and with their luck."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_kinds import ORDERS, alike, counted
from test_schelling import many

from agentsim.errors import AgentsimError
from agentsim.games import Game
from agentsim.games.repeated import grim, matching, rate_per_year


def test_the_prisoners_dilemma_has_axelrods_thresholds():
    for made in (alike, counted):
        found = made(3, 0, 5, 1).repeated()
        assert found.grim.value == found.grim.low == found.grim.high == (5 - 3) / (5 - 1)
        assert found.matching.value == max((5 - 3) / (5 - 1), (5 - 3) / (3 - 0))
        assert found.credible
        assert found.credible_share == 1.0


@pytest.mark.parametrize(
    ("kind", "needed", "credible"),
    [
        ("chicken", (5 - 3) / (5 - 1), False),  # the deviator is mild among the fierce: S, not P
        ("stag hunt", 0.0, True),
        ("harmony", 0.0, False),
        ("deadlock", np.inf, True),
        ("reversed dilemma", 0.0, False),
    ],
)
def test_other_kinds_need_what_they_need(kind, needed, credible):
    found = counted(*ORDERS[kind]).repeated()
    assert found.grim.value == needed
    assert found.credible == credible
    assert (found.grim.needless, found.grim.never) == (float(needed == 0), float(needed == np.inf))
    assert ("not credible" in found.words()) == (kind == "chicken")


def best_against(answers, payoffs, discount, periods):
    """The most a player earns against one whose state moves with what the player did, by hand.

    answers: the state after (state, what the player did); payoffs by (state, what it does).
    """
    value = np.zeros(2)
    for _ in range(periods):
        value = np.array(
            [max(payoffs[s][a] + discount * value[answers[s][a]] for a in (0, 1)) for s in (0, 1)]
        )
    return value[0]


@given(
    st.lists(st.integers(-9, 9), min_size=4, max_size=4),
    st.floats(0.05, 0.95),
    st.sampled_from(["grim", "matching"]),
)
def test_a_threshold_is_where_no_plan_pays_against_the_threat(payoffs, discount, play):
    R, S, T, P = payoffs
    assume(T > R)
    threshold = float({"grim": grim, "matching": matching}[play](T, R, P, S))
    assume(abs(discount - threshold) > 1e-3)
    # State 0: the other is mild; 1: fierce. Grim play never comes back.
    answers = [[0, 1], [1, 1]] if play == "grim" else [[0, 1], [0, 1]]
    best = best_against(answers, [[R, T], [S, P]], discount, 600)
    restraint = R * (1.0 - discount**600) / (1.0 - discount)
    assert (best <= restraint + 1e-6) == (discount > threshold)


def test_a_public_good_is_held_up_by_the_patient():
    n, r = 6, 3.0
    k = np.arange(n)
    found = many(r * (n - k) / n - 1.0, r * (n - 1 - k) / n).repeated()
    # T = r (n - 1) / n, R = r - 1, P = 0: (n - r) / (r (n - 1)).
    assert found.grim.value == pytest.approx((n - r) / (r * (n - 1)))
    assert found.matching.value == found.grim.value  # nobody is ever forgiven
    assert found.credible


@pytest.mark.parametrize("discount", [0.3, 0.45, 0.55, 0.8])
def test_three_who_match_never_forgive(discount):
    M, F = (
        [3.0, 2.0, 0.0],
        [5.0, 3.0, 1.0],
    )  # being mild, being fierce; by how many others are fierce
    value = dict.fromkeys(itertools.product((0, 1), repeat=2), 0.0)  # by what the two others do
    for _ in range(400):  # each of them matches the fiercer of the other and of whoever has a plan
        value = {
            (a, b): max(
                (F if own else M)[a + b] + discount * value[max(own, b), max(own, a)]
                for own in (0, 1)
            )
            for a, b in value
        }
    pays = value[0, 0] > M[0] / (1.0 - discount) + 1e-9
    assert pays == (discount < many(M, F).repeated().matching.value)


def test_who_deviates_may_take_up_any_strategy():
    own = np.array([[3.0, 0.0, 0.0], [5.0, 1.0, 0.0], [7.0, 2.0, 0.0]])
    game = Game.from_payoffs([own, own.T], strategies=[["mild", "fierce", "wild"]] * 2)
    found = game.repeated("mild", "fierce")
    assert found.grim.value == pytest.approx((7 - 3) / (7 - 2))
    assert not found.credible  # wild is a better answer to the fierce than to be fierce
    with pytest.raises(AgentsimError, match="name the mild and the fierce one"):
        game.repeated()


def test_the_least_patient_role_decides():
    first, second = np.array([[3.0, 0.0], [5.0, 1.0]]), np.array([[3.0, 4.0], [0.0, 2.0]])
    found = Game.from_payoffs([first, second]).repeated()
    each = {role.name: role.grim.value for role in found.roles}
    assert each == {"player 1": (5 - 3) / (5 - 1), "player 2": (4 - 3) / (4 - 2)}
    assert found.grim.value == max(each.values())
    assert found.matching.value == max(role.matching.value for role in found.roles)
    table = found.table()
    assert table["role"].tolist() == ["player 1", "player 2", "all"]
    assert table["grim"].tolist() == [*each.values(), found.grim.value]


@pytest.mark.slow
def test_intervals_of_thresholds_cover_what_is_true():
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(2000):
        luck = 3.0 * rng.normal(size=120)
        payoffs = (x + luck + rng.normal(size=120) for x in (3.0, 0.0, 5.0, 1.0))
        found = counted(*payoffs).repeated().grim
        assert found.low <= found.value <= found.high
        covered += found.low <= 0.5 <= found.high
    assert 0.93 <= covered / 2000 <= 0.97


def test_an_interval_may_reach_from_nothing_to_never():
    rng = np.random.default_rng(8)
    R, S, T, P = (x + rng.normal(size=50) for x in (3.0, 0.0, 3.1, 3.0))
    found = counted(R, S, T, P).repeated().grim
    assert (found.low, found.high) == (0.0, np.inf)
    assert found.needless > 0.05
    assert found.never > 0.05


def test_a_threshold_as_a_rate_a_year():
    assert rate_per_year(0.5, 1.0) == pytest.approx(1.0)
    assert (1.0 + rate_per_year(0.4, 6.0)) ** -6.0 == pytest.approx(0.4)
    assert rate_per_year(0.0, 6.0) == np.inf  # needs no patience
    assert rate_per_year(np.inf, 6.0) == 0.0  # no rate will do
    rng = np.random.default_rng(9)
    found = counted(*(x + rng.normal(size=90) for x in (3.0, 0.0, 5.0, 1.0))).repeated().grim
    rate = found.rate_per_year(6.0)
    assert rate.low < rate.value < rate.high
    assert rate.low == rate_per_year(found.high, 6.0)
    with pytest.raises(AgentsimError, match="years = 0; give the length of a period"):
        rate_per_year(0.5, 0.0)
