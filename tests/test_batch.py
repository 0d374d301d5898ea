"""Batches: what is designed is planned, what is planned is simulated, and it stays what it was."""

import json
import pickle
import subprocess

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim import batch
from agentsim.batch import engine, plan
from agentsim.batch.design import Deviation, Experiment, Variant, shipped
from agentsim.batch.engine import run_chunk, run_plan
from agentsim.batch.manifest import commit, spec_hash
from agentsim.batch.results import Results
from agentsim.batch.store import Folder
from agentsim.batch.tables import Tables
from agentsim.errors import AgentsimError
from agentsim.failures import OK
from agentsim.lineup import resolve
from agentsim.outcomes import OUTCOMES
from agentsim.shocks import Efficiency
from agentsim.simulation import Simulation

LUCKY = {"demand_noise": 0.1}  # `theory` has no luck of its own


def small(**changes):
    """A quick experiment in the frictionless world."""
    given = dict(
        name="small",
        scenario="theory",
        runs=6,
        entropy=5,
        horizon=4,
        set=LUCKY,
        factors={
            "lineup.hyperscaler": ["restrain", "best_response"],
            "demand_elasticity": [1.4, 2],
        },
        shocks=[{"kind": "efficiency", "quarter": 2, "factor": 3}],
    )
    return Experiment(**given | changes)


def calibrated(**changes):
    """A quick experiment on the calibration, its marked ranges drawn."""
    return small(**{"scenario": "2025Q4", "set": {}, "horizon": 8} | changes)


def simulated(experiment, chunk_runs=1000, workers=1):
    planned = plan.make(experiment, chunk_runs)
    tables = Tables(planned)
    for result in run_plan(planned, workers):
        tables.add(result)
    return tables


def assert_same(one, other):
    for table in ("runs", "series", "summary", "draws"):
        pd.testing.assert_frame_equal(
            getattr(one, table)().to_pandas(), getattr(other, table)().to_pandas(), check_exact=True
        )


# Design


def test_every_shipped_experiment_can_be_planned_and_round_trips():
    for name in shipped():
        experiment = Experiment.read(name)
        assert experiment.name == name
        assert plan.make(experiment).cells
        assert Experiment(**experiment.to_dict()) == experiment
        assert Experiment(**json.loads(json.dumps(experiment.to_dict()))) == experiment


def test_a_file_and_the_object_are_the_same(tmp_path):
    file = tmp_path / "same.toml"
    file.write_text(
        """
        name = "same"
        runs = 3
        set.oracle.debt = 50              # TOML reads this as tables within tables
        [lineup]
        oracle = "restrain"
        [factors]
        shock.efficiency.factor = [1, 3]
        [[shocks]]
        kind = "efficiency"
        quarter = 8
        [[deviations]]
        firm = "meta"
        own = ["match"]
        others = ["restrain"]
        [[variants]]
        name = "other"
        set = { "oracle.debt" = 20 }
        """
    )
    assert Experiment.read(file) == Experiment(
        name="same",
        runs=3,
        set={"oracle.debt": 50},
        lineup={"oracle": "restrain"},
        factors={"shock.efficiency.factor": (1, np.float64(3.0))},
        shocks=[Efficiency(quarter=8, factor=10.0, diffusion=1.0)],
        deviations=[Deviation(firm="meta", own=["match"], others=["restrain"])],
        variants=[Variant(name="other", set={"oracle.debt": 20})],
    ).model_copy(update={"shocks": [{"kind": "efficiency", "quarter": 8}]})


def test_a_setting_of_the_command_line_replaces_a_factors_levels():
    changed = small(
        variants=[Variant(name="v", set={"substitution": 4}, factors={"demand_elasticity": [2]})]
    ).changed(9, {"demand_elasticity": 1.7, "lineup.vendor": "scarcity", "horizon": 3})
    assert (changed.runs, changed.horizon) == (9, 3)
    assert changed.factors["demand_elasticity"] == [1.7]
    assert changed.lineup == {"vendor": "scarcity"}
    assert len(plan.make(changed).cells) == 2 + 2


# Plan


def test_the_headline_has_the_cells_that_it_should():
    planned = plan.make(Experiment.read("escalator_war"))
    kinds = pd.Series([cell.kind for cell in planned.cells]).value_counts().to_dict()
    assert kinds == {"main": 64, "deviation": 3 * 3 * 16, "variant": 7 * 8}
    for cell in planned.cells:
        stands_for = None if cell.same_as is None else planned.cells[cell.same_as]
        labels = cell.labels
        if cell.kind == "deviation" and labels["own"] == labels["others"]:
            assert stands_for.labels["lineup.hyperscaler"] == labels["own"]
            assert stands_for.labels["demand_elasticity"] == labels["demand_elasticity"]
            assert stands_for.kind == "main"
        elif labels["variant"] == "Nvidia responds best":
            assert stands_for.kind == "main"
        else:
            assert stands_for is None


def test_a_deviation_sets_one_firm_against_all_others_of_its_role():
    experiment = small(
        lineup={"firm_2": "cartel"},
        deviations=[Deviation(firm="firm_3", own=["match"], others=["restrain"])],
    )
    cells = [cell for cell in plan.make(experiment).cells if cell.kind == "deviation"]
    assert len(cells) == 2  # the lineup is no factor here, the elasticity is
    for cell in cells:
        strategies = {firm: text for firm, text in cell.lineup.items() if firm.startswith("firm")}
        assert strategies.pop("firm_3") == "match"
        assert set(strategies.values()) == {"restrain"}
        assert cell.labels["lineup.hyperscaler"] is None


def test_a_variant_changes_what_it_says_at_the_levels_it_names():
    experiment = small(
        variants=[
            Variant(
                name="rigid", set={"power_limit": 2.0}, factors={"lineup.hyperscaler": ["restrain"]}
            )
        ]
    )
    cells = [cell for cell in plan.make(experiment).cells if cell.kind == "variant"]
    assert [cell.labels["demand_elasticity"] for cell in cells] == [1.4, 2]
    assert {cell.values["power_limit"] for cell in cells} == {2.0}
    assert {cell.labels["variant"] for cell in cells} == {"rigid"}


def test_a_firms_own_value_holds_over_its_roles():
    experiment = small(set={"firm_1.cash": 3.0}, factors={"hyperscaler.cash": [1.0, 2.0]})
    for cell in plan.make(experiment).cells:
        assert cell.values["firm_1.cash"] == 3.0
        assert cell.values["firm_2.cash"] == cell.labels["hyperscaler.cash"]


@settings(max_examples=40, deadline=None)
@given(
    runs=st.integers(1, 40),
    chunk_runs=st.integers(1, 100),
    elasticities=st.integers(1, 3),
    quarters=st.integers(1, 2),
)
def test_chunks_hold_every_run_of_every_cell_once(runs, chunk_runs, elasticities, quarters):
    experiment = small(
        runs=runs,
        factors={
            "lineup.hyperscaler": ["restrain", "best_response"],
            "demand_elasticity": [1.5 + level for level in range(elasticities)],
            "shock.efficiency.quarter": [1 + level for level in range(quarters)],
        },
        deviations=[Deviation(firm="firm_1", own=["restrain"], others=["restrain", "match"])],
    )
    planned = plan.make(experiment, chunk_runs)
    seen = []
    for chunk in planned.chunks:
        assert 0 < chunk.runs <= chunk_runs
        assert len({planned.cells[piece.cell].together for piece in chunk.pieces}) == 1
        seen += [(p.cell, run) for p in chunk.pieces for run in range(p.first, p.last)]
    wanted = [(cell.index, run) for cell in planned.own_cells for run in range(runs)]
    assert sorted(seen) == wanted


def test_a_plan_pickles_small_and_a_worker_draws_the_same():
    planned = plan.make(calibrated(runs=1000))
    assert planned.draws
    sent = pickle.dumps(planned)
    assert len(sent) < 20_000
    again = pickle.loads(sent)
    assert again == planned
    for name, draw in planned.draws.items():
        np.testing.assert_array_equal(again.draws[name], draw)


def test_factors_are_not_drawn_and_what_is_tied_to_them_fits_every_level():
    planned = plan.make(calibrated(runs=50, factors={"demand_elasticity": [0.6, 2.0]}))
    assert "demand_elasticity" not in planned.draws
    assert planned.draws["saturated_elasticity"].max() < 0.6


def test_without_uncertainty_nothing_is_drawn():
    assert plan.make(calibrated(uncertainty="none")).draws == {}


# Engine


@pytest.fixture(scope="module")
def whole():
    return simulated(calibrated())


def test_a_cell_is_the_market_that_its_labels_say(whole):
    tables, planned = whole, whole.plan
    cell = planned.cells[3]
    assert cell.labels["lineup.hyperscaler"] == "best_response"
    scenario = planned.base.with_draws(planned.draws).replace(demand_elasticity=2.0)
    market = Simulation(
        scenario,
        resolve("best_response", scenario.firms),
        np.arange(6),
        5,
        [Efficiency(quarter=2, factor=3.0)],
        8,
        "series",
        "mark",
    )
    market.run()
    for name, array in market.outcomes().items():
        np.testing.assert_array_equal(tables.outcomes[name][3], array, err_msg=name)
    series = tables.series().to_pandas().query("cell == 3 and series == 'capex'")
    capex = np.stack([snapshot.market["capex"] for snapshot in market.history])
    np.testing.assert_allclose(series["mean"], capex.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(series["p95"], np.quantile(capex, 0.95, axis=1), rtol=1e-12)


# Holds once the run-off goes by a run's own lags; it goes by the longest in the chunk.


@pytest.mark.parametrize("chunk_runs", [1, 4, 9])
def test_results_do_not_depend_on_the_size_of_chunks(whole, chunk_runs):
    assert_same(whole, simulated(calibrated(), chunk_runs))


def test_results_do_not_depend_on_the_number_of_workers():
    experiment = calibrated(horizon=3)
    assert_same(simulated(experiment, 6), simulated(experiment, 6, workers=2))


def test_every_cell_meets_the_same_luck():
    tables = simulated(calibrated(factors={"shock.efficiency.factor": [1, 3]}))
    before = tables.series().to_pandas().query("quarter == 1").drop(columns="cell")
    one, other = (
        group.drop(columns="shock.efficiency.factor").reset_index(drop=True)
        for _, group in before.groupby("shock.efficiency.factor")
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)  # the shock comes in quarter 2


def test_only_the_first_runs_of_a_cell_keep_their_quarters():
    planned = plan.replace(plan.make(small(), 4), series_runs=5)
    tables = Tables(planned)
    for result in run_plan(planned, 1):
        tables.add(result)
    whole = simulated(small(runs=5))
    pd.testing.assert_frame_equal(
        tables.series().to_pandas(), whole.series().to_pandas(), check_exact=True
    )


class Raises(Simulation):
    """A market that cannot be simulated at an elasticity of 2."""

    def run(self):
        if np.any(np.asarray(self.world.p.market.demand_elasticity) == 2.0):
            raise ZeroDivisionError("two\nis too much")
        super().run()


def test_a_cell_that_raises_leaves_the_others_intact(monkeypatch, tmp_path):
    sound = simulated(small())
    monkeypatch.setattr(engine, "Simulation", Raises)
    results = batch.run(small(), tmp_path / "out", workers=1)
    bad = results.runs["demand_elasticity"] == 2
    assert set(results.runs.loc[bad, "status"]) == {"failed: ZeroDivisionError: two is too much"}
    assert results.runs.loc[bad, "customer_surplus"].isna().all()
    pd.testing.assert_frame_equal(
        results.runs[~bad], sound.runs().to_pandas()[~bad], check_exact=True
    )
    failures = results.manifest["failures"]
    assert failures["runs"] == bad.sum() == 12
    assert results.summary.query("demand_elasticity == 2")["n"].eq(0).all()


class Marks(Simulation):
    """A market in which run 2 goes wrong and leaves nonsense behind."""

    def outcomes(self):
        found = super().outcomes()
        wrong = self.runs == 2
        self.status[wrong] = "failed in quarter 3: nonsense"
        return {name: np.where(wrong, 1e30, array) for name, array in found.items()}


def test_a_failed_run_is_a_row_and_in_no_mean(monkeypatch):
    sound = simulated(small()).runs().to_pandas()
    monkeypatch.setattr(engine, "Simulation", Marks)
    tables = simulated(small())
    runs = tables.runs().to_pandas()
    failed = runs["run"] == 2
    assert len(runs) == len(sound)
    assert set(runs.loc[failed, "status"]) == {"failed in quarter 3: nonsense"}
    assert set(runs.loc[~failed, "status"]) == {OK}
    summary = tables.summary().to_pandas().query("cell == 0 and outcome == 'revenue'")
    mean = sound.query("cell == 0 and run != 2")["revenue"].mean()
    assert summary["mean"].item() == pytest.approx(mean)
    assert summary["n"].item() == 5


def test_what_kills_every_worker_becomes_failed_rows(monkeypatch):
    def one(plan, workers, chunks):
        yield from [run_chunk(plan, chunks[0])] * (len(chunks) > 1)

    monkeypatch.setattr(engine, "_until_one_dies", one)
    tables = simulated(small(), 8, workers=2)
    assert len(tables.plan.chunks) == 4
    status = tables.runs().to_pandas()["status"]
    assert (status == OK).sum() == 18  # in each of three attempts one more chunk was finished
    assert status.str.contains("worker process died").sum() == 6


def test_a_chunk_says_which_runs_it_simulated():
    planned = plan.make(small(), 8)
    result = run_chunk(planned, planned.chunks[1])
    assert [piece.piece for piece in result.pieces] == list(planned.chunks[1].pieces)
    assert all(len(piece.status) == piece.piece.runs for piece in result.pieces)


# Store and results


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return batch.run(
        small(
            variants=[Variant(name="close", set={"substitution": 50.0})],
            deviations=[Deviation(firm="firm_1", own=["restrain", "match"], others=["restrain"])],
        ),
        tmp_path_factory.mktemp("store") / "small",
        workers=1,
        command=["agentsim", "run", "small.toml"],
    )


def test_a_folder_holds_what_it_should(results):
    names = {file.name for file in results.folder.iterdir()}
    tables = {"outcomes.parquet", "draws.parquet", "series.parquet", "summary.csv"}
    assert names == tables | {"manifest.json"}
    assert [file.name for file in results.folder.parent.iterdir()] == ["small"]
    runs = results.runs
    assert len(runs) == (4 + 4 + 4) * 6
    assert list(runs.columns[:10]) == [
        *("cell", "kind", "variant", "firm", "own", "others"),
        *("lineup.hyperscaler", "demand_elasticity", "run", "status"),
    ]
    assert set(OUTCOMES) < set(runs.columns)
    assert runs.groupby("kind")["cell"].nunique().to_dict() == {
        "main": 4,
        "deviation": 4,
        "variant": 4,
    }
    assert set(results.series["series"]) >= {"capex", "gpu_rent", "service_price"}
    base = results.series.query("series == 'service_price' and quarter == 0")
    assert (base[["mean", "p05", "p95"]] == 1.0).all(axis=None)
    assert len(results.draws) == 6


def test_a_manifest_says_how_to_get_the_same_again(results):
    manifest = results.manifest
    assert results.experiment == Experiment(**manifest["experiment"])
    assert manifest["entropy"] == 5
    assert len(manifest["spec_sha256"]) == 64
    assert {"python", "packages", "cpu_features", "start", "end", "failures"} <= set(manifest)
    assert manifest["packages"]["numpy"] == np.__version__
    assert manifest["command"] == ["agentsim", "run", "small.toml"]
    assert (manifest["rows"], manifest["runs_simulated"]) == (72, 60)  # own = others is shared


def test_results_pick_cells_by_their_labels(results):
    labels = {"kind": "main", "lineup.hyperscaler": "restrain", "demand_elasticity": 2}
    surplus = results.outcome("customer_surplus", **labels)
    assert surplus.shape == (6,)
    np.testing.assert_array_equal(
        surplus,
        results.outcome(
            "customer_surplus", kind="deviation", own="restrain", demand_elasticity=2.0
        ),
    )
    with pytest.raises(AgentsimError, match="leave 2 cells"):
        results.outcome("customer_surplus", kind="main", demand_elasticity=2)
    with pytest.raises(AgentsimError, match="nearest: customer_surplus"):
        results.outcome("costumer_surplus", **labels)
    with pytest.raises(AgentsimError, match="in no row"):
        results.cells(demand_elasticity=3.0)


def test_the_same_experiment_twice_leaves_equal_files(results, tmp_path):
    again = batch.run(results.experiment, tmp_path / "again", workers=1)
    for name in ("outcomes.parquet", "draws.parquet", "series.parquet", "summary.csv"):
        assert (again.folder / name).read_bytes() == (results.folder / name).read_bytes()


def test_older_results_stay_until_the_new_ones_are_complete(tmp_path, monkeypatch):
    out = tmp_path / "out"
    old = batch.run(small(runs=2), out, workers=1)

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", stop)
        with pytest.raises(KeyboardInterrupt, match="nothing was written"):
            batch.run(small(runs=3), out, workers=1)
    assert len(Results.open(out).runs) == len(old.runs)
    assert list(tmp_path.iterdir()) == [out]
    assert len(batch.run(small(runs=3), out, workers=1).runs) == 12
    assert list(tmp_path.iterdir()) == [out]


def test_what_is_not_of_the_experiment_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("my life's work")
    with pytest.raises(AgentsimError, match="something else than results"):
        batch.run(small(), tmp_path / "mine")
    batch.run(small(runs=1), tmp_path / "small", workers=1)
    with pytest.raises(AgentsimError, match="holds results of small, not of other"):
        batch.run(small(name="other"), tmp_path / "small")
    (tmp_path / "empty").mkdir()
    assert batch.run(small(runs=1), tmp_path / "empty", workers=1).runs["status"].eq(OK).all()


def test_a_folder_without_results_is_one_line(tmp_path):
    with pytest.raises(AgentsimError, match="holds no results"):
        Results.open(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(AgentsimError, match="is damaged"):
        Results.open(tmp_path)


def test_a_shocks_quarter_may_be_a_factor_alone():
    struck = {"kind": "efficiency", "factor": 10}
    planned = plan.make(
        calibrated(runs=2, factors={"shock.efficiency.quarter": [2, 5]}, shocks=[struck])
    )
    assert [cell.shocks[0]["quarter"] for cell in planned.cells] == [2, 5]


def test_a_share_in_the_summary_is_a_ratio_of_means(whole):
    summary = whole.summary().to_pandas().query("cell == 0").set_index("outcome")
    ratio = summary.loc["customer_surplus", "mean"] / summary.loc["total_surplus", "mean"]
    share = summary.loc["customer_share"]
    assert share["mean"] == pytest.approx(ratio, rel=1e-12)
    assert share["low"] < share["mean"] < share["high"]


def test_the_hash_of_a_specification_does_not_hang_on_the_order_of_its_names():
    one = calibrated(set={"economic_life": 3.0, "shell_life": 20.0})
    other = calibrated(set={"shell_life": 20.0, "economic_life": 3.0})
    assert spec_hash(one) == spec_hash(other)
    assert spec_hash(one) != spec_hash(calibrated(set={"economic_life": 3.0}))


def test_the_manifest_says_whether_the_code_was_changed(tmp_path):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "code.py").write_text("x = 1\n")
    git("add", ".")
    git("commit", "-qm", "x")
    assert commit(tmp_path)["dirty"] is False
    (tmp_path / "code.py").write_text("x = 2\n")
    assert commit(tmp_path)["dirty"] is True
