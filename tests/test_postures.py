"""Postures: the strategy that fits each firm's path best, found where it is known."""

import numpy as np
import pandas as pd
import pytest

from agentsim.backtest.history import Known
from agentsim.backtest.measures import FOUR
from agentsim.batch.design import Experiment
from agentsim.fitting import postures
from agentsim.lineup import CALIBRATED


def test_misfit_is_the_root_mean_square_of_logs_until_2024():
    facts = [
        Known("company_capex", "meta", quarter, value)
        for quarter, value in (("2023Q1", 99.0), ("2023Q2", 2.0), ("2023Q3", 8.0), ("2025Q1", 99.0))
    ]
    path = pd.DataFrame({quarter: [4.0, 8.0] for quarter in range(9)})
    misfit, bias = postures._misfit(path, facts, "company_capex", "meta", "2023Q1")
    ln2 = np.log(2.0)
    np.testing.assert_allclose(misfit, [ln2, np.sqrt(0.5) * 2 * ln2])
    np.testing.assert_allclose(bias, [0.0, ln2], atol=1e-15)


def test_a_firm_changes_only_for_what_is_clearly_better():
    found = {"now": (np.array([1.0]),) * 2, "a_bit": (np.array([0.99]),) * 2}
    assert postures._better(found, "now") == "now"
    found["far"] = (np.array([0.5]),) * 2
    assert postures._better(found, "now") == "far"
    assert postures._better(found, "unknown") == "far"


@pytest.mark.slow
def test_a_posture_that_made_the_facts_is_found(tmp_path, monkeypatch):
    """Capex of a market in which meta outspends the others by 0.3 is taken for the facts."""
    base = Experiment(
        name="x", scenario="2023Q1", horizon=7, runs=4, uncertainty="none", entropy=1,
        lineup={"hyperscaler": "match", "nvidia": "hold_margin"}, series=list(postures.SERIES),
    )  # fmt: skip
    truth = base.model_copy(update={"lineup": {**base.lineup, "meta": "escalate(step=0.3)"}})
    from agentsim import batch
    from agentsim.backtest.measures import company_capex, gross_margin, tables_of

    made = tables_of(batch.run(truth, tmp_path / "truth", progress=False), postures.SERIES)
    facts = []
    for quarter in range(1, 8):
        name = f"{2023 + quarter // 4}Q{quarter % 4 + 1}"
        for firm in FOUR:
            x = company_capex(made, firm).xs(quarter, level="quarter").median()
            facts.append(Known("company_capex", firm, name, float(x)))
        x = gross_margin(made, "nvidia").xs(quarter, level="quarter").median()
        facts.append(Known("gross_margin", "nvidia", name, float(x)))
    few = ("match", "restrain", "escalate(step=0.1)", "escalate(step=0.3)")
    vendors = ("hold_margin", "hold_margin(margin_change=0.1)", "best_response")
    monkeypatch.setattr(postures, "CANDIDATES", {**dict.fromkeys(FOUR, few), "nvidia": vendors})
    found = postures.fit_postures(base, facts, tmp_path / "fits")
    assert found.settled
    assert found.lineup == {
        **dict.fromkeys(("microsoft", "alphabet", "amazon"), "match"),
        "meta": "escalate(step=0.3)", "nvidia": "hold_margin",
    }  # fmt: skip
    best = found.table[found.table["best"]].set_index("firm")
    assert (best["misfit"] < 0.05).all()
    assert best.loc["meta", "wins"] == 1.0
    assert (found.table.groupby("firm").size() == [4, 4, 4, 4, 3]).all()


def test_the_calibrated_lineup_is_that_of_the_backtest():
    given = Experiment.read("backtest").lineup
    for firm in (*FOUR, "oracle", "coreweave"):
        assert given[firm] == CALIBRATED[firm]
    assert given["memory_maker"] == CALIBRATED["sk_hynix"] == CALIBRATED["micron"]
    assert given["nvidia"].partition("(")[0] == CALIBRATED["nvidia"]
    assert Experiment.read("forecast").lineup == {}


@pytest.mark.parametrize("firm", [*FOUR, "nvidia"])
def test_the_backtest_follows_a_candidate(firm):
    given = Experiment.read("backtest").lineup[firm]
    assert given in postures.CANDIDATES[firm]
