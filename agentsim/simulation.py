"""The engine room: a world, its strategies, its luck and its ledger, stepped together.

`agentsim.Market` is what people hold in their hands; it adds Mesa, tables and explanations.
Batches use this class directly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agentsim import outcomes, runoff
from agentsim.asking import Asking
from agentsim.copies import Copied
from agentsim.errors import AgentsimError
from agentsim.failures import OK, Errors, Failures
from agentsim.laws.numerics import Array, ordered_sum, quiet, safe_divide
from agentsim.ledger import Ledger, Values
from agentsim.lineup import Lineup, check_runs
from agentsim.quarter import run_quarter
from agentsim.randomness import Randomness
from agentsim.scenario import Scenario
from agentsim.sectors.world import World
from agentsim.shocks import Shock
from agentsim.steps.choices import Choices, Luck
from agentsim.steps.opening import open_market

Record = Literal["outcomes", "series", "firms"]
Watcher = Callable[[World, Choices], None]
DRAWN_AHEAD = 8
"""Quarters whose luck is drawn at once: enough to save calls, little enough to stay in the cache."""


class Simulation(Copied):
    """Markets side by side: one scenario, one lineup, one run number for each column."""

    def __init__(
        self,
        scenario: Scenario,
        lineup: Lineup,
        runs: NDArray[np.int64],
        entropy: int,
        shocks: Sequence[Shock] = (),
        horizon: int = 40,
        record: Record = "outcomes",
        errors: Errors = "raise",
    ) -> None:
        self.runs = runs
        self.horizon = horizon
        self.shocks = tuple(shocks)
        self.record_level = record
        self.fail = Failures(runs, errors)
        for shock in self.shocks:
            shock.check(horizon, scenario.firms)
            shock.check_runs(len(runs))
        check_runs(lineup, len(runs))
        self.randomness = Randomness(entropy, runs)
        parameters = scenario.parameters(len(runs))
        self.world = World(parameters, dict(scenario.firms), len(runs))
        with quiet():
            open_market(self.world)
        self.asking = Asking(lineup, scenario.firms, len(runs), self.randomness, self.fail)
        self.ledger = Ledger(self.world, keep_flows=record != "outcomes")
        self.counts = outcomes.Counts(self.world)
        self.history: list[Snapshot] = []
        self.chosen: Choices | None = None
        self.streams = [("demand", None), ("quality", self.world.hyperscalers.size)]
        self.drawn: dict[int, dict[str, Array]] = {}  # luck by quarter, not yet used
        self.runoff_violation = np.zeros(len(runs))  # of the value identity, in the last outcomes
        self.torn = False  # whether an exception left a quarter half done
        if record != "outcomes":
            self.history.append(Snapshot(self.world, record == "firms"))

    def check_whole(self) -> None:
        """Refuse a quarter that was left half done."""
        if self.torn:
            raise AgentsimError(
                f"quarter {self.world.quarter} was left half done when something was raised in it; "
                "build the market anew"
            )

    def check_step(self) -> None:
        """Refuse to go on past the horizon, or from a quarter that was left half done."""
        self.check_whole()
        if self.world.quarter >= self.horizon:
            raise AgentsimError(
                f"the horizon of {self.horizon} quarters is reached; give a longer horizon= to go on"
            )

    def step(self, watch: Watcher | None = None) -> None:
        """Move one quarter on; `watch` is shown the world as firms see it, and what they choose.

        Raises AgentsimError, one line, if a run fails and failures are not marked.
        """
        w = self.world
        if self.torn or w.quarter >= self.horizon:
            self.check_step()
        choose = self._choose if watch is None else partial(self._choose, watch=watch)
        self.torn = True
        luck = self._luck(w.quarter + 1)
        for shock in self.shocks:
            if shock.quarter == w.quarter + 1:
                shock.strike(w)
        # A run that has gone wrong must not disturb the others, nor print warnings for them.
        with quiet():
            run_quarter(w, luck, choose, self._record)
        self.torn = False

    def run(self) -> None:
        """Run to the horizon."""
        while self.world.quarter < self.horizon:
            self.step()

    def outcomes(self) -> dict[str, Array]:
        """Return every outcome by name, `(runs,)`, as if the present quarter were the horizon."""
        self.check_whole()
        with quiet():
            values, worst = self._with_runoff()
            self.runoff_violation = worst
            table = outcomes.table(
                self.world,
                self.counts,
                self.ledger.values,
                values,
                self.ledger.opening_debt,
                self.ledger.opening_loans,
                self.ledger.discount,
            )
        self._mark_unfinished(table)
        return table

    def _with_runoff(self) -> tuple[Values, Array]:
        values = self.ledger.values.copy()
        worst = runoff.value_after(self.world.copy(), values, self.ledger.discount)
        return values, worst

    def _mark_unfinished(self, table: dict[str, Array]) -> None:
        """Fail runs whose money is no number any more; a run never passes for sound by accident."""
        money = table["total_surplus"] + table["capex"]
        wrong = ~np.isfinite(money)
        if wrong.any():
            why = "the market's sums are not finite"
            self.fail(wrong, self.world.quarter, lambda column: why)
        failed = self.status != OK
        if failed.any():  # a failed run must not pass for a sound one in somebody's mean
            for name, numbers in table.items():
                table[name] = np.where(failed, np.nan, numbers)

    def _luck(self, quarter: int) -> Luck:
        """Return the quarter's luck, drawn for some quarters at once, which costs little more."""
        if quarter not in self.drawn:
            quarters = range(quarter, min(quarter + DRAWN_AHEAD, self.horizon + 1))
            drawn = self.randomness.normals_of(quarters, self.streams)
            self.drawn = dict(zip(quarters, drawn, strict=True))
        return Luck(**self.drawn.pop(quarter))

    def _choose(self, w: World, watch: Watcher | None = None) -> Choices:
        self.chosen = self.asking(w)
        if watch is not None:
            watch(w, self.chosen)
        return self.chosen

    def _record(self, w: World) -> None:
        self.ledger(w)
        self.counts.add(w)
        if self.record_level != "outcomes":
            self.history.append(Snapshot(w, self.record_level == "firms"))

    @property
    def status(self) -> NDArray[np.object_]:
        """How each run fares, `(runs,)`: "ok", or when and why it failed."""
        return self.fail.status


class Snapshot:
    """State at the end of a quarter: of the market, and on request of every firm."""

    def __init__(self, w: World, firms: bool) -> None:
        self.quarter = w.quarter
        self.market = {
            name: getattr(sector, name)[0].copy()
            for sector in (w.customers, w.inputs)
            for name in type(sector).states
        } | _aggregates(w)
        self.firms: dict[str, dict[str, Array]] = {}
        if firms:
            for sector in (w.hyperscalers, w.chip_vendors, w.memory_makers, w.lenders):
                self.firms[sector.role] = {
                    name: getattr(sector, name).copy() for name in type(sector).states
                }


HOURS_A_QUARTER = 2190.0

# Series that add up the firms, with unit and meaning; the rest are the market's own states.
AGGREGATES: dict[str, tuple[str, str]] = {
    "capex": ("$bn", "AI capex of all hyperscalers"),
    "total_capex": ("$bn", "AI and other capex of all hyperscalers"),
    "chip_spend": ("$bn", "hyperscalers' chip purchases"),
    "debt": ("$bn", "AI debt of all hyperscalers"),
    "compute": ("M H100e", "delivered chips of all hyperscalers"),
    "idle_share": ("1", "share of the fleet without a powered shell"),
    "gpu_rent": ("$/hour", "service revenue for an hour of a serving merchant H100e"),
    "hhi": ("1", "sum of squared revenue shares"),
    "chip_margin": ("1", "gross margin of all chip vendors"),
    "memory_margin": ("1", "gross margin of memory"),
    "write_downs": ("1", "hyperscalers whose debt was written down this quarter"),
    "lender_owned": ("1", "hyperscalers that lenders own after a default"),
}


def _aggregates(w: World) -> dict[str, Array]:
    h, v, k = w.hyperscalers, w.chip_vendors, w.memory_makers
    fleet = h.merchant_fleet + h.custom_fleet
    compute = ordered_sum(fleet)
    serving = ordered_sum(safe_divide(h.services, h.efficiency, 0.0))
    rent = safe_divide(w.customers.spending[0], serving, 0.0) * 1000.0 / HOURS_A_QUARTER
    sales = ordered_sum(v.revenue + v.other_revenue)
    costs = ordered_sum(v.unit_cost * (v.sales + v.other_sales))
    return {
        "capex": ordered_sum(h.capex),
        "total_capex": ordered_sum(h.capex + h.other_capex),
        "chip_spend": ordered_sum(h.merchant_spend + h.custom_spend),
        "debt": ordered_sum(h.debt),
        "compute": compute,
        "idle_share": safe_divide(ordered_sum(fleet * (1.0 - h.working_share)), compute, 0.0),
        "gpu_rent": rent,
        "hhi": ordered_sum(h.revenue_share * h.revenue_share),
        "chip_margin": 1.0 - safe_divide(costs, sales, np.nan),
        "memory_margin": 1.0 - safe_divide(ordered_sum(k.making), ordered_sum(k.revenue), np.nan),
        "write_downs": ordered_sum(h.defaulted),
        "lender_owned": ordered_sum(h.lender_owned),
    }
