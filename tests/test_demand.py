"""Total demand: closed forms against quadrature, identities, limits, and the same bits always."""

import decimal
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from agentsim.laws.demand import (
    Demand,
    choke_quantity,
    elasticity,
    gross_value,
    kink_price,
    line,
    log_kink_quantity,
    log_price,
    price,
    quantity,
    surplus,
)

pytestmark = pytest.mark.filterwarnings("error")

BASE = dict(Q0=3.0, P0=2.0, M=1.5, W=1.2, B=4.0, epsilon=1.6, epsilon_s=0.4, P_bar=30.0)
NEAR_ONE = [0.6, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 2.5]


def demand_with(**changes):
    return Demand(**(BASE | changes))


@st.composite
def demands(draw):
    epsilon = draw(st.floats(0.3, 6.0) | st.sampled_from([0.5, 1.0, 1.0 + 1e-9, 2.0, 3.0]))
    return Demand(
        Q0=draw(st.floats(0.01, 100.0)),
        P0=draw(st.floats(0.1, 10.0)),
        M=draw(st.floats(0.05, 50.0)),
        W=draw(st.floats(0.1, 10.0)),
        B=draw(st.floats(0.05, 50.0)),
        epsilon=epsilon,
        epsilon_s=draw(st.floats(0.1, 0.9)) * min(epsilon, 1.0),
        P_bar=draw(st.floats(0.05, 500.0)),
    )


relative_prices = st.floats(1e-4, 1.0)  # of the choke price


# The curve


@given(st.floats(0.3, 5.0), st.floats(0.05, 0.95), st.floats(0.01, 50.0), st.floats(0.01, 50.0))
def test_every_elasticity_meets_the_same_base_point(epsilon, share, Q0, P0):
    epsilon_s = share * min(epsilon, 1.0)
    d = Demand(Q0, P0, 1.0, 1.0, 1.0, epsilon, epsilon_s, P_bar=2.0 * P0)
    assert quantity(d, P0) == pytest.approx(Q0, rel=1e-15)
    assert price(d, Q0) == pytest.approx(P0, rel=1e-15)


@given(demands(), relative_prices)
def test_quantity_is_the_lesser_of_the_two_pieces(d, share):
    P = share * d.P_bar
    piece_1 = d.M * (P / (d.P0 * d.W)) ** -d.epsilon
    piece_2 = d.B * (P / d.P0) ** -d.epsilon_s
    assert quantity(d, P) == pytest.approx(d.Q0 * min(piece_1, piece_2), rel=1e-12)


@given(demands(), st.floats(1e-3, 1e3))
def test_price_is_the_least_of_the_two_pieces_and_the_choke_price(d, Q):
    piece_1 = d.P0 * d.W * (d.M * d.Q0 / Q) ** (1.0 / d.epsilon)
    piece_2 = d.P0 * (d.B * d.Q0 / Q) ** (1.0 / d.epsilon_s)
    assert price(d, Q) == pytest.approx(min(piece_1, piece_2, d.P_bar), rel=1e-11)


@given(demands(), st.floats(1e-4, 0.999))
def test_price_undoes_quantity(d, share):
    P = share * d.P_bar
    assert price(d, quantity(d, P)) == pytest.approx(P, rel=1e-12)


@given(demands(), st.floats(1.001, 1e3))
def test_quantity_undoes_price_beyond_the_choke_segment(d, times):
    Q = times * choke_quantity(d)
    assert quantity(d, price(d, Q)) == pytest.approx(Q, rel=1e-12)


@given(demands(), st.floats(0.0, 0.999999))
def test_on_the_choke_segment_the_price_is_the_choke_price_to_the_bit(d, share):
    assert price(d, share * choke_quantity(d)) == d.P_bar


@given(demands())
def test_demand_ends_at_the_choke_price(d):
    assert quantity(d, d.P_bar) == pytest.approx(choke_quantity(d), rel=1e-13)
    assert quantity(d, d.P_bar * (1.0 + 1e-15)) == 0.0
    assert surplus(d, d.P_bar) == 0.0
    assert surplus(d, 2.0 * d.P_bar) == 0.0


def test_a_price_of_zero_asks_for_everything_and_leaves_a_finite_surplus():
    d = demand_with()
    assert quantity(d, 0.0) == np.inf
    assert surplus(d, 0.0) == pytest.approx(surplus(d, 1e-40), rel=1e-12)


def test_nothing_sold_is_worth_nothing():
    d = demand_with()
    assert price(d, 0.0) == d.P_bar
    assert gross_value(d, 0.0) == 0.0
    assert elasticity(d, 0.0) == np.inf


def test_the_kink_is_where_the_pieces_meet():
    d = demand_with()
    P = kink_price(d)
    assert d.M * (P / (d.P0 * d.W)) ** -d.epsilon == pytest.approx(d.B * (P / d.P0) ** -d.epsilon_s)
    assert elasticity(d, quantity(d, P * 1.01)) == d.epsilon
    assert elasticity(d, quantity(d, P * 0.99)) == d.epsilon_s


def test_a_kink_above_the_choke_price_leaves_piece_2_alone():
    d = demand_with(B=0.01)
    assert kink_price(d) == d.P_bar
    Q = choke_quantity(d) * np.array([1.0 + 1e-9, 2.0, 100.0])
    np.testing.assert_array_equal(elasticity(d, Q), d.epsilon_s)


# Areas


def area_left_of_demand(d, P):
    """Integral of quantity from P to P_bar, over log price, which tames the powers."""
    at, end = np.log(P), np.log(d.P_bar)
    kink = float(np.log(kink_price(d)))
    corners = sorted({at, *([kink] if at < kink < end else []), end})

    def slab(u):
        return float(quantity(d, min(np.exp(u), d.P_bar)) * np.exp(u))

    return sum(quad(slab, a, b, epsabs=0.0, epsrel=1e-12)[0] for a, b in pairwise(corners))


@pytest.mark.parametrize("epsilon", NEAR_ONE)
@pytest.mark.parametrize("B", [0.01, 1.0, 4.0, 1000.0])  # kink above P_bar, between, below P
@pytest.mark.parametrize("P", [0.2, 2.0, 12.0, 29.0])
def test_surplus_is_the_area_of_demand_up_to_the_choke_price(epsilon, B, P):
    d = demand_with(epsilon=epsilon, B=B)
    assert surplus(d, P) == pytest.approx(area_left_of_demand(d, P), rel=1e-11)


@pytest.mark.parametrize("epsilon", NEAR_ONE)
@pytest.mark.parametrize("B", [0.01, 1.0, 4.0, 1000.0])
@pytest.mark.parametrize("Q", [0.01, 0.5, 5.0, 40.0])
def test_gross_value_is_the_area_under_inverse_demand(epsilon, B, Q):
    d = demand_with(epsilon=epsilon, B=B)
    ends = [float(choke_quantity(d)), float(quantity(d, kink_price(d)))]
    corners = [0.0, *sorted({end for end in ends if end < Q}), Q]
    area = sum(
        quad(lambda q: float(price(d, q)), a, b, epsabs=0.0, epsrel=1e-12)[0]
        for a, b in pairwise(corners)
    )
    assert gross_value(d, Q) == pytest.approx(area, rel=1e-9)


@given(demands(), st.floats(1e-3, 1e4))
def test_gross_value_is_surplus_plus_what_is_paid(d, times):
    Q = times * choke_quantity(d)
    P = price(d, Q)
    assert gross_value(d, Q) == pytest.approx(surplus(d, P) + P * Q, rel=1e-12)


@pytest.mark.parametrize("distance", [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("sign", [-1, 1])
def test_surplus_keeps_its_digits_about_elasticity_one(distance, sign):
    """Against the textbook formula in 60 digits, where it does not cancel."""
    d = demand_with(epsilon=1.0 + sign * distance, B=1e6)
    P = 0.7
    with decimal.localcontext(prec=60):
        e, top, bottom = Decimal(d.epsilon), Decimal(d.P_bar), Decimal(P)
        scale = Decimal(d.Q0) * Decimal(d.M) * (Decimal(d.P0) * Decimal(d.W)) ** e
        if e == 1:
            exact = scale * (top / bottom).ln()
        else:
            exact = scale * (top ** (1 - e) - bottom ** (1 - e)) / (1 - e)
    assert surplus(d, P) == pytest.approx(float(exact), rel=3e-15)


@given(demands(), st.floats(1e-3, 0.99))
def test_a_higher_price_costs_customers_what_they_buy(d, share):
    P, step = share * d.P_bar, 1e-6 * share * d.P_bar
    slope = (surplus(d, P + step) - surplus(d, P - step)) / (2.0 * step)
    assert -slope == pytest.approx(quantity(d, P), rel=1e-4)


# Elasticity


@given(demands(), st.floats(1.0001, 1e3))
def test_elasticity_is_the_slope_of_the_curve_in_logs(d, times):
    Q = times * choke_quantity(d)
    step = 1e-7
    if elasticity(d, Q * (1.0 - 2.0 * step)) != elasticity(d, Q * (1.0 + 2.0 * step)):
        return  # across a kink there is no slope
    change = np.log(price(d, Q * (1.0 + step)) / price(d, Q * (1.0 - step)))
    assert -2.0 * step / change == pytest.approx(elasticity(d, Q), rel=1e-5)


@given(demands(), st.floats(0.1, 1e3))
def test_in_logs_demand_is_the_least_of_two_lines_and_the_choke_price(d, times):
    log_Q = np.log(times * choke_quantity(d))
    lines = [line(d, np.array(steep)) for steep in (False, True)]
    least = min(*(intercept - log_Q / E for intercept, E in lines), np.log(d.P_bar))
    assert log_price(d, log_Q) == pytest.approx(least, abs=1e-11)
    assert log_price(d, log_Q) == pytest.approx(np.log(price(d, np.exp(log_Q))), abs=1e-11)
    assert [E for _, E in lines] == [d.epsilon, d.epsilon_s]
    assert log_price(d, log_kink_quantity(d)) == pytest.approx(np.log(kink_price(d)), abs=1e-11)


@pytest.mark.parametrize("seed", range(20))
def test_each_kink_has_two_elasticities_whatever_the_rounding(seed):
    rng = np.random.default_rng(seed)
    d = demand_with(M=rng.uniform(0.5, 2.0), W=rng.uniform(0.5, 2.0), B=rng.uniform(3.0, 6.0))
    end = choke_quantity(d)
    assert elasticity(d, end, "left") == np.inf
    assert elasticity(d, end, "right") == d.epsilon
    kink = quantity(d, kink_price(d))
    assert elasticity(d, kink, "left") == d.epsilon
    assert elasticity(d, kink, "right") == d.epsilon_s


@given(demands(), st.floats(0.5, 1e3))
def test_elasticity_falls_along_the_curve(d, times):
    Q = times * choke_quantity(d)
    assert elasticity(d, Q, "left") >= elasticity(d, Q, "right")
    assert elasticity(d, Q, "right") >= elasticity(d, 1.1 * Q, "left")


# More demand

growth = st.floats(1.0, 20.0)
ALMOST = 1.0 - 1e-12


@given(demands(), growth, growth, growth, relative_prices)
def test_more_demand_at_a_given_price_never_lowers_quantity_revenue_or_surplus(d, m, w, b, share):
    P = share * d.P_bar
    more = Demand(d.Q0, d.P0, m * d.M, w * d.W, b * d.B, d.epsilon, d.epsilon_s, d.P_bar)
    assert quantity(more, P) >= ALMOST * quantity(d, P)
    assert P * quantity(more, P) >= ALMOST * P * quantity(d, P)
    assert surplus(more, P) >= ALMOST * surplus(d, P)


@given(demands(), growth, growth, growth, st.floats(0.1, 1e3))
def test_more_demand_at_a_given_quantity_never_lowers_price_revenue_or_value(d, m, w, b, times):
    Q = times * choke_quantity(d)
    more = Demand(d.Q0, d.P0, m * d.M, w * d.W, b * d.B, d.epsilon, d.epsilon_s, d.P_bar)
    assert price(more, Q) >= ALMOST * price(d, Q)
    assert price(more, Q) * Q >= ALMOST * price(d, Q) * Q
    assert gross_value(more, Q) >= ALMOST * gross_value(d, Q)


def test_more_demand_at_a_given_quantity_may_lower_surplus():
    """Scarcity hands it to the sellers: pushed up to the choke price, customers keep nothing."""
    Q = 2.0
    little, much = demand_with(), demand_with(M=1000.0, B=1000.0)
    assert surplus(little, price(little, Q)) > 0.0
    assert surplus(much, price(much, Q)) == 0.0


# Errors, runs


@pytest.mark.parametrize("name", list(BASE))
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_parameter_that_is_not_positive_and_finite_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"{name} must be positive"):
        demand_with(**{name: np.array([BASE[name], value])})


@pytest.mark.parametrize(("epsilon", "epsilon_s"), [(1.5, 1.0), (0.5, 0.5), (0.5, 0.7)])
def test_a_second_piece_as_elastic_as_the_first_or_as_one_is_refused(epsilon, epsilon_s):
    with pytest.raises(ValueError, match="epsilon_s must be below"):
        demand_with(epsilon=epsilon, epsilon_s=epsilon_s)


def many_runs(runs, seed=0):
    rng = np.random.default_rng(seed)
    epsilon = rng.choice([0.5, 1.0, 2.0, 3.0, 1.37], runs)
    d = Demand(
        Q0=10.0,
        P0=rng.uniform(1.0, 3.0, runs),
        M=rng.lognormal(0.0, 1.0, runs),
        W=rng.lognormal(0.0, 0.5, runs),
        B=rng.lognormal(1.0, 1.0, runs),
        epsilon=epsilon,
        epsilon_s=rng.uniform(0.1, 0.45, runs),
        P_bar=rng.lognormal(2.0, 1.0, runs),
    )
    return d, rng.lognormal(0.0, 1.5, runs), rng.lognormal(2.0, 1.5, runs)


def everything(d, P, Q):
    return [
        quantity(d, P),
        surplus(d, P),
        price(d, Q),
        gross_value(d, Q),
        elasticity(d, Q),
        elasticity(d, Q, "left"),
        log_price(d, np.log(Q)),
        np.broadcast_to(log_kink_quantity(d), P.shape),
        np.broadcast_to(kink_price(d), P.shape),
        np.broadcast_to(choke_quantity(d), P.shape),
    ]


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(1, 40))
def test_a_run_has_the_same_bits_whatever_its_neighbours(first, count):
    d, P, Q = many_runs(1000)
    whole = everything(d, P, Q)
    for runs in (
        np.arange(first, min(first + count, 1000)),
        np.array([first]),
        np.random.default_rng(first).permutation(1000),
    ):
        part = everything(d.take(runs), P[runs], Q[runs])
        for a, b in zip(whole, part, strict=True):
            np.testing.assert_array_equal(a[runs], b)


def test_a_view_that_runs_backwards_has_the_same_bits():
    d, P, Q = many_runs(100)
    fields = {name: getattr(d, name) for name in BASE}
    turned = Demand(**{k: v[::-1] if np.size(v) > 1 else v for k, v in fields.items()})
    for a, b in zip(everything(d, P, Q), everything(turned, P[::-1], Q[::-1]), strict=True):
        np.testing.assert_array_equal(a, b[::-1])


def test_scalars_and_arrays_have_the_same_bits():
    P = Q = np.linspace(0.1, 40.0, 9)
    one, many = demand_with(), Demand(**{k: np.full(9, v) for k, v in BASE.items()})
    for a, b in zip(everything(one, P, Q), everything(many, P, Q), strict=True):
        np.testing.assert_array_equal(a, b)
    for i in range(9):
        assert price(one, float(Q[i])) == price(many, Q)[i]
        assert surplus(one, float(P[i])) == surplus(many, P)[i]
