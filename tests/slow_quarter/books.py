"""Step 8: debt service, default, owners' sweep, payout, values, funds."""

from slow_quarter import credit
from slow_quarter.state import clip, exact, growth, ratio, wear

A_BILLIONTH = A_DOLLAR = 1e-9  # the model counts in billions


def step(m):
    """Close every firm's books."""
    for b in m.lenders:
        b.paid_interest, b.paid_principal, b.written_off = [], [], []
        b.swept, b.supported = [], []
    for row, h in enumerate(m.hyperscalers):
        serve_debt(m, row, h)
        sweep(m, row, h)
        pay_out(m, h)
        revalue(m, h)
    for b in m.lenders:
        close_lender(m, b)
    p = m.p
    m.other_path = growth(p.other_capex_growth_per_year) ** m.quarter
    for h in m.hyperscalers:
        h.trailing_cash = 0.75 * h.trailing_cash + h.revenue - h.running + h.core
        h.core *= growth(p.core_growth_per_year)
        h.other_capex = min(h.p.other_capex * m.other_path, h.core)
        h.core_cash = h.core - h.other_capex


def serve_debt(m, row, h):
    """Pay all lenders by one share; who pays less than is due defaults."""
    due = h.due_interest + h.due_principal
    lacking = due - h.cash
    paid = min(1.0, ratio(max(h.cash, 0.0), due, 1.0))
    repay = wear(m.p.loan_tenor)
    h.interest, h.principal = paid * h.due_interest, paid * h.due_principal
    h.cash = exact(h.cash - h.interest - h.principal, h.cash)
    for b in m.lenders:
        b.paid_interest.append(paid * b.coupons[row] / 4.0)
        b.paid_principal.append(paid * b.loans[row] * repay)
        rate = credit.cost(m, b, h)
        b.loans[row] = b.loans[row] * (1.0 - paid * repay) + b.new_loans[row]
        b.coupons[row] = b.coupons[row] * (1.0 - paid * repay) + b.new_loans[row] * rate
        b.written_off.append(0.0)
    h.debt = sum(b.loans[row] for b in m.lenders)
    h.defaulted = h.written_off = 0.0
    h.restructuring = max(h.restructuring - 1, 0)
    h.owned_before = h.lender_owned
    if lacking > A_BILLIONTH * due + A_DOLLAR:
        default(m, row, h)


def default(m, row, h):
    """Cut the loans to what the collateral covers and hand the AI business to the lenders."""
    h.defaulted = h.lender_owned = 1.0
    h.restructuring = m.p.restructuring_quarters
    keep = ratio(min(h.debt, h.collateral), h.debt, 1.0)
    for b in m.lenders:
        b.new_claim = ratio(b.loans[row], h.debt, 0.0)
        b.written_off[row] = b.loans[row] * (1.0 - keep)
        b.loans[row] *= keep
        b.coupons[row] *= keep
    h.written_off = h.debt * (1.0 - keep)
    h.debt *= keep


def ai_cash(h):
    """Net cash of a firm's AI business this quarter, before what owners sweep."""
    spent = h.running + h.bought + h.shell_spend + h.design_spend
    return h.revenue - spent + h.borrowing - h.interest - h.principal


def sweep(m, row, h):
    """Lenders that own the firm take its AI cash or make up for it, after the default's quarter."""
    h.sweep = clip(ai_cash(h), 0.0, max(h.cash, 0.0)) if h.owned_before else 0.0
    h.support = max(-ai_cash(h), 0.0) if h.owned_before else 0.0
    h.cash = exact(h.cash - h.sweep + h.support, h.cash)
    h.claims_moved = False
    for b in m.lenders:
        b.swept.append(h.sweep * b.claims[row])
        b.supported.append(h.support * b.claims[row])
        if h.defaulted:
            moved = abs(b.claims[row] - b.new_claim) > 0.01
            h.claims_moved = h.claims_moved or (moved and h.owned_before > 0.0)
            b.claims[row] = b.new_claim


def pay_out(m, h):
    """Dividends are cut first, buybacks after."""
    paid = min(h.planned_payout, max(h.cash, 0.0))
    buybacks = h.planned_payout * (1.0 - m.p.dividend_share)
    h.buybacks = min(buybacks, paid)
    h.dividends = paid - h.buybacks
    h.cash = exact(h.cash - paid, h.cash)


def revalue(m, h):
    """Book value and economic value."""
    h.book_value = h.book_value * (1.0 - wear(h.p.book_life)) + h.bought
    h.economic_value = h.economic_value * (1.0 - wear(m.p.economic_life)) + h.bought


def close_lender(m, b):
    """Funds and losses of a lender; interest and sweeps, less support, go to savers."""
    b.interest = sum(b.paid_interest)
    b.principal = sum(b.paid_principal)
    b.sweep = sum(b.swept)
    b.losses = sum(b.written_off)
    b.funds = b.funds - b.lending + b.principal + b.p.inflow
    b.support = sum(b.supported)
    income = b.interest + b.sweep - b.support
    b.inflow, b.payout = b.p.inflow + max(-income, 0.0), max(income, 0.0)
    b.outstanding = sum(b.loans)
    lost = 4.0 * ratio(b.losses, b.outstanding + b.losses, 0.0)
    kept = m.p.loss_persistence
    b.loss_rate = kept * b.loss_rate + (1.0 - kept) * lost
