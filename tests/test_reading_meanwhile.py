"""Reading meanwhile: results can be read at every moment of the batch that writes them."""

import json
import subprocess
import sys

import pytest
from batches import ran, refused, small, stopped_after

from agentsim.batch import parts, store
from agentsim.batch.opening import Folder
from agentsim.batch.plan import make
from agentsim.batch.results import Results


def half_done(folder, monkeypatch, **changes):
    """Results of a batch that was stopped on its way, and its plan."""
    experiment = small(series=["capex"], **changes)
    with monkeypatch.context() as patch:
        stopped_after(3, patch)
        with pytest.raises(KeyboardInterrupt):
            ran(experiment, folder, chunk_runs=6)
    return experiment, make(experiment, 6)


ASKED = {
    "runs": lambda r: len(r.runs()),
    "summary": lambda r: int(r.summary(outcomes="capex")["n"].sum()),
    "by": lambda r: int(r.summary(by="kind", outcomes="capex")["n"].sum()) * 3,
    "contrast": lambda r: int(r.contrast(0, 1, "capex")["n"].sum()) * 3,
    "sql": lambda r: int(r.sql("select count(*) as n from runs")["n"].iloc[0]),
    "series": lambda r: len(r.series()) // 5,
    "bands": lambda r: len(r.bands("capex")) // 5 * 6,
    "outcomes": lambda r: 18 * ("capex" in r.outcomes),
    "draws": lambda r: 18 * (len(r.draws) == 6),
}


@pytest.mark.parametrize("asked", ASKED)
def test_parts_that_are_joined_while_they_are_read_are_read_where_they_went(
    asked, tmp_path, monkeypatch
):
    _, plan = half_done(tmp_path / "x", monkeypatch)
    results = Results.open(tmp_path / "x")
    assert ASKED[asked](results) == 18
    chunks = list(plan.chunks(plan.first_round))[:3]
    read = parts.read
    left = [1]

    def joined_first(path, columns=None):
        if left and path.parent.name == "parts":
            left.clear()
            with Folder(tmp_path / "x", "x") as folder:
                folder.finish(plan, {0: plan.first_round}, chunks)
        return read(path, columns)

    if asked in ("sql", "series", "bands"):  # DuckDB opens the files itself
        verify = results._tables._verify

        def verified_then_joined(tables):
            verify(tables)
            if left:
                left.clear()
                with Folder(tmp_path / "x", "x") as folder:
                    folder.finish(plan, {0: plan.first_round}, chunks)

        monkeypatch.setattr(results._tables, "_verify", verified_then_joined)
    else:
        monkeypatch.setattr(parts, "read", joined_first)
    assert ASKED[asked](results) == 18
    if asked not in ("outcomes", "draws"):  # which read no part
        assert not left and not (tmp_path / "x" / "parts").exists()


def test_results_that_were_opened_early_see_what_comes(tmp_path, monkeypatch):
    experiment, _ = half_done(tmp_path / "x", monkeypatch)
    early = Results.open(tmp_path / "x")
    assert len(early.runs()) == 18 and not early.complete
    ran(experiment, tmp_path / "x")
    assert len(early.runs()) == 24


def test_damage_is_still_told(tmp_path, monkeypatch):
    half_done(tmp_path / "x", monkeypatch)
    part = sorted((tmp_path / "x" / "parts").glob("outcomes-*"))[0]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    refused(
        ["is damaged", part.name], Results.open(tmp_path / "x").sql, "select count(*) from runs"
    )


def test_a_batch_that_is_only_being_begun_is_no_old_one(tmp_path):
    ran(small(), tmp_path / "x")
    (tmp_path / "x" / store.CELLS).unlink()
    path = tmp_path / "x" / store.MANIFEST
    refused(["older version"], Results.open, tmp_path / "x")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "running"}))
    refused(["only being begun", "in a moment"], Results.open, tmp_path / "x")


def test_results_without_a_column_that_is_needed_are_of_an_older_version(tmp_path):
    results = ran(small(), tmp_path / "x")
    cells = parts.read(results.folder / store.CELLS)
    parts.write(results.folder / store.CELLS, cells.drop_columns(["base"]))
    older = Results.open(tmp_path / "x")
    for ask in (lambda: older.cells, older.runs, older.summary):
        refused(["older version", "run the experiment again"], ask)


RUN = """
import json, sys
from agentsim import batch
from agentsim.batch import store
from agentsim.batch.design import Experiment

store.LEAST_ROWS = 24  # many files are joined
experiment = Experiment(**json.loads(sys.argv[1]))
batch.run(experiment, sys.argv[2], engine="here", progress=False, chunk_runs=6)
"""


def test_a_reader_never_sees_damage_or_fewer_runs_than_before(tmp_path):
    given = small(runs=300, series=["capex"], series_runs=6)
    words = [sys.executable, "-c", RUN, json.dumps(given.to_dict()), "out"]
    counts = []
    with subprocess.Popen(words, cwd=tmp_path) as process:
        while process.poll() is None:
            if not (tmp_path / "out" / store.CELLS).exists():
                continue
            results = Results.open(tmp_path / "out")
            if results.outcomes:
                counts.append(len(results.runs("capex")))
                results.summary(by="kind", outcomes="capex")
                results.sql("select count(*) from series")
        assert process.returncode == 0
    assert len(counts) > 3 and counts == sorted(counts) and counts[0] < 1200
    assert len(Results.open(tmp_path / "out").runs("capex")) == 1200
