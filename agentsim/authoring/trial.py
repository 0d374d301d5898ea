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
from agentsim.batch.intervals import LEVEL, resamples
from agentsim.batch.moments import Moments
from agentsim.errors import AgentsimError, check_known
from agentsim.laws.numerics import Array
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
    if runs < 2:
        raise AgentsimError(
            f"--runs {runs} leaves nothing to tell an interval from; give 2 or more"
        )
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
    "rivals escalate": "all its rivals outspend, undercut, expand or loosen",
    "efficiency shock": f"{SHOCK_FACTOR:g} times as efficient from quarter {SHOCK_QUARTER}",
    "credit crunch": "lenders have a tenth of the funds, and of new money",
}
"""The situations in which a strategy's path is drawn, in words."""


def ranked(trial: Trial, results: Results) -> pd.DataFrame:
    """Return a row a posture, the best first: what it is worth to the firm, and to customers.

    Columns: strategy, runs (that came through with it), rank, rank_low, rank_high, first (probability
    that it is the best), then value, the value's difference to that of the strategy on trial,
    customers' share and customers' surplus beyond what it is with the firm's usual posture, each with
    95% interval (name, name_low, name_high). Values in $bn, shares of total surplus.

    All is told of the runs that came through under every posture, so that all meet the same luck. A
    posture under which more than half fail, other than that on trial, is left out of it: its row
    has runs alone. Raises AgentsimError, in one line, if fewer than two runs are left.
    """
    import pandas as pd

    levels = list(results.experiment.factors[trial.seat])
    names = [f"value.{trial.firm}", "customer_surplus", "total_surplus"]
    by = {each: _outcomes(results, names, {"kind": "main", trial.seat: each}) for each in levels}
    came = {each: np.isfinite(x).all(axis=0) for each, x in by.items()}
    counted = [
        each for each in levels if each == trial.strategy or 2 * came[each].sum() >= len(came[each])
    ]
    common = np.logical_and.reduce([came[each] for each in counted])
    if common.sum() < 2:
        raise AgentsimError(_why_none(trial, results, came))
    kept = {each: by[each][:, common] for each in counted}
    usual = kept.get(trial.usual, kept[trial.strategy])
    rows = []
    for level, (value, surplus, total) in kept.items():
        row = {"strategy": level, "runs": int(came[level].sum())}
        row |= _mean("value", value) | _mean("customer_share", surplus, total)
        row |= _mean("difference", value - kept[trial.strategy][0])
        row |= _mean("customer_surplus", surplus - usual[1])
        rows.append(row)
    ranks = _ranks({each: x[0] for each, x in kept.items()})
    found = pd.DataFrame(rows).merge(ranks, on="strategy")
    found = found.sort_values(["rank", "value"], ascending=[True, False], ignore_index=True)
    rest = [
        {"strategy": each, "runs": int(came[each].sum())} for each in levels if each not in kept
    ]
    return pd.concat([found, pd.DataFrame(rest)], ignore_index=True) if rest else found


def _outcomes(results: Results, names: list[str], labels: dict[str, Any]) -> Array:
    """Return outcomes of a cell, `(outcomes, runs)`; NaN where a run failed."""
    rows = results.runs(names, **labels).sort_values("run")
    return np.array([np.asarray(rows[name], dtype=np.float64) for name in names])


def _why_none(trial: Trial, results: Results, came: Mapping[str, Any]) -> str:
    """Return the line that says why there is nothing to rank by."""
    own = int(came[trial.strategy].sum())
    text = f"only {own} of {len(came[trial.strategy])} runs came through with {trial.strategy}"
    statuses = results.runs(kind="main", **{trial.seat: trial.strategy})["status"]
    failed = statuses[statuses.ne("ok")]
    why = f": {failed.iloc[0]}" if len(failed) else ""
    return f"{text}{why}; give --runs 2 or more, and see agentsim strategies check"


def _mean(name: str, x: Array, over: Array | None = None) -> dict[str, float]:
    """Return a mean over runs, or a ratio of means, with its interval."""
    moments = Moments.of(x, over, np.zeros(len(x), np.int64), 1)
    middle, half = (float(each[0]) for each in moments.interval(LEVEL))
    return {name: middle, f"{name}_low": middle - half, f"{name}_high": middle + half}


def _ranks(values: Mapping[str, Array]) -> pd.DataFrame:
    """Return the rank of every posture by mean value, with its bootstrap interval over runs.

    values: by posture, `(runs,)`, of the same luck.
    """
    import pandas as pd

    by = np.array(list(values.values()))
    runs = by.shape[1]
    means = resamples(runs) @ by.T / runs
    ranks = 1 + (means[:, None, :] > means[:, :, None]).sum(axis=2)
    whole = by.mean(axis=1)
    low, high = np.percentile(ranks, [2.5, 97.5], axis=0, method="nearest")
    return pd.DataFrame(
        {
            "strategy": list(values),
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
