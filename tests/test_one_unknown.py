"""Zeros of a polynomial: all of them, simple or not, and none that is none."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import polynomial

from agentsim.games.one_unknown import zeros


def bernstein(roots):
    """Return the coefficients in Bernstein's basis, the largest one, of the polynomial with these roots."""
    powers = polynomial.polyfromroots(roots)
    n = len(powers) - 1
    rows = [sum(comb(k, j) / comb(n, j) * powers[j] for j in range(k + 1)) for k in range(n + 1)]
    return np.array(rows) / np.abs(rows).max()


@pytest.mark.parametrize(
    ("roots", "expected", "within"),
    [
        ([0.1, 0.2, 0.9], [0.1, 0.2, 0.9], 1e-13),
        ([0.25, 0.5, 0.75], [0.25, 0.5, 0.75], 1e-13),  # where the interval is halved
        ([0.2, 0.2001], [0.2, 0.2001], 1e-9),
        ([0.5, 0.5], [0.5], 1e-6),
        ([0.3, 0.3, 0.5], [0.3, 0.5], 1e-6),
        ([0.2, 0.2, 0.7, 0.7], [0.2, 0.7], 1e-6),
        ([0.3, 0.3, 0.3], [0.3], 1e-4),
        ([0.0, 0.4, 1.0], [0.4], 1e-12),
        ([0.0, 0.0, 0.0], [], 0),
        ([-1.0, 1.5], [], 0),
    ],
)
def test_zeros_are_found_whatever_their_order(roots, expected, within):
    assert zeros(bernstein(roots)) == pytest.approx(expected, abs=within)


def test_a_polynomial_that_comes_near_zero_has_none():
    assert zeros(np.array([1.0, -0.999, 1.0])) == []
    assert len(zeros(np.array([1.0, -1.001, 1.0]))) == 2


@given(st.lists(st.integers(-10, 30), min_size=1, max_size=7, unique=True))
@settings(max_examples=40, deadline=None)
def test_all_zeros_within_the_interval_are_found(twentieths):
    roots = np.sort(twentieths) / 20
    expected = roots[(roots > 0.0) & (roots < 1.0)]
    assert zeros(bernstein(roots)) == pytest.approx(expected, abs=1e-8)
