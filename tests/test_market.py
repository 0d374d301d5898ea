"""The contract that people script against: what may be asked of a market, and how it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agentsim import (
    AgentsimError,
    Efficiency,
    Hyperscaler,
    Market,
    Scenario,
    runoff,
)
from agentsim.outcomes import OUTCOMES
from agentsim.parameters import ROLES
from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    clip,
    param,
)
from agentsim.strategy.registry import make
from agentsim.strategy.views import HyperscalerView as View

BASE = Scenario.load("2025Q4")


@dataclass(frozen=True)
class Steady(HyperscalerStrategy):
    """Replace wear, and a given share of the fleet besides; NaN from `fault` on."""

    extra: float = param(0.0, "1/quarter", "growth of the fleet", 0.0, 1.0)
    fault: float = param(99.0, "quarter", "first quarter in which it answers nonsense", 1.0, 99.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        rate = clip(sees.wear + self.extra, 0.0, 2.0)
        return HyperscalerChoice(capex_rate=np.where(sees.quarter >= self.fault, np.nan, rate))


def market(lineup: Any = None, runs: Any = 2, rng: Any = 7, **given: Any) -> Market:
    """A short market, run."""
    return Market("2025Q4", lineup, runs, rng, **{"horizon": 5, **given}).run()


def complaint(*args: Any, **kwargs: Any) -> str:
    """The one line with which a market is refused."""
    with pytest.raises(AgentsimError) as caught:
        Market(*args, **kwargs)
    return one_line(caught)


def one_line(caught: pytest.ExceptionInfo[AgentsimError]) -> str:
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other.reset_index(drop=True), check_exact=True
    )


# The page of the contract


def test_every_call_of_the_contract_works_as_written() -> None:
    market = Market("2025Q4", lineup={"hyperscaler": "escalate"}, runs=20, rng=7)
    market.run()
    assert len(market.outcomes()) == 20
    assert len(market.series()) == 20 * 41
    assert len(market.series("hyperscaler")) == 20 * 41 * 6
    assert market.ledger.residual().shape == (20,)
    assert market.ledger.residual().max() < 1e-9
    flows = market.ledger.flows()
    assert {"payer", "payee", "kind", "$bn", "run", "quarter"} <= set(flows.columns)
    assert str(market.explain("oracle", quarter=8, run=3)).startswith("oracle, quarter 8, run 3")
    assert len(market.agents_by_type[Hyperscaler]) == 6
    assert market.quarter == 40
    assert (market.status == "ok").all()


def test_a_step_is_a_quarter() -> None:
    market = Market("2025Q4", horizon=3)
    assert market.quarter == 0
    for quarter in (1, 2, 3):
        assert market.running
        market.step()
        assert market.quarter == quarter
    assert not market.running
    for _ in range(2):
        with pytest.raises(AgentsimError) as caught:
            market.step()
        assert "horizon of 3" in one_line(caught)
    assert market.run() is market
    assert market.quarter == 3


def test_the_horizon_is_forty_quarters_unless_given() -> None:
    assert Market("2025Q4").horizon == 40
    assert Market("2025Q4", horizon=8).run().quarter == 8


# Outcomes


def test_outcomes_have_a_row_a_run_and_all_columns() -> None:
    table = market(runs=3).outcomes()
    assert table["run"].tolist() == [0, 1, 2]
    assert table["status"].tolist() == ["ok"] * 3
    assert table["quarters"].tolist() == [5] * 3
    with_runoff = {
        "customer_surplus",
        "hyperscaler_value",
        "chip_vendor_value",
        "memory_maker_value",
        "lender_value",
        "other_buyer_profit",
        "resource_cost",
        "customer_share",
        "total_surplus",
        "rent_dissipation",
    }
    without = {f"{name}_to_horizon" for name in with_runoff}
    others = {"capex", "chip_spend", "defaults", "idle_share", "hhi", "service_price"}
    assert with_runoff | without | others <= set(table.columns)
    assert set(OUTCOMES) <= set(table.columns)
    for name, (unit, _) in OUTCOMES.items():
        assert (name + "_to_horizon" in table.columns) == unit.endswith("*"), name
    numbers = table.drop(columns=["run", "status", "quarters"])
    assert (numbers.dtypes == np.float64).all()
    assert np.isfinite(numbers.to_numpy()).all()


def test_outcomes_have_the_value_of_every_firm() -> None:
    table = market().outcomes()
    firms = [firm for role in ROLES for firm in BASE.firms[role]]
    assert [name for name in table.columns if name.startswith("value.")] == [
        f"value.{firm}" for firm in firms
    ]


def test_run_off_adds_surplus_and_takes_none_to_the_horizon() -> None:
    table = market().outcomes()
    assert (table["customer_surplus"] > table["customer_surplus_to_horizon"]).all()
    assert (table["chip_vendor_value"] == table["chip_vendor_value_to_horizon"]).all()


def test_outcomes_may_be_asked_for_on_the_way() -> None:
    """Then they are what they would be if the horizon were here, and say how many quarters."""
    market = Market("2025Q4", runs=2, rng=1, horizon=4)
    seen = [market.outcomes()]
    while market.running:
        market.step()
        seen.append(market.outcomes())
    assert [table["quarters"].unique().tolist() for table in seen] == [[0], [1], [2], [3], [4]]
    capex = np.array([table["capex"] for table in seen])
    assert (np.diff(capex, axis=0) > 0.0).all()
    same(Market("2025Q4", runs=2, rng=1, horizon=2).run().outcomes(), seen[2])


def test_the_residual_has_the_run_offs_once_outcomes_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = market()
    to_horizon = made.ledger.residual()
    made.outcomes()
    assert (made.ledger.residual() >= np.maximum(to_horizon, 1e-30)).all()
    assert (made.ledger.residual() < 1e-9).all()
    whole = runoff.value_after

    def leaking(*args: Any) -> Array:
        return whole(*args) + np.array([0.0, 0.5])

    monkeypatch.setattr(runoff, "value_after", leaking)
    made.outcomes()
    assert made.ledger.residual()[0] < 1e-9
    assert made.ledger.residual()[1] >= 0.5


# Series and what is kept


def test_series_have_a_row_a_run_and_quarter() -> None:
    table = market(runs=[5, 3]).series()
    assert list(table.columns[:2]) == ["run", "quarter"]
    assert table["run"].tolist() == [5] * 6 + [3] * 6
    assert table["quarter"].tolist() == [*range(6)] * 2
    needed = {"capex", "total_capex", "service_price", "gpu_rent", "spending", "surplus", "noise"}
    assert needed <= set(table.columns)
    assert (table["total_capex"] > table["capex"]).all()


@pytest.mark.parametrize("role", ROLES)
def test_series_of_a_role_have_a_row_a_run_quarter_and_firm(role: str) -> None:
    made = market(runs=[5, 3])
    table = made.series(role)
    firms = list(BASE.firms[role])
    assert list(table.columns[:3]) == ["run", "quarter", "firm"]
    assert not table.duplicated(["run", "quarter", "firm"]).any()
    assert len(table) == 2 * 6 * len(firms)
    assert table["firm"].tolist()[: len(firms)] == firms
    states = type(made.sectors[role]).states
    assert set(states) <= set(table.columns)
    last = table[(table.quarter == 5) & (table.run == 3)]
    for name in states:
        np.testing.assert_array_equal(last[name], getattr(made.sectors[role], name)[:, 1])


def test_series_of_firms_add_up_to_the_markets() -> None:
    made = market()
    firms = made.series("hyperscaler").groupby(["run", "quarter"])
    total = made.series().set_index(["run", "quarter"])
    np.testing.assert_allclose(firms["capex"].sum(), total["capex"], rtol=1e-12)
    np.testing.assert_allclose(firms["revenue"].sum(), total["spending"], rtol=1e-12)
    np.testing.assert_allclose(firms["debt"].sum(), total["debt"], rtol=1e-12)


def test_by_default_everything_is_kept() -> None:
    made = market()
    assert len(made.outcomes())
    assert len(made.series())
    assert len(made.series("lender"))
    assert len(made.ledger.flows())


@pytest.mark.parametrize(
    ("record", "ask", "remedy"),
    [
        ("outcomes", lambda m: m.series(), 'record="series"'),
        ("outcomes", lambda m: m.series("lender"), 'record="firms"'),
        ("series", lambda m: m.series("hyperscaler"), 'record="firms"'),
        ("outcomes", lambda m: m.ledger.flows(), 'record="series"'),
    ],
)
def test_what_was_not_kept_is_a_line_naming_the_option(record: Any, ask: Any, remedy: str) -> None:
    made = market(record=record)
    with pytest.raises(AgentsimError) as caught:
        ask(made)
    text = one_line(caught)
    assert repr(record) in text
    assert remedy in text


def test_less_may_be_kept_and_the_rest_still_works() -> None:
    kept = {record: market(record=record) for record in ("outcomes", "series", "firms")}
    for made in kept.values():
        same(made.outcomes(), kept["firms"].outcomes())
        np.testing.assert_array_equal(made.ledger.residual(), kept["firms"].ledger.residual())
        assert made.explain("meta", 2, run=1).got["capex"] > 0.0
    same(kept["series"].series(), kept["firms"].series())
    same(kept["series"].ledger.flows(), kept["firms"].ledger.flows())


# Runs and luck


def test_runs_is_a_count_or_run_numbers() -> None:
    assert market(runs=3).outcomes()["run"].tolist() == [0, 1, 2]
    assert market(runs=[512]).outcomes()["run"].tolist() == [512]
    assert market(runs=np.array([9, 2])).outcomes()["run"].tolist() == [9, 2]
    assert market(runs=range(4, 6)).outcomes()["run"].tolist() == [4, 5]
    assert market(runs=np.int64(2)).outcomes()["run"].tolist() == [0, 1]


def test_a_run_number_is_that_run_alone() -> None:
    together = market(runs=13).outcomes()
    same(market(runs=[12]).outcomes(), together[together.run == 12])


def test_an_integer_is_the_entropy() -> None:
    assert Market("2025Q4", rng=7).entropy == 7
    assert Market("2025Q4", rng=np.int64(7)).entropy == 7
    assert Market("2025Q4", rng=2**100).entropy == 2**100
    same(market(rng=7).series(), market(rng=np.int32(7)).series())
    assert not market(rng=7).series().equals(market(rng=8).series())


def test_without_one_the_entropy_is_new_and_kept() -> None:
    one, two = market(rng=None), market(rng=None)
    assert isinstance(one.entropy, int)
    assert one.entropy != two.entropy
    same(market(rng=one.entropy).outcomes(), one.outcomes())


def test_a_generator_yields_the_entropy() -> None:
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    first = market(rng=one)
    assert first.entropy == market(rng=two).entropy
    assert first.entropy != market(rng=one).entropy
    same(market(rng=first.entropy).outcomes(), first.outcomes())


def test_the_same_call_gives_the_same_numbers() -> None:
    one, two = market(), market()
    same(one.outcomes(), two.outcomes())
    same(one.series("hyperscaler"), two.series("hyperscaler"))
    same(one.ledger.flows(), two.ledger.flows())


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


# Explanations


FIRMS = [(role, firm) for role in ROLES for firm in BASE.firms[role]]


def assert_explains(made: Market, role: str, firm: str, quarter: int, run: int) -> None:
    """What it says the firm got is what the series recorded; what it saw, the quarter before."""
    told = made.explain(firm, quarter, run=run)
    assert (told.firm, told.quarter, told.run) == (firm, quarter, run)
    table = made.series(role).query("firm == @firm and run == @run").set_index("quarter")
    assert set(told.got) == set(type(made.sectors[role]).states)
    for name, value in told.got.items():
        assert value == table.at[quarter, name], (firm, name)
    for name in set(told.saw) & set(told.got) - {"unit_cost", "efficiency"}:
        assert told.saw[name] == table.at[quarter - 1, name], (firm, name)
    for name in set(told.chose) & {"price", "spread", "advance_rate", "deployed"}:
        assert told.chose[name] == told.got[name], (firm, name)


@pytest.mark.parametrize(("role", "firm"), FIRMS)
def test_an_explanation_agrees_with_the_series(role: str, firm: str) -> None:
    assert_explains(market(runs=1), role, firm, 4, 0)


def test_explanations_are_the_same_bits_in_a_market_of_many_runs() -> None:
    """With parameters, shocks and strategies that differ from run to run."""
    steps = np.array([[0.01, 0.2, 0.05, 0.1]])
    by_firm = np.linspace(0.01, 0.2, 24).reshape(6, 4)
    for lineup in (
        {"meta": make("hyperscaler", "escalate", {"step": steps}), "nvidia": "scarcity"},
        make("hyperscaler", "escalate", {"step": by_firm}),
    ):
        made = market(
            lineup,
            runs=[8, 3, 11, 0],
            shocks=[Efficiency(quarter=2, factor=[1.0, 3.0, 10.0, 45.0], diffusion=0.5)],
            demand_elasticity=[0.8, 1.1, 1.4, 2.0],
            delivery_quarters=[0, 1, 2, 3],
            **{"oracle.debt": [0.0, 10.0, 20.0, 30.0]},
        )
        for run in (8, 3, 11, 0):
            for role, firm in (("hyperscaler", "oracle"), ("chip_vendor", "nvidia")):
                assert_explains(made, role, firm, 5, run)
            assert_explains(made, "hyperscaler", "meta", 1, run)


def test_an_explanation_shows_all_that_could_be_seen_and_chosen() -> None:
    told = market(runs=1).explain("microsoft", np.int64(3))
    assert set(told.saw) == set(View.fields)
    assert set(told.chose) == {
        "capex_rate",
        "custom_share",
        "debt_share",
        "training_share",
        "withheld",
        "payout",
    }
    assert told.strategy == "match"
    text = str(told)
    for part in ("microsoft, quarter 3, run 0, follows match", "saw", "chose", "got", "clipped"):
        assert part in text
    assert told.chose["capex_rate"] == pytest.approx(told.saw["rivals_capex_rate"])


def test_an_explanation_says_what_was_clipped_and_why() -> None:
    poor = {"oracle.cash": 0.0, "oracle.core_cash": 0.0, "coverage_multiple": 0.0}
    told = market("escalate(step=1.0)", runs=1, **poor).explain("oracle", 2)
    assert told.got["funded"] < 1.0
    assert "cash and credit" in told.clipped["capex_rate"]
    rich = market("restrain", runs=1, foundry_capacity=1e3, memory_capacity=1e3)
    assert rich.explain("microsoft", 2).clipped == {}
    assert "nothing" in str(rich.explain("microsoft", 2))
    short = market("escalate", runs=1, foundry_capacity=0.05)
    assert "order" in short.explain("microsoft", 2).clipped
    assert "sales" in short.explain("nvidia", 2).clipped
    no_program = market(
        make("hyperscaler", "best_response"), runs=1, **{"oracle.custom_program": 1}
    )
    assert "custom_share" not in no_program.explain("oracle", 2).clipped


def test_explaining_leaves_the_market_alone() -> None:
    made, other = Market("2025Q4", rng=1, horizon=4), Market("2025Q4", rng=1, horizon=4)
    for _ in range(4):
        made.step()
        made.explain("meta", made.quarter)
        other.step()
    same(made.outcomes(), other.outcomes())


# Failures


def faulty() -> Steady:
    strategy = make_steady(np.array([[99.0, 3.0, 99.0, 2.0]]))
    return strategy


def make_steady(fault: Array) -> Steady:
    from agentsim.strategy.params import with_values

    return with_values(Steady(), {"fault": fault})


def test_a_failed_run_raises_and_is_named() -> None:
    with pytest.raises(AgentsimError) as caught:
        market(faulty(), runs=[10, 11, 12, 13])
    text = one_line(caught)
    for part in ("run 13", "quarter 2", "steady", "capex_rate", "nan", "between 0 and 2"):
        assert part in text, text


def test_a_failed_run_may_be_marked_and_the_others_go_on_undisturbed() -> None:
    made = market(faulty(), runs=[10, 11, 12, 13], errors="mark")
    assert made.status[0] == made.status[2] == "ok"
    assert made.status[1].startswith("failed in quarter 3: ")
    assert made.status[3].startswith("failed in quarter 2: ")
    for status in made.status:
        assert "\n" not in status
    assert "capex_rate" in made.status[1]
    table = made.outcomes()
    assert table["status"].tolist() == made.status.tolist()
    sound = market(Steady(), runs=[10, 12]).outcomes()
    same(table[table.status == "ok"], sound)
    series = made.series("hyperscaler")
    same(series[series.run == 12], market(Steady(), runs=[12]).series("hyperscaler"))


def test_a_run_that_fails_in_the_end_is_marked_too() -> None:
    """Sums that overflow are no number, whatever the choices were."""
    made = Market("theory", "restrain", 2, 1, horizon=2, errors="mark").run()
    made.simulation.ledger.values.surplus = np.array([1.0, np.nan])
    table = made.outcomes()
    assert table["status"][0] == "ok"
    assert "not finite" in table["status"][1]


# Looking at a market


def test_firms_are_found_by_name() -> None:
    made = market(runs=1)
    oracle = made.firm("oracle")
    assert oracle.name == "oracle"
    assert oracle.role == "hyperscaler"
    assert str(oracle.strategy) == "escalate"
    assert repr(oracle) == "<Hyperscaler oracle: escalate>"
    table = made.series("hyperscaler").query("firm == 'oracle' and quarter == 5")
    assert oracle.debt == table["debt"].item()


def test_theory_runs_with_the_same_calls() -> None:
    made = Market("theory", rng=1, horizon=3).run()
    assert np.isfinite(made.outcomes()["total_surplus"]).all()
    assert len(made.series("hyperscaler")) == 4 * 4
    assert made.explain("firm_1", 2).got["revenue"] > 0.0
    eight = Scenario.load("theory").with_hyperscalers(8)
    assert len(Market(eight, horizon=1).agents_by_type[Hyperscaler]) == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [("demand_elasticity", 5), ("lineup", None), ("shocks", (1,)), ("runs", 2), ("entropy", 3)],
)
def test_what_a_market_is_built_with_cannot_be_set_on_the_way(name, value) -> None:
    built = Market(rng=1, horizon=2)
    with pytest.raises(AgentsimError, match=f"{name} = .* cannot be set on the way; set it when"):
        setattr(built, name, value)
    built.note = "of my own"
    assert built.note == "of my own"


def test_gpu_rent_is_what_customers_pay_for_an_hour_of_a_serving_chip() -> None:
    """Merchant chips alone, so that services over efficiency are the chips that serve."""
    none = {f"hyperscaler.custom_{each}": 0.0 for each in ("fleet", "on_order", "share")}
    built = Market(
        "2025Q4", "restrain", rng=1, horizon=4, algorithmic_progress_per_year=0.5, **none
    )
    rent = built.run().series().set_index("quarter")["gpu_rent"]
    firms = built.series("hyperscaler")
    serving = firms["merchant_fleet"] * firms["working_share"] * (1.0 - firms["training_share"])
    paid = firms.groupby("quarter")["revenue"].sum() * 1e9
    hours = serving.groupby(firms["quarter"]).sum() * 1e6 * 24.0 * 365.0 / 4.0
    assert firms["efficiency"].max() > 1.2
    np.testing.assert_allclose(rent.loc[1:], (paid / hours).loc[1:], rtol=1e-9)
