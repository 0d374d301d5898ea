"""Factors of an experiment: how they are written, what they mean, and what is refused."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.batch.distributions import Lognormal, Normal
from agentsim.batch.factors import Levels, parse, plain, resolve_marked
from agentsim.batch.spreads import Between, Marked, Spread
from agentsim.calibration.draws import Range
from agentsim.errors import AgentsimError
from agentsim.scenario import Scenario

RANGES = Scenario.load("2025Q4").ranges
NAME = "demand_elasticity"
UNIT = np.linspace(0.0, 1.0, 201)

numbers = st.floats(-1e6, 1e6).map(lambda each: round(each, 6))
positive = st.floats(0.001, 1e6).map(lambda each: round(each, 6))
shapes = st.floats(0.05, 100.0)
flags = st.booleans()


def ends(of: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, float]]:
    pairs = st.tuples(of, of).filter(lambda pair: pair[0] != pair[1])
    return pairs.map(lambda pair: {"low": min(pair), "high": max(pair)})


def table(**keys: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(keys)


def merged(
    bounds: st.SearchStrategy[dict[str, float]], rest: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(bounds, rest).map(lambda both: both[0] | both[1])


def of(kind: str) -> st.SearchStrategy[str]:
    return st.just(kind)


whole_ends = ends(st.integers(-50, 50).map(float))
spreads = st.one_of(
    merged(ends(numbers), table(scale=of("linear"))),
    merged(ends(positive), table(scale=of("log"))),
    merged(whole_ends, table(whole=flags)),
    table(distribution=of("normal"), mean=numbers, sd=positive),
    table(distribution=of("normal"), mean=of(0.0), sd=of(2.0), whole=flags, high=of(3)),
    table(distribution=of("normal"), mean=of(1.0), sd=of(2.0), low=st.floats(-9, 3)),
    table(distribution=of("lognormal"), median=positive, sigma=st.floats(0.01, 5.0)),
    merged(ends(numbers), table(distribution=of("beta"), a=shapes, b=shapes)),
    merged(ends(numbers), table(distribution=of("uniform"))),
    merged(ends(positive), table(distribution=of("loguniform"))),
    st.tuples(ends(numbers), st.floats(0.0, 1.0)).map(
        lambda drawn: {
            "distribution": "triangular",
            **drawn[0],
            "mode": min(
                drawn[0]["low"] + drawn[1] * (drawn[0]["high"] - drawn[0]["low"]), drawn[0]["high"]
            ),
        }
    ),
)
grids = st.tuples(ends(positive), st.integers(2, 9), st.sampled_from(["linear", "log"])).map(
    lambda drawn: {
        "from": drawn[0]["low"],
        "to": drawn[0]["high"] + 1.0,
        "count": drawn[1],
        "scale": drawn[2],
    }
)
texts = st.text("abcxyz_", min_size=1, max_size=8)
lists = st.lists(st.one_of(numbers, st.integers(-99, 99), texts), min_size=1, unique=True)


@settings(max_examples=200, deadline=None)
@given(st.one_of(spreads, grids, lists, st.just("marked")))
def test_what_is_written_down_is_read_back_the_same(form: Any) -> None:
    factor = parse(NAME, form)
    again = parse(NAME, json.loads(json.dumps(plain(factor))))
    assert again == factor
    assert hash(again) == hash(factor)
    assert parse(NAME, factor) == factor


@settings(max_examples=200, deadline=None)
@given(spreads)
def test_quantiles_rise_and_stay_within_their_bounds(form: dict[str, Any]) -> None:
    spread = parse(NAME, form)
    assert isinstance(spread, Spread) and not spread.marked
    values = spread.at(UNIT)
    low, high = spread.bounds
    assert np.all(np.isfinite(values)) and np.all(np.diff(values) >= 0.0)
    assert (low, high) == (values[0], values[-1])
    if "low" in form:
        assert low >= form["low"]
    if "high" in form:
        assert high <= form["high"]
    if form.get("whole"):
        assert np.array_equal(values, np.round(values))


@settings(max_examples=100, deadline=None)
@given(spreads, st.floats(0.01, 0.99))
def test_a_ceiling_cuts_the_top_off_and_keeps_the_rank(form: dict[str, Any], share: float) -> None:
    spread = parse(NAME, form)
    assert isinstance(spread, Spread)
    low, high = spread.bounds
    ceiling = np.full_like(UNIT, low + share * (high - low))
    values = spread.below(UNIT, ceiling)
    assert np.all(values <= ceiling) and np.all(np.diff(values) >= 0.0)
    free = spread.below(UNIT, np.full_like(UNIT, np.inf))
    assert np.allclose(free, spread.at(UNIT), rtol=1e-6, atol=1e-9 * (high - low))
    nothing = spread.below(UNIT, np.full_like(UNIT, low - 1.0))
    assert np.all(nothing <= low - 1.0)


def test_a_range_is_uniform_in_its_scale_and_meets_both_ends() -> None:
    u = np.array([0.0, 0.5, 1.0])
    linear, log = (
        parse(NAME, {"low": 1, "high": 9}),
        parse(NAME, {"low": 1, "high": 9, "scale": "log"}),
    )
    assert isinstance(linear, Spread) and isinstance(log, Spread)
    assert linear.at(u).tolist() == [1.0, 5.0, 9.0]
    assert log.at(u) == pytest.approx([1.0, 3.0, 9.0], rel=1e-12)
    assert log.bounds == (1.0, 9.0)
    assert parse(NAME, {"distribution": "uniform", "low": 1, "high": 9}) == linear
    assert parse(NAME, {"distribution": "loguniform", "low": 1, "high": 9}) == log


def test_whole_numbers_of_a_range_are_equally_likely() -> None:
    spread = parse("shell_quarters", {"low": 4, "high": 8, "whole": True})
    assert isinstance(spread, Spread)
    drawn = spread.at((np.arange(500) + 0.5) / 500)
    assert [int(np.sum(drawn == number)) for number in range(4, 9)] == [100] * 5
    assert np.array_equal(drawn, Range(4.0, 8.0, True, ()).at((np.arange(500) + 0.5) / 500))


def test_a_grid_meets_both_ends_exactly() -> None:
    linear = parse(NAME, {"from": 0.8, "to": 2.0, "count": 5})
    log = parse(NAME, {"from": 0.1, "to": 1000.0, "count": 5, "scale": "log"})
    assert isinstance(linear, Levels) and isinstance(log, Levels)
    assert linear.values == pytest.approx((0.8, 1.1, 1.4, 1.7, 2.0))
    assert log.values == pytest.approx((0.1, 1.0, 10.0, 100.0, 1000.0))
    assert (linear.values[0], linear.values[-1]) == (0.8, 2.0)
    assert (log.values[0], log.values[-1]) == (0.1, 1000.0)


def test_numpy_s_numbers_and_arrays_are_read_as_python_s() -> None:
    assert parse(NAME, np.array([1.0, 2.0])) == Levels((1.0, 2.0))
    assert parse(NAME, (1, 2)) == Levels((1, 2))
    found = parse(NAME, {"low": np.float32(0.5), "high": np.int64(2)})
    assert found == Between(0.5, 2.0) and json.dumps(plain(found))


def test_tails_without_a_bound_are_cut_to_the_central_part() -> None:
    low, high = Normal(10.0, 2.0).bounds
    assert (low, high) == pytest.approx((10.0 - 3.2905 * 2.0, 10.0 + 3.2905 * 2.0), abs=1e-3)
    low, high = Lognormal(3.0, 0.5).bounds
    assert low * high == pytest.approx(9.0)
    assert Lognormal(3.0, 0.5).at(np.array([0.5]))[0] == pytest.approx(3.0)


def test_truncation_keeps_the_shape_between_the_bounds() -> None:
    spread = Normal(0.0, 1.0, low=0.0, high=1.0)
    assert spread.bounds == pytest.approx((0.0, 1.0), abs=1e-12)
    # Half of what lies between 0 and 1 standard deviations is below 0.4418.
    assert spread.at(np.array([0.5]))[0] == pytest.approx(0.4418, abs=1e-4)
    one_sided = Normal(0.0, 1.0, low=0.0)
    assert one_sided.bounds[0] == pytest.approx(0.0, abs=1e-12)
    assert math.isfinite(one_sided.bounds[1]) and one_sided.bounds[1] > 3.0


@pytest.mark.parametrize("name", ["choke_price_ratio", "demand_elasticity", "shell_quarters"])
def test_a_marked_range_is_that_of_the_calibration(name: str) -> None:
    marked = parse(name, "marked")
    assert marked == Marked() and marked.marked
    resolved = resolve_marked(name, RANGES)
    assert resolved.marked and plain(resolved) == "marked"
    assert np.array_equal(resolved.at(UNIT), RANGES[name].at(UNIT))
    with pytest.raises(AgentsimError, match="look its range up"):
        marked.at(UNIT)


def test_a_marked_range_is_found_by_a_single_firm_s_name() -> None:
    label, marked = next((label, r) for label, r in RANGES.items() if label not in r.names)
    assert resolve_marked(marked.names[0], RANGES) == resolve_marked(label, RANGES)


def test_an_unmarked_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(AgentsimError, match="demand_elasticity") as caught:
        resolve_marked("demand_elastcity", RANGES)
    assert "\n" not in str(caught.value)


NORMAL = {"distribution": "normal", "mean": 1, "sd": 1}
LOGNORMAL = {"distribution": "lognormal", "median": 1, "sigma": 1}
BETA = {"distribution": "beta", "a": 1, "b": 1, "low": 0, "high": 1}
TRIANGULAR = {"distribution": "triangular", "low": 0, "mode": 1, "high": 2}
WRONG: dict[str, tuple[Any, list[str]]] = {
    "the wrong way round": ({"low": 3, "high": 2}, ["low = 3", "high = 2", "swap them"]),
    "no wider than a point": ({"low": 2, "high": 2}, ["not below", "brackets"]),
    "a missing end": ({"low": 3}, ["high is missing", "add it"]),
    "an empty table": ({}, ["low is missing"]),
    "a misspelt key": ({"lo": 1, "high": 2}, ["key 'lo'", "nearest: low"]),
    "a key of another form": ({"low": 1, "high": 2, "mean": 1}, ["key 'mean'"]),
    "a scale that is none": ({"low": 1, "high": 2, "scale": "lg"}, ["scale 'lg'", "nearest: log"]),
    "a log scale from zero": ({"low": 0, "high": 2, "scale": "log"}, ["low = 0", "linear scale"]),
    "true for a number": ({"low": True, "high": 2}, ["low = True", "not a number"]),
    "text for a number": ({"low": "1", "high": 2}, ["low = '1'", "not a number"]),
    "not a number": ({"low": float("nan"), "high": 2}, ["low = nan", "finite"]),
    "infinity": ({"low": 1, "high": float("inf")}, ["high = inf", "finite"]),
    "a huge whole number": ({"low": 1, "high": 10**400}, ["high = 1000", "finite"]),
    "whole between numbers": ({"low": 0.5, "high": 2, "whole": True}, ["low = 0.5", "round it"]),
    "whole neither way": ({"low": 1, "high": 2, "whole": 1}, ["whole = 1", "true nor false"]),
    "a grid of one": ({"from": 1, "to": 2, "count": 1}, ["count = 1", "from 2"]),
    "a broken grid": ({"from": 1, "to": 2, "count": 2.5}, ["count = 2.5", "whole number"]),
    "a grid without count": ({"from": 1, "to": 2}, ["count is missing"]),
    "a grid the wrong way": ({"from": 2, "to": 1, "count": 3}, ["from = 2", "to = 1", "swap"]),
    "a log grid from below zero": (
        {"from": -1, "to": 1, "count": 3, "scale": "log"},
        ["from = -1", "above 0"],
    ),
    "a grid finer than numbers": (
        {"from": 1, "to": 1 + 1e-15, "count": 99},
        ["count = 99", "fewer"],
    ),
    "a misspelt distribution": (NORMAL | {"distribution": "norml"}, ["'norml'", "nearest: normal"]),
    "a distribution that is no text": ({"distribution": ["normal"]}, ["distribution ['normal']"]),
    "no deviation": (NORMAL | {"sd": 0}, ["sd = 0", "above 0"]),
    "bounds far out": (NORMAL | {"low": 90}, ["low = 90", "widen"]),
    "bounds of a normal": (NORMAL | {"low": 2, "high": 1}, ["low = 2", "swap"]),
    "a median below zero": (LOGNORMAL | {"median": -1}, ["median = -1", "above 0"]),
    "a wild sigma": (LOGNORMAL | {"sigma": 300}, ["sigma = 300", "lower it"]),
    "a lognormal from zero": (LOGNORMAL | {"low": 0}, ["low = 0", "take it out"]),
    "no mean": ({"distribution": "normal", "sd": 1}, ["mean is missing"]),
    "a shape of zero": (BETA | {"a": 0}, ["a = 0", "between"]),
    "a mode outside": (TRIANGULAR | {"mode": 3}, ["mode = 3", "between"]),
    "text that is not marked": ("markd", ["'markd'", '"marked"']),
    "a number": (3, ["= 3", "brackets"]),
    "no levels": ([], ["no levels"]),
    "a level twice": ([1, 1.0], ["twice"]),
    "a level that is true": ([True, 2], ["True"]),
    "a level that is no number": ([float("nan")], ["nan", "finite"]),
    "a level that is a list": ([[1]], ["list"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_line_with_field_value_and_remedy(case: str) -> None:
    form, words = WRONG[case]
    with pytest.raises(AgentsimError) as caught:
        parse(NAME, form)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(NAME)
    assert all(word in text for word in words), text


def test_python_s_own_mistakes_are_refused_as_a_file_s_are() -> None:
    with pytest.raises(AgentsimError, match="sd = -1 is not above 0"):
        Normal(0.0, -1.0)
