"""Tables for pandas: outcomes, series and flows of a simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agentsim.errors import AgentsimError, check_known
from agentsim.ledger import FLOWS
from agentsim.outcomes import BY_FIRM
from agentsim.parameters import ROLES
from agentsim.simulation import Simulation


def outcomes_frame(simulation: Simulation) -> pd.DataFrame:
    """Return a row a run: its number, its status, the quarters simulated, and its usual outcomes."""
    extra = tuple(f"{name}." for name in BY_FIRM if name != "value")
    found = simulation.outcomes()
    table = {name: each for name, each in found.items() if not name.startswith(extra)}
    head: dict[str, Any] = {
        "run": simulation.runs,
        "status": simulation.status.astype(str),
        "quarters": simulation.world.quarter,
    }
    return pd.DataFrame(head | table)


def series_frame(simulation: Simulation, role: str | None) -> pd.DataFrame:
    """Return a row a run and quarter, or with a role a row a run, quarter and firm."""
    if role is not None:
        check_known("role", role, ROLES)
    needed = "series" if role is None else "firms"
    kept = simulation.record_level
    if kept == "outcomes" or (role is not None and kept != "firms"):
        raise AgentsimError(
            f"series({'' if role is None else repr(role)}) was not kept with record={kept!r}; "
            f'build the market with record="{needed}"'
        )
    history, runs = simulation.history, simulation.runs
    quarters = np.array([snapshot.quarter for snapshot in history])
    if role is None:
        columns = {
            name: np.stack([snapshot.market[name] for snapshot in history], axis=1).ravel()
            for name in history[0].market
        }
        head = {"run": np.repeat(runs, len(quarters)), "quarter": np.tile(quarters, len(runs))}
        return pd.DataFrame(head | columns)
    names = np.array(simulation.asking.firms[role])
    shape = (len(runs), len(quarters), len(names))
    columns = {
        name: np.stack([snapshot.firms[role][name] for snapshot in history])
        .transpose(2, 0, 1)
        .ravel()
        for name in history[0].firms[role]
    }
    head = {
        "run": np.broadcast_to(runs[:, None, None], shape).ravel(),
        "quarter": np.broadcast_to(quarters[None, :, None], shape).ravel(),
        "firm": np.broadcast_to(names[None, None, :], shape).ravel(),
    }
    return pd.DataFrame(head | columns)


def flows_frame(simulation: Simulation) -> pd.DataFrame:
    """Return payer, payee, kind, whether the flow is part of the value identity, and $bn."""
    if simulation.record_level == "outcomes":
        raise AgentsimError(
            "flows() was not kept with record='outcomes'; build the market with record=\"series\""
        )
    runs, kept = simulation.runs, simulation.ledger.kept
    frames = []
    for flow in FLOWS:
        amounts = (
            np.stack([quarter[flow.kind] for quarter in kept]) if kept else np.zeros((0, len(runs)))
        )
        quarters = np.arange(1, len(kept) + 1)
        frames.append(
            pd.DataFrame(
                {
                    "run": np.tile(runs, len(kept)),
                    "quarter": np.repeat(quarters, len(runs)),
                    "payer": flow.payer,
                    "payee": flow.payee,
                    "kind": flow.kind,
                    "in_value": flow.in_value,
                    "bn": amounts.ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True).rename(columns={"bn": "$bn"})
