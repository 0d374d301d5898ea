"""The services market: identities, closed forms, shut-down, and the same bits always."""

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.laws.demand import Demand, choke_quantity, elasticity, kink_price, price, quantity
from agentsim.laws.services import (
    Services,
    aggregate,
    clear,
    industry_marginal_revenue,
    log_weights,
    marginal_revenue,
    weights,
)

pytestmark = pytest.mark.filterwarnings("error")

BASE = dict(Q0=3.0, P0=2.0, M=1.5, W=1.2, B=4.0, epsilon=1.6, epsilon_s=0.4, P_bar=30.0)
CLOSE = 1e-10  # relative; the solver's residual times sigma, up to 200


def demand_with(**changes):
    return Demand(**(BASE | changes))


def column(values):
    return np.array(values, np.float64).reshape(-1, 1)


def sell_all(x, theta, sigma, demand):
    """The market without costs: nobody shuts down."""
    nothing = np.zeros_like(x)
    return clear(x, nothing, nothing, nothing, theta, sigma, demand)


@st.composite
def markets(draw, most_firms=5):
    """Arguments of `clear` for one run: unlike firms, with gaps and free capacity among them."""
    firms = draw(st.integers(1, most_firms))
    sigma = draw(st.sampled_from([1.05, 1.5, 2.0, 3.0, 10.0, 200.0]) | st.floats(1.1, 30.0))
    epsilon = draw(st.sampled_from([0.5, 1.0, 2.0, 3.0]) | st.floats(0.3, 6.0))
    demand = Demand(
        Q0=draw(st.floats(0.1, 10.0)),
        P0=draw(st.floats(0.1, 10.0)),
        M=draw(st.floats(0.1, 10.0)),
        W=draw(st.floats(0.3, 3.0)),
        B=draw(st.floats(0.1, 100.0)),
        epsilon=epsilon,
        epsilon_s=draw(st.floats(0.1, 0.9)) * min(epsilon, 1.0),
        P_bar=draw(st.floats(0.5, 100.0)),
    )

    def of_each_firm(values):
        return column(draw(st.lists(values, min_size=firms, max_size=firms)))

    capacity = st.just(0.0) | st.floats(0.001, 100.0)
    cost = st.just(0.0) | st.floats(0.01, 100.0)
    psi = of_each_firm(st.floats(0.05, 1.0))
    return (
        of_each_firm(capacity),
        of_each_firm(cost),
        of_each_firm(capacity),
        of_each_firm(cost),
        weights(psi, sigma),
        sigma,
        demand,
    )


# Weights and the aggregate


@given(st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=10), st.floats(1.05, 200.0))
def test_weights_follow_their_formula(psi, sigma):
    best = max(psi)
    total = sum((each / best) ** sigma for each in psi) ** (1.0 / sigma)
    expected = [each / best / total for each in psi]
    np.testing.assert_allclose(weights(column(psi), sigma)[:, 0], expected, rtol=1e-12)


def test_weights_survive_tiny_qualities_and_large_sigma():
    theta = weights(column([1e-300, 3e-301, 0.0, 1e-290]), 200.0)
    assert np.isfinite(theta).all()
    assert theta[3] == 1.0
    assert theta[2] == 0.0


def test_weights_of_a_run_without_any_quality_are_refused():
    with pytest.raises(ValueError, match="positive, finite quality"):
        weights(np.array([[1.0, 0.0], [0.5, 0.0]]), 3.0)


quality_lists = st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=9)


@given(
    st.lists(st.tuples(st.floats(1e-6, 1.0), st.floats(0.0, 1e3)), min_size=1, max_size=9),
    st.floats(1.05, 200.0),
)
def test_quality_never_creates_services(firms, sigma):
    psi, x = (column(each) for each in zip(*firms, strict=True))
    theta = weights(psi, sigma)
    assert aggregate(x, theta, sigma)[0] <= x.sum() * (1.0 + 1e-12)


@given(quality_lists, st.floats(1.05, 200.0), st.floats(1e-3, 1e3))
def test_the_best_split_of_services_yields_their_sum(psi, sigma, total):
    share = (column(psi) / max(psi)) ** sigma
    x = total * share / share.sum()
    theta = weights(column(psi), sigma)
    assert aggregate(x, theta, sigma)[0] == pytest.approx(total, rel=1e-12)


def test_absent_firms_do_not_matter_to_the_aggregate():
    theta = column([0.5, 0.4, 0.3])
    with_gap = aggregate(column([2.0, 0.0, 1.0]), theta, 3.0)
    np.testing.assert_array_equal(with_gap, aggregate(column([2.0, 1.0]), theta[[0, 2]], 3.0))
    assert aggregate(column([0.0, 0.0, 0.0]), theta, 3.0)[0] == 0.0


# Prices and revenue


@given(markets())
def test_revenues_add_up_to_what_customers_pay(market):
    s = clear(*market)
    assert s.revenue_h.sum() == pytest.approx(s.P[0] * s.Q[0], rel=1e-13)
    if s.Q[0] > 0.0:
        assert s.s_h.sum() == pytest.approx(1.0, rel=1e-13)
    assert s.Q[0] == pytest.approx(aggregate(s.x, market[4], market[5])[0], rel=1e-13)
    assert s.P[0] == price(market[6], s.Q)[0]
    sells = s.x > 0.0
    np.testing.assert_allclose(s.p_h[sells] * s.x[sells], s.revenue_h[sells], rtol=1e-13)


@given(markets())
def test_own_price_is_the_marginal_worth_of_a_variety(market):
    theta, sigma = market[4], market[5]
    s = clear(*market)
    sells = s.x > 0.0
    own = s.P * theta * (s.Q / np.where(sells, s.x, 1.0)) ** (1.0 / sigma)
    np.testing.assert_allclose(s.p_h[sells], own[sells], rtol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("sigma", [1.5, 4.0, 200.0])
def test_equal_firms_split_the_market_at_one_price(n, sigma):
    d = demand_with()
    x = np.full((n, 1), 1.7)
    s = sell_all(x, weights(np.full((n, 1), 0.3), sigma), sigma, d)
    assert s.Q[0] == pytest.approx(n * 1.7, rel=1e-13)
    np.testing.assert_allclose(s.p_h, s.P[0], rtol=1e-13)
    np.testing.assert_allclose(s.s_h, 1.0 / n, rtol=1e-13)


@pytest.mark.parametrize("epsilon", [0.6, 1.0, 1.6, 3.0])
@pytest.mark.parametrize("phi", [0.5, 1.3, 3.0])
def test_elasticity_one_is_the_jevons_threshold(epsilon, phi):
    """On piece 1 an efficiency factor phi multiplies revenue by phi^(1 - 1/epsilon)."""
    d = demand_with(epsilon=epsilon, B=1e9, P_bar=1e9)
    x, theta = column([1.0, 2.0, 0.5]), weights(column([0.5, 0.3, 0.2]), 4.0)
    before, after = sell_all(x, theta, 4.0, d), sell_all(phi * x, theta, 4.0, d)
    assert (before.E[0], after.E[0]) == (epsilon, epsilon)
    growth = after.revenue_h.sum() / before.revenue_h.sum()
    assert growth == pytest.approx(phi ** (1.0 - 1.0 / epsilon), rel=1e-12)


def test_on_the_choke_segment_revenue_grows_with_services_one_for_one():
    d = demand_with(P_bar=3.0)
    x = 0.1 * choke_quantity(d) * np.ones((1, 1))
    s, twice = (sell_all(each, np.ones((1, 1)), 3.0, d) for each in (x, 2.0 * x))
    assert s.E[0] == np.inf
    assert twice.revenue_h[0, 0] == pytest.approx(2.0 * s.revenue_h[0, 0], rel=1e-14)


# Marginal revenue


@pytest.mark.parametrize("B", [4.0, 0.05, 1e9])
@pytest.mark.parametrize("P_bar", [2.0, 30.0])
@pytest.mark.parametrize("sigma", [1.5, 3.0, 20.0])
def test_marginal_revenue_is_the_slope_of_revenue(B, P_bar, sigma):
    d = demand_with(B=B, P_bar=P_bar)
    x, theta = column([1.0, 2.0, 0.5]), weights(column([0.5, 0.3, 0.2]), sigma)
    s = sell_all(x, theta, sigma, d)
    own = marginal_revenue(s.p_h, s.s_h, sigma, s.E)
    industry = industry_marginal_revenue(s.p_h, s.E)
    for h in range(3):
        step = np.zeros((3, 1))
        step[h] = 1e-5 * x[h]
        rise = sell_all(x + step, theta, sigma, d).revenue_h
        rise = rise - sell_all(x - step, theta, sigma, d).revenue_h
        slope = rise / (2.0 * step[h])
        assert own[h, 0] == pytest.approx(slope[h, 0], rel=1e-7, abs=1e-9)
        assert industry[h, 0] == pytest.approx(slope.sum(), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_near_perfect_substitutes_face_the_elasticity_of_cournot(n):
    epsilon, P = 1.6, 3.0
    mr = marginal_revenue(np.full((n, 1), P), np.full((n, 1), 1.0 / n), 1e9, epsilon)
    np.testing.assert_allclose(mr, P * (1.0 - 1.0 / (n * epsilon)), rtol=1e-8)


def test_at_elasticity_one_the_race_is_a_contest_for_a_fixed_prize():
    """Each of n equal firms would pay r (n-1)/n^2 R for its capacity, r = 1 - 1/sigma (Tullock)."""
    n, sigma = 4, 5.0
    d = demand_with(epsilon=1.0, B=1e9, P_bar=1e9)
    theta = weights(np.ones((n, 1)), sigma)
    r = 1.0 - 1.0 / sigma
    for x in (0.1, 1.0, 30.0):
        s = sell_all(np.full((n, 1), x), theta, sigma, d)
        R = s.revenue_h.sum()
        assert pytest.approx(d.Q0 * d.M * d.P0 * d.W, rel=1e-13) == R
        pays = marginal_revenue(s.p_h, s.s_h, sigma, s.E) * x
        np.testing.assert_allclose(pays, r * (n - 1) / n**2 * R, rtol=1e-12)
    unlike = column([1.0, 2.0, 3.0, 0.5])
    s = sell_all(unlike, theta, sigma, d)
    np.testing.assert_allclose(s.s_h, unlike**r / (unlike**r).sum(), rtol=1e-13)


def test_marginal_revenue_jumps_down_at_each_kink():
    d = demand_with()
    for Q in (choke_quantity(d), quantity(d, kink_price(d))):
        p, share = np.full((2, 1), price(d, Q)), np.full((2, 1), 0.5)
        left = marginal_revenue(p, share, 4.0, elasticity(d, Q, "left"))
        right = marginal_revenue(p, share, 4.0, elasticity(d, Q, "right"))
        assert (left > right + 0.01).all()


# Shut-down


def test_dearer_capacity_is_switched_off_first():
    d = demand_with()
    theta, sigma = weights(column([0.6, 0.4]), 4.0), 4.0
    cheap, dear = column([1.0, 2.0]), column([50.0, 60.0])
    s = clear(cheap, column([0.1, 0.1]), dear, column([0.9, 0.8]), theta, sigma, d)
    np.testing.assert_array_equal(s.used_cheap, cheap)
    assert ((s.used_dear > 0.0) & (s.used_dear < dear)).all()
    np.testing.assert_allclose(s.p_h, column([0.9, 0.8]), rtol=1e-12)


@given(markets())
def test_the_order_in_which_kinds_are_given_does_not_matter(market):
    c1, k1, c2, k2, *rest = market
    s, turned = clear(c1, k1, c2, k2, *rest), clear(c2, k2, c1, k1, *rest)
    np.testing.assert_allclose(s.x, turned.x, rtol=CLOSE)
    unlike = k1 != k2
    np.testing.assert_allclose(s.used_cheap[unlike], turned.used_dear[unlike], rtol=CLOSE)


def test_kinds_of_equal_cost_act_as_one():
    d, theta = demand_with(), weights(column([0.6, 0.4]), 4.0)
    k = column([0.9, 0.8])
    s = clear(column([30.0, 40.0]), k, column([30.0, 40.0]), k, theta, 4.0, d)
    one = clear(column([60.0, 80.0]), k, column([0.0, 0.0]), k, theta, 4.0, d)
    np.testing.assert_allclose(s.x, one.x, rtol=1e-13)
    np.testing.assert_allclose(s.used_cheap + s.used_dear, s.x, rtol=1e-15)


@settings(max_examples=400, deadline=None)
@given(markets())
def test_capacity_runs_in_full_above_its_cost_in_part_at_it_and_not_at_all_below(market):
    c1, k1, c2, k2, *_ = market
    s = clear(*market)
    np.testing.assert_array_equal(s.x, s.used_cheap + s.used_dear)
    for used, capacity, k in ((s.used_cheap, c1, k1), (s.used_dear, c2, k2)):
        assert ((used >= 0.0) & (used <= capacity)).all()
        assert (s.p_h >= k * (1.0 - CLOSE))[used > 0.0].all()
        assert (s.p_h <= k * (1.0 + CLOSE))[used < capacity].all()
    both = (c1 > 0.0) & (c2 > 0.0)
    assert (s.used_cheap == c1)[both & (k1 < k2) & (s.used_dear > 0.0)].all()
    assert (s.used_dear == c2)[both & (k2 < k1) & (s.used_cheap > 0.0)].all()


def cleared_by_bisection(c1, k1, c2, k2, theta, sigma, d):
    """Q and every x of one run in plain Python: halve log Q until the law holds."""
    firms = range(len(theta))
    kinds = [sorted([(k1[h], c1[h]), (k2[h], c2[h])]) for h in firms]

    def log_price(y):
        v = y - math.log(d.Q0)
        piece_1 = math.log(d.P0 * d.W) + (math.log(d.M) - v) / d.epsilon
        piece_2 = math.log(d.P0) + (math.log(d.B) - v) / d.epsilon_s
        return min(piece_1, piece_2, math.log(d.P_bar))

    def log_ratio(h, y):
        """log x_h / Q"""

        def bought(k):
            return sigma * (log_price(y) + math.log(theta[h] / k)) if k > 0.0 else math.inf

        def made(capacity):
            return math.log(capacity) - y if capacity > 0.0 else -math.inf

        (k, capacity), (k_dear, more) = kinds[h]
        return max(min(bought(k_dear), made(capacity + more)), min(bought(k), made(capacity)))

    def left_side(y):
        return sum(theta[h] * math.exp((1.0 - 1.0 / sigma) * log_ratio(h, y)) for h in firms)

    low, high = -600.0, math.log(sum(c1) + sum(c2))
    if left_side(low) < 1.0:
        return 0.0, [0.0] * len(theta)
    while high - low > 1e-14:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if left_side(middle) >= 1.0 else (low, middle)
    return math.exp(low), [math.exp(low + log_ratio(h, low)) for h in firms]


@settings(max_examples=400, deadline=None)
@given(markets())
def test_clearing_agrees_with_plain_bisection(market):
    *arrays, sigma, d = market
    if not (arrays[0] + arrays[2]).any():
        return
    if any((cost == d.P_bar).any() for cost in arrays[1:4:2]):
        return  # who can just cover its cost at the choke price may serve or not: both clear
    Q, x = cleared_by_bisection(*(a[:, 0].tolist() for a in arrays), sigma, d)
    s = clear(*market)
    assert s.Q[0] == pytest.approx(Q, rel=1e-9)
    np.testing.assert_allclose(s.x[:, 0], x, rtol=1e-8, atol=1e-12 * max(x))


@given(markets(), st.floats(1.0, 5.0), st.floats(1.0, 5.0), st.floats(1.0, 5.0))
def test_more_demand_never_lowers_quantity_price_or_revenue(market, m, w, b):
    *rest, d = market
    more = Demand(d.Q0, d.P0, m * d.M, w * d.W, b * d.B, d.epsilon, d.epsilon_s, d.P_bar)
    before, after = clear(*rest, d), clear(*rest, more)
    almost = 1.0 - 1e-10
    assert after.Q[0] >= almost * before.Q[0]
    assert after.P[0] >= almost * before.P[0]
    assert after.revenue_h.sum() >= almost * before.revenue_h.sum()


# Corners


def test_a_market_without_capacity_is_quiet():
    d, zero = demand_with(), np.zeros((3, 1))
    theta = weights(column([0.5, 0.3, 0.2]), 4.0)
    s = clear(zero, zero + 1.0, zero, zero + 2.0, theta, 4.0, d)
    assert s.Q[0] == 0.0
    assert s.P[0] == d.P_bar
    assert s.E[0] == np.inf
    for each in (s.x, s.revenue_h, s.s_h, s.used_cheap, s.used_dear):
        assert not each.any()
    np.testing.assert_allclose(s.p_h, d.P_bar * theta ** (4.0 / 3.0), rtol=1e-13)
    alone = sell_all(column([1e-9, 0.0, 0.0]), theta, 4.0, d)
    assert alone.p_h[0, 0] == pytest.approx(s.p_h[0, 0], rel=1e-12)


def test_costs_above_the_choke_price_leave_nothing_on():
    d, capacity = demand_with(), np.full((3, 1), 2.0)
    theta = weights(column([0.5, 0.3, 0.2]), 4.0)
    s = clear(capacity, 0.0 * capacity + 31.0, capacity, 0.0 * capacity + 40.0, theta, 4.0, d)
    assert s.Q[0] == 0.0
    assert s.P[0] == d.P_bar
    assert not s.x.any()
    assert not np.isnan(s.p_h).any()


def test_firms_too_dear_alone_may_serve_together():
    """Varieties complete each other: one firm's cost is over its price alone, not the mix's."""
    d, theta = demand_with(), weights(column([0.5, 0.5]), 2.0)
    zero = np.zeros((2, 1))
    s = clear(zero + 100.0, zero + 20.0, zero, zero, theta, 2.0, d)
    assert (d.P_bar * theta**2 < 20.0).all()
    assert s.P[0] == pytest.approx(20.0, rel=1e-12)
    np.testing.assert_allclose(s.p_h, 20.0, rtol=1e-12)


@pytest.mark.parametrize("capacity", [0.001, 1000.0])
def test_a_cost_at_the_choke_price_is_covered(capacity):
    d, one, zero = demand_with(), np.ones((1, 1)), np.zeros((1, 1))
    s = clear(capacity * one, d.P_bar * one, zero, zero, one, 3.0, d)
    assert s.Q[0] == pytest.approx(min(capacity, choke_quantity(d)), rel=1e-9)


def test_an_indifferent_firm_sells_as_much_as_it_can():
    d, one = demand_with(), np.ones((1, 1))
    s = clear(one * 0.01, one * 0.0, one * 1000.0, one * d.P_bar, one, 3.0, d)
    assert s.Q[0] == pytest.approx(choke_quantity(d), rel=1e-9)


@pytest.mark.parametrize("sigma", [1.05, 3.0, 200.0])
@pytest.mark.parametrize(("epsilon", "epsilon_s"), [(0.2, 0.01), (1.0, 0.01), (10.0, 0.99)])
def test_the_law_holds_at_the_ends_of_the_elasticities(sigma, epsilon, epsilon_s):
    rng = np.random.default_rng(3)
    firms, runs = 6, 500
    d = demand_with(
        M=rng.lognormal(0.0, 1.0, runs),
        B=rng.lognormal(1.0, 1.0, runs),
        epsilon=epsilon,
        epsilon_s=epsilon_s,
    )
    c1, c2 = rng.lognormal(0.0, 1.0, (2, firms, runs))
    k1, k2 = rng.lognormal(0.5, 1.0, (2, firms, runs))
    theta = weights(rng.dirichlet(np.full(firms, 5.0), runs).T, sigma)
    s = clear(c1, k1, c2, k2, theta, sigma, d)
    assert (s.x < c1 + c2).any(axis=0).mean() > 0.5
    for used, capacity, k in ((s.used_cheap, c1, k1), (s.used_dear, c2, k2)):
        assert (s.p_h >= k * (1.0 - CLOSE))[used > 0.0].all()
        assert (s.p_h <= k * (1.0 + CLOSE))[used < capacity].all()


def test_free_capacity_never_shuts_down():
    d, theta = demand_with(), weights(column([0.5, 0.5]), 3.0)
    c, zero = column([1e4, 1e4]), np.zeros((2, 1))
    s = clear(c, zero, zero, zero, theta, 3.0, d)
    np.testing.assert_array_equal(s.x, c)
    beside = clear(c, column([0.0, 5.0]), zero, zero, theta, 3.0, d)
    assert beside.x[0, 0] == c[0, 0]
    assert 0.0 < beside.x[1, 0] < c[1, 0]


def test_a_firm_without_capacity_has_no_revenue_and_an_unbounded_price():
    d, theta = demand_with(), weights(column([0.5, 0.5]), 3.0)
    s = sell_all(column([1.0, 0.0]), theta, 3.0, d)
    assert s.revenue_h[1, 0] == 0.0
    assert s.p_h[1, 0] == np.inf


def test_a_firm_far_out_of_the_market_stands_at_its_cost():
    d, theta = demand_with(), weights(column([0.5, 0.5]), 200.0)
    c, zero = column([100.0, 100.0]), np.zeros((2, 1))
    s = clear(c, column([0.5, 50.0]), zero, zero, theta, 200.0, d)
    assert s.x[1, 0] == 0.0
    assert s.p_h[1, 0] == 50.0


def test_a_quality_of_nothing_earns_nothing():
    d, theta = demand_with(), weights(column([0.5, 0.0]), 3.0)
    c, zero = column([2.0, 2.0]), np.zeros((2, 1))
    for costs in (column([0.0, 0.0]), column([0.1, 0.1]), column([5.0, 0.1])):
        s = clear(c, costs, zero, zero, theta, 3.0, d)
        assert s.s_h[0, 0] == 1.0
        assert s.s_h[1, 0] < 1e-100


@pytest.mark.parametrize("sigma", [1.0, 0.5, np.inf, np.nan])
def test_substitution_must_be_above_one_and_finite(sigma):
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match="sigma must be above 1"):
        clear(one, one, one, one, one, sigma, demand_with())


# Runs


def many_runs(firms, runs=1000, sigma=None, seed=0):
    """Half of the runs have costs that shut capacity down; the demands are of all kinds."""
    rng = np.random.default_rng(seed)
    epsilon = rng.choice([0.5, 1.0, 2.0, 3.0, 1.37], runs)
    d = Demand(
        Q0=10.0,
        P0=rng.uniform(1.0, 3.0, runs),
        M=rng.lognormal(0.0, 1.0, runs),
        W=rng.lognormal(0.0, 0.5, runs),
        B=rng.lognormal(2.0, 1.0, runs),
        epsilon=epsilon,
        epsilon_s=rng.uniform(0.1, 0.45, runs),
        P_bar=rng.lognormal(3.0, 1.0, runs),
    )
    if sigma is None:
        sigma = rng.choice([1.1, 2.0, 3.0, 4.5, 50.0, 200.0], runs)
    cheap, dear = rng.lognormal(0.0, 1.5, (2, firms, runs))
    k_cheap, k_dear = rng.lognormal(0.0, 1.0, (2, firms, runs))
    dear[rng.random((firms, runs)) < 0.3] = 0.0
    k_cheap[rng.random((firms, runs)) < 0.1] = 0.0
    calm = rng.random(runs) < 0.5
    k_cheap[:, calm] *= 1e-9
    k_dear[:, calm] *= 1e-9
    theta = weights(rng.dirichlet(np.ones(firms), runs).T, sigma)
    return cheap, k_cheap, dear, k_dear, theta, sigma, d


def take(market, runs):
    *arrays, sigma, d = market
    return [a[:, runs] for a in arrays] + [sigma[runs] if np.ndim(sigma) else sigma, d.take(runs)]


def assert_same_bits(whole: Services, part: Services, runs):
    for field in fields(Services):
        a, b = getattr(whole, field.name), getattr(part, field.name)
        # where no run of a chunk shuts down, `off` is left out and stands for zero
        a = np.zeros_like(whole.x) if a is None else a
        b = np.zeros_like(part.x) if b is None else b
        np.testing.assert_array_equal(a[..., runs], b, err_msg=field.name)


@pytest.mark.parametrize("firms", [1, 6, 8, 9, 17])
@pytest.mark.parametrize("sigma", [None, 2.0, 3.0, 4.5])
def test_a_run_has_the_same_bits_whatever_its_neighbours(firms, sigma):
    market = many_runs(firms, sigma=sigma)
    whole = clear(*market)
    shut = (whole.x < market[0] + market[2]).any(axis=0)
    assert 0.1 < shut.mean() < 0.9
    order = np.random.default_rng(1).permutation(1000)
    assert_same_bits(whole, clear(*take(market, order)), order)
    for start in range(0, 1000, 70):
        runs = np.arange(start, min(start + 7, 1000))
        assert_same_bits(whole, clear(*take(market, runs)), runs)
        assert_same_bits(whole, clear(*take(market, runs[:1])), runs[:1])


def test_a_common_number_has_the_same_bits_as_one_a_run():
    market = many_runs(8, sigma=3.0)
    spread_out = (*market[:5], np.full(1000, 3.0), market[6])
    assert_same_bits(clear(*market), clear(*spread_out), np.arange(1000))
    cost, theta = np.full((8, 1), 0.7), weights(np.full((8, 1), 0.125), 3.0)
    cheap, dear, d = market[0], market[2], market[6]
    whole = clear(cheap, cost, dear, 2.0 * cost, theta, 3.0, d)
    wide = [np.repeat(each, 1000, axis=1) for each in (cost, 2.0 * cost, theta)]
    assert_same_bits(whole, clear(cheap, wide[0], dear, wide[1], wide[2], 3.0, d), np.arange(1000))


def test_what_is_given_is_left_as_it_was():
    market = many_runs(6)
    before = [each.copy() for each in market[:5]]
    s = clear(*market)
    for each, was in zip(market[:5], before, strict=True):
        np.testing.assert_array_equal(each, was)
        assert not any(np.shares_memory(each, getattr(s, field.name)) for field in fields(s))


def test_weights_in_logs_are_the_weights() -> None:
    psi = np.array([[0.2, 1e-9], [0.5, 3.0], [0.3, 1.0]])
    for sigma in (1.05, 2.0, 30.0):
        relative = np.log(psi) - np.log(psi).max(axis=0)
        theta = np.exp(log_weights(relative, sigma))
        np.testing.assert_allclose(theta, weights(psi, sigma), rtol=1e-12)
        x = np.array([[1.0, 2.0], [3.0, 0.5], [0.1, 7.0]])
        assert (aggregate(x, theta, sigma) <= x.sum(axis=0) * (1.0 + 1e-12)).all()
