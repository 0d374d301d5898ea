"""Hold a market of the arrays against the slow one, state by state and outcome by outcome.

A difference is relative to the larger of the two numbers, or, where the number is what sums
leave (a firm's cash, a lender's funds), to what went into the sums: the firm's turnover. Money
that both take to be less than 1e-12 of the industry's turnover, and what it buys, is nothing to
either: it is what rounding leaves of a firm that has spent everything.
"""

import math

from agentsim.steps.looks import HyperscalerLook, LenderLook, MemoryMakerLook
from slow_quarter.look import look, look_of_others
from slow_quarter.state import ratio

# Declared state by the name that the slow market has for it, where that is another.
NAMES = {
    "hyperscaler": {
        "fleet_age": "age",
        "efficiency": "A",
        "quality": "q",
        "quality_share": "psi",
        "training": "T",
        "services": "x",
        "own_price": "p_h",
        "revenue_share": "s",
        "merchant_on_order": lambda h: sum(h.merchant_coming),
        "custom_on_order": lambda h: sum(h.custom_coming),
        "shells_building": lambda h: sum(h.shells_coming),
    },
    "chip_vendor": {"share": "m", "moat": "a"},
    "memory_maker": {"building": lambda k: sum(k.coming)},
    "lender": {"outstanding": lambda b: sum(b.loans)},
    "customer": {
        "adoption": "M",
        "willingness": "W",
        "noise": "n",
        "quantity": "Q",
        "service_price": "P",
        "elasticity": "E",
    },
    "input": {"cost_index": "c", "energy_index": "e"},
}


def sectors(world, m):
    """Sectors of arrays with the slow firms of each."""
    return (
        (world.hyperscalers, m.hyperscalers),
        (world.chip_vendors, m.vendors),
        (world.memory_makers, m.makers),
        (world.lenders, m.lenders),
        (world.customers, [m]),
        (world.inputs, [m]),
    )


def size(role, name, unit, firm):
    """What a difference is relative to, where not to the number itself."""
    if role == "hyperscaler":
        through = turnover(firm)
        if name in ("funded", "fill"):  # money over money
            budget = firm.planned * (firm.funded if name == "fill" else 1.0)
            return ratio(through, budget, math.inf)
        if name == "capex_rate":
            return ratio(through, firm.V, math.inf)
        if name == "switched_off":  # one less the share that ran
            return 1.0
        if unit == "M H100e":  # orders and training are what the cash that is left pays for
            return firm.merchant_fleet + firm.custom_fleet
        if unit == "GW":
            return firm.merchant_power + firm.custom_power
        return through if unit.startswith("$bn") else 0.0
    if role == "chip_vendor" and name in ("other_sales", "sales"):
        return firm.orders
    if role == "chip_vendor" and unit == "$bn":
        return firm.price * firm.orders
    if role == "lender" and unit.startswith("$bn"):
        return firm.funds + firm.lending + sum(firm.loans)
    if role == "customer" and name == "surplus":
        return firm.gross_value
    if name == "credit_demand":
        offered = sum(b.offered for b in firm.lenders)
        return ratio(sum(turnover(h) for h in firm.hyperscalers), offered, math.inf)
    return 0.0


def turnover(h):
    """What went through a hyperscaler's hands this quarter."""
    return h.in_hand + h.borrowing + h.revenue


def nothing(role, name, unit, firm, m):
    """What is nothing: 1e-12 of the money that hyperscalers and other buyers could spend."""
    money = 1e-12 * (sum(turnover(h) for h in m.hyperscalers) + m.other_budget)
    if unit.startswith("$bn"):
        return money
    if role == "chip_vendor" and unit == "M H100e":
        return money / firm.price
    if role == "memory_maker" and name == "sales":
        return money / m.memory_price
    if name == "foundry_tightness":
        return money / min(v.price for v in m.vendors) / m.foundry_capacity
    if name == "memory_tightness":
        return money / m.memory_price / sum(k.offered for k in m.makers)
    return 0.0


def difference(ours, theirs, scale, nothing=0.0):
    """Relative difference of two numbers; infinite where only one is a number."""
    if ours == theirs or max(abs(ours), abs(theirs)) < nothing:
        return 0.0
    if math.isnan(ours) and math.isnan(theirs):
        return 0.0
    gap = abs(ours - theirs) / max(abs(ours), abs(theirs), scale)
    return math.inf if math.isnan(gap) else gap


def states(world, m, run):
    """Yield (difference, (when, who, name, ours, theirs)) for every state set here."""
    for sector, firms in sectors(world, m):
        for name, declared in type(sector).states.items():
            there = NAMES[sector.role].get(name, name)
            for row, firm in enumerate(firms):
                if isinstance(there, str) and not hasattr(firm, there):
                    continue
                ours = getattr(firm, there) if isinstance(there, str) else there(firm)
                theirs = float(getattr(sector, name)[row, run])
                scale = least = 0.0
                if m.quarter > 0:
                    scale = size(sector.role, name, declared.unit, firm)
                    least = nothing(sector.role, name, declared.unit, firm, m)
                who = getattr(firm, "name", "market")
                gap = difference(ours, theirs, scale, least)
                yield gap, (m.quarter, who, name, ours, theirs)


def unset(world, m):
    """Declared states that the slow market does not have: none after a quarter."""
    missing = []
    for sector, firms in sectors(world, m):
        for name in type(sector).states:
            there = NAMES[sector.role].get(name, name)
            if isinstance(there, str) and not all(hasattr(firm, there) for firm in firms):
                missing.append(f"{sector.role}.{name}")
    return missing


def looks(world, m, run):
    """Yield the same for what best_response looks at."""
    seen = HyperscalerLook(world)
    for row, fields in enumerate(look(m)):
        for name, value in fields.items():
            field = seen(name)
            other = float(field[row if len(field) > 1 else 0, run])
            # marginal revenue is price value less what it costs on all other sales
            scale = fields["price_value"] if name.endswith("_revenue") else 0.0
            if name == "borrowing_room":  # what large sums leave
                scale = turnover(m.hyperscalers[row]) + abs(m.hyperscalers[row].trailing_cash)
            yield difference(value, other, scale), (m.quarter, row, name, value, other)
    others = {"memory_margin": MemoryMakerLook(world), "industry_loss_rate": LenderLook(world)}
    for name, value in look_of_others(m).items():
        other = float(others[name](name)[0, run])
        yield difference(value, other, 1e-6), (m.quarter, "all", name, value, other)


def ledger(theirs, m, run):
    """Yield the same for the ledger's values; a firm's relative to what customers paid."""
    for name, ours in vars(m.values).items():
        array = getattr(theirs, name)
        for row, value in enumerate(ours if isinstance(ours, list) else [ours]):
            other = float(array[row, run] if isinstance(ours, list) else array[run])
            scale = m.values.revenue if isinstance(ours, list) else 0.0
            yield difference(value, other, scale), ("ledger", row, name, value, other)


def table(ours, theirs, run):
    """Yield the same for outcomes; worth relative to all that customers ever paid."""
    for name, value in ours.items():
        worth = name.startswith("value.") or "_value" in name
        other = float(theirs[name][run])
        scale = ours["revenue"] if worth else 0.0
        if name in ("idle_share", "switched_off_share"):  # what is left of one
            scale = 1.0
        if name.startswith("rent_dissipation"):  # resources less running cost over the prize
            scale = ratio(ours["resource_cost"], ours["revenue"], 0.0)
        gap = difference(value, other, scale)
        yield gap, ("outcomes", "", name, value, other)


def choices(sim, run):
    """What firms chose in the arrays' quarter, as numbers: by role a dict for each firm."""
    chosen = {}
    for role, fields in vars(sim.chosen).items():
        firms = len(next(iter(fields.values())))
        chosen[role] = [
            {name: float(array[row, run]) for name, array in fields.items()} for row in range(firms)
        ]
    return chosen


def luck(sim, quarter, run):
    """Standard normal numbers of a quarter: of demand, and of each hyperscaler's training."""
    firms = sim.world.hyperscalers.size
    drawn = sim.randomness.normals(quarter, [("demand", None), ("quality", firms)])
    return float(drawn["demand"][run]), [float(z) for z in drawn["quality"][:, run]]
