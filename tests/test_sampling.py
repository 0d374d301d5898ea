"""Samplers: where they put points, in which order and blocks, and what they refuse."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.batch.factors import Factor, Levels, parse, resolve_marked
from agentsim.batch.points import MOST_POINTS, Points, sample_table
from agentsim.batch.samplers import Sampler, parse_sampler, plain
from agentsim.batch.sampling import sample
from agentsim.batch.spreads import Spread
from agentsim.calibration.draws import CLEARANCE, stratified
from agentsim.errors import AgentsimError
from agentsim.scenario import Scenario

RANGES = Scenario.load("2025Q4").ranges


def alone(**forms: Any) -> dict[str, dict[str, Factor]]:
    return {name: {name: parse(name, form)} for name, form in forms.items()}


RANGE = {"low": 0.0, "high": 1.0}
CUBE = alone(a=RANGE, b={"low": 1.0, "high": 100.0, "scale": "log"}, c=RANGE)
KINDS = ["latin_hypercube", "sobol", "morris"]


def refused(words: list[str], *of: Any, by: Any = sample) -> None:
    with pytest.raises(AgentsimError) as caught:
        by(*of)
    text = str(caught.value)
    assert "\n" not in text
    assert all(word in text for word in words), text


def equal(first: Points, second: Points) -> bool:
    return (
        first.dimensions == second.dimensions
        and np.array_equal(first.unit, second.unit)
        and np.array_equal(first.block, second.block)
        and first.columns.keys() == second.columns.keys()
        and all(np.array_equal(first.columns[n], second.columns[n]) for n in first.columns)
    )


samplers = st.one_of(
    st.just(Sampler("factorial")),
    st.builds(Sampler, st.just("latin_hypercube"), points=st.integers(1, 1000)),
    st.builds(
        Sampler,
        st.just("sobol"),
        points=st.integers(0, 12).map(lambda power: 2**power),
        second_order=st.booleans(),
    ),
    st.builds(
        Sampler,
        st.just("morris"),
        trajectories=st.integers(2, 99),
        levels=st.integers(1, 50).map(lambda half: 2 * half),
    ),
    st.builds(Sampler, st.just("table"), file=st.text("abc/.", min_size=1)),
)


@given(samplers)
def test_a_sampler_that_is_written_down_is_read_back_the_same(sampler: Sampler) -> None:
    assert parse_sampler(plain(sampler)) == sampler
    assert parse_sampler(sampler) == sampler


def test_a_sampler_as_usual_is_written_as_its_name() -> None:
    assert plain(Sampler("sobol")) == "sobol"
    assert parse_sampler("sobol").points == 256
    assert parse_sampler({"kind": "latin_hypercube"}).points == 100
    assert plain(Sampler("sobol", points=512)) == {"kind": "sobol", "points": 512}


WRONG: dict[str, tuple[Any, list[str]]] = {
    "no such kind": ("sobel", ["'sobel'", "nearest: sobol"]),
    "no such kind in a table": ({"kind": "moris"}, ["'moris'", "nearest: morris"]),
    "no kind": ({"points": 3}, ["kind is missing"]),
    "neither text nor table": (3, ["sampler = 3", "sobol"]),
    "a misspelt key": ({"kind": "sobol", "point": 4}, ["key 'point'", "nearest: points"]),
    "a key of another kind": ({"kind": "sobol", "levels": 4}, ["levels", "morris", "take it out"]),
    "a key of two others": ({"kind": "morris", "points": 4}, ["latin_hypercube and sobol"]),
    "no power of two": ({"kind": "sobol", "points": 300}, ["points = 300", "256 or 512"]),
    "no points": ({"kind": "sobol", "points": 0}, ["points = 0", "between"]),
    "too many points": (
        {"kind": "latin_hypercube", "points": MOST_POINTS + 1},
        ["points = 1000001", "between"],
    ),
    "half a point": ({"kind": "latin_hypercube", "points": 1.5}, ["points = 1.5", "whole"]),
    "true points": ({"kind": "latin_hypercube", "points": True}, ["points = True", "whole"]),
    "odd levels": ({"kind": "morris", "levels": 5}, ["levels = 5", "4 or 6"]),
    "one trajectory": ({"kind": "morris", "trajectories": 1}, ["trajectories = 1", "between"]),
    "second order as a number": ({"kind": "sobol", "second_order": 1}, ["second_order = 1"]),
    "no file": ("table", ["file is missing"]),
    "a file that is no text": ({"kind": "table", "file": 3}, ["file = 3", "quotes"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_sampler_is_refused_in_one_line(case: str) -> None:
    form, words = WRONG[case]
    refused(["sampler", *words], form, by=parse_sampler)


# Factorial


def test_a_factorial_is_the_product_with_the_last_moving_fastest() -> None:
    points = sample(Sampler("factorial"), alone(a=[1, 2], b=["x", "y", "z"], c=[0.5]), 0)
    assert points.columns["a"].tolist() == [1, 1, 1, 2, 2, 2]
    assert points.columns["b"].tolist() == ["x", "y", "z"] * 2
    assert points.columns["c"].tolist() == [0.5] * 6
    assert points.columns["a"].dtype == np.float64 and points.columns["b"].dtype == object
    assert points.block.tolist() == [0] * 6 and points.dimensions == ("a", "b", "c")
    assert points.unit.shape == (6, 3) and len(points) == 6


@settings(max_examples=50)
@given(st.lists(st.integers(1, 6), max_size=4))
def test_a_factorial_meets_every_combination_once(counts: list[int]) -> None:
    dimensions = alone(**{f"f{i}": list(range(count)) for i, count in enumerate(counts)})
    points = sample(Sampler("factorial"), dimensions, 0)
    rows = list(zip(*(points.columns[name].tolist() for name in dimensions), strict=True))
    assert len(points) == np.prod(counts, dtype=int)
    assert rows == sorted(set(rows))


def test_linked_levels_move_together() -> None:
    linked = {"pair": {"a": Levels((1, 2)), "b": Levels(("x", "y"))}, **alone(c=[7, 8])}
    points = sample(Sampler("factorial"), linked, 0)
    assert points.columns["a"].tolist() == [1, 1, 2, 2]
    assert points.columns["b"].tolist() == ["x", "x", "y", "y"]
    assert points.columns["c"].tolist() == [7, 8, 7, 8]
    assert points.dimensions == ("pair", "c")


def test_linked_ranges_share_their_place() -> None:
    linked = {
        "pair": {"a": parse("a", {"low": 0, "high": 1}), "b": parse("b", {"low": 0, "high": 2})}
    }
    points = sample(Sampler("latin_hypercube"), linked, 0)
    assert points.unit.shape == (100, 1)
    assert np.allclose(points.columns["b"], 2.0 * points.columns["a"])


def test_what_cannot_be_sampled_is_refused_in_one_line() -> None:
    factorial = Sampler("factorial")
    refused(["a is a range", "grid", "sampler"], factorial, alone(a=RANGE), 0)
    unequal = {"pair": {"a": Levels((1, 2)), "b": Levels((1, 2, 3))}}
    refused(["pair", "a has 2", "b has 3"], factorial, unequal, 0)
    refused(["pair", "no factors"], factorial, {"pair": {}}, 0)
    twice = {"one": {"a": Levels((1,))}, "two": {"a": Levels((1,))}}
    refused(["a is on two dimensions"], factorial, twice, 0)
    many = alone(**{f"f{i}": list(range(100)) for i in range(4)})
    refused(["100000000 points", "fewer levels"], factorial, many, 0)
    refused(["entropy = -1"], factorial, {}, -1)
    refused(["entropy = 0.5"], factorial, {}, 0.5)
    for kind in KINDS:
        refused([kind, "nothing to vary"], Sampler(kind), {}, 0)
    refused(["1310720 points", "lower points"], Sampler("sobol", points=2**18), CUBE, 0)
    refused(["1200000 points", "lower"], Sampler("morris", trajectories=300_000), CUBE, 0)


# Points in the unit cube


@pytest.mark.parametrize("kind", KINDS)
def test_same_entropy_same_points(kind: str) -> None:
    first, again, other = (sample(Sampler(kind), CUBE, entropy) for entropy in (7, 7, 8))
    assert equal(first, again)
    assert not np.array_equal(first.unit, other.unit)
    assert first.unit.min() >= 0.0 and first.unit.max() <= 1.0


def test_points_are_the_same_in_another_process() -> None:
    code = (
        "from agentsim.batch.factors import parse\n"
        "from agentsim.batch.samplers import Sampler\n"
        "from agentsim.batch.sampling import sample\n"
        "cube = {n: {n: parse(n, {'low': 0, 'high': 1})} for n in 'abc'}\n"
        f"for kind in {KINDS}: print(sample(Sampler(kind), cube, 3).unit.tobytes().hex())"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    cube = alone(a=RANGE, b=RANGE, c=RANGE)
    assert output == [sample(Sampler(kind), cube, 3).unit.tobytes().hex() for kind in KINDS]


def test_a_latin_hypercube_meets_each_part_of_each_dimension_once() -> None:
    points = sample(Sampler("latin_hypercube", points=50), CUBE, 5)
    for column in range(3):
        assert sorted(np.floor(points.unit[:, column] * 50)) == list(range(50))
    assert points.block.tolist() == list(range(50))
    assert np.array_equal(points.columns["a"], points.unit[:, 0])
    assert np.array_equal(points.unit[:, 1], stratified(50, (5, 1), "b"))


def test_a_latin_hypercube_keeps_its_columns_when_a_factor_is_added() -> None:
    few = sample(Sampler("latin_hypercube"), alone(a=RANGE), 5)
    assert np.array_equal(
        few.columns["a"], sample(Sampler("latin_hypercube"), CUBE, 5).columns["a"]
    )


def test_levels_are_met_equally_often_in_a_latin_hypercube() -> None:
    levels = alone(a=["x", "y", "z", "w"])
    drawn = sample(Sampler("latin_hypercube", points=200), levels, 1).columns["a"]
    assert all(np.sum(drawn == each) == 50 for each in "xyzw")


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("dimensions", [CUBE, alone(a=RANGE)])
def test_a_sobol_block_is_a_and_one_of_b_at_a_time(dimensions: Any, second_order: bool) -> None:
    k = len(dimensions)
    size = 2 * k + 2 if second_order else k + 2
    points = sample(Sampler("sobol", points=16, second_order=second_order), dimensions, 2)
    assert points.block.tolist() == [block for block in range(16) for _ in range(size)]
    for block in range(16):
        rows = points.unit[points.block == block]
        A, B = rows[0], rows[-1]
        for i in range(k):
            expected = A.copy()
            expected[i] = B[i]
            assert np.array_equal(rows[1 + i], expected)
            assert np.flatnonzero(rows[1 + i] != A).tolist() == [i]
            if second_order:
                assert np.flatnonzero(rows[1 + k + i] != B).tolist() == [i]


@pytest.mark.parametrize("levels", [2, 4, 8, 10])
def test_a_morris_step_moves_along_one_dimension(levels: int) -> None:
    points = sample(Sampler("morris", trajectories=30, levels=levels), CUBE, 4)
    assert points.block.tolist() == [block for block in range(30) for _ in range(4)]
    step = levels / (2 * (levels - 1))
    for block in range(30):
        moves = np.diff(points.unit[points.block == block], axis=0)
        assert np.count_nonzero(moves, axis=1).tolist() == [1, 1, 1]
        assert np.count_nonzero(moves, axis=0).tolist() == [1, 1, 1]
        assert np.abs(moves).max(axis=1) == pytest.approx(step)
    assert len(np.unique(points.unit)) == levels


def test_a_morris_step_reaches_another_level_however_few_there_are() -> None:
    for count in (2, 3, 4, 5):
        points = sample(Sampler("morris"), alone(a=list(range(count)), b=RANGE), 0)
        for block in range(20):
            assert len(set(points.columns["a"][points.block == block])) == 2, count


def test_without_salib_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("sobol", "morris"):
        monkeypatch.setitem(sys.modules, f"SALib.sample.{kind}", None)
        words = [f"sampler {kind} needs SALib", "pip install 'agentsim[sensitivity]'"]
        refused(words, Sampler(kind), CUBE, 0)


# Elasticities

ELASTICITIES: dict[str, Any] = {
    "marked": {
        name: {name: resolve_marked(name, RANGES)}
        for name in ("demand_elasticity", "saturated_elasticity")
    },
    "ranges": alone(
        saturated_elasticity={"low": 0.1, "high": 0.99}, demand_elasticity={"low": 0.3, "high": 2}
    ),
    "distribution": alone(
        demand_elasticity=[0.3, 2.0],
        saturated_elasticity={
            "distribution": "normal",
            "mean": 0.7,
            "sd": 0.3,
            "low": 0.05,
            "high": 0.99,
        },
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ELASTICITIES)
def test_saturated_elasticity_stays_below_the_other_and_keeps_its_rank(
    case: str, kind: str
) -> None:
    dimensions = ELASTICITIES[case]
    points = sample(Sampler(kind), dimensions, 3)
    steep = points.columns["demand_elasticity"]
    flat = points.columns["saturated_elasticity"]
    assert np.all(flat <= CLEARANCE * np.minimum(steep, 1.0))
    u = points.unit[:, list(dimensions).index("saturated_elasticity")]
    for each in np.unique(steep):
        order = np.argsort(u[steep == each], kind="stable")
        assert np.all(np.diff(flat[steep == each][order]) >= 0.0)


def test_demand_elasticity_alone_is_left_as_it_is() -> None:
    points = sample(Sampler("latin_hypercube"), alone(demand_elasticity=RANGE), 3)
    assert np.array_equal(points.columns["demand_elasticity"], points.unit[:, 0])
    spread = parse("saturated_elasticity", RANGE)
    assert isinstance(spread, Spread)
    points = sample(Sampler("latin_hypercube"), {"s": {"saturated_elasticity": spread}}, 3)
    assert np.array_equal(points.columns["saturated_elasticity"], points.unit[:, 0])


# Tables


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "points.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_a_table_s_columns_are_numbers_or_text(tmp_path: Path) -> None:
    text = 'demand_elasticity, lineup.oracle\n1,restrain\n\n0.5,"escalate(x=1, y=2)"\n'
    path = written(tmp_path, text, "utf-8-sig")
    points = sample(Sampler("table", file=str(path)), {}, 0)
    assert list(points.columns) == ["demand_elasticity", "lineup.oracle"]
    assert points.columns["demand_elasticity"].tolist() == [1.0, 0.5]
    assert points.columns["demand_elasticity"].dtype == np.float64
    assert points.columns["lineup.oracle"].tolist() == ["restrain", "escalate(x=1, y=2)"]
    assert points.places == (f"{path}, line 2", f"{path}, line 4")
    assert points.block.tolist() == [0, 1]
    assert points.dimensions == () and points.unit.shape == (2, 0)


TABLES = {
    "a missing value": ("a,b\n1,2\n1,\n", ["line 3", "b has no value"]),
    "a ragged row": ("a,b\n1,2\n\n1,2,3\n", ["line 4", "3 values in 2 columns"]),
    "a column twice": ("a,a\n1,2\n", ["line 1", "column a", "twice"]),
    "no names": ("1,2\n3,4\n", ["line 1", "column '1'", "demand_elasticity"]),
    "no rows": ("a,b\n", ["no points"]),
    "nothing": ("", ["no points"]),
    "not a number": ("a\n1\nnan\n", ["line 3", "a = nan", "finite"]),
    "text among numbers": ("a\n1\nx\n", ["line 3", "a = 'x'", "no number", "mend"]),
    "an underscore": ("a\n1_2\n3\n", ["line 2", "a = '1_2'", "no number"]),
    "digits of another script": ("a\n3\n\u0661\u0662\n", ["line 3", "no number"]),
    "infinity": ("a\n-Infinity\n3\n", ["line 2", "finite"]),
    "an open quote": ('a\n1\n"2\n', ["line 3", "mend"]),
}


@pytest.mark.parametrize("text", ["1", "-2", "+.5", "3.", "1e3", "2.5E-1"])
def test_plain_numbers_are_numbers(text: str, tmp_path: Path) -> None:
    points = sample_table(written(tmp_path, f"a\n{text}\n"))
    assert points.columns["a"].tolist() == [float(text)]


@pytest.mark.parametrize("case", TABLES)
def test_a_broken_table_is_refused_with_file_and_line(case: str, tmp_path: Path) -> None:
    text, words = TABLES[case]
    path = written(tmp_path, text)
    refused([str(path), *words], path, by=sample_table)


def test_a_table_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    refused(["does not exist"], tmp_path / "none.csv", by=sample_table)
    refused(["folder"], tmp_path, by=sample_table)
    refused(["line 2", "UTF-8"], written(tmp_path, "a\né\n", "latin-1"), by=sample_table)
    refused(["cannot be read"], "a\0b", by=sample_table)
    table = Sampler("table", file="points.csv")
    refused(["a", "from its file", "take"], table, alone(a=[1]), 0)
