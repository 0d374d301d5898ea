"""A trial: what a strategy is worth to a firm, next to every other posture in the same seat.

The market is simulated once for each posture in the seat, everything else and all luck the same, and
once more for the strategy in each of the SITUATIONS. The calm one is the calibration as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.design import Experiment
from agentsim.batch.design_tables import Variant
from agentsim.errors import AgentsimError, check_known
from agentsim.lineup import BY_ROLE, CALIBRATED
from agentsim.scenario import Scenario
from agentsim.strategy import added
from agentsim.strategy.registry import followed, parse

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.results import Results

CALM = "calm"
SHOCK_QUARTER, SHOCK_FACTOR = 8, 10.0

ESCALATING = {
    "hyperscaler": "escalate(step=0.5)",  # the fiercest of the calibrated lineup
    "chip_vendor": "hold_margin(margin_change=-0.2)",
    "memory_maker": "expand_on_margin",
    "lender": "yield_seeking",
}
"""What rivals follow where they escalate: they outspend, ask less, expand, loosen."""

PATHS: dict[str, tuple[str, str]] = {
    "hyperscaler": ("capex", "capex_rate"),
    "chip_vendor": ("price", "share"),
    "memory_maker": ("capacity", "revenue"),
    "lender": ("lending", "spread"),
}
"""What is drawn of the firm and of its rivals, quarter by quarter."""

BOOM = ("adoption_growth_per_year", "demand_elasticity", "new_uses")
"""What is at the upper end of its marked range in a boom."""

DRAWS = 2000
"""Bootstrap draws behind the interval of a rank."""


@dataclass(frozen=True)
class Trial:
    """A strategy, as `parse` reads it, in the seat of a firm."""

    strategy: str
    role: str
    firm: str
    usual: str
    """What the firm follows in the calibrated lineup."""
    experiment: Experiment

    @property
    def seat(self) -> str:
        """The factor that is varied."""
        return f"lineup.{self.firm}"


def prepared(
    strategy: str,
    role: str,
    firm: str | None = None,
    rivals: str = "calibrated",
    runs: int = 200,
    settings: Mapping[str, Any] | None = None,
) -> Trial:
    """Return a trial, ready to be run as a batch.

    strategy: a name, or name(parameter=value, ...); firm: the role's first, by default; rivals: what
    the others of the role follow; settings: by dotted name, as in `agentsim run --set`.
    Raises AgentsimError, in one line.
    """
    scenario = Scenario.load(str((settings or {}).get("scenario", "2025Q4")))
    firms = scenario.firms[role]
    firm = firms[0] if firm is None else firm
    check_known("--firm", firm, firms, f"it must be a {role.replace('_', ' ')} of {scenario.name}")
    tried = str(parse(role, strategy))
    usual = str(parse(role, CALIBRATED.get(firm, BY_ROLE[role])))
    others = [str(parse(role, id)) for id in followed(role)]
    seat = f"lineup.{firm}"
    if seat in (settings or {}):
        raise AgentsimError(
            f"--set {seat} is the seat of the trial; leave it out, or name another --firm"
        )
    experiment = Experiment(
        name=f"trial_{tried.partition('(')[0]}_{firm}",
        runs=runs,
        strategies=list(added.paths()),
        lineup={} if rivals == "calibrated" else {role: str(parse(role, rivals))},
        factors={seat: list(dict.fromkeys([tried, usual, *others]))},
        shocks=[{"kind": "efficiency", "quarter": SHOCK_QUARTER, "factor": 1.0, "diffusion": 0.5}],
        variants=_situations(scenario, role, seat, tried),
        series=[f"{role}.{name}" for name in PATHS[role]],
        series_runs=runs,
    ).changed(settings=settings)
    return Trial(tried, role, firm, usual, experiment)


def _situations(scenario: Scenario, role: str, seat: str, tried: str) -> list[Variant]:
    """Return the situations besides the calm one, with the strategy alone in the seat."""
    boom = {name: scenario.ranges[name].high for name in BOOM if name in scenario.ranges}
    crunch = {
        f"{firm}.{name}": 0.1 * float(scenario.values[f"{firm}.{name}"])
        for firm in scenario.firms["lender"]
        for name in ("funds", "inflow")
    }
    changes: dict[str, dict[str, Any]] = {
        "boom": {"set": boom},
        "rivals escalate": {"lineup": {role: ESCALATING[role]}},
        "efficiency shock": {"set": {"shock.efficiency.factor": SHOCK_FACTOR}},
        "credit crunch": {"set": crunch},
    }
    return [
        Variant(name=name, factors={seat: [tried]}, **change) for name, change in changes.items()
    ]


SITUATIONS = {
    CALM: "the calibration as it stands",
    "boom": "adoption, elasticity and new uses at the upper end of their ranges",
    "rivals escalate": "all its rivals are as fierce as they can be",
    "efficiency shock": f"{SHOCK_FACTOR:g} times as efficient from quarter {SHOCK_QUARTER}",
    "credit crunch": "lenders have a tenth of the funds, and of new money",
}
"""The situations in which a strategy's path is drawn, in words."""


def ranked(trial: Trial, results: Results) -> pd.DataFrame:
    """Return a row a posture, the best first: what it is worth to the firm, and to customers.

    Columns: strategy, rank, rank_low, rank_high, first (probability that it is the best), then value,
    the value's difference to that of the strategy on trial, customers' share and customers' surplus
    beyond what it is with the firm's usual posture, each with 95% interval (name, name_low, name_high).
    Values in $bn, shares of total surplus; differences are paired, run by run.
    """
    import pandas as pd

    value = f"value.{trial.firm}"
    levels = list(results.experiment.factors[trial.seat])
    rows = []
    for level in levels:
        here = {"kind": "main", trial.seat: level}
        known = results.summary(outcomes=[value, "customer_share"], **here).set_index("outcome")
        row: dict[str, Any] = {"strategy": level}
        for name, outcome in (("value", value), ("customer_share", "customer_share")):
            row |= _told(name, known.loc[outcome, ["mean", "low", "high"]])
        row |= _told("difference", _less(results, trial, level, trial.strategy, value))
        row |= _told(
            "customer_surplus", _less(results, trial, level, trial.usual, "customer_surplus")
        )
        rows.append(row)
    found = pd.DataFrame(rows).merge(_ranks(trial, results, levels, value), on="strategy")
    return found.sort_values(["rank", "value"], ascending=[True, False], ignore_index=True)


def _less(results: Results, trial: Trial, level: str, other: str, outcome: str) -> Any:
    """Return the difference between two postures in the seat, with its interval."""
    if level == other:
        return (0.0, 0.0, 0.0)
    found = results.contrast({trial.seat: level}, {trial.seat: other}, outcome, kind="main")
    return found.loc[0, ["difference", "low", "high"]]


def _told(name: str, given: Any) -> dict[str, float]:
    middle, low, high = (float(each) for each in given)
    return {name: middle, f"{name}_low": low, f"{name}_high": high}


def _ranks(trial: Trial, results: Results, levels: list[str], value: str) -> pd.DataFrame:
    """Return the rank of every posture by mean value, with its bootstrap interval over runs.

    Runs that failed under some posture are left out, so that all are ranked by the same luck.
    """
    import pandas as pd

    by = np.array([results.outcome(value, kind="main", **{trial.seat: each}) for each in levels])
    by = by[:, np.isfinite(by).all(axis=0)]
    runs = by.shape[1]
    if runs == 0:
        raise AgentsimError("no run came through under every posture, so that none can be ranked")
    random = np.random.default_rng(results.experiment.entropy)
    weights = random.multinomial(runs, np.full(runs, 1.0 / runs), size=DRAWS) / runs
    means = weights @ by.T
    ranks = 1 + (means[:, None, :] > means[:, :, None]).sum(axis=2)
    whole = by.mean(axis=1)
    low, high = np.percentile(ranks, [2.5, 97.5], axis=0, method="nearest")
    return pd.DataFrame(
        {
            "strategy": levels,
            "rank": 1 + (whole[None, :] > whole[:, None]).sum(axis=1),
            "rank_low": low.astype(int),
            "rank_high": high.astype(int),
            "first": (ranks == 1).mean(axis=0),
        }
    )


def paths(trial: Trial, results: Results) -> pd.DataFrame:
    """Return a row a situation, quarter and series: quartiles over runs of the firm's and its rivals'.

    Columns: situation, quarter, series, p25, p50, p75 and rivals (the median of their mean).
    """
    import pandas as pd

    whose: list[tuple[str, dict[str, Any]]] = [(CALM, {"kind": "main", trial.seat: trial.strategy})]
    whose += [(name, {"variant": name}) for name in SITUATIONS if name != CALM]
    parts = []
    for situation, labels in whose:
        table = results.series(list(PATHS[trial.role]), trial.role, **labels)
        own = table["firm"].eq(trial.firm)
        for name in PATHS[trial.role]:
            part = (
                table[own].groupby("quarter")[name].quantile(np.array([0.25, 0.5, 0.75])).unstack()
            )
            part.columns = ["p25", "p50", "p75"]
            rivals = table[~own].groupby(["run", "quarter"])[name].mean()
            part["rivals"] = rivals.groupby("quarter").median()
            parts.append(part.reset_index().assign(situation=situation, series=name))
    return pd.concat(parts, ignore_index=True)
