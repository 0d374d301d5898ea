"""The state at the base date."""

import math
from types import SimpleNamespace as Record

from slow_quarter import chips, credit, services
from slow_quarter.state import fall, growth, order, ratio, wear


def open_books(m):
    """Fill the state from the parameters."""
    open_inputs(m)
    open_vendors(m)
    for h in m.hyperscalers:
        open_fleet(m, h)
        open_shells(m, h)
    open_sales(m)
    open_credit(m)
    open_services(m)


def open_inputs(m):
    """Technology and markets as they stand; capacity under way."""
    p = m.p
    m.c = m.e = m.d = m.M = m.W = m.frontier = 1.0
    m.n = 0.0
    m.system_cost = p.system_cost
    m.other_budget = p.other_buyers_budget
    m.memory_price = p.memory_price
    m.memory_cost = m.base_memory_cost = p.memory_price * (1.0 - p.memory_margin)
    m.credit_demand = 1.0
    m.loan_rate = p.funding_rate_per_year
    m.wafers = m.foundry_capacity = p.foundry_capacity
    m.foundry_expects = p.foundry_pipeline_growth
    m.wafers_coming = steady(m.wafers, p.foundry_pipeline_growth, p.foundry_quarters)
    for k in m.makers:
        k.capacity = p.memory_capacity * k.p.capacity_share
        lines = (1.0 + p.memory_pipeline_growth) * fall(p.memory_progress_per_year) - 1.0
        k.coming = steady(k.capacity, max(lines, 0.0), p.memory_quarters)


def steady(stock, rate, lag):
    """Additions that keep a stock growing until new orders can arrive."""
    return [stock * rate * (1.0 + rate) ** ahead for ahead in range(lag)]


def open_vendors(m):
    """Prices, and moats that give the calibration's spending shares at them."""
    for v in m.vendors:
        v.price = v.base_price = v.p.price
        v.m = v.p.spending_share
        v.fill = 1.0
        v.unit_cost = v.p.making_cost + v.p.memory_content * m.memory_price
    for kind in (0.0, 1.0):
        vendors = [v for v in m.vendors if v.p.designer == kind]
        niches = sum(v.p.spending_share / v.p.reach for v in vendors if v.p.reach < 1.0)
        general = sum(v.p.spending_share for v in vendors if v.p.reach >= 1.0)
        for v in vendors:
            if v.p.reach < 1.0:
                v.a = v.p.spending_share / v.p.reach
            else:
                v.a = v.p.spending_share / general * (1.0 - niches)
    m.merchant_price = chips.average_price(m, 0.0)
    m.custom_price = chips.average_price(m, 1.0)


def open_fleet(m, h):
    """A hyperscaler's money, fleet, chips on order and book value."""
    p = m.p
    h.cash = h.p.cash
    h.core_cash = max(h.p.core_cash - h.p.other_capex, 0.0)
    h.other_capex = min(h.p.other_capex, h.p.core_cash)
    h.core = h.p.core_cash
    h.restructuring = 0
    h.lender_owned = 0.0
    h.training_share = h.p.training_share
    h.custom_share = h.p.custom_share * h.p.custom_program
    h.merchant_fleet, h.custom_fleet = h.p.merchant_fleet, h.p.custom_fleet
    h.merchant_power = h.merchant_fleet * h.p.merchant_fleet_power
    h.custom_power = h.custom_fleet * h.p.custom_fleet_power
    h.age = 4.0 * h.p.fleet_age
    # what is on its way, growing from quarter to quarter
    g = 1.0 + p.foundry_pipeline_growth
    g /= fall(p.hardware_progress_per_year) ** p.foundry_density_growth
    weights = [g**ahead for ahead in range(p.delivery_quarters)]
    h.merchant_coming = [h.p.merchant_on_order * w / sum(weights) for w in weights]
    h.custom_coming = [h.p.custom_on_order * w / sum(weights) for w in weights]
    h.merchant_power_coming = [x * p.merchant_power for x in h.merchant_coming]
    h.custom_power_coming = [x * p.custom_power for x in h.custom_coming]
    V = chips.replacement_value(m, h)
    kept = max(1.0 - h.age * wear(p.economic_life), 0.0)
    h.book_value = h.economic_value = V * kept + chips.on_order_at_price(m, h)
    # what was shipped last stands for last quarter's orders
    h.capex = last(h.merchant_coming) * (m.merchant_price + m.system_cost)
    h.capex += last(h.custom_coming) * (m.custom_price + m.system_cost)
    h.capex_rate = ratio(h.capex, V, 0.0) if h.capex > 0.0 else wear(p.economic_life)
    h.funded = h.fill = 1.0


def open_sales(m):
    """Orders of the base quarter, how far supply went, and what was shipped and paid."""
    spent = {0.0: 0.0, 1.0: 0.0}
    for h in m.hyperscalers:
        spent[0.0] += last(h.merchant_coming) * m.merchant_price
        spent[1.0] += last(h.custom_coming) * m.custom_price
    mine = [v.m * spent[v.p.designer] / v.price for v in m.vendors]
    others = [(1.0 - v.p.designer) * v.m * m.other_budget / v.price for v in m.vendors]
    m.wafers_ordered = sum(mine) + sum(others)
    m.foundry_tightness = m.wafers_ordered / m.foundry_capacity
    left = max(m.foundry_capacity - sum(mine), 0.0)
    could = min(1.0, ratio(left, sum(others), 1.0))
    dear = sum(v.price * y * could for v, y in zip(m.vendors, others, strict=True))
    got = could * min(1.0, ratio(m.p.other_buyers_purchases, dear, 1.0))
    wanted = used = 0.0
    for v, x, y in zip(m.vendors, mine, others, strict=True):
        wanted += v.p.memory_content * (x + y * could)
        used += v.p.memory_content * (x + y * got)
        v.orders = x + y
        v.sales, v.other_sales = x, y * got
        v.revenue, v.other_revenue = v.price * x, v.price * y * got
        v.making = v.p.making_cost * (x + y * got)
        v.memory_spend = v.p.memory_content * m.memory_price * (x + y * got)
        v.own_cost = v.p.own_cost_share * (v.revenue + v.other_revenue)
    m.other_purchases = sum(v.other_revenue for v in m.vendors)
    made = sum(k.capacity for k in m.makers)
    m.memory_tightness = wanted / made
    for k in m.makers:
        k.offered = k.capacity
        k.sales = k.capacity * min(1.0, used / made)
        k.revenue, k.making = k.sales * m.memory_price, k.sales * m.memory_cost


def last(line):
    """What arrives last of what is under way."""
    return line[-1] if line else 0.0


def open_shells(m, h):
    """Shells, those under construction, and what is left to pay for them."""
    p = m.p
    h.shells = h.p.shell_coverage * (h.merchant_power + h.custom_power)
    lag = p.shell_quarters
    h.shells_coming, h.instalments = [], []
    for k in range(lag):
        part = h.p.shells_building * h.shells / lag
        order(h.shells_coming, k, part)
        for due in range(k + 1):
            order(h.instalments, due, part * p.shell_cost / lag)
    h.capex += sum(h.instalments[:1])
    power = h.merchant_power + h.custom_power
    h.working_share = min(1.0, h.shells / power) if power > 0.0 else 1.0


def open_credit(m):
    """Loans and their coupons."""
    for b in m.lenders:
        b.funds = b.p.funds
        b.spread, b.advance_rate = b.p.spread, b.p.advance_rate
        b.loans = [b.p.loan_share * h.p.debt for h in m.hyperscalers]
        b.coupons = [
            loan * credit.cost(m, b, h) for loan, h in zip(b.loans, m.hyperscalers, strict=True)
        ]
        b.claims = [0.0 for _ in m.hyperscalers]
        b.loss_rate = 0.0
    for row, h in enumerate(m.hyperscalers):
        h.debt = sum(b.loans[row] for b in m.lenders)


def open_services(m):
    """Clear the base quarter: quality is what training sustains, demand what is bought."""
    p = m.p
    trend = math.log(growth(p.algorithmic_progress_per_year))
    gaps = [h.p.efficiency_gap for h in m.hyperscalers]
    m.causes = [Record(gaps=gaps, log_growth=trend, diffusion=p.diffusion)]
    sustained = 0.0
    for h in m.hyperscalers:
        h.A = math.exp(-h.p.efficiency_gap)
        working = h.merchant_fleet * h.working_share, h.custom_fleet * h.working_share
        placed = services.place(h, *working, h.training_share, 0.0)
        h.q = h.p.quality
        sustained += (h.A * placed.T) ** p.training_exponent / p.quality_decay
    if sustained > 0.0:
        scale = sustained / sum(h.q for h in m.hyperscalers)
        for h in m.hyperscalers:
            h.q *= scale
    m.base_quality = max(h.q for h in m.hyperscalers)
    theta = services.weights(m)
    made = []
    for h in m.hyperscalers:
        working = h.merchant_fleet * h.working_share, h.custom_fleet * h.working_share
        placed = services.place(h, *working, h.training_share, 0.0)
        made.append(placed.C_merchant + placed.C_custom)
    m.Q0 = services.aggregate(theta, made, p.substitution)
    m.P0 = p.service_revenue / m.Q0
    services.sell(m, [0.0 for _ in m.hyperscalers])
    for h in m.hyperscalers:
        h.running = h.serving_cost + h.training_cost
        h.trailing_cash = 4.0 * (h.revenue - h.running + h.core)
