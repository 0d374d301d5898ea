"""What comes after the horizon: fleets run off, debt is settled."""

import copy
import math

from slow_quarter import ledger, power, services
from slow_quarter.state import arrive, ratio, wear

BLOCKS = 12
LEFT = 0.02


def settle(market):
    """Values with the run-off, as if the present quarter were the horizon."""
    m = copy.deepcopy(market)
    p, v = m.p, m.values
    D = ledger.discount(m, m.quarter)
    earned = [0.0 for _ in m.hyperscalers]  # worth of the run-off at the horizon
    longest = max(p.delivery_quarters, p.shell_quarters) + 1
    for t in range(1, longest + 1):
        for h in m.hyperscalers:
            power.age_and_arrive(m, h)
            h.shells *= 1.0 - wear(p.shell_life)
            h.shells += arrive(h.shells_coming)
            h.shell_spend = arrive(h.instalments)
            power.set_working_share(h)
        add_quarters(m, earned, ledger.discount(m, t), D)
    w = wear(p.economic_life)
    n = math.log(LEFT) / BLOCKS / math.log(1.0 - w)
    start = copy.deepcopy(m.hyperscalers)
    for block in range(BLOCKS):
        kept = LEFT ** ((block + 0.5) / BLOCKS) * math.sqrt(1.0 - w)
        for h, then in zip(m.hyperscalers, start, strict=True):
            for name in ("merchant_fleet", "custom_fleet", "merchant_power", "custom_power"):
                setattr(h, name, getattr(then, name) * kept)
            h.shells = then.shells * (1.0 - wear(p.shell_life)) ** (n * (block + 0.5) + 0.5)
            h.shell_spend = 0.0
            power.set_working_share(h)
        annuity = (1.0 - ledger.discount(m, n)) / (p.funding_rate_per_year / 4.0)
        add_quarters(m, earned, ledger.discount(m, longest + n * block) * annuity, D)
    for row, h in enumerate(m.hyperscalers):
        close(m, row, h, earned[row], D)
    return v


def add_quarters(m, earned, weight, D):
    """Clear services once and count them with a weight at the horizon; D takes it to the base."""
    v = m.values
    services.sell(m, [0.0 for _ in m.hyperscalers])
    for row, h in enumerate(m.hyperscalers):
        running = h.serving_cost  # nobody trains
        earned[row] += weight * (h.revenue - running - h.shell_spend)
        v.revenue += D * weight * h.revenue
        v.running += D * weight * running
        v.resources += D * weight * (running + h.shell_spend)
    v.surplus += D * weight * m.surplus
    v.gross_value += D * weight * m.gross_value


def close(m, row, h, runoff, D):
    """Settle a firm's debt at the horizon; owners get its run-off and nothing else."""
    v = m.values
    means = h.cash + runoff + m.p.coverage_multiple * 4.0 * h.core_cash
    if h.lender_owned:
        settled = runoff
        shares = [b.claims[row] for b in m.lenders]
    else:
        settled = min(h.debt, max(means, 0.0))
        shares = [ratio(b.loans[row], h.debt, 0.0) for b in m.lenders]
    v.hyperscalers[row] += D * (runoff - settled)
    for of, share in enumerate(shares):
        v.lenders[of] += D * settled * share
