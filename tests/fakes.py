"""Made-up markets for strategies to look at, without a market behind them."""

import zlib

import numpy as np

from agentsim.strategy.groups import initial_memory

RANGES = {
    "price": (5.0, 40.0),
    "unit_cost": (2.0, 8.0),
    "price_ceiling": (10.0, 60.0),
    "base_margin": (0.3, 0.8),
    "own_cost_share": (0.05, 0.3),
    "vendor_elasticity": (1.5, 8.0),
    "share": (0.05, 0.95),
    "wear": (0.03, 0.12),
    "required_return": (0.01, 0.05),
    "loss_rate": (0.0, 0.1),
    "industry_loss_rate": (0.0, 0.1),
    "base_spread": (0.02, 0.08),
    "base_advance_rate": (0.4, 0.8),
    "base_deployed": (0.1, 0.5),
    "memory_margin": (-0.3, 0.7),
    "growth_limit": (0.05, 0.15),
    "industry_marginal_revenue": (-1.0, 2.0),
    "rivals_capex_rate": (0.0, 0.4),
    "custom_share": (0.0, 1.0),
    "training_share": (0.0, 0.9),
    "custom_fit": (0.3, 1.0),
    "codesign": (0.0, 1.0),
    "withheld": (0.0, 0.3),
    "planned_payout": (0.0, 1.0),
    "fleet_value": (5.0, 50.0),
}
FLAGS = {"designer", "custom_program"}
RUNS = 5


class FakeMarket:
    """Plausible random numbers for every field of a view class, `(firms, runs)` or `(1, runs)`.

    `given` sets fields. Fields have the same numbers whichever rows and runs are looked at.
    """

    def __init__(self, view, firms=3, runs=RUNS, seed=0, quarter=3, **given):
        self.view, self.firms, self.runs = view, firms, runs
        self.seed, self.quarter = seed, quarter
        self.values = {}
        for name, seen in view.fields.items():
            rows = firms if seen.scope == "own" else 1
            low, high = RANGES.get(name, (0.2, 2.0))
            values = self._random(name).uniform(low, high, (rows, runs))
            self.values[name] = np.round(values - low) if name in FLAGS else values
        for name, value in given.items():
            self.values[name] = np.array(np.broadcast_to(value, self.values[name].shape), float)

    def _random(self, name):
        return np.random.default_rng([self.seed, self.quarter, zlib.crc32(name.encode())])

    def look(self, strategy=None, rows=slice(None), run=None, memory=None):
        """Return the view of some rows, of all runs or of one alone."""
        columns = slice(None) if run is None else slice(run, run + 1)
        index = np.arange(self.firms)[rows]
        if memory is None:
            runs = self.runs if run is None else 1
            memory = initial_memory(strategy, len(index), runs) if strategy else {}

        def draw(name):
            numbers = self._random("draw " + name).standard_normal((self.firms, self.runs))
            return numbers[index][:, columns]

        def fetch(name):
            return self.values[name][:, columns].copy()

        return self.view(
            fetch, fetch, rows, tuple(f"firm_{i}" for i in index), self.quarter, memory, draw
        )
