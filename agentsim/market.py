"""Market: a Mesa model of the market for AI compute, many runs side by side.

market = Market("2025Q4", lineup={"hyperscaler": "escalate"}, runs=1000, rng=7)
market.run()
market.outcomes()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from mesa import Model
from mesa.agent import Agent

from agentsim.agents import AGENTS, Firm
from agentsim.collecting import default_datacollector
from agentsim.copies import Copied
from agentsim.errors import AgentsimError, check_known, shown
from agentsim.explanation import Explanation, explain
from agentsim.frames import flows_frame, outcomes_frame, series_frame
from agentsim.lineup import Given, resolve
from agentsim.lineup import check_runs as check_lineup_runs
from agentsim.parameters import DECLARATIONS
from agentsim.scenario import Scenario
from agentsim.settings import (
    asked_quarter,
    asked_run,
    check_choice,
    check_horizon,
    entropy_of,
    named_scenario,
    run_numbers,
    split_overrides,
)
from agentsim.shocks import Shock, collect
from agentsim.simulation import Record, Simulation

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.laws.numerics import Array

__all__ = ["Market"]


BUILT_WITH = frozenset({"entropy", "lineup", "parameters", "runs", "shocks"})


class Market(Copied, Model):
    """The market for AI compute, from its base date to the horizon.

    scenario: name of a calibration, or a Scenario; keywords override its parameters, per-firm ones
    through `**{"oracle.debt": 50}`, each a number or an array of length `runs`.
    lineup: a posture for all hyperscalers, or a dict by role or firm; the calibrated one otherwise.
    runs: how many, or run numbers (`[512]` is run 512 alone).
    rng: an integer is the entropy; None or a Generator yields one, kept as `entropy`.
    shocks: Shock objects, or dicts with `kind`.
    record: what is kept: "outcomes", "series" (the market's, quarter by quarter) or "firms".
    errors: "raise" at the first failed run, or "mark" it in `status`. A run fails if a strategy
    chooses what is out of bounds or raises in it; a strategy that answers for all runs at once
    raises in all of them.
    Raises AgentsimError, one line that names the field, the value and the remedy.

    Runs differ by luck alone. Experiments also draw the marked ranges of the calibration; so does
    `Market(base.with_draws(base.draw(200, 1)), runs=200, rng=1)`, base being a Scenario.

    A market pickles and copies whole, also midway: the copy goes on as the market itself would.
    """

    def __init__(
        self,
        scenario: str | Scenario = "2025Q4",
        lineup: Given = None,
        runs: int | Sequence[int] = 1,
        rng: Any = None,
        *,
        shocks: Sequence[Shock | Mapping[str, Any]] = (),
        horizon: int = 40,
        record: Record = "firms",
        errors: Literal["raise", "mark"] = "raise",
        **overrides: Any,
    ) -> None:
        numbers = run_numbers(runs)
        self.entropy = entropy_of(rng)
        super().__init__(rng=self.entropy % 2**32)
        check_horizon(horizon)
        check_choice("record", record, ("outcomes", "series", "firms"))
        check_choice("errors", errors, ("raise", "mark"))
        base = named_scenario(scenario)
        values, fields = split_overrides(overrides)
        self.parameters = base.replace(values) if values else base
        self.parameters.check_runs(len(numbers))
        self.shocks = collect(shocks, fields)
        self.lineup = resolve(lineup, self.parameters.firms)
        for shock in self.shocks:
            shock.check_runs(len(numbers))
        check_lineup_runs(self.lineup, len(numbers))
        self.runs = numbers
        self.simulation = Simulation(
            self.parameters,
            self.lineup,
            numbers,
            self.entropy,
            self.shocks,
            horizon,
            record,
            errors,
        )
        self.sectors = {
            "hyperscaler": self.simulation.world.hyperscalers,
            "chip_vendor": self.simulation.world.chip_vendors,
            "memory_maker": self.simulation.world.memory_makers,
            "lender": self.simulation.world.lenders,
        }
        for role, names in self.parameters.firms.items():
            for row, name in enumerate(names):
                AGENTS[role](self, name, row)
        self.datacollector = default_datacollector(len(numbers))
        # Mesa puts a method of its own here, which counts a step before it takes it, and which an
        # exception leaves unable to take another.
        self._step_of_mesa = self.step
        self.step = self._step_if_there_is_one  # type: ignore[method-assign]
        self._built = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to set on the way what a market is built with: it would not notice."""
        if (name in BUILT_WITH or ("market", name) in DECLARATIONS) and "_built" in vars(self):
            raise AgentsimError(
                f"{name} = {shown(value)} cannot be set on the way; set it when the market is built: "
                f"Market(..., {name}={shown(value)})"
            )
        super().__setattr__(name, value)

    # Mesa's property of this name writes into the object that it is given; ours is frozen.
    @property
    def scenario(self) -> Scenario:
        """The scenario, overrides included."""
        return self.parameters

    @scenario.setter
    def scenario(self, given: Any) -> None:
        """Pass over the scenario that Mesa makes for itself."""

    @property
    def quarter(self) -> int:
        """Quarters since the base date."""
        return self.simulation.world.quarter

    @property
    def horizon(self) -> int:
        """Quarters to run."""
        return self.simulation.horizon

    @property
    def status(self) -> np.ndarray:
        """How each run fares, `(runs,)`: "ok", or when and why it failed."""
        return self.simulation.status

    def _step_if_there_is_one(self) -> None:
        self.simulation.check_step()
        self._step_of_mesa()

    def step(self) -> None:
        """Move one quarter on. Raises AgentsimError, one line, past the horizon."""
        try:
            self.simulation.step()
        finally:
            self.steps = self.quarter  # also where Mesa's own clock ran past the horizon
        self.datacollector.collect(self)
        self.running = self.quarter < self.horizon

    def run(self) -> Market:
        """Run to the horizon; returns the market itself."""
        while self.running:
            self.step()
        return self

    def run_model(self) -> None:
        """Run to the horizon, by Mesa's name for it."""
        self.run()

    def outcomes(self) -> pd.DataFrame:
        """Return a row a run: value by layer in $bn, shares, capex, defaults and more.

        Before the horizon, what they would be if the present quarter were the horizon; `quarters`
        is how many were simulated. In a failed run all but its `status` are NaN.
        `agentsim.outcomes.OUTCOMES` gives the unit and meaning of each column.
        """
        return outcomes_frame(self.simulation)

    def series(self, role: str | None = None) -> pd.DataFrame:
        """Return a row a run and quarter; with a role a row a run, quarter and firm."""
        return series_frame(self.simulation, role)

    @property
    def ledger(self) -> LedgerView:
        """The ledger: `flows()` and `residual()`."""
        return LedgerView(self.simulation)

    def explain(self, firm: str, quarter: int, run: int | None = None) -> Explanation:
        """Return what a firm saw, chose, had clipped and got in a quarter.

        The run is simulated again alone, which gives the same bits, with everything written down.
        `run` is its number, needed where there are several. Raises AgentsimError, in one line, for
        a firm, quarter or run that is not there.
        """
        quarter, run = asked_quarter(quarter, self.quarter), asked_run(run, self.runs)
        return explain(self.simulation, self.parameters, self.lineup, firm, quarter, run)

    def firm(self, name: str) -> Firm:
        """Return the agent of a firm by its name."""
        agents = {agent.name: agent for agent in self.agents if isinstance(agent, Firm)}
        check_known("firm", name, agents)
        return agents[name]

    def deregister_agent(self, agent: Agent) -> None:
        """Refuse: the firm's row would stay behind in the sector's arrays."""
        raise AgentsimError(f"{agent.name} cannot be removed; build a Scenario without it instead")


class LedgerView:
    """What a user sees of the ledger."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def residual(self) -> Array:
        """Return the largest relative violation of the ledger's identities so far, `(runs,)`.

        Once `outcomes()` were asked for, that of the run-off after their last quarter too.
        """
        return np.maximum(self._simulation.ledger.worst, self._simulation.runoff_violation)

    def flows(self) -> pd.DataFrame:
        """Return payer, payee, kind and $bn by run and quarter."""
        return flows_frame(self._simulation)
