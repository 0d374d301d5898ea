"""Summaries: means, shares and contrasts by their closed forms, and intervals that cover."""

import numpy as np
import pandas as pd
import pytest
from batches import made_up, refused, sampled, small
from scipy import stats

from agentsim import batch
from agentsim.analysis.reading import sensitivity_of
from agentsim.batch.clustered import Compared, Parts, Side, Values
from agentsim.batch.comparing import compare
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


def by_hand(cells, level=0.95):
    """Mean of the means of cells that share their luck, some with more runs than others.

    Errors are added up run by run, by a loop. Degrees of freedom by Satterthwaite, over the stretches
    of runs that the same cells have.
    """
    finite = [np.isfinite(x) for x in cells]
    means = [x[fine].mean() for x, fine in zip(cells, finite, strict=True)]
    most = max(len(x) for x in cells)
    variance, squares = 0.0, {}
    for i in range(most):
        error, present = 0.0, tuple(len(x) > i for x in cells)
        for x, fine, mean in zip(cells, finite, means, strict=True):
            if len(x) > i and fine[i]:
                n = fine.sum()
                error += (x[i] - mean) / n * np.sqrt(n / (n - 1)) / len(cells)
        variance += error**2
        squares.setdefault(present, []).append(error**2)
    doubt = sum(sum(each) ** 2 / max(len(each) - 1, 1) for each in squares.values())
    half = stats.t.ppf(0.5 + level / 2, variance**2 / doubt) * np.sqrt(variance)
    return np.mean(means), np.mean(means) - half, np.mean(means) + half, most


def test_pooled_cells_count_alike_where_some_of_their_runs_failed(results, numbers):
    x = numbers["capex"][2:]
    found = results.summary(by="lineup.hyperscaler", outcomes="capex").set_index(
        "lineup.hyperscaler"
    )
    assert told(found.loc[["best_response"]]) == pytest.approx(by_hand(x))
    assert told(found.loc[["best_response"]])[0] == pytest.approx(np.nanmean(x, axis=1).mean())


def test_pooled_cells_count_alike_whatever_their_runs(tmp_path):
    rng = np.random.default_rng(4)
    luck = rng.normal(size=60)
    cells = [mean + luck[:runs] + 0.3 * rng.normal(size=runs)
             for mean, runs in ((1.0, 10), (2.0, 60), (4.0, 10), (9.0, 25))]  # fmt: skip
    results = made_up(
        tmp_path / "uneven", experiment(outcomes=["capex"], runs=10), {"capex": cells}
    )
    found = results.summary(by="kind")
    assert told(found) == pytest.approx(by_hand(cells))
    assert told(found)[0] == pytest.approx(np.mean([each.mean() for each in cells]))
    gap = results.contrast(A, B, "capex").iloc[0]  # of the runs that both cells of a pair have
    assert gap["difference"] == pytest.approx(
        np.mean([(cells[0] - cells[2]).mean(), (cells[1][:25] - cells[3]).mean()])
    )
    expected = by_hand([cells[0] - cells[2], cells[1][:25] - cells[3]])
    assert gap[["difference", "low", "high", "n"]].tolist() == pytest.approx(list(expected))


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


def test_what_chosen_cells_differ_by_is_no_error_of_their_mean(numbers, tmp_path):
    apart = experiment(luck="independent")
    x = numbers["total_surplus"] + 100.0 * np.arange(4)[:, None]
    results = made_up(tmp_path / "far", apart, numbers | {"total_surplus": x})
    variances = x.var(axis=1, ddof=1) / RUNS
    freedom = variances.sum() ** 2 / (variances**2 / (RUNS - 1)).sum()
    half = stats.t.ppf(0.975, freedom) * np.sqrt(variances.sum()) / 4
    found = results.summary(by="kind", outcomes="total_surplus")
    assert told(found) == pytest.approx((x.mean(), x.mean() - half, x.mean() + half, 4 * RUNS))


def test_independent_cells_of_one_run_are_pooled_as_draws(tmp_path):
    apart = experiment(luck="independent", runs=1, outcomes=["capex"])
    x = np.random.default_rng(1).normal(size=(4, 1))
    results = made_up(tmp_path / "apart", apart, {"capex": x})
    assert told(results.summary(by="kind")) == pytest.approx(interval(x.ravel()))


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


@pytest.mark.parametrize("luck", ["auto", "independent"])
@pytest.mark.parametrize("runs", [12, None])
def test_a_group_of_one_cell_is_that_cell_in_whatever_order_groups_come(tmp_path, luck, runs):
    levels = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0]
    given = experiment(
        outcomes=["capex"], factors={"substitution": levels}, luck=luck, runs=runs or 10
    )
    rng = np.random.default_rng(6)
    cells = [(at + 1.0) * rng.normal(size=runs or 10 + 3 * at) for at in range(len(levels))]
    results = made_up(tmp_path / "x", given, {"capex": cells})
    alone = results.summary().sort_values("substitution").reset_index(drop=True)
    found = results.summary(by="substitution")
    for name in ("mean", "low", "high", "n"):
        np.testing.assert_allclose(found[name], alone[name], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("luck", ["auto", "independent"])
def test_pooled_means_of_two_groups_are_those_of_each_alone(tmp_path, luck):
    """Whatever the order of cells and groups, no group takes part in another's interval."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        first, second = (rng.permutation(x).tolist() for x in ([2.0, 3.0, 4.0], [1.0, 2.0, 5.0]))
        factors = {"substitution": first, "power_limit": second}
        given = experiment(outcomes=["capex"], factors=factors, luck=luck, runs=8)
        x = rng.normal(size=(9, 8)) * (1.0 + np.arange(9))[:, None]
        results = made_up(tmp_path / str(rng.integers(1 << 40)), given, {"capex": x})
        whole = results.summary(by="power_limit").set_index("power_limit")
        for level in second:
            alone = results.summary(by="kind", power_limit=level)
            assert told(alone) == pytest.approx(told(whole.loc[[level]]), rel=1e-9)


def test_a_single_run_has_no_interval_and_none_has_no_mean(tmp_path):
    x = np.array([[1.0], [np.nan]])
    given = experiment(outcomes=["capex"], factors={"demand_elasticity": [1.5, 2]}, runs=1)
    results = made_up(tmp_path / "one", given, {"capex": x})
    rows = results.summary()
    assert rows["n"].tolist() == [1, 0]
    assert rows["mean"].tolist()[0] == 1.0 and np.isnan(rows["mean"][1])
    assert rows[["low", "high"]].isna().all(axis=None)


def test_parts_of_many_groups_are_told_apart_however_large_their_keys():
    group = np.array([0, 1, 999_999, 999_999])
    key = np.array([2**52, 2**52, 2**52, 1])
    parts = Parts.of(group, key, np.zeros(4, np.int64), 1_000_000, True)
    assert len(set(parts.of_row.tolist())) == 4 and sorted(parts.group.tolist()) == group.tolist()


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


def test_points_that_share_their_luck_and_match_in_nothing_are_not_contrasted(tmp_path):
    (tmp_path / "points.csv").write_text("substitution,power_limit\n3,1\n4,1\n5,2\n6,2\n")
    table = {"kind": "table", "file": str(tmp_path / "points.csv")}
    x = np.random.default_rng(1).normal(size=(4, 6))
    for luck in ("shared", "auto"):
        given = experiment(factors={}, sampler=table, luck=luck, runs=6, outcomes=["capex"])
        results = made_up(tmp_path / luck, given, {"capex": x})
        sides = {"power_limit": 1}, {"power_limit": 2}
        if luck == "shared":
            refused(["share their luck", "leave luck out"], results.contrast, *sides, "capex")
        else:
            assert not results.contrast(*sides, "capex")["paired"].item()


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
        found.append(compared(x, y, shared=paired))
        naive.append(compared(x, y, shared=False))
    assert BOUNDS[0] <= covered(found, 1.0) <= BOUNDS[1]
    if paired:  # who does not pair learns less
        assert np.diff(naive).mean() > 3 * np.diff(found).mean()


def compared(x, y, shared):
    """The interval of the difference of two cells, whose luck is shared or is their own."""
    sides = [
        Side(np.zeros(len(each), np.int64), np.arange(len(each)) + first, 1)
        for each, first in ((x, 0), (y, 0 if shared else len(x)))
    ]
    made = Compared(*sides, shared, False).difference(Values(x, None), Values(y, None), 0.95)
    return made["low"], made["high"]


@pytest.mark.parametrize("luck", ["auto", "independent"])
def test_intervals_of_pooled_means_cover_where_cells_have_as_many_runs_as_they_need(tmp_path, luck):
    """Each repetition is a group of three cells; the noisy one got runs until it was known."""
    rng = np.random.default_rng(11)
    given = Experiment(
        name="uneven",
        scenario="theory",
        runs=20,
        outcomes=["capex"],
        luck=luck,
        factors={
            "substitution": np.linspace(2, 9, REPETITIONS).tolist(),
            "power_limit": [1, 2, 3],
        },
    )
    cells = []
    for _ in range(REPETITIONS):
        common = rng.normal(size=200)
        for mean, spread, runs in ((0.0, 1.0, 20), (5.0, 2.0, 80), (10.0, 5.0, 200)):
            own = rng.normal(size=runs)
            cells.append(
                mean + spread * (0.8 * common[:runs] + 0.6 * own if luck == "auto" else own)
            )
    results = made_up(tmp_path / "uneven", given, {"capex": cells})
    rows = results.summary(by="substitution")
    assert BOUNDS[0] <= covered(rows[["low", "high"]], 5.0) <= BOUNDS[1]
    gap = [
        results.contrast({"power_limit": 3}, {"power_limit": 1}, "capex", substitution=each).iloc[0]
        for each in results.cells["substitution"].unique()[:100]
    ]
    share = covered([(each["low"], each["high"]) for each in gap], 10.0)
    assert share >= stats.binom.ppf(0.0005, 100, 0.95) / 100
    whole = results.contrast({"power_limit": 3}, {"power_limit": 1}, "capex").iloc[0]
    assert whole["difference"] == pytest.approx(10.0, abs=0.5)


def test_points_of_a_hypercube_are_compared_by_a_factors_level_point_by_point(tmp_path):
    points = Experiment(
        name="points",
        scenario="theory",
        runs=3,
        outcomes=["capex"],
        sampler={"kind": "latin_hypercube", "points": 40},
        factors={"substitution": {"low": 2, "high": 9}, "power_limit": [1, 2]},
    )
    x = np.random.default_rng(1).normal(size=(40, 1)) + 0.1 * np.random.default_rng(2).normal(
        size=(40, 3)
    )
    results = made_up(tmp_path / "points", points, {"capex": x})
    one = (results.cells["power_limit"] == 1).to_numpy()
    found = results.contrast({"power_limit": 1}, {"power_limit": 2}, "capex").iloc[0]
    means = x.mean(axis=1)
    test = stats.ttest_ind(means[one], means[~one], equal_var=False)
    expected = test.confidence_interval(0.95)
    assert found["difference"] == pytest.approx(means[one].mean() - means[~one].mean())
    assert found[["low", "high"]].tolist() == pytest.approx([expected.low, expected.high])
    assert not found["paired"] and found["n"] == 40


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


@pytest.mark.parametrize("turned", [False, True])
def test_batches_of_other_luck_are_compared_each_by_its_own(tmp_path, turned):
    rng = np.random.default_rng(12)
    own = rng.normal(size=(4, RUNS)) * np.array([[1.0], [2.0], [3.0], [4.0]])
    shared = rng.normal(size=RUNS) + 0.5 * rng.normal(size=(4, RUNS)) + 1.0
    one = made_up(
        tmp_path / "own", experiment(luck="independent", outcomes=["capex"]), {"capex": own}
    )
    other = made_up(tmp_path / "shared", experiment(outcomes=["capex"]), {"capex": shared})
    found = compare(*((other, one) if turned else (one, other))).outcomes.iloc[0]
    apart = own.var(axis=1, ddof=1) / RUNS / 16.0  # of each cell, by itself
    together = shared.mean(axis=0).var(ddof=1) / RUNS  # of all cells, run by run
    variance = apart.sum() + together
    freedom = variance**2 / ((apart**2).sum() + together**2) * (RUNS - 1)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(variance)
    gap = (shared.mean() - own.mean()) * (-1.0 if turned else 1.0)
    expected = [gap, gap - half, gap + half]
    assert found[["difference", "low", "high"]].tolist() == pytest.approx(expected)
