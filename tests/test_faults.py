"""Faults: whatever is killed, full, damaged or hanging, a batch ends with every run, bit by bit."""

import multiprocessing
import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress

import pandas as pd
import pytest
from faults import (
    CHUNK_RUNS,
    CHUNKS,
    DAMAGE,
    PATIENCE,
    RUNS,
    Murderous,
    Stopping,
    assert_whole,
    check_many,
    check_mended,
    children,
    chunks_done,
    command,
    done,
    empty,
    experiment,
    file,
    fill_with_garbage,
    flag,
    flip_a_byte,
    folder,
    goes_on,
    gone,
    installed,
    killed_at,
    many,
    many_undisturbed,
    misbehaving,
    ran,
    run,
    started,
    tables,
    undisturbed,
    until,
)

from agentsim.batch import joining, parts
from agentsim.batch.engine import Here
from agentsim.batch.pool import Pool
from agentsim.batch.results import Results
from agentsim.errors import AgentsimError

__all__ = ["done", "experiment", "file", "flag", "folder", "installed", "undisturbed"]  # fixtures
__all__ += ["many", "many_undisturbed"]
LIMIT = 60.0


# The same, however it is run


@pytest.mark.parametrize(
    ("workers", "chunk_runs"), [(0, 7), (0, 100), (0, 1000), (1, 100), (2, 7), (2, 1000)]
)
def test_workers_and_chunks_change_no_bit(experiment, undisturbed, tmp_path, workers, chunk_runs):
    engine = Pool(workers, LIMIT) if workers else Here()
    assert_whole(run(experiment, tmp_path / "out", engine, chunk_runs), undisturbed)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(("chunk_runs", "chunks"), [(100, 27), (1000, 3)])
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_many_runs_are_the_same_in_chunks_that_part_cells_anywhere(
    many, many_undisturbed, tmp_path, workers, chunk_runs, chunks
):
    engine = Pool(workers, LIMIT) if workers else Here()
    check_many(many, many_undisturbed, tmp_path / "out", engine, chunk_runs, chunks)


def test_a_script_without_a_guard_works(file, undisturbed, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from agentsim import batch\n"
        "print('once')\n"
        f"batch.run({str(file)!r}, 'out', 2, chunk_runs={CHUNK_RUNS})\n"
    )
    code, said, complaint = ran([script], tmp_path)
    assert (code, said, complaint) == (0, "once\n", "")
    assert_whole(Results.open(tmp_path / "out"), undisturbed)


def test_a_time_limit_may_be_longer_than_the_system_knows(experiment, undisturbed, tmp_path):
    assert_whole(run(experiment, tmp_path / "out", Pool(1, float("inf")), 60), undisturbed)


# Workers that are killed


def test_workers_that_are_killed_lose_and_leave_nothing(experiment, undisturbed, tmp_path):
    engine = Murderous(Pool(2, LIMIT))
    before = len(os.listdir("/proc/self/fd"))
    results = run(experiment, tmp_path / "out", engine)
    assert engine.killed >= 4
    assert not results.manifest["set_aside"]
    assert_whole(results, undisturbed)
    assert not multiprocessing.active_children()
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # what Python itself keeps open


def test_workers_that_cannot_begin_are_an_error_of_one_line(experiment, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "pyarrow.py").write_text("raise ImportError('no pyarrow here')")
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\n"
        "from agentsim.batch.pool import Pool\n"
        "from agentsim.batch.plan import Chunk\n"
        "from agentsim.batch.work import Order\n"
        "from agentsim.errors import AgentsimError\n"
        "import agentsim.batch.pool as pool\n"
        "pool.MOST_FALSE_STARTS = 3\n"
        f"sys.path.insert(0, {str(broken)!r})\n"
        "try: list(Pool(2, 9.0).receipts([Order('out', 'key', Chunk(0, 0, 0, 1, 'key'))]))\n"
        "except AgentsimError as error: print(error)\n"
    )
    code, said, _ = ran([script], tmp_path)
    assert code == 0
    assert "workers in a row ended before they began" in said
    assert said.count("\n") == 1


# The process that hands out work, killed


@pytest.mark.parametrize(
    ("module", "function", "call"),
    [
        ("work", "put", 1),  # the folder is there, no part is
        ("joining", "_join", 3),  # two tables are joined, one is not
        ("opening", "write_extras", 1),  # all is joined
    ],
)
def test_a_batch_killed_at_a_turning_point_goes_on(
    experiment, file, undisturbed, tmp_path, module, function, call
):
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    killed_at(module, function, call, file, out, tmp_path)
    goes_on(experiment, out, undisturbed)


def test_what_was_joined_is_not_simulated_again(experiment, tmp_path, monkeypatch):
    join, calls = joining._join, []

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        join(*given)

    monkeypatch.setattr(joining, "_join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(experiment, tmp_path / "out", Here())
    monkeypatch.setattr(joining, "_join", join)
    assert run(experiment, tmp_path / "out", Stopping(0)).complete


@pytest.mark.parametrize("after", [1, 9])
def test_a_command_that_is_killed_leaves_no_workers_and_goes_on(
    experiment, file, undisturbed, tmp_path, after
):
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    with started(command(file, out), tmp_path) as process:
        until(lambda: chunks_done(out) >= after)
        orphans = children(process.pid)
        process.kill()
        process.wait()
    assert len(orphans) >= 2  # workers, and what Python starts beside them
    until(lambda: all(gone(each) for each in orphans))
    kept = chunks_done(out)
    assert after <= kept < CHUNKS
    goes_on(experiment, out, undisturbed)


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(experiment, file, undisturbed, tmp_path):
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    with started(command(file, out), tmp_path) as process:
        until(lambda: chunks_done(out) >= 3)
        workers = children(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(rf"after \d+ of {RUNS} runs, which are kept", complaint), complaint
    assert f"`agentsim run {file} --out {out}" in complaint
    assert "Traceback" not in complaint
    until(lambda: all(gone(each) for each in workers))
    goes_on(experiment, out, undisturbed)


def test_two_commands_do_not_write_to_one_folder(experiment, file, undisturbed, tmp_path):
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    with started(command(file, out), tmp_path) as first:
        until(lambda: chunks_done(out) >= 1)
        first.send_signal(signal.SIGSTOP)
        code, _, complaint = ran(command(file, out), tmp_path)
        first.send_signal(signal.SIGCONT)
        _, first_complaint = first.communicate(timeout=60)
    assert code == 2
    assert re.fullmatch(rf"error: .* is being written by process {first.pid} on .*\n", complaint)
    assert (first.returncode, first_complaint) == (0, "")
    assert_whole(Results.open(out), undisturbed)


# A full disk


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own that can be made larger."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "agentsim-test", str(disk)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small disk needs rights that this user has not")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk):
    """Leave no room on a disk."""
    with suppress(OSError), open(disk / "ballast", "wb", 0) as file:
        while True:
            file.write(bytes(4096))


FILLING = """
import os, sys
from pathlib import Path
from agentsim.batch import joining
from agentsim.cli import main

compact = joining.compact

def compact_without_room(*given):
    found = os.statvfs(sys.argv[1])
    Path(sys.argv[1], "ballast").write_bytes(bytes(found.f_bavail * found.f_frsize))
    compact(*given)

joining.compact = compact_without_room
if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
"""


def assert_full(code, complaint):
    assert code in (1, 2)
    assert re.fullmatch(r"error: .*No space left on device.*run it again.*\n", complaint), complaint


def make_room(disk):
    remount = ["mount", "-o", "remount,size=40m", str(disk)]
    subprocess.run(remount, check=True)


@pytest.mark.parametrize("when", ["before", "joining"])
def test_a_disk_that_is_full_at_either_end_is_an_error_of_one_line(
    experiment, file, undisturbed, tmp_path, small_disk, when
):
    out = small_disk / "out"
    words = command(file, out)
    if when == "joining":
        (tmp_path / "script.py").write_text(FILLING)
        words = [tmp_path / "script.py", small_disk, *words[2:]]
    else:
        fill(small_disk)
    assert_full(*ran(words, tmp_path)[::2])
    assert chunks_done(out) == (CHUNKS if when == "joining" else 0)
    make_room(small_disk)
    goes_on(experiment, out, undisturbed)


def test_a_disk_that_fills_up_is_an_error_of_one_line_and_all_is_kept(
    experiment, file, undisturbed, tmp_path, small_disk
):
    out = small_disk / "out"
    with started(command(file, out), tmp_path) as process:
        until(lambda: chunks_done(out) >= 2)
        process.send_signal(signal.SIGSTOP)  # workers end what they are at
        fill(small_disk)
        process.send_signal(signal.SIGCONT)
        _, complaint = process.communicate(timeout=PATIENCE)
    assert_full(process.returncode, complaint)
    assert 2 <= chunks_done(out) < CHUNKS
    make_room(small_disk)
    goes_on(experiment, out, undisturbed)


# Damage

DAMAGED = [
    *(("outcomes", damage) for damage in DAMAGE),
    ("series", flip_a_byte), ("hyperscaler", empty),
]  # fmt: skip


@pytest.mark.parametrize(("table", "damage"), DAMAGED)
def test_a_damaged_part_is_done_again(experiment, undisturbed, tmp_path, damage, table):
    out = tmp_path / "place" / "out"
    with pytest.raises(KeyboardInterrupt):
        run(experiment, out, Stopping(3))
    damage(out / "parts" / f"{table}-0-000001.parquet")
    goes_on(experiment, out, undisturbed)


@pytest.mark.parametrize(("table", "damage"), DAMAGED)
def test_a_damaged_file_of_a_complete_batch_is_mended(
    done, experiment, undisturbed, tmp_path, damage, table
):
    out = tmp_path / "place" / "out"
    shutil.copytree(done.folder, out)
    damage(out / table / "00000.parquet")
    goes_on(experiment, out, undisturbed)


@pytest.mark.parametrize("name", ["cells.parquet", "draws.parquet"])
def test_other_damaged_tables_are_mended(done, experiment, undisturbed, tmp_path, name):
    out = tmp_path / "place" / "out"
    shutil.copytree(done.folder, out)
    fill_with_garbage(out / name)
    goes_on(experiment, out, undisturbed)
    pd.testing.assert_frame_equal(Results.open(out).draws, done.draws)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("read", ["runs", "summary", "series", "sql"])
def test_reading_a_damaged_file_is_an_error_of_one_line(done, tmp_path, damage, read):
    shutil.copytree(done.folder, tmp_path / "out")
    table = "series" if read == "series" else "outcomes"
    damage(tmp_path / "out" / table / "00000.parquet")
    given = ["select * from outcomes"] if read == "sql" else []
    with pytest.raises(AgentsimError) as error:
        getattr(Results.open(tmp_path / "out"), read)(*given)
    assert "\n" not in str(error.value)


def test_no_flipped_byte_goes_unseen(done, tmp_path):
    """Wherever it lies: a file that counts as sound holds what it held."""
    whole = done.folder / "outcomes" / "00000.parquet"
    wanted, held = parts.read(whole), parts.chunks_in(whole)
    content = whole.read_bytes()
    damaged = tmp_path / "damaged.parquet"
    for at in range(0, len(content), 19):
        changed = bytearray(content)
        changed[at] ^= 0x10
        damaged.write_bytes(changed)
        assert parts.chunks_in(damaged) != held or parts.read(damaged).equals(wanted), at


# Strategies that misbehave


def test_chunks_that_hang_or_kill_are_set_aside_until_they_are_mended(tmp_path, installed, flag):
    check_mended(tmp_path, installed, flag, "pool")


SIZES = """
import sys
from pathlib import Path
from agentsim import batch

for size in (1, 7, 100, 1000):
    batch.run(sys.argv[1], f"misbehaving-{size}", engine="here", chunk_runs=size)
Path(sys.argv[2]).unlink()
batch.run(sys.argv[1], "sound", engine="here")
"""


def test_failing_runs_change_no_other_run_whatever_the_chunks(tmp_path, installed, flag):
    file = misbehaving(tmp_path, "refuse", "lose_count", "overdo")
    (tmp_path / "script.py").write_text(SIZES)
    code, _, complaint = ran([tmp_path / "script.py", file, flag], tmp_path, PYTHONPATH=installed)
    assert code == 0, complaint
    alone = Results.open(tmp_path / "misbehaving-1")  # every run in a chunk of its own
    wanted, runs = tables(alone), alone.runs()
    for size in (7, 100, 1000):
        assert_whole(Results.open(tmp_path / f"misbehaving-{size}"), wanted, len(runs))
    ok = runs["status"] == "ok"
    said = {"refuse": "no idea", "lose_count": "nan", "overdo": "-7"}
    for strategy, cell in runs.groupby("lineup.hyperscaler"):
        fails = cell.loc[~ok, "status"]
        if strategy in said:
            assert 0 < len(fails) < len(cell)
            assert fails.str.startswith("failed in quarter ").all()
            assert fails.str.lower().str.contains(said[strategy], regex=False).all(), fails.iloc[0]
        else:
            assert fails.empty
    sound = Results.open(tmp_path / "sound").runs()
    pd.testing.assert_frame_equal(runs[ok], sound[ok], check_exact=True)
