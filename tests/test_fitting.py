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
from agentsim.fitting import calibrate, record, smc
from agentsim.fitting.screening import screen, thresholds
from agentsim.fitting.targets import TOLERANCES, distance, residuals, targets, weights
from agentsim.report.fitting_figures import ranges_figure
from agentsim.scenario import Scenario

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
        name="toy",
        ranges={name: Range(0.0, 1.0, False, (name,)) for name in ("moves", "pulls", "idle")},
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
    course = smc.sequential(labels, one_is_pinned, 0.3, 400, 5, 0.01, 1)
    assert course.stopped == "that many generations were asked for: 5"
    found = course.generations
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
        smc.sequential(("pinned", "open"), one_is_pinned, 0.3, 50, 2, 0.01, entropy)
        .generations[-1]
        .points["open"]
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
    assert min(each.points["open"].min() for each in found.generations) >= 0.5


def test_weights_are_those_of_pyabc(monkeypatch):
    """All at once, they are what pyABC finds point by point."""
    kept, both = smc._weights, []

    def compared(how, t, z):
        found = kept(how, t, z)
        for row, weight in zip(z[:20], found, strict=False):
            point = {f"z{i:03d}": x for i, x in enumerate(row)}
            both.append((weight, how["weight_function"](0, Parameter(point), 1.0)))
        return found

    from pyabc import Parameter

    monkeypatch.setattr(smc, "_weights", compared)
    monkeypatch.setattr(smc, "AT_ONCE", 500)  # in several goes
    labels = ("pinned", "memory_a", "memory_b", "open")
    smc.sequential(labels, one_is_pinned, 0.3, 60, 3, 0.01, 1)
    ours, theirs = np.array(both).T
    assert len(both) == 60 and ours.std() > 0.0
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def counted(distance):
    """The distance, and a list of how many points were asked in each generation."""
    asked = []

    def evaluate(generation, turn, points):
        asked.extend([0] * (generation + 1 - len(asked)))
        asked[generation] += len(points["x"])
        return distance(generation, points)

    return evaluate, asked


def test_a_generation_that_hardly_accepts_is_given_up_and_it_is_said():
    evaluate, asked = counted(lambda generation, points: points["x"] + 9.0 * (generation == 2))
    course = smc.sequential(("x", "y"), evaluate, 0.5, 100, 9, 0.03, 1)
    assert len(course.generations) == 2
    assert course.stopped.startswith("generation 3, with tolerance 0.1")
    told = f"was given up: 0 of {asked[2]:,} proposals were accepted, less than 3%"
    assert course.stopped.endswith(told)
    assert asked[2] < 0.5 * 100 / 0.03  # it is not gone on with as far as its bound allows


def test_a_generation_that_accepts_too_little_is_bounded_by_what_is_asked_for():
    def rarely(generation, points):
        rng = np.random.default_rng(len(points["x"]))
        return np.where(rng.random(len(points["x"])) < 0.02, 0.1, 9.0)

    evaluate, asked = counted(rarely)
    with pytest.raises(AgentsimError, match=r"population = 600 .* first tolerance, 0\.50: .* give"):
        smc.sequential(("x",), evaluate, 0.5, 600, 9, 0.03, 1)
    assert 600 / 0.03 <= sum(asked) <= 600 / 0.03 + smc.MOST


def test_what_cannot_be_told_any_closer_says_so():
    evaluate, _ = counted(lambda generation, points: np.zeros(len(points["x"])))
    course = smc.sequential(("x",), evaluate, 0.5, 50, 9, 0.03, 1)
    assert course.stopped == "the tolerance cannot be lowered: it is 0"


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
    assert calibrate._to_draw_from([generation(np.ones(100)), even, uneven], 100) == 2
    assert calibrate._to_draw_from([uneven, uneven], 100) == 1


def calibrated(effective, drawn_from, draws):
    told = [record.Told(1.0, 100, 50, each) for each in effective]
    return record.Calibrated(pd.DataFrame(), told, drawn_from, draws, "it had to")


def test_it_is_a_caution_that_draws_are_of_the_first_generation_or_copies():
    assert calibrated([100.0, 60.0], 2, 100).cautions == []
    (alone,) = calibrated([100.0], 1, 100).cautions
    assert "generation 1" in alone and "no other came about" in alone
    (uneven,) = calibrated([100.0, 20.0], 1, 100).cautions
    assert "no later one has 50 effective draws" in uneven and "--population" in uneven
    assert "100 draws are copies of about 20" in calibrated([20.0], 1, 100).cautions[1]


# The picture


@pytest.mark.parametrize("count", [1, 19, 60])
def test_no_word_of_the_picture_runs_into_another_or_out_of_it(count):
    marked = list(Scenario.load("2023Q1").ranges.items())[:count]
    rows = [
        {"range": label, "low": each.low, "high": each.high, "fitted": True}
        | {"u05": 0.2, "u50": 0.4, "u95": 0.9, "width": 0.7 / 0.9}
        for label, each in marked
    ]
    rows[0] |= {"range": "bank_syndicate.other_capex_growth_per_year", "low": -0.012_34}
    drawn = ranges_figure(pd.DataFrame(rows))
    drawn.draw_without_rendering()
    (panel,) = drawn.axes
    words = [each for each in panel.texts + panel.get_yticklabels() if each.get_text()]
    told = {each.get_text() for each in words}
    assert {"low", "high", "unit", "width left", "78%", rows[0]["range"]} <= told
    boxes = [each.get_window_extent() for each in [*words, drawn.legends[0]]]
    edges = np.array([each.extents for each in boxes])
    assert (edges[:, :2] >= 0.0).all() and (edges[:, 2:] <= drawn.bbox.extents[2:]).all()
    for place, box in enumerate(boxes):
        assert box.count_overlaps(boxes[place + 1 :]) == 0, words[place].get_text()


# The command

SMALL = ["--screened", "300", "--population", "40", "--generations", "2", "--draws", "30"]


def started(folder, *more):
    words = [sys.executable, "-m", "agentsim.cli", "calibrate", "--out", str(folder), *SMALL]
    return subprocess.Popen(
        [*words, "--no-figure", "--workers", "1", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_calibrate_goes_on_where_it_was_killed_and_ends_with_the_same_draws(tmp_path):
    whole = started(tmp_path / "whole")
    told, said = whole.communicate(timeout=120)
    assert whole.returncode == 0, said
    assert "marked range" in told and "width left" in told and "Draws:" in said
    assert "generation 2 of at most 2, round 1" in said and "40 of 40 accepted" in said
    assert "It ended because that many generations were asked for: 2." in told
    killed = started(tmp_path / "killed")
    for _ in range(600):
        if (tmp_path / "killed" / "unfinished" / "screening.npy").exists():
            break
        time.sleep(0.05)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed" / "draws.csv").exists()
    again = started(tmp_path / "killed")
    told_again, _ = again.communicate(timeout=120)
    assert again.returncode == 0 and told_again == told
    one, two = ((tmp_path / each / "draws.csv").read_bytes() for each in ("whole", "killed"))
    assert one == two
    # What only served to go on is gone.
    left = {each.name for each in (tmp_path / "killed").iterdir()}
    assert left == {"draws.csv", "ranges.csv", "calibration.json"}
    draws = pd.read_csv(tmp_path / "whole" / "draws.csv")
    assert len(draws) == 30 and not draws.isna().any().any()
    ranges = pd.read_csv(tmp_path / "whole" / "ranges.csv")
    assert draws.columns[0] == "scenario" and set(draws["scenario"]) == {"2023Q1"}
    assert set(draws.columns[1:]) == set(ranges["range"][ranges["fitted"]])
    # What it left is what an experiment takes.
    done = subprocess.run(
        [sys.executable, "-m", "agentsim.cli", "plan", "backtest", "--set",
         f"uncertainty={tmp_path / 'whole' / 'draws.csv'}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"{len(draws.columns) - 1} of them from a table of draws" in done.stdout


class Simulated(Toy):
    """The question with a key, and a note of how often it was asked."""

    key = "as ever"

    def __init__(self):
        self.asked = []
        self.broken = False

    def answer(self, points, folder, entropy):
        if self.broken:
            raise KeyboardInterrupt
        self.asked.append(folder.name)
        filled = {name: np.full(len(points["moves"]), 0.5) for name in self.scenario.ranges}
        return 0.1 * super().answer(filled | points, folder, entropy)


@pytest.fixture
def simulated(monkeypatch):
    question = Simulated()
    monkeypatch.setattr(calibrate, "Question", lambda *given: question)
    monkeypatch.setattr(calibrate, "_wanted", lambda *given: [])
    monkeypatch.setattr(calibrate, "values", lambda points, scenario: points)
    return question


def fitted(folder, said, replace=False, **how):
    settings = calibrate.Settings(screened=2_000, population=60, generations=2, draws=40, **how)
    toy = SimpleNamespace(name="toy")
    return calibrate.calibrate(toy, folder, settings, say=said.append, replace=replace)


def test_what_is_done_is_told_again_and_not_done_again(tmp_path, simulated):
    said = []
    one = fitted(tmp_path, said)
    assert not one.again and said and simulated.asked
    said.clear(), simulated.asked.clear()
    two = fitted(tmp_path, said)
    assert two.again and not said and not simulated.asked
    assert two.generations == one.generations and two.stopped == one.stopped
    pd.testing.assert_frame_equal(two.table, one.table)
    (tmp_path / "draws.csv").unlink()  # without its draws it is not done
    assert not fitted(tmp_path, said).again


def test_another_entropy_than_it_was_begun_with_is_told_in_a_line(tmp_path, simulated):
    said = []
    simulated.broken = True
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path, said)
    simulated.broken = False
    fitted(tmp_path, said, entropy=7)
    told = f"{tmp_path} was begun with entropy = 0; with entropy = 7 all is simulated anew"
    assert said[0] == told and not any("entropy" in each for each in said[1:])
    drawn = (tmp_path / "draws.csv").read_bytes()
    with pytest.raises(AgentsimError, match=r"holds draws made with entropy = 7; .* --replace"):
        fitted(tmp_path, said, entropy=8)
    assert (tmp_path / "draws.csv").read_bytes() == drawn
    fitted(tmp_path, said, replace=True, entropy=8)
    assert (tmp_path / "draws.csv").read_bytes() != drawn


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--population", "few"], "--population 'few' is not a whole number; give 10 or more"),
        (["--population", "-5"], "--population -5 is too small; give 10 or more"),
        (["--draws", "0"], "--draws 0 is too small; give 1 or more"),
        (["--screened", "3"], "--screened 3 is too small; give 100 or more"),
        (["--entropy", "luck"], "--entropy 'luck' is not a whole number; give 0 or more"),
        (["--entropy", "-1"], "--entropy -1 is too small; give 0 or more"),
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
