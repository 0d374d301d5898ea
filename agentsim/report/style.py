"""Style: colours, hatches, markers and lines, told apart in grey print too.

Every colour has a lightness of its own, and a hatch, marker or line style says the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate

from agentsim.report.axes import Axis, Level
from agentsim.report.study import BURNT, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.batch.intervals import Interval
    from agentsim.batch.results import Results

INK = "#222222"
LEAST_WIDTH = 7.5  # inches: titles fit

# colour, hatch; the hatch is drawn in the colour of the edge
LAYER_STYLE: dict[str, tuple[str, str]] = {
    "customer_surplus": ("#1f3f6e", ""),
    "hyperscaler_value": ("#d9663d", ""),
    "chip_vendor_value": ("#f2c14e", "..."),
    "memory_maker_value": ("#4f9d7c", "\\\\\\"),
    "lender_value": ("#8c6bb1", "xxx"),
    BURNT: ("#ececec", "////"),
}

# colour, line, marker
LINE_STYLE: tuple[tuple[str, Any, str], ...] = (
    ("#12365a", "-", "o"),
    ("#3f9bd0", (0, (5, 1.5)), "s"),
    ("#e0a43a", (0, (3, 1, 1, 1)), "^"),
    ("#b3322b", (0, (1.2, 1)), "D"),
    ("#5d8a53", (0, (8, 2, 2, 2)), "v"),
    ("#9467bd", "-", "P"),
    ("#6b4f3f", (0, (5, 1.5)), "X"),
    ("#7f7f7f", (0, (3, 1, 1, 1)), "*"),
)


def line_style(axis: Axis, level: Level) -> tuple[str, Any, str]:
    """Return colour, line and marker of a level, the same in every figure."""
    return LINE_STYLE[axis.levels.index(level) % len(LINE_STYLE)]


def ink_on(colour: Any) -> str:
    """Return the ink that is read on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK


def styled[**P](
    draw: Callable[Concatenate[Study, P], Figure],
) -> Callable[Concatenate[Results | Study, P], Figure]:
    """Make a drawing function take results or a study, and draw in the house style."""

    @wraps(draw)
    def drawn(given: Results | Study, /, *args: P.args, **kwargs: P.kwargs) -> Figure:
        import matplotlib as mpl
        import seaborn as sns

        style = sns.axes_style("whitegrid") | sns.plotting_context("paper", font_scale=1.05)
        own = {
            "font.family": ["DejaVu Sans"],
            "axes.edgecolor": INK,
            "axes.titlesize": 10,
            "axes.titleweight": "bold",
            "axes.labelcolor": INK,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.7,
            "hatch.linewidth": 0.6,
            "figure.facecolor": "white",
            "legend.frameon": False,
            "axes.unicode_minus": True,
        }
        with mpl.rc_context(style | own):
            figure = draw(Study.of(given), *args, **kwargs)
            # Laid out once, with the fonts in force, and not again each time it is saved.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            return figure

    return drawn


def grid(
    rows: int, columns: int, width: float, height: float, **options: Any
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure in inches and its panels, row by row."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(width, LEAST_WIDTH), height), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, **options)
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
        # The size in so many words: from it follows how many ticks there are, now and when saved.
        panel.tick_params(length=3, color=INK, labelsize=rcParams["xtick.labelsize"])
    return figure, panels.tolist()


def heading(figure: Figure, title: str, *below: str) -> None:
    """Give a figure its title, and a second line on where it holds and how to read it."""
    second = "; ".join(each for each in below if each)
    figure.suptitle(
        f"{title}\n{second}" if second else title, x=0.01, ha="left", fontsize=11.5, color=INK
    )


def legend_below(figure: Figure, handles: list[Any], columns: int = 6) -> None:
    """Put a legend under the panels, where it covers nothing."""
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(columns, max(len(handles), 1)),
        handlelength=3.2,
    )


def legend_beside(figure: Figure, handles: list[Any]) -> None:
    """Put a legend beside the panels, in one column: the order of a stack."""
    figure.legend(handles=handles, loc="outside right center", handlelength=2.6, labelspacing=0.8)


def line_handles(
    axis: Axis, levels: tuple[Level, ...] | None = None, line: bool = True
) -> list[Any]:
    """Return what a legend shows of the levels of an axis."""
    from matplotlib.lines import Line2D

    found = []
    for level in axis.levels if levels is None else levels:
        colour, dashes, marker = line_style(axis, level)
        found.append(
            Line2D(
                [],
                [],
                color=colour,
                linestyle=dashes if line else "none",
                marker=marker,
                markersize=6,
                markeredgecolor="white",
                label=axis.words(level) or "calibrated lineup",
            )
        )
    return found


def dots(
    panel: Axes,
    at: Sequence[float],
    intervals: Sequence[Interval],
    by: float,
    style: tuple[str, Any, str],
    sideways: bool = False,
) -> None:
    """Draw estimates with their intervals, divided by a scale: up and down, or sideways."""
    import numpy as np

    colour, _, marker = style
    values, low, high = (
        np.array([float(getattr(each, name)) for each in intervals]) / by
        for name in ("value", "low", "high")
    )
    lines = panel.hlines if sideways else panel.vlines
    lines(at, low, high, color=colour, linewidth=1.6, zorder=3)
    x, y = (values, at) if sideways else (at, values)
    panel.plot(
        x, y, color=colour, linestyle="none", marker=marker, markersize=6.5, zorder=4,
        markeredgecolor="white", markeredgewidth=0.6,
    )  # fmt: skip


def spread(count: int, width: float = 0.6) -> list[float]:
    """Return offsets that set so many marks apart around a place."""
    if count == 1:
        return [0.0]
    return [width * (i / (count - 1) - 0.5) for i in range(count)]


def zero_line(panel: Axes, sideways: bool = False) -> None:
    """Draw a line at zero if the panel shows both sides of it, or starts there."""
    low, high = panel.get_xlim() if sideways else panel.get_ylim()
    if low <= 0.0 <= high:
        (panel.axvline if sideways else panel.axhline)(0.0, color=INK, linewidth=0.9, zorder=2)


def demand_ticks(study: Study, panel: Axes) -> None:
    """Label the levels of demand, set out evenly, along the axis below."""
    levels = study.demand.levels
    ticks = [f"{each:g}" if isinstance(each, float) else str(each) for each in levels]
    panel.set_xticks(range(len(levels)), ticks if study.demand.column else [""])
    panel.set_xlim(-0.5, len(levels) - 0.5)
    panel.set_xlabel(study.demand.title)
    panel.grid(axis="x", visible=False)
