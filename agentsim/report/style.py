"""Style: colours, hatches, markers and lines, told apart in grey print too.

Colours of one figure are steps of lightness, and a hatch, marker or line says the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate

from agentsim.report.axes import Axis, Level
from agentsim.report.study import BURNT, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.batch.intervals import Interval
    from agentsim.batch.results import Results

INK, PAPER, FAINT = "#222222", "#ffffff", "#dddddd"
SMALL = 8.0
"""Points: the smallest letters of a figure."""

# fill, hatch, colour of the hatch. Neighbours in a stack are far apart in lightness.
LAYER_STYLE: dict[str, tuple[str, str, str]] = {
    "customer_surplus": ("#1f3f6e", "", INK),
    "hyperscaler_value": ("#e0814f", "", INK),
    "chip_vendor_value": ("#fbe3a1", "...", INK),
    "memory_maker_value": ("#2c6a4c", "", INK),
    "lender_value": ("#d3c3ea", "xxx", "#4b3576"),
    BURNT: ("#ffffff", "/////", INK),
}


@dataclass(frozen=True)
class Look:
    """How the marks and the line of a level look."""

    colour: str
    dashes: Any
    marker: str
    hollow: bool

    @property
    def face(self) -> str:
        """What the marks are filled with."""
        return PAPER if self.hollow else self.colour


LOOKS: tuple[Look, ...] = (
    Look("#0f2d52", "-", "o", False),
    Look("#3684bd", (0, (5, 1.5)), "s", True),
    Look("#c47f10", (0, (3, 1, 1, 1)), "^", False),
    Look("#b02a20", (0, (1.2, 1)), "D", True),
    Look("#4a7a40", (0, (8, 2, 2, 2)), "v", False),
    Look("#8257ab", "-", "P", True),
    Look("#5c4335", (0, (5, 1.5)), "X", False),
    Look("#7f7f7f", (0, (3, 1, 1, 1)), "p", True),
)


def look(axis: Axis, level: Level) -> Look:
    """Return how a level looks, the same in every figure."""
    return LOOKS[axis.levels.index(level) % len(LOOKS)]


def ink_on(colour: Any) -> str:
    """Return the ink that is read on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return PAPER if 0.299 * red + 0.587 * green + 0.114 * blue < 0.52 else INK


def styled[**P](
    draw: Callable[Concatenate[Study, P], Figure],
) -> Callable[Concatenate[Results | Study, P], Figure]:
    """Make a drawing function take results or a study, and draw in the house style."""

    @wraps(draw)
    def drawn(given: Results | Study, /, *args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            return laid_out(draw(Study.of(given), *args, **kwargs))

    return drawn


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style."""
    import matplotlib as mpl
    import seaborn as sns

    style = sns.axes_style("whitegrid") | sns.plotting_context("paper")
    own = {
        "font.family": ["DejaVu Sans"],
        "axes.edgecolor": INK,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.labelcolor": INK,
        "axes.labelsize": 9,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "legend.fontsize": 9,
        "grid.color": FAINT,
        "grid.linewidth": 0.7,
        "hatch.linewidth": 0.9,
        "figure.facecolor": PAPER,
        "legend.frameon": False,
        "axes.unicode_minus": True,
    }
    with mpl.rc_context(style | own):
        yield


def laid_out(figure: Figure) -> Figure:
    """Lay a figure out once, with the fonts in force, and not again each time it is saved."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


# Marks


def spread(count: int, width: float = 0.6) -> list[float]:
    """Return offsets that set so many marks apart around a place."""
    if count == 1:
        return [0.0]
    return [width * (i / (count - 1) - 0.5) for i in range(count)]


def postures(study: Study, width: float = 0.6) -> Iterator[tuple[Level, Look, float]]:
    """Return every posture with its look, and the offset of its marks from their place."""
    for level, offset in zip(study.posture.levels, spread(len(study.posture), width), strict=True):
        yield level, look(study.posture, level), offset


def dots(
    panel: Axes,
    at: Sequence[float],
    intervals: Sequence[Interval],
    by: float,
    looks: Look,
    sideways: bool = False,
    size: float = 4.2,
) -> None:
    """Draw estimates with their intervals, divided by a scale: up and down, or sideways."""
    import numpy as np

    values, low, high = (
        np.array([float(getattr(each, name)) for each in intervals]) / by
        for name in ("value", "low", "high")
    )
    lines = panel.hlines if sideways else panel.vlines
    lines(at, low, high, color=looks.colour, linewidth=1.4, zorder=3)
    x, y = (values, at) if sideways else (at, values)
    panel.plot(
        x, y, color=looks.colour, linestyle="none", marker=looks.marker, markersize=size, zorder=4,
        markerfacecolor=looks.face, markeredgecolor=looks.colour, markeredgewidth=1.0,
    )  # fmt: skip


def layer_bars(
    panel: Axes,
    name: str,
    at: Any,
    lengths: Any,
    width: float,
    start: Any = 0.0,
    sideways: bool = False,
) -> None:
    """Draw bars of a layer: its fill and hatch, and an outline in ink over them."""
    fill, hatch, of_hatch = LAYER_STYLE.get(name, (PAPER, "", INK))
    draw: Any = panel.barh if sideways else panel.bar
    place = {"left" if sideways else "bottom": start, "zorder": 2}
    draw(at, lengths, width, color=fill, hatch=hatch, edgecolor=of_hatch, linewidth=0.0, **place)
    draw(at, lengths, width, color="none", edgecolor=INK, linewidth=0.6, **place)


def zero_line(panel: Axes, sideways: bool = False) -> None:
    """Draw a line at zero if the panel shows both sides of it, or starts there."""
    low, high = panel.get_xlim() if sideways else panel.get_ylim()
    if low <= 0.0 <= high:
        (panel.axvline if sideways else panel.axhline)(0.0, color=INK, linewidth=0.9, zorder=2)


def round_ticks(axis: Any, most: int = 7) -> None:
    """Put ticks of an axis at ones, twos and fives, so that their labels are short."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))


def log_axis(panel: Axes) -> None:
    """Make the axis at the left logarithmic, with numbers at the powers of ten and ticks between."""
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter(_power)
    panel.tick_params(which="minor", axis="y", length=2, left=True)


def _power(value: float, _: Any = None) -> str:
    """Return a power of ten in figures: 0.01, 1, 1,000."""
    return f"{value:,.0f}" if value >= 1.0 else f"{value:.12f}".rstrip("0")


# Legends


def line_handles(
    axis: Axis, line: bool = True, levels: tuple[Level, ...] | None = None
) -> list[Any]:
    """Return what a legend shows of the levels of an axis, or of some of them."""
    from matplotlib.lines import Line2D

    found = []
    for level in axis.levels if levels is None else levels:
        each = look(axis, level)
        found.append(
            Line2D(
                [], [], color=each.colour, linestyle=each.dashes if line else "none",
                marker=each.marker, markersize=5, markerfacecolor=each.face,
                markeredgecolor=each.colour, label=axis.words(level) or "calibrated lineup",
            )
        )  # fmt: skip
    return found


def layer_handle(name: str, label: str) -> Any:
    """Return what a legend shows of a layer."""
    from matplotlib.patches import Patch

    fill, hatch, of_hatch = LAYER_STYLE[name]
    return Patch(facecolor=fill, hatch=hatch, edgecolor=of_hatch, linewidth=0.6, label=label)
