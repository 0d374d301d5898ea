"""The books balance: every flow has two ends, in every quarter of markets drawn at random."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agentsim import Efficiency, Market, Scenario
from agentsim.laws.numerics import Array, ordered_sum
from agentsim.ledger import FLOWS, Values, net_cash, violation
from agentsim.parameters import DECLARATIONS, ROLES, Declaration
from agentsim.runoff import value_after
from agentsim.sectors.base import Pipeline, Sector
from agentsim.sectors.world import World
from agentsim.strategy.registry import followed

BASES = {name: Scenario.load(name) for name in ("2025Q4", "theory")}
BALANCED = 1e-9
RUNS = 3
SECTORS = ("hyperscalers", "chip_vendors", "memory_makers", "lenders", "customers", "inputs")

# What may be below zero, being no stock: a log, a sum of gains and losses.
SIGNED = {"noise", "trailing_cash"}
# What may be infinite: the price of a firm that sells nothing, and demand at the choke price.
UNBOUNDED = {"own_price", "elasticity"}


# Scenarios, lineups and shocks at random

TIED = {  # what must hold together with other values, and is drawn apart or left alone
    "designer",
    "custom_program",
    "custom_share",
    "spending_share",
    "reach",
    "capacity_share",
    "loan_share",
    "saturated_elasticity",
    "memory_margin_slack",
    "memory_margin_balanced",
}
FREE = [each for each in DECLARATIONS.values() if each.name not in TIED]


def dotted(declared: Declaration) -> str:
    return declared.name if declared.role == "market" else f"{declared.role}.{declared.name}"


def values_of(declared: Declaration) -> st.SearchStrategy[float]:
    """A value within a factor of five of the calibrated one, or anywhere within bounds."""
    base = BASES["2025Q4"]
    own = "" if declared.role == "market" else base.firms[declared.role][0] + "."
    usual = float(np.max(base[own + declared.name]))
    low, high = max(declared.low, usual / 5), min(declared.high, max(usual * 5, usual + 0.1))
    if declared.whole:
        return st.integers(int(declared.low), int(declared.high)).map(float)
    usual_ones = st.floats(low, high, allow_subnormal=False)
    return usual_ones | st.floats(declared.low, declared.high, allow_subnormal=False)


@st.composite
def overrides(draw: Any) -> dict[str, float]:
    chosen = draw(st.lists(st.sampled_from(FREE), max_size=12, unique=True))
    values = {dotted(each): draw(values_of(each)) for each in chosen}
    elasticity = values.setdefault("demand_elasticity", draw(st.floats(0.4, 4.0)))
    values["saturated_elasticity"] = min(elasticity, 1.0) * draw(st.floats(0.1, 0.95))
    low, high = sorted(draw(st.floats(0.0, 1.0)) for _ in range(2))
    values["memory_margin_slack"] = -0.5 + 0.8 * low
    values["memory_margin_balanced"] = -0.45 + 0.9 * high
    spending = values.get("service_revenue", 30.0) * draw(st.floats(1.0, 500.0))
    values["addressable_spending"] = min(spending, 1e6)  # its bound
    if draw(st.booleans()):  # firms that may not live
        values |= {"hyperscaler.cash": draw(st.floats(0.0, 5.0)), "hyperscaler.core_cash": 0.0}
        values["hyperscaler.debt"] = draw(st.floats(0.0, 60.0))
    return values


@st.composite
def lineups(draw: Any, scenario: Scenario) -> dict[str, str]:
    return {
        firm: draw(st.sampled_from(followed(role)))
        for role in ROLES
        for firm in scenario.firms[role]
    }


def shocks() -> st.SearchStrategy[list[Efficiency]]:
    shock = st.builds(
        Efficiency,
        quarter=st.integers(1, 8),
        factor=st.floats(0.2, 50.0),
        diffusion=st.floats(0.0, 1.0),
    )
    return st.lists(shock, max_size=2)


# Audits


def states(world: World) -> list[tuple[str, str, Array]]:
    found = []
    for name in SECTORS:
        sector: Sector = getattr(world, name)
        found += [(name, state, getattr(sector, state)) for state in type(sector).states]
    lenders = world.lenders
    found += [("lenders", name, getattr(lenders, name)) for name in ("loans", "coupons", "claims")]
    return found


def assert_sound(world: World) -> None:
    """No NaN, nothing infinite, no negative stock."""
    for sector, name, array in states(world):
        assert not np.isnan(array).any(), (sector, name, world.quarter)
        if name not in UNBOUNDED:
            assert np.isfinite(array).all(), (sector, name, world.quarter)
        if name not in SIGNED:
            assert (array >= 0.0).all(), (sector, name, world.quarter, array.min())
    h = world.hyperscalers
    for name in ("working_share", "funded", "fill", "switched_off", "training_share"):
        assert (getattr(h, name) <= 1.0 + 1e-12).all(), (name, world.quarter)
    for name, value in vars(world).items():
        if isinstance(value, Pipeline):
            assert (value.total() >= 0.0).all(), (name, world.quarter)


def assert_close(one: Array, other: Array, scale: Array, what: str) -> None:
    """The two agree to 1e-9 of the scale."""
    wrong = np.abs(one - other) > BALANCED * np.maximum(scale, 1e-9)
    assert not wrong.any(), (what, one, other)


def turnover(world: World) -> Array:
    """All payments of the quarter, the scale of rounding in sums of them."""
    return np.asarray(sum(ordered_sum(np.abs(flow.amount(world))) for flow in FLOWS))


def assert_both_ends_agree(world: World) -> None:
    """What one side books as paid the other books as received."""
    h, v, k, b = world.hyperscalers, world.chip_vendors, world.memory_makers, world.lenders
    c, scale = world.customers, turnover(world)
    pairs = {
        "services": (c.spending[0], h.revenue),
        "chips": (ordered_sum(h.merchant_spend + h.custom_spend), v.revenue),
        "other chips": (world.inputs.other_purchases[0], v.other_revenue),
        "memory": (ordered_sum(v.memory_spend), k.revenue),
        "lending": (ordered_sum(b.lending), h.borrowing),
        "interest": (ordered_sum(h.interest), b.interest),
        "principal": (ordered_sum(h.principal), b.principal),
        "sweep": (ordered_sum(h.sweep), b.sweep),
        "support": (ordered_sum(h.support), b.support),
        "write-offs": (ordered_sum(h.written_off), b.losses),
    }
    for what, (total, booked) in pairs.items():
        assert_close(total, ordered_sum(booked), scale, what)
    assert_close(c.gross_value[0], c.surplus[0] + c.spending[0], c.gross_value[0], "gross value")


def assert_loan_books_agree(world: World) -> None:
    h, b = world.hyperscalers, world.lenders
    assert_close(h.debt, ordered_sum(b.loans), h.debt, "debt of each borrower")
    by_lender = ordered_sum(np.swapaxes(b.loans, 0, 1))
    assert_close(b.outstanding, by_lender, b.outstanding, "loans of each lender")


def assert_stocks_move_by_flows(before: Mapping[str, Array], world: World) -> None:
    """Cash, debt and funds: what was there, and what came and went."""
    h, b = world.hyperscalers, world.lenders
    came = np.zeros_like(h.cash)
    for flow in FLOWS:
        if flow.firms_of == "hyperscalers":
            came = came + flow.amount(world) * (1.0 if flow.payee == "hyperscalers" else -1.0)
    scale = np.abs(before["cash"]) + h.revenue + h.capex + h.borrowing + before["debt"]
    assert_close(h.cash, before["cash"] + came, scale, "cash")
    moved = h.borrowing - h.principal - h.written_off
    assert_close(h.debt, before["debt"] + moved, before["debt"] + h.borrowing, "debt")
    moved = b.principal + b.interest + b.sweep + b.inflow - b.lending - b.support - b.payout
    assert_close(b.funds, before["funds"] + moved, before["funds"] + b.inflow, "funds")


def assert_runs_off(market: Market) -> None:
    """The identity over the run-off, and for the values of the outcomes, with it and without."""
    simulation = market.simulation
    to_horizon = simulation.ledger.values
    values = to_horizon.copy()
    violation = value_after(simulation.world.copy(), values, simulation.ledger.discount)
    assert (violation < BALANCED).all()
    table = market.outcomes()
    for suffix, given_values in (("", values), ("_to_horizon", to_horizon)):
        assert_outcomes_add_up(table, suffix, given_values)


def assert_outcomes_add_up(table: Any, suffix: str, values: Values) -> None:
    layers = ("customer_surplus", "hyperscaler_value", "chip_vendor_value", "memory_maker_value")
    names = [*layers, "lender_value"]
    parts = [table[name + suffix].to_numpy() for name in names]
    total, scale = ordered_sum(np.array(parts)), values.gross_value + values.resources
    assert_close(total, table["total_surplus" + suffix].to_numpy(), scale, "total surplus")
    used = table["resource_cost" + suffix].to_numpy()
    assert_close(total + used, values.gross_value, scale, "gross customer value")
    share = table["customer_share" + suffix].to_numpy()
    np.testing.assert_allclose(share * total, parts[0], rtol=1e-9, atol=1e-9)


def audited(
    scenario: Scenario,
    values: Mapping[str, Any],
    lineup: Any,
    struck: Sequence[Efficiency] = (),
    quarters: int = 16,
    entropy: int = 1,
) -> Market:
    """A market run with every quarter audited."""
    market = Market(
        scenario,
        lineup,
        RUNS,
        entropy,
        horizon=quarters,
        shocks=struck,
        record="series",
        **values,
    )
    world = market.simulation.world
    assert_sound(world)
    assert_loan_books_agree(world)
    for _ in range(quarters):
        before = {name: getattr(world.hyperscalers, name).copy() for name in ("cash", "debt")}
        before["funds"] = world.lenders.funds.copy()
        market.step()
        assert (market.ledger.residual() < BALANCED).all(), world.quarter
        assert_sound(world)
        assert_both_ends_agree(world)
        assert_loan_books_agree(world)
        assert_stocks_move_by_flows(before, world)
    assert_runs_off(market)
    assert (market.status == "ok").all()
    return market


# Tests


@given(data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_books_balance_in_every_quarter_of_random_markets(data: st.DataObject) -> None:
    scenario = BASES[data.draw(st.sampled_from(sorted(BASES)), label="calibration")]
    values = data.draw(overrides(), label="overrides")
    lineup = data.draw(lineups(scenario), label="lineup")
    struck = data.draw(shocks(), label="shocks")
    audited(scenario, values, lineup, struck, entropy=data.draw(st.integers(0, 2**64)))


POOR = {
    "hyperscaler.cash": 1.0,
    "hyperscaler.core_cash": 0.0,
    "hyperscaler.debt": 40.0,
    "loan_tenor": 1.0,
}
SCARCE = {
    "foundry_capacity": 0.2,
    "memory_capacity": 0.25,
    "power_limit": 0.05,
    "hyperscaler.shells_building": 0.0,
}
DEAR = {"running_cost": 3.0, "demand_elasticity": 0.7, "hyperscaler.training_share": 0.1}
RARE = {
    "default": (POOR, "match"),
    "rationing": (SCARCE, "escalate"),
    "shut_down": (DEAR, "escalate"),
    "all_of_it": ({**POOR, **SCARCE, **DEAR}, "escalate"),
    "cartel": (DEAR, "cartel"),
}


@pytest.mark.parametrize("case", RARE)
def test_books_balance_through_default_rationing_and_shut_down(case: str) -> None:
    values, posture = RARE[case]
    market = audited(BASES["2025Q4"], values, posture, quarters=24)
    table = market.outcomes()
    worst = market.series().groupby("run").max()
    if case in ("default", "all_of_it"):
        assert (table["defaults"] > 0.0).all()
        assert (table["lender_losses"] > 0.0).all()
        assert (market.simulation.world.hyperscalers.lender_owned == 1.0).any()
    if case in ("rationing", "all_of_it"):
        assert (worst["idle_share"] > 0.05).all()
        assert (worst["foundry_tightness"] > 1.5).all()
        assert (worst["memory_tightness"] > 1.5).all()
    if case in ("shut_down", "all_of_it"):
        assert (table["switched_off_share"] > 1e-4).all()


@pytest.mark.parametrize(
    "values",
    [
        {"quality_decay": 1.0, "hyperscaler.training_share": 0.0},  # quality fades to nothing
        {"vendor_elasticity": 100.0, "memory_price": 1e3, "hardware_progress_per_year": 0.59},
        {"chip_vendor.making_cost": 0.0, "chip_vendor.memory_content": 0.0},  # chips cost nothing
        {"hyperscaler.credit_premium": -0.1},  # nobody pays to lend
        {"economic_life": 0.5, "hyperscaler.cash": 0.0, "hyperscaler.core_cash": 0.0},
    ],
)
@pytest.mark.parametrize("lineup", ["calibrated", "best_response", "cartel"])
def test_books_balance_at_the_edges(values: dict[str, float], lineup: str) -> None:
    makers = {"chip_vendor": "best_response"} if lineup != "calibrated" else {}
    audited(BASES["2025Q4"], values, {"hyperscaler": lineup, **makers}, quarters=24)


def test_books_balance_where_nothing_is_sold() -> None:
    """No customer pays what electricity costs, so all flows are among firms and resources."""
    values = {"running_cost": 100.0, "choke_price_ratio": 1.5}
    market = Market("2025Q4", "restrain", RUNS, 1, horizon=8, record="outcomes", **values)
    world = market.simulation.world
    for _ in range(8):
        market.step()
        assert_sound(world)
        assert_both_ends_agree(world)
        assert (world.customers.quantity == 0.0).all()
    assert (market.outcomes()["revenue"] == 0.0).all()


def test_loans_of_several_lenders_add_up_to_each_borrowers_debt() -> None:
    values = {"hyperscaler.debt": 5.0, "hyperscaler.cash": 0.5, "hyperscaler.core_cash": 2.0}
    market = audited(BASES["2025Q4"], values, "escalate(debt_share=0.5)", quarters=4)
    world = market.simulation.world
    assert (world.lenders.loans > 0.0).all()  # every lender has lent to everybody
    assert (world.lenders.lending > 0.0).any(axis=1).sum() > 1  # and several still do


class TestFlowsTable:
    @staticmethod
    def market() -> Market:
        values = {**POOR, "other_buyers_budget": 10.0, "hyperscaler.core_cash": 3.0}
        return Market("2025Q4", "escalate", [4, 2], 3, horizon=6, record="series", **values).run()

    def test_has_a_row_for_every_run_quarter_and_kind(self) -> None:
        flows = self.market().ledger.flows()
        assert not flows.isna().any().any()
        assert not flows.duplicated(["run", "quarter", "kind"]).any()
        assert len(flows) == 2 * 6 * len(FLOWS)
        assert set(flows["run"]) == {2, 4}
        assert set(flows["quarter"]) == set(range(1, 7))
        assert set(flows["kind"]) == {flow.kind for flow in FLOWS}
        assert (flows["$bn"] >= 0.0).all()

    def test_names_both_ends_of_every_payment(self) -> None:
        flows = self.market().ledger.flows()
        ends = flows.groupby("kind")[["payer", "payee"]].nunique()
        assert (ends == 1).all().all()
        assert (flows["payer"] != flows["payee"]).all()
        layers = {"customers", "hyperscalers", "chip_vendors", "memory_makers", "lenders"}
        outside = {"resources", "other_buyers", "shareholders", "savers", "core_business"}
        assert set(flows["payer"]) | set(flows["payee"]) == layers | outside
        value = flows[flows["in_value"]]
        assert not set(value["payer"]) & {"resources", "shareholders", "savers", "core_business"}
        assert not set(value["payee"]) & {"shareholders", "savers", "customers", "other_buyers"}

    @staticmethod
    def worth(market: Market) -> pd.DataFrame:
        """What each end of the flows took in less what it paid, discounted, by layer and run."""
        value = market.ledger.flows().query("in_value")
        paid, received = (
            value.groupby([side, "run", "quarter"])["$bn"].sum().rename_axis(index={side: "layer"})
            for side in ("payer", "payee")
        )
        net = received.sub(paid, fill_value=0.0)
        np.testing.assert_allclose(net.groupby(level=[1, 2]).sum(), 0.0, atol=1e-10)
        rate = 1 + market.scenario.funding_rate_per_year / 4
        worth = net * rate ** -net.index.get_level_values("quarter").to_numpy(float)
        return worth.groupby(level=[0, 1]).sum().unstack().reindex(columns=market.runs)

    @pytest.mark.parametrize("others", [0.0, 10.0])
    def test_sums_to_the_net_cash_of_each_layer(self, others: float) -> None:
        """While capacity expands, firms default and build shells: every kind of flow there is."""
        short = {"foundry_capacity": 0.2, "memory_capacity": 0.5, "other_buyers_budget": others}
        given = {**POOR, **short, "microsoft.core_cash": 60.0}
        lineup = {"hyperscaler": "escalate", "memory_maker": "expand_on_margin"}
        market = Market("2025Q4", lineup, [4, 2], 3, horizon=8, record="series", **given).run()
        kinds = market.ledger.flows().groupby("kind")["$bn"].sum()
        assert set(kinds[kinds == 0.0].index) <= (
            {"chips_to_other_buyers"} if not others else set()
        )
        worth, values = self.worth(market), market.simulation.ledger.values
        vendors, memory = values.vendors.sum(axis=0), values.memory.sum(axis=0)
        expected = {
            "hyperscalers": values.hyperscalers.sum(axis=0),
            "lenders": values.lenders.sum(axis=0),
            "customers": -values.revenue,
        }
        if others:
            makers = worth.loc["chip_vendors"] + worth.loc["memory_makers"]
            np.testing.assert_allclose(makers, vendors + memory + values.other_profit, rtol=1e-9)
            assert (worth.loc["resources"] > values.resources).all()
        else:
            expected |= {"chip_vendors": vendors, "memory_makers": memory}
            expected["resources"] = values.resources
        for layer, amounts in expected.items():
            np.testing.assert_allclose(worth.loc[layer], amounts, rtol=1e-9, err_msg=layer)

    def test_agrees_with_the_series(self) -> None:
        market = self.market()
        flows = market.ledger.flows().set_index(["run", "quarter", "kind"])["$bn"].unstack()
        series = market.series().set_index(["run", "quarter"]).sort_index().drop(0, level=1)
        flows = flows.sort_index()
        np.testing.assert_allclose(flows["services"], series["spending"], rtol=1e-12)
        chips = flows["merchant_chips"] + flows["custom_chips"]
        np.testing.assert_allclose(chips, series["chip_spend"], rtol=1e-12)
        capex = chips + flows["systems"] + flows["shells"]
        np.testing.assert_allclose(capex, series["capex"], rtol=1e-12)

    def test_other_buyers_profit_is_apart(self) -> None:
        """Without other buyers there is none, and hyperscalers' vendors earn all there is."""
        alone = {"other_buyers_budget": 0.0}
        market = Market("2025Q4", "match", 2, 1, horizon=6, record="outcomes", **alone).run()
        assert (market.outcomes()["other_buyer_profit"] == 0.0).all()
        both = Market("2025Q4", "match", 2, 1, horizon=6, record="outcomes").run()
        assert (both.outcomes()["other_buyer_profit"] > 0.0).all()


def test_value_of_each_firm_adds_up_to_that_of_its_layer() -> None:
    market = Market("2025Q4", "escalate", RUNS, 1, horizon=12, record="outcomes", **POOR).run()
    table = market.outcomes()
    layers = {
        "hyperscaler": "hyperscaler_value",
        "chip_vendor": "chip_vendor_value",
        "memory_maker": "memory_maker_value",
        "lender": "lender_value",
    }
    for role, column in layers.items():
        firms = [table[f"value.{firm}"] for firm in market.scenario.firms[role]]
        np.testing.assert_allclose(np.sum(firms, axis=0), table[column], rtol=1e-12)


def test_cash_that_moved_without_a_flow_is_a_violation() -> None:
    market = Market(runs=2, rng=1, horizon=2)
    market.step()
    world = market.simulation.world
    before = world.hyperscalers.cash - 1e-3  # as if a million dollars had come from nowhere
    net = net_cash(world)
    world.core_paid_in = world.core_paid_in * 0.0
    assert (violation(world, before, net) > 1e-9).all()
