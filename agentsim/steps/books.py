"""Step 8: books close. Debt is served or defaulted on, assets wear, shareholders are paid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentsim.laws import books, credit
from agentsim.laws.numerics import Array, at_least, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.credit import A_DOLLAR, Purse

# Who falls short by less than a dollar, or by what may be rounding, has paid in full.
ROUNDING = 1e-9
A_YEAR_BEFORE = 0.75  # weights that fall by a quarter each add up to four quarters


def books_close(w: World, purse: Purse) -> None:
    """Close the quarter's books of hyperscalers and lenders."""
    h = w.hyperscalers
    cash = purse.cash + w.operating_cash
    at_least(cash, 0.0, out=cash)
    owned, claims = h.lender_owned > 0.0, w.lenders.claims  # before this quarter's defaults
    cash -= _serve_debt(w, purse, cash)
    at_least(cash, 0.0, out=cash)
    h.sweep = h.support = w.none
    if owned.any():
        net = np.where(owned, ai_cash(w), 0.0)
        h.sweep = np.minimum(at_least(net, 0.0), cash)
        h.support = at_least(-net, 0.0)
        cash -= h.sweep
        cash += h.support
    h.dividends, h.buybacks = books.pay_out(purse.planned_payout, cash, w.p.market.dividend_share)
    cash -= h.dividends + h.buybacks
    h.cash = at_least(cash, 0.0, out=cash)
    _lenders_collect(w, claims)
    _assets_wear(w, purse.spent)
    _core_moves_on(w)


def ai_cash(w: World) -> Array:
    """Return AI cash before any sweep: service revenue less everything AI costs, plus net debt."""
    h = w.hyperscalers
    cash = w.operating_cash - h.capex
    cash -= h.design_spend
    cash += h.borrowing
    cash -= h.interest
    cash -= h.principal
    return cash


def _serve_debt(w: World, purse: Purse, cash: Array) -> Array:
    """Pay interest and principal as far as cash goes; who falls short defaults.

    Returns what was paid. The default itself moves no cash: debt is cut to what the collateral is
    worth, and from the next quarter on lenders own what the firm's AI business earns or loses.
    """
    h, b, r = w.hyperscalers, w.lenders, w.rates
    due = purse.interest_due + purse.principal_due
    coupons, repaying, kept = b.coupons, b.outstanding, 1.0 - r.repayment
    h.interest, h.principal = purse.interest_due, purse.principal_due
    paid_in_full = (cash >= due).all()
    if not paid_in_full:
        share = safe_divide(np.minimum(due, cash), due, 1.0)
        h.interest, h.principal = h.interest * share, h.principal * share
        coupons, kept = coupons * share, 1.0 - r.repayment * share
        repaying = _by_lender(b.loans * share)
    b.interest = 0.25 * _by_lender(coupons)
    b.principal = r.repayment * repaying

    b.loans = b.loans * kept
    b.coupons = b.coupons * kept
    b.lending = w.no_lending
    if purse.new_loans is not None:
        _add_loans(w, purse.new_loans)

    h.defaulted = h.written_off = w.none
    b.losses = w.no_lending
    if h.lender_owned.any():
        h.restructuring = at_least(h.restructuring - 1.0, 0.0)
    if not paid_in_full:
        defaulted = due - cash > ROUNDING * due + A_DOLLAR
        if defaulted.any():
            _restructure(w, defaulted, purse.collateral.value())
    h.debt = ordered_sum(b.loans)
    b.outstanding = _by_lender(b.loans)
    rate_lost = 4.0 * safe_divide(b.losses, b.outstanding + b.losses, 0.0)
    kept = w.p.market.loss_persistence
    b.loss_rate = kept * b.loss_rate + (1.0 - kept) * rate_lost
    return h.interest + h.principal


def _by_lender(x: Array) -> Array:
    """Add up all borrowers of each lender: `(lenders, firms, runs)` to `(lenders, runs)`."""
    return ordered_sum(np.swapaxes(x, 0, 1))


def _add_loans(w: World, new_loans: Array) -> None:
    """Lenders pay out what they lend, at their rate for the borrower."""
    b, i = w.lenders, w.inputs
    rate = credit.loan_rate(
        w.p.market.funding_rate_per_year, b.spread, w.p.hyperscaler.credit_premium
    )
    coupons = new_loans * rate
    b.loans += new_loans
    b.coupons += coupons
    b.lending = _by_lender(new_loans)
    charged = ordered_sum(ordered_sum(coupons))
    i.loan_rate[0] = safe_divide(charged, ordered_sum(b.lending), i.loan_rate[0])


def _restructure(w: World, defaulted: NDArray[np.bool_], collateral: Array) -> None:
    """Cut the debt of firms that defaulted to min(debt, collateral) and pass them to lenders."""
    h, b = w.hyperscalers, w.lenders
    runs = np.flatnonzero(defaulted.any(axis=0))  # mostly few
    here, loans = defaulted[:, runs], b.loans[..., runs]
    debt = ordered_sum(loans)
    left = np.where(here, books.haircut(debt, collateral[:, runs]), 1.0)
    lost = loans * (1.0 - left)
    b.claims = b.claims.copy()
    b.claims[..., runs] = np.where(here, safe_divide(loans, debt, 0.0), b.claims[..., runs])
    b.losses, h.written_off = np.zeros_like(b.losses), np.zeros_like(h.cash)
    b.losses[:, runs] = _by_lender(lost)
    h.written_off[:, runs] = ordered_sum(lost)
    h.defaulted = defaulted.astype(np.float64)
    b.loans[..., runs] = loans * left
    b.coupons[..., runs] *= left
    h.restructuring = np.where(defaulted, w.p.market.restructuring_quarters, h.restructuring)
    h.lender_owned = np.where(defaulted, 1.0, h.lender_owned)


def _lenders_collect(w: World, claims: Array) -> None:
    """Lenders book what borrowers paid; savers get the income and bring new money.

    `claims` are those on firms that lenders owned all quarter. What these lack comes out of the
    lenders' income, and from savers where that does not reach.
    """
    h, b = w.hyperscalers, w.lenders
    b.sweep = b.support = w.no_lending
    b.inflow, b.payout = w.p.lender.inflow, b.interest
    if h.sweep is not w.none:
        b.sweep, b.support = _by_lender(claims * h.sweep), _by_lender(claims * h.support)
        income = b.interest + b.sweep - b.support
        b.payout = at_least(income, 0.0)
        b.inflow = b.inflow + at_least(-income, 0.0)
    b.funds = at_least(b.funds - b.lending, 0.0) + b.principal + w.p.lender.inflow


def _assets_wear(w: World, bought: Array) -> None:
    """Depreciate chips and systems in the books and in truth, then add what was bought."""
    h = w.hyperscalers
    h.book_value = h.book_value * (1.0 - w.rates.book_wear)
    h.book_value += bought
    h.economic_value = h.economic_value * (1.0 - w.rates.wear)
    h.economic_value += bought


def _core_moves_on(w: World) -> None:
    """Grow the core business's cash and the capex outside AI for the next quarter."""
    h, p = w.hyperscalers, w.p.hyperscaler
    core = h.core_cash + h.other_capex
    h.trailing_cash = A_YEAR_BEFORE * h.trailing_cash
    h.trailing_cash += w.operating_cash + core
    grown = core * w.rates.core_growth
    w.other_capex_path = w.other_capex_path * w.rates.other_capex_growth
    h.other_capex = np.minimum(p.other_capex * w.other_capex_path, grown)
    h.core_cash = grown - h.other_capex
