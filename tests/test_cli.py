"""The command, in processes of its own, as people run it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from io import StringIO

import pandas as pd
import pytest

from agentsim import report
from agentsim.batch.results import Results
from agentsim.cli import MODULES, cli, main

AGENTSIM = [sys.executable, "-m", "agentsim.cli"]
QUICK = """
name = "quick"
scenario = "theory"
runs = 3
horizon = 3
series = ["capex"]
[factors]
"lineup.hyperscaler" = ["restrain", "escalate"]
"shock.efficiency.factor" = [1, 10]
[[shocks]]
kind = "efficiency"
quarter = 2
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "quick.toml").write_text(QUICK)
    return tmp_path


def agentsim(*words, cwd, **how):
    return subprocess.run(
        [*AGENTSIM, *words], cwd=cwd, capture_output=True, text=True, timeout=120, **how
    )


def test_run_leaves_results_and_says_where(folder):
    words = ["run", "quick.toml", "--workers", "2", "--runs", "4", "--no-report"]
    done = agentsim(*words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bar where there is no terminal
    assert "results/quick" in done.stdout
    results = Results.open(folder / "results" / "quick")
    assert len(results.runs()) == 4 * 4
    assert results.manifest["command"] == ["agentsim", *words]
    assert [path.name for path in (folder / "results").iterdir()] == ["quick"]


def test_run_writes_the_report_after_the_headline(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(report, "headline", lambda results: f"{len(results.runs())} rows")
    monkeypatch.setattr(report, "write", lambda path: path / "report.html")
    assert main(["run", "quick.toml", "--workers", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        *("12 rows", "", "Results: results/quick", "Report:  results/quick/report.html")
    ]


def test_run_says_why_there_is_no_report(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    few = 'outcomes = ["capex"]\n' + QUICK
    (folder / "few.toml").write_text(few)
    assert main(["run", "few.toml", "--engine", "here"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith(
        "Report:  none: the folder lacks outcomes that the report is made of; add"
    )
    assert main(["run", "few.toml", "--engine", "here", "--no-report"]) == 0
    assert "Report:" not in capsys.readouterr().out


def test_settings_of_the_command_line(folder):
    done = agentsim(
        *("run", "quick.toml", "--workers", "1", "--no-report", "--out", "deep/er/out"),
        *("--set", "shock.efficiency.factor=3", "--set", "substitution=20", "--set", "horizon=2"),
        *("--set", "lineup.vendor=scarcity", "--set", "lineup.hyperscaler=scaled(multiple=2)"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    results = Results.open(folder / "deep" / "er" / "out")
    assert results.experiment.factors == {
        "lineup.hyperscaler": ["scaled(multiple=2)"],
        "shock.efficiency.factor": [3],
    }
    assert results.experiment.set == {"substitution": 20}
    assert results.experiment.horizon == results.series()["quarter"].max() == 2


def test_a_run_that_fails_is_said_and_leaves_the_rest(folder):
    script = folder / "failing.py"
    script.write_text(
        "import sys\n"
        "from agentsim.batch import simulating\n"
        "from agentsim.cli import main\n"
        "class Raises(simulating.Simulation):\n"
        "    def run(self):\n"
        "        if (self.shocks[0].factor == 10).any(): raise OSError('out of luck')\n"
        "        super().run()\n"
        "simulating.Simulation = Raises\n"
        "sys.exit(main(['run', 'quick.toml', '--engine', 'here', '--no-report']))\n"
    )
    done = subprocess.run([sys.executable, script], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "6 of 12 runs failed" in done.stderr and "out of luck" in done.stderr
    assert "Traceback" not in done.stderr
    runs = Results.open(folder / "results" / "quick").runs()
    assert runs["customer_surplus"].notna().sum() == 6


@pytest.mark.parametrize("engine", ["here", "pool"])
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(folder, engine):
    words = ["run", "quick.toml", "--runs", "5000", "--no-report"]
    words += ["--engine", engine, "--chunk-runs", "50"]
    words += ["--workers", "2"] if engine == "pool" else []
    process = subprocess.Popen(
        [*AGENTSIM, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever started the tests may have ignored the signal, which a child would inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    out = folder / "results" / "quick"
    deadline = time.monotonic() + 60
    try:
        while not list(out.glob("parts/outcomes-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        said, err = process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "stopped by Ctrl-C" in err and "which are kept" in err and "goes on from there" in err
    assert "Traceback" not in err + said
    results = Results.open(out)
    assert results.manifest["status"] == "interrupted" and not results.complete
    held = len(results.runs())
    assert 0 < held < 20_000 and held % 50 == 0
    kept = {file: file.stat().st_mtime_ns for file in out.glob("parts/outcomes-*")}
    assert len(kept) == held // 50

    done = agentsim(*words, "--set", "horizon=3", cwd=folder)  # as it is in the file
    assert done.returncode == 0, done.stderr
    results = Results.open(out)
    assert results.complete and len(results.runs()) == 20_000
    assert [each["status"] for each in results.manifest["sessions"]] == ["interrupted", "complete"]


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from agentsim.cli import main; main(['--help']);"
        "heavy = {'numpy', 'pandas', 'pydantic', 'pyarrow', 'scipy', 'mesa', 'tqdm', 'seaborn'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "agentsim run escalator_war" in done.stdout


def test_every_command_helps(tmp_path):
    for command in (
        *("new", "new experiment", "plan", "validate", "run", "ls", "show", "diff", "report"),
        *("params", "calibration", "strategies"),
    ):
        done = agentsim(*command.split(), "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert "Examples:" in done.stdout
    assert agentsim("new", cwd=tmp_path).stdout == agentsim("new", "--help", cwd=tmp_path).stdout
    assert agentsim(cwd=tmp_path).stdout == agentsim("--help", cwd=tmp_path).stdout


def test_every_command_is_listed_in_order():
    names = [cli.get_command(None, name).name for name in cli.list_commands(None)]
    assert names == list(MODULES)


def test_version(tmp_path):
    import agentsim as package

    assert agentsim("--version", cwd=tmp_path).stdout == f"agentsim {package.__version__}\n"


def test_calibration_prints_a_table(tmp_path):
    done = agentsim("calibration", "2025Q4", cwd=tmp_path)
    assert done.returncode == 0
    head, *lines = done.stdout.splitlines()
    assert head.split()[:2] == ["parameter", "value"]
    end = head.index("value") + len("value")
    for line in lines:
        assert line[end - 1].isdigit() and line[end] == " ", line  # numbers end in one column
    whole = pd.read_csv(StringIO(agentsim("calibration", "--csv", cwd=tmp_path).stdout))
    assert len(whole) == len(lines)
    assert {"value", "unit", "low", "high", "kind", "source", "reason"} <= set(whole.columns)


@pytest.mark.skipif(os.name != "posix", reason="pipes")
@pytest.mark.parametrize("words", [["calibration", "--csv"], ["params"]])
def test_a_reader_who_leaves_is_no_failure(tmp_path, words):
    with subprocess.Popen(
        [*AGENTSIM, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline().split(",")[0].split()[0] in ("role", "name")
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == ("", 0)


def test_results_of_other_settings_are_left_alone_unless_told_otherwise(folder):
    words = ["run", "quick.toml", "--engine", "here", "--no-report"]
    assert agentsim(*words, cwd=folder).stderr == ""
    assert agentsim(*words, cwd=folder).stderr == ""  # it is there already
    other = agentsim(*words, "--set", "horizon=2", cwd=folder)
    assert other.returncode == 0
    assert other.stderr == (
        "results/quick holds other results (horizon 3 -> 2); this goes to results/quick-2\n"
    )
    assert "Results: results/quick-2" in other.stdout
    replaced = agentsim(*words, "--set", "horizon=2", "--replace", cwd=folder)
    assert replaced.stderr == ""
    horizons = {
        path.name: Results.open(path).experiment.horizon for path in (folder / "results").iterdir()
    }
    assert horizons == {"quick": 2, "quick-2": 2}
