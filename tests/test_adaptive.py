"""Adaptive replication: runs are added where an interval is wide, and nowhere else."""

import numpy as np
import pandas as pd
import pytest
from batches import calibrated, counted, ran, refused, same_tables, small, stopped_after

from agentsim.batch import joining, simulating, store
from agentsim.batch.plan import make
from agentsim.batch.results import Results
from agentsim.batch.summaries import cell_intervals
from agentsim.report.overview import overview, progress
from agentsim.simulation import Simulation


def asked(outcome="total_surplus", most=80, **width):
    return {"outcome": outcome, "most_runs": most, **width}


def runs_by_cell(results):
    runs = results.runs("total_surplus")
    for _, numbers in runs.groupby("cell")["run"]:
        assert sorted(numbers) == list(range(len(numbers)))
    return runs.groupby("cell").size().to_numpy()


def half_widths(results, outcome="total_surplus"):
    rows = results.summary(outcomes=outcome)
    return ((rows["high"] - rows["low"]) / 2).to_numpy(), rows["mean"].to_numpy()


class Uneven(Simulation):
    """A market whose surplus is noise, much of it where demand is elastic."""

    def outcomes(self):
        found = super().outcomes()
        wide = np.broadcast_to(self.world.p.market.demand_elasticity, self.runs.shape) == 2.0
        noise = np.array([np.random.default_rng(run).normal() for run in self.runs])
        return found | {"total_surplus": 100.0 + noise * np.where(wide, 8.0, 0.5)}


@pytest.fixture
def uneven(monkeypatch):
    monkeypatch.setattr(simulating, "Simulation", Uneven)


def test_runs_are_added_only_where_the_interval_is_wide(uneven, tmp_path):
    results = ran(small(runs=10, adaptive=asked(half_width=2.0, most=400)), tmp_path / "x")
    elastic = results.cells["demand_elasticity"].to_numpy() == 2.0
    runs = runs_by_cell(results)
    assert (runs[~elastic] == 10).all() and (runs[elastic] > 40).all()
    assert (half_widths(results)[0] <= 2.0).all()
    told = results.manifest["adaptive"]
    assert told["cells_wider_than_asked"] == 0 and told["wider_than_asked"] == []
    assert told["most_runs"] == runs.max() and told["rounds"] > 1
    assert results.manifest["runs_simulated"] == results.manifest["rows"] == runs.sum()


def test_it_stops_at_the_cap_and_says_which_cells_are_wider(uneven, tmp_path):
    results = ran(small(runs=10, adaptive=asked(half_width=0.6, most=37)), tmp_path / "x")
    elastic = results.cells["demand_elasticity"].to_numpy() == 2.0
    runs = runs_by_cell(results)
    assert (runs[elastic] == 37).all() and (runs[~elastic] < 37).all()
    wide = half_widths(results)[0] > 0.6
    assert results.manifest["adaptive"]["wider_than_asked"] == np.flatnonzero(wide).tolist()
    assert wide.tolist() == elastic.tolist()


def test_a_width_may_be_a_share_of_the_mean(uneven, tmp_path):
    results = ran(small(runs=10, adaptive=asked(relative=0.02, most=400)), tmp_path / "x")
    half, mean = half_widths(results)
    assert (half <= 0.02 * np.abs(mean)).all()
    assert len(set(runs_by_cell(results))) > 1


@pytest.mark.filterwarnings("error")
def test_no_share_of_a_mean_of_nothing_is_asked_for(monkeypatch, tmp_path):
    class Nothing(Simulation):
        def outcomes(self):
            found = super().outcomes()
            zero = np.broadcast_to(self.world.p.market.demand_elasticity, self.runs.shape) == 2.0
            sign = np.where(self.runs % 2, 1.0, -1.0)
            return found | {"total_surplus": np.where(zero, 0.0, sign)}

    monkeypatch.setattr(simulating, "Simulation", Nothing)
    results = ran(small(runs=10, adaptive=asked(relative=0.1, most=30)), tmp_path / "x")
    assert runs_by_cell(results).tolist() == [30, 10, 30, 10]


def test_cells_that_fail_are_not_run_on_and_on(monkeypatch, tmp_path):
    class Fails(Uneven):
        def run(self):
            if (np.asarray(self.world.p.market.demand_elasticity) == 1.4).any():
                raise RuntimeError("no")
            super().run()

    monkeypatch.setattr(simulating, "Simulation", Fails)
    results = ran(small(runs=10, adaptive=asked(half_width=2.0, most=30)), tmp_path / "x")
    assert runs_by_cell(results).tolist() == [10, 30, 10, 30]
    assert results.manifest["adaptive"]["cells_wider_than_asked"] == 4


def test_precision_that_is_met_at_once_takes_one_round(tmp_path):
    results = ran(small(adaptive=asked(half_width=1e9)), tmp_path / "x")
    assert results.manifest["adaptive"]["rounds"] == 1
    assert (runs_by_cell(results) == 6).all()


ADAPTED = calibrated(
    runs=12, horizon=3, series=["capex"], adaptive=asked("customer_surplus", 60, relative=0.1)
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return ran(ADAPTED, tmp_path_factory.mktemp("adaptive") / "whole", chunk_runs=24)


def test_what_is_met_is_met(whole):
    half, mean = half_widths(whole, "customer_surplus")
    wide = np.flatnonzero(half > 0.1 * np.abs(mean)).tolist()
    assert whole.manifest["adaptive"]["wider_than_asked"] == wide
    assert whole.manifest["adaptive"]["rounds"] > 1
    runs = whole.runs("customer_surplus").groupby("cell").size()
    assert (runs[wide] == 60).all()
    assert len(whole.draws) == runs.max()


@pytest.mark.parametrize("chunks", [1, 2, 4])
def test_going_on_midway_gives_the_same(whole, chunks, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        stopped_after(chunks, patch)
        with pytest.raises(KeyboardInterrupt):
            ran(ADAPTED, tmp_path / "x", chunk_runs=24)
    early = Results.open(tmp_path / "x")
    assert not early.complete
    told = overview(early)
    assert "every cell is as narrow as asked" not in told or early.manifest["adaptive"]["rounds"]
    far = progress(early)
    assert far.runs <= far.planned
    names = counted(monkeypatch)
    again = ran(ADAPTED, tmp_path / "x")
    same_tables(again, whole)
    assert again.manifest["adaptive"] == whole.manifest["adaptive"]
    assert len(names) == len(set(names))


def test_results_do_not_hang_on_the_size_of_chunks(whole, tmp_path):
    same_tables(ran(ADAPTED, tmp_path / "x", chunk_runs=60), whole)


def test_another_precision_is_another_batch(tmp_path):
    said = []
    ran(small(), tmp_path / "x")
    more = ran(small(adaptive=asked(relative=0.001, most=9)), tmp_path / "x", say=said.append)
    assert more.folder.name == "x-2" and "(adaptive)" in said[0]
    assert ran(small(), tmp_path / "x").folder.name == "x"
    assert len(Results.open(tmp_path / "x").runs()) == 24


def test_what_is_asked_of_it_is_checked(tmp_path):
    refused(
        ["adaptive.outcome", "nearest: total_surplus"],
        lambda: ran(small(adaptive=asked("total_surplu", relative=1.0)), tmp_path / "x"),
    )


def test_looking_again_at_what_is_complete_changes_nothing(uneven, tmp_path):
    experiment = small(adaptive=asked(half_width=1.0, most=60))
    first = ran(experiment, tmp_path / "out")
    assert len(set(runs_by_cell(first))) > 1  # runs were added to some cells
    kept = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    again = ran(experiment, tmp_path / "out")
    same_tables(first, again)
    for path, content in kept.items():
        assert path.read_bytes() == content, path
    assert again.manifest == first.manifest


def test_intervals_are_the_same_to_the_bit_whatever_lies_where(uneven, tmp_path, monkeypatch):
    """In parts of any size, joined, and joined but for a file that was damaged and made anew."""
    monkeypatch.setattr(store, "LEAST_ROWS", 20)
    given = small(runs=30)
    found = []
    for size in (7, 24, 200):
        folder = tmp_path / str(size)
        plan = make(given, size)
        chunks = list(plan.chunks(plan.first_round))
        ran(given, folder, chunk_runs=size)
        found.append(cell_intervals(folder, plan, chunks, "total_surplus"))
        (folder / "outcomes" / "00000.parquet").unlink()
        with monkeypatch.context() as patch:
            patch.setattr(joining, "compact", lambda *_: None)
            patch.setattr(store.shutil, "rmtree", lambda *_, **__: None)
            ran(given, folder)
        assert (folder / "parts").exists()
        found.append(cell_intervals(folder, plan, chunks, "total_surplus"))
    for other in found[1:]:
        pd.testing.assert_frame_equal(other, found[0], check_exact=True)
    expected = Results.open(folder).summary(outcomes="total_surplus")
    np.testing.assert_allclose(found[0]["mean"], expected["mean"], rtol=1e-13)
    half = ((expected["high"] - expected["low"]) / 2).to_numpy()
    np.testing.assert_allclose(found[0]["half_width"], half, rtol=1e-12)
