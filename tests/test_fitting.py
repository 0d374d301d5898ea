"""Fitting: which facts count and how, what moves them, and draws whose answer is known."""

import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from histories import tables

from agentsim.backtest.history import Known, history, number_of
from agentsim.calibration.draws import Range
from agentsim.errors import AgentsimError
from agentsim.fitting import calibrate, smc
from agentsim.fitting.screening import screen, thresholds
from agentsim.fitting.targets import TOLERANCES, distance, residuals, targets, weights

pytest.importorskip("pyabc")


# Targets


def test_no_fact_after_2024_is_fitted_and_none_of_the_base_quarter():
    found = targets(history(), "2023Q1")
    quarters = {number_of(each.fact.quarter) for each in found}
    assert min(quarters) > number_of("2023Q1") and max(quarters) == number_of("2024Q4")
    assert {(each.fact.series, each.fact.firm) for each in found} == set(TOLERANCES)


def test_residuals_are_in_standard_deviations_of_model_and_fact_together():
    facts = [
        Known("company_capex", "four largest", "2023Q3", 10.0, 9.0, 11.0),
        Known("gross_margin", "nvidia", "2023Q3", 0.7),
        Known("gross_margin", "nvidia", "2023Q4", 0.6),
        Known("gross_margin", "nvidia", "2025Q1", 0.1),
    ]
    four = dict.fromkeys(("microsoft", "alphabet", "amazon", "meta"), 3.0)
    made = tables(
        runs=2,
        quarters=9,
        hyperscaler={"capex": four, "other_capex": dict.fromkeys(four, 1.0)},
        chip_vendor={"price": {"nvidia": 10.0}, "unit_cost": {"nvidia": 2.0}},
    )
    wanted = targets(facts, "2023Q1")
    found = residuals(wanted, facts, made, "2023Q1")
    assert len(found) == 2 and len(wanted) == 3
    sd = np.hypot(TOLERANCES["company_capex", "four largest"].sd, np.log(11 / 9) / 3.29)
    np.testing.assert_allclose(found.iloc[0, 0], np.log(16.0 / 10.0) / sd)
    np.testing.assert_allclose(found.iloc[0, 1:], [0.1 / 0.04, 0.2 / 0.04])
    # Two series count alike, whatever their quarters.
    weight = weights(wanted)
    np.testing.assert_allclose(weight, [0.5, 0.25, 0.25])
    by_hand = np.sqrt(0.5 * found.iloc[0, 0] ** 2 + 0.25 * (found.iloc[0, 1:] ** 2).sum())
    np.testing.assert_allclose(distance(found.to_numpy(), weight), [by_hand, by_hand])


# Screening


class Toy:
    """A question whose answer is known: one target is the first range, another noise."""

    scenario = SimpleNamespace(
        ranges={name: Range(0.0, 1.0, False, (name,)) for name in ("moves", "pulls", "idle")}
    )
    targets = (
        SimpleNamespace(fact=SimpleNamespace(series="x", firm="y")),
        SimpleNamespace(fact=SimpleNamespace(series="z", firm="y")),
    )

    def answer(self, points, folder, entropy):
        noise = np.random.default_rng(3).standard_normal(len(points["moves"]))
        # The second target does not rise or fall with `pulls`, but is met in the middle alone.
        return np.column_stack([points["moves"], 9.0 * np.abs(points["pulls"] - 0.5) + noise])


def test_screening_keeps_what_moves_a_target_and_what_the_best_points_agree_on(tmp_path):
    found = screen(Toy(), 4_000, 0, tmp_path / "x")
    assert found.kept == ("moves", "pulls")
    assert found.correlation["moves"] > 0.99 and found.correlation["pulls"] < 0.1
    assert found.pinned["pulls"] > 0.2 and found.pinned["idle"] < 0.08


class Noise:
    """A question to which no range is an answer."""

    scenario = SimpleNamespace(
        ranges={f"idle_{i}": Range(0.0, 1.0, False, (f"idle_{i}",)) for i in range(160)}
    )
    targets = tuple(
        SimpleNamespace(fact=SimpleNamespace(series=f"x{i}", firm="y")) for i in range(30)
    )

    def answer(self, points, folder, entropy):
        rng = np.random.default_rng(entropy)
        return rng.standard_normal((len(points["idle_0"]), len(self.targets)))


@pytest.mark.parametrize("count", [100, 1_000, 10_000])
def test_screening_finds_nothing_in_noise_however_few_points_there_are(tmp_path, count):
    for entropy in range(2):
        with pytest.raises(AgentsimError, match=f"screened = {count} .* give more"):
            screen(Noise(), count, entropy, tmp_path / "x")


def test_with_the_points_of_a_calibration_only_what_is_worth_it_decides():
    assert thresholds(20_000, 1_000, 161, 43) == (0.2, 0.1)
    correlation, pinned = thresholds(1_000, 50, 161, 43)
    assert correlation == 0.2 and 0.25 < pinned < 0.35


# Sequential Monte Carlo


def one_is_pinned(generation, turn, points):
    """A distance that knows of one range alone."""
    return np.abs(points["pinned"] - 0.3)


def test_what_the_distance_knows_of_is_pinned_and_the_rest_stays_as_it_was():
    labels = ("pinned", "left_open", "left_too")
    found = smc.sequential(labels, one_is_pinned, 0.3, 400, 5, 0.01, 1)
    last = found[-1]
    assert [each.tolerance for each in found] == sorted((e.tolerance for e in found), reverse=True)
    assert last.tolerance < 0.06 and (last.distance <= last.tolerance).all()
    weight = last.weights / last.weights.sum()
    # The posterior is uniform within the tolerance, and the prior on the others.
    pinned = last.points["pinned"]
    assert abs(weight @ pinned - 0.3) < 0.01
    assert abs(pinned - 0.3).max() <= last.tolerance
    for label in labels[1:]:
        u = last.points[label]
        mean = weight @ u
        assert abs(mean - 0.5) < 0.06
        assert abs(np.sqrt(weight @ (u - mean) ** 2) - 12**-0.5) < 0.04


def test_the_same_entropy_gives_the_same_draws_and_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - it is what is tested
    one, two, other = (
        smc.sequential(("pinned", "open"), one_is_pinned, 0.3, 50, 2, 0.01, entropy)[-1].points[
            "open"
        ]
        for entropy in (7, 7, 8)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002 - it is what is tested


def test_failed_runs_are_never_accepted():
    def some_fail(generation, turn, points):
        apart = one_is_pinned(generation, turn, points)
        return np.where(points["open"] < 0.5, np.inf, apart)

    found = smc.sequential(("pinned", "open"), some_fail, 0.3, 50, 2, 0.01, 1)
    assert min(each.points["open"].min() for each in found) >= 0.5


def generation(weights):
    weights = np.asarray(weights, dtype=float)
    points = {"x": np.arange(len(weights)) / len(weights)}
    return smc.Generation(1.0, 100, len(weights), points, weights, np.zeros(len(weights)))


def test_draws_are_resampled_by_their_weights():
    found = calibrate._resampled(generation([1, 2, 5, 0]), 800, 0)["x"]
    values, counts = np.unique(found, return_counts=True)
    np.testing.assert_allclose(values, [0.0, 0.25, 0.5])
    np.testing.assert_allclose(counts, [100, 200, 500], atol=1)
    assert not (np.diff(found) >= 0.0).all()  # in no order


def test_draws_come_from_the_last_generation_whose_weights_are_even_enough():
    even, uneven = generation(np.ones(100)), generation([1000.0, *np.ones(99)])
    assert even.effective == pytest.approx(100) and uneven.effective < 2
    kept = calibrate._fit_to_draw_from([generation(np.ones(100)), even, uneven], 100)
    assert kept is even


# The command

SMALL = ["--screened", "300", "--population", "40", "--generations", "2", "--draws", "30"]


def started(folder):
    words = [sys.executable, "-m", "agentsim.cli", "calibrate", "--out", str(folder), *SMALL]
    return subprocess.Popen(
        [*words, "--no-figure", "--workers", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_calibrate_goes_on_where_it_was_killed_and_ends_with_the_same_draws(tmp_path):
    whole = started(tmp_path / "whole")
    told, said = whole.communicate(timeout=120)
    assert whole.returncode == 0, said
    assert "marked range" in told and "width left" in told and "Draws:" in said
    killed = started(tmp_path / "killed")
    for _ in range(600):
        if (tmp_path / "killed" / "screening.npy").exists():
            break
        time.sleep(0.05)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed" / "draws.csv").exists()
    kept = (tmp_path / "killed" / "screening.npy").stat().st_mtime_ns
    again = started(tmp_path / "killed")
    assert again.wait(timeout=120) == 0
    again.communicate()
    one, two = ((tmp_path / each / "draws.csv").read_bytes() for each in ("whole", "killed"))
    assert one == two
    assert (tmp_path / "killed" / "screening.npy").stat().st_mtime_ns == kept
    draws = pd.read_csv(tmp_path / "whole" / "draws.csv")
    assert len(draws) == 30 and not draws.isna().any().any()
    ranges = pd.read_csv(tmp_path / "whole" / "ranges.csv")
    assert set(draws.columns) == set(ranges["range"][ranges["fitted"]])
    # What it left is what an experiment takes.
    done = subprocess.run(
        [sys.executable, "-m", "agentsim.cli", "plan", "backtest", "--set",
         f"uncertainty={tmp_path / 'whole' / 'draws.csv'}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"{len(draws.columns)} of them from draws" in done.stdout


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--population", "few"], "--population"),
        (["--population", "-5"], "population = -5"),
        (["--draws", "0"], "0"),
        (["--screened", "3"], "screened = 3"),
        (["no_such_experiment"], "no_such_experiment"),
        (["escalator_war"], "take factors"),
        (["forecast"], "2025Q4"),
    ],
)
def test_mistakes_are_told_in_a_line(tmp_path, words, remedy):
    done = subprocess.run(
        [sys.executable, "-m", "agentsim.cli", "calibrate", "--out", str(tmp_path / "x"), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and remedy in done.stderr
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr
