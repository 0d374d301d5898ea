"""Results: reading runs, series and draws back by the labels of their cells, and by SQL."""

import shutil

import numpy as np
import pandas as pd
import pytest
from batches import calibrated, ran, refused, sampled, small, stopped_after

from agentsim.batch.design import Deviation, Variant
from agentsim.batch.results import Results
from agentsim.outcomes import OUTCOMES


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return ran(
        small(
            variants=[Variant(name="close", set={"substitution": 50.0})],
            deviations=[Deviation(firm="firm_1", own=["restrain", "match"], others=["restrain"])],
            series=["service_price", "capex", "hyperscaler.debt", "hyperscaler.cash"],
            series_runs=4,
        ),
        tmp_path_factory.mktemp("results") / "small",
    )


LABELS = ["kind", "variant", "firm", "own", "others", "lineup.hyperscaler", "demand_elasticity"]
ONE = {"kind": "main", "lineup.hyperscaler": "restrain", "demand_elasticity": 2}


def test_runs_have_their_labels_and_every_outcome(results):
    runs = results.runs()
    assert len(runs) == (4 + 4 + 4) * 6
    assert list(runs.columns[:8]) == ["cell", *LABELS]
    assert list(runs.columns[8:10]) == ["run", "status"]
    assert (
        set(OUTCOMES) < set(runs.columns) == {"cell", "run", "status", *LABELS, *results.outcomes}
    )
    cells = runs.groupby("kind")["cell"].nunique().to_dict()
    assert cells == {"main": 4, "deviation": 4, "variant": 4}
    assert runs["run"].tolist() == list(range(6)) * 12
    assert results.labels == tuple(LABELS)
    assert results.factors == ("lineup.hyperscaler", "demand_elasticity")


def test_runs_are_picked_by_outcome_and_label(results):
    whole = results.runs()
    some = results.runs(["capex", "revenue"], kind="variant", demand_elasticity=[1.4])
    expected = whole[(whole["kind"] == "variant") & (whole["demand_elasticity"] == 1.4)]
    expected = expected[["cell", *LABELS, "run", "status", "capex", "revenue"]]
    pd.testing.assert_frame_equal(some, expected.reset_index(drop=True), check_exact=True)
    assert set(results.runs("capex", variant=None)["kind"]) == {"main", "deviation"}


def test_an_outcome_of_one_cell_is_an_array_by_run(results):
    surplus = results.outcome("customer_surplus", **ONE)
    assert surplus.shape == (6,)
    same = {"kind": "deviation", "own": "restrain", "demand_elasticity": 2.0}
    np.testing.assert_array_equal(surplus, results.outcome("customer_surplus", **same))


def test_names_and_levels_that_are_not_there_are_one_line(results):
    refused(["leave 2 cells"], results.outcome, "capex", kind="main", demand_elasticity=2)
    refused(["nearest: customer_surplus"], results.outcome, "costumer_surplus", **ONE)
    refused(
        ["demand_elasticity = 3.0 is in no row", "1.4, 2.0"], results.runs, demand_elasticity=3.0
    )
    refused(["column", "nearest: variant"], results.runs, varant="close")
    refused(["series:", "nearest: capex"], results.series, "capx")
    refused(["role", "nearest: hyperscaler"], results.series, role="hyperscalr")
    refused(["keeps no such series", "lender."], results.series, role="lender")
    refused(["series:", "nearest: capex"], results.bands, "capx")


def test_cells_are_a_table(results):
    cells = results.cells
    assert list(cells.columns) == ["cell", "runs_of", "block", "base", *LABELS]
    assert cells["cell"].tolist() == list(range(12)) and set(cells["block"]) == {0}
    assert cells["demand_elasticity"].dtype == np.float64


def test_cells_of_a_sample_say_where_they_lie_in_the_unit_cube(tmp_path):
    results = ran(sampled("sobol"), tmp_path / "x")
    cells = results.cells
    assert list(cells.columns[-2:]) == ["u0", "u1"]
    assert results.factors == ("demand_elasticity", "substitution")
    np.testing.assert_allclose(cells["demand_elasticity"], 1.2 + 0.8 * cells["u0"])
    assert cells["block"].tolist() == [0] * 4 + [1] * 4


def test_draws_are_a_row_a_draw(results, tmp_path):
    assert results.draws["run"].tolist() == list(range(6))
    drawn = ran(calibrated(runs=3, horizon=2), tmp_path / "x").draws
    assert list(drawn.columns[:1]) == ["run"] and len(drawn) == 3
    assert {"economic_life", "hyperscaler.training_share"} < set(drawn.columns)
    apart = ran(calibrated(runs=3, horizon=2, luck="independent"), tmp_path / "y").draws
    assert list(apart.columns[:2]) == ["block", "run"] and len(apart) == 12
    assert apart["economic_life"].nunique() == 12


def test_draws_that_were_not_written_are_worked_out_again(tmp_path):
    results = ran(calibrated(runs=3, horizon=2), tmp_path / "x")
    written = results.draws.copy()
    (results.folder / "draws.parquet").unlink()
    again = type(results).open(results.folder).draws
    pd.testing.assert_frame_equal(again, written, check_exact=True)


# Series


def test_series_are_kept_of_the_first_runs(results):
    series = results.series()
    assert list(series.columns) == ["cell", *LABELS, "run", "quarter", "service_price", "capex"]
    assert len(series) == 12 * 4 * 5
    assert set(series["run"]) == set(range(4)) and set(series["quarter"]) == set(range(5))
    assert (series.loc[series["quarter"] == 0, "service_price"] == 1.0).all()
    assert results.series_names == ("service_price", "capex")
    one = results.series("capex", **ONE)
    expected = series[(series["cell"] == one["cell"].iloc[0])][[*one.columns]]
    expected = expected.reset_index(drop=True)
    pd.testing.assert_frame_equal(one, expected, check_exact=True, check_dtype=False)


def test_series_of_firms_are_a_row_a_firm(results):
    firms = results.series(role="hyperscaler", kind="main")
    count = firms["firm"].nunique()
    labels = [*LABELS[:2], "deviator", *LABELS[3:]]
    assert list(firms.columns) == ["cell", *labels, "run", "quarter", "firm", "debt", "cash"]
    assert set(results.series(role="hyperscaler", kind="deviation")["deviator"]) == {"firm_1"}
    assert len(firms) == 4 * 4 * 5 * count
    assert firms["firm"].tolist()[:count] == [f"firm_{i + 1}" for i in range(count)]
    only = results.series("debt", role="hyperscaler", kind="main")
    assert list(only.columns)[-1] == "debt" and "cash" not in only.columns


def test_bands_are_percentiles_over_runs(results):
    bands = results.bands("capex", **ONE)
    assert bands["quarter"].tolist() == list(range(5))
    wide = results.series("capex", **ONE).pivot(index="run", columns="quarter", values="capex")
    wide = wide.astype(np.float64)
    np.testing.assert_allclose(bands["mean"], wide.mean(), rtol=1e-12)
    for name, level in (("p05", 0.05), ("p25", 0.25), ("p50", 0.5), ("p95", 0.95)):
        np.testing.assert_allclose(bands[name], wide.quantile(level), rtol=1e-12)


def test_a_run_can_be_looked_into_as_a_market(results, tmp_path):
    drawn = ran(calibrated(luck="independent", runs=3, horizon=3), tmp_path / "x")
    for one, cell in ((results, 2), (results, 9), (drawn, 3)):
        market = one.market(cell=cell, run=1).run()
        row = one.runs().query("cell == @cell and run == 1")
        for name in one.outcomes:
            assert market.outcomes()[name].item() == row[name].item(), name


# SQL


def test_sql_reads_every_table(results):
    assert results.sql("select count(*) as n from runs where kind = 'main'")["n"].item() == 24
    mean = results.sql('select avg(capex) as x from runs where "demand_elasticity" = 2')["x"].item()
    assert mean == pytest.approx(results.runs("capex", demand_elasticity=2)["capex"].mean())
    counts = {
        table: results.sql(f"select count(*) as n from {table}")["n"].item()
        for table in ("outcomes", "cells", "series", "hyperscaler", "draws")
    }
    firms = results.series(role="hyperscaler")["firm"].nunique()
    assert counts == {
        "outcomes": 60,
        "cells": 12,
        "series": 10 * 4 * 5,
        "hyperscaler": 10 * 4 * 5 * firms,
        "draws": 6,
    }


def test_sql_that_makes_no_sense_is_one_line(results):
    refused(["sql:", "capx"], results.sql, "select capx from runs")
    refused(["sql:"], results.sql, "selct\n1")


def test_only_the_outcomes_asked_for_are_kept(results, tmp_path):
    some = ran(small(outcomes=["capex", "value.firm_1"]), tmp_path / "x")
    assert some.outcomes == ("capex", "value.firm_1")
    whole = results.runs(some.outcomes, kind="main")
    pd.testing.assert_series_equal(some.runs()["capex"], whole["capex"], check_exact=True)
    assert set(some.summary()["outcome"]) == {"capex", "value.firm_1"}


def test_a_contrast_takes_several_outcomes(results):
    names = ["capex", "total_surplus"]
    found = results.contrast(0, 1, names)
    assert found["outcome"].tolist() == names
    one = results.contrast(0, 1, "capex")
    pd.testing.assert_frame_equal(found.iloc[:1], one)


def test_results_show_themselves_in_a_line(results):
    assert "\n" not in repr(results) and len(repr(results)) < 200


def test_results_outlast_the_table_of_their_points(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "points.csv"
    table.write_text("substitution,demand_elasticity\n3,1.4\n5,1.8\n")
    given = calibrated(runs=3, factors={}, sampler={"kind": "table", "file": "points.csv"})
    results = ran(given, tmp_path / "out")
    draws, market = results.draws, results.market(1, 2).run()
    (tmp_path / "out" / "draws.parquet").unlink()
    table.write_text("substitution,demand_elasticity\n9,1.1\n")  # changed, and then gone
    for gone in (False, True):
        if gone:
            table.unlink()
        again = Results.open(tmp_path / "out")
        pd.testing.assert_frame_equal(again.draws, draws, check_exact=True)
        same = again.market(1, 2).run()
        assert same.outcomes()["capex"].item() == market.outcomes()["capex"].item()
    assert again.experiment.sampling.file == str(tmp_path / "out" / "points.csv")
    ran(again.experiment, tmp_path / "anew")
    pd.testing.assert_frame_equal(Results.open(tmp_path / "anew").runs(), again.runs())
    monkeypatch.chdir("/")
    assert len(again.runs()) == 6


def test_a_query_that_is_none_is_one_line(results):
    for query in ("", "  ", ";", None, 7, "-- nothing"):
        refused(["sql"], results.sql, query)


def test_a_query_reads_and_does_not_write(results, tmp_path):
    file = tmp_path / "x.csv"
    for query in (
        f"copy (select 1) to '{file}'",
        "create table x as select 1",
        f"attach '{tmp_path / 'x.db'}' as x",
        "drop view runs",
        f"select 1; copy (select 1) to '{file}'",
        f"explain analyze copy (select 1) to '{file}'",
    ):
        refused(["sql", "select"], results.sql, query)
    assert not list(tmp_path.iterdir())
    assert results.sql("with x as (select 2 as y) select y from x")["y"].item() == 2
    assert len(results.sql("from cells limit 3")) == 3
    assert len(results.sql("describe runs")) > 3


def test_results_without_their_runs_say_so(tmp_path):
    lost = ran(small(), tmp_path / "x")
    shutil.rmtree(tmp_path / "x" / "outcomes")
    again = Results.open(lost.folder)
    assert again.outcomes == ()
    for ask in (again.runs, again.summary, lambda: again.summary(by="kind")):
        refused(["holds no runs yet", "run the experiment"], ask)


def test_a_damaged_file_is_found_whatever_the_case_of_a_table_s_name(tmp_path):
    results = ran(small(), tmp_path / "x")
    (file,) = (tmp_path / "x" / "outcomes").iterdir()
    content = bytearray(file.read_bytes())
    content[-8 - int.from_bytes(content[-8:-4], "little") - 1] ^= 1  # the last number of all
    file.write_bytes(content)
    for name in ("runs", "RUNS", "Outcomes"):
        refused(["is damaged"], Results.open(results.folder).sql, f"select sum(capex) from {name}")


def test_a_table_that_lies_in_what_is_replaced_is_kept(tmp_path):
    (tmp_path / "points.csv").write_text("substitution\n3\n5\n")
    table = {"kind": "table", "file": str(tmp_path / "points.csv")}
    first = ran(small(factors={}, sampler=table), tmp_path / "x")
    (tmp_path / "points.csv").unlink()
    again = ran(Results.open(first.folder).experiment, tmp_path / "x", replace=True)
    assert again.complete and (tmp_path / "x" / "points.csv").exists()
    assert len(again.cells) == 2


def test_before_the_first_run_is_done_answers_say_so(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stopped_after(0, patch)
        with pytest.raises(KeyboardInterrupt):
            ran(small(series=["capex"]), tmp_path / "x")
    early = Results.open(tmp_path / "x")
    asks = (
        early.runs, early.summary, lambda: early.series("capex"),
        lambda: early.contrast(0, 1, "capex"), lambda: early.sql("select * from runs"),
    )  # fmt: skip
    for ask in asks:
        refused(["holds no runs yet"], ask)
