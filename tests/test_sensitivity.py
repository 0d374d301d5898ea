"""Sensitivity: indices against closed forms, and outcomes matched by cell."""

import builtins
import math

import numpy as np
import pandas as pd
import pytest

from agentsim.analysis.sensitivity import morris, pairs, rank_certainty, sobol, total_indices
from agentsim.errors import AgentsimError

XS = ["x1", "x2", "x3"]
BLOCKS = 2048
LINE = np.array([3.0, -2.0, 1.0])
LEVELS = 4


def problem(low=-math.pi, high=math.pi):
    return {"num_vars": 3, "names": XS, "bounds": [[low, high]] * 3}


def ishigami(x, a=7.0, b=0.1):
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices(a=7.0, b=0.1):
    """First-order and total indices: https://www.sfu.ca/~ssurjano/ishigami.html"""
    one = 0.5 * (1 + b * math.pi**4 / 5) ** 2
    two = a**2 / 8
    both = b**2 * math.pi**8 * (1 / 18 - 1 / 50)
    variance = one + two + both
    first = np.array([one, two, 0.0]) / variance
    return first, np.array([one + both, two, both]) / variance


def saltelli(blocks=BLOCKS, second_order=False, function=ishigami, name="customer_share"):
    from SALib.sample import sobol as sample

    x = sample.sample(problem(), blocks, calc_second_order=second_order, seed=7)
    points = pd.DataFrame(x, columns=XS)
    points["block"] = np.arange(len(x)) // (len(x) // blocks)
    return points, pd.Series(function(x), points.index, name=name)


def trajectories(count=40):
    from SALib.sample import morris as sample

    unit = pd.DataFrame(sample.sample(problem(0, 1), count, num_levels=LEVELS, seed=5), columns=XS)
    points = pd.DataFrame({"block": np.arange(len(unit)) // 4}, unit.index)
    return points, unit, pd.Series(unit.to_numpy() @ LINE, unit.index, name="gain")


@pytest.fixture(scope="module")
def design():
    return saltelli()


def shuffled(series):
    return series.sample(frac=1.0, random_state=3)


# Sobol'


def test_indices_of_ishigami_lie_in_their_intervals(design):
    table = sobol(*design, XS, resamples=300).loc[XS]
    first, total = ishigami_indices()
    for name, true in (("first", first), ("total", total)):
        # 99% intervals of six estimates: one and a half times as wide
        half = 1.5 * (table[f"{name}_high"] - table[name])
        assert (np.abs(table[name] - true) <= half).all()
        assert (half < 0.15).all()


def test_indices_of_a_line_are_shares_of_the_squares():
    table = sobol(*saltelli(function=lambda x: x @ LINE), XS, resamples=100).loc[XS]
    true = LINE**2 / (LINE**2).sum()
    np.testing.assert_allclose(table["first"], true, atol=0.02)
    np.testing.assert_allclose(table["total"], true, atol=0.02)


def test_greatest_total_index_comes_first(design):
    table = sobol(*design, XS, resamples=50)
    assert list(table.index) == ["x1", "x2", "x3"]
    assert table["total"].is_monotonic_decreasing
    assert table.attrs == {"ci": 0.95, "blocks": BLOCKS, "dropped_blocks": 0}


def test_the_order_of_values_changes_nothing(design):
    points, values = design
    pd.testing.assert_frame_equal(
        sobol(points, values, XS, resamples=50),
        sobol(shuffled(points), shuffled(values), XS, resamples=50),
    )


def test_intervals_follow_from_the_entropy_alone(design):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (sobol(*design, XS, resamples=50, entropy=each) for each in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert (one["total_high"] != other["total_high"]).all()
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_second_order_finds_the_pair_that_interacts():
    design = saltelli(512, second_order=True)
    table = sobol(*design, XS, second_order=True, resamples=50)
    found = pairs(table)
    _, total = ishigami_indices()
    assert list(found.loc[0, ["one", "other"]]) == ["x1", "x3"]
    assert found.loc[0, "second"] == pytest.approx(total[2], abs=0.1)
    assert (found["second_low"] < found["second"]).all()
    with pytest.raises(AgentsimError, match="second_order=True"):
        pairs(sobol(*saltelli(16), XS, resamples=10))


# Matching


def test_a_failed_cell_is_named_with_what_to_do(design):
    points, values = design
    values = values.copy()
    values[17] = np.nan
    why = {17: "3 of its runs failed:\na firm had no cash"}
    with pytest.raises(AgentsimError) as error:
        sobol(points, values, XS, reasons=why)
    assert str(error.value) == (
        "cell 17 (block 3) has no value of customer_share: 3 of its runs failed: a firm had no "
        "cash; mend what makes it fail, or drop 1 of 2048 blocks with drop_failed=True (--drop-failed)"
    )


def test_missing_and_infinite_values_count_as_failed(design):
    points, values = design
    values = values.drop(40)
    values[9] = np.inf
    with pytest.raises(AgentsimError, match=r"cell 9 .* and 1 more have none"):
        sobol(points, values, XS)


def test_whole_blocks_are_dropped_on_request(design):
    points, values = design
    table = sobol(points, values.drop([17, 18, 40]), XS, resamples=50, drop_failed=True)
    kept = points[~points["block"].isin([3, 8])]
    pd.testing.assert_frame_equal(table, sobol(kept, values, XS, resamples=50))
    assert table.attrs["dropped_blocks"] == 2
    assert table.attrs["blocks"] == BLOCKS - 2


def test_dimensions_in_another_order_are_refused(design):
    with pytest.raises(AgentsimError, match="not where a Saltelli design has it"):
        sobol(*design, XS[::-1])


def test_cells_numbered_in_another_order_are_refused(design):
    points, values = design
    points = points.iloc[:10].set_axis([0, 2, 1, *range(3, 10)])
    with pytest.raises(AgentsimError, match="x1 of cell"):
        sobol(points, values, XS)


def test_second_order_designs_are_checked_too():
    points, values = saltelli(16, second_order=True)
    with pytest.raises(AgentsimError, match="not where a Saltelli design has it"):
        sobol(points[["x3", "x2", "x1", "block"]], values, ["x3", "x2", "x1"], second_order=True)
    with pytest.raises(AgentsimError, match=r"block 0 has 8 cells, but .* has 5"):
        sobol(points, values, XS)


def test_designs_that_are_not_whole_are_refused(design):
    points, values = design
    with pytest.raises(AgentsimError, match=r"block 0 has 4 cells, but .* has 5"):
        sobol(points.drop(2), values, XS)
    with pytest.raises(AgentsimError, match="cell 0 more than once"):
        sobol(points, pd.concat([values, values[:1]]), XS)
    with pytest.raises(AgentsimError, match="nothing can be said"):
        sobol(points, values * 0.0 + 2.0, XS)
    with pytest.raises(AgentsimError, match="0 of 2048 blocks without"):
        sobol(points, values.iloc[:0], XS, drop_failed=True)
    with pytest.raises(AgentsimError, match="resamples = 1 is too few"):
        sobol(points, values, XS, resamples=1)


# Morris


def test_effects_of_a_line_are_its_slopes():
    table = morris(*trajectories(), XS, LEVELS).loc[XS]
    np.testing.assert_allclose(table["mu"], LINE)
    np.testing.assert_allclose(table["mu_star"], np.abs(LINE))
    np.testing.assert_allclose(table["sigma"], 0.0, atol=1e-12)
    np.testing.assert_allclose(table["mu_star_low"], table["mu_star_high"])


def test_mean_effect_of_a_product_lies_in_its_interval():
    points, unit, _ = trajectories(400)
    values = pd.Series(unit["x1"] * unit["x2"] * 10.0 + unit["x3"], unit.index)
    table = morris(points, unit, values, XS, LEVELS)
    # On the grid 0, 1/3, 2/3, 1 the other factor is 1/2 on average.
    for name in ("x1", "x2"):
        assert table.loc[name, "mu_star_low"] < 5.0 < table.loc[name, "mu_star_high"]
        assert table.loc[name, "sigma"] > 1.0
    assert table.index[-1] == "x3"


def test_morris_matches_by_cell_and_drops_trajectories():
    points, unit, values = trajectories()
    whole = morris(points, unit, values, XS, LEVELS)
    pd.testing.assert_frame_equal(
        whole, morris(points, shuffled(unit), shuffled(values), XS, LEVELS)
    )
    with pytest.raises(AgentsimError, match=r"cell 6 \(block 1\) has no value of gain"):
        morris(points, unit, values.drop(6), XS, LEVELS)
    dropped = morris(points, unit, values.drop(6), XS, LEVELS, drop_failed=True)
    assert dropped.attrs["dropped_blocks"] == 1


def test_trajectories_that_are_none_are_refused():
    points, unit, values = trajectories()
    with pytest.raises(AgentsimError, match=r"once by 0\.6; .*now 6"):
        morris(points, unit, values, XS, 6)
    with pytest.raises(AgentsimError, match="levels = 3 is not an even number"):
        morris(points, unit, values, XS, 3)
    unit.loc[9, "x1"] = 0.5
    with pytest.raises(AgentsimError, match="the trajectory from cell 8"):
        morris(points, unit, values, XS, LEVELS)


def test_rounding_of_the_unit_cube_is_no_step():
    points, unit, values = trajectories()
    noisy = unit + np.random.default_rng(2).uniform(-1e-12, 1e-12, unit.shape)
    pd.testing.assert_frame_equal(
        morris(points, noisy, values, XS, LEVELS), morris(points, unit, values, XS, LEVELS)
    )


# Ranks


@pytest.mark.parametrize("second_order", [False, True])
def test_our_total_index_is_salibs(second_order):
    points, values = saltelli(256, second_order)
    table = sobol(points, values, XS, second_order, resamples=10).loc[XS]
    own = total_indices(values.to_numpy().reshape(256, -1), 3)[0]
    np.testing.assert_allclose(own, table["total"], rtol=1e-12)


def test_a_resample_is_the_design_with_blocks_repeated():
    _, values = saltelli(8)
    y = values.to_numpy().reshape(8, -1)
    weights = np.array([[2.0, 0, 1, 1, 0, 3, 1, 0]])
    repeated = np.repeat(y, weights[0].astype(int), axis=0)
    np.testing.assert_allclose(total_indices(y, 3, weights), total_indices(repeated, 3), rtol=1e-12)


def test_clear_ranks_are_certain_and_equal_ones_are_not():
    points, values = saltelli(256, function=lambda x: x @ np.array([3.0, 1.0, 1.0]))
    table = rank_certainty(points, values, XS, top=2, resamples=400)
    assert table.index[0] == "x1"
    assert table.loc["x1", "in_top"] == 1.0
    assert list(table.loc["x1", ["rank", "rank_low", "rank_high"]]) == [1, 1, 1]
    for name in ("x2", "x3"):
        assert 0.1 < table.loc[name, "in_top"] < 0.9
    assert table["in_top"].sum() == pytest.approx(2.0)


def test_certainty_of_ranks_follows_from_cells_and_entropy_alone():
    points, values = saltelli(64)
    one = rank_certainty(points, values, XS, top=1, resamples=150)
    pd.testing.assert_frame_equal(
        one, rank_certainty(points, shuffled(values), XS, top=1, resamples=150)
    )
    with pytest.raises(AgentsimError, match="top = 4 of 3 dimensions"):
        rank_certainty(points, values, XS, top=4)


def test_without_salib_the_remedy_is_told(design, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("SALib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AgentsimError, match=r"needs SALib; pip install 'agentsim\[sensitivity\]'"):
        sobol(*design, XS)
    assert rank_certainty(*design, XS, top=1, resamples=10).index[0] == "x1"


def test_a_cell_of_which_some_runs_failed_has_no_value(tmp_path, monkeypatch):
    from batches import ran, sampled

    from agentsim.analysis.reading import sensitivity_of, values_of
    from agentsim.batch import simulating
    from agentsim.errors import AgentsimError
    from agentsim.simulation import Simulation

    class Fails(Simulation):
        def run(self):
            super().run()
            self.status[self.runs == 1] = "failed: made to"  # run 1 of the first block

    monkeypatch.setattr(simulating, "Simulation", Fails)
    results = ran(sampled("sobol", runs=2), tmp_path / "out")
    assert (results.runs()["status"] != "ok").any()
    values = values_of(results, "capex")
    block = results.cells.set_index("cell")["base"]
    assert values[block == 0].isna().all() and values[block > 0].notna().all()
    with pytest.raises(AgentsimError, match=r"cell 0 .*: 1 of its runs failed: made to; mend"):
        sensitivity_of(results, "capex")
    results.manifest["set_aside"] = {"00000": "made to"}
    with pytest.raises(AgentsimError, match="set aside; `agentsim run` with --retry"):
        sensitivity_of(results, "capex")


def test_what_cannot_be_analysed_is_refused_in_one_line(tmp_path):
    from batches import ran, refused, sampled

    from agentsim.analysis.reading import discovery_of, sensitivity_of

    results = ran(sampled("sobol", runs=1), tmp_path / "out")
    refused(["outcome 'capx'", "nearest: capex"], sensitivity_of, results, "capx")
    refused(["outcome 'capx'", "nearest: capex"], discovery_of, results, "capx", above=1.0)
    for bounds, told in (
        ({}, "neither is given"),
        ({"above": 1.0, "below": 2.0}, "above = 1.0 and below = 2.0 is given"),
        ({"below": float("nan")}, "below = nan is given"),
    ):
        refused([told, "above=0.95, or --above 0.95"], discovery_of, results, "capex", **bounds)
    results.manifest["status"] = "interrupted"
    refused(["is not complete", "to its end"], sensitivity_of, results, "capex")
