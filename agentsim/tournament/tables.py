"""Tables: all that a tournament found, and the files in which it is left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agentsim.printing import write_tables
from agentsim.tournament.customers import customers
from agentsim.tournament.matching import pairwise
from agentsim.tournament.payoffs import VALUE, Payoffs, payoffs_of
from agentsim.tournament.ranking import ranking, robustness
from agentsim.tournament.survival import Survival, survival

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.results import Results
    from agentsim.tournament.design import Tournament

FOLDER = "tournament"
"""Where the tables are, in the folder of results."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a tournament found."""

    asked: Tournament
    payoffs: Payoffs
    ranking: pd.DataFrame
    robustness: pd.DataFrame
    customers: pd.DataFrame
    pairwise: pd.DataFrame
    survival: list[Survival]
    """By either way of telling fitness, the one first that tells mixed fields better."""

    @property
    def overall(self) -> pd.DataFrame:
        """The ranking over all conditions."""
        return self.ranking[self.ranking["condition"] == "all"]


def found(asked: Tournament, results: Results, by: str = VALUE) -> Found:
    """Return what a tournament that was run has found.

    by: an outcome to rank by instead of the value of the firm in the seat.
    Raises AgentsimError, one line, as `payoffs_of` does.
    """
    x = payoffs_of(asked, results, by)
    return Found(
        asked, x, ranking(x), robustness(x), customers(x), pairwise(x),
        survival(x, asked.population, asked.entropy),
    )  # fmt: skip


def write(x: Found, folder: Path) -> list[Path]:
    """Write the tables as CSV into a folder, which is made, and return their paths."""
    return write_tables(_tables(x), folder)


def _tables(x: Found) -> dict[str, pd.DataFrame]:
    """Return the tables by name."""
    return {
        "ranking": x.ranking,
        "robustness": x.robustness,
        "customers": x.customers,
        "pairwise": x.pairwise,
        "blocks": _blocks(x.payoffs),
        "fields": _fields(x.asked),
        "survival": _both(x, "survives"),
        "basins": _both(x, "basins"),
        "paths": _paths(x),
    }


def _both(x: Found, name: str) -> pd.DataFrame:
    """Return a table of survival by either way of telling fitness."""
    import pandas as pd

    parts = []
    for each in x.survival:
        table: pd.DataFrame = getattr(each, name).copy()
        table.insert(0, "fitness", each.fitness.kind)
        table.insert(1, "r_squared", each.fitness.r_squared)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _paths(x: Found) -> pd.DataFrame:
    """Return mean shares through time, a row a time and posture."""
    import pandas as pd

    parts = []
    for each in x.survival:
        kinds = (
            ("replicator", each.times, each.shares),
            ("players", each.generations, each.players),
        )
        for process, times, shares in kinds:
            wide = pd.DataFrame(shares, columns=list(each.postures))
            wide.insert(0, "time", times)
            long = wide.melt("time", var_name="posture", value_name="share")
            long.insert(0, "process", process)
            long.insert(0, "fitness", each.fitness.kind)
            parts.append(long)
    return pd.concat(parts, ignore_index=True)


def _blocks(x: Payoffs) -> pd.DataFrame:
    """Return mean payoffs, a row a condition, field, seat and posture."""
    import pandas as pd

    index = pd.MultiIndex.from_product(
        [x.conditions, x.fields, x.seats, x.postures],
        names=["condition", "field", "seat", "posture"],
    )
    table = pd.DataFrame({"payoff": x.means.ravel(), "ahead": x.ahead.ravel()}, index=index)
    return table.reset_index()


def _fields(asked: Tournament) -> pd.DataFrame:
    """Return who follows what in the mixed fields."""
    import pandas as pd

    rows = [
        (name, firm, posture)
        for name, field in asked.mixed.items()
        for firm, posture in field.items()
    ]
    return pd.DataFrame(rows, columns=["field", "firm", "posture"])
