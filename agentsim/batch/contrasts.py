"""Contrasts: which cells are compared with which, and the difference of their outcomes.

Either side is a mean over its cells, which count alike (see `clustered`). Run i of a cell is compared
with run i of its match where both met the same luck: what the two add to the error largely cancels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.clustered import Compared, Side
from agentsim.batch.gathered import gather, in_both, read
from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.tables import Tables

Labels = Mapping[str, Any] | int
"""Labels of cells, or the number of one."""
COLUMNS = ["runs_of", "block", "base"]


@dataclass(frozen=True, eq=False)
class Sides:
    """The cells of both sides: whose runs they are, their block and base."""

    a: pd.DataFrame
    b: pd.DataFrame
    matched: bool
    """Whether row i of one is the match of row i of the other."""

    @property
    def paired(self) -> bool:
        """Whether all matches met the same luck."""
        return self.matched and bool(
            np.array_equal(self.a["block"].to_numpy(), self.b["block"].to_numpy())
        )


def contrast(
    tables: Tables,
    sides: Sides,
    outcomes: Sequence[str],
    kept: Sequence[str],
    level: float,
    drawn: bool,
) -> Iterator[dict[str, Any]]:
    """Yield the difference of each outcome between two sides, with its interval.

    kept: all outcomes that there are; drawn: whether cells were drawn, base by base.
    """
    a, b = gather(tables, *(side["runs_of"].to_numpy() for side in (sides.a, sides.b)))
    if len(sides.a) == len(sides.b) == 1:
        drawn = False  # single points are compared by their runs
    elif not sides.matched:
        drawn = True  # points that differ in more than what is asked
    # A cell's only run does not tell what it is off by: cells then stand for draws of what might be.
    loose = drawn or not (a.run.any() or b.run.any())
    if sides.paired:
        a, b = in_both(a, b)
    compared = Compared(
        Side(a.cell, a.keys(sides.a, drawn), len(sides.a)),
        Side(b.cell, b.keys(sides.b, drawn), len(sides.b)),
        sides.paired,
        loose,
    )
    for x, y in read(tables, outcomes, kept, [a, b]):
        yield compared.difference(x, y, level) | {"paired": sides.paired}


def sides_of(
    tables: Tables, a: Labels, b: Labels, labels: Mapping[str, Any], factorial: bool
) -> Sides:
    """Return the cells to compare.

    labels: what both sides have; factorial: whether every combination of levels is there. Where it is
    not, points need have no match, and all of a are compared with all of b.
    """
    one, other = (
        tables.cells_with({**labels, **each}) if isinstance(each, Mapping) else tables.cell(each)
        for each in (a, b)
    )
    alike: list[str] = []
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        # A variant is no match for a main cell, unless that is what is asked. The kind goes by these.
        alike = [name for name in tables.labels if name not in {*a, *b, "kind"}]
    one, other = (each[[*COLUMNS, *alike]] for each in (one, other))
    if not alike:
        if len(one) == len(other) == 1:
            return Sides(one, other, matched=True)
        raise AgentsimError(
            f"contrast: {len(one)} cells against {len(other)} with nothing to match them by; "
            "name one cell on each side"
        )
    once = not one.duplicated(alike).any() and not other.duplicated(alike).any()
    if factorial or once:
        pairs = one.merge(other, on=alike, suffixes=("", "_b"))
        if len(pairs):
            second = pairs[[f"{name}_b" for name in COLUMNS]].set_axis(COLUMNS, axis=1)
            return Sides(pairs[COLUMNS], second, matched=True)
        if factorial:
            raise AgentsimError(
                "contrast: no cell of a and cell of b agree in all other labels; name more of them"
            )
    if one["block"].nunique() < one["base"].nunique():
        raise AgentsimError(
            "contrast: points that share their luck, and of which none agree in all other labels, "
            "have no honest interval; leave luck out of the experiment, or give points that match"
        )
    return Sides(one, other, matched=False)
