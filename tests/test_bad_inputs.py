"""Whatever is wrong with what is asked is one line that names field, value and remedy.

Most go through the command as a function; a few of each kind through a real process.
"""

import dataclasses
import os
import subprocess
import sys

import pytest

from agentsim.batch.design import Experiment
from agentsim.cli import main
from agentsim.parameters import DECLARATIONS, ROLES
from agentsim.scenario import Scenario
from agentsim.shocks import KINDS
from agentsim.strategy.registry import ids

SOUND = """
name = "sound"
scenario = "theory"
runs = 1
horizon = 4
[factors]
demand_elasticity = [1.5, 2]
[[shocks]]
kind = "efficiency"
quarter = 2
"""
FIRMS = Scenario.load("theory").firms


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder; return the one line that it says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sound.toml").write_text(SOUND)
    before = set(tmp_path.iterdir())

    def asked(*words, new=()):
        assert main([str(word) for word in words]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("error: ") and said.err.endswith("\n")
        assert said.err.count("\n") == 1, said.err
        assert "Traceback" not in said.err
        left = {path.name for path in set(tmp_path.iterdir()) - before}
        assert left <= {*new, "results"}  # a folder for results, but none in it
        assert not list(tmp_path.glob("results/*"))
        return said.err

    return asked


def test_the_sound_experiment_is_sound(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sound.toml").write_text(SOUND)
    assert main(["run", "sound.toml", "--workers", "1", "--no-report"]) == 0
    assert "mean of 1 run" in capsys.readouterr().out


# Parameters: two out of bounds and one misspelt for each that is declared

NAMES = [
    (parameter if role == "market" else f"{FIRMS[role][0]}.{parameter}", declared)
    for (role, parameter), declared in DECLARATIONS.items()
]


@pytest.mark.parametrize(("name", "declared"), NAMES, ids=[name for name, _ in NAMES])
def test_parameters_out_of_bounds(ask, name, declared):
    for beyond, bound in ((declared.low - 1.0, "below"), (declared.high * 2 + 1.0, "above")):
        said = ask("run", "sound.toml", "--set", f"{name}={beyond!r}")
        assert name in said and bound in said and f"{beyond:g}" in said
        assert f"{declared.low:g}" in said and f"{declared.high:g}" in said


@pytest.mark.parametrize("name", [name for name, _ in NAMES])
def test_parameters_misspelt(ask, name):
    wrong = name[:-2] + name[-1] + name[-2] + "x"
    said = ask("run", "sound.toml", "--set", f"{wrong}=1")
    assert wrong in said and "nearest: " in said and name in said


def test_parameters_that_are_no_numbers(ask):
    for value in ("many", "1,2", "[1]", "0x10"):
        said = ask("run", "sound.toml", "--set", f"substitution={value}")
        assert "substitution" in said and "number" in said
    for value in ("nan", "inf", "-inf"):
        said = ask("run", "sound.toml", "--set", f"substitution={value}")
        assert f"substitution {value} is not finite; give a number from 1.05 to 200" in said


@pytest.mark.parametrize("role", ROLES)
def test_strategies_misspelt(ask, role):
    for known in ids(role):
        wrong = f"{known[:-2]}{known[-1]}{known[-2]}"
        said = ask("run", "sound.toml", "--set", f"lineup.{role}={wrong}")
        assert f"{role} strategy {wrong!r} is not known; nearest: {known}" in said
    firm = FIRMS[role][0]
    assert "no_such" in ask("run", "sound.toml", "--set", f"lineup.{firm}=no_such")
    assert "lineup" in ask("run", "sound.toml", "--set", f"lineup.{role}s=hold_margin")


# Shocks: each field of each kind

FIELDS = [(kind, item) for kind, shock in KINDS.items() for item in dataclasses.fields(shock)]


@pytest.mark.parametrize(("kind", "item"), FIELDS, ids=[f"{k}.{i.name}" for k, i in FIELDS])
def test_fields_of_shocks(ask, kind, item):
    name = f"shock.{kind}.{item.name}"
    wrong = ["nan", "nobody"]
    if "low" in item.metadata:
        wrong += [repr(item.metadata["low"] - 1.0), repr(item.metadata["high"] * 2 + 1.0)]
    if item.name == "quarter":
        wrong += ["0", "5", "-3", "1.5"]  # the horizon is 4
    for value in wrong:
        assert name in ask("run", "sound.toml", "--set", f"{name}={value}")
    misspelt = f"{name[:-2]}{name[-1]}{name[-2]}x"
    assert item.name in ask("run", "sound.toml", "--set", f"{misspelt}=1")


# Fields of the file: something of another kind in each

KEYS = list(Experiment.model_fields)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ["true", "[[1]]", "1979-05-27", "1e400"])
def test_keys_of_the_file(ask, tmp_path, key, value):
    lines = [line for line in SOUND.splitlines() if not line.startswith(f"{key} ")]
    text = "\n".join([f"{key} = {value}", *lines])
    if key in ("factors", "shocks"):  # they are tables of the sound file
        text = f'name = "bad"\nscenario = "theory"\n{key} = {value}\n'
    (tmp_path / "bad.toml").write_text(text)
    said = ask("run", "bad.toml", new=["bad.toml"])
    assert "bad.toml: " in said and key in said


@pytest.mark.parametrize("key", KEYS)
def test_keys_misspelt(ask, tmp_path, key):
    (tmp_path / "bad.toml").write_text(f"{key}x = 1\n" + SOUND)
    assert f"nearest: {key}" in ask("run", "bad.toml", new=["bad.toml"])


# The file as a whole

VARIANT = '[[variants]]\nname = "v"\n'
DEVIATION = '[[deviations]]\nfirm = "firm_1"\nown = ["match"]\nothers = ["match"]\n'
BAD = {
    "broken line": (SOUND + "runs ==\n", ["line 11"]),
    "broken first line": ("= 3\n" + SOUND, ["line 1"]),
    "broken table": (SOUND + "[unclosed\n", ["line 11"]),
    "open string": ('name = "open', ["line 1"]),
    "open list": ("name = 'open'\nfactors.x = [1,\n2", ["line 3"]),
    "twice": (SOUND + "quarter = 3\n", ["line 11"]),
    "no name": (SOUND.replace('name = "sound"', ""), ["name is missing"]),
    "name of a path": (SOUND.replace('"sound"', '"../x"'), ["name", "../x"]),
    "empty name": (SOUND.replace('"sound"', '""'), ["name"]),
    "number as name": (SOUND.replace('"sound"', "3"), ["name = 3", "text"]),
    "no such scenario": (SOUND.replace('"theory"', '"theorie"'), ["nearest: theory"]),
    "no runs": (SOUND.replace("runs = 1", "runs = 0"), ["runs = 0", "between 1"]),
    "half a run": (SOUND.replace("runs = 1", "runs = 1.5"), ["runs = 1.5"]),
    "too many runs": (SOUND.replace("runs = 1", "runs = 90_000_000"), ["runs = 90000000"]),
    "no horizon": (SOUND.replace("horizon = 4", "horizon = 0"), ["horizon = 0"]),
    "far horizon": (SOUND.replace("horizon = 4", "horizon = 4000"), ["horizon = 4000", "400"]),
    "negative entropy": ("entropy = -1\n" + SOUND, ["entropy = -1"]),
    "uncertainty": ('uncertainty = "markd"\n' + SOUND, ["uncertainty", "nearest: marked"]),
    "no levels": (SOUND.replace("[1.5, 2]", "[]"), ["demand_elasticity = []"]),
    "level twice": (SOUND.replace("[1.5, 2]", "[2, 2.0]"), ["demand_elasticity", "twice"]),
    "level is no list": (SOUND.replace("[1.5, 2]", "1.5"), ["demand_elasticity", "[brackets]"]),
    "level is text": (SOUND.replace("[1.5, 2]", '["high"]'), ["demand_elasticity", "high"]),
    "level out of bounds": (SOUND.replace("[1.5, 2]", "[1.5, 20]"), ["20", "above its bound 10"]),
    "level is not finite": (SOUND.replace("[1.5, 2]", "[nan]"), ["demand_elasticity", "finite"]),
    "level is true": (SOUND.replace("[1.5, 2]", "[true]"), ["demand_elasticity", "True"]),
    "factor misspelt": (SOUND.replace("demand_el", "demnd_el"), ["nearest: demand_elasticity"]),
    "factor of nobody": (SOUND.replace("demand_elasticity", "nobody.debt"), ["nobody.debt"]),
    "strategy misspelt": (
        SOUND.replace("demand_elasticity = [1.5, 2]", '"lineup.hyperscaler" = ["restrian"]'),
        ["restrian", "nearest: restrain"],
    ),
    "strategy of another role": (
        SOUND.replace("demand_elasticity = [1.5, 2]", '"lineup.firm_1" = ["scarcity"]'),
        ["scarcity", "hyperscaler"],
    ),
    "strategy is a number": (
        SOUND.replace("demand_elasticity = [1.5, 2]", '"lineup.firm_1" = [3]'),
        ["lineup.firm_1 = 3"],
    ),
    "strategy parameter": (
        SOUND.replace("demand_elasticity = [1.5, 2]", '"lineup.firm_1" = ["scaled(multipel=2)"]'),
        ["multipel", "multiple"],
    ),
    "factor and set": ("set = { demand_elasticity = 2 }\n" + SOUND, ["factor and in set"]),
    "factor of a shock that is not": (
        SOUND.replace("demand_elasticity = [1.5, 2]", '"shock.efficency.factor" = [3]'),
        ["efficency", "nearest: efficiency"],
    ),
    "shock outside the horizon": (
        SOUND.replace("quarter = 2", "quarter = 5"),
        ["quarter = 5", "between 1 and 4"],
    ),
    "shock factor outside the horizon": (
        SOUND.replace("demand_elasticity = [1.5, 2]", '"shock.efficiency.quarter" = [2, 9]'),
        ["quarter = 9"],
    ),
    "shock without a kind": (SOUND.replace('kind = "efficiency"', ""), ["no kind"]),
    "shock without a quarter": (SOUND.replace("quarter = 2", ""), ["quarter is missing"]),
    "shock of no kind": (SOUND.replace('"efficiency"', '"eficiency"'), ["nearest: efficiency"]),
    "shock with two factors": (SOUND + "factor = [3, 10]\n", ["factor", "[factors]"]),
    "shock of nobody": (SOUND + 'leader = "firm_9"\n', ["firm_9", "nearest: firm_"]),
    "shock field misspelt": (SOUND + "difusion = 1\n", ["nearest: diffusion"]),
    "lineup of nobody": ('lineup = { nobody = "match" }\n' + SOUND, ["nobody"]),
    "lineup of nothing": ("lineup = { firm_1 = 3 }\n" + SOUND, ["lineup.firm_1 = 3"]),
    "lineup misspelt": ('lineup = "restrian"\n' + SOUND, ["nearest: restrain"]),
    "set to a list": ("set = { substitution = [3, 4] }\n" + SOUND, ["substitution", "[factors]"]),
    "set below what it must exceed": (
        "set = { saturated_elasticity = 0.9 }\n" + SOUND.replace("1.5", "0.8"),
        ["saturated_elasticity 0.9", "demand_elasticity 0.8"],
    ),
    "deviation of nobody": (
        SOUND + DEVIATION.replace("firm_1", "frim_1"),
        ["frim_1", "nearest: firm_1"],
    ),
    "deviation to nothing": (SOUND + DEVIATION.replace('own = ["match"]', "own = []"), ["own = []"]),
    "deviation misspelt": (SOUND + DEVIATION.replace("others", "other"), ["nearest: others"]),
    "deviation without": (SOUND + '[[deviations]]\nfirm = "firm_1"\n', ["deviations[0]", "own"]),
    "deviation to no strategy": (
        SOUND + DEVIATION.replace('["match"]', '["matsch"]', 1),
        ["nearest: match"],
    ),
    "deviation twice": (
        SOUND + DEVIATION.replace('["match"]', '["match", "match"]', 1),
        ["own", "twice"],
    ),
    "deviation as a table": (SOUND + DEVIATION.replace("[[", "[").replace("]]", "]"), ["[[dev"]),
    "variant changes nothing": (SOUND + VARIANT, ["'v'", "changes nothing"]),
    "variant twice": (SOUND + 2 * (VARIANT + "set = { substitution = 3 }\n"), ["'v' twice"]),
    "variant without a name": (SOUND + "[[variants]]\nset = { substitution = 3 }\n", ["name"]),
    "variant sets a factor": (
        SOUND + VARIANT + "set = { demand_elasticity = 3 }\n",
        ["'v'", "demand_elasticity", "a factor"],
    ),
    "variant misspelt": (
        SOUND + VARIANT + "set = { substition = 3 }\n",
        ["'v'", "nearest: substitution"],
    ),
    "variant out of bounds": (SOUND + VARIANT + "set = { substitution = 1 }\n", ["'v'", "1.05"]),
    "variant of a level that is not": (
        SOUND + VARIANT + "set = { substitution = 3 }\nfactors = { demand_elasticity = [1.1] }\n",
        ["'v'", "1.1", "[1.5, 2]"],
    ),
    "variant of a factor that is not": (
        SOUND + VARIANT + "set = { substitution = 3 }\nfactors = { substitution = [1.1] }\n",
        ["'v'", "substitution"],
    ),
    "more cells than fit": (
        SOUND.replace("[1.5, 2]", str([1 + n / 2000 for n in range(1001)]))
        .replace("[[shocks]]", f"substitution = {[2 + n / 100 for n in range(1001)]}\n[[shocks]]"),
        ["1002001 cells"],
    ),
    "more runs than fit in all": (
        SOUND.replace("[1.5, 2]", str([1 + n / 2000 for n in range(101)]))
        .replace("runs = 1", "runs = 1_000_000"),
        ["runs = 1000000 in 101 cells make 101000000 runs"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files(ask, tmp_path, name):
    text, parts = BAD[name]
    (tmp_path / "bad.toml").write_text(text)
    said = ask("run", "bad.toml", new=["bad.toml"])
    for part in parts:
        assert part in said, said


def test_files_that_are_none(ask, tmp_path):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b"name = 'a'\n# caf\xe9\n")
    new = ["folder.toml", "latin.toml"]
    assert "escalator_war" in ask("run", "escalator_wra", new=new)
    assert "does not exist" in ask("run", "missing.toml", new=new)
    assert "does not exist" in ask("run", "no/such/file", new=new)
    assert "beneath a file" in ask("run", "sound.toml/beneath.toml", new=new)
    assert "is a folder" in ask("run", "folder.toml", new=new)
    assert "line 2" in ask("run", "latin.toml", new=new)


# The command line

LINES = {
    "command": (["rnu"], ["'rnu'", "nearest: run"]),
    "no experiment": (["run"], ["EXPERIMENT", "agentsim run --help"]),
    "two experiments": (["run", "sound.toml", "sound.toml"], ["sound.toml"]),
    "option": (["run", "sound.toml", "--worker", "1"], ["nearest: --workers"]),
    "option of the group": (["--verson"], ["nearest: --version"]),
    "option without": (["run", "sound.toml", "--runs"], ["--runs"]),
    "runs of words": (["run", "sound.toml", "--runs", "many"], ["--runs 'many'"]),
    "no runs": (["run", "sound.toml", "--runs", "0"], ["runs = 0"]),
    "negative runs": (["run", "sound.toml", "--runs", "-5"], ["runs = -5"]),
    "no workers": (["run", "sound.toml", "--workers", "0"], ["workers = 0"]),
    "workers of words": (["run", "sound.toml", "--workers", "x"], ["--workers 'x'"]),
    "workers of engine here": (
        ["run", "sound.toml", "--engine", "here", "--workers", "2"],
        ["workers = 2", "this process", "--workers", "engine pool"],
    ),
    "time limit of engine here": (
        ["run", "sound.toml", "--engine", "here", "--time-limit", "5"],
        ["time_limit = 5", "this process", "--time-limit", "engine pool"],
    ),
    "top of another script": (["sensitivity", "nowhere", "--top", "\u00b3"], ["--top '\u00b3'"]),
    "no top": (
        ["sensitivity", "nowhere", "--top", "0"],
        ["--top '0' is not a whole number from 1"],
    ),
    "set nothing": (["run", "sound.toml", "--set", "substitution"], ["NAME=VALUE"]),
    "set to nothing": (["run", "sound.toml", "--set", "substitution="], ["NAME=VALUE"]),
    "set nobody": (["run", "sound.toml", "--set", "=3"], ["NAME=VALUE"]),
    "set horizon": (["run", "sound.toml", "--set", "horizon=x"], ["horizon = 'x'"]),
    "set scenario": (["run", "sound.toml", "--set", "scenario=2025"], ["scenario = 2025"]),
    "calibration": (["calibration", "2025Q5"], ["nearest: 2025Q4"]),
    "strategies": (["strategies", "show", "escalte"], ["nearest: escalate"]),
    "beneath a file": (["run", "sound.toml", "--out", "sound.toml/out"], ["beneath a file"]),
    "deep beneath": (["run", "sound.toml", "--out", "sound.toml/a/b"], ["beneath a file"]),
    "a file": (["run", "sound.toml", "--out", "sound.toml"], ["is a file"]),
    "too long": (["run", "sound.toml", "--out", "x" * 300], ["--out", "name too long"]),
    "null": (["run", "sound.toml", "--out", "a\0b"], ["--out"]),
    "here": (["run", "sound.toml", "--out", "."], ["--out ."]),
    "not ours": (["run", "sound.toml", "--out", ".."], ["--out .."]),
    "empty": (["run", "sound.toml", "--out", ""], ["--out"]),
}


@pytest.mark.parametrize("name", LINES)
def test_bad_command_lines(ask, name):
    words, parts = LINES[name]
    said = ask(*words)
    for part in parts:
        assert part.lower() in said.lower(), said


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that nobody can write")
def test_a_place_that_cannot_be_written(ask):
    assert "cannot be written" in ask("run", "sound.toml", "--out", "/proc/self/out")


# As people meet them

PROCESS = {
    "malformed": (["run", "malformed.toml"], ["malformed.toml, line 3"]),
    "outside the horizon": (
        ["run", "sound.toml", "--set", "shock.efficiency.quarter=41"],
        ["quarter = 41", "between 1 and 4"],
    ),
    "beneath a file": (["run", "sound.toml", "--out", "sound.toml/out"], ["beneath a file"]),
    "unknown": (["run", "sound.toml", "--set", "sustitution=3"], ["nearest: substitution"]),
    "option": (["run", "--runz"], ["nearest: --runs"]),
}


@pytest.mark.parametrize("name", PROCESS)
def test_a_real_process(tmp_path, name):
    words, parts = PROCESS[name]
    (tmp_path / "sound.toml").write_text(SOUND)
    (tmp_path / "malformed.toml").write_text("name = 'x'\nruns = 3\nfactors = [[[\n")
    done = subprocess.run(
        [sys.executable, "-m", "agentsim.cli", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    for part in parts:
        assert part in done.stderr
