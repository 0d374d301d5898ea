"""Looking at experiments before they are run: `agentsim plan` and `agentsim validate`."""

import re
import subprocess
import sys

import pytest
from batches import refused

from agentsim.batch.design import Experiment
from agentsim.batch.engine import engine
from agentsim.batch.preview import preview

AGENTSIM = [sys.executable, "-m", "agentsim.cli"]
QUICK = """
name = "quick"
scenario = "theory"
runs = 3
horizon = 4
set = { substitution = 20 }
[factors]
"lineup.hyperscaler" = ["restrain", "escalate"]
demand_elasticity = [1.2, 1.5]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "quick.toml").write_text(QUICK)
    return tmp_path


def agentsim(*words, cwd):
    return subprocess.run([*AGENTSIM, *words], cwd=cwd, capture_output=True, text=True, timeout=120)


def quick(**more):
    tables = {"name": "quick", "scenario": "theory", "runs": 3, "horizon": 4}
    factors = {"lineup.hyperscaler": ["restrain", "escalate"], "demand_elasticity": [1.2, 1.5]}
    return Experiment(**(tables | {"factors": factors} | more))


def planned(experiment, **how):
    return preview(experiment, trial=False, **how)


def test_plan_says_what_would_be_simulated_and_leaves_nothing_behind(folder):
    done = agentsim("plan", "quick.toml", "--workers", "3", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for told in (
        *(
            "quick: theory, 4 quarters, entropy 0",
            "4: 4 main",
            "3 in each cell; 12 in all, 12 rows",
        ),
        *("run 2 meets the same luck in every cell, so differences are paired", "theory marks no"),
        *("in one process", "with 3 workers", "of disk", "about"),
    ):
        assert told in done.stdout, told
    assert [path.name for path in folder.iterdir()] == ["quick.toml"]


def test_plan_sets_what_differs_beside_the_calibration(folder):
    words = ("plan", "quick.toml", "--no-trial", "--set", "lineup.vendor=scarcity")
    done = agentsim(*words, cwd=folder)
    lines = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()]
    assert ["substitution", "1", "4", "20", "set"] in lines
    assert ["demand_elasticity", "1", "1.5", "1.2, 1.5", "factors"] in lines
    assert any(line[0] == "lineup.vendor" and "scarcity" in line for line in lines)
    assert "What it takes" not in done.stdout


def test_long_lists_are_counted_unless_all_is_asked_for(folder):
    levels = "[1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8]"
    (folder / "quick.toml").write_text(QUICK.replace("[1.2, 1.5]", levels))
    short = agentsim("plan", "quick.toml", "--no-trial", cwd=folder).stdout
    whole = agentsim("plan", "quick.toml", "--no-trial", "--all", cwd=folder).stdout
    assert "1.6 and 2 more" in short and "1.8" not in short
    assert "1.7, 1.8" in whole and "more" not in whole


def test_a_plan_that_makes_no_sense_is_one_line(folder):
    for words, told in (
        (("--set", "substitution=-1"), "substitution"),
        (("--runs", "many"), "--runs 'many'"),
        (("--workers", "0"), "workers = 0"),
        (("--chunk-runs", "0"), "chunk_runs = 0"),
    ):
        done = agentsim("plan", "quick.toml", *words, cwd=folder)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1 and told in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "outcomes=capex"], "outcomes is no single value"),
        (["--set", "sampler=sobol"], "sampler is no single value"),
        (["--set", "name=x"], "name is the name of results"),
    ],
)
def test_keys_of_the_file_that_are_no_values_are_changed_there(folder, words, told):
    done = agentsim("plan", "quick.toml", *words, cwd=folder)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert told in done.stderr and "in the experiment's file" in done.stderr


def test_keys_of_the_file_that_are_values_may_be_set(folder):
    done = agentsim("plan", "quick.toml", "--set", "luck=independent", cwd=folder)
    assert done.returncode == 0 and "of its own in every cell" in done.stdout


@pytest.mark.parametrize(
    ("given", "what"), [({"workers": 2}, "workers"), ({"time_limit": 5.0}, "time_limit")]
)
def test_the_engine_of_this_process_refuses_what_it_cannot_do(given, what):
    refused([what, "this process", "pool"], engine, "here", **given)
    engine("here", workers=1)


def test_a_single_run_has_no_interval():
    assert any("runs = 1" in line for line in planned(quick(runs=1)).warnings)
    assert not planned(quick()).warnings


def test_cells_in_which_nothing_differs_are_named():
    factors = {
        "lineup.hyperscaler": ["restrain", "escalate"],
        "lineup.hyperscaler.step": [0.1, 0.2],
    }
    found = planned(quick(factors=factors))
    assert found.sharing == 1
    (line,) = found.warnings
    assert line.startswith("1 of 4 cells") and "lineup.hyperscaler.step" in line


def test_a_deviation_that_is_no_deviation_is_no_cause_for_a_note():
    deviations = [{"firm": "firm_1", "own": ["restrain"], "others": ["restrain", "escalate"]}]
    found = planned(quick(deviations=deviations))
    assert found.kinds == {"main": 4, "deviation": 4}
    assert found.sharing == 2 and found.warnings == ()


def test_a_variant_that_changes_nothing_is_named():
    other = planned(quick(variants=[{"name": "stiff", "set": {"substitution": 9}}]))
    assert other.kinds["variant"] == 4 and other.warnings == ()
    (line,) = planned(
        quick(set={"substitution": 9}, variants=[{"name": "still", "set": {"substitution": 9}}])
    ).warnings
    assert "'still'" in line and "4 cells" in line


def test_outcomes_without_what_their_interval_is_made_of_are_named():
    (line,) = planned(quick(outcomes=["customer_share"])).warnings
    assert "customer_surplus" in line and "total_surplus" in line


def test_luck_shared_by_points_of_a_sampler_is_named():
    factors = {"demand_elasticity": {"low": 1.2, "high": 1.5}}
    sampled = quick(factors=factors, sampler={"kind": "latin_hypercube", "points": 8})
    assert planned(sampled).warnings == ()
    assert "not paired" in planned(sampled).why
    (line,) = planned(
        quick(factors=factors, sampler={"kind": "latin_hypercube", "points": 8}, luck="shared")
    ).warnings
    assert 'luck = "shared"' in line


def test_marked_ranges_that_are_drawn_and_those_that_are_not_are_counted():
    found = planned(quick(scenario="2025Q4", set={"substitution": 5}))
    assert found.drawn + len(found.not_drawn) == found.marked
    assert dict(found.not_drawn)["substitution"] == "set"
    assert dict(found.not_drawn)["demand_elasticity"] == "varied as a factor"
    none = planned(quick(scenario="2025Q4", uncertainty="none"))
    assert none.drawn == 0 and len(none.not_drawn) == none.marked


def test_adaptive_designs_take_from_least_to_most(folder):
    more = '[adaptive]\noutcome = "customer_share"\nhalf_width = 0.01\nmost_runs = 30\n'
    (folder / "quick.toml").write_text(QUICK + more)
    done = agentsim("plan", "quick.toml", cwd=folder)
    assert "at most 30 in each cell, 120 in all" in done.stdout
    assert "at least, about" in done.stdout and "at most, about" in done.stdout


def test_a_full_disk_is_foreseen(monkeypatch):
    from agentsim.batch import preview as module

    monkeypatch.setattr(module, "_free", lambda folder: 1000)
    assert any(line.startswith("disk: about") for line in preview(quick()).warnings)


def test_failures_of_the_trial_are_told(monkeypatch):
    from agentsim.batch import simulating

    def breaks(self):
        raise OSError("out of luck")

    monkeypatch.setattr(simulating.Simulation, "run", breaks)
    found = preview(quick())
    assert found.trial.failed == found.trial.runs > 0
    assert "out of luck" in found.trial.reason
    assert any("out of luck" in line for line in found.warnings)


def test_disk_is_about_what_a_run_leaves(tmp_path):
    from agentsim import batch

    asked = quick(
        scenario="2025Q4", runs=300, series=["capex", "hyperscaler.debt"], series_runs=100
    )
    told = preview(asked).trial.least.size
    folder = batch.run(asked, tmp_path / "out", engine="here", progress=False).folder
    left = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    assert 0.5 * left < told < 2.0 * left


def test_validate_says_what_is_fine_and_what_is_not(folder):
    (folder / "wrong.toml").write_text(QUICK.replace("demand_elasticity", "demand_elasticty"))
    (folder / "torn.toml").write_text("name = ")
    words = ("validate", "quick.toml", "wrong.toml", "torn.toml", "nowhere.toml", "escalator_war")
    done = agentsim(*words, cwd=folder)
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "quick.toml: ok, 4 cells, 12 runs", "escalator_war: ok, 264 cells, 52,800 runs"
    ]  # fmt: skip
    errors = done.stderr.splitlines()
    files = ("wrong.toml", "torn.toml", "nowhere.toml")
    assert len(errors) == 3
    for line, file in zip(errors, files, strict=True):
        assert line.startswith(f"error: {file}")
    assert "nearest: demand_elasticity" in errors[0]
    assert agentsim("validate", "quick.toml", cwd=folder).returncode == 0
    assert agentsim("validate", cwd=folder).returncode == 2
