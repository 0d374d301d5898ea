"""The progress bar: how far a batch is, how fast, and how much of it failed; on a terminal alone."""

import fcntl
import os
import re
import struct
import sys
import termios
from unittest import mock

import pytest
import tqdm
from faults import (
    PATIENCE,
    Stopping,
    command,
    flag,
    installed,
    misbehaving,
    ran,
    run,
    started,
    tiny,
)

from agentsim.batch.engine import Here
from agentsim.batch.results import Results

__all__ = ["flag", "installed"]  # fixtures
WIDTH = 120
AT_ONCE = """
import sys
import tqdm
from agentsim.cli import main

bar = tqdm.tqdm

def at_once(**given):
    return bar(**given | {"delay": 0.0, "mininterval": 0.0, "miniters": 1})

tqdm.tqdm = at_once
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
"""The command, its bar drawn from the start and after every chunk, however quickly they come."""


@pytest.fixture
def words(tmp_path):
    """The arguments of a command whose bar need not be waited for."""
    script = tmp_path / "script.py"
    script.write_text(AT_ONCE)
    file = misbehaving(tmp_path, "refuse", "lose_count", "overdo")
    return [script, *command(file, tmp_path / "out")[2:]]


def on_a_terminal(words, cwd, **environment):
    """Run Python with a terminal for stderr; return exit code and all that was written there."""
    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    told = b""
    try:
        with started(words, cwd, stderr=follower, **environment) as process:
            os.close(follower)
            try:
                while piece := os.read(leader, 65536):
                    told += piece
            except OSError:  # how Linux says that the other end is closed
                pass
            process.communicate(timeout=PATIENCE)
            return process.returncode, told.decode().replace("\r\n", "\n")
    finally:
        os.close(leader)


def frames(told):
    """Return what bars say, one after the other: name, runs done, of how many, and how many failed.

    Each that has seen a chunk done says how fast it goes, too.
    """
    frame = r"([^:]+): +\d+%\|.*\| (\d+)/(\d+) \[\S+, +(\S+) runs/s(?:, (\d+) failed)?\] *"
    found = []
    for each in told:
        name, done, total, rate, failed = re.fullmatch(frame, each).groups(default="0")
        assert rate == "?" or float(rate) > 0.0
        found.append((name, int(done), int(total), rate != "?", int(failed)))
    return found


def test_on_a_terminal_it_says_how_fast_and_how_many_failed(words, installed, flag, tmp_path):
    code, told = on_a_terminal(words, tmp_path, PYTHONPATH=installed)
    assert code == 1
    nothing, *bars, blank, complaint = told.split("\r")
    assert not nothing and not blank.strip()  # the bar is wiped away
    names, done, totals, rated, failed = zip(*frames(bars), strict=True)
    assert set(names) == {"misbehaving"} and set(totals) == {60}
    assert done == tuple(range(0, 61, 6))  # from the start, and after each of ten chunks
    assert rated == (False, *[True] * 10)
    assert failed[0] == 0 and list(failed) == sorted(failed)
    fails = Results.open(tmp_path / "out").manifest["failures"]["runs"]
    assert 0 < fails == failed[-1] < 36
    assert re.fullmatch(rf"{fails} of 60 runs failed, .*\n", complaint)


def test_a_pipe_gets_no_bar(words, installed, flag, tmp_path):
    code, _, complaint = ran(words, tmp_path, PYTHONPATH=installed)
    assert code == 1
    assert re.fullmatch(r"\d+ of 60 runs failed, .*\n", complaint)


# In this process


@pytest.fixture
def at_once(monkeypatch):
    """Draw bars from the start and after every chunk."""
    bar = tqdm.tqdm
    often = {"delay": 0.0, "mininterval": 0.0, "miniters": 1, "ncols": WIDTH}
    monkeypatch.setattr(tqdm, "tqdm", lambda **given: bar(**given | often))


def test_it_goes_on_from_what_was_done_before(tmp_path, capsys, at_once):
    with pytest.raises(KeyboardInterrupt):
        run(tiny(tmp_path), tmp_path / "out", Stopping(17))
    assert capsys.readouterr().err == ""
    run(tiny(tmp_path), tmp_path / "out", Here(), None, progress=True)
    bars = frames(capsys.readouterr().err.split("\r")[1:-2])
    assert bars == [("tiny", 108, 120, False, 0), *(("tiny", n, 120, True, 0) for n in (114, 120))]


def test_each_round_of_an_adaptive_batch_has_its_own(tmp_path, capsys, at_once):
    wish = {"outcome": "total_surplus", "relative": 1e-9, "most_runs": 30}
    run(tiny(tmp_path, adaptive=wish, series=[]), tmp_path / "out", Here(), 60, progress=True)
    bars = frames(each for each in capsys.readouterr().err.split("\r") if each.strip())
    names = {name: total for name, _, total, _, _ in bars}
    assert names == {"tiny": 120, "tiny, round 2": 60}
    assert [done for name, done, *_ in bars if name == "tiny, round 2"] == [0, 60]


@pytest.mark.parametrize("terminal", [True, False])
def test_whether_there_is_one_follows_from_the_terminal(tmp_path, capsys, at_once, terminal):
    def told(**given):
        run(tiny(tmp_path, series=[]), tmp_path / "out", Here(), 60, replace=True, **given)
        return capsys.readouterr().err

    with mock.patch.object(sys.stderr, "isatty", lambda: terminal):
        assert bool(told(progress=None)) == terminal
        assert told(progress=True) and not told(progress=False)
