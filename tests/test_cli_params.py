"""Finding what may be set, and starting an experiment: `agentsim params` and `agentsim new`."""

import csv
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from io import StringIO

import pytest

from agentsim.batch.design import Experiment
from agentsim.cli import main, settable
from agentsim.parameters import DECLARATIONS
from agentsim.scenario import Scenario
from agentsim.shocks import KINDS

AGENTSIM = [sys.executable, "-m", "agentsim.cli"]
WIDTH = 100


def agentsim(*words, cwd):
    return subprocess.run([*AGENTSIM, *words], cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def every():
    return settable.entries(Scenario.load("2025Q4"))


@pytest.fixture
def told(capsys):
    """What `agentsim params` prints for words, as rows by name."""

    def ask(*words):
        assert main(["params", *words, "--csv"]) == 0
        return {row["name"]: row for row in csv.DictReader(StringIO(capsys.readouterr().out))}

    return ask


# what may be set


def test_every_parameter_and_field_is_there_once(every):
    base = Scenario.load("2025Q4")
    names = [entry.name for entry in every]
    assert len(names) == len(set(names))
    shocks = {f"shock.{kind}.{item.name}" for kind in KINDS for item in fields(KINDS[kind])}
    roles = {f"{role}.{name}" for role, name in DECLARATIONS if role != "market"}
    lineup = {f"lineup.{who}" for role, firms in base.firms.items() for who in (role, *firms)}
    assert set(base.values) | shocks | roles | lineup <= set(names)


def test_values_lie_within_what_is_said_of_them(every):
    for entry in every:
        for numbers in (entry.value, entry.marked):
            if not isinstance(numbers, str):
                assert entry.low <= min(numbers) <= max(numbers) <= entry.high, entry


def test_a_word_is_found_in_names_first_then_in_meanings(told):
    names = list(told("ELASTICITY"))
    assert names[:2] == ["demand_elasticity", "saturated_elasticity"]
    assert names.index("vendor_elasticity") < names.index("new_uses")  # "elasticity of ..."


def test_a_role_stands_for_its_firms_until_a_firm_is_named(told):
    debt = told("debt")
    assert debt["hyperscaler.debt"]["value"] == "0-27"
    assert "oracle.debt" not in debt
    own = told("oracle.debt")["oracle.debt"]
    assert (own["value"], own["marked_low"], own["marked_high"]) == ("25", "10", "50")
    assert {"oracle.debt", "lineup.oracle.debt_share"} <= set(told("oracle", "debt"))
    assert "direct_lender.funds" not in told("lender")


def test_what_one_firm_alone_has_another_range_of_is_said(every):
    by_name = {entry.name: entry for entry in every}
    assert by_name["hyperscaler.debt"].marked == settable.BY_FIRM
    assert by_name["lender.deployed"].marked == settable.BY_FIRM  # alike, yet drawn one by one
    assert by_name["hyperscaler.training_share"].marked == (0.3, 0.65)


def test_parameters_of_strategies_and_fields_of_shocks(told):
    step = told("lineup.hyperscaler.step")["lineup.hyperscaler.step"]
    assert (step["value"], step["low"], step["high"]) == ("0.02", "0", "1")
    assert "(of escalate)" in step["meaning"]
    assert "(of best_response, cartel" in told("lineup.hyperscaler.phi").popitem()[1]["meaning"]
    assert "escalate" in told("lineup.hyperscaler")["lineup.hyperscaler"]["meaning"]
    assert told("lineup.meta")["lineup.meta"]["value"] == "match"
    assert told("shock", "factor")["shock.efficiency.factor"]["value"] == "10"


def test_several_words_must_all_be_there(told):
    assert list(told("chip", "works")) == list(told("chip works"))
    assert "economic_life" in told("chip", "works")
    assert len(told("chip", "works")) < len(told("chip"))


def test_another_scenario(told):
    assert "firm_1.debt" in told("--scenario", "theory", "firm_1")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["elastcity"], "demand_elasticity"),
        (["oracel.debt"], "oracle.debt"),
        (["--scenario", "2052Q4"], "2025Q4"),
    ],
)
def test_nothing_found_is_one_line_with_the_nearest(words, says, capsys):
    assert main(["params", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
    assert f"nearest: {says}" in said


# how it is printed


def test_a_pipe_gets_aligned_lines_uncut(tmp_path):
    done = agentsim("params", "chip", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split()[:7] == ["name", "value", "unit", "low", "high", "marked", "kind"]
    assert "…" not in done.stdout and max(map(len, lines)) > 200
    start = head.index("meaning")
    for line in lines:
        assert line[start - 2 : start] == "  " and line[start] != " ", line


@pytest.mark.skipif(os.name != "posix", reason="terminals")
def test_a_terminal_gets_lines_of_its_width_and_whole_meanings(tmp_path):
    leader, follower = os.openpty()
    process = subprocess.Popen(
        [*AGENTSIM, "params", "elasticity"],
        cwd=tmp_path,
        stdout=follower,
        env={**os.environ, "COLUMNS": str(WIDTH)},
    )
    os.close(follower)
    text = ""
    try:
        while piece := os.read(leader, 65536):
            text += piece.decode()
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(leader)
    assert process.wait(timeout=60) == 0
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "    price elasticity of total demand (epsilon)" in lines


# a new experiment


def test_a_new_experiment_is_valid_as_it_stands(tmp_path):
    done = agentsim("new", "experiment", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *("mine.toml", "", "Next:", "  agentsim plan mine.toml", "  agentsim run mine.toml")
    ]
    made = Experiment.read(tmp_path / "mine.toml")
    assert (made.name, made.runs, len(made.factors)) == ("mine", 50, 2)
    assert "agentsim run mine.toml" in (tmp_path / "mine.toml").read_text()


def test_a_new_experiment_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "experiment", "mine"]) == 0
    words = ["--runs", "2", "--set", "horizon=9", "--workers", "1", "--no-report"]
    assert main(["run", "mine.toml", *words]) == 0
    assert "results/mine" in capsys.readouterr().out


def test_its_examples_are_toml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "experiment", "mine"]) == 0
    lines = (tmp_path / "mine.toml").read_text().splitlines()
    examples = [line[1:] for line in lines if re.match(r"#[^ ]", line)]
    assert all(tomllib.loads(line) for line in examples)
    text = "\n".join(examples)
    for key in ("outcomes", "series", "series_runs", "series_type", "sampler", "luck"):
        assert re.search(rf"^{key} = ", text, re.MULTILINE), key
    for table in ("[linked.chip_life]", "[adaptive]", "[set]", "[lineup]", "[[variants]]"):
        assert table in text
    assert max(map(len, lines)) <= 100


def test_its_examples_are_valid(tmp_path, monkeypatch):
    """Each by itself, a table with the lines below it: some are other forms of the same thing."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "experiment", "mine"]) == 0
    text = (tmp_path / "mine.toml").read_text()
    examples = re.findall(r"(?m)^#\[.*\n(?:#[^ \n].*\n)+|^#[^ \n].*\n", text)
    assert len(examples) > 15
    for example in examples:
        bare = re.sub("(?m)^#", "", example)
        (tmp_path / "mine.toml").write_text(text.replace(example, bare, 1))
        Experiment.read(tmp_path / "mine.toml")  # raises an error that names the line


def test_a_new_experiment_replaces_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["new", "experiment", "mine", "--out", "deep/er one/mine.toml"]
    assert main(words) == 0
    assert "  agentsim run 'deep/er one/mine.toml'" in capsys.readouterr().out
    before = (tmp_path / "deep" / "er one" / "mine.toml").read_text()
    assert main(words) == 2
    assert "deep/er one/mine.toml exists" in capsys.readouterr().err
    assert (tmp_path / "deep" / "er one" / "mine.toml").read_text() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["experiment", "a/b"], "cannot name a folder"),
        (["experiment", ".."], "cannot name a folder"),
        (["experiment", "mine", "--out", "file/mine.toml"], "lies beneath a file"),
        (["experimnt", "mine"], "nearest: experiment; agentsim new --help lists them"),
    ],
)
def test_what_cannot_be_made_is_one_line(words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert main(["new", *words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and says in said
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
