"""Moments: what a mean, or a ratio of means, and its interval are worked out from.

With e_i = x_i - R y_i, R the ratio of the means of x and y, the variance of R is var(e) / (n my^2);
where all y are 1 it is that of a mean. Moments of parts add up to those of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from agentsim.batch.cells import Column, Numbers
from agentsim.laws.numerics import Array


@dataclass
class Moments:
    """Count, means, and sums of squares about them, of pairs (x, y); y is 1 where it is not given."""

    n: Array
    mx: Array
    my: Array
    xx: Array
    yy: Array
    xy: Array

    @staticmethod
    def none(size: int) -> Moments:
        """Return the moments of nothing."""
        return Moments(*(np.zeros(size) for _ in range(6)))

    @staticmethod
    def of(x: Array, y: Array | None, place: Column, size: int) -> Moments:
        """Return the moments of what lies at each place; what is not finite is left out."""
        fine = finite(x, y)
        if not fine.all():
            x, place = x[fine], place[fine]
            y = None if y is None else y[fine]
        if size == 1:
            return Moments._of_one(x, y)
        n = np.bincount(place, minlength=size).astype(np.float64)
        some = np.maximum(n, 1.0)
        mx = np.bincount(place, x, size) / some
        dx = x - mx[place]
        xx = np.bincount(place, dx * dx, size)
        if y is None:
            zero = np.zeros(size)
            return Moments(n, mx, np.ones(size), xx, zero, zero)
        my = np.bincount(place, y, size) / some
        dy = y - my[place]
        return Moments(
            n, mx, my, xx, np.bincount(place, dy * dy, size), np.bincount(place, dx * dy, size)
        )

    @staticmethod
    def _of_one(x: Array, y: Array | None) -> Moments:
        """Return the moments of all at one place."""
        n = len(x)

        def centred(given: Array) -> tuple[float, Array]:
            mean = float(given.sum()) / max(n, 1)
            return mean, given - mean

        mx, dx = centred(x)
        my, dy = (1.0, np.zeros(1)) if y is None else centred(y)
        squares = (float((a * b).sum()) for a, b in ((dx, dx), (dy, dy)))
        both = 0.0 if y is None else float((dx * dy).sum())
        found = [float(n), mx, my, *squares, both]
        return Moments(*(np.array([each]) for each in found))

    @staticmethod
    def one_by_one(
        values: Callable[[], Iterable[tuple[Column, Array, Array | None]]], size: int
    ) -> Moments:
        """Return moments whose sums are taken value by value, however values are cut into pieces.

        values: gives place, x and y piece by piece, each time that it is asked.
        """
        found = Moments.none(size)

        def pieces() -> Iterator[tuple[Column, Array, Array]]:
            for place, x, y in values():
                fine = finite(x, y)
                yield place[fine], x[fine], np.ones(fine.sum()) if y is None else y[fine]

        for place, x, y in pieces():  # np.add.at adds in order, and onto what is there
            np.add.at(found.n, place, 1.0)
            np.add.at(found.mx, place, x)
            np.add.at(found.my, place, y)
        some = np.maximum(found.n, 1.0)
        found.mx /= some
        found.my /= some
        for place, x, y in pieces():
            dx, dy = x - found.mx[place], y - found.my[place]
            for sums, product in ((found.xx, dx * dx), (found.yy, dy * dy), (found.xy, dx * dy)):
                np.add.at(sums, place, product)
        return found

    def add(self, place: Column, other: Moments) -> None:
        """Take in the moments of more, at some places: as if all had been there from the start."""
        n = self.n[place] + other.n
        share = other.n / np.maximum(n, 1.0)
        gx, gy = other.mx - self.mx[place], other.my - self.my[place]
        both = self.n[place] * share
        self.xx[place] += other.xx + gx * gx * both
        self.yy[place] += other.yy + gy * gy * both
        self.xy[place] += other.xy + gx * gy * both
        self.mx[place] += gx * share
        self.my[place] += gy * share
        self.n[place] = n

    def take(self, places: Numbers) -> Moments:
        """Return the moments of some places, in that order."""
        return Moments(*(getattr(self, item.name)[places] for item in fields(self)))

    def interval(self, level: float) -> tuple[Array, Array]:
        """Return the ratio of the means, and half the width of its interval; NaN of nothing."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(self.n > 0, self.mx / self.my, np.nan)
            squares = self.xx - 2.0 * value * self.xy + value * value * self.yy
            variance = np.maximum(squares, 0.0) / ((self.n - 1.0) * self.n * self.my * self.my)
            return value, student(self.n, level) * np.sqrt(variance)


def finite(x: Array, y: Array | None) -> Column:
    """Say where both are numbers."""
    return np.isfinite(x) if y is None else np.isfinite(x) & np.isfinite(y)


def student(n: Any, level: float) -> Array:
    """Return Student's t for an interval of so many independent parts; NaN for fewer than two."""
    from scipy.special import stdtrit

    count = np.asarray(n, dtype=np.float64)
    return np.where(count > 1, stdtrit(np.maximum(count - 1.0, 1.0), 0.5 + level / 2.0), np.nan)
