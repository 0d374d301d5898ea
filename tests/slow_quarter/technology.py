"""Step 1: shocks strike, costs fall, the frontier rises, firms catch up, demand drifts."""

import math
from types import SimpleNamespace as Record

from slow_quarter.state import fall, growth


def strike(m, factor, diffusion, leader):
    """An efficiency shock: the frontier jumps, and all but the leader are behind by the jump."""
    m.frontier *= factor
    gaps = [0.0 if h.name == leader else math.log(factor) for h in m.hyperscalers]
    m.causes.append(Record(gaps=gaps, log_growth=0.0, diffusion=diffusion))


def step(m, z):
    """Technology moves; `z` is the standard normal number behind demand."""
    p, t = m.p, m.quarter
    m.c *= fall(p.hardware_progress_per_year)
    m.e *= fall(p.energy_progress_per_year)
    m.memory_cost *= fall(p.memory_progress_per_year)
    m.d *= fall(p.hardware_progress_per_year) ** -p.foundry_density_growth
    m.system_cost = p.system_cost * m.c
    m.other_budget *= growth(p.other_buyers_growth_per_year)
    m.frontier *= growth(p.algorithmic_progress_per_year)
    for cause in m.causes:
        cause.gaps = [(gap + cause.log_growth) * (1.0 - cause.diffusion) for gap in cause.gaps]
    for row, h in enumerate(m.hyperscalers):
        h.A = math.exp(math.log(m.frontier) - sum(cause.gaps[row] for cause in m.causes))
    m.n = p.demand_persistence * m.n + p.demand_noise * z
    S, k = p.adoption_saturation, p.adoption_growth_per_year
    m.M = S / (1.0 + (S - 1.0) * math.exp(-k * t / 4.0))
    m.W = max((max(h.q for h in m.hyperscalers) / m.base_quality) ** p.new_uses, 1e-9)
