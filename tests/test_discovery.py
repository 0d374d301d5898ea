"""Scenario discovery: a planted box is found, told honestly, and drawn."""

import builtins
import logging

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from agentsim.analysis.discovery import boxes, choose
from agentsim.errors import AgentsimError
from agentsim.report.box_figure import box_figure
from agentsim.report.sensitivity_figures import morris_figure, sobol_figure

CELLS = 600


def planted(seed=1, noise=0.02):
    """Cells in which it holds for wide demand and short lives, but for a little noise."""
    rng = np.random.default_rng(seed)
    cells = np.arange(CELLS) + 10
    conditions = pd.DataFrame(rng.uniform(size=(CELLS, 5)), cells, list("abcde"))
    conditions["life"] = rng.integers(2, 8, CELLS)
    conditions["scenario"] = rng.choice(["calm", "tight", "wild"], CELLS)
    holds = (conditions["a"] > 0.4) & (conditions["life"] <= 4) & (conditions["scenario"] != "calm")
    holds ^= rng.random(CELLS) < noise
    return conditions, holds.rename("hyperscalers_lose")


def pure_noise(seed=3):
    rng = np.random.default_rng(seed)
    conditions = pd.DataFrame(rng.uniform(size=(200, 12)), columns=list("abcdefghijkl"))
    return conditions, pd.Series(rng.random(200) < 0.3, name="luck")


@pytest.fixture(scope="module")
def found():
    return boxes(*planted())


def test_a_planted_box_is_found(found):
    assert set(found.limits) == {"a", "life", "scenario"}
    assert found.limits["a"][0] == pytest.approx(0.4, abs=0.06)
    assert 4.0 < found.limits["life"][1] < 5.0
    assert found.limits["scenario"] == ("tight", "wild")
    assert found.reached
    assert found.density.value > 0.8 and found.coverage.value > 0.7


def test_numbers_of_the_box_are_those_of_its_cells(found):
    conditions, holds = planted()
    within = found.inside(conditions)
    assert found.density.value == pytest.approx(holds[within].mean())
    assert found.coverage.value == pytest.approx(within[holds].mean())
    assert found.mass == pytest.approx(within.mean())
    assert found.base_rate == pytest.approx(holds.mean())
    row = found.trajectory.iloc[found.chosen]
    assert row["density"] == pytest.approx(found.density.value)
    assert row["coverage"] == pytest.approx(found.coverage.value)
    assert row["cells"] == within.sum()


def test_intervals_hold_the_box_fixed(found):
    n = found.mass * CELLS
    half = 1.96 * np.sqrt(found.density.value * (1 - found.density.value) / n)
    assert found.density.high - found.density.low == pytest.approx(2 * half, rel=0.2)
    assert found.coverage.low < found.coverage.value < found.coverage.high


def test_limits_have_quasi_p_values_on_the_side_they_limit(found):
    table = found.table
    assert table.loc["a", "qp_low"] < 0.01 and np.isnan(table.loc["a", "qp_high"])
    assert table.loc["life", "qp_high"] < 0.01 and np.isnan(table.loc["life", "qp_low"])
    assert table.loc["scenario", "texts"] == "tight, wild"
    assert found.quasi_p["scenario"][0] < 0.01


def test_the_order_of_cells_changes_nothing(found):
    conditions, holds = planted()
    again = boxes(
        conditions.sample(frac=1.0, random_state=1), holds.sample(frac=1.0, random_state=2)
    )
    assert (again.limits, again.density, again.held_out_density) == (
        found.limits,
        found.density,
        found.held_out_density,
    )
    pd.testing.assert_frame_equal(again.trajectory, found.trajectory)


def test_a_sound_box_is_as_good_on_cells_it_has_not_seen(found):
    assert found.held_out_density.value > 0.75
    assert found.held_out_coverage.value > 0.5


def test_a_box_of_noise_is_dense_only_where_it_was_found():
    found = [boxes(*pure_noise(seed)) for seed in range(3, 9)]
    assert all(each.density.low > each.base_rate for each in found)
    unseen = np.mean([each.held_out_density.value for each in found])
    assert unseen == pytest.approx(np.mean([each.base_rate for each in found]), abs=0.06)


def test_cells_of_a_block_are_resampled_and_held_out_together():
    conditions, holds = planted(noise=0.0)
    holds ^= pd.Series(np.random.default_rng(5).random(CELLS // 10) < 0.1).repeat(10).to_numpy()
    block = pd.Series(np.arange(CELLS) // 10, conditions.index)
    alone, together = boxes(conditions, holds), boxes(conditions, holds, block=block)
    assert together.limits == alone.limits
    assert together.density.high - together.density.low > alone.density.high - alone.density.low
    with pytest.raises(AgentsimError, match="block has no cell 13"):
        boxes(conditions, holds, block=block.drop(13))


# The rule


def test_fewest_dimensions_then_greatest_coverage_are_chosen():
    rows = [(0, 0.3, 1.0), (1, 0.7, 0.9), (2, 0.82, 0.5), (2, 0.81, 0.6), (3, 0.95, 0.61)]
    trajectory = pd.DataFrame(rows, columns=["dimensions", "density", "coverage"])
    assert choose(trajectory, 0.8) == 3
    assert choose(trajectory, 0.9) == 4
    assert choose(trajectory, 0.2) == 0


def test_if_none_is_dense_enough_the_densest_that_covers_a_fifth_is_chosen():
    rows = [(0, 0.3, 1.0), (1, 0.5, 0.25), (2, 0.7, 0.15)]
    trajectory = pd.DataFrame(rows, columns=["dimensions", "density", "coverage"])
    assert choose(trajectory, 0.8) == 1


def test_what_holds_nearly_everywhere_needs_no_condition():
    conditions, holds = planted()
    easy = boxes(conditions, holds | (np.arange(CELLS) % 10 > 0))
    assert easy.limits == {} and easy.chosen == 0 and easy.mass == 1.0
    assert easy.table.empty


# Matching


def test_cells_without_an_outcome_are_named_or_dropped():
    conditions, holds = planted()
    with pytest.raises(AgentsimError) as error:
        boxes(conditions, holds.drop([12, 15]), reasons={12: "2 runs failed"})
    assert str(error.value) == (
        "cell 12 has no value of hyperscalers_lose, and 1 more have none: 2 runs failed; "
        "mend what makes it fail, or drop 2 of 600 cells with drop_failed=True (--drop-failed)"
    )
    unknown = holds.astype(object)
    unknown[12] = np.nan
    with pytest.raises(AgentsimError, match="cell 12 has no value"):
        boxes(conditions, unknown)
    assert boxes(conditions, unknown, drop_failed=True).dropped_cells == 1


def test_what_cannot_be_searched_is_refused():
    conditions, holds = planted()
    cases = [
        ((conditions, holds & False), "holds in 0 of 600 cells"),
        ((conditions, holds | True), "does not hold in 0 of 600 cells"),
        ((conditions, holds.astype(float) * 2.0), "neither true nor false"),
        ((conditions[["a"]] * 0.0, holds), "same in every cell"),
        ((conditions.where(conditions["b"] > 0.5), holds), "is missing"),
        ((pd.concat([conditions, conditions[:1]]), holds), "cell 10 more than once"),
        ((conditions, holds, 80), "density = 80 is not in"),
    ]
    for given, told in cases:
        with pytest.raises(AgentsimError, match=told):
            boxes(*given)


def test_nothing_is_left_behind(capsys, caplog, recwarn):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    palette, level = mpl.rcParams["axes.prop_cycle"], logging.getLogger("EMA").level
    boxes(*pure_noise())
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert mpl.rcParams["axes.prop_cycle"] == palette
    assert logging.getLogger("EMA").level == level
    assert capsys.readouterr() == ("", "")
    assert not caplog.records and not recwarn.list


def test_without_ema_workbench_the_remedy_is_told(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("ema_workbench"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AgentsimError, match=r"pip install 'agentsim\[discovery\]'"):
        boxes(*planted())


# Figures


def words(figure):
    import matplotlib.text

    return [each.get_text() for each in figure.findobj(matplotlib.text.Text)]


def test_a_figure_of_a_box_tells_its_conditions(found):
    told = "\n".join(words(box_figure(found, *planted(), names={"a": "how wide demand is"})))
    assert "how wide demand is\n≥ 0.39 of 0.00 to 1.00" in told
    assert "tight or wild" in told
    assert "hyperscalers lose" in told


def test_a_figure_of_no_box_is_drawn():
    conditions, holds = planted()
    holds |= np.arange(CELLS) % 10 > 0
    easy = boxes(conditions, holds)
    assert "no condition is needed" in words(box_figure(easy, conditions, holds))


def sensitivity_table(columns, count=20):
    rng = np.random.default_rng(0)
    middle = np.sort(rng.exponential(0.1, count))[::-1]
    names = pd.Index([f"hyperscaler.custom_fit_{i}" for i in range(count)])
    return pd.DataFrame({each: middle + shift for each, shift in columns.items()}, names)


def test_a_figure_of_indices_shows_the_greatest_and_counts_the_rest():
    bounds = {"_low": -0.02, "": 0.0, "_high": 0.02}
    table = sensitivity_table({n + b: s for n in ("first", "total") for b, s in bounds.items()})
    told = words(sobol_figure(table, "customers' share", most=6))
    assert "hyperscaler: custom fit 0" in told and "hyperscaler: custom fit 6" not in told
    assert any("14 more dimensions" in each for each in told)


def test_names_in_a_figure_of_effects_do_not_overlap():
    table = sensitivity_table({"mu_star_low": -0.02, "mu_star": 0.0, "mu_star_high": 0.02})
    table["sigma"] = 0.5 * table["mu_star"]
    figure = morris_figure(table, "customers' surplus ($bn)")
    [panel] = figure.axes
    names = [each for each in panel.texts if each.get_text().startswith("hyperscaler")]
    extents = [each.get_window_extent() for each in names]
    assert len(names) >= 8
    assert not any(
        one.overlaps(other) for i, one in enumerate(extents) for other in extents[i + 1 :]
    )
