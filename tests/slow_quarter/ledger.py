"""Step 9: the value of each layer, discounted to the base date; the ledger's identity."""

import math
from types import SimpleNamespace as Record

from slow_quarter.books import ai_cash
from slow_quarter.chips import replacement_value
from slow_quarter.state import ratio


def open_ledger(m):
    """Start the sums."""
    m.values = Record(
        hyperscalers=[0.0] * len(m.hyperscalers),
        vendors=[0.0] * len(m.vendors),
        memory=[0.0] * len(m.makers),
        lenders=[0.0] * len(m.lenders),
        other_profit=0.0,
        resources=0.0,
        surplus=0.0,
        gross_value=0.0,
        revenue=0.0,
        running=0.0,
    )
    m.opening_debt = [h.debt for h in m.hyperscalers]
    m.opening_loans = [sum(b.loans) for b in m.lenders]
    m.worst = 0.0
    m.counts = Record(
        capex=0.0,
        chip_spend=0.0,
        lender_losses=0.0,
        idle=0.0,
        delivered=0.0,
        off=0.0,
        working=0.0,
        sales=0.0,
        costs=0.0,
        memory_sales=0.0,
        memory_costs=0.0,
    )


def discount(m, quarters):
    """Worth at the base date of one dollar at the end of a quarter."""
    return (1.0 + m.p.funding_rate_per_year / 4.0) ** -quarters


def step(m):
    """Add the quarter to the values and check that every flow has a payer and a payee."""
    v, D = m.values, discount(m, m.quarter)
    ours, everything = 0.0, 0.0  # real resources for hyperscalers, and for all
    net = 0.0
    for row, h in enumerate(m.hyperscalers):
        cash = ai_cash(h) - h.sweep + h.support
        v.hyperscalers[row] += D * cash
        net += cash
        used = h.running + h.system_spend + h.shell_spend + h.design_spend
        ours, everything = ours + used, everything + used
        v.running += D * h.running
        v.revenue += D * h.revenue
    for row, each in enumerate(m.vendors):
        part = ratio(each.sales, each.sales + each.other_sales, 0.0)
        costs = each.making + each.own_cost + each.foundry_spend
        cash = each.revenue - part * (costs + each.memory_spend)
        other = each.other_revenue - (1.0 - part) * (costs + each.memory_spend)
        v.vendors[row] += D * cash
        v.other_profit += D * other
        net += cash + other
        ours, everything = ours + part * costs, everything + costs
    used = sum(each.p.memory_content * each.sales for each in m.vendors)
    used_by_others = sum(each.p.memory_content * each.other_sales for each in m.vendors)
    part = ratio(used, used + used_by_others, 0.0)
    for row, k in enumerate(m.makers):
        cash = k.revenue - k.making - k.expansion_spend
        v.memory[row] += D * part * cash
        v.other_profit += D * (1.0 - part) * cash
        net += cash
        costs = k.making + k.expansion_spend
        ours, everything = ours + part * costs, everything + costs
    for row, b in enumerate(m.lenders):
        cash = b.interest + b.principal + b.sweep - b.support - b.lending
        v.lenders[row] += D * cash
        net += cash
    v.resources += D * ours
    v.surplus += D * m.surplus
    v.gross_value += D * m.gross_value
    left = m.surplus + net + everything
    right = m.gross_value + sum(each.other_revenue for each in m.vendors)
    m.worst = max(m.worst, abs(left - right) / right)
    for h in m.hyperscalers:
        moved = h.in_hand + ai_cash(h) - h.sweep + h.support - h.dividends - h.buybacks
        through = h.in_hand + h.borrowing + h.revenue
        m.worst = max(m.worst, ratio(abs(h.cash - moved), through, 0.0))
    count(m)


def count(m):
    """Undiscounted sums behind the outcomes."""
    c = m.counts
    for h in m.hyperscalers:
        c.capex += h.capex
        c.chip_spend += h.merchant_spend + h.custom_spend
        c.lender_losses += h.written_off
        fleet = h.merchant_fleet + h.custom_fleet
        c.delivered += fleet
        c.idle += fleet * (1.0 - h.working_share)
        c.working += fleet * h.working_share
        c.off += fleet * h.working_share * h.switched_off
    for v in m.vendors:
        c.sales += v.revenue
        c.costs += v.unit_cost * v.sales
    for k in m.makers:
        c.memory_sales += k.revenue
        c.memory_costs += k.making


def outcomes(m, values):
    """Value by layer and shares; `values` to the horizon or with the run-off."""
    hyperscalers = [x + d for x, d in zip(values.hyperscalers, m.opening_debt, strict=True)]
    lenders = [x - loans for x, loans in zip(values.lenders, m.opening_loans, strict=True)]
    layers = {
        "customer_surplus": values.surplus,
        "hyperscaler_value": sum(hyperscalers),
        "chip_vendor_value": sum(values.vendors),
        "memory_maker_value": sum(values.memory),
        "lender_value": sum(lenders),
    }
    total = sum(layers.values())
    upstream = layers["chip_vendor_value"] + layers["memory_maker_value"] + layers["lender_value"]
    if m.p.demand_elasticity == 1.0:
        dissipation = values.resources / values.revenue
        transferred = upstream / values.revenue
    else:
        burnt, prize = values.resources - values.running, values.revenue - values.running
        dissipation, transferred = ratio(burnt, prize, math.nan), ratio(upstream, prize, math.nan)
    firms = {}
    for group, worth in (
        (m.hyperscalers, hyperscalers),
        (m.vendors, values.vendors),
        (m.makers, values.memory),
        (m.lenders, lenders),
    ):
        firms |= {f"value.{f.name}": x for f, x in zip(group, worth, strict=True)}
    return layers | {
        "other_buyer_profit": values.other_profit,
        "resource_cost": values.resources,
        "total_surplus": total,
        "customer_share": values.surplus / total,
        "revenue": values.revenue,
        "rent_dissipation": dissipation,
        "rent_transferred": transferred,
        "firms": firms,
    }


def totals(m):
    """Outcomes that are not values."""
    c = m.counts
    return {
        "capex": c.capex,
        "chip_spend": c.chip_spend,
        "defaults": sum(h.lender_owned for h in m.hyperscalers),
        "lender_losses": c.lender_losses,
        "idle_share": ratio(c.idle, c.delivered, 0.0),
        "switched_off_share": ratio(c.off, c.working, 0.0),
        "hhi": sum(h.s * h.s for h in m.hyperscalers),
        "service_price": m.P / m.P0,
        "compute": sum(h.merchant_fleet + h.custom_fleet for h in m.hyperscalers),
        "chip_margin": 1.0 - ratio(c.costs, c.sales, 1.0),
        "memory_margin": 1.0 - ratio(c.memory_costs, c.memory_sales, 1.0),
        "fleet_at_cost": discount(m, m.quarter)
        * sum(replacement_value(m, h) for h in m.hyperscalers),
        "overstatement": sum(h.book_value - h.economic_value for h in m.hyperscalers),
    }
