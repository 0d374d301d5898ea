"""Customers: what they have of a posture, in one seat among others and when all follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import quantiles, resamples
from agentsim.laws.numerics import Array
from agentsim.tournament.payoffs import Payoffs, over_runs
from agentsim.tournament.ranking import chance_of_first, over_fields

if TYPE_CHECKING:
    import pandas as pd


def customers(x: Payoffs) -> pd.DataFrame:
    """Return a row a posture, by what customers gain where it is in a seat, the most first.

    Columns: surplus, low, high: consumer surplus, $bn, less its mean over postures in the same seat
    and field, with an interval as a ranking's; first: how often it is first when fields are drawn
    again; share, share_low, share_high: customers' part of total surplus, over mixed fields, less that
    of all postures together; total: total surplus, $bn, likewise. all_surplus, all_share, all_total: where
    all firms follow it; all_ahead, all_low, all_high: all_surplus less its mean over postures, with
    an interval over runs.
    """
    import pandas as pd

    surplus, total = over_runs(x.customers), over_runs(x.total)
    both = [each[:, x.mixed].mean(axis=(0, 2)) for each in (surplus, total)]
    gained = both[0] - both[0].mean(axis=-1, keepdims=True)
    mean, low, high = over_fields(gained)
    share, share_low, share_high = _shares(*both)
    every = _all_alike(x)
    table = pd.DataFrame(
        {
            "posture": x.postures, "surplus": mean, "low": low, "high": high,
            "first": chance_of_first(gained),
            "share": share, "share_low": share_low, "share_high": share_high,
            "total": (both[1] - both[1].mean(axis=-1, keepdims=True)).mean(axis=0),
            **every,
        }
    )  # fmt: skip
    return table.sort_values("surplus", ascending=False, kind="stable", ignore_index=True)


def _shares(part: Array, whole: Array) -> tuple[Array, Array, Array]:
    """Return shares less that of all postures together, with bootstrap intervals over fields.

    part, whole: `(fields, postures)`. A share is a ratio of means.
    """
    weights = np.concatenate([np.ones((1, len(part))), resamples(len(part))])
    above, below = weights @ part, weights @ whole
    apart = above / below - above.sum(axis=1, keepdims=True) / below.sum(axis=1, keepdims=True)
    low, high = quantiles(apart[1:].T, [0.025, 0.975])
    return apart[0], low, high


def _all_alike(x: Payoffs) -> dict[str, Array]:
    """Return what customers have where all follow the same, compared run by run."""
    postures = np.arange(len(x.postures))
    # Where a firm follows what all others do, its seat does not matter.
    surplus, total = (each[:, postures, 0, postures] for each in (x.customers, x.total))
    there = np.isfinite(surplus).all(axis=(0, 1))
    by_run = surplus[..., there].mean(axis=0)
    mean, low, high = over_fields((by_run - by_run.mean(axis=0)).T)
    means, totals = by_run.mean(axis=1), total[..., there].mean(axis=(0, 2))
    return {
        "all_surplus": means, "all_ahead": mean, "all_low": low, "all_high": high,
        "all_share": means / totals, "all_total": totals,
    }  # fmt: skip
