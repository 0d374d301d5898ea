"""An explanation says all that was clipped of what a firm chose, and nothing that was not."""

from dataclasses import dataclass

import numpy as np
import pytest

from agentsim import Market, Scenario
from agentsim.clipped import debt_asked
from agentsim.parameters import ROLES
from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorRule,
    HyperscalerChoice,
    HyperscalerRule,
    LenderChoice,
    LenderRule,
    MemoryMakerChoice,
    MemoryMakerRule,
    param,
)

PLENTY = {
    "foundry_capacity": 1e3,
    "memory_capacity": 1e3,
    "hyperscaler.cash": 1e4,
    "hyperscaler.core_cash": 1e3,
}
POOR = {"oracle.cash": 0.0, "oracle.core_cash": 0.0, "oracle.other_capex": 0.0}
NO_CREDIT = {"coverage_multiple": 0.0}
NO_DEBT = {"hyperscaler.debt": 0.0, "hyperscaler.old_debt": 0.0}
AMPLE = {"coverage_multiple": 50.0, "lender.funds": 1e4, **NO_DEBT}


@dataclass(frozen=True)
class Buyer(HyperscalerRule):
    """Choose what its parameters say."""

    capex_rate: float = param(0.06, "1/quarter", "orders", 0.0, 2.0)
    training_share: float = param(0.1, "1", "training", 0.0, 0.95)
    debt_share: float = param(0.0, "1", "debt", 0.0, 1.0)
    payout: float = param(0.0, "1", "payout", 0.0, 1.0)
    custom_share: float = param(0.0, "1", "custom silicon", 0.0, 1.0)

    def decide(self, sees):
        return HyperscalerChoice(
            self.capex_rate,
            self.custom_share,
            self.debt_share,
            self.training_share,
            0.0,
            self.payout,
        )


@dataclass(frozen=True)
class Vendor(ChipVendorRule):
    """Ask a multiple of the price ceiling."""

    multiple: float = param(2.0, "1", "price over the ceiling", 0.0, 10.0)

    def decide(self, sees):
        return ChipVendorChoice(price=min(self.multiple * sees.price_ceiling, 1e4))


@dataclass(frozen=True)
class Maker(MemoryMakerRule):
    """Expand at a rate."""

    expansion: float = param(1.0, "1/quarter", "expansion", 0.0, 1.0)

    def decide(self, sees):
        return MemoryMakerChoice(expansion=self.expansion)


@dataclass(frozen=True)
class Bank(LenderRule):
    """Offer all that there is."""

    def decide(self, sees):
        return LenderChoice(spread=0.02, advance_rate=0.7, deployed=1.0)


def market(lineup, horizon=3, **given):
    return Market("2025Q4", lineup, rng=2, horizon=horizon, **given).run()


def clipped(lineup, firm="oracle", quarter=1, **given):
    return market(lineup, **given).explain(firm, quarter).clipped


def test_nothing_is_clipped_where_there_is_plenty_of_all():
    assert clipped(Buyer(), **PLENTY) == {}
    modest = {"memory_maker": Maker(expansion=0.01), "hyperscaler": Buyer()}
    assert clipped(modest, "samsung", **PLENTY) == {}
    assert (
        clipped({"nvidia": Vendor(multiple=0.5), "hyperscaler": Buyer()}, "nvidia", **PLENTY) == {}
    )


def test_orders_that_neither_cash_nor_credit_could_pay():
    found = clipped({"oracle": Buyer(capex_rate=2.0)}, **POOR, **NO_CREDIT)
    assert found["capex_rate"].startswith("cash and credit paid for ")


def test_orders_that_were_not_shipped():
    made = market(Buyer(capex_rate=0.5), foundry_capacity=0.05)
    told = made.explain("oracle", 1)
    assert told.clipped["order"] == (
        f"foundry and memory could fill {told.got['fill']:.0%} of the funded order"
    )
    assert "orders" in made.explain("nvidia", 1).clipped["sales"]


def test_orders_of_a_firm_without_a_fleet():
    none = {f"oracle.{name}": 0.0 for name in ("merchant_fleet", "merchant_on_order")}
    assert "there is no fleet" in clipped({"oracle": Buyer()}, **none)["capex_rate"]


def test_custom_silicon_without_a_programme():
    found = clipped({"oracle": Buyer(custom_share=0.5)}, **{"oracle.custom_program": 0})
    assert "no custom programme" in found["custom_share"]


def test_debt_that_lenders_did_not_give():
    made = market({"oracle": Buyer(debt_share=1.0)}, **NO_CREDIT)
    told = made.explain("oracle", 1)
    assert told.got["borrowing"] == 0.0
    assert told.clipped["borrowing"].startswith("lenders gave $0bn of the $")
    told = market({"lender": Bank(), "oracle": Buyer(debt_share=0.1)}, **AMPLE).explain("oracle", 1)
    assert told.got["borrowing"] > 0.0
    assert "borrowing" not in told.clipped


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_debt_asked_for_is_what_is_borrowed_where_there_is_enough(share):
    """In the first quarter, for all that differs then is how much lenders may give."""
    lineup = {"lender": Bank(), "hyperscaler": Buyer(debt_share=share, capex_rate=0.1)}
    bounds = {
        "ample": AMPLE,
        "none": {**NO_DEBT, **NO_CREDIT, "lender.funds": 0.0},
    }
    asked = {}
    for name, given in bounds.items():
        made = Market("2025Q4", lineup, rng=2, horizon=1, **given)
        made.simulation.step(
            lambda w, chosen, name=name: asked.update({name: debt_asked(w, chosen).copy()})
        )
        got = made.sectors["hyperscaler"].borrowing
        np.testing.assert_allclose(got, asked["ample"] if name == "ample" else 0.0, rtol=1e-12)
    assert (asked["ample"] > 0.0).any()
    np.testing.assert_allclose(asked["none"], asked["ample"], rtol=1e-12)


def test_training_whose_power_could_not_be_paid():
    lineup = {"oracle": Buyer(training_share=0.95, capex_rate=0.0)}
    told = market(lineup, running_cost=40.0, **POOR, **NO_CREDIT).explain("oracle", 1)
    assert told.clipped["training_share"].startswith("cash paid the power of ")


def test_payouts_that_cash_did_not_reach():
    debts = {"oracle.debt": 200.0, "loan_tenor": 1.0}
    told = market({"oracle": Buyer(payout=1.0)}, **debts, **NO_CREDIT).explain("oracle", 1)
    planned = told.saw["core_cash"]
    paid = told.got["dividends"] + told.got["buybacks"]
    assert paid < planned
    assert (
        told.clipped["payout"] == f"cash was left for ${paid:.3g}bn of the ${planned:.3g}bn planned"
    )


def test_a_default_and_the_quarters_after_it():
    debts = {"oracle.debt": 900.0, "oracle.cash": 0.0, "restructuring_quarters": 2}
    made = market({"oracle": Buyer(capex_rate=0.5)}, horizon=5, **debts, **NO_CREDIT)
    told = [made.explain("oracle", quarter).clipped for quarter in (1, 2, 3, 4)]
    assert told[0]["default"] == "debt could not be served: no credit and orders for 2 quarters"
    assert told[1]["capex_rate"] == "no orders while it is restructured after a default"
    assert told[1]["restructuring"] == "no credit and orders for 1 more quarter"
    assert told[2]["capex_rate"] == "no orders while it is restructured after a default"
    assert "restructuring" not in told[2]
    assert "lenders that own it" in told[3]["capex_rate"]


def test_prices_above_the_buyers_outside_option():
    told = market({"nvidia": Vendor()}).explain("nvidia", 1)
    assert told.got["price"] < told.chose["price"]
    assert told.clipped["price"] == (
        f"buyers turn to custom silicon above ${told.got['price']:.4g}k"
    )


def test_memory_that_cannot_grow_so_fast():
    found = clipped({"samsung": Maker()}, "samsung", memory_growth_limit=0.08)
    assert found["expansion"] == "capacity cannot grow faster than 8% a quarter"


def test_offers_that_borrowers_did_not_take_up():
    told = market({"direct_lender": Bank()}).explain("direct_lender", 1)
    offered = told.saw["funds"]
    assert told.got["lending"] < offered
    assert told.clipped["deployed"] == (
        f"borrowers took ${told.got['lending']:.3g}bn of the ${offered:.3g}bn offered"
    )


@pytest.mark.parametrize("lineup", ["calibrated", "escalate", "best_response"])
def test_all_that_shows_in_the_books_is_told_and_nothing_else(lineup):
    made = Market("2025Q4", lineup, rng=4, horizon=6, coverage_multiple=1.0).run()
    firms = Scenario.load("2025Q4").firms
    for role in ROLES:
        for firm in firms[role]:
            told = made.explain(firm, 6)
            got, chose, short = told.got, told.chose, 1.0 - 1e-9
            if role == "hyperscaler":
                expected = {
                    "capex_rate": got["capex_rate"] < chose["capex_rate"] * short,
                    "order": got["fill"] < short,
                }
            elif role == "chip_vendor":
                expected = {"sales": got["fill"] < short}
            elif role == "memory_maker":
                expected = {"expansion": chose["expansion"] > told.saw["growth_limit"]}
            else:
                offered = chose["deployed"] * told.saw["funds"]
                expected = {"deployed": got["lending"] < offered * short}
            for name, should in expected.items():
                assert (name in told.clipped) == should, (firm, name)


def test_an_explanation_shows_what_the_strategy_remembers() -> None:
    market = Market(lineup="best_response", rng=1, horizon=3).run()
    told = market.explain("oracle", quarter=3)
    assert set(told.remembers) == {"belief", "value"}
    assert -0.1 <= told.remembers["belief"] <= 0.1 and told.remembers["value"] > 0.0
    assert "belief" in str(told)
    assert market.explain("bank_syndicate", quarter=3).remembers == {}
