"""Breaking batches on purpose: what to kill, what to damage, and strategies that misbehave."""

import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest

import agentsim
from agentsim.batch import parts
from agentsim.batch.design import Experiment
from agentsim.batch.engine import Here
from agentsim.batch.opening import run_in
from agentsim.batch.results import Results

PATIENCE = 120.0
"""Seconds to wait for what takes moments, on a machine however busy."""
ROOT = Path(__file__).parents[1]
TINY = """
name = "tiny"
scenario = "2025Q4"
runs = 20
entropy = 5
horizon = 5
outcomes = ["customer_share", "hyperscaler_value", "total_surplus", "customer_surplus"]
series = ["capex", "hyperscaler.cash"]
series_runs = 2
[factors]
"lineup.hyperscaler" = ["restrain", "best_response", "match"]
demand_elasticity = [1.1, 1.4]
"""
RUNS, CHUNK_RUNS, CHUNKS = 120, 6, 20
MANY = """
name = "many"
scenario = "theory"
runs = 300
entropy = 5
horizon = 3
set = { demand_noise = 0.1 }
outcomes = ["customer_share", "total_surplus"]
series = ["capex", "hyperscaler.cash"]
series_runs = 9
[factors]
"lineup.hyperscaler" = ["restrain", "best_response", "match"]
demand_elasticity = [1.2, 1.4, 2.0]
"""
MANY_RUNS = 2700


# Batches


def tiny(folder, **changes):
    """Return a quick experiment that has a file, too."""
    file = folder / "tiny.toml"
    if not file.exists():
        file.write_text(TINY)
    return Experiment(**Experiment.read(file).to_dict() | changes)


def run(experiment, out, engine, chunk_runs=CHUNK_RUNS, **given):
    """Run an experiment through an engine that is at hand, and return its results."""
    given = {"replace": False, "retry": False, "progress": False, "command": None} | given
    say = given.pop("say", lambda line: None)
    path = run_in(experiment, out, engine, "fake", chunk_runs=chunk_runs, say=say, **given)
    return Results.open(path)


def tables(results):
    """Return all that a batch left behind that may not depend on how it was run."""
    order = ["cell", "run", "quarter"]
    return {
        "runs": results.runs(),
        "capex": results.series("capex").sort_values(order, ignore_index=True),
        "cash": results.series("cash", role="hyperscaler").sort_values(
            [*order, "firm"], ignore_index=True
        ),
    }


def assert_whole(results, undisturbed, runs=RUNS):
    """Every planned run once, and every bit the same as if nothing had happened."""
    assert results.complete
    found = tables(results)
    assert len(found["runs"]) == runs
    assert not found["runs"].duplicated(["cell", "run"]).any()
    for name, table in found.items():
        pd.testing.assert_frame_equal(table, undisturbed[name], check_exact=True)
    assert not scraps(results.folder)


def goes_on(experiment, out, undisturbed, runs=RUNS):
    """Go on with a batch, and find that it ends as if nothing had happened."""
    before = len(list(out.parent.iterdir()))
    assert_whole(run(experiment, out, Here(), None), undisturbed, runs)
    assert len(list(out.parent.iterdir())) == before  # it went on, and did not begin elsewhere


def scraps(folder):
    """Return what nobody needs once a batch is complete."""
    return [path for path in folder.rglob("*") if path.suffix == ".tmp" or path.name == "parts"]


class Stopping:
    """An engine that is stopped by Ctrl-C after so many chunks of a round."""

    workers = 1

    def __init__(self, after, round=0):
        self.after, self.round = after, round

    def receipts(self, orders):
        for number, receipt in enumerate(Here().receipts(orders)):
            if receipt.chunk.round == self.round and number == self.after:
                raise KeyboardInterrupt
            yield receipt


class Murderous:
    """An engine whose workers are killed, one after every few chunks, while they are at others.

    since: the round from which on they are.
    """

    def __init__(self, engine, every=5, since=0):
        self.engine, self.workers, self.every, self.since = engine, engine.workers, every, since
        self.killed = 0

    def receipts(self, orders):
        chance = random.Random(7)
        for number, receipt in enumerate(self.engine.receipts(orders)):
            yield receipt
            alive = multiprocessing.active_children()
            if number % self.every == 1 and alive and receipt.chunk.round >= self.since:
                chance.choice(alive).kill()
                self.killed += 1


# Fixtures


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("undisturbed")


@pytest.fixture(scope="module")
def experiment(folder):
    return tiny(folder)


@pytest.fixture(scope="module")
def file(experiment, folder):
    return folder / "tiny.toml"


@pytest.fixture(scope="module")
def done(experiment, folder):
    """A batch that nothing happened to."""
    return run(experiment, folder / "out", Here())


@pytest.fixture(scope="module")
def undisturbed(done):
    return tables(done)


@pytest.fixture(scope="module")
def many(folder):
    """An experiment with enough runs for several chunks of any size."""
    path = folder / "many.toml"
    path.write_text(MANY)
    return Experiment.read(path)


@pytest.fixture(scope="module")
def many_undisturbed(many, folder):
    """What it comes to when all runs are in one chunk."""
    results = run(many, folder / "many", Here(), MANY_RUNS)
    found = tables(results)
    assert len(parts.chunks_in(results.folder / "outcomes" / "00000.parquet")) == 1
    assert found["runs"]["customer_share"].nunique() > MANY_RUNS / 2  # luck differs
    return found


def check_many(many, undisturbed, out, engine, chunk_runs, chunks):
    """Ask that many runs, in so many chunks, are the same as in one chunk."""
    results = run(many, out, engine, chunk_runs)
    assert_whole(results, undisturbed, MANY_RUNS)
    assert len(parts.chunks_in(out / "outcomes" / "00000.parquet")) == chunks


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An installation with strategies that misbehave while there is a flag."""
    place = tmp_path_factory.mktemp("misbehaving")
    return installation(place, place / "flag")


@pytest.fixture
def flag(installed):
    path = installed.parent / "flag"
    path.touch()
    yield path
    path.unlink(missing_ok=True)


# Damage


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 0x10
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def fill_with_garbage(path):
    path.write_bytes(random.Random(1).randbytes(5000))


DAMAGE = (cut_short, flip_a_byte, empty, fill_with_garbage)


# Processes


@contextmanager
def started(arguments, cwd, stderr=subprocess.PIPE, **environment):
    """Start Python with these arguments, in a group of its own; end it if it is still there."""
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)], cwd=cwd, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=stderr,
        env=os.environ | {name: str(each) for name, each in environment.items()},
        # A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def ran(arguments, cwd, **environment):
    """Run Python to its end; return exit code, what it said, and what it complained of."""
    with started(arguments, cwd, **environment) as process:
        said, complaint = process.communicate(timeout=PATIENCE)
        return process.returncode, said, complaint


def command(file, out, *more, chunk_runs=CHUNK_RUNS):
    """Return the arguments of a real command, in two workers where its engine has some."""
    workers = () if "here" in more else ("--workers", 2)
    return [
        *("-m", "agentsim.cli", "run", file, "--out", out, "--chunk-runs", chunk_runs),
        *("--no-report", *workers, *more),
    ]


KILLED = """
import os, signal, sys
from agentsim.batch import {module} as module
from agentsim.cli import main

calls, original = 0, module.{function}

def killed(*given):
    global calls
    calls += 1
    if calls == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*given)

module.{function} = killed
if __name__ == "__main__":
    main(sys.argv[1:])
"""


def killed_at(module, function, call, file, out, folder):
    """Run a command that is killed as it comes to some call of a function."""
    script = folder / "script.py"
    script.write_text(KILLED.format(module=module, function=function, call=call))
    code, _, complaint = ran([script, *command(file, out, "--engine", "here")[2:]], folder)
    assert code == -signal.SIGKILL, complaint


def until(condition):
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def chunks_done(out):
    """Return how many chunks are parts."""
    return len(list((out / parts.PARTS).glob("outcomes-*.parquet")))


def children(pid):
    """Return the processes that a process has started."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError, IndexError):
                parent = (each / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == pid:
                    found.append(int(each.name))
    return found


def gone(pid):
    """Say whether a process has ended; a zombie that nobody reaps has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


# Strategies that misbehave

STRATEGY = '''
"""A strategy that misbehaves while a file is there."""

import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, HyperscalerView


@dataclass(frozen=True)
class {name}(HyperscalerStrategy):
    """Spend a little; misbehave in some runs, or in all."""

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Misbehave."""
        rate = np.full_like(sees.cash, 0.05)
        if os.path.exists({flag!r}):
            some = np.floor(sees.revenue * 1e6) % 61 == 0
            {deed}
        return HyperscalerChoice(capex_rate=rate)
'''
DEEDS = {
    "hang": "time.sleep(1e6)",
    "spin": "sum(range(10**15))",
    "kill": "os.kill(os.getpid(), signal.SIGKILL)",
    "refuse": "if some.any(): raise ValueError('no idea')",
    "lose_count": "rate = np.where(some, np.nan, rate)",
    "overdo": "rate = np.where(some, -7.0, rate)",
}


def installation(folder, flag):
    """Lay agentsim out as an installation of its own, with misbehaving strategies; return it.

    It is found before any other by processes that have it in PYTHONPATH.
    """
    place = folder / "installed"
    package = place / "agentsim"
    package.mkdir(parents=True)
    for each in Path(agentsim.__file__).parent.iterdir():
        if each.name != "__pycache__":
            (package / each.name).symlink_to(each)
    (package / "experiments").symlink_to(ROOT / "experiments")
    shutil.copytree(
        ROOT / "strategies", package / "strategies", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, deed in DEEDS.items():
        title = name.title().replace("_", "")
        text = STRATEGY.format(name=title, flag=str(flag), deed=deed)
        (package / "strategies" / "hyperscaler" / f"{name}.py").write_text(text)
    return place


def misbehaving(folder, *strategies):
    """Write an experiment with cells of strategies that misbehave amid others; return its file."""
    names = ", ".join(f'"{name}"' for name in ("restrain", *strategies, "match"))
    path = folder / "misbehaving.toml"
    path.write_text(
        'name = "misbehaving"\nruns = 12\nhorizon = 4\nseries = ["capex", "hyperscaler.cash"]\n'
        f'series_runs = 2\n[factors]\n"lineup.hyperscaler" = [{names}]\n'
    )
    return path


def check_set_aside(folder, installed, flag, engine):
    """Chunks that hang or kill their worker are set aside, alone: no other run is changed."""
    # Two cells are in a chunk: the first two hang, at once, the third dies, and the last is sound.
    among = ["hang", "spin", "escalate", "kill", "best_response", "cartel"]
    file, size = misbehaving(folder, *among), 24
    out = folder / "place" / "out"
    out.parent.mkdir()
    words = command(file, out, "--time-limit", 5, "--engine", engine, chunk_runs=size)
    code, _, complaint = ran(words, folder, PYTHONPATH=installed)
    assert code == 1, complaint
    assert re.fullmatch(r"72 of 96 runs failed.*3 chunks set aside, --retry.*\n", complaint)
    flag.unlink()  # the same strategies, well-behaved
    words = command(file, folder / "sound", "--engine", "here")
    code, _, complaint = ran(words, folder, PYTHONPATH=installed)
    assert (code, complaint) == (0, "")
    found, sound = tables(Results.open(out)), tables(Results.open(folder / "sound"))
    assert Results.open(out).complete
    hung = "failed: its chunk did not end within 5 s"
    deadly = "failed: its chunk killed its worker 3 times"
    whys = [why for why in (hung, hung, deadly, "ok") for _ in range(size)]
    assert found["runs"]["status"].tolist() == whys
    assert sound["runs"]["status"].eq("ok").all()
    fine = found["runs"].loc[found["runs"]["status"] == "ok", ["cell", "run"]]
    for name, table in found.items():
        keys = [each for each in ("cell", "run", "quarter", "firm") if each in table]
        pd.testing.assert_frame_equal(table[keys], sound[name][keys])  # every run, once
        assert not table.duplicated(keys).any()
        left = table.index.isin(table.reset_index().merge(fine)["index"])
        assert 0 < left.sum() < len(table)
        pd.testing.assert_frame_equal(table[left], sound[name][left], check_exact=True)


def check_mended(folder, installed, flag, engine):
    """What was set aside can be done once it is mended, without a trace."""
    check_set_aside(folder, installed, flag, engine)
    out = folder / "place" / "out"
    words = command(folder / "misbehaving.toml", out, "--engine", engine, "--retry", chunk_runs=24)
    code, _, complaint = ran(words, folder, PYTHONPATH=installed)
    assert (code, complaint) == (0, "")
    assert not Results.open(out).manifest["set_aside"]
    assert_whole(Results.open(out), tables(Results.open(folder / "sound")), 96)
    assert len(list(out.parent.iterdir())) == 1
