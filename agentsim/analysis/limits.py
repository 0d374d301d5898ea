"""Limits of a box: along each dimension numbers from one to another, or some of its texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Limits = tuple[float, float] | tuple[str, ...]
"""The least and the greatest number within a box, or the texts within it."""
Bools = NDArray[np.bool_]


def is_text(limits: Limits) -> bool:
    """Say whether the limits of a dimension are the texts within it."""
    return isinstance(limits[0], str)


def is_number(column: pd.Series[Any]) -> bool:
    """Say whether a condition is a number; a truth is not."""
    kind = column.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)


def span(limits: Limits) -> tuple[float, float]:
    """Return the least and the greatest number of limits that are numbers."""
    low, high = limits
    return float(low), float(high)


def full_range(column: pd.Series[Any]) -> Limits:
    """Return the least and the greatest number of a condition, or its texts."""
    if is_number(column):
        return float(column.min()), float(column.max())
    return tuple(sorted(set(column.astype(str))))


def inside(x: pd.DataFrame, limits: Mapping[str, Limits]) -> Bools:
    """Return which rows of conditions lie within limits."""
    within: Bools = np.ones(len(x), dtype=np.bool_)
    for name, each in limits.items():
        column = x[name]
        if is_text(each):
            within = within & column.astype(str).isin(each).to_numpy()
        else:
            within = within & column.between(*span(each)).to_numpy()
    return np.asarray(within, dtype=np.bool_)
