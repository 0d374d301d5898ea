"""Markets to compare on: random ones, and one for each thing that must be seen to happen."""

import math
import random
from dataclasses import dataclass

from agentsim.scenario import Scenario
from agentsim.shocks import Efficiency
from slow_quarter.whims import WHIMS

STRATEGIES = {
    "hyperscaler": (
        *("best_response", "cartel", "competitive"),
        *("escalate", "match", "restrain"),
    ),
    "chip_vendor": ("best_response", "hold_margin", "scarcity"),
    "memory_maker": ("disciplined", "expand_on_margin"),
    "lender": ("prudent", "yield_seeking"),
}
LAGS = {
    "delivery_quarters": (0, 1, 2, 4),
    "shell_quarters": (0, 1, 6, 8),
    "foundry_quarters": (0, 1, 5),
    "memory_quarters": (0, 2, 7),
}
# The calibration theory marks no ranges: these are within the bounds.
THEORY = {
    "demand_elasticity": (0.8, 3.0),
    "substitution": (1.5, 50.0),
    "economic_life": (1.0, 8.0),
    "running_cost": (0.0, 0.3),
    "shell_cost": (0.0, 5.0),
    "system_cost": (0.0, 4.0),
    "quality_exponent": (0.0, 2.0),
    "quality_noise": (0.0, 0.2),
    "demand_noise": (0.0, 0.2),
    "demand_persistence": (0.0, 0.9),
    "hardware_progress_per_year": (0.0, 0.5),
    "algorithmic_progress_per_year": (0.0, 1.0),
    "hyperscaler.training_share": (0.1, 0.6),
    "hyperscaler.shell_coverage": (0.8, 3.0),
    "hyperscaler.cash": (1.0, 50.0),
    "shell_growth_limit": (0.1, 0.5),
    "loss_persistence": (0.0, 0.9),
    "foundry_capacity": (0.2, 5.0),
    "memory_capacity": (0.2, 5.0),
}


@dataclass(frozen=True)
class Case:
    """A market, and what must happen in it."""

    scenario: Scenario
    lineup: dict
    shocks: tuple = ()
    must: frozenset = frozenset()


def drawn(calibration, seed):
    """A random lineup in a random market of a calibration, struck by shocks."""
    r = random.Random(f"{calibration} {seed}")
    scenario = Scenario.load(calibration)
    if calibration == "theory":
        values = {name: r.uniform(*bounds) for name, bounds in THEORY.items()}
    else:
        values = {name: float(value[0]) for name, value in scenario.draw(1, seed).items()}
    values |= {name: r.choice(lags) for name, lags in LAGS.items()}
    firms = scenario.firms
    lineup = {firm: r.choice(STRATEGIES[role]) for role in STRATEGIES for firm in firms[role]}
    shocks = tuple(
        Efficiency(
            quarter=r.randint(1, 30),
            factor=r.choice((0.5, 3.0, 10.0)),
            diffusion=r.choice((0.0, 0.3, 1.0)),
            leader=r.choice((None, firms["hyperscaler"][1])),
        )
        for _ in range(r.randint(0, 2))
    )
    return Case(scenario.replace(values), lineup, shocks)


def made(*must, lineup="escalate", shocks=(), **values):
    """A market set up so that something happens."""
    lineup = {"hyperscaler": lineup} if isinstance(lineup, str) else lineup
    return Case(Scenario.load("2025Q4").replace(values), lineup, shocks, frozenset(must))


def happened(m):
    """What there was to see in the quarter that just closed."""
    firms = m.hyperscalers
    lent = [b.spread for b in m.lenders if b.lending > 0.0]
    seen = {
        "default": any(h.defaulted for h in firms),
        "default again": any(h.defaulted and h.owned_before for h in firms),
        "owned by lenders": any(h.sweep > 0.0 for h in firms),
        "supported": any(h.support > 0.0 for h in firms),
        "restructuring": any(h.restructuring > 0 for h in firms),
        "credit rationed": any(h.borrowing < 0.99 * h.ask for h in firms),
        "claims moved": any(h.claims_moved for h in firms),
        "coverage binds": any(h.borrowing > 0.99 * h.room > 0.0 for h in firms),
        "lenders tied": len(set(lent)) < len(lent),
        "shells unpaid": any(h.shell_spend < 0.99 * h.due_shells for h in firms),
        "payout cut": any(h.dividends + h.buybacks < 0.99 * h.planned_payout for h in firms),
        "chips rationed": m.foundry_tightness > 1.01,
        "memory short": m.memory_tightness > 1.01,
        "buyers served unlike": any(
            v.orders > 0.0 and abs(v.sales / v.orders - v.ordered / v.orders * v.fill) > 0.01
            for v in m.vendors
        ),
        "shells bind": any(h.working_share < 0.99 for h in firms),
        "shells limited": m.power_ordered > 0.999 * m.p.power_limit,
        "boom": any(getattr(h, "pace", 0.0) == m.p.shell_growth_limit for h in firms),
        "slump": any(getattr(h, "pace", 0.0) < -0.2 for h in firms),
        "shut-down": any(h.switched_off > 0.01 for h in firms),
        "training cut": any(h.T < 0.99 * h.placed.T for h in firms),
        "kink": m.p.saturated_elasticity == m.E,
        "choke": math.isinf(m.E),
    }
    return {name for name, yes in seen.items() if yes}


SHELLS = {"hyperscaler.shell_coverage": 0.4}
NO_LAGS = {name: 0 for name in LAGS}
RICH = {"hyperscaler.cash": 1000.0}
STANDSTILL = {
    "hardware_progress_per_year": 0.0,
    "algorithmic_progress_per_year": 0.0,
    "foundry_capacity": 0.5,
    "foundry_growth_limit": 0.0,
    "foundry_pipeline_growth": 0.0,
}
MADE = {
    "whims": made(
        *("default", "restructuring", "owned by lenders", "credit rationed", "lenders tied"),
        *("shells unpaid", "buyers served unlike"),
        lineup=WHIMS,
    ),
    "chips rationed": made("chips rationed", foundry_growth_limit=0.02),
    "memory short": made("memory short", memory_capacity=1.0),
    "shut-down": made("shut-down", running_cost=4.0, lineup="restrain", **RICH),
    "kink": made("kink", addressable_spending=60.0, **RICH),
    "choke": made(
        *("choke", "chips rationed"),
        adoption_saturation=20.0,
        adoption_growth_per_year=2.0,
        addressable_spending=2500.0,
        choke_price_ratio=1.5,
        **STANDSTILL,
    ),
    "shells bind": made(
        *("shells bind", "shells limited"), lineup=WHIMS, power_limit=2.0, **SHELLS, **RICH
    ),
    "no lags": made("memory short", lineup="best_response", memory_capacity=3.0, **NO_LAGS),
    "lenders tied": made(
        *("lenders tied", "credit rationed"),
        lineup={"hyperscaler": "escalate", "lender": "prudent"},
        **{"lender.spread": 0.03, "hyperscaler.cash": 5.0},
    ),
    "poor": made(
        *("payout cut", "shells unpaid", "shut-down"),
        running_cost=1.5,
        **{"hyperscaler.cash": 2.0, "hyperscaler.debt": 15.0},
    ),
    "broke": made(
        *("training cut", "default", "owned by lenders", "payout cut", "shut-down"),
        running_cost=3.0,
        **{"hyperscaler.cash": 1.0, "hyperscaler.debt": 20.0},
    ),
    "default again": made(
        *("default again", "claims moved", "owned by lenders"),
        lineup=WHIMS,
        restructuring_quarters=0,
        running_cost=1.5,
        **{"hyperscaler.cash": 1.0, "hyperscaler.debt": 5.0},
    ),
    "coverage binds": made(
        "coverage binds",
        lineup=WHIMS,
        coverage_multiple=0.3,
        **{"hyperscaler.cash": 5.0, "lender.funds": 1000.0},
    ),
    # debts that could not be settled if the first quarter were the horizon
    "in debt": made(
        *("default", "payout cut"),
        lineup="match",
        loan_tenor=50.0,
        **{"hyperscaler.debt": 500.0, "hyperscaler.cash": 100.0},
    ),
    "boom": made(
        *("boom", "default again"),
        lineup="escalate(step=0.5)",
        foundry_capacity=50.0,
        memory_capacity=50.0,
        **RICH,
    ),
    "slump": made("slump", lineup=WHIMS, economic_life=1.0, **SHELLS, **RICH),
    "inelastic": made("kink", demand_elasticity=0.8, saturated_elasticity=0.3),
    "leader": made(
        "chips rationed",
        demand_elasticity=1.0,
        foundry_capacity=2.0,
        shocks=(
            Efficiency(quarter=2, factor=10.0, diffusion=0.1, leader="meta"),
            Efficiency(quarter=9, factor=3.0, diffusion=1.0),
            Efficiency(quarter=9, factor=0.5, diffusion=0.0, leader="oracle"),
        ),
        **RICH,
    ),
}
