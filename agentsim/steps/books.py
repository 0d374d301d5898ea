"""Step 8: books close. Debt is served or defaulted on, assets wear, shareholders are paid."""

from __future__ import annotations

import numpy as np

from agentsim.laws import books
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.credit import Purse

# A debt service that falls short by no more than rounding is paid in full.
ROUNDING = 1e-12


def books_close(w: World, purse: Purse) -> None:
    """Close the quarter's books of hyperscalers and lenders."""
    h = w.hyperscalers
    cash = np.maximum(purse.cash + (h.revenue - h.running), 0.0)
    cash = cash - _serve_debt(w, purse, cash)
    cash = np.maximum(cash, 0.0)
    h.sweep = np.where(h.lender_owned > 0.0, np.clip(ai_cash(w), 0.0, cash), 0.0)
    cash = cash - h.sweep
    h.dividends, h.buybacks = books.pay_out(
        purse.planned_payout, cash, w.p.market.dividend_share
    )
    h.cash = np.maximum(cash - (h.dividends + h.buybacks), 0.0)
    _lenders_collect(w)
    _assets_wear(w)
    _core_moves_on(w)


def ai_cash(w: World) -> Array:
    """Return AI cash before any sweep: service revenue less everything AI costs, plus net debt."""
    h = w.hyperscalers
    chips_and_systems = h.merchant_spend + h.custom_spend + h.system_spend
    operating = h.revenue - h.running - chips_and_systems - h.shell_spend - h.design_spend
    return operating + h.borrowing - h.interest - h.principal


def _serve_debt(w: World, purse: Purse, cash: Array) -> Array:
    """Pay interest and principal as far as cash goes; who falls short defaults.

    Returns what was paid. The default itself moves no cash: debt is cut to what the collateral is
    worth, and lenders own what the firm's AI business earns from then on.
    """
    h, b = w.hyperscalers, w.lenders
    due = ordered_sum(purse.interest_due) + ordered_sum(purse.principal_due)
    paid = np.minimum(due, cash)
    share = safe_divide(paid, due, 1.0)
    interest, principal = purse.interest_due * share, purse.principal_due * share
    h.interest, h.principal = ordered_sum(interest), ordered_sum(principal)
    b.interest = ordered_sum(np.swapaxes(interest, 0, 1))
    b.principal = ordered_sum(np.swapaxes(principal, 0, 1))
    b.lending = ordered_sum(np.swapaxes(purse.new_loans, 0, 1))

    kept = 1.0 - safe_divide(principal, b.loans, 0.0)
    rate = w.p.market.funding_rate_per_year + b.spread[:, np.newaxis] + w.p.hyperscaler.credit_premium
    b.loans = b.loans * kept + purse.new_loans
    b.coupons = b.coupons * kept + purse.new_loans * rate
    lent = ordered_sum(b.lending)
    charged = ordered_sum(ordered_sum(purse.new_loans * rate))
    w.inputs.loan_rate[0] = safe_divide(charged, lent, w.inputs.loan_rate[0])

    defaulted = paid < due * (1.0 - ROUNDING)
    h.defaulted = defaulted.astype(np.float64)
    h.restructuring = np.maximum(h.restructuring - 1.0, 0.0)
    h.written_off = np.zeros_like(due)
    b.losses = np.zeros_like(b.funds)
    if defaulted.any():
        _restructure(w, defaulted, purse.collateral)
    h.debt = ordered_sum(b.loans)
    b.outstanding = ordered_sum(np.swapaxes(b.loans, 0, 1))
    rate_lost = 4.0 * safe_divide(b.losses, b.outstanding + b.losses, 0.0)
    b.loss_rate = 0.75 * b.loss_rate + 0.25 * rate_lost
    return h.interest + h.principal


def _restructure(w: World, defaulted: Array, collateral: Array) -> None:
    """Cut the debt of firms that defaulted to min(debt, collateral) and pass them to lenders."""
    h, b = w.hyperscalers, w.lenders
    debt = ordered_sum(b.loans)
    left = np.where(defaulted, books.haircut(debt, collateral), 1.0)
    claims = safe_divide(b.loans, np.broadcast_to(debt, b.loans.shape), 0.0)
    lost = b.loans * (1.0 - left)
    b.claims = np.where(defaulted, claims, b.claims)
    b.losses = ordered_sum(np.swapaxes(lost, 0, 1))
    h.written_off = ordered_sum(lost)
    b.loans = b.loans * left
    b.coupons = b.coupons * left
    h.restructuring = np.where(defaulted, w.p.market.restructuring_quarters, h.restructuring)
    h.lender_owned = np.where(defaulted, 1.0, h.lender_owned)


def _lenders_collect(w: World) -> None:
    """Lenders book what borrowers paid; savers get the income and bring new money."""
    h, b = w.hyperscalers, w.lenders
    b.sweep = ordered_sum(np.swapaxes(b.claims * h.sweep, 0, 1))
    b.inflow[:] = w.p.lender.inflow
    b.payout = b.interest + b.sweep
    b.funds = np.maximum(b.funds - b.lending, 0.0) + b.principal + b.inflow


def _assets_wear(w: World) -> None:
    """Depreciate chips and systems in the books and in truth, then add what was bought."""
    h = w.hyperscalers
    bought = h.merchant_spend + h.custom_spend + h.system_spend
    h.book_value = h.book_value * (1.0 - books.wear_rate(w.p.hyperscaler.book_life)) + bought
    h.economic_value = h.economic_value * (1.0 - w.rates.wear) + bought


def _core_moves_on(w: World) -> None:
    """Grow the core business's cash and the capex outside AI for the next quarter."""
    h, p = w.hyperscalers, w.p.hyperscaler
    operating = h.revenue - h.running
    core = h.core_cash + h.other_capex
    h.trailing_cash = 0.75 * h.trailing_cash + operating + core
    grown = core * w.rates.core_growth
    w.other_capex_path = w.other_capex_path * w.rates.other_capex_growth
    h.other_capex = np.minimum(p.other_capex * w.other_capex_path, grown)
    h.core_cash = grown - h.other_capex
