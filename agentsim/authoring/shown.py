"""Worlds as the calibrated market shows them, to measure in what a strategy depends on."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from agentsim.asking import LOOKS
from agentsim.authoring.worlds import PUBLIC, Worlds
from agentsim.laws.numerics import Array
from agentsim.lineup import resolve
from agentsim.scenario import Scenario
from agentsim.sectors.world import World
from agentsim.simulation import Simulation
from agentsim.steps.choices import Choices
from agentsim.strategy.base import BASES

RUNS = 12
QUARTERS = 8
"""So many runs, every marked range drawn apart for each, and so many quarters."""

ENTROPY = 1


@lru_cache(maxsize=len(BASES))
def shown(role: str) -> tuple[Worlds, ...]:
    """Return what the firms of a role see in the calibrated market, quarter after quarter."""
    base = Scenario.load("2025Q4")
    scenario = base.with_draws(base.draw(RUNS, ENTROPY))
    lineup = resolve(None, scenario.firms)
    sim = Simulation(scenario, lineup, np.arange(RUNS), ENTROPY, (), QUARTERS)
    firms, view, worlds = scenario.firms[role], BASES[role].view, []

    def look(w: World, chosen: Choices) -> None:
        seen = LOOKS[role](w)
        values: dict[str, Array] = {}
        for name, declared in view.fields.items():
            rows = len(firms) if declared.scope == "own" else 1
            values[name] = np.array(np.broadcast_to(seen(name), (rows, RUNS)))
        for name in PUBLIC[role]:
            values.setdefault(name, np.array(seen.public(name)))
        worlds.append(Worlds.holding(view, values, firms, w.quarter))

    for _ in range(QUARTERS):
        sim.step(look)
    return tuple(worlds)
