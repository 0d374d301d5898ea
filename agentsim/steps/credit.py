"""Step 4: hyperscalers plan their spending, and credit covers what cash does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentsim.laws import credit
from agentsim.laws.numerics import Array, at_least, at_most, ordered_sum, safe_divide
from agentsim.sectors.world import CUSTOM, MERCHANT, World
from agentsim.steps.choices import Choices, Chosen

A_DOLLAR = 1e-9  # in $bn


@dataclass(frozen=True)
class Collateral:
    """What lenders take the fleets to be worth as they stood when credit cleared.

    Worked out when it is asked for: in many quarters nobody borrows and nobody defaults.
    """

    delivered: Array  # replacement value
    on_order: tuple[Array, Array]  # merchant, custom chips
    unit_costs: tuple[Array, Array]  # of a merchant, a custom chip with its system
    age: Array
    life: Array

    def value(self) -> Array:
        """Return it in $bn, `(firms, runs)`; chips on order count at price."""
        value = credit.collateral_value(self.delivered, self.age, self.life)
        value += at_price(self.on_order, self.unit_costs)
        return value


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
    collateral: Collateral
    planned_payout: Array
    spent: Array  # on chips and systems: nothing until they are shipped


def at_price(chips: tuple[Array, Array], unit_costs: tuple[Array, Array]) -> Array:
    """Return what so many merchant and custom chips cost, `(firms, runs)`."""
    value = chips[MERCHANT] * unit_costs[MERCHANT]
    value += chips[CUSTOM] * unit_costs[CUSTOM]
    return value


def collateral(w: World) -> Collateral:
    """Return the fleets, delivered and on order, as collateral at today's prices."""
    h, i = w.hyperscalers, w.inputs
    unit_costs = i.merchant_price + i.system_cost, i.custom_price + i.system_cost
    return Collateral(
        delivered=at_price((h.merchant_fleet, h.custom_fleet), unit_costs),
        on_order=(h.merchant_on_order, h.custom_on_order),
        unit_costs=unit_costs,
        age=h.fleet_age,
        life=4.0 * w.p.market.collateral_life,
    )


def fleet_value(w: World) -> Array:
    """Return what the delivered fleets would cost today, chips and systems, `(firms, runs)`."""
    return collateral(w).delivered


@dataclass(frozen=True)
class Bills:
    """What each hyperscaler plans to pay this quarter and what for, $bn, `(firms, runs)`."""

    planned: Array  # order of chips and systems
    shells: Array  # instalments
    interest: Array
    principal: Array
    debt_service: Array  # both
    payout: Array  # planned, to shareholders
    in_hand: Array  # cash to pay it with, the core business's of the quarter included
    earned: Array  # expected operating cash: last quarter's, if positive
    barred: NDArray[np.bool_] | None  # who may not order or borrow after a default; None if nobody


def credit_clears(w: World, chosen: Choices) -> Purse:
    """Firms plan their spending; what cash does not cover is asked for, offered, rationed."""
    h, b, choice = w.hyperscalers, w.lenders, chosen.hyperscaler
    fleets = collateral(w)
    bills = _bills(w, choice, fleets)
    b.spread, b.advance_rate = chosen.lender["spread"], chosen.lender["advance_rate"]
    b.deployed = chosen.lender["deployed"]
    new_loans = _borrow(w, _asked(w, choice["debt_share"], bills), fleets)
    cash = bills.in_hand + h.borrowing
    _pay_design_and_shells(w, cash, bills.shells)

    free = cash - at_least(bills.debt_service - bills.earned, 0.0)
    at_least(free, 0.0, out=free)
    h.funded = at_most(safe_divide(free, bills.planned, 1.0), 1.0)
    h.custom_share = choice["custom_share"] * w.p.hyperscaler.custom_program
    budget = bills.planned * h.funded
    custom_budget = budget * h.custom_share
    return Purse(
        cash=cash,
        interest_due=bills.interest,
        principal_due=bills.principal,
        new_loans=new_loans,
        merchant_budget=budget - custom_budget,
        custom_budget=custom_budget,
        budget=budget,
        fleet_value=fleets.delivered,
        collateral=fleets,
        planned_payout=bills.payout,
        spent=w.none,
    )


def _bills(w: World, choice: Chosen, fleets: Collateral) -> Bills:
    """Work out what each firm plans and owes."""
    h, r = w.hyperscalers, w.rates
    interest = 0.25 * ordered_sum(w.lenders.coupons)
    principal = r.repayment * h.debt
    debt_service = interest + principal
    shells = w.shells_in_payment * r.shell_instalment
    earned = at_least(w.operating_cash, 0.0)
    planned = choice["capex_rate"] * fleets.delivered
    owned, barred = h.lender_owned > 0.0, None
    if owned.any():  # nobody puts fresh money into what went to the lenders
        own = earned - (shells + w.design_due + debt_service)
        planned = np.where(owned, np.minimum(planned, at_least(own, 0.0)), planned)
        barred = h.restructuring > 0.0  # only who defaulted is restructured
        planned = np.where(barred, 0.0, planned)
    w.core_paid_in = h.core_cash
    return Bills(
        planned=planned,
        shells=shells,
        interest=interest,
        principal=principal,
        debt_service=debt_service,
        payout=choice["payout"] * h.core_cash,
        in_hand=h.cash + h.core_cash,
        earned=earned,
        barred=barred,
    )


def _asked(w: World, debt_share: Array, bills: Bills) -> Array:
    """Return the debt that each firm asks for: its choice, and at least what it lacks.

    Chips, shells and design are paid before customers pay; debt and shareholders after.
    """
    short = bills.planned + bills.shells
    ask = debt_share * short
    short += w.design_due
    after = bills.debt_service + bills.payout
    after -= bills.earned
    short += at_least(after, 0.0, out=after)
    short -= bills.in_hand
    np.maximum(ask, short, out=ask)
    ask *= ask >= A_DOLLAR  # nobody borrows what rounding leaves
    return ask if bills.barred is None else np.where(bills.barred, 0.0, ask)


def _pay_design_and_shells(w: World, cash: Array, shells_due: Array) -> None:
    """Pay for design, then for shells, out of `cash`, which is written to."""
    h = w.hyperscalers
    h.design_spend = np.minimum(w.design_due, cash)
    cash -= h.design_spend
    h.shell_spend = np.minimum(shells_due, cash)
    cash -= h.shell_spend
    if (h.shell_spend < shells_due).any():  # what is not paid for is not built
        w.shell_pipeline.scale(safe_divide(h.shell_spend, shells_due, 1.0))
        h.shells_building = w.shell_pipeline.total()


def _borrow(w: World, ask: Array, fleets: Collateral) -> Array | None:
    """Lenders answer what is asked for; returns the new loans, `(lenders, firms, runs)`."""
    h, b, i, m = w.hyperscalers, w.lenders, w.inputs, w.p.market
    offered = b.deployed * b.funds
    i.credit_demand[0] = safe_divide(ordered_sum(ask), ordered_sum(offered), 1.0)
    if not ask.any():
        h.borrowing = w.none
        return None
    all_debt = h.debt + w.p.hyperscaler.old_debt
    coverage = credit.coverage_room(m.coverage_multiple, h.trailing_cash, all_debt)
    loans = credit.clear(ask, coverage, fleets.value(), h.debt, offered, b.spread, b.advance_rate)
    h.borrowing = ordered_sum(loans)
    return loans
