"""Made-up results: outcomes with known means, for what the report says of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from agentsim.batch.design import Experiment
from agentsim.report.study import BURNT, LAYERS, TOTAL

Cells = dict[tuple[str, float], dict[str, float]]


def made(
    cells: Cells, runs: int = 40, noise: float = 0.05, variants: dict[str, Cells] | None = None
):
    """Results with these means by posture and factor, and noise that cancels over the runs.

    What is not named to the horizon is half of what it is with the run-off.
    """
    rng = np.random.default_rng(1)
    variants = variants or {}
    frames = []
    for variant, its_cells in ({None: cells} | variants).items():
        for (posture, factor), means in its_cells.items():
            labels = {"cell": len(frames), "kind": "variant" if variant else "main"}
            labels |= {"variant": variant, "firm": None, "own": None, "others": None}
            labels |= {"lineup.hyperscaler": posture, "shock.efficiency.factor": float(factor)}
            frames.append(pd.DataFrame(labels | outcomes(means, runs, noise, rng)))
    postures = list(dict.fromkeys(posture for posture, _ in cells))
    factors = list(dict.fromkeys(factor for _, factor in cells))
    experiment = Experiment(
        name="made",
        runs=runs,
        factors={"lineup.hyperscaler": postures, "shock.efficiency.factor": factors},
        shocks=[{"kind": "efficiency", "quarter": 8}],
        variants=[{"name": name, "set": {"power_limit": 0.5}} for name in variants],
    )
    table = pd.concat(frames, ignore_index=True)
    return Made(table, experiment, pd.DataFrame({"run": np.arange(runs)}))


@dataclass
class Made:
    """Results as far as the report reads them: a table that tests may write into."""

    table: pd.DataFrame
    experiment: Experiment
    draws: pd.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict)
    series_names: tuple[str, ...] = ()

    def runs(self) -> pd.DataFrame:
        return self.table


def outcomes(
    means: dict[str, float], runs: int, noise: float, rng: np.random.Generator
) -> dict[str, object]:
    columns: dict[str, object] = {"run": np.arange(runs), "status": "ok"}

    def noisy(mean: float) -> np.ndarray:
        z = rng.normal(size=runs)
        return mean + noise * (z - z.mean())

    for name in (*LAYERS, BURNT):
        columns[name] = noisy(means.get(name, 0.0))
        later = f"{name}_to_horizon"
        columns[later] = noisy(means[later]) if later in means else columns[name] / 2
    for suffix in ("", "_to_horizon"):
        columns[TOTAL + suffix] = sum(columns[name + suffix] for name in LAYERS)
        share = columns["customer_surplus" + suffix] / columns[TOTAL + suffix]
        columns["customer_share" + suffix] = share
    return columns


def moved(customers: tuple[float, float], others: tuple[float, float], **more: tuple[float, float]):
    """Results in which escalation moves customers' and hyperscalers' value like this."""
    before, after = ends(customers, others, **more)
    return made({("restrain", 1): before, ("escalate", 1): after})


def ends(
    customers: tuple[float, float], others: tuple[float, float], **more: tuple[float, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """The means before and after a move."""
    pairs = {"customer_surplus": customers, "hyperscaler_value": others} | more
    return tuple({name: pair[i] for name, pair in pairs.items()} for i in (0, 1))


def shocked(customers: float, hyperscalers: float):
    """Results in which a shock under escalation moves values to these from 10 and 10."""
    base = {"customer_surplus": 10.0, "hyperscaler_value": 10.0}
    after = {"customer_surplus": customers, "hyperscaler_value": hyperscalers}
    return made(
        {
            ("restrain", 1): base,
            ("restrain", 10): base,
            ("escalate", 1): base,
            ("escalate", 10): after,
        }
    )
