"""Faults in adaptive batches: what later rounds add follows from results, which come out the same.

A round is planned from the rounds before it, so that one bit or one run that differs there may end
in other runs altogether.
"""

import multiprocessing
import shutil
import signal

import pandas as pd
import pytest
from batches import counted
from faults import (
    TINY,
    Murderous,
    Stopping,
    assert_whole,
    command,
    done,
    flip_a_byte,
    folder,
    goes_on,
    killed_at,
    ran,
    run,
    undisturbed,
)

from agentsim.batch import adaptive, parts, store, work
from agentsim.batch.design import Experiment
from agentsim.batch.engine import Here
from agentsim.batch.pool import Pool
from agentsim.batch.results import Results

__all__ = ["done", "folder", "undisturbed"]  # fixtures
LIMIT = 60.0
CHUNK_RUNS = 12
"""Other chunks than those of the batch that nothing happened to: they make no difference."""
FEW_ROWS = 60
"""Rows from which on a file is left alone, so that there are several of every table."""
ADAPTED = (
    TINY.replace("runs = 20", "runs = 8").replace("series_runs = 2", "series_runs = 30")
    + '[adaptive]\noutcome = "total_surplus"\nrelative = 0.12\nmost_runs = 60\n'
)


@pytest.fixture(scope="module")
def file(folder):
    path = folder / "adapted.toml"
    path.write_text(ADAPTED)
    return path


@pytest.fixture(scope="module")
def experiment(file):
    return Experiment.read(file)


@pytest.fixture(scope="module")
def planned(done):
    """How many runs come out as planned: those of the batch that nothing happened to."""
    runs = done.runs()
    by_cell = runs.groupby("cell")["run"]
    assert all(sorted(numbers) == list(range(len(numbers))) for _, numbers in by_cell)
    assert by_cell.size().min() > 8 and by_cell.size().nunique() > 3  # the rounds were uneven
    assert done.manifest["adaptive"]["rounds"] >= 3
    return len(runs)


@pytest.fixture
def out(tmp_path):
    """Where a batch goes that has no others beside it."""
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    return out


def assert_as_planned(results, done, undisturbed, planned):
    """The same runs, each once and to the last bit, and the same said of them."""
    assert_whole(results, undisturbed, planned)
    assert results.manifest["runs_simulated"] == results.manifest["rows"] == planned
    assert results.manifest["adaptive"] == done.manifest["adaptive"]
    assert not results.manifest["set_aside"]
    assert results.draws.equals(done.draws)


def chunks_in(out):
    """Return which chunks are done but not joined, and when each was."""
    done = (out / "parts").glob("outcomes-*.parquet")  # the last that is written of a chunk
    return {path.stem.removeprefix("outcomes-"): path.stat().st_mtime_ns for path in done}


# Killed


KILLED_AFTER = """
import os, signal, sys
from agentsim.batch import running
from agentsim.cli import main

add = running.Tally.add

def killed(tally, receipt):
    add(tally, receipt)
    if receipt.chunk.name == os.environ["LAST"]:
        os.kill(os.getpid(), signal.SIGKILL)

running.Tally.add = killed
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def test_a_command_that_is_killed_in_one_round_after_another_goes_on(
    file, done, undisturbed, planned, tmp_path, out
):
    script = tmp_path / "script.py"
    script.write_text(KILLED_AFTER)
    words = [script, *command(file, out, chunk_runs=CHUNK_RUNS)[2:]]  # in two workers
    before = {}
    for last in ("0-000001", "2-000002"):
        code, _, complaint = ran(words, tmp_path, LAST=last)
        assert code == -signal.SIGKILL, complaint
        left = chunks_in(out)
        assert last in left
        assert before.items() <= left.items()  # what was done is not done again
        before = left
    code, _, complaint = ran(words, tmp_path, LAST="none")
    assert (code, complaint) == (0, "")
    assert len(list(out.parent.iterdir())) == 1
    assert_as_planned(Results.open(out), done, undisturbed, planned)


@pytest.mark.parametrize(
    ("module", "function", "call"),
    [
        ("work", "put", 2),  # the second round is planned, and written nowhere
        ("adaptive", "cell_intervals", 2),  # the second is done, the third is not planned
        ("joining", "_join", 2),  # outcomes are parts, series are joined
    ],
)
def test_a_command_that_is_killed_between_rounds_goes_on(
    experiment, file, undisturbed, planned, tmp_path, out, module, function, call
):
    killed_at(module, function, call, file, out, tmp_path)
    goes_on(experiment, out, undisturbed, planned)


def test_workers_that_are_killed_in_later_rounds_lose_nothing(
    experiment, done, undisturbed, planned, out
):
    engine = Murderous(Pool(2, LIMIT), every=7, since=1)
    results = run(experiment, out, engine, CHUNK_RUNS)
    assert engine.killed >= 3  # in both of the later rounds, each of which has a crew of its own
    assert_as_planned(results, done, undisturbed, planned)
    assert not multiprocessing.active_children()


class SettingAside:
    """An engine that cannot do one chunk."""

    workers = 1

    def __init__(self, name):
        self.name = name

    def receipts(self, orders):
        for order in orders:
            aside = order.chunk.name == self.name
            yield work.set_aside(order, "no luck") if aside else work.do(order)


@pytest.mark.parametrize("name", ["0-000006", "1-000001"])
def test_what_follows_from_a_chunk_that_was_set_aside_is_forgotten_with_it(
    experiment, done, undisturbed, planned, out, monkeypatch, name
):
    monkeypatch.setattr(store, "LEAST_ROWS", 1)  # a file a chunk, so that one too many is seen
    results = run(experiment, out, SettingAside(name))
    assert results.complete and results.manifest["set_aside"] == {name: "no luck"}
    assert len(results.runs()) > planned  # with less known of some cells, more were added
    results = run(experiment, out, Here(), None, retry=True)
    assert_as_planned(results, done, undisturbed, planned)


# Damaged


@pytest.mark.parametrize(
    ("table", "chunk"),
    [("outcomes", "0-000001"), ("outcomes", "1-000003"), ("hyperscaler", "0-000003")],
)
def test_a_damaged_part_of_an_earlier_round_is_done_again_alone(
    experiment, undisturbed, planned, out, monkeypatch, table, chunk
):
    with pytest.raises(KeyboardInterrupt):
        run(experiment, out, Stopping(1, round=2), CHUNK_RUNS)
    before = chunks_in(out)
    flip_a_byte(out / "parts" / f"{table}-{chunk}.parquet")
    names = counted(monkeypatch)
    goes_on(experiment, out, undisturbed, planned)
    assert names[0] == chunk
    assert {name[:2] for name in names[1:]} == {"2-"}
    assert before.keys().isdisjoint(names[1:])


def overheard(patch):
    """Return a list that the intervals come into which rounds are planned from."""
    found, intervals = [], adaptive.cell_intervals

    def heard(*given):
        found.append(intervals(*given))
        return found[-1]

    patch.setattr(adaptive, "cell_intervals", heard)
    return found


@pytest.fixture(scope="module")
def in_files(experiment, undisturbed, planned, tmp_path_factory):
    """A complete batch with several files of every table, and what its rounds are planned from."""
    out = tmp_path_factory.mktemp("in_files") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "LEAST_ROWS", FEW_ROWS)
        intervals = overheard(patch)
        assert_whole(run(experiment, out, Here(), CHUNK_RUNS), undisturbed, planned)
    return out, intervals


@pytest.mark.parametrize(("table", "place"), [("outcomes", 0), ("outcomes", 1), ("series", -1)])
def test_a_damaged_file_of_a_complete_batch_is_mended_to_the_same_bits(
    in_files, experiment, undisturbed, planned, out, monkeypatch, table, place
):
    done, wanted = in_files
    shutil.copytree(done, out)
    files = sorted((out / table).glob("*.parquet"))
    assert len(files) >= 3
    sound = {
        path: path.read_bytes() for path in out.rglob("*") if path.suffix in (".parquet", ".csv")
    }
    held = len(parts.chunks_in(files[place]))
    flip_a_byte(files[place])
    assert not parts.chunks_in(files[place])
    monkeypatch.setattr(store, "LEAST_ROWS", FEW_ROWS)
    names, intervals = counted(monkeypatch), overheard(monkeypatch)
    goes_on(experiment, out, undisturbed, planned)
    # To the last bit, though some chunks are parts again: an interval may be just narrow enough.
    pd.testing.assert_frame_equal(pd.concat(intervals), pd.concat(wanted), check_exact=True)
    assert len(names) == len(set(names)) == held  # what the other files hold is not done again
    for path, content in sound.items():
        assert path.read_bytes() == content, path
