"""After the horizon: no more orders, what is under way arrives, fleets wear out, debts settle.

Technology, demand and input prices stand still; services go on until under 2% of the fleet is
left. First come as many quarters as the longest lag, one by one, then blocks in which the fleet
shrinks by a fixed factor, each evaluated at its geometric middle: their length in quarters
follows the economic life, which may differ from run to run. The middle of the quarters 1 to n is
(n + 1)/2 quarters of wear from the start, half a quarter more than the middle of the block.
"""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.laws.power import working_share
from agentsim.ledger import Values
from agentsim.sectors.world import World
from agentsim.steps.power import open_shells, wear_and_arrive
from agentsim.steps.services import services_clear

LEFT = 0.02  # share of the fleet at which services end
BLOCKS = 12
FLEETS = ("merchant_fleet", "custom_fleet", "merchant_power", "custom_power")
STOCKS = (*FLEETS, "shells")


def value_after(w: World, values: Values, discount: Array) -> Array:
    """Add the run-off to `values`; `discount` is the discount factor at the horizon, `(runs,)`.

    `w` is changed: give a copy. Returns the largest relative violation of the value identity.
    """
    start = values.copy()
    h = w.hyperscalers
    as_is = {"withheld": w.none, "training_share": h.training_share}
    no_cash = np.full_like(h.cash, -np.inf)  # nobody trains: no quality is to come of it
    after = discount
    worth = np.zeros_like(h.cash)  # of each firm's run-off, $bn at the base date
    per_quarter = 1.0 / (1.0 + w.rates.funding)

    for quarter in range(int(np.max(w.last_arrival))):
        before = {name: getattr(h, name) for name in STOCKS}
        h.shell_spend = w.shells_in_payment * w.rates.shell_instalment
        wear_and_arrive(w)
        open_shells(w)
        services_clear(w, as_is, no_cash)
        going = quarter < w.last_arrival  # a run's own lags count, not those of its neighbours
        if going.all():
            after = after * per_quarter
            weight = after
        else:
            after = np.where(going, after * per_quarter, after)
            weight = np.where(going, after, 0.0)
            for name, stock in before.items():
                setattr(h, name, np.where(going, getattr(h, name), stock))
        worth = worth + weight * _add(w, values, weight)

    h.shell_spend = w.none
    wear = np.minimum(np.asarray(w.rates.wear), 0.999)
    length = np.log(LEFT) / BLOCKS / np.log1p(-wear)  # quarters in a block
    shell_wear = np.minimum(w.rates.shell_wear, 0.999)
    to_middle, to_end = LEFT ** (0.5 / BLOCKS) * np.sqrt(1.0 - wear), LEFT ** (1.0 / BLOCKS)
    shells_kept = np.exp(length * np.log1p(-shell_wear))
    shells_to_middle = np.sqrt(shells_kept * (1.0 - shell_wear))
    factor = np.exp(length * np.log(per_quarter))  # discount over a block
    quarters = (1.0 - factor) / (1.0 / per_quarter - 1.0)  # discounted quarters in a block
    for _ in range(BLOCKS):
        at_start = {name: getattr(h, name) for name in FLEETS}
        for name, stock in at_start.items():
            setattr(h, name, stock * to_middle)
        shells = h.shells * shells_to_middle
        h.working_share = working_share(shells, h.merchant_power + h.custom_power)
        services_clear(w, as_is, no_cash)
        weight = after * quarters
        worth = worth + weight * _add(w, values, weight)
        for name, stock in at_start.items():
            setattr(h, name, stock * to_end)
        h.shells = h.shells * shells_kept
        after = after * factor

    _settle(w, values, worth, discount)
    return _violation(start, values)


def _add(w: World, values: Values, weight: Array) -> Array:
    """Add a quarter, or a block of them, of run-off; return each firm's AI cash in it."""
    h, c = w.hyperscalers, w.customers
    cash = w.operating_cash - h.shell_spend
    running = ordered_sum(h.running)
    values.hyperscalers += weight * cash
    values.resources += weight * (running + ordered_sum(h.shell_spend))
    values.surplus += weight * c.surplus[0]
    values.gross_value += weight * c.gross_value[0]
    values.revenue += weight * c.spending[0]
    values.running += weight * running
    return cash


def _settle(w: World, values: Values, worth: Array, discount: Array) -> None:
    """Settle debts at the horizon from cash, the run-off and what the core business can carry.

    Of a firm that lenders own they get the whole run-off, whatever it is worth.
    """
    h, b = w.hyperscalers, w.lenders
    core = np.asarray(w.p.market.coverage_multiple) * 4.0 * np.maximum(h.core_cash, 0.0)
    able = np.maximum(discount * (h.cash + core) + worth, 0.0)
    repaid = np.minimum(discount * h.debt, able)
    owned = h.lender_owned > 0.0
    settled = np.where(owned, worth, repaid)
    by_loan = safe_divide(b.loans, h.debt, 0.0)
    share = np.where(owned, b.claims, by_loan)
    values.hyperscalers = values.hyperscalers - settled
    values.lenders = values.lenders + ordered_sum(np.swapaxes(share * settled, 0, 1))


def _violation(before: Values, after: Values) -> Array:
    """Return the relative violation of the value identity over the whole run-off."""
    got = after.surplus - before.surplus + after.resources - before.resources
    got = got + ordered_sum(after.hyperscalers - before.hyperscalers)
    got = got + ordered_sum(after.lenders - before.lenders)
    given = after.gross_value - before.gross_value
    scale = np.maximum(np.abs(given), after.gross_value) + after.resources
    return np.abs(got - given) / np.maximum(scale, 1e-9)
