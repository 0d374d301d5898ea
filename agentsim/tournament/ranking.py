"""Ranking: who does best against fields that are drawn, how surely, and how it fares in the worst.

Postures are compared within a seat and field, where they meet the same rivals and the same luck: what
each is ahead of the mean over postures there. Means are over mixed fields, which are drawn from all
the fields that the postures make; the interval is Student's t over fields, so that it covers which fields
were drawn and what luck they met. It does not cover what the fields are drawn from, nor the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import RESAMPLES, resamples
from agentsim.batch.moments import student
from agentsim.laws.numerics import Array
from agentsim.tournament.payoffs import Payoffs

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95


def ranking(x: Payoffs) -> pd.DataFrame:
    """Return a row a posture, the best first, over all conditions and in each of them if several.

    Columns: condition; rank; posture; payoff: mean; ahead, low, high: of the mean over postures in
    the same seat and field; relative, relative_low, relative_high: the same over the seat's scale;
    first: how often it is first when fields are drawn again.
    """
    import pandas as pd

    parts = [_ranked(x, "all", slice(None))]
    if len(x.conditions) > 1:
        parts += [_ranked(x, name, slice(at, at + 1)) for at, name in enumerate(x.conditions)]
    return pd.concat(parts, ignore_index=True)


def _ranked(x: Payoffs, condition: str, where: slice) -> pd.DataFrame:
    """Return the ranking over some conditions."""
    import pandas as pd

    ahead = x.ahead[where, x.mixed]
    by_field = ahead.mean(axis=(0, 2))
    relative = (ahead / x.scales[:, None]).mean(axis=(0, 2))
    mean, low, high = over_fields(by_field)
    part, part_low, part_high = over_fields(relative)
    table = pd.DataFrame(
        {
            "condition": condition, "posture": x.postures,
            "payoff": x.means[where, x.mixed].mean(axis=(0, 1, 2)),
            "ahead": mean, "low": low, "high": high,
            "relative": part, "relative_low": part_low, "relative_high": part_high,
            "first": chance_of_first(by_field),
        }
    )  # fmt: skip
    table = table.sort_values("ahead", ascending=False, kind="stable", ignore_index=True)
    table.insert(1, "rank", np.arange(1, len(table) + 1))
    return table


def over_fields(by_field: Array, level: float = LEVEL) -> tuple[Array, Array, Array]:
    """Return means over fields with their intervals, `(postures,)` each, of `(fields, postures)`."""
    n = len(by_field)
    mean = by_field.mean(axis=0)
    error = by_field.std(axis=0, ddof=1) / np.sqrt(n)
    half = student(n, level) * error
    return mean, mean - half, mean + half


def chance_of_first(by_field: Array) -> Array:
    """Return in which share of resamples of the fields each posture has the highest mean."""
    best = np.argmax(resamples(len(by_field)) @ by_field, axis=1)
    share: Array = np.bincount(best, minlength=by_field.shape[1]) / RESAMPLES
    return share


def robustness(x: Payoffs) -> pd.DataFrame:
    """Return a row a posture, the least regretted first, over all fields, pure and mixed.

    Regret is what the best posture earns more in the same seat, field and condition. Columns: best: share
    of these blocks in which it is best, best_mixed and best_pure of those alone; regret, its mean over
    blocks; worst_regret, in worst_seat and worst_field; relative_regret, its mean over the seat's
    scale; worst_ahead: the least that it is ahead of the mean over postures in any field, over seats.
    """
    import pandas as pd

    regret = x.means.max(axis=-1, keepdims=True) - x.means
    best = x.means.argmax(axis=-1)
    ahead = x.ahead.mean(axis=(0, 2))
    rows = []
    for at, posture in enumerate(x.postures):
        own = regret[..., at].mean(axis=0)
        field, seat = np.unravel_index(int(own.argmax()), own.shape)
        rows.append(
            {
                "posture": posture,
                "best": float((best == at).mean()),
                "best_mixed": float((best[:, x.mixed] == at).mean()),
                "best_pure": float((best[:, x.pure] == at).mean()),
                "regret": float(own.mean()),
                "relative_regret": float((own / x.scales).mean()),
                "worst_regret": float(own.max()),
                "worst_seat": x.seats[int(seat)],
                "worst_field": x.fields[int(field)],
                "worst_ahead": float(ahead[:, at].min()),
                "worst_ahead_field": x.fields[int(ahead[:, at].argmin())],
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values("regret", kind="stable", ignore_index=True)
