"""Looking at results: `agentsim ls`, `show`, `diff` and `report`."""

import json
import shutil
import subprocess
import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from agentsim import batch
from agentsim.batch import work
from agentsim.batch.comparing import compare
from agentsim.batch.design import Experiment
from agentsim.batch.engine import Here
from agentsim.batch.results import Results

AGENTSIM = [sys.executable, "-m", "agentsim.cli"]
FACTORS = {"lineup.hyperscaler": ["restrain", "escalate"], "demand_elasticity": [1.2, 1.5]}


def quick(**more):
    tables = {"name": "quick", "scenario": "2025Q4", "runs": 4, "horizon": 4, "factors": FACTORS}
    return Experiment(**(tables | more))


def agentsim(*words, cwd):
    return subprocess.run([*AGENTSIM, *words], cwd=cwd, capture_output=True, text=True, timeout=120)


def run(asked, out, **how):
    return batch.run(asked, out, engine="here", progress=False, **how)


class Stops(Here):
    """Is stopped after some chunks."""

    def __init__(self, after):
        self.after = after

    def receipts(self, orders):
        for order in orders[: self.after]:
            yield work.do(order)
        raise KeyboardInterrupt


def interrupted(out):
    with pytest.raises(KeyboardInterrupt):
        batch.run(quick(), out, engine=Stops(1), chunk_runs=4, progress=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with results, of which nothing is changed."""
    top = tmp_path_factory.mktemp("made")
    run(quick(), top / "a")
    run(quick(), top / "again", chunk_runs=3)
    run(quick(set={"substitution": 5}), top / "other")
    interrupted(top / "part")
    sampler = {"kind": "latin_hypercube", "points": 6}
    factors = {"demand_elasticity": {"low": 1.2, "high": 1.5}}
    run(quick(name="sampled", sampler=sampler, factors=factors), top / "deep" / "sampled")
    return top


def without_clock(folder, **changes):
    """Change what a manifest says."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# ls


def test_ls_lists_results_and_how_far_they_are(made):
    done = agentsim("ls", ".", cwd=made)
    assert done.returncode == 0 and done.stderr == ""
    head, *lines = (line.split() for line in done.stdout.splitlines())
    assert head == ["name", "experiment", "status", "runs", "failed", "size", "ended", "commit"]
    told = {line[0]: line[1:] for line in lines}
    assert list(told) == ["a", "again", "deep/sampled", "other", "part"]
    assert told["a"][:4] == ["quick", "complete", "16", "0"]
    assert told["part"][:4] == ["quick", "interrupted", "25%", "4"]
    assert told["deep/sampled"][0] == "sampled"


def test_ls_knows_who_writes_now_and_who_was_killed(made, tmp_path):
    from filelock import FileLock

    shutil.copytree(made / "part", tmp_path / "part")
    without_clock(tmp_path / "part", status="running")
    assert "interrupted 25%" in agentsim("ls", ".", cwd=tmp_path).stdout
    with FileLock(tmp_path / "part" / ".lock"):
        assert "running 25%" in agentsim("ls", ".", cwd=tmp_path).stdout


def test_ls_lists_older_and_damaged_results_as_such(made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "results" / "old")
    (tmp_path / "results" / "old" / "cells.parquet").unlink()
    shutil.copytree(made / "a", tmp_path / "results" / "torn")
    (tmp_path / "results" / "torn" / "manifest.json").write_text("{")
    shutil.copytree(tmp_path / "results" / "old", tmp_path / "results" / "published" / "old")
    (tmp_path / "results" / "notes").mkdir()
    (tmp_path / "results" / "notes" / "manifest.json").write_text('{"of": "something else"}')
    done = agentsim("ls", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    old, torn = done.stdout.splitlines()[1:]
    assert old.split()[:4] == ["old", "quick", "older", "version"]
    assert torn.split()[:2] == ["torn", "damaged"]


def test_ls_says_where_there_are_none(tmp_path):
    done = agentsim("ls", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "agentsim run" in done.stderr
    (tmp_path / "file").touch()
    assert agentsim("ls", "file", cwd=tmp_path).returncode == 2


# show


def test_show_says_what_results_say(made):
    done = agentsim("show", "a", cwd=made)
    assert done.returncode == 0, done.stderr
    assert "quick: complete, 2025Q4, 4 cells (factorial), 16 runs simulated" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("customer_surplus"))
    assert row.split()[1] == "$bn" and row.split()[-1] == "4"


def test_show_pools_by_columns(made):
    words = ("show", "a", "--by", "lineup.hyperscaler", "--outcomes", "customer_share,capex")
    done = agentsim(*words, "--ci", "0.9", cwd=made)
    assert done.returncode == 0, done.stderr
    assert "90% interval" in done.stdout and "over main cells" in done.stdout
    table = agentsim(*words, "--csv", cwd=made).stdout
    found = pd.read_csv(StringIO(table))
    assert found["lineup.hyperscaler"].tolist() == ["escalate"] * 2 + ["restrain"] * 2
    results = Results.open(made / "a")
    own = results.summary(
        by="lineup.hyperscaler", outcomes=["customer_share", "capex"], kind="main"
    )
    np.testing.assert_allclose(found["mean"], own["mean"])


def test_show_goes_by_cell_for_other_programs(made):
    found = pd.read_csv(StringIO(agentsim("show", "a", "--csv", cwd=made).stdout))
    assert found["cell"].nunique() == 4 and {"mean", "low", "high", "n"} <= set(found.columns)


def test_show_says_how_far_unfinished_results_are(made):
    done = agentsim("show", "part", cwd=made)
    assert done.returncode == 0, done.stderr
    assert "interrupted 25%" in done.stdout
    assert "4 of 16 runs are there" in done.stdout and "goes on from there" in done.stdout


def test_show_counts_failures_and_what_was_set_aside(made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "a")
    reasons = {"failed: out of luck": 2, "failed: its chunk did not end within 1 s": 1}
    aside = {"0-000001": "its chunk did not end within 1 s"}
    without_clock(tmp_path / "a", failures={"runs": 3, "reasons": reasons}, set_aside=aside)
    told = agentsim("show", "a", cwd=tmp_path).stdout
    assert "failed: 3 of 16 runs" in told and "2: failed: out of luck" in told
    assert "set aside: 1 chunk (its chunk did not end within 1 s); --retry" in told


def test_show_takes_a_name_given_twice_once(made):
    words = ("--by", "demand_elasticity,demand_elasticity", "--outcomes", "capex, capex")
    done = agentsim("show", "a", *words, cwd=made)
    assert done.returncode == 0 and done.stderr == ""
    words = ("--by", "demand_elasticity", "--outcomes", "capex")
    assert done.stdout == agentsim("show", "a", *words, cwd=made).stdout


def test_show_refuses_names_that_are_not_there(made):
    for words, told in (
        (("--by", "own,others"), "--by own,others pools deviation cells, and a has none"),
        (("--by", "variant"), "--by variant pools variant cells, and a has none"),
        (("--by", "lineup.hyperscalr"), "nearest: lineup.hyperscaler"),
        (("--outcomes", "customer_shar"), "nearest: customer_share"),
        (("--ci", "95"), "between 0 and 1"),
        (("--ci", "much"), "--ci 'much'"),
    ):
        done = agentsim("show", "a", *words, cwd=made)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert told in done.stderr and done.stdout == ""
    assert agentsim("show", "nowhere", cwd=made).returncode == 2


# diff


def test_the_same_results_differ_in_nothing(made):
    done = agentsim("diff", "a", "again", cwd=made)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "spec: the same" in done.stdout and "model: the same files" in done.stdout
    assert "4 cells matched, all identical to the last bit; 16 of 16 runs" in done.stdout
    assert "does not matter for the numbers:" in done.stdout and "-> 3" in done.stdout


def test_what_differs_is_told(made):
    done = agentsim("diff", "a", "other", "--outcomes", "customer_surplus", cwd=made)
    assert done.returncode == 1, done.stderr
    assert "set.substitution  not set -> 5" in done.stdout
    assert "0 identical to the last bit, 4 not" in done.stdout
    assert "the same luck: differences run by run" in done.stdout


def test_another_name_is_told_and_is_no_difference(made, tmp_path):
    run(quick(name="renamed"), tmp_path / "renamed")
    done = agentsim("diff", made / "a", tmp_path / "renamed", cwd=made)
    assert done.returncode == 0, done.stderr
    assert "name" in done.stdout and "quick -> renamed" in done.stdout


def test_rounding_is_no_finding(made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "a")
    path = next((tmp_path / "a" / "outcomes").glob("*.parquet"))
    table = parquet.read_table(path, partitioning=None)
    at = table.column_names.index("capex")
    values = np.nextafter(table["capex"].to_numpy(), np.inf)
    changed = table.set_column(at, "capex", [values])
    parquet.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    done = agentsim("diff", "a", str(tmp_path / "a"), "--outcomes", "capex", cwd=made)
    assert done.returncode == 1
    row = next(line for line in done.stdout.splitlines() if line.startswith("  capex"))
    assert "rounding" in row and "yes" not in row


def test_differences_are_taken_run_by_run(made):
    a, b = Results.open(made / "a"), Results.open(made / "other")
    found = compare(a, b, "customer_surplus")
    gap = (
        b.runs("customer_surplus")["customer_surplus"]
        - a.runs("customer_surplus")["customer_surplus"]
    )
    row = found.outcomes.iloc[0]
    assert found.paired and not found.same
    assert row["difference"] == pytest.approx(gap.mean())
    assert row["largest"] == pytest.approx(gap.abs().max())
    by_run = gap.groupby(a.runs()["run"]).mean()
    half = 3.182446305284264 * by_run.std(ddof=1) / np.sqrt(len(by_run))
    assert row["high"] - row["difference"] == pytest.approx(half)
    assert row["n"] == 4


def test_shares_differ_as_ratios_of_means(made):
    a, b = Results.open(made / "a"), Results.open(made / "other")
    row = compare(a, b, "customer_share").outcomes.iloc[0]
    shares = [x.runs()["customer_surplus"].sum() / x.runs()["total_surplus"].sum() for x in (a, b)]
    assert row["difference"] == pytest.approx(shares[1] - shares[0])
    assert row["low"] < row["difference"] < row["high"]


def test_one_bit_is_a_difference(made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "a")
    path = next((tmp_path / "a" / "outcomes").glob("*.parquet"))
    table = parquet.read_table(path, partitioning=None)
    column = table.column_names.index("capex")
    values = table["capex"].to_numpy().copy()
    values[5] = np.nextafter(values[5], np.inf)
    changed = table.set_column(column, "capex", [values])
    parquet.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    found = compare(Results.open(made / "a"), Results.open(tmp_path / "a"))
    assert found.spec.empty and found.model.empty and not found.same
    assert found.cells["identical"].sum() == 3
    assert found.cells["identical_runs"].sum() == 15
    apart = found.outcomes.set_index("outcome")["identical"]
    assert apart[~apart].index.tolist() == ["capex"]


def test_zeros_of_other_signs_are_other_bits(made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "a")
    path = next((tmp_path / "a" / "outcomes").glob("*.parquet"))
    table = parquet.read_table(path, partitioning=None)
    zeros = [name for name in table.column_names[3:] if (table[name].to_numpy() == 0.0).all()]
    at = table.column_names.index(zeros[0])
    changed = table.set_column(at, zeros[0], [-table[zeros[0]].to_numpy()])
    parquet.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    found = compare(Results.open(made / "a"), Results.open(tmp_path / "a"))
    assert not found.cells["identical"].any()


def test_rows_that_only_one_has_are_counted(made):
    found = compare(Results.open(made / "a"), Results.open(made / "part"))
    assert found.cells["runs"].tolist().count(4) == 1
    assert found.cells["only_a"].sum() == 12 and found.cells["only_b"].sum() == 0
    assert found.cells["identical_runs"].sum() == 4 and not found.same
    done = agentsim("diff", "a", "part", cwd=made)
    assert done.returncode == 1
    assert "part is interrupted 25%" in done.stdout
    assert "only in a: 12 runs of matched cells" in done.stdout


def test_cells_are_matched_by_their_labels(made, tmp_path):
    factors = FACTORS | {"demand_elasticity": [1.5, 1.7]}
    b = run(quick(factors=factors), tmp_path / "b")
    found = compare(Results.open(made / "a"), b)
    assert found.cells["demand_elasticity"].tolist() == [1.5, 1.5]
    assert found.cells["identical"].all() and not found.same
    assert found.only_a["demand_elasticity"].tolist() == [1.2, 1.2]
    assert found.only_b["demand_elasticity"].tolist() == [1.7, 1.7]


def test_a_table_of_the_spec_is_told_key_by_key(made, tmp_path):
    more = {
        "shocks": [{"kind": "efficiency", "quarter": 2, "factor": 3}],
        "variants": [{"name": "stiff", "set": {"substitution": 5}}],
    }
    b = run(quick(**more), tmp_path / "b")
    found = compare(Results.open(made / "a"), b).spec.set_index("key")["after"]
    assert found["shocks.efficiency.factor"] == 3
    assert found["variants.stiff.set.substitution"] == 5


def test_other_luck_is_not_compared_run_by_run(made, tmp_path):
    b = run(quick(entropy=7), tmp_path / "b")
    found = compare(Results.open(made / "a"), b, "customer_surplus")
    assert not found.paired
    assert np.isnan(found.outcomes["largest"].iloc[0])


def test_diff_of_what_is_no_results_is_one_line(made):
    done = agentsim("diff", "a", "nowhere", cwd=made)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "nowhere holds no results" in done.stderr


# report


def test_report_is_for_complete_crossed_designs(made):
    sampled = agentsim("report", "deep/sampled", cwd=made)
    assert sampled.returncode == 2 and sampled.stderr.count("\n") == 1
    assert "crossed levels" in sampled.stderr and "agentsim show" in sampled.stderr
    part = agentsim("report", "part", cwd=made)
    assert part.returncode == 2 and "interrupted 25%" in part.stderr


def test_results_that_lost_their_runs_are_told_in_one_line(made, tmp_path):
    shutil.copytree(made / "a", tmp_path / "a")
    shutil.rmtree(tmp_path / "a" / "outcomes")
    for words in (("show", "a"), ("report", "a"), ("diff", "a", made / "a")):
        done = agentsim(*words, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert "a has lost its runs; run the experiment again" in done.stderr
    (tmp_path / "a" / "manifest.json").write_text('{"status": "complete"}')
    assert "damaged" in agentsim("ls", ".", cwd=tmp_path).stdout


def test_report_needs_the_value_of_every_layer(tmp_path):
    run(quick(outcomes=["customer_share", "total_surplus"]), tmp_path / "few")
    done = agentsim("report", "few", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "lacks outcomes" in done.stderr and "customer_surplus, hyperscaler_value" in done.stderr
    assert done.stderr.index("customer_share_to_horizon") < done.stderr.index("to outcomes in")
    layers = ["customer_surplus", "hyperscaler_value", "chip_vendor_value", "memory_maker_value"]
    layers += ["lender_value", "resource_cost", "total_surplus", "customer_share"]
    run(quick(outcomes=[*layers, *(f"{name}_to_horizon" for name in layers)]), tmp_path / "layers")
    done = agentsim("report", "layers", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    page = (tmp_path / "layers" / "report.html").read_text()
    assert "Left out, as their outcomes were not kept: “Rent dissipation”. Add rent_dissip" in page
    assert not (tmp_path / "layers" / "figures" / "rent_dissipation.png").exists()


def test_report_is_written_again(made, monkeypatch, capsys):
    from agentsim import report
    from agentsim.cli import main

    monkeypatch.chdir(made)
    monkeypatch.setattr(report, "write", lambda folder: made / folder / "report.html")
    assert main(["report", "a"]) == 0
    assert capsys.readouterr().out == "Report:  a/report.html\n"
