"""Payoffs: what each posture earned in each seat and field, read from the results of a tournament."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
from agentsim.tournament.design import MEASURED

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.results import Results
    from agentsim.tournament.design import Tournament

VALUE = "value"
"""What the payoff is called: the value of the firm in the seat, with the run-off, in $bn."""


@dataclass(frozen=True, eq=False)
class Payoffs:
    """What came of every posture in every seat, field and condition, by run.

    Arrays are `(conditions, fields, seats, postures, runs)`; fields are the pure ones, a posture each
    and in its order, then the mixed ones. A run that failed for one posture in a block (a condition, field
    and seat) is NaN for all of them, so that postures are compared on the same runs.
    """

    postures: tuple[str, ...]
    seats: tuple[str, ...]
    fields: tuple[str, ...]
    conditions: tuple[str, ...]
    """In words; one that is empty where nothing is varied."""
    payoff: Array
    customers: Array
    """Consumer surplus, $bn."""
    total: Array
    """Total surplus, $bn."""
    rivals: Array
    """Which share of the rivals follows each posture, `(fields, seats, postures)`."""
    by: str = VALUE
    twins: dict[str, str] = dataclasses.field(default_factory=dict)
    """Postures that earned the same as another to the last bit everywhere, and which: told once."""

    @property
    def pure(self) -> slice:
        """The fields in which all do the same."""
        return slice(0, len(self.postures))

    @property
    def mixed(self) -> slice:
        """The fields that were drawn."""
        return slice(len(self.postures), len(self.fields))

    @cached_property
    def means(self) -> Array:
        """Mean payoffs over runs, `(conditions, fields, seats, postures)`."""
        return over_runs(self.payoff)

    @cached_property
    def scales(self) -> Array:
        """What a seat's payoffs are measured by, `(seats,)`: their mean size, whatever the sign."""
        scales: Array = np.abs(self.means).mean(axis=(0, 1, 3))
        return scales

    @cached_property
    def ahead(self) -> Array:
        """Payoff less the mean over postures in the same seat, field and condition."""
        ahead: Array = self.means - self.means.mean(axis=-1, keepdims=True)
        return ahead

    @cached_property
    def failed(self) -> int:
        """How many runs are not counted, as they, or what they are compared with, failed."""
        return int(np.isnan(self.payoff).sum())


def over_runs(x: Array) -> Array:
    """Return means over runs, the last axis, those that failed left out."""
    there = np.isfinite(x)
    mean: Array = np.where(there, x, 0.0).sum(axis=-1) / there.sum(axis=-1)
    return mean


def payoffs_of(asked: Tournament, results: Results, by: str = VALUE) -> Payoffs:
    """Return the payoffs of a tournament that was run.

    by: an outcome that is the payoff in every seat; otherwise the value of the firm in the seat.
    Raises AgentsimError, one line, if it was not kept, or a posture failed in all runs of a block.
    """
    own = [f"{VALUE}.{seat}" for seat in asked.taken]
    asked.check_by(by)
    rows = results.runs([*dict.fromkeys([*MEASURED, *own, *([] if by == VALUE else [by])])])
    rows = rows[rows["kind"] == "deviation"]
    postures, seats, mixed = tuple(asked.played), tuple(asked.taken), asked.mixed
    fields, conditions, condition = (*postures, *mixed), *_conditions(rows, results.factors)
    places = [condition]
    for column, known in (("others", fields), ("firm", seats), ("own", postures)):
        places.append(_place(rows[column], known))
    at = (*places, rows["run"].to_numpy(np.int64))
    shape = (len(conditions), len(fields), len(seats), len(postures), asked.runs)
    values = np.select(
        [places[2] == place for place in range(len(seats))],
        [rows[each if by == VALUE else by].to_numpy(np.float64) for each in own],
    )
    filled = []
    for name in (None, "customer_surplus", "total_surplus"):
        array = np.full(shape, np.nan)
        array[at] = values if name is None else rows[name].to_numpy(np.float64)
        filled.append(array)
    lost = np.isnan(filled[0]).any(axis=-2, keepdims=True)
    if lost.all(axis=-1).any():
        raise AgentsimError(_hopeless(filled[0], postures, seats, fields))
    payoff, customers, total = (np.where(lost, np.nan, each) for each in filled)
    rivals = _rivals(asked, mixed, seats)
    found = Payoffs(postures, seats, fields, conditions, payoff, customers, total, rivals, by)
    return _without_twins(found)


def _without_twins(x: Payoffs) -> Payoffs:
    """Return payoffs without postures that do the same as an earlier one, whatever they are called.

    Such a posture would share every first place. Rivals who follow it count as following the other.
    """
    twins: dict[int, int] = {}
    for at in range(len(x.postures)):
        for other in range(at):
            same = np.array_equal(x.payoff[..., at, :], x.payoff[..., other, :], equal_nan=True)
            if same and other not in twins:
                twins[at] = other
                break
    kept = [at for at in range(len(x.postures)) if at not in twins]
    if not twins or len(kept) < 2:
        return x
    fields = [*kept, *range(len(x.postures), len(x.fields))]
    payoff, customers, total = (
        each[:, fields][:, :, :, kept] for each in (x.payoff, x.customers, x.total)
    )
    rivals = x.rivals[fields].copy()
    for at, other in twins.items():
        rivals[..., other] += rivals[..., at]
    return Payoffs(
        tuple(x.postures[at] for at in kept), x.seats, tuple(x.fields[at] for at in fields),
        x.conditions, payoff, customers, total, rivals[..., kept], x.by,
        {x.postures[at]: x.postures[other] for at, other in twins.items()},
    )  # fmt: skip


def _place(column: pd.Series[Any], known: tuple[str, ...]) -> Any:
    """Return the place of each row's label among those known."""
    number = {name: place for place, name in enumerate(known)}
    return column.map(number).to_numpy(np.int64)


def _conditions(rows: pd.DataFrame, factors: tuple[str, ...]) -> tuple[tuple[str, ...], Any]:
    """Return the conditions in words, and which each row is of."""
    if not factors:
        return ("",), np.zeros(len(rows), np.int64)
    grouped = rows.groupby(list(factors), sort=False)
    words = []
    for key in grouped.groups:
        levels = key if isinstance(key, tuple) else (key,)
        pairs = zip(factors, levels, strict=True)
        words.append(", ".join(f"{name} = {_level(level)}" for name, level in pairs))
    return tuple(words), grouped.ngroup().to_numpy(np.int64)


def _level(level: Any) -> str:
    return level if isinstance(level, str) else f"{level:g}"


def _rivals(asked: Tournament, mixed: dict[str, dict[str, str]], seats: tuple[str, ...]) -> Array:
    """Return which share of a seat's rivals follows each posture, by field and seat."""
    postures = asked.played
    shares = [np.broadcast_to(row, (len(seats), len(postures))) for row in np.eye(len(postures))]
    for field in mixed.values():
        counts = np.zeros((len(seats), len(postures)))
        for row, seat in enumerate(seats):
            for firm, posture in field.items():
                counts[row, postures.index(posture)] += firm != seat
        shares.append(counts / (len(field) - 1))
    return np.stack(shares)


def _hopeless(
    payoff: Array, postures: tuple[str, ...], seats: tuple[str, ...], fields: tuple[str, ...]
) -> str:
    """Return the line that says which posture failed in all runs of a block, or too many did."""
    lost = np.isnan(payoff).all(axis=-1)
    if not lost.any():
        return "in some fields no run is without a failure; see the column status of outcomes/"
    _, field, seat, posture = (int(each[0]) for each in np.nonzero(lost))
    return (
        f"{postures[posture]} failed in all runs in the seat of {seats[seat]} against {fields[field]}; "
        "take it out of postures"
    )
