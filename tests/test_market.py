"""The contract that people script against: what may be asked of a market, and how it answers."""

from typing import Any

import numpy as np
import pytest
from markets import BASE, market, one_line, same

from agentsim import (
    AgentsimError,
    Hyperscaler,
    Market,
    Scenario,
    runoff,
)
from agentsim.outcomes import OUTCOMES
from agentsim.parameters import ROLES
from agentsim.strategy import (
    Array,
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


# Looking at a market


def test_firms_are_found_by_name() -> None:
    made = market(runs=1)
    oracle = made.firm("oracle")
    assert oracle.name == "oracle"
    assert oracle.role == "hyperscaler"
    assert str(oracle.strategy) == "escalate(step=0.2)"
    assert repr(oracle) == "<Hyperscaler oracle: escalate(step=0.2)>"
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
