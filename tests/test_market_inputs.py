"""What a market is built from: lineups, overrides, shocks, and what makes no sense of these."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from markets import BASE, Steady, complaint, market, one_line, same

from agentsim import (
    AgentsimError,
    Efficiency,
    Market,
)
from agentsim.parameters import ROLES
from agentsim.strategy.registry import make

# Lineups


def followed(made: Market) -> dict[str, str]:
    return {agent.name: str(agent.strategy) for agent in made.agents}


def test_a_bare_posture_is_the_hyperscalers() -> None:
    calibrated, made = followed(Market("2025Q4")), followed(Market("2025Q4", "restrain"))
    for role in ROLES:
        for firm in BASE.firms[role]:
            expected = "restrain" if role == "hyperscaler" else calibrated[firm]
            assert made[firm] == expected
    assert followed(Market("2025Q4", {"hyperscaler": "restrain"})) == made


def test_the_calibrated_lineup_goes_by_its_name() -> None:
    calibrated = followed(Market("2025Q4"))
    assert len(set(calibrated.values())) > 4
    assert followed(Market("2025Q4", "calibrated")) == calibrated
    assert followed(Market("2025Q4", {})) == calibrated
    assert followed(Market("2025Q4", {"hyperscaler": "calibrated"})) == calibrated


def test_a_firms_own_strategy_beats_its_roles() -> None:
    for lineup in (
        {"oracle": "escalate", "hyperscaler": "match"},
        {"hyperscaler": "match", "oracle": "escalate"},
    ):
        made = followed(Market("2025Q4", lineup))
        assert made["oracle"] == "escalate"
        assert {made[firm] for firm in BASE.firms["hyperscaler"]} == {"escalate", "match"}


def test_strategies_may_be_texts_with_parameters_or_instances() -> None:
    texts = {"oracle": "escalate(step=0.07)", "nvidia": "hold_margin(margin_change=0.05)"}
    instances = {
        "oracle": make("hyperscaler", "escalate", {"step": 0.07}),
        "nvidia": make("chip_vendor", "hold_margin", {"margin_change": 0.05}),
    }
    assert followed(Market("2025Q4", texts))["oracle"] == "escalate(step=0.07)"
    same(market(texts).outcomes(), market(instances).outcomes())
    assert not market(texts).outcomes().equals(market().outcomes())


def test_a_strategy_of_ones_own_needs_no_registration() -> None:
    own = market(Steady(extra=0.05)).outcomes()
    assert (own["capex"] > market(Steady()).outcomes()["capex"]).all()
    assert market(Steady()).lineup["hyperscaler"]["meta"] == Steady()


def test_parameters_of_strategies_may_differ_from_run_to_run() -> None:
    steps = np.array([[0.01, 0.2, 0.05]])
    swept = market({"meta": make("hyperscaler", "escalate", {"step": steps})}, runs=3).outcomes()
    for run, step in enumerate(steps[0]):
        alone = market({"meta": f"escalate(step={step})"}, runs=[run]).outcomes()
        same(swept[swept.run == run], alone)


@pytest.mark.parametrize(
    ("lineup", "parts"),
    [
        ("escalat", ["'escalat'", "escalate"]),
        ({"orcale": "match"}, ["'orcale'", "oracle"]),
        ({"hyperscalers": "match"}, ["'hyperscalers'", "hyperscaler"]),
        ({"oracle": "hold_margin"}, ["hyperscaler", "'hold_margin'"]),
        ({"oracle": make("chip_vendor", "hold_margin")}, ["oracle", "chip_vendor"]),
        (make("lender", "prudent"), ["lender", "hyperscaler"]),
        ({"oracle": 5}, ["oracle", "5"]),
        (["match"], ["lineup", "['match']"]),
        (5, ["lineup", "5"]),
        ("escalate(stp=1)", ["'stp'", "step"]),
        ("escalate(step=9)", ["step", "9", "between 0 and 1"]),
        ({"meta": make("hyperscaler", "escalate", {"step": [0.1] * 3})}, ["lineup.meta", "3", "1"]),
    ],
)
def test_a_lineup_that_makes_no_sense_is_one_line(lineup: Any, parts: list[str]) -> None:
    text = complaint("2025Q4", lineup)
    assert all(part in text for part in parts), text


# Overrides


def test_overrides_are_parameters_by_keyword() -> None:
    made = market(demand_elasticity=1.7, **{"oracle.debt": 50.0})
    assert made.scenario.demand_elasticity == 1.7
    assert made.series("hyperscaler").query("firm == 'oracle' and quarter == 0").debt.eq(50.0).all()
    assert BASE.demand_elasticity != 1.7  # what was loaded is shared, and stays


def test_a_scenario_and_its_name_are_the_same() -> None:
    tight = BASE.replace({"oracle.debt": 50.0}, demand_elasticity=1.7)
    by_scenario = Market(tight, None, 2, 7, horizon=5).run().outcomes()
    same(by_scenario, market(demand_elasticity=1.7, **{"oracle.debt": 50.0}).outcomes())


def test_an_override_may_have_one_number_a_run() -> None:
    values: Mapping[str, Any] = {
        "demand_elasticity": [0.9, 1.4, 2.0],
        "oracle.debt": np.array([10.0, 30.0, 20.0]),
        "restructuring_quarters": [1, 3, 2],
    }
    swept = market(runs=3, record="outcomes", **values).outcomes()
    for run in range(3):
        alone = market(runs=[run], record="outcomes", **{k: v[run] for k, v in values.items()})
        same(swept[swept.run == run], alone.outcomes())


def test_a_role_sets_all_its_firms() -> None:
    made = market(**{"hyperscaler.cash": 33.0, "meta.cash": 5.0})
    cash = made.series("hyperscaler").query("quarter == 0 and run == 0").set_index("firm")["cash"]
    assert cash.pop("meta") == 5.0
    assert (cash == 33.0).all()


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"demand_elasticty": 1.0}, ["'demand_elasticty'", "demand_elasticity"]),
        ({"oracle.det": 1.0}, ["'oracle.det'", "oracle.debt"]),
        ({"orcl.debt": 1.0}, ["'orcl.debt'", "oracle.debt"]),
        ({"demand_elasticity": 99.0}, ["demand_elasticity", "99", "10"]),
        ({"demand_elasticity": "high"}, ["demand_elasticity", "'high'", "0.2 to 10"]),
        ({"demand_elasticity": None}, ["demand_elasticity", "None"]),
        ({"demand_elasticity": float("nan")}, ["demand_elasticity", "nan", "0.2 to 10"]),
        ({"demand_elasticity": [1.0, float("inf")], "runs": 2}, ["demand_elasticity", "inf"]),
        ({"demand_elasticity": [1.0, 2.0], "runs": 3}, ["demand_elasticity", "2", "3 runs"]),
        ({"oracle.debt": -5.0}, ["oracle.debt", "-5", "0"]),
        ({"delivery_quarters": 1.5}, ["delivery_quarters", "1.5", "whole"]),
        ({"saturated_elasticity": 0.9, "demand_elasticity": 0.8}, ["0.9", "0.8", "below"]),
        ({"scenario": "2025Q3"}, ["'2025Q3'", "2025Q4"]),
        ({"scenario": 5}, ["scenario", "5", "name"]),
        ({"scenario": ["2025Q4"]}, ["scenario", "['2025Q4']", "name"]),
        ({"runs": 0}, ["runs", "0", "1"]),
        ({"runs": 1.5}, ["runs", "1.5"]),
        ({"runs": "many"}, ["runs", "'many'"]),
        ({"runs": True}, ["runs", "True"]),
        ({"runs": None}, ["runs", "None"]),
        ({"runs": []}, ["runs", "[]", "at least one"]),
        ({"runs": [1, 1]}, ["runs", "once"]),
        ({"runs": [-1]}, ["runs", "-1"]),
        ({"runs": [0.5]}, ["runs", "0.5"]),
        ({"rng": -1}, ["rng", "-1"]),
        ({"rng": 0.5}, ["rng", "0.5", "integer"]),
        ({"rng": "seed"}, ["rng", "'seed'", "integer"]),
        ({"rng": [1, 2]}, ["rng", "[1, 2]"]),
        ({"horizon": 0}, ["horizon", "0", "1 and 400"]),
        ({"horizon": 401}, ["horizon", "401", "1 and 400"]),
        ({"horizon": 2.5}, ["horizon", "2.5"]),
        ({"record": "all"}, ["record", "'all'", "outcomes, series, firms"]),
        ({"record": None}, ["record", "None", "outcomes, series, firms"]),
        ({"errors": "ignore"}, ["errors", "'ignore'", "raise", "mark"]),
        ({"shocks": 5}, ["shocks", "5", "kind"]),
        ({"shocks": [5]}, ["shocks", "5", "kind"]),
        ({"shocks": [{"quarter": 3}]}, ["kind", "efficiency"]),
        ({"shocks": [{"kind": "boom", "quarter": 3}]}, ["'boom'", "efficiency"]),
        ({"shocks": [{"kind": "efficiency"}]}, ["quarter", "missing"]),
        ({"shocks": [{"kind": "efficiency", "quarter": 0}]}, ["quarter", "0", "1 and 40"]),
        ({"shocks": [{"kind": "efficiency", "quarter": 41}]}, ["quarter", "41", "1 and 40"]),
        ({"shocks": [{"kind": "efficiency", "quarter": 2, "fator": 3}]}, ["'fator'", "factor"]),
        ({"shocks": [{"kind": "efficiency", "quarter": 2, "factor": 0}]}, ["factor", "0.01"]),
        ({"shocks": [{"kind": "efficiency", "quarter": 2, "leader": "ibm"}]}, ["'ibm'", "meta"]),
        (
            {"shocks": [{"kind": "efficiency", "quarter": 2, "factor": [1, 2]}]},
            ["factor", "2 values", "1 runs"],
        ),
        ({"shock.efficiency.factor": 3.0}, ["shock.efficiency.factor", "shocks"]),
        ({"shock.factor": 3.0}, ["shock.factor", "shock.KIND.FIELD"]),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_one_line_with_name_value_and_remedy(
    given: Mapping[str, Any], parts: list[str]
) -> None:
    text = complaint(**given)
    assert all(part in text for part in parts), text


def test_unknown_firms_roles_and_quarters_are_one_line() -> None:
    made = market()
    asks = {
        "nearest: oracle": lambda: made.explain("orcale", 2, run=0),
        "nearest: hyperscaler": lambda: made.series("hyperscalers"),
        "nearest: coreweave": lambda: made.firm("corewave"),
        "from 1 to 5": lambda: made.explain("oracle", 6, run=0),
        "quarter = 0": lambda: made.explain("oracle", 0, run=0),
        "quarter = 2.5": lambda: made.explain("oracle", 2.5, run=0),  # type: ignore[arg-type]
        "run=": lambda: made.explain("oracle", 2),
        "run = 9": lambda: made.explain("oracle", 2, run=9),
    }
    for part, ask in asks.items():
        with pytest.raises(AgentsimError) as caught:
            ask()
        assert part in one_line(caught)


# Shocks


def test_shocks_are_objects_or_dicts() -> None:
    shock = {"kind": "efficiency", "quarter": 2, "factor": 10.0, "diffusion": 0.5}
    by_dict = market(shocks=[shock]).outcomes()
    by_object = market(shocks=[Efficiency(quarter=2, factor=10.0, diffusion=0.5)]).outcomes()
    by_name = market(
        shocks=[{"kind": "efficiency", "quarter": 2, "diffusion": 0.5, "factor": 2.0}],
        **{"shock.efficiency.factor": 10.0},
    ).outcomes()
    same(by_dict, by_object)
    same(by_dict, by_name)
    calm = market().outcomes()
    assert (by_dict["service_price"] < calm["service_price"]).all()


def test_a_shock_may_have_one_number_a_run() -> None:
    for factors in ([1.0, 3.0, 10.0], np.array([1.0, 3.0, 10.0])):
        swept = market(runs=3, shocks=[Efficiency(quarter=2, factor=factors)]).outcomes()
        for run, factor in enumerate((1.0, 3.0, 10.0)):
            alone = market(runs=[run], shocks=[Efficiency(quarter=2, factor=factor)]).outcomes()
            same(swept[swept.run == run], alone)


def test_a_shock_strikes_in_its_quarter_and_not_before() -> None:
    shock = Efficiency(quarter=3, factor=10.0)
    shocked = market(runs=1, shocks=[shock]).series().set_index("quarter")
    calm = market(runs=1).series().set_index("quarter")
    ratio = shocked["frontier"] / calm["frontier"]
    np.testing.assert_allclose(ratio.loc[:2], 1.0, rtol=1e-15)
    np.testing.assert_allclose(ratio.loc[3:], 10.0, rtol=1e-12)
