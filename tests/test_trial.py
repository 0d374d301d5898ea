"""A trial: what a strategy is worth in a seat, next to every other posture."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from agentsim import AgentsimError, add_strategies, run
from agentsim.authoring import trial as trials
from agentsim.authoring.scaffold import write
from agentsim.authoring.trial import SITUATIONS, Trial, paths, prepared, ranked
from agentsim.report.trial_figures import save
from agentsim.report.trial_text import sentences, table
from agentsim.strategy import added
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import followed

QUICK = {"horizon": 9, "uncertainty": "none"}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Return a trial of `match` in Oracle's seat, and its results."""
    made = prepared("match", "hyperscaler", "oracle", "restrain", 5, QUICK)
    return made, run(made.experiment, tmp_path_factory.mktemp("trial") / "out", progress=False)


def test_every_posture_and_the_firms_own_is_tried_once():
    made = prepared("escalate(step=0.02)", "hyperscaler", "microsoft")
    levels = made.experiment.factors["lineup.microsoft"]
    assert levels[:2] == ["escalate", "escalate(step=0.5)"]  # with its default it is that posture
    assert len(levels) == len(set(levels))
    assert set(followed("hyperscaler")) == set(levels) - {"escalate(step=0.5)"}
    assert made.usual == "escalate(step=0.5)"


@pytest.mark.parametrize("role", list(BASES))
def test_every_role_has_a_seat_and_all_situations(role):
    made = prepared(followed(role)[0], role)
    assert {each.name for each in made.experiment.variants} == set(SITUATIONS) - {"calm"}
    assert made.firm == run_firms(role)[0]


def run_firms(role):
    from agentsim import Scenario

    return Scenario.load("2025Q4").firms[role]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategy": "matsch"}, "nearest: match"),
        ({"strategy": "escalate(step=3)"}, "step = 3 must be between 0 and 1"),
        ({"firm": "nvidia"}, "--firm 'nvidia' is not known"),
        ({"rivals": "prudent"}, "hyperscaler strategy 'prudent' is not known"),
        ({"settings": {"lineup.microsoft": "match"}}, "is the seat of the trial"),
        ({"settings": {"deman": 1}}, None),
        ({"runs": 1}, "--runs 1 leaves nothing to tell an interval from"),
    ],
)
def test_what_makes_no_sense_is_one_line(given, said, tmp_path):
    with pytest.raises(AgentsimError) as error:
        made = prepared(**({"strategy": "match", "role": "hyperscaler"} | given))
        run(made.experiment, tmp_path, progress=False)
    assert "\n" not in str(error.value)
    assert (said or "nearest: demand") in str(error.value)


def test_values_and_differences_are_those_of_the_runs(done):
    made, results = done
    found = ranked(made, results).set_index("strategy")
    by = {
        posture: results.runs(
            ["value.oracle", "customer_surplus"], kind="main", **{made.seat: posture}
        )
        for posture in found.index
    }
    for posture, row in found.iterrows():
        own = by[posture]["value.oracle"].to_numpy()
        np.testing.assert_allclose(row["value"], own.mean())
        less = own - by["match"]["value.oracle"].to_numpy()
        np.testing.assert_allclose(row["difference"], less.mean(), atol=1e-9)
        more = by[posture]["customer_surplus"] - by[made.usual]["customer_surplus"]
        np.testing.assert_allclose(row["customer_surplus"], more.mean(), atol=1e-6)
        assert row["value_low"] <= row["value"] <= row["value_high"]
        assert row["rank_low"] <= row["rank"] <= row["rank_high"]
    assert found.loc["match", ["difference", "difference_low"]].tolist() == [0.0, 0.0]
    assert found.loc[made.usual, "customer_surplus"] == 0.0
    best = found["value"].rank(ascending=False, method="min").astype(int)
    assert found["rank"].tolist() == best.tolist() == sorted(best)


def test_paths_are_told_for_every_situation_and_the_calm_one_is_the_market_itself(done):
    made, results = done
    found = paths(made, results)
    assert set(found["situation"]) == set(SITUATIONS)
    assert (found["p25"] <= found["p50"]).all() and (found["p50"] <= found["p75"]).all()
    calm = found[found["situation"].eq("calm") & found["series"].eq("capex")]
    series = results.series(["capex"], "hyperscaler", kind="main", **{made.seat: "match"})
    own = series[series["firm"].eq("oracle")].groupby("quarter")["capex"].median()
    np.testing.assert_allclose(calm["p50"], own)
    others = series[~series["firm"].eq("oracle")].groupby(["run", "quarter"])["capex"].mean()
    np.testing.assert_allclose(calm["rivals"], others.groupby("quarter").median())
    by = found[found["series"].eq("capex_rate")].groupby("situation")["rivals"].sum()
    assert by["rivals escalate"] > by["calm"]


def test_both_pictures_are_drawn(done, tmp_path):
    made, results = done
    for path in save(ranked(made, results), paths(made, results), made, tmp_path):
        assert path.stat().st_size > 20_000


def ranks(values):
    made = trials._ranks({name: np.asarray(each, float) for name, each in values.items()})
    return made.set_index("strategy")


def test_a_rank_is_as_sure_as_its_runs_make_it():
    noise = np.random.default_rng(0).normal(size=100)
    found = ranks({"a": noise, "b": noise + 0.01, "c": noise - 0.01})
    # the same luck: differences are sure, however small beside the noise
    assert found[["rank", "rank_low", "rank_high"]].loc["b"].tolist() == [1, 1, 1]
    assert found["first"].to_dict() == {"a": 0.0, "b": 1.0, "c": 0.0}
    other = np.random.default_rng(1).normal(size=100)
    found = ranks({"a": noise, "b": other})
    assert found[["rank_low", "rank_high"]].loc["a"].tolist() == [1, 2]


def test_equals_share_a_rank():
    found = ranks({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0], "c": [9.0, 7.0, 0.0]})
    assert found["rank"].to_dict() == {"a": 2, "b": 2, "c": 1}


FAILS = '''
from dataclasses import dataclass

from agentsim.strategy import HyperscalerChoice, HyperscalerRule, param


@dataclass(frozen=True)
class Fails(HyperscalerRule):
    """Replace wear, and fail where luck is bad. Source: a test."""

    bad: float = param(0.0, "1", "luck below which it fails", -10.0, 10.0)

    def decide(self, sees):
        """Choose what may not be chosen, where luck is bad."""
        return HyperscalerChoice(capex_rate=7.0 if sees.draw("luck") < self.bad else 0.1)
'''


def test_all_is_told_of_runs_that_came_through_under_every_posture(tmp_path, monkeypatch):
    monkeypatch.setenv(added.PATHS, "")
    (tmp_path / "fails.py").write_text(FAILS)
    add_strategies(tmp_path / "fails.py")
    made = prepared("fails(bad=-1.5)", "hyperscaler", "oracle", "restrain", 12, QUICK)
    results = run(made.experiment, tmp_path / "out", progress=False)
    own = results.runs("value.oracle", kind="main", **{made.seat: "fails(bad=-1.5)"})
    fine = own["value.oracle"].notna().to_numpy()
    assert 2 <= fine.sum() < 12
    found = ranked(made, results).set_index("strategy")
    assert found.loc["fails(bad=-1.5)", "runs"] == fine.sum()
    assert found.loc["match", "runs"] == 12
    other = results.runs("value.oracle", kind="main", **{made.seat: "match"})["value.oracle"]
    np.testing.assert_allclose(found.loc["match", "value"], other.to_numpy()[fine].mean())
    # By default it fails half of the time in each quarter: no run is left of those posture.
    assert np.isnan(found.loc["fails", "rank"])
    assert f"{12 - fine.sum()} of 12 runs FAILED" in sentences(found.reset_index(), made)[0]
    none = prepared("fails", "hyperscaler", "oracle", "restrain", 4, QUICK)
    results = run(none.experiment, tmp_path / "none", progress=False)
    with pytest.raises(AgentsimError) as error:
        ranked(none, results)
    assert "runs came through with fails: " in str(error.value)
    assert "capex_rate = 7" in str(error.value)


def row(strategy, rank, value, difference, surplus):
    made = {"strategy": strategy, "runs": 9, "rank": rank, "rank_low": rank, "rank_high": rank}
    for name, middle in (
        ("value", value), ("difference", difference), ("customer_surplus", surplus),
        ("customer_share", 0.9),
    ):  # fmt: skip
        width = 0.01 if name == "customer_share" else 10.0
        made |= {name: middle, f"{name}_low": middle - width, f"{name}_high": middle + width}
    return made


def test_sentences_say_more_and_less():
    found = pd.DataFrame([row("b", 1, 50.0, 30.0, 0.0), row("a", 2, 20.0, 0.0, -40.0)])
    made = Trial("a", "hyperscaler", "oracle", "b", SimpleNamespace(runs=9))
    said = sentences(found, made)
    assert said[0] == ("a is worth $20 bn (10 to 30) to Oracle: rank 2 of 2 (95% interval 2 to 2).")
    assert said[1] == "The best, b, is worth $30 bn more (20 to 40)."
    assert "customers get $40 bn less (30 to 50) with a than with that" in said[2]
    assert table(found)[1].split()[:3] == ["1", "1-1", "b"]


def test_the_command_tries_a_file_of_ones_own(tmp_path):
    write("lender", "careful", tmp_path)
    bare = {name: each for name, each in os.environ.items() if name != added.PATHS}
    words = ["strategies", "trial", "careful.py", "--runs", "2", "--set", "horizon=9"]
    command = [sys.executable, "-m", "agentsim.cli", *words]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=bare
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("careful is worth $")
    folder = tmp_path / "results" / "trial_careful_direct_lender"
    assert {each.name for each in (folder / "figures").iterdir()} == {
        "ranking.png",
        "situations.png",
    }
    assert set(pd.read_csv(folder / "ranking.csv")["strategy"]) == {*followed("lender"), "careful"}
