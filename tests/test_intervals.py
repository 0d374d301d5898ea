"""Intervals: bootstrap over runs."""

import numpy as np
import pytest

from agentsim.batch import intervals
from agentsim.batch.intervals import (
    bootstrap_mean,
    paired_difference,
    quantiles,
    ratio_of_differences,
    ratio_of_means,
    share_of_draws,
)

RNG = np.random.default_rng(4)
X = RNG.normal(5.0, 2.0, 400)


def test_the_interval_of_a_mean_is_the_textbooks():
    found = bootstrap_mean(X)
    half = 1.96 * X.std() / np.sqrt(len(X))
    assert found.value == pytest.approx(X.mean(), rel=1e-12)
    assert found.low == pytest.approx(X.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(X.mean() + half, abs=0.1 * half)
    assert found.n == 400


def test_intervals_cover_as_often_as_they_say():
    covered = [
        interval.low <= 1.0 <= interval.high
        for interval in (bootstrap_mean(RNG.exponential(1.0, 60)) for _ in range(300))
    ]
    assert 0.88 < np.mean(covered) < 0.99


def test_columns_are_taken_one_by_one():
    both = bootstrap_mean(np.stack([X, 2 * X], axis=1))
    one = bootstrap_mean(X)
    np.testing.assert_allclose(both.low, [one.low, 2 * one.low])
    np.testing.assert_allclose(both.high, [one.high, 2 * one.high])
    assert both.n.tolist() == [400, 400]


def test_an_interval_is_the_same_each_time():
    intervals.resamples.cache_clear()
    first = bootstrap_mean(X)
    intervals.resamples.cache_clear()
    assert bootstrap_mean(X) == first


def test_a_share_is_a_ratio_of_means():
    num, den = np.array([1.0, 0.0, 9.0]), np.array([10.0, 1.0, 9.0])
    assert ratio_of_means(num, den).value == pytest.approx(0.5)


def test_runs_without_a_value_are_left_out_of_both_sides():
    num, den = X.copy(), 2 * X
    num[0] = np.nan
    den[1] = np.inf
    found = ratio_of_means(num, den)
    assert found.value == pytest.approx(0.5)
    assert found.n == 398
    gone = bootstrap_mean(np.full(5, np.nan))
    assert gone.n == 0 and np.isnan([gone.value, gone.low, gone.high]).all()


def test_a_single_run_tells_nothing_of_the_spread():
    found = bootstrap_mean([3.0])
    assert found.value == 3.0 and np.isnan(found.low) and np.isnan(found.high)
    few = bootstrap_mean([np.nan] * 50 + [1.0, 2.0])
    assert (few.low, few.high) == (1.0, 2.0)


def test_pairing_takes_the_shared_luck_out():
    luck = RNG.normal(0.0, 10.0, 400)
    found = paired_difference(luck + X, luck)
    assert found.excludes_zero
    assert found.high - found.low == pytest.approx(bootstrap_mean(X).high - bootstrap_mean(X).low)


def test_a_share_of_a_gain_is_told_only_where_there_is_a_gain():
    before = RNG.normal(0.0, 1.0, 400)
    gain = np.abs(X)
    told = ratio_of_differences(before + 0.25 * gain, before, before + gain, before)
    assert told.value == pytest.approx(0.25)
    assert told.low <= 0.25 <= told.high
    nothing = ratio_of_differences(before + gain, before, before[::-1], before)
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_many_runs_are_resampled_in_groups():
    many = RNG.normal(5.0, 2.0, 20_001)
    found = bootstrap_mean(many)
    half = 1.96 * many.std() / np.sqrt(len(many))
    assert found.value == pytest.approx(many.mean(), rel=1e-12)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)
    assert found.n == 20_001


def test_quantiles_are_numpys_without_nan():
    levels = [0.0, 0.05, 0.5, 0.975, 1.0]
    x = RNG.normal(size=(3, 4, 41))
    np.testing.assert_allclose(quantiles(x, levels), np.quantile(x, levels, axis=-1), rtol=1e-12)
    x[0, 0, :7] = np.nan
    x[1, 1, :40] = np.nan
    x[2, 2] = np.nan
    with np.errstate(all="ignore"):
        expected = np.stack(
            [[[_quantile(row, level) for row in rows] for rows in x] for level in levels]
        )
    np.testing.assert_allclose(quantiles(x, levels), expected, rtol=1e-12)


def _quantile(row, level):
    told = row[np.isfinite(row)]
    return np.quantile(told, level) if len(told) else np.nan


def test_the_share_of_draws():
    assert share_of_draws(np.array([1.0, -1.0, 2.0, 3.0]) > 0) == 0.75
