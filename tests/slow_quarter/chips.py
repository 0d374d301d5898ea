"""Step 5: spending shares, the foundry, memory, and what is shipped to whom."""

import math
from types import SimpleNamespace as Record

from slow_quarter.state import arrive, clip, exact, fall, order, ratio


def of_kind(m, kind):
    """Merchants (0) or designers (1)."""
    return [v for v in m.vendors if v.p.designer == kind]


def average_price(m, kind):
    """1/U: what a chip of a kind costs at the spending shares; 1 where nobody makes the kind."""
    vendors = of_kind(m, kind)
    U = sum(v.m / v.price for v in vendors)
    return ratio(sum(v.m for v in vendors), U, 1.0)  # calibrated shares are rounded


def ceiling(m, v):
    """What buyers pay a merchant at most: their own silicon of the best fit, times a factor."""
    fit = max(h.p.custom_fit * h.p.custom_program for h in m.hyperscalers)
    if v.p.designer or fit == 0.0 or not of_kind(m, 1.0):
        return math.inf
    return m.custom_price / fit * m.p.outside_option


def known_unit_cost(m, v):
    """Unit cost at last quarter's memory price."""
    return v.p.making_cost * m.c + v.p.memory_content * m.memory_price


def replacement_value(m, h):
    """V: the delivered fleet at last quarter's average prices plus today's system cost."""
    merchant = h.merchant_fleet * (m.merchant_price + m.system_cost)
    return merchant + h.custom_fleet * (m.custom_price + m.system_cost)


def on_order_at_price(m, h):
    """Chips on order at the average price of their kind, with their systems."""
    merchant = sum(h.merchant_coming) * (m.merchant_price + m.system_cost)
    return merchant + sum(h.custom_coming) * (m.custom_price + m.system_cost)


def set_shares(m):
    """Spending shares m_v within each kind."""
    eta = m.p.vendor_elasticity
    for kind in (0.0, 1.0):
        vendors = of_kind(m, kind)
        pull = [v.a * (v.price / v.base_price) ** -eta for v in vendors]
        omega = [each / sum(pull) for each in pull]
        pairs = list(zip(vendors, omega, strict=True))
        left = 1.0
        general = sum(w for v, w in pairs if v.p.reach >= 1.0)
        prices = sum(w * v.price / v.base_price for v, w in pairs if v.p.reach >= 1.0)
        for v, w in pairs:
            if v.p.reach < 1.0:
                v.m = v.p.reach * w * min(1.0, v.price / v.base_price / (prices / general))
                left -= v.m
        for v, w in pairs:
            if v.p.reach >= 1.0:
                v.m = left * w / general


def step(m, budgets, priority, memory_choices):
    """Orders, shipments and who pays whom. `budgets` are (merchant, custom) of each firm."""
    s = m.system_cost
    set_shares(m)
    m.merchant_price, m.custom_price = average_price(m, 0.0), average_price(m, 1.0)
    # of each firm's budget, what goes for chips
    chips = [
        (G_m / (1.0 + s / m.merchant_price), G_c / (1.0 + s / m.custom_price))
        for G_m, G_c in budgets
    ]
    for v in m.vendors:
        kind = int(v.p.designer)
        v.ordered = sum(spent[kind] for spent in chips) * v.m / v.price
        v.other_ordered = m.other_budget * v.m / v.price if kind == 0 else 0.0
        v.orders = v.ordered + v.other_ordered
    fill_f = foundry(m)
    fill_m = memory(m, fill_f, memory_choices)
    for v, z in zip(m.vendors, priority, strict=True):
        ship(v, fill_f * (fill_m if v.p.memory_content > 0.0 else 1.0), z)
        pay(m, v)
    m.other_purchases = sum(v.other_revenue for v in m.vendors)
    for h, spent, budget in zip(m.hyperscalers, chips, budgets, strict=True):
        receive(m, h, spent)
        h.fill = ratio(h.bought, sum(budget), 1.0)
        h.capex_rate = ratio(sum(budget), h.V, 0.0)


def foundry(m):
    """Capacity arrives, is filled, and more is ordered; returns the share of orders made."""
    p = m.p
    m.wafers += arrive(m.wafers_coming)
    capacity = m.foundry_capacity = m.wafers * m.d
    orders = sum(v.orders for v in m.vendors)
    m.foundry_tightness = orders / capacity
    wafers = orders / m.d
    if m.wafers_ordered != 0.0:
        seen = clip(wafers / m.wafers_ordered, 0.5, 2.0) - 1.0
        m.foundry_expects += p.foundry_adaptation * (seen - m.foundry_expects)
    m.wafers_ordered = wafers
    committed = m.wafers + sum(m.wafers_coming)
    rate = 0.0
    if orders > 0.0:
        grown = 1.0 + min(m.foundry_expects, p.foundry_growth_limit)
        then = wafers * grown ** max(p.foundry_quarters - 1, 0)
        gap = math.log(max(then / committed, 1e-12))
        rate = clip(
            m.foundry_expects + p.foundry_growth_response * gap, 0.0, p.foundry_growth_limit
        )
    order(m.wafers_coming, max(p.foundry_quarters, 1) - 1, committed * rate)
    for v in m.vendors:
        cost = p.foundry_cost * m.c * rate * committed * m.d
        v.foundry_spend = cost * ratio(v.orders, orders, 0.0)
    return min(1.0, ratio(capacity, orders, 1.0))


def memory(m, fill_f, choices):
    """Capacity arrives, is offered and priced; returns the share of memory orders filled."""
    p = m.p
    wanted = sum(v.p.memory_content * v.orders * fill_f for v in m.vendors)
    for k, choice in zip(m.makers, choices, strict=True):
        more = 1.0 / fall(p.memory_progress_per_year)
        k.coming = [part * more for part in k.coming]
        k.capacity = k.capacity * more + arrive(k.coming)
        k.withheld = choice["withheld"]
        k.offered = k.capacity * (1.0 - k.withheld)
    u = m.memory_tightness = wanted / sum(k.offered for k in m.makers)
    kappa = p.memory_contracts
    spot = m.memory_cost * markup(p, u)
    m.memory_price = m.memory_price**kappa * spot ** (1.0 - kappa)
    unit = p.memory_expansion_cost * m.memory_cost / m.base_memory_cost
    for k, choice in zip(m.makers, choices, strict=True):
        k.sales = k.offered * min(1.0, u)
        k.revenue = k.sales * m.memory_price
        k.making = k.sales * m.memory_cost
        committed = k.capacity + sum(k.coming)
        added = min(choice["expansion"], p.memory_growth_limit) * committed
        order(k.coming, max(p.memory_quarters, 1) - 1, added)
        k.expansion_spend = added * unit
    return min(1.0, ratio(1.0, u, 1.0))


def markup(p, u):
    """Spot price of memory over its unit cost."""
    scarce = min(u, 100.0) ** p.memory_steepness / (1.0 - p.memory_margin_balanced)
    return max(scarce, 1.0 / (1.0 - p.memory_margin_slack))


def ship(v, r, z):
    """Split what a vendor ships between hyperscalers and others, by its priority z."""
    made = r * v.orders
    if z >= 0.0:
        r_1 = min(1.0, ratio(made, v.ordered, 1.0))
        v.sales = ((1.0 - z) * r + z * r_1) * v.ordered
        v.other_sales = made - v.sales
    else:
        r_2 = min(1.0, ratio(made, v.other_ordered, 1.0))
        v.other_sales = ((1.0 + z) * r - z * r_2) * v.other_ordered
        v.sales = made - v.other_sales
    v.fill = r


def pay(m, v):
    """A vendor's sales and costs."""
    shipped = v.sales + v.other_sales
    v.revenue = v.price * v.sales
    v.other_revenue = v.price * v.other_sales
    v.memory_spend = v.p.memory_content * m.memory_price * shipped
    v.making = v.p.making_cost * m.c * shipped
    v.own_cost = v.p.own_cost_share * (v.revenue + v.other_revenue)
    v.unit_cost = v.p.making_cost * m.c + v.p.memory_content * m.memory_price


def receive(m, h, spent):
    """A hyperscaler's part of the shipments: chips by kind, and what is paid."""
    h.shipped = Record(merchant=0.0, custom=0.0)
    h.merchant_spend = h.custom_spend = 0.0
    for v in m.vendors:
        kind = int(v.p.designer)
        chips = spent[kind] * v.m / v.price * ratio(v.sales, v.ordered, 1.0)
        if kind == 0:
            h.shipped.merchant += chips
            h.merchant_spend += chips * v.price
        else:
            h.shipped.custom += chips
            h.custom_spend += chips * v.price
    h.system_spend = m.system_cost * (h.shipped.merchant + h.shipped.custom)
    h.bought = h.merchant_spend + h.custom_spend + h.system_spend
    h.cash = exact(h.cash - h.bought, h.cash)
    h.capex = h.bought + h.shell_spend
