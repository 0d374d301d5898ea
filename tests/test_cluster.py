"""Clusters: what Dask does, the pool does too, and whatever dies, every run is there."""

import multiprocessing
import os
import re
import signal
import sys

import pytest
from faults import (
    CHUNK_RUNS,
    RUNS,
    Murderous,
    assert_whole,
    check_many,
    check_set_aside,
    chunks_done,
    command,
    done,
    experiment,
    file,
    flag,
    folder,
    gone,
    installed,
    many,
    many_undisturbed,
    ran,
    run,
    started,
    undisturbed,
    until,
)

from agentsim.batch import cluster, plan, work
from agentsim.batch.cluster import Dask
from agentsim.batch.engine import Here, engine
from agentsim.batch.results import Results
from agentsim.errors import AgentsimError

distributed = pytest.importorskip("distributed")

__all__ = ["done", "experiment", "file", "flag", "folder", "installed", "undisturbed"]  # fixtures
__all__ += ["many", "many_undisturbed"]
LIMIT = 60.0


@pytest.fixture
def elsewhere():
    """A cluster that was there before, with threads in this process for workers."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    ) as found:
        yield found


def test_without_distributed_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(AgentsimError) as error:
        engine("dask")
    assert str(error.value) == (
        "engine dask needs dask.distributed; pip install 'agentsim[cluster]'"
    )


def test_workers_that_are_killed_lose_nothing(experiment, undisturbed, tmp_path):
    murderous = Murderous(Dask(None, 2, LIMIT))
    results = run(experiment, tmp_path / "out", murderous)
    assert murderous.killed >= 4
    assert not results.manifest["set_aside"]
    assert_whole(results, undisturbed)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(("chunk_runs", "chunks"), [(100, 27), (1000, 3)])
def test_many_runs_are_the_same_in_chunks_that_part_cells_anywhere(
    many, many_undisturbed, tmp_path, chunk_runs, chunks
):
    check_many(many, many_undisturbed, tmp_path / "out", Dask(None, 2, LIMIT), chunk_runs, chunks)


@pytest.mark.slow
def test_chunks_that_hang_or_kill_are_set_aside_alone(tmp_path, installed, flag):
    check_set_aside(tmp_path, installed, flag, "dask")


def test_a_script_without_a_guard_works(file, undisturbed, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from agentsim import batch\n"
        "print('once')\n"
        f"batch.run({str(file)!r}, 'out', 2, engine='dask', chunk_runs={CHUNK_RUNS})\n"
    )
    assert ran([script], tmp_path) == (0, "once\n", "")
    assert_whole(Results.open(tmp_path / "out"), undisturbed)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_command_that_is_stopped_leaves_no_workers_and_goes_on(
    experiment, file, undisturbed, tmp_path, stop
):
    out = tmp_path / "out"
    with started(command(file, out, "--engine", "dask"), tmp_path) as process:
        until(lambda: chunks_done(out) >= 2)
        group = process.pid
        workers = [each for each in running() if os.getpgid(each) == group and each != group]
        os.killpg(group, stop) if stop == signal.SIGINT else process.kill()
        _, complaint = process.communicate(timeout=LIMIT)
    assert workers
    until(lambda: all(gone(each) for each in workers))
    if stop == signal.SIGINT:
        assert process.returncode == 130
        assert re.search(rf"after \d+ of {RUNS} runs, which are kept", complaint), complaint
        assert complaint.strip().count("\n") == 0
    assert_whole(run(experiment, out, Here(), None), undisturbed)


def running():
    """Return all processes whose group can be told."""
    found = []
    for each in os.listdir("/proc"):
        if each.isdigit() and not gone(int(each)):
            found.append(int(each))
    return found


# A cluster that was there before


def test_a_cluster_elsewhere_does_the_same_and_goes_on(
    experiment, undisturbed, tmp_path, elsewhere
):
    made = Dask(elsewhere.scheduler_address, None, LIMIT)
    assert made.workers == 2
    for chunk_runs in (CHUNK_RUNS, 100, 1000):
        out = tmp_path / str(chunk_runs)
        assert_whole(run(experiment, out, made, chunk_runs), undisturbed)
    assert len(elsewhere.scheduler.workers) == 2
    assert not elsewhere.scheduler.tasks
    assert set(elsewhere.scheduler.clients) == {"fire-and-forget"}  # of Dask's own


def test_few_orders_are_with_the_scheduler_at_once(experiment, tmp_path, elsewhere):
    planned = plan.make(experiment, 2)
    work.put(tmp_path, planned, {0: planned.first_round})
    orders = orders_of(planned, tmp_path)
    assert len(orders) == 60
    receipts = Dask(elsewhere.scheduler_address, None, LIMIT).receipts(orders)
    for _ in range(10):
        next(receipts)
        assert len(elsewhere.scheduler.tasks) <= 2 * cluster.WINDOW + 1  # one is being let go
    receipts.close()
    until(lambda: not elsewhere.scheduler.tasks)


def orders_of(planned, folder):
    return [
        work.Order(str(folder), planned.key, chunk) for chunk in planned.chunks(planned.first_round)
    ]


def test_an_address_that_nothing_answers_at_is_an_error_of_one_line(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    assert_one_line("scheduler = tcp://127.0.0.1:9 does not answer", "tcp://127.0.0.1:9")
    assert_one_line("scheduler = nonsense does not answer", "nonsense")


def assert_one_line(says, address, orders=()):
    with pytest.raises(AgentsimError) as error:
        list(Dask(address, None, LIMIT).receipts(orders))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_workers_do_not_see_is_an_error_of_one_line(
    experiment, tmp_path, monkeypatch, elsewhere
):
    monkeypatch.setattr(cluster, "SIGHT_SECONDS", 0.2)
    orders = orders_of(plan.make(experiment, 20), tmp_path / "here_alone")
    says = "give a folder on a file system that all workers share"
    assert_one_line(says, elsewhere.scheduler_address, orders)


def test_workers_of_another_version_are_an_error_of_one_line(
    experiment, tmp_path, monkeypatch, elsewhere
):
    planned = plan.make(experiment, 20)
    work.put(tmp_path, planned, {0: planned.first_round})
    monkeypatch.setattr("agentsim.batch.fingerprint.model_key", lambda *_: "another")
    says = "is not the version that planned this"
    assert_one_line(says, elsewhere.scheduler_address, orders_of(planned, tmp_path))


def test_a_scheduler_that_goes_away_is_an_error_of_one_line(experiment, tmp_path):
    planned = plan.make(experiment, 2)
    work.put(tmp_path, planned, {0: planned.first_round})
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    ) as found:
        receipts = Dask(found.scheduler_address, None, LIMIT).receipts(orders_of(planned, tmp_path))
        next(receipts)
        found.close()
        address = re.escape(found.scheduler_address)
        with pytest.raises(AgentsimError, match=f"scheduler {address} does not answer any more"):
            list(receipts)


def test_a_disk_that_cannot_be_written_is_an_error_of_one_line(
    experiment, tmp_path, monkeypatch, elsewhere
):
    planned = plan.make(experiment, 20)
    work.put(tmp_path, planned, {0: planned.first_round})
    (tmp_path / "parts").write_text("in the way")
    says = f"{tmp_path} cannot be written"
    assert_one_line(says, elsewhere.scheduler_address, orders_of(planned, tmp_path))


def test_only_one_who_was_at_a_chunk_is_blamed_for_it(experiment, tmp_path):
    """Dask blames a worker's death on all that it was handed; the marks tell who did it."""
    planned = plan.make(experiment, 20)
    work.put(tmp_path, planned, {0: planned.first_round})
    order = orders_of(planned, tmp_path)[0]
    (tmp_path / "parts").mkdir()
    for number in range(3):
        (tmp_path / "parts" / f".0-000001.{number}.mark.tmp").touch()  # of another chunk
    for number in range(2):
        (tmp_path / "parts" / f".0-000000.{number}.mark.tmp").touch()
    assert cluster.do_marked(order, LIMIT)[0] == "receipt"
    (tmp_path / "parts" / ".0-000000.2.mark.tmp").touch()
    assert cluster.do_marked(order, LIMIT)[0] == "deadly"
    (tmp_path / "parts" / ".0-000000.0.mark.tmp").write_text("Timeout!")
    assert cluster.do_marked(order, LIMIT)[0] == "hung"
