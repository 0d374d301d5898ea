"""The second map: what a shock brings customers in equilibrium, beside what it would if nobody answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.games.empirical.answering import Response, base_of
from agentsim.games.empirical.answering import responses as pairs_of
from agentsim.games.worth import CUSTOMERS
from agentsim.report.dilemma_map import Map, map_of, name_levels
from agentsim.report.equilibrium_rows import title_of
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.style import INK, PAPER, SMALL, ink_on, laid_out
from agentsim.report.words import MINUS, level_words, number, scale, title_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.batch.intervals import Interval
    from agentsim.games.empirical.found import Found

LESS, EVEN, MORE = "#ffe08a", "#8c8c8c", "#12355b"
"""From less for customers to more: lightness falls about as much on either side."""
GAINS = ("#f8fafc", "#86abd4")
"""From the least gain to the most: so light that ink is seen on all of them."""
PANELS = (
    ("in_equilibrium", "gain in equilibrium: strategies answer"),
    ("held_fixed", "gain held fixed: all go on as in an equilibrium before"),
    ("difference", "the difference: what answering adds for customers, or takes away"),
)


def responses(x: Found) -> Figure | None:
    """Draw customers' gain from a shock in equilibrium, held fixed, and the difference, a cell a condition.

    None unless conditions are two numeric factors of two levels or more, and customers' surplus was kept.
    """
    told = map_of(x)
    if told is None or any(CUSTOMERS not in each.game.others for each in x):
        return None
    factor, base = base_of(x)
    cells = _by_cell(told, pairs_of(x))
    if not cells:
        return None
    told = _without(told, factor, base)
    ends = [
        abs(value)
        for of in cells.values()
        for each in of
        for name, _ in PANELS
        for value in _hull([getattr(each, name)])
        if np.isfinite(value)
    ]
    by, unit = scale(max(ends, default=1.0))
    rows = len(told.rows)
    heights = [0.42 * rows + 0.5, 0.42 * rows + 0.5, 0.55 * rows + 0.5]
    figure, panels = grid(
        3, 1, sum(heights) + 2.4, sharex=True, gridspec_kw={"height_ratios": heights}
    )
    limits = _limits(cells, by)
    for at, ((panel,), (name, title)) in enumerate(zip(panels, PANELS, strict=True)):
        name_levels(panel, told)
        panel.set_xlabel(title_words(told.across) if at == 2 else "")
        if at != 1 and rows < 4:
            panel.set_ylabel("")
        panel.set_title(title)
        digits = _digits([getattr(each, name) for of in cells.values() for each in of], by)
        for (across, up), of in cells.items():
            place = told.columns.index(across), told.rows.index(up)
            gains = [getattr(each, name) for each in of]
            if name == "difference":
                _difference(panel, place, gains, by, digits)
            else:
                _gain(panel, place, gains, by, digits, limits)
    exact = next(iter(x)).game.runs is None
    what = "the shock" if factor.startswith("shock.") else title_words(factor)
    heading(
        figure,
        f"What {what} brings customers, ${unit}: {title_of(x)}",
        f"customers' surplus less that with {level_words(factor, base)}",
        "in large the least and the most over pairs of equilibria, one before and one after"
        + ("" if exact else "; in brackets how far their 95% intervals over paired runs reach together"),
        "the difference in bold, and as colour: in how many pairs answering leaves customers more (+) or "
        "less (−)" + ("" if exact else ", by intervals that leave out zero"),
    )  # fmt: skip
    legend_below(figure, _handles(exact), 4)
    return laid_out(figure)


Cells = dict[tuple[Any, Any], list[Response]]


def _by_cell(told: Map, found: Sequence[Response]) -> Cells:
    """Return responses by the levels of the factor across and of the one up."""
    cells: Cells = {}
    for each in found:
        place = (each.condition[told.across], each.condition[told.up])
        cells.setdefault(place, []).append(each)
    return cells


def _without(told: Map, factor: str, base: Any) -> Map:
    """Return the map without the cells that are no shock."""
    columns = [e for e in told.columns if told.across != factor or e != base]
    rows = [e for e in told.rows if told.up != factor or e != base]
    return Map(told.across, told.up, columns, rows, {})


def _hull(of: Sequence[Interval]) -> tuple[float, float]:
    """Return from the lowest low to the highest high; from value to value where there are no intervals."""
    lows = [each.low if np.isfinite(each.low) else each.value for each in of]
    highs = [each.high if np.isfinite(each.high) else each.value for each in of]
    return float(min(lows)), float(max(highs))


def _digits(of: Sequence[Interval], by: float) -> int:
    """Return the decimals that a panel shows."""
    return 0 if max(map(abs, _hull(of))) >= 100.0 * by else 1


def _limits(cells: Cells, by: float) -> tuple[float, float]:
    """Return the least and the largest gain, means over pairs."""
    gains = [
        float(np.mean([getattr(each, name).value for each in of])) / by
        for of in cells.values()
        for name in ("in_equilibrium", "held_fixed")
    ]
    return min(*gains, 0.0), max(*gains, 1e-9)


def _gain(
    panel: Axes,
    place: tuple[int, int],
    of: Sequence[Interval],
    by: float,
    digits: int,
    limits: tuple[float, float],
) -> None:
    """Draw a cell of gains, darker for more."""
    from matplotlib.colors import LinearSegmentedColormap

    value = float(np.mean([each.value for each in of])) / by
    shades = LinearSegmentedColormap.from_list("gains", GAINS)
    colour = shades((value - limits[0]) / (limits[1] - limits[0]))
    _write(panel, place, of, by, digits, colour, (0.66, 0.26))


def _difference(
    panel: Axes, place: tuple[int, int], of: Sequence[Interval], by: float, digits: int
) -> None:
    """Draw a cell of differences: in how many pairs customers get more, and in how many less."""
    from matplotlib.colors import LinearSegmentedColormap

    more, less = signs(of)
    shades = LinearSegmentedColormap.from_list("answers", [LESS, EVEN, MORE])
    balance = (more - less) / len(of)
    colour = shades(0.5 + 0.5 * balance) if more or less else PAPER
    if len(of) == 1:
        _write(panel, place, of, by, digits, colour, (0.66, 0.26))
        return
    _write(panel, place, of, by, digits, colour, (0.77, 0.47))
    column, row = place
    panel.text(
        column + 0.5, row + 0.19, f"{more}+  {less}{MINUS}  of {len(of)}", ha="center",
        va="center", fontsize=SMALL, fontweight="bold", color=ink_on(colour),
    )  # fmt: skip


def signs(of: Sequence[Interval]) -> tuple[int, int]:
    """Return how many intervals lie above zero, and how many below; the numbers where there are none."""
    ends = [
        (each.low, each.high) if np.isfinite(each.low) else (each.value, each.value) for each in of
    ]
    return sum(low > 0.0 for low, _ in ends), sum(high < 0.0 for _, high in ends)


def _write(
    panel: Axes,
    place: tuple[int, int],
    of: Sequence[Interval],
    by: float,
    digits: int,
    colour: Any,
    heights: tuple[float, float],
) -> None:
    """Draw a cell in a colour, with its range over pairs, and below it how far intervals reach."""
    from matplotlib.patches import Rectangle

    column, row = place
    values = [each.value / by for each in of]
    low, high = (each / by for each in _hull(of))
    panel.add_patch(
        Rectangle(
            (column + 0.012, row + 0.03),
            0.976,
            0.94,
            facecolor=colour,
            edgecolor=INK,
            linewidth=0.5,
        )
    )
    told = [(_range(min(values), max(values), digits), 9.5)]
    if np.isfinite(of[0].low):
        told.append((f"[{number(low, digits)}, {number(high, digits)}]", SMALL))
    for height, (text, size) in zip(heights, told, strict=False):
        panel.text(
            column + 0.5, row + height, text, ha="center", va="center", fontsize=size,
            color=ink_on(colour),
        )  # fmt: skip


def _range(low: float, high: float, digits: int) -> str:
    a, b = number(low, digits, True), number(high, digits, True)
    return a if a == b else f"{a} to {b}"


def _handles(exact: bool) -> list[Any]:
    from matplotlib.patches import Patch

    words = [
        (MORE, "customers get more, in all pairs"),
        (EVEN, "in as many more as less"),
        (LESS, "less, in all pairs"),
    ]
    if not exact:
        words.append((PAPER, "not told apart"))
    return [
        Patch(facecolor=colour, edgecolor=INK, linewidth=0.5, label=label)
        for colour, label in words
    ]
