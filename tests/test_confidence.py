"""How sure regrets are: gains by run, intervals that hold, and which equilibria are there how often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.stats import binom

from agentsim.batch.intervals import Interval, resamples
from agentsim.errors import AgentsimError
from agentsim.games import Game, Role
from agentsim.games.confidence import candidate, confidence, regret_difference, share_pure
from agentsim.games.coverage import (
    Case,
    difference_cases,
    missed,
    posed,
    regret_cases,
    simple_cases,
)
from agentsim.games.deviating import gains, needed
from agentsim.games.largest import difference_of_largest, largest
from agentsim.games.profiles import Layout
from agentsim.games.studentised import mean_interval, ratio_difference, ratio_interval

RNG = np.random.default_rng(8)


def with_runs(roles, runs, rng, spread=1.0):
    """Return a game of payoffs that are drawn, with luck that is shared and own luck."""
    profiles = Layout.of(roles).profiles
    mean = rng.normal(size=profiles.shape)[:, :, None]
    x = mean + spread * (3.0 * rng.normal(size=runs) + rng.normal(size=(*profiles.shape, runs)))
    x[profiles == 0] = np.nan
    return Game(roles, x.mean(axis=-1), x)


def one_by_one(players, strategies):
    names = tuple("abcdef"[:strategies])
    return tuple(Role(f"firm {i}", (f"firm {i}",), names) for i in range(players))


ALIKE = (Role("firms", ("f1", "f2", "f3"), ("a", "b", "c")), Role("bank", ("bank",), ("x", "y")))


# What is gained


@pytest.mark.parametrize("roles", [one_by_one(3, 2), ALIKE])
@examples(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_gains_by_run_are_those_of_the_game_of_each_run(roles, seed):
    rng = np.random.default_rng(seed)
    game = with_runs(roles, 12, rng)
    layout = game.layout
    mixture = np.concatenate([rng.dirichlet(np.ones(m)) for m in layout.widths])
    mixture[0] *= rng.random() < 0.5  # now and then a strategy that is not played
    part = layout.slice(0)
    mixture[part] /= mixture[part].sum()
    pure = layout.profiles[rng.integers(layout.count)]
    for profile in (mixture, pure):
        of = candidate(game, profile)
        found = gains(of).by_run
        for run in range(3):
            alone = Game(roles, game.runs[:, :, run])
            assert max(found[:, run].max(), 0.0) == pytest.approx(alone.regret(profile))
        assert confidence(of).regret.value == pytest.approx(game.regret(profile))


def test_only_the_profiles_needed_are_read():
    game = with_runs(ALIKE, 40, RNG)
    for profile, count in (
        (np.array([2, 1, 0, 1, 0]), 1 + 4 + 1),  # two moves each of a and b, and one of the bank
        (np.array([0.5, 0.5, 0.0, 1.0, 0.0]), 4 + 3 + 4),  # played, one firm to c, the bank to y
    ):
        of = candidate(game, profile)
        places = needed(of)
        assert len(places) == count
        whole = confidence(of).regret
        assert confidence(of, game.runs[places], places).regret == whole
        spoilt = game.runs.copy()
        spoilt[np.setdiff1d(np.arange(game.layout.count), places)] = np.nan
        assert confidence(of, spoilt).regret == whole


def test_luck_that_all_profiles_share_falls_out():
    game = with_runs(ALIKE, 60, RNG)
    of = candidate(game, game.layout.profiles[3])
    found = confidence(of, game.runs + 1000.0 * RNG.normal(size=60)).regret
    want = confidence(of).regret
    assert (found.low, found.high) == pytest.approx((want.low, want.high), abs=1e-9)


def test_without_luck_there_is_nothing_to_be_unsure_of():
    game = posed([0.5, -1.0], [0.25, -1.0])
    still = np.repeat(game.payoffs[:, :, None], 20, axis=-1)
    sure = confidence(candidate(game, ["1", "1"]), still)
    assert (sure.regret.low, sure.regret.value, sure.regret.high) == (0.5, 0.5, 0.5)
    assert str(sure.tempting.deviation) == "player 1: 2 instead of 1"
    assert sure.tempting.share == 1.0
    assert sure.curve([0.0, 0.49, 0.5]).tolist() == [0.0, 0.0, 1.0]
    best = confidence(candidate(game, ["2", "1"]), still)
    assert best.largest.high < 0.0 or best.regret.high == 0.0
    assert best.probability() == 1.0


def test_the_curve_is_the_probability_at_each_epsilon():
    sure = confidence(candidate(with_runs(ALIKE, 50, RNG), {"firms": "a", "bank": "y"}))
    at = np.linspace(0.0, 2.0 * sure.regret.high, 9)
    found = sure.curve(at)
    assert found.tolist() == [sure.probability(each) for each in at]
    assert (np.diff(found) >= 0.0).all() and found[-1] == 1.0


def test_regret_goes_with_the_unit_of_payoffs():
    game = with_runs(ALIKE, 50, RNG)
    of = candidate(game, {"firms": "a", "bank": {"x": 0.5, "y": 0.5}})
    one, other = confidence(of).regret, confidence(of, 7.0 * game.runs - 3.0).regret
    assert (other.low, other.high) == pytest.approx((7.0 * one.low, 7.0 * one.high))


# Pure profiles, and two games


@pytest.mark.parametrize("roles", [one_by_one(2, 3), ALIKE])
def test_shares_of_pure_equilibria_are_those_of_the_resampled_games(roles):
    game = with_runs(roles, 25, RNG)
    found = share_pure(game)
    means = np.einsum("br,pcr->bpc", resamples(25)[:200], game.runs) / 25
    held = np.mean([Game(roles, mean).pure_regrets <= 1e-12 for mean in means], axis=0)
    assert np.abs(found - held).max() < 4.0 * np.sqrt(0.25 / 200)
    wide = share_pure(game, epsilon=100.0)
    assert (wide == 1.0).all()


def test_a_game_has_no_other_regret_than_itself():
    game = with_runs(ALIKE, 50, RNG)
    of = candidate(game, {"firms": "b", "bank": "x"})
    found = regret_difference(of, of)
    assert found.value == 0.0 and found.low <= 0.0 <= found.high


def test_differences_of_regrets_change_sign_with_their_order():
    a, b = (candidate(with_runs(ALIKE, 50, RNG), {"firms": x, "bank": "x"}) for x in "ab")
    one, other = regret_difference(a, b), regret_difference(b, a)
    assert (one.value, one.low, one.high) == (-other.value, -other.high, -other.low)


# Intervals


def test_runs_that_failed_are_left_out():
    x = RNG.normal(size=(50, 2))
    x[3, 1] = np.nan
    found = mean_interval(x)
    assert found.n.tolist() == [50, 49]
    assert (found.low[1], found.high[1]) == (
        mean_interval(np.delete(x[:, 1], 3)).low,
        mean_interval(np.delete(x[:, 1], 3)).high,
    )
    assert ratio_interval(x[:, 1] + 5.0, x[:, 0] + 9.0).n == 49


def test_one_run_says_nothing_and_few_are_students():
    assert np.isnan(mean_interval([3.0]).low)
    assert np.isnan(largest(np.array([[1.0, 2.0]])).high)
    found = mean_interval([1.0, 2.0, 3.0])
    assert found.high - found.value == pytest.approx(4.302652729749464 / np.sqrt(3.0))
    alone = largest(np.array([[1.0], [2.0], [3.0]]))
    assert (alone.low, alone.high) == pytest.approx((found.low, found.high))


def test_the_largest_of_means_far_apart_is_that_one():
    x = RNG.exponential(size=(80, 1))
    found, want = largest(np.hstack([x, x.mean() - 50.0 + 0.0 * x])), mean_interval(x[:, 0])
    assert (found.low, found.high) == pytest.approx((want.low, want.high))


def test_many_runs_are_grouped():
    x = RNG.normal(size=5000)
    found = mean_interval(x)
    half = 1.96 * x.std() / np.sqrt(5000)
    assert found.high - found.low == pytest.approx(2.0 * half, rel=0.1)
    assert ratio_interval(x + 9.0, np.ones(5000)).value == pytest.approx(x.mean() + 9.0)


def test_a_share_less_itself_is_nothing():
    x, y = RNG.exponential(size=(2, 40))
    found = ratio_difference(x, y, x, y)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


# Coverage, on games whose truth is known

QUICK, LUCK = 200, 0.0005
"""Replications, and how seldom an interval that covers 95% would be outside of the bounds by luck."""


def within(low, high, replications, misses):
    """Say whether so many misses agree with a coverage between low and high."""
    most = binom.isf(LUCK, replications, 1.0 - low)
    least = binom.ppf(LUCK, replications, 1.0 - high)
    return least <= misses <= most


TOLD = {each.name: each for each in (*simple_cases(), *regret_cases(), *difference_cases())}


@pytest.mark.parametrize(
    ("name", "noise"),
    [
        ("mean", "lognormal 1"),
        ("share, a ratio of means", "lognormal 0.5"),
        ("regret: one largest gain", "lognormal 0.5"),
        ("regret: six equal", "normal"),
        ("regret: mixed equilibrium", "normal"),
        ("regret less regret: one largest gain", "normal"),
    ],
)
def test_intervals_of_thirty_runs_hold(name, noise):
    misses = sum(missed(TOLD[name], noise, 30, QUICK))
    assert within(0.93, 0.97 if TOLD[name].told_apart else 1.0, QUICK, misses)


def percentiles_of_the_largest(luck, runs):
    x = 0.5 + luck.own(runs, 6)
    most = (resamples(runs) @ x / runs).max(axis=1)
    return Interval(x.mean(axis=0).max(), *np.quantile(most, [0.025, 0.975]), runs)


def test_percentiles_of_the_largest_would_not_hold():
    case = Case("percentiles of the largest of six", 0.5, percentiles_of_the_largest)
    below, _ = missed(case, "normal", 30, QUICK)
    assert not within(0.93, 1.0, QUICK, below)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [30, 100, 400])
@pytest.mark.parametrize("noise", ["normal", "lognormal 0.5", "lognormal 1"])
@pytest.mark.parametrize("name", TOLD)
def test_intervals_hold_over_2000_replications(name, noise, runs):
    covered = 1.0 - sum(missed(TOLD[name], noise, runs, 2000)) / 2000
    assert 0.93 <= covered <= (0.97 if TOLD[name].told_apart else 1.0)


# What is refused


def test_what_cannot_be_told_is_one_line():
    game = with_runs(ALIKE, 10, RNG)
    of = candidate(game, {"firms": "a", "bank": "x"})
    failed = np.full_like(game.runs, np.nan)
    for ask, says in (
        (lambda: confidence(candidate(Game(ALIKE, game.payoffs), {"firms": "a", "bank": "x"})),
         "give payoffs by run"),
        (lambda: confidence(of, game.runs[:3], np.arange(3)), "are missing, the first"),
        (lambda: confidence(of, game.runs[:3]), "give (20, 5, runs)"),
        (lambda: confidence(of, failed), "none of 10 runs has a payoff"),
        (lambda: regret_difference(of, candidate(with_runs(ALIKE, 9, RNG), of.counts)),
         "games have 10 and 9 runs"),
    ):  # fmt: skip
        with pytest.raises(AgentsimError) as caught:
            ask()
        assert says in str(caught.value) and "\n" not in str(caught.value)


def test_paired_maxima_of_equal_columns_differ_by_nothing():
    x = RNG.normal(size=(40, 3))
    found = difference_of_largest(x, x[:, ::-1])
    assert found.value == 0.0 and found.low <= 0.0 <= found.high
