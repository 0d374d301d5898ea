"""Labels of marks: names beside the marks of a scatter, where they cover nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report.style import INK, PAPER, SMALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    Box = tuple[float, float, float, float]


def label_marks(panel: Axes, table: pd.DataFrame, labels: list[str]) -> None:
    """Put names beside marks, each at the nearest place where it covers nothing.

    The figure is laid out already: where letters are is known only then.
    """
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Bbox

    figure: Any = panel.figure
    renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else None
    place = panel.transData.transform
    marks = place(table[["mu_star", "sigma"]].to_numpy(dtype=np.float64))
    per_point = figure.dpi / 72.0
    taken: list[Box] = [_around(mark, 4.0 * per_point) for mark in marks]
    for low, high, level in table[["mu_star_low", "mu_star_high", "sigma"]].to_numpy():
        (x0, y), (x1, _) = place([(low, level), (high, level)])
        taken.append((x0, y - 2.0, x1, y + 2.0))
    taken += [_extent(text, renderer) for text in panel.texts]
    frame = _extent(panel, renderer)
    for mark, label in zip(marks, labels, strict=True):
        text = panel.text(0.0, 0.0, label, fontsize=SMALL, color=INK, ha="center", va="center")
        size = Bbox(text.get_window_extent(renderer)).size
        spot = _free_spot(mark, size, per_point, taken, frame)
        text.set_position(tuple(panel.transData.inverted().transform(spot)))
        text.set(zorder=6, path_effects=[withStroke(linewidth=2.0, foreground=PAPER)])
        taken.append(_sized(spot, size))
        _leader(panel, mark, spot, size, per_point)


def _free_spot(mark: Any, size: Any, per_point: float, taken: list[Box], frame: Box) -> Any:
    """Return the middle of the nearest free place for a label within a frame, in pixels."""
    best, least = mark, np.inf
    for gap in np.arange(5.0, 120.0, 4.0) * per_point:
        for angle in np.radians([0, 30, -30, 60, -60, 90, -90, 150, -150, 180]):
            way = np.array([np.cos(angle), np.sin(angle)])
            spot = mark + way * (gap + np.asarray(size) / 2.0)
            box = _sized(spot, size)
            out = _overlap(box, frame) < 0.999 * size[0] * size[1]
            covered = sum(_overlap(box, each) for each in taken) + 1e9 * out
            if covered == 0.0:
                return spot
            if covered < least:
                best, least = spot, covered
    return best


def _leader(panel: Axes, mark: Any, spot: Any, size: Any, per_point: float) -> None:
    """Draw a thin line from a mark to a label that stands away from it."""
    x0, y0, x1, y1 = _sized(spot, size)
    end = np.array([np.clip(mark[0], x0, x1), np.clip(mark[1], y0, y1)])
    if np.hypot(*(end - mark)) > 9.0 * per_point:
        ends = panel.transData.inverted().transform([mark, end])
        panel.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=0.5, zorder=2)


def _around(middle: Any, reach: float) -> Box:
    return (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)


def _sized(middle: Any, size: Any) -> Box:
    half = np.asarray(size) / 2.0
    return (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])


def _extent(artist: Any, renderer: Any) -> Box:
    x0, y0, x1, y1 = artist.get_window_extent(renderer).extents
    return (x0, y0, x1, y1)


def _overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)
