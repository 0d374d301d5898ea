"""The table that docs/findings.md quotes: its figures are those of the results."""

import numpy as np
import pytest

from agentsim import batch
from agentsim.batch.design import Experiment
from agentsim.report.findings_table import END, START, Headline, main, of_headline, of_steps
from agentsim.report.words import money

RUNS = 3


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The two experiments, with few runs."""
    folder = tmp_path_factory.mktemp("results")
    return {
        name: batch.run(
            Experiment.read(name).changed(RUNS, {}), folder / name, 1, progress=False,
            say=lambda line: None,
        )
        for name in ("escalator_war", "escalation_step")
    }  # fmt: skip


def test_figures_are_those_of_the_cells(results):
    told = dict(of_headline(Headline(results["escalator_war"])))
    runs = results["escalator_war"].runs(
        **{"kind": "main", "shock.efficiency.factor": 1.0, "demand_elasticity": 1.1}
    )
    worth = runs.pivot(index="run", columns="lineup.hyperscaler", values="hyperscaler_value")
    assert told["hyperscalers, all restrain / all escalate"] == " / ".join(
        money(float(worth[each].mean())) for each in ("restrain", "escalate")
    )
    mean = runs.groupby("lineup.hyperscaler")[["customer_surplus", "total_surplus"]].mean()
    share = mean["customer_surplus"] / mean["total_surplus"]
    rise = 100.0 * (share["escalate"] - share["restrain"])
    assert told["rise of customers' share, points"] == f"{rise:.1f}"
    lose = 100.0 * np.mean(worth["escalate"] < worth["restrain"])
    (counted,) = (text for name, text in told.items() if name.startswith("hyperscalers lose: "))
    assert counted.split(" / ")[0] == f"{lose:.0f}%"


def test_every_step_has_its_line(results):
    told = dict(of_steps(results["escalation_step"]))
    levels = results["escalation_step"].experiment.factors["lineup.hyperscaler"]
    assert [name.rpartition("all ")[2] for name in told] == list(levels)


def test_the_page_holds_the_table(results, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}\n{END}\nafter\n")
    folders = [str(each.folder) for each in results.values()]
    assert main([*folders, str(page)]) == 0
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n")
    assert "| calibrated lineup, AI capex a quarter: base date / highest (quarter) / last |" in text
    assert main([folders[1], folders[1], str(page)]) == 2
    assert "holds escalation_step; give results of escalator_war" in capsys.readouterr().err
    assert main([]) == 2
