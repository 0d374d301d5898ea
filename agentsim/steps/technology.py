"""Step 1: technology moves and more people use AI."""

from __future__ import annotations

import numpy as np

from agentsim.laws import technology
from agentsim.laws.numerics import at_least, power
from agentsim.sectors.world import World
from agentsim.steps.choices import Luck

LEAST_WILLINGNESS = 1e-9
"""Over that at the base date. Where nobody trains any more quality fades, and demand must have one."""


def technology_moves(w: World, luck: Luck) -> None:
    """Hardware gets cheaper, the frontier rises, firms catch up, more people use AI."""
    m, r, i, c = w.p.market, w.rates, w.inputs, w.customers
    i.cost_index = i.cost_index * r.hardware_fall
    i.energy_index = i.energy_index * r.energy_fall
    i.system_cost = m.system_cost * i.cost_index
    i.memory_cost = i.memory_cost * r.memory_fall
    i.frontier = i.frontier * r.frontier_growth
    i.other_budget = i.other_budget * r.other_buyers_growth
    w.density = w.density * r.density_growth

    trend, *shocks = w.gaps
    trend.gap = (trend.gap + r.log_frontier_growth) * (1.0 - trend.diffusion)
    behind = trend.gap
    for cause in shocks:
        cause.gap = cause.gap * (1.0 - cause.diffusion)
        behind = behind + cause.gap
    w.hyperscalers.efficiency = i.frontier * np.exp(-behind)

    c.noise = m.demand_persistence * c.noise + m.demand_noise * luck.demand
    c.adoption[:] = technology.adoption(
        m.adoption_saturation, m.adoption_growth_per_year, w.quarter
    )
    best = w.hyperscalers.quality.max(axis=0) / w.base_quality
    W = at_least(power(best, m.new_uses), LEAST_WILLINGNESS)
    c.willingness[:] = W
    w.demand = w.demand.moved(c.adoption[0] * np.exp(c.noise[0]), W)
