"""Summaries: means, shares and contrasts by their closed forms, and intervals that cover."""

import numpy as np
import pandas as pd
import pytest
from batches import made_up, refused, sampled, small
from scipy import stats

from agentsim import batch
from agentsim.analysis.reading import sensitivity_of
from agentsim.batch.contrasts import difference
from agentsim.batch.design import Experiment, Variant

RUNS = 40
SHARE = ["customer_surplus", "total_surplus", "customer_share"]
A, B = {"lineup.hyperscaler": "restrain"}, {"lineup.hyperscaler": "best_response"}


def experiment(**changes):
    return small(**{"runs": RUNS, "outcomes": ["capex", *SHARE]} | changes)


@pytest.fixture(scope="module")
def numbers():
    """Outcomes of four cells, `(4, runs)`: luck that all share, and some of their own."""
    rng = np.random.default_rng(3)
    luck = rng.normal(size=RUNS)
    own = rng.normal(size=(4, RUNS))
    capex = np.array([[1.0], [2.0], [4.0], [5.0]]) + luck + 0.3 * own
    total = 10.0 + 2.0 * luck + own
    customers = 0.3 * total + 0.5 * rng.normal(size=(4, RUNS))
    capex[2, :3] = np.nan
    return {
        "capex": capex,
        "customer_surplus": customers,
        "total_surplus": total,
        "customer_share": customers / total,
    }


@pytest.fixture(scope="module")
def results(numbers, tmp_path_factory):
    return made_up(tmp_path_factory.mktemp("made") / "up", experiment(), numbers)


def interval(x, level=0.95):
    """The textbook's interval of a mean."""
    x = x[np.isfinite(x)]
    half = stats.t.ppf(0.5 + level / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    return x.mean(), x.mean() - half, x.mean() + half, len(x)


def ratio_interval(num, den, level=0.95):
    """Interval of a ratio of means by the delta method."""
    n, r = len(num), num.mean() / den.mean()
    covariance = np.cov(num, den)
    variance = covariance[0, 0] - 2 * r * covariance[0, 1] + r * r * covariance[1, 1]
    half = stats.t.ppf(0.5 + level / 2, n - 1) * np.sqrt(variance / n) / den.mean()
    return r, r - half, r + half, n


def told(frame):
    """The one row of a summary."""
    assert len(frame) == 1
    return tuple(frame[["mean", "low", "high", "n"]].to_numpy()[0])


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("cell", range(4))
def test_a_cells_mean_has_students_interval(results, numbers, cell, level):
    labels = results.cells.loc[cell, list(results.factors)].to_dict()
    found = results.summary(outcomes="capex", ci=level, **labels)
    assert told(found) == pytest.approx(interval(numbers["capex"][cell], level), rel=1e-12)


def test_a_share_is_a_ratio_of_means_by_the_delta_method(results, numbers):
    found = results.summary(outcomes="customer_share").set_index("cell")
    for cell in range(4):
        expected = ratio_interval(numbers["customer_surplus"][cell], numbers["total_surplus"][cell])
        assert told(found.loc[[cell]]) == pytest.approx(expected, rel=1e-9)


def test_a_share_is_a_mean_of_shares_where_its_parts_were_not_kept(numbers, tmp_path):
    alone = {"customer_share": numbers["customer_share"]}
    results = made_up(tmp_path / "alone", experiment(outcomes=["customer_share"]), alone)
    found = results.summary().set_index("cell")
    assert told(found.loc[[1]]) == pytest.approx(interval(numbers["customer_share"][1]))


def test_pooled_runs_of_the_same_luck_count_once(results, numbers):
    found = results.summary(by="lineup.hyperscaler", outcomes="total_surplus").set_index(
        "lineup.hyperscaler"
    )
    pooled = numbers["total_surplus"][:2].mean(axis=0)
    assert told(found.loc[["restrain"]]) == pytest.approx(interval(pooled))
    naive = interval(numbers["total_surplus"][:2].ravel())
    assert pooled.size == RUNS and naive[2] - naive[1] < 0.8 * (
        told(found.loc[["restrain"]])[2] - told(found.loc[["restrain"]])[1]
    )


def test_pooled_runs_with_failures_are_a_ratio_of_sums(results, numbers):
    x = numbers["capex"][2:]
    s, k = np.nansum(x, axis=0), np.isfinite(x).sum(axis=0).astype(float)
    found = results.summary(by="lineup.hyperscaler", outcomes="capex").set_index(
        "lineup.hyperscaler"
    )
    assert told(found.loc[["best_response"]]) == pytest.approx(ratio_interval(s, k))
    assert told(found.loc[["best_response"]])[0] == pytest.approx(np.nanmean(x))


def test_a_pooled_share_is_a_ratio_of_sums_by_run(results, numbers):
    found = results.summary(by="kind", outcomes="customer_share")
    num, den = (numbers[name].sum(axis=0) for name in ("customer_surplus", "total_surplus"))
    assert told(found) == pytest.approx(ratio_interval(num, den))


def test_a_pooled_share_takes_in_runs_whose_denominator_is_below_zero(tmp_path):
    rng = np.random.default_rng(1)
    total = 3.0 + 6.0 * rng.normal(size=(4, RUNS))
    assert (total.sum(axis=0) < 0).any()
    given = {"customer_surplus": total / 2 + 1.0, "total_surplus": total, "customer_share": total}
    results = made_up(tmp_path / "x", experiment(outcomes=SHARE), given)
    found = results.summary(by="kind", outcomes="customer_share")
    num, den = (given[name].sum(axis=0) for name in ("customer_surplus", "total_surplus"))
    assert told(found) == pytest.approx(ratio_interval(num, den))


def test_independent_cells_are_pooled_run_by_run(numbers, tmp_path):
    apart = experiment(luck="independent")
    results = made_up(tmp_path / "apart", apart, numbers)
    found = results.summary(by="kind", outcomes="total_surplus")
    assert told(found) == pytest.approx(interval(numbers["total_surplus"].ravel()))


def test_sampled_points_are_pooled_point_by_point(tmp_path):
    points = Experiment(
        name="points",
        scenario="theory",
        runs=3,
        outcomes=["capex"],
        sampler={"kind": "latin_hypercube", "points": 9},
        factors={"substitution": {"low": 2, "high": 9}},
    )
    x = np.random.default_rng(1).normal(size=(9, 1)) + np.zeros(3)
    results = made_up(tmp_path / "points", points, {"capex": x})
    assert told(results.summary(by="kind")) == pytest.approx(interval(x[:, 0]))


def test_cells_that_stand_for_others_count_as_often_as_they_are_there(tmp_path):
    same = Variant(name="same", set={"demand_noise": 0.1})
    twice = experiment(variants=[same], outcomes=["capex"], factors={"demand_elasticity": [1.5, 2]})
    x = np.random.default_rng(1).normal(size=(2, RUNS))
    results = made_up(tmp_path / "twice", twice, {"capex": x})
    assert results.cells["runs_of"].tolist() == [0, 1, 0, 1]
    found = results.summary(by="demand_elasticity")
    assert told(found[:1]) == pytest.approx(interval(x[0]))  # the same luck, and the same runs
    assert len(results.summary()) == 4


def test_a_single_run_has_no_interval_and_none_has_no_mean(tmp_path):
    x = np.array([[1.0], [np.nan]])
    given = experiment(outcomes=["capex"], factors={"demand_elasticity": [1.5, 2]}, runs=1)
    results = made_up(tmp_path / "one", given, {"capex": x})
    rows = results.summary()
    assert rows["n"].tolist() == [1, 0]
    assert rows["mean"].tolist()[0] == 1.0 and np.isnan(rows["mean"][1])
    assert rows[["low", "high"]].isna().all(axis=None)


# Contrasts


def test_a_contrast_of_the_same_luck_is_paired(results, numbers):
    found = results.contrast(A, B, "total_surplus", demand_elasticity=2).iloc[0]
    x = numbers["total_surplus"]
    mean, low, high, n = interval(x[1] - x[3])
    assert found[["difference", "low", "high", "n"]].tolist() == pytest.approx([mean, low, high, n])
    assert found["paired"] and found["a"] == pytest.approx(x[1].mean())
    by_number = results.contrast(1, 3, "total_surplus").iloc[0]
    pd.testing.assert_series_equal(by_number, found)


def test_a_contrast_leaves_out_runs_that_failed_on_either_side(results, numbers):
    found = results.contrast(A, B, "capex", demand_elasticity=1.4).iloc[0]
    x = numbers["capex"]
    mean, low, high, n = interval((x[0] - x[2])[3:])
    assert found[["difference", "low", "high", "n"]].tolist() == pytest.approx([mean, low, high, n])
    assert n == RUNS - 3


def test_a_contrast_of_shares_is_a_difference_of_ratios(results, numbers):
    found = results.contrast(0, 1, "customer_share").iloc[0]
    num, den = numbers["customer_surplus"], numbers["total_surplus"]
    ratios = num.mean(axis=1) / den.mean(axis=1)
    e = [(num[i] - ratios[i] * den[i]) / den[i].mean() for i in (0, 1)]
    half = stats.t.ppf(0.975, RUNS - 1) * (e[0] - e[1]).std(ddof=1) / np.sqrt(RUNS)
    assert found["difference"] == pytest.approx(ratios[0] - ratios[1])
    assert found["high"] - found["low"] == pytest.approx(2 * half)


def test_a_contrast_pools_the_pairs_that_agree_in_the_rest(results, numbers):
    found = results.contrast(A, B, "total_surplus").iloc[0]
    x = numbers["total_surplus"]
    mean, low, high, n = interval(x[:2].mean(axis=0) - x[2:].mean(axis=0))
    assert found[["difference", "low", "high", "n"]].tolist() == pytest.approx([mean, low, high, n])


def test_a_contrast_does_not_match_a_variant_with_a_main_cell(tmp_path):
    two = experiment(
        variants=[Variant(name="v", set={"power_limit": 3})],
        outcomes=["capex"],
        factors={"lineup.hyperscaler": ["restrain", "best_response"]},
    )
    x = np.random.default_rng(1).normal(size=(4, RUNS))
    x[2:] += 100.0
    results = made_up(tmp_path / "two", two, {"capex": x})
    cells = results.cells
    assert cells["kind"].tolist() == ["main", "main", "variant", "variant"]
    found = results.contrast(A, B, "capex").iloc[0]
    own = {kind: cells.query(f"kind == '{kind}'")["cell"].tolist() for kind in ("main", "variant")}
    apart = [x[a] - x[b] for a, b in own.values()]
    assert found["difference"] == pytest.approx(np.mean(apart))
    _, low, high, n = interval(np.mean(apart, axis=0))
    assert found[["low", "high", "n"]].tolist() == pytest.approx([low, high, n])
    moved = results.contrast({"variant": "v"}, {"kind": "main"}, "capex").iloc[0]
    assert moved["difference"] == pytest.approx(x[2:].mean() - x[:2].mean())
    refused(
        ["no cell of a and cell of b agree"],
        results.contrast,
        {"kind": "main"},
        {"kind": "variant"},
        "capex",
    )


def test_a_contrast_of_other_luck_is_welchs(numbers, tmp_path):
    results = made_up(tmp_path / "apart", experiment(luck="independent"), numbers)
    found = results.contrast(0, 2, "capex").iloc[0]
    x, y = numbers["capex"][0], numbers["capex"][2, 3:]
    test = stats.ttest_ind(x, y, equal_var=False)
    expected = test.confidence_interval(0.95)
    assert not found["paired"] and found["n"] == 2 * RUNS - 3
    assert found[["low", "high"]].tolist() == pytest.approx([expected.low, expected.high])


@pytest.mark.parametrize("kind", ["sobol", "latin_hypercube"])
def test_single_points_of_a_sample_are_compared_by_their_runs(tmp_path, kind):
    points = sampled(kind, runs=RUNS, outcomes=["capex"])
    x = np.random.default_rng(1).normal(size=(8 if kind == "sobol" else 5, RUNS))
    results = made_up(tmp_path / "x", points, {"capex": x})
    found = results.contrast(0, 1, "capex").iloc[0]
    assert found["paired"] == (kind == "sobol")
    if found["paired"]:
        expected = interval(x[0] - x[1])[1:3]
    else:
        told = stats.ttest_ind(x[0], x[1], equal_var=False).confidence_interval(0.95)
        expected = told.low, told.high
    assert found[["low", "high"]].tolist() == pytest.approx(list(expected))


def test_what_cannot_be_contrasted_is_one_line(results):
    refused(["cell 9 is not there"], results.contrast, 0, 9, "capex")
    refused(["nothing to match them by"], results.contrast, 0, B, "capex")
    refused(["nearest: capex"], results.contrast, 0, 1, "capx")
    refused(["ci = 95"], results.contrast, 0, 1, "capex", ci=95)
    refused(["'match' is in no row"], results.contrast, {"lineup.hyperscaler": "match"}, B, "capex")
    refused(["by:", "nearest: demand_elasticity"], results.summary, by="demand_elastcity")
    refused(["ci = 1.0"], results.summary, ci=1.0)


# Coverage

REPETITIONS = 400
BOUNDS = stats.binom.ppf([0.0005, 0.9995], REPETITIONS, 0.95) / REPETITIONS


def covered(intervals, truth):
    """The share of intervals, `(repetitions, 2)`, that the truth lies in."""
    low, high = np.array(intervals, dtype=float).T
    return np.mean((low <= truth) & (truth <= high))


@pytest.fixture(scope="module")
def repeated(tmp_path_factory):
    """Results whose cells are many repetitions of the same, each two cells of one world."""
    rng = np.random.default_rng(8)
    runs = 25
    given = Experiment(
        name="repeated",
        scenario="theory",
        runs=runs,
        outcomes=["capex", *SHARE],
        luck="independent",
        factors={"substitution": np.linspace(2, 9, REPETITIONS).tolist()},
    )
    total = np.maximum(10.0 + 2.0 * rng.normal(size=(REPETITIONS, runs)), 0.5)
    customers = 0.4 * total + rng.normal(size=total.shape)
    x = {
        "capex": 3.0 + rng.standard_exponential((REPETITIONS, runs)),
        "customer_surplus": customers,
        "total_surplus": total,
        "customer_share": customers / total,
    }
    return made_up(tmp_path_factory.mktemp("coverage") / "x", given, x)


def test_intervals_of_means_and_shares_cover_as_often_as_they_say(repeated):
    table = repeated.summary(outcomes=["total_surplus", "customer_share"])
    for name, truth in (("total_surplus", 10.0), ("customer_share", 0.4)):
        rows = table[table["outcome"] == name]
        assert len(rows) == REPETITIONS
        share = covered(rows[["low", "high"]], truth)
        assert BOUNDS[0] <= share <= BOUNDS[1], name


def test_intervals_of_pooled_means_cover_where_naive_ones_do_not(tmp_path):
    """Each repetition is a group of three cells that share their luck."""
    rng = np.random.default_rng(9)
    runs, cells = 20, 3
    given = Experiment(
        name="pooled",
        scenario="theory",
        runs=runs,
        outcomes=["capex"],
        factors={
            "substitution": np.linspace(2, 9, REPETITIONS).tolist(),
            "power_limit": [1, 2, 3],
        },
    )
    luck = rng.normal(size=(REPETITIONS, 1, runs))
    x = np.arange(cells)[:, None] + luck + 0.5 * rng.normal(size=(REPETITIONS, cells, runs))
    results = made_up(tmp_path / "pooled", given, {"capex": x.reshape(-1, runs)})
    rows = results.summary(by="substitution")
    assert set(rows["n"]) == {runs}
    assert BOUNDS[0] <= covered(rows[["low", "high"]], 1.0) <= BOUNDS[1]
    naive = [interval(each.ravel())[1:3] for each in x]
    assert covered(naive, 1.0) < BOUNDS[0]


@pytest.mark.parametrize("paired", [True, False])
def test_intervals_of_contrasts_cover_as_often_as_they_say(paired):
    rng = np.random.default_rng(10)
    found, naive = [], []
    for _ in range(REPETITIONS):
        luck = rng.normal(size=30)
        x = 2.0 + luck + 0.3 * rng.normal(size=30)
        y = 1.0 + (luck if paired else 2.0 * rng.normal(size=20))
        sides = [{"s": each, "k": np.ones(len(each))} for each in (x, y)]
        told = difference(*sides, paired=paired, level=0.95)
        found.append((told["low"], told["high"]))
        blind = difference(*sides, paired=False, level=0.95)
        naive.append((blind["low"], blind["high"]))
    assert BOUNDS[0] <= covered(found, 1.0) <= BOUNDS[1]
    if paired:  # who does not pair learns less
        assert np.diff(naive).mean() > 3 * np.diff(found).mean()


@pytest.mark.parametrize("luck", ["auto", "shared", "independent"])
def test_points_of_one_base_sample_are_one_part_whatever_their_luck(tmp_path, luck):
    experiment = Experiment(
        name="bases",
        scenario="theory",
        runs=1,
        horizon=2,
        set={"demand_noise": 0.1},
        factors={"demand_elasticity": {"low": 1.2, "high": 2.0}},
        sampler={"kind": "sobol", "points": 8},
        luck=luck,
    )
    results = batch.run(experiment, tmp_path / "out", engine="here")
    assert results.summary(by="kind", outcomes="capex")["n"].tolist() == [8]
    assert results.summary(outcomes="capex")["n"].tolist() == [1] * 24
    assert len(sensitivity_of(results, "customer_surplus")) == 1
