"""What of a firm's choices was infeasible and clipped by the laws, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from agentsim.laws.numerics import Array, quiet
from agentsim.sectors.world import World
from agentsim.steps.choices import Choices
from agentsim.steps.credit import credit_clears
from agentsim.steps.services import split_fleet

ROUNDING = 1e-9
"""What is this near to what was wished for, relatively, is what was wished for."""

PLENTY = 1e12  # $bn


@dataclass(frozen=True)
class Quarter:
    """A firm's quarter in a market of one run, as it stands when the quarter is over."""

    world: World
    row: int
    saw: Mapping[str, float]
    chose: Mapping[str, float]
    got: Mapping[str, float]  # the firm's state
    debt_asked: float  # $bn, of a hyperscaler


def debt_asked(w: World, chosen: Choices) -> Array:
    """Return the debt that each hyperscaler asks for when it chooses so, $bn, `(firms, runs)`.

    It is what they would borrow if credit had no bounds, found by step 4 itself on a copy of the
    world, as it stands when everyone has chosen, in which it has none.
    """
    twin = w.copy()
    twin.p = replace(w.p, market=replace(w.p.market, coverage_multiple=np.ones(w.runs)))
    twin.hyperscalers.trailing_cash = np.full_like(w.hyperscalers.cash, PLENTY)
    twin.hyperscalers.merchant_on_order = np.full_like(w.hyperscalers.cash, PLENTY)  # as collateral
    twin.lenders.funds = np.full_like(w.lenders.funds, PLENTY)
    terms = {name: np.ones_like(each) for name, each in chosen.lender.items()}
    with quiet():
        credit_clears(twin, replace(chosen, lender=terms))
    return twin.hyperscalers.borrowing


def of_hyperscaler(quarter: Quarter) -> dict[str, str]:
    """Return what of a hyperscaler's wishes did not come true, and why, by field or event."""
    saw, chose, got = quarter.saw, quarter.chose, quarter.got
    found: dict[str, str] = {}
    if _short(got["capex_rate"], chose["capex_rate"]):
        found["capex_rate"] = _why_orders_fell_short(quarter)
    if _short(got["fill"], 1.0):
        found["order"] = f"foundry and memory could fill {got['fill']:.0%} of the funded order"
    if _short(got["custom_share"], chose["custom_share"]):
        found["custom_share"] = "the firm has no custom programme"
    if _short(got["borrowing"], quarter.debt_asked):
        found["borrowing"] = (
            f"lenders gave {_bn(got['borrowing'])} of the {_bn(quarter.debt_asked)} asked for"
        )
    planned = float(split_fleet(quarter.world).T[quarter.row, 0])
    if _short(got["training"], planned):
        done = got["training"] / planned
        found["training_share"] = f"cash paid the power of {done:.0%} of the training"
    payout, paid = chose["payout"] * saw["core_cash"], got["dividends"] + got["buybacks"]
    if _short(paid, payout):
        found["payout"] = f"cash was left for {_bn(paid)} of the {_bn(payout)} planned"
    return found | _default(got)


def _default(got: Mapping[str, float]) -> dict[str, str]:
    barred = got["restructuring"]
    quarters = f"{barred:.0f} quarter" if got["defaulted"] > 0.0 else f"{barred:.0f} more quarter"
    none = f"no credit and orders for {quarters}{'' if barred == 1.0 else 's'}"
    if got["defaulted"] > 0.0:
        return {"default": f"debt could not be served: {none}"}
    return {"restructuring": none} if barred > 0.0 else {}


def _why_orders_fell_short(quarter: Quarter) -> str:
    saw, chose, got = quarter.saw, quarter.chose, quarter.got
    if saw["restructuring"] > 0.0:
        return "no orders while it is restructured after a default"
    if saw["fleet_value"] == 0.0:
        return "orders are a share of the fleet's value, and there is no fleet"
    share = got["capex_rate"] / chose["capex_rate"]
    if got["lender_owned"] > got["defaulted"]:
        return (
            f"what it earns for the lenders that own it paid for {share:.0%} of the planned order"
        )
    return f"cash and credit paid for {share:.0%} of the planned order"


def of_chip_vendor(quarter: Quarter) -> dict[str, str]:
    """Return the same of a chip vendor."""
    chose, got = quarter.chose, quarter.got
    found: dict[str, str] = {}
    if _short(got["price"], chose["price"]):
        found["price"] = f"buyers turn to custom silicon above ${got['price']:.4g}k"
    if _short(got["fill"], 1.0):
        found["sales"] = f"foundry and memory could fill {got['fill']:.0%} of orders"
    return found


def of_memory_maker(quarter: Quarter) -> dict[str, str]:
    """Return the same of a memory maker."""
    limit = quarter.saw["growth_limit"]
    if _short(limit, quarter.chose["expansion"]):
        return {"expansion": f"capacity cannot grow faster than {limit:.0%} a quarter"}
    return {}


def of_lender(quarter: Quarter) -> dict[str, str]:
    """Return the same of a lender."""
    offered, lent = quarter.chose["deployed"] * quarter.saw["funds"], quarter.got["lending"]
    if _short(lent, offered):
        return {"deployed": f"borrowers took {_bn(lent)} of the {_bn(offered)} offered"}
    return {}


CLIPPED: dict[str, Callable[[Quarter], dict[str, str]]] = {
    "hyperscaler": of_hyperscaler,
    "chip_vendor": of_chip_vendor,
    "memory_maker": of_memory_maker,
    "lender": of_lender,
}


def _short(got: float, wished: float) -> bool:
    """Whether this falls short of what was wished for by more than rounding."""
    return got < wished * (1.0 - ROUNDING)


def _bn(amount: float) -> str:
    return f"${amount:.3g}bn"
