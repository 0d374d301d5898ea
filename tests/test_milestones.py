"""Milestones: a few figures of each run beside those of the facts, and the page that they fill."""

import subprocess
import sys

import numpy as np
import pytest
from histories import tables

from agentsim.backtest.history import Known
from agentsim.backtest.milestones import Milestone, growing, milestones
from agentsim.report.history_text import END, PICTURES, START, main

QUARTERS = 12
POSTURES = """\
firm,strategy,kind,misfit,bias,wins,best
microsoft,escalate(step=0.5),escalate,0.154,-0.1,0.99,True
microsoft,escalate(step=0.4),escalate,0.155,-0.1,0.98,False
microsoft,match,match,0.438,-0.4,0.02,False
"""
RISING = np.arange(1.0, QUARTERS + 1.0)


def found(**changed):
    """Milestones of markets where everything is simple, by name."""
    vendor = {
        "price": {"nvidia": 40.0 * 0.9 ** np.arange(QUARTERS)},
        "unit_cost": {"nvidia": 10.0 * 0.9 ** np.arange(QUARTERS)},
        "sales": {"nvidia": 0.5, "amd": 0.5}, "other_sales": {"nvidia": 0.5, "amd": 0.5},
        "revenue": {"nvidia": 3.0}, "other_revenue": {"nvidia": 1.0},
    }  # fmt: skip
    capex = {firm: RISING for firm in ("microsoft", "alphabet", "amazon", "meta")}
    market = {
        "memory_margin": np.where(RISING < 6, -0.3, 0.5), "idle_share": 0.2, "spending": 2.0,
        "surplus": 3.0,
    }  # fmt: skip
    made = tables(
        stood={"nvidia": 1.0, "world": 2.0}, market=market | changed, chip_vendor=vendor,
        hyperscaler={"capex": capex, "other_capex": dict.fromkeys(capex, 1.0)},
    )  # fmt: skip
    facts = [
        Known("memory_margin", "micron", quarter, value, unit="1")
        for quarter, value in (("2023Q1", -0.33), ("2025Q4", 0.56))
    ]
    facts += [
        Known("cumulative_compute", "world", quarter, value, unit="M H100e")
        for quarter, value in (("2023Q4", 2.0), ("2025Q4", 18.0))
    ]
    return {each.name: each for each in milestones(facts, made, "2023Q1")}, made


def only(milestone: Milestone) -> float:
    """What all runs agree on."""
    assert np.ptp(milestone.runs) == pytest.approx(0.0, abs=1e-12)
    return float(milestone.runs[0])


def test_growth_and_falls_are_by_the_year():
    told, _ = found()
    compute = told["world compute, ends of 2023 to 2025"]
    assert only(compute) == pytest.approx(((2 + 11 * 2) / (2 + 3 * 2)) ** 0.5)
    assert compute.fact == pytest.approx(3.0)
    falls = [each for name, each in told.items() if name.startswith("price per H100e")]
    assert len(falls) == 5
    assert [only(each) for each in falls] == pytest.approx([100.0 * (0.9**4 - 1.0)] * 5)


def test_levels_and_swings_are_in_their_units():
    told, _ = found()
    assert only(told["capex of the four largest, 2025Q4"]) == pytest.approx(4 * 13.0)
    assert only(told["leader's gross margin, 2025Q3"]) == pytest.approx(75.0)
    assert only(told["leader's data-centre revenue, 2025Q2"]) == pytest.approx(4.0)
    assert only(told["leader's share of compute, 2025Q4"]) == pytest.approx(100.0 * 12 / 24)
    swing = told["memory's gross margin, trough to peak"]
    assert only(swing) == pytest.approx(80.0) and swing.fact == pytest.approx(89.0)
    assert only(told["idle chips, 2025Q4"]) == pytest.approx(20.0)
    assert only(told["consumer surplus over revenue, 2025"]) == pytest.approx(1.5)


def test_growing_quarters_are_counted_after_the_first():
    _, made = found()
    assert growing(made, "2023Q1", "2023Q2") == (10, 10)
    made.hyperscaler["capex"].loc[(slice(None), 11), :] = 0.0
    assert growing(made, "2023Q1", "2023Q2") == (9, 10)


def test_the_page_holds_what_the_commands_found(tmp_path, capsys, monkeypatch):
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(f"before\n{START}\nstale\n{END}\nafter\n")
    (tmp_path / "results" / "postures").mkdir(parents=True)
    (tmp_path / "results" / "postures" / "postures.csv").write_text(POSTURES)
    for command in (("backtest",), ("regularities", "--out", "results/judged")):
        words = [sys.executable, "-m", "agentsim.cli", *command, "--runs", "12"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    monkeypatch.chdir(tmp_path)
    assert main(["results/backtest", "results/judged", "results/postures", "docs/page.md"]) == 0
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "stale" not in text
    assert all(f"| {number}. " in text for number in range(1, 15))
    assert (
        "| microsoft | `escalate(step=0.5)` | 0.154 | `match` | 0.438 | 99% | `escalate(step=0.4)` |"
        in text
    )
    assert "| world compute, ends of 2023 to 2025 | times a year | 3.512 |" in text
    for name in PICTURES:
        assert f"(../results/published/backtest/{name})" in text
        assert (tmp_path / "results" / "published" / "backtest" / name).stat().st_size > 10_000
    assert main(["results/judged", "results/judged", "results/postures", "docs/page.md"]) == 2
    assert "backtest.csv is not there" in capsys.readouterr().err
    assert main(["results/backtest"]) == 2
