"""Store: what a folder holds, whose it is, and how a batch goes on from what is there."""

import contextlib
import json
import os
import subprocess

import numpy as np
import pandas as pd
import pytest
from batches import calibrated, counted, ran, refused, same_tables, small, stopped_after
from pyarrow import parquet

from agentsim.batch import (
    engine,
    fingerprint,
    joining,
    manifest,
    parts,
    simulating,
    store,
    summaries,
    work,
)
from agentsim.batch.design import Deviation, Experiment, Variant
from agentsim.batch.manifest import changes, commit
from agentsim.batch.plan import make
from agentsim.batch.results import Results
from agentsim.batch.simulating import failed
from agentsim.failures import OK

SERIES = ["capex", "service_price", "hyperscaler.debt"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return ran(
        small(
            variants=[Variant(name="close", set={"substitution": 50.0})],
            deviations=[Deviation(firm="firm_1", own=["restrain", "match"], others=["restrain"])],
            series=SERIES,
        ),
        tmp_path_factory.mktemp("store") / "small",
        command=["agentsim", "run", "small.toml"],
    )


# What is in it


def test_a_folder_holds_what_it_should(results):
    names = {file.name for file in results.folder.iterdir()}
    files = {"manifest.json", "cells.parquet", "draws.parquet", "summary.csv"}
    assert names - {store.LOCK} == files | {"outcomes", "series", "hyperscaler"}
    assert [file.name for file in results.folder.parent.iterdir()] == ["small"]
    for table in ("outcomes", "series", "hyperscaler"):
        assert [file.name for file in (results.folder / table).iterdir()] == ["00000.parquet"]
    summary = pd.read_csv(results.folder / "summary.csv")
    assert len(summary) == len(results.cells) * len(results.outcomes)


def test_series_are_kept_only_where_they_are_asked_for(tmp_path):
    results = ran(small(runs=2), tmp_path / "x")
    assert not (results.folder / "series").exists()
    assert results.series_names == ()
    refused(['add series = ["capex"] to the experiment'], results.series)
    refused(['series = ["hyperscaler.cash"]'], results.series, role="hyperscaler")


def test_a_manifest_says_how_to_get_the_same_again(results):
    manifest = results.manifest
    assert results.experiment == Experiment(**manifest["experiment"])
    assert manifest["entropy"] == 5 and manifest["luck"] == "shared"
    assert len(manifest["spec_sha256"]) == len(manifest["plan_key"]) == 64
    assert {"python", "packages", "cpu_features", "start", "end", "failures"} <= set(manifest)
    assert manifest["packages"]["numpy"] == np.__version__
    assert manifest["command"] == ["agentsim", "run", "small.toml"]
    assert (manifest["rows"], manifest["runs_simulated"]) == (72, 60)  # own = others is shared
    assert manifest["status"] == "complete" and results.complete
    assert manifest["engine"] == "here" and manifest["workers"] == 1
    assert manifest["set_aside"] == {} and manifest["adaptive"] is None
    model = manifest["model"]
    assert "strategies/hyperscaler/best_response.py" in model and "simulation.py" in model
    assert "strategies/hyperscaler/escalate.py" not in model  # nobody follows it


def test_the_manifest_says_whether_the_code_was_changed(tmp_path):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True)

    assert commit(tmp_path) is None
    git("init", "-q")
    (tmp_path / "code.py").write_text("x = 1\n")
    git("add", ".")
    git("commit", "-qm", "x")
    assert commit(tmp_path)["dirty"] is False and "diff" not in commit(tmp_path)
    (tmp_path / "code.py").write_text("x = 2\n")
    assert commit(tmp_path)["dirty"] is True
    assert "code.py" in commit(tmp_path)["changed"][0]
    assert "+x = 2" in commit(tmp_path)["diff"]
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.md").write_text("no code\n")
    (tmp_path / "strategies" / "new one").mkdir(parents=True)
    (tmp_path / "strategies" / "new one" / "bold.py").write_text("y = 3\n")
    found = commit(tmp_path)
    assert found["changed"] == ["code.py", "strategies/new one/bold.py"]
    assert "+x = 2" in found["diff"] and "+y = 3" in found["diff"]
    git("checkout", "-q", "code.py")
    assert commit(tmp_path)["dirty"] is True  # a new strategy is a change


def test_the_manifest_says_how_much_of_a_long_difference_it_leaves_out(tmp_path, monkeypatch):
    (tmp_path / "strategies").mkdir()
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    (tmp_path / "strategies" / "long.py").write_text("z = 1\n" * 100)
    whole = commit(tmp_path)
    assert "diff_left_out" not in whole
    monkeypatch.setattr(manifest, "MOST_DIFF", 300)
    cut = commit(tmp_path)
    assert len(cut["diff"]) == 300 and cut["diff_left_out"] == len(whole["diff"]) - 300
    assert cut["diff_sha256"] == whole["diff_sha256"]
    said = []
    monkeypatch.setattr(manifest, "commit", lambda: cut)
    ran(small(), tmp_path / "out", say=said.append)
    assert any(f"leaves out {cut['diff_left_out']} characters" in line for line in said)


def test_the_same_experiment_twice_leaves_equal_files(results, tmp_path):
    again = ran(results.experiment, tmp_path / "again")
    for path in sorted(results.folder.rglob("*.*")):
        if path.name not in ("manifest.json", store.LOCK):
            name = path.relative_to(results.folder)
            assert (again.folder / name).read_bytes() == path.read_bytes(), name


def test_files_are_joined_until_they_are_large(monkeypatch, tmp_path):
    assert store.LEAST_ROWS >= 20_000
    monkeypatch.setattr(store, "LEAST_ROWS", 50)
    experiment = small(runs=33, series=["capex"])
    results = ran(experiment, tmp_path / "x", chunk_runs=7)
    files = sorted((results.folder / "outcomes").iterdir())
    rows = [len(parts.read(file, ["run"])) for file in files]
    assert sum(rows) == 4 * 33 and min(rows) >= 50 and len(rows) == 2
    assert len(list((results.folder / "series").iterdir())) > 2  # rows count, and not runs
    assert not (results.folder / parts.PARTS).exists()
    same_tables(results, ran(experiment, tmp_path / "whole"))


def test_summaries_do_not_hang_on_how_files_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "LEAST_ROWS", 30)
    monkeypatch.setattr(summaries, "ROWS", 40)
    monkeypatch.setattr(summaries.even, "__defaults__", (40,))
    whole = ran(small(runs=50), tmp_path / "whole").summary()
    for size in (7, 33, 120):
        found = ran(small(runs=50), tmp_path / str(size), chunk_runs=size)
        pd.testing.assert_frame_equal(found.summary(), whole, check_exact=True)
        text = (found.folder / "summary.csv").read_bytes()
        assert text == (tmp_path / "whole" / "summary.csv").read_bytes()


def test_tables_of_which_little_is_kept_are_joined_further(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "LEAST_ROWS", 12)
    experiment = small(runs=12, series=SERIES, series_runs=1)  # five rows a cell, and no more
    results = ran(experiment, tmp_path / "x", chunk_runs=4)
    for table, per_run in (("outcomes", 1), ("series", 5), ("hyperscaler", 20)):
        files = sorted((results.folder / table).iterdir())
        rows = [len(parts.read(file, ["run"])) for file in files]
        assert sum(rows) == (48 if table == "outcomes" else 4 * per_run), table
        assert min(rows) >= 12, table
    same_tables(results, ran(experiment, tmp_path / "whole"))


def test_duplicates_of_a_cell_are_rows_of_their_own(results):
    runs = results.runs("customer_surplus")
    assert len(runs) == (4 + 4 + 4) * 6
    assert sum(len(parts.read(f)) for f in (results.folder / "outcomes").iterdir()) == 60
    shared = results.cells.query("cell != runs_of")
    assert shared["own"].tolist() == ["restrain"] * 2
    for cell, source in zip(shared["cell"], shared["runs_of"], strict=True):
        one, other = (runs.loc[runs["cell"] == each, "customer_surplus"] for each in (cell, source))
        assert one.tolist() == other.tolist()
        assert set(runs.loc[runs["cell"] == cell, "kind"]) == {"deviation"}
    everywhere = results.sql("select count(*) as n from runs")["n"].item()
    assert everywhere == 72
    assert set(results.series("capex")["cell"]) == set(range(12))


# Going on


def test_what_is_complete_is_not_done_again(tmp_path, monkeypatch):
    names = counted(monkeypatch)
    one = ran(small(), tmp_path / "x", chunk_runs=10)
    assert names == ["0-000000", "0-000001", "0-000002"]
    before = {path: path.read_bytes() for path in (one.folder / "outcomes").iterdir()}
    again = ran(small(), tmp_path / "x")
    assert len(names) == 3
    assert before == {path: path.read_bytes() for path in (again.folder / "outcomes").iterdir()}
    assert again.manifest == one.manifest  # who only looks again leaves no trace
    assert again.manifest["chunk_runs"] == 10
    assert ran(small(), tmp_path / "x", chunk_runs=3).manifest["chunk_runs"] == 10


def test_an_interrupted_batch_keeps_what_is_done_and_goes_on(tmp_path, monkeypatch):
    experiment = small(series=SERIES)
    with monkeypatch.context() as patch:
        stopped_after(2, patch)
        with pytest.raises(
            KeyboardInterrupt, match=r"after 12 of 24 runs, which are kept; the same"
        ):
            ran(experiment, tmp_path / "x", chunk_runs=6)
    half = Results.open(tmp_path / "x")
    assert half.manifest["status"] == "interrupted" and not half.complete
    assert half.manifest["runs_simulated"] == 12
    assert len(half.runs()) == 12 and half.runs()["status"].eq(OK).all()
    assert half.summary(outcomes="capex")["n"].tolist() == [6, 6, 0, 0]
    assert len(half.series("capex")) == 12 * 5
    assert len(half.sql("select * from runs")) == 12

    names = counted(monkeypatch)
    refused(["chunk_runs = 5 is not that of", "6"], ran, experiment, tmp_path / "x", chunk_runs=5)
    done = ran(experiment, tmp_path / "x")
    assert names == ["0-000002", "0-000003"]
    assert done.complete and done.manifest["chunk_runs"] == 6
    same_tables(done, ran(experiment, tmp_path / "whole"))


@pytest.mark.parametrize("files", [0, 1, 3, 4, 5])
def test_an_interruption_while_files_are_joined_costs_nothing(tmp_path, monkeypatch, files):
    monkeypatch.setattr(store, "LEAST_ROWS", 12)
    experiment = small(series=SERIES)
    left = [files]
    join = joining._join

    def stop(*given):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return join(*given)

    with monkeypatch.context() as patch:
        patch.setattr(joining, "_join", stop)
        with pytest.raises(KeyboardInterrupt):
            ran(experiment, tmp_path / "x", chunk_runs=4)
    assert len(Results.open(tmp_path / "x").runs()) == 24
    names = counted(monkeypatch)
    same_tables(ran(experiment, tmp_path / "x"), ran(experiment, tmp_path / "whole"))
    assert names == ["0-000000"]  # of the whole one


@pytest.mark.parametrize("stopped", [0, 2, 5, 9, 14])
@pytest.mark.parametrize("before", [12, 30])
def test_files_that_were_joined_by_other_rules_are_joined_anew(
    tmp_path, monkeypatch, before, stopped
):
    """As an older version may have left them; whenever it is interrupted in this."""
    experiment = small(series=SERIES)
    monkeypatch.setattr(store, "LEAST_ROWS", before)
    ran(experiment, tmp_path / "x", chunk_runs=4)
    monkeypatch.setattr(store, "LEAST_ROWS", 42 - before)
    left, write = [stopped], parts.write

    def stop(*given):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return write(*given)

    names = counted(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(joining, "write", stop)
        with contextlib.suppress(KeyboardInterrupt):
            ran(experiment, tmp_path / "x")
    done = ran(experiment, tmp_path / "x")
    assert names == [] and done.complete
    whole = ran(experiment, tmp_path / "whole", chunk_runs=4)
    for path in sorted(whole.folder.rglob("*.parquet")):
        name = path.relative_to(whole.folder)
        assert (done.folder / name).read_bytes() == path.read_bytes(), name
    assert not (done.folder / parts.PARTS).exists()


def test_failures_of_earlier_sessions_are_not_forgotten(tmp_path, monkeypatch):
    def sets_aside(order):
        return work.set_aside(order, "it hung")

    with monkeypatch.context() as patch:
        stopped = [2]

        def two(order):
            if not stopped[0]:
                raise KeyboardInterrupt
            stopped[0] -= 1
            return sets_aside(order)

        patch.setattr(engine, "do", two)
        with pytest.raises(KeyboardInterrupt):
            ran(small(), tmp_path / "x", chunk_runs=6)
    with monkeypatch.context() as patch:
        stopped_after(1, patch)
        with pytest.raises(KeyboardInterrupt):
            ran(small(), tmp_path / "x")
    told = Results.open(tmp_path / "x").manifest
    assert told["runs_simulated"] == 18
    assert told["failures"] == {"runs": 12, "reasons": {"failed: it hung": 12}}
    assert told["set_aside"] == {"0-000000": "it hung", "0-000001": "it hung"}
    whole = ran(small(), tmp_path / "x").manifest
    assert whole["failures"] == told["failures"] and whole["set_aside"] == told["set_aside"]


def flip(path, place=None):
    """Turn a bit of a file over: of its last number, or at a place."""
    with parquet.ParquetFile(path) as file:
        column = file.metadata.row_group(0).column(file.metadata.num_columns - 1)
        end = column.data_page_offset + column.total_compressed_size - 1
        if column.has_dictionary_page:
            end = column.dictionary_page_offset + column.total_compressed_size - 1
    content = bytearray(path.read_bytes())
    content[end if place is None else place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("table", ["outcomes", "series", "hyperscaler"])
@pytest.mark.parametrize("how", ["a number", "the middle", "the end"])
def test_a_damaged_file_is_mended(tmp_path, monkeypatch, table, how):
    monkeypatch.setattr(store, "LEAST_ROWS", 12)
    experiment = small(series=SERIES)
    results = ran(experiment, tmp_path / "x", chunk_runs=6)
    path = results.folder / table / "00001.parquet"
    plan = make(experiment, 6)
    held = parts.chunks_in(path)
    lost = [each.name for each in plan.chunks(plan.first_round) if each.key in held]
    if how == "the end":
        os.truncate(path, path.stat().st_size - 1)
    else:
        flip(path, None if how == "a number" else path.stat().st_size // 2)
    names = counted(monkeypatch)
    again = ran(experiment, tmp_path / "x")
    assert names == lost and lost
    same_tables(again, ran(experiment, tmp_path / "whole"))


def test_a_damaged_file_is_said_in_one_line(tmp_path):
    results = ran(small(), tmp_path / "x")
    (path,) = (results.folder / "outcomes").iterdir()
    flip(path)
    refused(["is damaged", "run the experiment again"], Results.open(tmp_path / "x").runs)


def test_what_was_set_aside_is_tried_again_on_request(tmp_path, monkeypatch):
    def do(order):
        from agentsim.batch.work import do, set_aside

        return set_aside(order, "it hung") if order.chunk.index == 1 else do(order)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "do", do)
        results = ran(small(), tmp_path / "x", chunk_runs=6)
    assert results.complete and results.manifest["set_aside"] == {"0-000001": "it hung"}
    runs = results.runs()
    assert set(runs.loc[runs["cell"] == 1, "status"]) == {"failed: it hung"}
    assert results.manifest["failures"] == {"runs": 6, "reasons": {"failed: it hung": 6}}
    names = counted(monkeypatch)
    assert ran(small(), tmp_path / "x").manifest["set_aside"] == {"0-000001": "it hung"}
    assert names == []
    retried = ran(small(), tmp_path / "x", retry=True)
    assert "0-000001" in names
    assert retried.manifest["set_aside"] == {} and retried.manifest["failures"]["runs"] == 0
    same_tables(retried, ran(small(), tmp_path / "whole"))


def test_the_name_of_a_variant_may_change(tmp_path, monkeypatch):
    def named(name):
        return small(variants=[Variant(name=name, set={"substitution": 50.0})])

    ran(named("close"), tmp_path / "x")
    names = counted(monkeypatch)
    again = ran(named("closer"), tmp_path / "x")
    assert names == [] and again.folder.name == "x"
    assert len(again.runs(variant="closer")) == 24


# Other results


def test_other_results_are_left_alone_and_the_reason_said(tmp_path):
    said = []
    ran(small(), tmp_path / "x", say=said.append)
    assert said == []
    other = ran(small(horizon=5, runs=3), tmp_path / "x", say=said.append)
    assert other.folder == tmp_path / "x-2"
    place = str(tmp_path / "x")
    assert said == [
        f"{place} holds other results (runs 6 -> 3; horizon 4 -> 5); this goes to {place}-2"
    ]
    assert ran(small(), tmp_path / "x").folder.name == "x"
    assert ran(small(horizon=5, runs=3), tmp_path / "x").folder.name == "x-2"
    assert ran(small(horizon=3), tmp_path / "x").folder.name == "x-3"
    assert {path.name for path in tmp_path.iterdir()} == {"x", "x-2", "x-3"}


def test_another_version_of_the_model_is_another_batch(tmp_path, monkeypatch):
    ran(small(), tmp_path / "x")
    plan = make(calibrated())
    assert "calibration/2025Q4.csv" in fingerprint.fingerprint("2025Q4", plan.cells)
    assert "calibration/theory.csv" not in fingerprint.fingerprint("2025Q4", plan.cells)
    files = fingerprint.model_files()
    moved = files | {"laws/demand.py": "0" * 64}
    monkeypatch.setattr(fingerprint, "model_files", lambda: moved)
    said = []
    assert ran(small(), tmp_path / "x", say=said.append).folder.name == "x-2"
    assert "the model changed (laws/demand.py)" in said[0]


def test_another_version_of_a_package_is_only_said(tmp_path, monkeypatch):
    ran(small(), tmp_path / "x")
    path = tmp_path / "x" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["packages"]["numpy"] = "1.0"
    path.write_text(json.dumps(manifest))
    names, said = counted(monkeypatch), []
    assert ran(small(), tmp_path / "x", say=said.append).folder.name == "x"
    assert names == []
    (line,) = said
    assert f"numpy 1.0 -> {np.__version__}; bits may differ" in line


def test_the_manifest_remembers_what_each_session_was_made_by(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stopped_after(1, patch)
        with pytest.raises(KeyboardInterrupt):
            ran(small(), tmp_path / "x", chunk_runs=6)
    path = tmp_path / "x" / "manifest.json"
    told = json.loads(path.read_text())
    assert [each["status"] for each in told["sessions"]] == ["interrupted"]
    now = told["packages"]["numpy"]
    told["packages"]["numpy"] = told["sessions"][0]["environment"]["packages"]["numpy"] = "1.0"
    path.write_text(json.dumps(told))
    with monkeypatch.context() as patch:
        stopped_after(1, patch)
        with pytest.raises(KeyboardInterrupt):
            ran(small(), tmp_path / "x", chunk_runs=6)
    first, second, third = ran(small(), tmp_path / "x").manifest["sessions"]
    assert first["environment"]["packages"]["numpy"] == "1.0"
    assert second["environment"]["packages"]["numpy"] == now
    assert second["warnings"] == [f"numpy 1.0 -> {now}"]
    assert "environment" not in third and "warnings" not in third  # as in the session before
    assert [each["status"] for each in (second, third)] == ["interrupted", "complete"]


def test_a_session_that_was_killed_is_remembered_too(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stopped_after(1, patch)
        patch.setattr("agentsim.batch.running.Batch.closed", None)  # no time to say anything
        with pytest.raises(TypeError):
            ran(small(), tmp_path / "x", chunk_runs=6)
    before = json.loads((tmp_path / "x" / "manifest.json").read_text())
    assert before["status"] == "running" and "sessions" not in before
    killed, last = ran(small(), tmp_path / "x").manifest["sessions"]
    assert killed["status"] == "killed" and killed["end"] is None
    assert killed["start"] == before["start"] and killed["environment"]["git"] == before["git"]
    assert last["status"] == "complete" and "environment" not in last


def test_changes_of_the_environment_are_told_one_by_one():
    one = {"python": "3.12", "packages": {"numpy": "1", "mesa": "3"}, "cpu_features": ["a"]}
    other = {"python": "3.13", "packages": {"numpy": "2", "scipy": "1"}, "cpu_features": []}
    assert changes(one, one) == []
    assert changes(one, other) == [
        *("Python 3.12 -> 3.13", "numpy 1 -> 2", "other processor features"),
    ]  # what only one of them has, the other had no use for


def test_results_are_replaced_on_request(tmp_path):
    ran(small(series=["capex"]), tmp_path / "x")
    replaced = ran(small(runs=3), tmp_path / "x", replace=True)
    assert replaced.folder.name == "x" and len(replaced.runs()) == 12
    assert not (tmp_path / "x" / "series").exists()
    assert len(replaced.manifest["sessions"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_results_are_replaced_by_the_same_on_request(tmp_path, monkeypatch):
    ran(small(), tmp_path / "x")
    names = counted(monkeypatch)
    ran(small(), tmp_path / "x", replace=True)
    assert names == ["0-000000"]


@pytest.mark.parametrize("replace", [True, False])
def test_what_is_not_of_the_experiment_is_left_alone(tmp_path, monkeypatch, replace):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("my life's work")
    refused(["something else than results"], ran, small(), tmp_path / "mine", replace=replace)
    ran(small(runs=1), tmp_path / "small")
    refused(
        ["holds results of small, not of other"],
        *(ran, small(name="other"), tmp_path / "small"),
        replace=replace,
    )
    (tmp_path / "empty").mkdir()
    assert ran(small(runs=1), tmp_path / "empty", replace=replace).runs()["status"].eq(OK).all()
    monkeypatch.chdir(tmp_path / "small")
    if replace:
        refused(["cannot be replaced"], ran, small(runs=1), ".", replace=True)
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_a_folder_without_results_is_one_line(tmp_path):
    refused(["holds no results"], Results.open, tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    refused(["is damaged"], Results.open, tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    refused(["of an older version"], Results.open, tmp_path)


def test_a_chunk_that_failed_as_a_whole_has_all_of_its_rows():
    plan = make(calibrated(runs=3, series=SERIES, series_runs=2))
    cells, numbers = plan.first_round.at(1, 8)
    made = failed(plan, cells, numbers, ["failed: x"] * 7)
    whole = simulating.simulate(plan, cells, numbers)
    for name in parts.tables(plan):
        one, other = (parts._table(name, plan, each) for each in (made, whole))
        assert one.schema == other.schema and len(one) == len(other)
