"""Attempts: a run that cannot be simulated is a row that says why, and leaves the others alone."""

import numpy as np
import pytest
from batches import everything, ran, same_tables, small

from agentsim.batch import simulating
from agentsim.batch.plan import make
from agentsim.batch.simulating import simulate
from agentsim.failures import OK, CulpritsError
from agentsim.simulation import Simulation

SERIES = ["capex", "hyperscaler.debt"]
PLAN = make(small(series=SERIES, series_runs=4, series_type="float64"))
WHERE = everything(PLAN)


def simulated(places=slice(None)):
    cells, numbers = (each[places] for each in WHERE)
    return simulate(PLAN, cells, numbers)


@pytest.fixture(scope="module")
def sound():
    found = simulated()
    assert (found.status == OK).all()
    return found


def market(raises):
    """A market that raises what `raises` says of the runs that it holds."""

    class Raises(Simulation):
        def run(self):
            error = raises(self)
            if error is not None:
                raise error
            super().run()

    return Raises


def assert_others_are_as_they_were(found, sound, bad, places=slice(None)):
    """Ask that the failed rows are NaN, and all others in their order and the same bits."""
    np.testing.assert_array_equal(found.cells, sound.cells[places])
    np.testing.assert_array_equal(found.numbers, sound.numbers[places])
    np.testing.assert_array_equal(found.status == OK, ~bad)
    for name, values in found.outcomes.items():
        expected = np.where(bad, np.nan, sound.outcomes[name][places])
        np.testing.assert_array_equal(values, expected, err_msg=name)
    if places == slice(None):
        np.testing.assert_array_equal(found.recorded, sound.recorded)
        gone = bad[found.recorded]
        capex = np.where(gone[:, None], np.nan, sound.market["capex"])
        np.testing.assert_array_equal(found.market["capex"], capex)
        debt = np.where(gone[:, None, None], np.nan, sound.firms["hyperscaler"]["debt"])
        np.testing.assert_array_equal(found.firms["hyperscaler"]["debt"], debt)


@pytest.mark.parametrize("unlucky", [{0}, {2, 5}, {0, 1, 2, 3, 4}, {5}, set(range(6))])
def test_culprits_are_taken_out_and_the_others_simulated_without_them(monkeypatch, sound, unlucky):
    asked = []

    def raises(simulation):
        asked.append(len(simulation.runs))
        places = [at for at, run in enumerate(simulation.runs) if run in unlucky]
        return (
            CulpritsError("x", {at: f"failed: run {simulation.runs[at]}" for at in places})
            if places
            else None
        )

    monkeypatch.setattr(simulating, "Simulation", market(raises))
    found = simulated()
    bad = np.isin(WHERE[1], list(unlucky))
    assert_others_are_as_they_were(found, sound, bad)
    assert set(found.status[bad]) == {f"failed: run {run}" for run in unlucky}
    stretches = 4 * 2  # of four cells, with and without quarters
    assert len(asked) <= 2 * stretches  # nobody is looked for one by one


def test_more_culprits_may_come_up_later(monkeypatch, sound):
    def raises(simulation):
        worst = int(np.argmax(simulation.runs))
        if simulation.runs[worst] >= 3:
            return CulpritsError("x", {worst: f"failed: {simulation.runs[worst]}"})
        return None

    monkeypatch.setattr(simulating, "Simulation", market(raises))
    found = simulated()
    bad = WHERE[1] >= 3
    assert_others_are_as_they_were(found, sound, bad)
    assert [str(each) for each in found.status[bad]] == [f"failed: {run}" for run in WHERE[1][bad]]


@pytest.mark.parametrize("unlucky", [{0}, {3}, {1, 5}, set(range(6))])
def test_what_else_is_raised_is_traced_to_single_runs_by_halves(monkeypatch, sound, unlucky):
    def raises(simulation):
        mine = set(simulation.runs.tolist()) & unlucky
        return ZeroDivisionError(f"runs\n{sorted(mine)}") if mine else None

    monkeypatch.setattr(simulating, "Simulation", market(raises))
    found = simulated()
    bad = np.isin(WHERE[1], list(unlucky))
    assert_others_are_as_they_were(found, sound, bad)
    for run in unlucky:
        said = set(found.status[WHERE[1] == run])
        assert said == {f"failed: ZeroDivisionError: runs [{run}]"}


def test_rows_keep_their_order_wherever_a_chunk_begins(monkeypatch, sound):
    def raises(simulation):
        return OSError("no luck") if (simulation.runs == 4).any() else None

    monkeypatch.setattr(simulating, "Simulation", market(raises))
    for places in (slice(3, 17), slice(10, 11), slice(4, 5)):
        found = simulated(places)
        assert_others_are_as_they_were(found, sound, WHERE[1][places] == 4, places)


def test_a_cell_that_raises_leaves_the_others_intact(monkeypatch, tmp_path):
    sound = ran(small(), tmp_path / "sound").runs()

    def raises(simulation):
        wrong = np.any(np.asarray(simulation.world.p.market.demand_elasticity) == 2.0)
        return ZeroDivisionError("two\nis too much") if wrong else None

    monkeypatch.setattr(simulating, "Simulation", market(raises))
    results = ran(small(), tmp_path / "out")
    runs = results.runs()
    bad = runs["demand_elasticity"] == 2
    assert set(runs.loc[bad, "status"]) == {"failed: ZeroDivisionError: two is too much"}
    assert runs.loc[bad, "customer_surplus"].isna().all()
    assert runs[~bad].equals(sound[~bad])
    failures = results.manifest["failures"]
    assert failures["runs"] == bad.sum() == 12
    assert failures["reasons"] == {"failed: ZeroDivisionError: two is too much": 12}
    assert results.summary(demand_elasticity=2)["n"].eq(0).all()


class Marks(Simulation):
    """A market in which run 2 goes wrong and leaves nonsense behind."""

    def outcomes(self):
        found = super().outcomes()
        wrong = self.runs == 2
        self.status[wrong] = "failed in quarter 3: nonsense"
        return {name: np.where(wrong, 1e30, array) for name, array in found.items()}


def test_a_failed_run_is_a_row_and_in_no_mean(monkeypatch, tmp_path):
    sound = ran(small(), tmp_path / "sound").runs()
    monkeypatch.setattr(simulating, "Simulation", Marks)
    results = ran(small(series=["capex"]), tmp_path / "marked")
    runs = results.runs()
    failed = runs["run"] == 2
    assert len(runs) == len(sound)
    assert set(runs.loc[failed, "status"]) == {"failed in quarter 3: nonsense"}
    assert set(runs.loc[~failed, "status"]) == {OK}
    summary = results.summary(outcomes="revenue").query("cell == 0")
    assert summary["mean"].item() == pytest.approx(
        sound.query("cell == 0 and run != 2")["revenue"].mean()
    )
    assert summary["n"].item() == 5
    assert results.series().query("run == 2")["capex"].isna().all()


def test_a_failed_run_fails_again_the_same_in_any_chunk(monkeypatch, tmp_path):
    def raises(simulation):
        places = [at for at, run in enumerate(simulation.runs) if run == 3]
        return CulpritsError("x", dict.fromkeys(places, "failed: three")) if places else None

    monkeypatch.setattr(simulating, "Simulation", market(raises))
    experiment = small(series=SERIES)
    same_tables(ran(experiment, tmp_path / "one"), ran(experiment, tmp_path / "many", chunk_runs=5))
