"""Verdicts on made-up figures, the rules that are shipped, and the command that prints them."""

import subprocess
import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from batches import ran, refused

from agentsim.backtest.evidence import MARKET, check, with_shock
from agentsim.backtest.evidence import evidence as gathered
from agentsim.backtest.history import history
from agentsim.backtest.measures import company_capex
from agentsim.backtest.regularities import NEEDED, REGULARITIES
from agentsim.backtest.roles import INPUT, PARTLY, RESULT, RULE
from agentsim.backtest.verdicts import Rule, judged, rules, verdict
from agentsim.batch.design import Experiment
from agentsim.calibration import facts
from agentsim.calibration.formulas import cited, evaluate

HISTORY = {".".join(each.key): each.value for each in history()}


def rule(figure="x", number=1, value=1.0, least=None, most=None, role="result"):
    return Rule(number, figure, "1", value, least, most, role)


def table(asked, **figures):
    given = {name: pd.Series(x, dtype=float) for name, x in figures.items()}
    return judged(asked, lambda number: f"title {number}", lambda _: given)


def test_rules_are_met_on_their_bounds_and_not_beyond():
    both, low, high = rule(least=1.0, most=2.0), rule(least=1.0), rule(most=2.0)
    assert [both.met(x) for x in (0.99, 1.0, 2.0, 2.01)] == [False, True, True, False]
    assert low.met(1e9) and not low.met(0.9) and high.met(-1e9) and not high.met(2.1)
    assert not both.met(np.nan)
    assert both.text == "median 1 to 2"
    assert low.text == "median at least 1" and high.text == "median at most 2"


@pytest.mark.parametrize(
    ("met", "word"),
    [
        ([True, True], "reproduced"),
        ([True, False], "partly"),
        ([False, False], "not"),
        ([], "outside the model"),
    ],
)
def test_verdicts_go_by_how_many_are_met(met, word):
    told = [(each, "result") for each in met]
    assert verdict(told) == word
    assert verdict([*told, (True, "input"), (False, "input")]) == word


def test_what_a_strategy_s_rule_sets_does_not_count_and_caps_the_verdict():
    ruled = (True, "by a rule")
    assert verdict([(True, "result"), ruled]) == "partly"
    assert verdict([(False, "result"), ruled]) == "not"
    assert verdict([ruled]) == "outside the model"


def test_a_row_has_the_fact_the_band_and_the_verdict_of_its_regularity():
    asked = [rule("a", least=10.0, most=60.0), rule("b", least=0.0), rule("c", number=2, most=0.0)]
    found = table(asked, a=np.arange(101.0), b=[-1.0] * 3, c=[1.0] * 3).set_index("figure")
    assert found.loc["a", ["low", "median", "high"]].tolist() == [5.0, 50.0, 95.0]
    assert found["met"].tolist() == [True, False, False]
    assert found["verdict"].tolist() == ["partly", "partly", "not"]
    assert found.loc["c", "regularity"] == "title 2" and found.loc["a", "fact"] == 1.0


def test_inputs_are_shown_and_do_not_count():
    asked = [rule("a", least=0.0), rule("b", least=5.0, role="input")]
    found = table(asked, a=[1.0], b=[1.0])
    assert found["met"].tolist() == [True, False]
    assert (found["verdict"] == "reproduced").all()
    alone = table([rule("b", least=0.0, role="input")], b=[1.0])
    assert alone["verdict"].tolist() == ["outside the model"]


def test_runs_without_a_figure_are_left_out_and_a_figure_of_none_is_not_met():
    asked = [rule("a", most=9.0), rule("b", most=9.0, value=None)]
    found = table(asked, a=[np.nan, 2.0, np.inf], b=[np.nan, np.inf, np.nan])
    assert found["median"].tolist()[0] == 2.0 and np.isnan(found["median"].tolist()[1])
    assert found["met"].tolist() == [True, False] and np.isnan(found["fact"].tolist()[1])


def test_every_rule_follows_from_facts_and_is_met_by_what_happened():
    for each in rules():
        assert each.role in (INPUT, PARTLY, RULE, RESULT)
        assert each.least is not None or each.most is not None, each.figure
        for key in cited(each.formula):
            assert facts()[key].confidence in ("high", "med"), each.figure
        if each.value is None:
            assert not each.formula
        else:
            worked_out = evaluate(each.formula, {}, HISTORY.__getitem__)
            assert worked_out == pytest.approx(each.value, rel=1e-3), each.figure
            assert each.met(each.value), each.figure


def test_every_regularity_has_rules():
    assert {each.number for each in rules()} == set(REGULARITIES)
    names = [(each.number, each.figure) for each in rules()]
    assert len(set(names)) == len(names)


def test_an_experiment_of_other_dates_or_without_the_series_is_refused():
    shipped = Experiment.read("backtest")
    check(shipped)
    refused(["horizon of 11"], check, shipped.changed(None, {"horizon": 10}))
    refused(["scenario = '2023Q1'"], check, shipped.changed(None, {"scenario": "2025Q4"}))
    lacking = Experiment(**shipped.to_dict() | {"series": list(NEEDED[1:])})
    refused([f"lacks {NEEDED[0]}"], check, lacking)


def test_the_shock_strikes_the_market_that_is_compared():
    mine = Experiment.read("backtest").changed(7, {"demand_elasticity": 1.3, "entropy": 5})
    shocked = with_shock(mine)
    for name in MARKET:
        assert getattr(shocked, name) == getattr(mine, name), name
    assert shocked.set["demand_elasticity"] == 1.3 and shocked.lineup == mine.lineup
    (shock,) = shocked.shocks
    assert (shock["kind"], shock["quarter"]) == ("efficiency", 8)
    assert min(shocked.factors["shock.efficiency.factor"]) == 1


def test_without_the_shock_the_second_batch_is_the_first(tmp_path):
    design = Experiment.read("backtest").changed(4, {"demand_elasticity": 1.3})
    results = ran(design, tmp_path / "plain")
    found = gathered(results, ran(with_shock(design), tmp_path / "shock"), history())
    plain, calm, shocked = (
        company_capex(each, "four largest") for each in (found.plain, found.calm, found.shocked)
    )
    pd.testing.assert_series_equal(plain, calm)
    price = [
        each.market["service_price"].unstack("quarter") for each in (found.calm, found.shocked)
    ]
    assert (price[0][7] == price[1][7]).all() and (price[0][11] > price[1][11]).all()
    before = shocked.index.get_level_values("quarter") < 8
    pd.testing.assert_series_equal(shocked[before], calm[before])
    # what was drawn by run, what is set, and what stands in the calibration
    drawn = found.parameter("substitution")
    assert drawn.index.tolist() == [0, 1, 2, 3] and drawn.nunique() == 4
    assert found.parameter("demand_elasticity").tolist() == [1.3] * 4
    assert found.parameter("meta.book_life").tolist() == [5.5] * 4
    assert found.plain.stood["world"] == pytest.approx(0.4206)


def test_the_command_prints_and_keeps_the_table(tmp_path):
    words = [sys.executable, "-m", "agentsim.cli", "regularities", "--runs", "8", "--out", "out"]
    run = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run([*words, "--csv"], **run)
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(StringIO(done.stdout))
    assert len(found) == len(rules()) and found["number"].nunique() == 14
    pd.testing.assert_frame_equal(found, pd.read_csv(tmp_path / "out" / "regularities.csv"))
    read = subprocess.run(words, **run)
    assert read.returncode == 0, read.stderr
    counts = found.drop_duplicates("number")["verdict"].value_counts()
    for column in ("fact: what happened; empty where", "median, 90% band: ", "met: ", "rule: "):
        assert f"\n{column}" in read.stdout
    last = read.stdout.strip().splitlines()[-1]
    assert last == "Of 14 regularities: " + ", ".join(
        f"{counts.get(each, 0)} {each}" for each in ("reproduced", "partly", "not")
    )
