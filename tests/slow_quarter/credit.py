"""Step 4: what firms plan and owe, what they ask for, who lends, what that can fund."""

from slow_quarter import chips
from slow_quarter.state import arrive, exact, ratio, wear

A_DOLLAR = 1e-9  # the model counts in billions


def step(m, choices):
    """Lend, pay for design and shells; returns each firm's order budgets (merchant, custom)."""
    for row, (h, choice) in enumerate(zip(m.hyperscalers, choices, strict=True)):
        plan(m, row, h, choice)
    lend(m)
    return [spend(h) for h in m.hyperscalers]


def plan(m, row, h, choice):
    """What a firm plans, owes and asks for, and what it may borrow."""
    p = m.p
    h.V = chips.replacement_value(m, h)
    stopped = h.restructuring > 0
    h.custom_share = choice["custom_share"] * h.p.custom_program
    h.planned = 0.0 if stopped else choice["capex_rate"] * h.V
    h.planned_payout = choice["payout"] * h.core_cash
    h.due_shells = arrive(h.instalments)
    h.due_design = h.p.design_cost * h.p.custom_program
    h.due_interest = sum(b.coupons[row] for b in m.lenders) / 4.0
    h.due_principal = sum(b.loans[row] for b in m.lenders) * wear(p.loan_tenor)
    h.due = h.due_shells + h.due_design + h.due_interest + h.due_principal
    if h.lender_owned:
        own = max(h.revenue - h.running, 0.0)
        own -= h.due_shells + h.due_design + h.due_interest + h.due_principal
        h.planned = min(h.planned, max(own, 0.0))
    h.in_hand = h.cash + h.core_cash
    h.core_paid_in = h.core_cash
    h.expected = h.revenue - h.running
    later = max(h.due_interest + h.due_principal + h.planned_payout - max(h.expected, 0.0), 0.0)
    wants = h.planned + h.due_shells + h.due_design + later
    short = exact(wants - h.in_hand, wants + h.in_hand)
    h.ask = max(choice["debt_share"] * (h.planned + h.due_shells), short, 0.0)
    if stopped or h.ask < A_DOLLAR:
        h.ask = 0.0
    h.room = max(p.coverage_multiple * h.trailing_cash - h.debt - h.p.old_debt, 0.0)
    h.collateral = collateral(m, h)


def collateral(m, h):
    """What lenders count on: the fleet at the life that they assume, and chips on order."""
    kept = max(1.0 - h.age / (4.0 * m.p.collateral_life), 0.0)
    return chips.replacement_value(m, h) * kept + chips.on_order_at_price(m, h)


def lend(m):
    """Cheapest lender first; ties share by what they offer; a lender short of funds fills all alike."""
    for h in m.hyperscalers:
        h.borrowing = 0.0
        h.unmet = min(h.ask, h.room)
    for b in m.lenders:
        b.offered = b.deployed * b.funds
        b.new_loans = [0.0 for _ in m.hyperscalers]
    queue = sorted(m.lenders, key=lambda b: b.spread)
    for place, b in enumerate(queue):
        tied = sum(c.offered for c in queue[place:] if c.spread == b.spread)
        part = ratio(b.offered, tied, 0.0)
        asked = []
        for h in m.hyperscalers:
            most = max(b.advance_rate * h.collateral - h.debt - h.borrowing, 0.0)
            asked.append(min(h.unmet * part, most))
        fill = min(1.0, ratio(b.offered, sum(asked), 1.0))
        for row, h in enumerate(m.hyperscalers):
            b.new_loans[row] = asked[row] * fill
            h.borrowing += b.new_loans[row]
            h.unmet -= b.new_loans[row]
    for b in m.lenders:
        b.lending = sum(b.new_loans)
    asked, offered = sum(h.ask for h in m.hyperscalers), sum(b.offered for b in m.lenders)
    m.credit_demand = ratio(asked, offered, 1.0)
    charged = sum(
        loan * cost(m, b, h)
        for b in m.lenders
        for loan, h in zip(b.new_loans, m.hyperscalers, strict=True)
    )
    m.loan_rate = ratio(charged, sum(b.lending for b in m.lenders), m.loan_rate)


def cost(m, b, h):
    """What a new loan costs a year."""
    return max(m.p.funding_rate_per_year + b.spread + h.p.credit_premium, 0.0)


def spend(h):
    """Pay for design, then shells; return what is left for chips as (merchant, custom)."""
    cash = h.in_hand + h.borrowing
    h.design_spend = min(h.due_design, max(cash, 0.0))
    cash -= h.design_spend
    h.shell_spend = min(h.due_shells, max(cash, 0.0))
    cash -= h.shell_spend
    if h.shell_spend < h.due_shells:
        share = h.shell_spend / h.due_shells
        h.shells_coming = [part * share for part in h.shells_coming]
        h.instalments = [part * share for part in h.instalments]
    reserve = max(h.due_interest + h.due_principal - max(h.expected, 0.0), 0.0)
    free = exact(max(cash - reserve, 0.0), h.in_hand + h.borrowing)
    h.funded = min(1.0, ratio(free, h.planned, 1.0))
    h.cash = cash
    budget = h.planned * h.funded
    return budget * (1.0 - h.custom_share), budget * h.custom_share
