"""What the laws rest on: a run's arithmetic is the same alone and beside any other runs."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.laws.numerics import (
    SMALL,
    at_least,
    at_most,
    clip,
    exp,
    log,
    ordered_sum,
    power,
    safe_divide,
    whole_power,
)

EXPONENTS = [0.5, 1.0, 2.0, 3.0, -1.0, 0.3333]

quick = settings(derandomize=True, deadline=None, max_examples=50)


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def same_bits(a, b):
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.shape == b.shape and np.array_equal(a.view(np.uint64), b.view(np.uint64))


def sample(*shape, seed=0):
    """Positive numbers over many orders of magnitude."""
    return np.exp(np.random.default_rng(seed).normal(0.0, 5.0, shape))


def layouts(x):
    """The one-dimensional x in every layout that NumPy treats apart, each with its way back."""
    wide = np.repeat(x, 3)
    shifted = np.empty(8 * x.size + 8, np.uint8)[3:-5].view(np.float64)
    shifted[:] = x
    yield "strided", wide[::3], slice(None)
    yield "reversed", x[::-1], slice(None, None, -1)
    yield "reversed and strided", wide[::-3], slice(None, None, -1)
    yield "misaligned", shifted, slice(None)
    yield "transposed", x.reshape(-1, 4).T, None
    yield "Fortran", np.asfortranarray(x.reshape(-1, 4)), None


# ordered_sum


@pytest.mark.parametrize("firms", [1, 2, 7, 8, 9, 16, 17, 33, 64])
def test_ordered_sum_of_a_run_does_not_depend_on_the_chunk(firms):
    x = np.random.default_rng(firms).normal(size=(firms, 1000))
    whole = ordered_sum(x)
    assert whole.shape == (1000,)
    for size in (1, 2, 7, 16, 333):
        pieces = [ordered_sum(x[:, i : i + size]) for i in range(0, 1000, size)]
        assert same_bits(np.concatenate(pieces), whole)
        copies = [ordered_sum(x[:, i : i + size].copy()) for i in range(0, 1000, size)]
        assert same_bits(np.concatenate(copies), whole)
    assert same_bits(ordered_sum(np.asfortranarray(x)), whole)
    assert same_bits([ordered_sum(x[:, i]) for i in range(1000)], whole)


@pytest.mark.parametrize("firms", [1, 2, 7, 8, 9, 33])
def test_ordered_sum_of_negative_zeros_has_one_sign_in_any_chunk(firms):
    x = np.full((firms, 40), -0.0)
    for part in (x, x[:, :1], x[:, :1].copy(), x[:, ::3], x[:, :2].copy(), np.asfortranarray(x)):
        assert same_bits(ordered_sum(part), np.zeros(part.shape[1]))


def test_ordered_sum_adds_from_the_first_firm_to_the_last():
    x = np.random.default_rng(3).normal(size=(20, 5))
    for run in range(5):
        total = x[0, run]
        for firm in range(1, 20):
            total = total + x[firm, run]
        assert same_bits(ordered_sum(x)[run], total)


def test_ordered_sum_keeps_further_axes_and_writes_where_it_is_told():
    x = sample(9, 3, 4)
    total = ordered_sum(x)
    assert total.shape == (3, 4)
    out = np.full((3, 4), np.nan)
    assert ordered_sum(x, out=out) is out
    assert same_bits(out, total)
    before = x.copy()
    total[...] = 0.0
    assert same_bits(x, before)
    one = x[:1]
    ordered_sum(one)[...] = 0.0
    assert same_bits(one, before[:1])


def test_ordered_sum_counts_booleans_and_takes_no_firms_for_zero():
    assert same_bits(ordered_sum(np.array([[True, False], [True, True]])), np.array([2.0, 1.0]))
    assert same_bits(ordered_sum(np.empty((0, 3))), np.zeros(3))


def test_ordered_sum_refuses_what_it_cannot_sum():
    with pytest.raises(ValueError, match="axis"):
        ordered_sum(1.0)
    with pytest.raises(ValueError, match="shape"):
        ordered_sum(np.ones((2, 3)), out=np.empty(2))


# power, exp, log


@pytest.mark.parametrize("exponent", [*EXPONENTS, 0.0, -0.7, 1.7])
def test_power_gives_scalars_and_arrays_the_same_bits(exponent):
    x = sample(200)
    whole = power(x, exponent)
    for many in (power(x, np.full(200, exponent)), power(x, np.array([exponent]))):
        assert same_bits(many, whole)
    for i in range(200):
        alone = x[i : i + 1]
        for base in (alone, alone.reshape(()), alone.reshape(1, 1), x[i], float(x[i])):
            for e in (exponent, np.float64(exponent), np.array(exponent), np.array([exponent])):
                assert same_bits(power(base, e).reshape(()), whole[i])


@pytest.mark.parametrize(
    "function",
    [exp, log, *(lambda x, e=e: power(x, e) for e in EXPONENTS)],
    ids=["exp", "log", *(f"power {e}" for e in EXPONENTS)],
)
def test_results_do_not_depend_on_length_position_or_layout(function):
    x = sample(256) % 300.0
    whole = function(x)
    for length in range(1, 34):
        for offset in (0, 1, 2, 3, 5, 7, 8, 13, 100):
            part = slice(offset, offset + length)
            assert same_bits(function(x[part]), whole[part])
            assert same_bits(function(x[part].copy()), whole[part])
    for name, view, back in layouts(x):
        result = function(view)
        result = result.reshape(-1) if view.ndim == 2 else result[back]
        expected = function(np.ascontiguousarray(view)).reshape(-1) if view.ndim == 2 else whole
        assert same_bits(result, expected), name
    assert same_bits(function(x.reshape(16, 16)).ravel(), whole)
    assert same_bits(function(x.reshape(16, 16).T).T.ravel(), whole)
    # A view of length one may run backwards and pass for contiguous.
    assert same_bits(
        np.concatenate([function(x[i : i - 1 : -1]) for i in range(1, 256)]), whole[1:]
    )


def test_results_do_not_depend_on_odd_neighbours():
    x = sample(64)
    whole = power(x, 0.3333)
    for odd in (0.0, np.inf, np.nan, 5e-324, 1e308):
        for position in range(8):
            mixed = x.copy()
            mixed[position::8] = odd
            keep = np.arange(64) % 8 != position
            assert same_bits(power(mixed, 0.3333)[keep], whole[keep])
    exponents = np.full(64, 0.3333)
    exponents[::5] = 0.0
    keep = exponents != 0.0
    assert same_bits(power(x, exponents)[keep], whole[keep])


def test_power_at_zero_and_one():
    assert power(0.0, 0.3) == 0.0
    assert power(0.0, 7.0) == 0.0
    assert power(0.0, -1.0) == np.inf
    assert power(0.0, 0.0) == 1.0
    assert power(np.inf, 0.0) == 1.0
    assert power(1.0, 123.4) == 1.0
    assert power(np.inf, -2.0) == 0.0
    assert power(1e300, 2.0) == np.inf
    exponents = np.array([0.5, 0.0, -0.5])
    assert same_bits(power(np.zeros(3), exponents), np.array([0.0, 1.0, np.inf]))
    assert same_bits(power(0.0, exponents), np.array([0.0, 1.0, np.inf]))


def test_power_of_a_negative_number_is_not_silent():
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(power(-1.0, 0.5))


@quick
@given(x=st.floats(1e-100, 1e100), e=st.floats(-3.0, 3.0))
def test_power_is_close_to_the_power(x, e):
    assert power(x, e) == pytest.approx(x**e, rel=2e-13)


def test_power_broadcasts_and_leaves_its_arguments_alone():
    x, e = sample(3, 5), sample(5, seed=1)
    x_before, e_before = x.copy(), e.copy()
    result = power(x, e)
    assert result.shape == (3, 5)
    assert result.flags.c_contiguous
    assert power(2.0, e).shape == (5,)
    assert same_bits(result[1:2, 3], power(x[1, 3], e[3]).reshape(1))
    assert same_bits(x, x_before)
    assert same_bits(e, e_before)
    # Whatever layout goes in, rows of runs come out contiguous.
    assert power(np.asfortranarray(x), e).flags.c_contiguous
    assert isinstance(power(2, 3), np.ndarray)


# whole_power


def test_whole_powers_are_products_whatever_stands_beside_them():
    x = np.random.default_rng(1).uniform(0.0, 2.0, (3, 40))
    exponents = np.arange(40) % 32
    together = whole_power(x, exponents)
    for run, e in enumerate(exponents):
        alone = whole_power(x[:, run : run + 1], e)
        assert same_bits(alone, together[:, run : run + 1])
        product = np.ones(3)
        for _ in range(e):
            product = product * x[:, run]
        np.testing.assert_allclose(alone[:, 0], product, rtol=1e-14)
    assert same_bits(whole_power(np.zeros((1, 1)), 0), np.ones((1, 1)))
    assert same_bits(x, np.random.default_rng(1).uniform(0.0, 2.0, (3, 40)))  # not written to


# bounds that all share


def test_shared_bounds_do_as_numpys_at_every_size():
    for runs in (1, 2, 7, 1000, SMALL):
        x = np.random.default_rng(2).normal(size=(2, runs))
        x[0, :1], x[1, :1] = -0.0, np.nan
        assert same_bits(at_least(x, 0.0), np.maximum(x, 0.0))
        assert same_bits(at_most(x, 0.0), np.minimum(x, 0.0))
        assert not np.signbit(at_least(x, 0.0)).any()
        assert same_bits(clip(x, -0.5, 0.5), np.minimum(np.maximum(x, -0.5), 0.5) + 0.0)
        into = x.copy()
        assert at_least(into, 0.3, out=into) is into
        assert same_bits(into, np.maximum(x, 0.3))


# safe_divide and clip


def test_safe_divide_gives_the_other_value_where_the_divisor_is_zero():
    a = np.array([1.0, 0.0, -1.0, 6.0, np.inf])
    b = np.array([0.0, 0.0, -0.0, 3.0, np.inf])
    assert same_bits(safe_divide(a, b, 7.0)[:4], np.array([7.0, 7.0, 7.0, 2.0]))
    assert np.isnan(safe_divide(a, b, 7.0)[4])
    assert safe_divide(1e300, 1e-300, 0.0) == np.inf
    assert safe_divide(1.0, 0, -1.0) == -1.0
    assert safe_divide(np.ones((2, 1)), np.zeros(3), np.arange(3)).tolist() == [[0, 1, 2]] * 2


def test_clip_holds_to_the_bounds_and_its_zeros_keep_their_sign_anywhere():
    assert clip(np.array([-1.0, 0.5, 2.0]), 0.0, 1.0).tolist() == [0.0, 0.5, 1.0]
    assert clip(5.0, 3.0, 2.0) == 2.0
    assert np.isnan(clip(np.nan, 0.0, 1.0))
    signs = np.random.default_rng(0).integers(0, 2, (2, 100))
    x, low = np.where(signs == 1, 0.0, -0.0)
    whole = clip(x, low, 1.0)
    alone = np.array([clip(x[i], low[i], 1.0) for i in range(100)])
    assert same_bits(alone, whole)
