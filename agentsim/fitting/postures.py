"""Postures: which strategy fits the path of each firm best, and how much better than the next.

A hyperscaler's path is its capex, the leading chip vendor's its gross margin.

One firm at a time follows each candidate while the others keep theirs; the best is kept, and so on
round the firms until nobody changes. All candidates meet the same draws and the same luck, so that
they are compared run by run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim import batch
from agentsim.backtest.history import Known, number_of
from agentsim.backtest.measures import FOUR, MEASURES, tables_of
from agentsim.backtest.testing import FITTED_UNTIL
from agentsim.batch.design import Experiment
from agentsim.laws.numerics import Array
from agentsim.lineup import CALIBRATED
from agentsim.strategy.registry import followed

if TYPE_CHECKING:
    import pandas as pd

STEPS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Up to a half, and no further: what seven quarters of rationed chips do not tell apart would have a
firm's capex jump where chips are not rationed (see docs/decisions.md)."""
HYPERSCALERS = (
    *("restrain", "match", *(f"escalate(step={step:g})" for step in STEPS)),
    *("best_response", "competitive", "cartel", "scaled(multiple=2)"),
)
VENDORS = (
    "best_response",
    *(
        f"hold_margin(margin_change={change:g}, pace={pace:g})"
        for change in (0, 0.05, 0.08, 0.1, 0.12, 0.14)
        for pace in (0.25, 0.5, 0.75, 1)
    ),
    *(
        f"scarcity(response={response:g}, floor_margin={floor:g})"
        for response in (0.05, 0.1, 0.25, 0.5)
        for floor in (0.4, 0.6, 0.7)
    ),
)
LEADER = "nvidia"
CANDIDATES = {**dict.fromkeys(FOUR, HYPERSCALERS), LEADER: VENDORS}
"""What each firm is tried with. Of other firms no path of quarters until 2024 is known."""
Candidates = Mapping[str, Sequence[str]]
SERIES = (
    *("capex", "hyperscaler.capex", "hyperscaler.other_capex"),
    *("chip_vendor.unit_cost", "chip_vendor.price"),
)
MOST_ROUNDS = 6
HARDLY = 0.02
"""By so much less must a candidate be off for a firm to change, or firms would go in circles."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was found."""

    lineup: dict[str, str]
    """The posture of each firm that facts are known of."""
    table: pd.DataFrame
    """A row a firm and candidate, the others following `lineup`: see `columns`."""
    rounds: int
    settled: bool
    """Whether nobody changed in the last round."""


COLUMNS = {
    "firm": "who follows it",
    "strategy": "the candidate",
    "kind": "its id",
    "misfit": "root mean square of what is off until 2024, median over runs: capex in logs, margin",
    "bias": "mean of the same, median over runs: above 0 is too much",
    "wins": "share of runs in which the best candidate of another strategy is further off",
    "best": "whether it is the firm's best",
}


def with_library() -> Candidates:
    """Return CANDIDATES and beside them every other strategy of the library, with its defaults."""
    found = {}
    for firm, named in CANDIDATES.items():
        known = {each.partition("(")[0] for each in named}
        others = followed("chip_vendor" if firm == LEADER else "hyperscaler")
        found[firm] = (*named, *(id for id in others if id not in known))
    return found


def fit_postures(
    experiment: Experiment,
    facts: Sequence[Known],
    folder: Path,
    workers: int | None = None,
    say: Callable[[str], None] = lambda line: None,
    candidates: Candidates | None = None,
) -> Fitted:
    """Return the posture that fits each firm best, the others following theirs.

    candidates: what each firm is tried with; CANDIDATES by default.
    """
    import pandas as pd

    tried = CANDIDATES if candidates is None else candidates
    lineup = {firm: _follows(experiment, firm) for firm in tried}
    rounds, settled, misfits = 0, False, {}
    while not settled and rounds < MOST_ROUNDS:
        settled, rounds = True, rounds + 1
        for firm in tried:
            place = folder / f"round-{rounds}-{firm}"
            found = misfits[firm] = _tried(
                experiment, facts, firm, tried[firm], lineup, place, workers
            )
            best = _better(found, lineup[firm])
            say(f"round {rounds}: {firm} follows {best}, off by {np.median(found[best][0]):.1%}")
            settled &= best == lineup[firm]
            lineup[firm] = best
    rows = [row for firm in tried for row in _rows(firm, lineup[firm], misfits[firm])]
    return Fitted(lineup, pd.DataFrame(rows, columns=list(COLUMNS)), rounds, settled)


def _better(found: dict[str, tuple[Array, Array]], now: str) -> str:
    """Return the candidate that is off least, or the present one if it is hardly worse."""
    off = {each: float(np.median(x[0])) for each, x in found.items()}
    best = min(off, key=lambda each: off[each])
    return now if off.get(now, np.inf) <= (1.0 + HARDLY) * off[best] else best


def _follows(experiment: Experiment, firm: str) -> str:
    given, role = experiment.lineup, "chip_vendor" if firm == LEADER else "hyperscaler"
    return given.get(firm, given.get(role, CALIBRATED[firm]))


def _tried(
    experiment: Experiment,
    facts: Sequence[Known],
    firm: str,
    candidates: Sequence[str],
    lineup: dict[str, str],
    folder: Path,
    workers: int | None,
) -> dict[str, tuple[Array, Array]]:
    """Return misfit and bias of each candidate in each run, the others following the lineup."""
    name = f"lineup.{firm}"
    others = {**experiment.lineup, **lineup}
    others.pop(firm)
    asked = Experiment(
        **experiment.model_dump()
        | {
            "name": folder.name, "lineup": others, "factors": {name: list(candidates)},
            "series": list(SERIES), "series_runs": experiment.runs, "outcomes": ["capex"],
        }
    )  # fmt: skip
    results = batch.run(asked, folder, workers, progress=False, say=lambda line: None)
    found = {}
    series = "gross_margin" if firm == LEADER else "company_capex"
    for each in candidates:
        path = MEASURES[series](tables_of(results, SERIES, **{name: each}), firm)
        found[each] = _misfit(path.unstack("quarter"), facts, series, firm, asked.scenario)
    return found


def _misfit(
    path: pd.DataFrame, facts: Sequence[Known], series: str, firm: str, base: str
) -> tuple[Array, Array]:
    """Return root mean square and mean of how far a path is off, by run: in logs if not a margin."""
    first, last = number_of(base), number_of(FITTED_UNTIL)
    apart = []
    for each in facts:
        if (each.series, each.firm) == (series, firm) and first < number_of(each.quarter) <= last:
            x = path[number_of(each.quarter) - first].to_numpy(np.float64)
            apart.append(x - each.value if firm == LEADER else np.log(x / each.value))
    return np.sqrt(np.mean(np.square(apart), axis=0)), np.mean(apart, axis=0)


def _rows(firm: str, best: str, found: dict[str, tuple[Array, Array]]) -> list[tuple[object, ...]]:
    """Return the rows of a firm, best candidate first."""
    order = sorted(found, key=lambda each: float(np.median(found[each][0])))
    rows: list[tuple[object, ...]] = []
    for each in order:
        kind = each.partition("(")[0]
        other = next(one for one in order if one.partition("(")[0] != kind)
        wins = float(np.mean(found[each][0] < found[other][0]))
        misfit, bias = (float(np.median(x)) for x in found[each])
        rows.append((firm, each, kind, misfit, bias, wins, each == best))
    return rows


def as_good(rows: pd.DataFrame) -> list[str]:
    """Return the other candidates of a firm that are hardly further off than the best: see HARDLY.

    rows: those of one firm in the table.
    """
    least = float(rows["misfit"].min())
    return [
        strategy
        for strategy, misfit, best in zip(
            rows["strategy"], rows["misfit"], rows["best"], strict=True
        )
        if misfit <= (1.0 + HARDLY) * least and not best
    ]
