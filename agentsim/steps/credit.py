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
    """Each hyperscaler's money in the quarter: what it has, what it owes, what it may spend.

    Arrays are `(firms, runs)` where nothing else is said.
    """

    cash: Array  # in hand, falls as the quarter goes on
    interest_due: Array
    principal_due: Array
    new_loans: Array | None  # (lenders, firms, runs); None if nobody borrows
    merchant_budget: Array  # chips and systems
    custom_budget: Array
    budget: Array  # both
    fleet_value: Array  # of delivered chips and systems at last quarter's prices
    collateral: Array  # what lenders take the fleets, delivered and on order, to be worth
    planned_payout: Array
    spent: Array | None = None  # on chips and systems, once they are shipped


def fleet_value(w: World) -> Array:
    """Return what the delivered fleets would cost today, chips and systems, `(firms, runs)`."""
    h = w.hyperscalers
    return _at_price(w, h.merchant_fleet, h.custom_fleet)


def collateral_value(w: World, fleets: Array) -> Array:
    """Return what lenders take the fleets to be worth, those on order at price.

    `fleets` is the replacement value of those delivered.
    """
    h = w.hyperscalers
    life = 4.0 * np.asarray(w.p.market.collateral_life)
    delivered = credit.collateral_value(fleets, h.fleet_age, life)
    return delivered + _at_price(w, h.merchant_on_order, h.custom_on_order)


def _at_price(w: World, merchant: Array, custom: Array) -> Array:
    """Return what so many chips of the two kinds cost today, with their systems."""
    i = w.inputs
    value = merchant * (i.merchant_price + i.system_cost)
    value += custom * (i.custom_price + i.system_cost)
    return value


def credit_clears(w: World, chosen: Choices) -> Purse:
    """Firms plan their spending; what cash does not cover is asked for, offered, rationed."""
    h, b, r = w.hyperscalers, w.lenders, w.rates
    choice, terms = chosen.hyperscaler, chosen.lender
    barred = h.restructuring > 0.0  # from orders and credit
    some_barred = barred.any()

    fleets = fleet_value(w)
    planned = choice["capex_rate"] * fleets
    if some_barred:
        np.copyto(planned, 0.0, where=barred)
    shells_due = w.shells_in_payment * r.shell_instalment
    interest_due = 0.25 * ordered_sum(b.coupons)
    principal_due = r.repayment * h.debt
    debt_service = interest_due + principal_due
    planned_payout = choice["payout"] * h.core_cash
    w.core_paid_in = h.core_cash
    in_hand = h.cash + h.core_cash

    # Chips, shells and design are paid before customers pay; debt and shareholders after.
    earned = np.maximum(w.operating_cash, 0.0)
    short = planned + shells_due
    ask = choice["debt_share"] * short
    short += w.design_due
    short += np.maximum(debt_service + planned_payout - earned, 0.0)
    short -= in_hand
    ask = np.maximum(np.maximum(ask, short), 0.0)
    if some_barred:
        np.copyto(ask, 0.0, where=barred)

    collateral = collateral_value(w, fleets)
    b.spread, b.advance_rate = terms["spread"], terms["advance_rate"]
    b.deployed = terms["deployed"]
    new_loans = _borrow(w, ask, collateral)
    cash = in_hand + h.borrowing
    h.design_spend = np.minimum(w.design_due, cash)
    cash -= h.design_spend
    h.shell_spend = np.minimum(shells_due, cash)
    cash -= h.shell_spend
    if (h.shell_spend < shells_due).any():
        _drop_unpaid_shells(w, safe_divide(h.shell_spend, shells_due, 1.0))

    reserve = np.maximum(debt_service - earned, 0.0)
    free = np.maximum(cash - reserve, 0.0)
    h.funded = np.minimum(1.0, safe_divide(free, planned, 1.0))
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
        budget=budget,
        fleet_value=fleets,
        collateral=collateral,
        planned_payout=planned_payout,
    )


def _borrow(w: World, ask: Array, collateral: Array) -> Array | None:
    """Lenders answer what is asked for; returns the new loans, `(lenders, firms, runs)`."""
    h, b, i, m = w.hyperscalers, w.lenders, w.inputs, w.p.market
    offered = b.deployed * b.funds
    i.credit_demand[0] = safe_divide(ordered_sum(ask), ordered_sum(offered), 1.0)
    if not ask.any():
        h.borrowing = w.none
        return None
    all_debt = h.debt + w.p.hyperscaler.old_debt
    coverage = credit.coverage_room(m.coverage_multiple, h.trailing_cash, all_debt)
    loans = credit.clear(ask, coverage, collateral, h.debt, offered, b.spread, b.advance_rate)
    h.borrowing = ordered_sum(loans)
    return loans


def _drop_unpaid_shells(w: World, paid: Array) -> None:
    """What is not paid for is not built: the orders shrink by the unpaid share."""
    w.shell_pipeline.scale(paid)
    w.hyperscalers.shells_building = w.shell_pipeline.total()
