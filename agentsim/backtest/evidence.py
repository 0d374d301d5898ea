"""Evidence: the batches that regularities are judged by, and what is read from them.

One batch is the backtest itself. The other is the same market twice, with and without an efficiency
shock; the experiment `backtest_shock` says which, and all else is taken from the backtest, so that
the two cannot come apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.measures import tables_of
from agentsim.backtest.regularities import (
    BASE,
    LAST,
    NEEDED,
    NEEDED_OF_SHOCK,
    REGULARITIES,
    Evidence,
)
from agentsim.backtest.testing import standing
from agentsim.backtest.verdicts import judged, rules
from agentsim.batch.design import Experiment
from agentsim.errors import AgentsimError
from agentsim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.results import Results

SHOCK = "backtest_shock"
FACTOR = "shock.efficiency.factor"
MARKET = ("scenario", "runs", "entropy", "uncertainty", "horizon", "lineup", "set", "series_runs")
"""What the batch with a shock takes from the backtest."""


def check(design: Experiment) -> None:
    """Refuse an experiment that the regularities cannot be read from. Raises AgentsimError."""
    if design.scenario != BASE or design.horizon < number_of(LAST) - number_of(BASE):
        raise AgentsimError(
            f"{design.name}: regularities are of {BASE} to {LAST}; give scenario = {BASE!r} and "
            f"a horizon of {number_of(LAST) - number_of(BASE)} or more"
        )
    missing = [each for each in NEEDED if each not in design.series]
    if missing:
        raise AgentsimError(f"series of {design.name} lacks {', '.join(missing)}; add them")


def with_shock(design: Experiment) -> Experiment:
    """Return the experiment that meets the same market with and without an efficiency shock."""
    tables = Experiment.read(SHOCK).to_dict()
    given = design.model_dump()
    return Experiment(**tables | {name: given[name] for name in MARKET})


def evidence(results: Results, shock: Results, facts: Sequence[Known]) -> Evidence:
    """Return what the figures are worked out from. Raises AgentsimError, one line."""
    calm, shocked = (
        tables_of(shock, NEEDED_OF_SHOCK, **{FACTOR: level}) for level in _levels(shock)
    )
    plain = standing(facts, tables_of(results, NEEDED), results.experiment.scenario)
    return Evidence(plain, calm, shocked, _parameters(results))


def regular(e: Evidence) -> pd.DataFrame:
    """Return the table of all regularities, a row a figure."""
    return judged(
        rules(),
        title=lambda number: REGULARITIES[number][0],
        figures=lambda number: REGULARITIES[number][1](e),
    )


def _levels(shock: Results) -> list[float]:
    """Return the size of no shock, 1, and that of the shock."""
    return sorted(shock.cells[FACTOR].unique())


def _parameters(results: Results) -> Callable[[str], pd.Series[float]]:
    """Return a function that gives a parameter by run: what was drawn, otherwise what is set."""
    import pandas as pd

    design = results.experiment
    scenario = Scenario.load(design.scenario).replace(design.set)
    drawn = results.draws.set_index("run") if design.uncertainty != "none" else pd.DataFrame()

    def parameter(name: str) -> pd.Series[float]:
        if name in drawn:
            return drawn[name]
        return pd.Series(scenario[name], index=pd.RangeIndex(design.runs, name="run"), dtype=float)

    return parameter
