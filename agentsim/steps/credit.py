"""Step 4: hyperscalers plan their spending, and credit covers what cash does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws import credit
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.choices import Choices


@dataclass
class Purse:
    """Each hyperscaler's money in the quarter: what it has, what it owes, what it may spend."""

    cash: Array  # in hand, falls as the quarter goes on
    interest_due: Array  # (lenders, firms, runs)
    principal_due: Array  # (lenders, firms, runs)
    new_loans: Array  # (lenders, firms, runs)
    merchant_budget: Array  # chips and systems
    custom_budget: Array
    planned_payout: Array
    collateral: Array


def fleet_value(w: World) -> Array:
    """Return what the delivered fleets would cost today, chips and systems, `(firms, runs)`."""
    h, i = w.hyperscalers, w.inputs
    merchant = h.merchant_fleet * (i.merchant_price + i.system_cost)
    return merchant + h.custom_fleet * (i.custom_price + i.system_cost)


def collateral_value(w: World) -> Array:
    """Return what lenders take the fleets, delivered and on order, to be worth."""
    h, i = w.hyperscalers, w.inputs
    on_order = h.merchant_on_order * (i.merchant_price + i.system_cost)
    on_order = on_order + h.custom_on_order * (i.custom_price + i.system_cost)
    life = 4.0 * np.asarray(w.p.market.collateral_life)
    return credit.collateral_value(fleet_value(w), h.fleet_age, life) + on_order


def credit_clears(w: World, chosen: Choices) -> Purse:
    """Firms plan their spending; what cash does not cover is asked for, offered, rationed."""
    h, b, i, m = w.hyperscalers, w.lenders, w.inputs, w.p.market
    choice, terms = chosen.hyperscaler, chosen.lender
    able = h.restructuring <= 0.0

    planned = np.where(able, choice["capex_rate"], 0.0) * fleet_value(w)
    shells_due = w.shell_instalments.arrive()
    design_due = w.p.hyperscaler.design_cost * w.p.hyperscaler.custom_program
    interest_due = 0.25 * b.coupons
    principal_due = w.rates.repayment * b.loans
    debt_service = ordered_sum(interest_due) + ordered_sum(principal_due)
    planned_payout = choice["payout"] * h.core_cash
    expected = h.revenue - h.running

    w.core_paid_in = h.core_cash
    in_hand = h.cash + h.core_cash
    due = shells_due + design_due + debt_service
    short = planned + due + planned_payout - (in_hand + expected)
    ask = np.maximum(choice["debt_share"] * (planned + shells_due), np.maximum(short, 0.0))
    ask = np.where(able, ask, 0.0)

    collateral = collateral_value(w)
    coverage = credit.coverage_room(
        m.coverage_multiple, h.trailing_cash, h.debt + w.p.hyperscaler.old_debt
    )
    b.spread, b.advance_rate = terms["spread"], terms["advance_rate"]
    b.deployed = terms["deployed"]
    offered = b.deployed * b.funds
    new_loans = credit.clear(ask, coverage, collateral, h.debt, offered, b.spread, b.advance_rate)
    h.borrowing = ordered_sum(new_loans)
    i.credit_demand[0] = safe_divide(ordered_sum(ask), ordered_sum(offered), 1.0)

    cash = in_hand + h.borrowing
    h.design_spend = np.minimum(design_due, cash)
    cash = cash - h.design_spend
    h.shell_spend = np.minimum(shells_due, cash)
    cash = cash - h.shell_spend
    _drop_unpaid_shells(w, safe_divide(h.shell_spend, shells_due, 1.0))

    reserve = np.maximum(debt_service - np.maximum(expected, 0.0), 0.0)
    h.funded = np.minimum(1.0, safe_divide(np.maximum(cash - reserve, 0.0), planned, 1.0))
    h.custom_share = choice["custom_share"] * w.p.hyperscaler.custom_program
    budget = planned * h.funded
    custom_budget = budget * h.custom_share
    return Purse(
        cash=cash,
        interest_due=interest_due,
        principal_due=principal_due,
        new_loans=new_loans,
        merchant_budget=budget - custom_budget,
        custom_budget=custom_budget,
        planned_payout=planned_payout,
        collateral=collateral,
    )


def _drop_unpaid_shells(w: World, paid: Array) -> None:
    """What is not paid for is not built: the order shrinks by the unpaid share."""
    if (paid < 1.0).any():
        w.shell_pipeline.scale(paid)
        w.shell_instalments.scale(paid)
