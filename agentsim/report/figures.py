"""Figures: which there are, in what order, and how they are saved.

Each is a function of results (or of a `Study` of them) that returns a matplotlib figure:

    >>> value_by_layer(Results.open("results/escalator_war")).savefig("mine.pdf")
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agentsim.report import captions
from agentsim.report.game_figures import deviation_payoffs, firms, kinds_of_game
from agentsim.report.path_figures import MARKET, PRICES, market_through_time, there, through_time
from agentsim.report.race_figures import escalation_effect, rent_dissipation
from agentsim.report.share_figures import customers_share_of_gain, customers_share_of_surplus
from agentsim.report.study import TOTAL, Study
from agentsim.report.value_figures import value_by_layer, value_of_each_layer
from agentsim.report.variant_figures import cells as variant_cells
from agentsim.report.variant_figures import changed, share_under_variants, value_under_variants
from agentsim.report.words import firm_words, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Section = Literal["value", "robustness", "deviations"]
DPI = 150


@dataclass(frozen=True)
class Picture:
    """A figure of the report: its file name, title, what to look for, and how to draw it."""

    name: str
    title: str
    caption: str
    section: Section
    draw: Callable[[Study], Figure]
    outcome: str = TOTAL
    """What it is made of, of what need not be kept."""


@dataclass(frozen=True)
class Drawn:
    """A figure as it was saved."""

    picture: Picture
    png: bytes


def pictures(study: Study) -> list[Picture]:
    """Return the figures that there is something to draw in, in the order of the report."""
    return [each for each in _all(study) if study.keeps(each.outcome)]


def left_out(study: Study) -> str:
    """Say which figures need an outcome that was not kept, and what to do; "" where none does."""
    lacking = [each for each in _all(study) if not study.keeps(each.outcome)]
    if not lacking:
        return ""
    titles = listed(list(dict.fromkeys(f"“{each.title}”" for each in lacking)))
    names = listed(list(dict.fromkeys(each.outcome for each in lacking)))
    return (
        f"Left out, as their outcomes were not kept: {titles}. "
        f"Add {names} to outcomes in the experiment, and run it."
    )


def _all(study: Study) -> list[Picture]:
    """Return the figures that an experiment gives rise to, whatever it keeps."""
    return [*_of_value(study), *_of_time(study), *_of_variants(study), *_of_deviations(study)]


def _of_value(study: Study) -> list[Picture]:
    found = [
        Picture(
            "value_by_layer",
            "Value by layer",
            captions.value_by_layer(study),
            "value",
            value_by_layer,
        ),
        Picture(
            "value_of_each_layer",
            "Value of each layer, with intervals",
            captions.VALUE_OF_EACH_LAYER,
            "value",
            value_of_each_layer,
        ),
    ]
    if len(study.posture) > 1:
        found.append(
            Picture(
                "escalation_effect",
                f"What {study.move} moves, from {study.doing(study.mild)} to {study.doing(study.fierce)}",
                captions.ESCALATION_EFFECT,
                "value",
                escalation_effect,
            )
        )
    if any(len(axis) > 1 for axis in study.axes):
        found.append(
            Picture(
                "customers_share",
                "Customers' share of total surplus",
                captions.customers_share(study),
                "value",
                customers_share_of_surplus,
            )
        )
    if study.strikes:
        found.append(
            Picture(
                "share_of_gain",
                "Customers' share of the gain that a shock brings",
                captions.share_of_gain(study),
                "value",
                customers_share_of_gain,
            )
        )
    return found


def _of_time(study: Study) -> list[Picture]:
    found = []
    if there(study, PRICES):
        found.append(
            Picture(
                "through_time",
                "Through time: capex, prices and what customers gain",
                captions.through_time(study, PRICES),
                "value",
                through_time,
            )
        )
    if there(study, MARKET):
        found.append(
            Picture(
                "market_through_time",
                "Through time: revenue, chips, debt, margins and lenders as owners",
                captions.market_through_time(study, MARKET),
                "value",
                market_through_time,
            )
        )
    found.append(
        Picture(
            "rent_dissipation",
            "Rent dissipation",
            captions.rent_dissipation(study),
            "value",
            rent_dissipation,
            "rent_dissipation",
        )
    )
    return found


def _of_variants(study: Study) -> list[Picture]:
    if not variant_cells(study) or not changed(study):
        return []
    return [
        Picture(
            "share_under_variants",
            "Customers' share under other assumptions",
            captions.SHARE_UNDER_VARIANTS,
            "robustness",
            share_under_variants,
        ),
        Picture(
            "value_under_variants",
            "Value by layer under other assumptions",
            captions.value_under_variants(study),
            "robustness",
            value_under_variants,
        ),
    ]


def _of_deviations(study: Study) -> list[Picture]:
    found = []
    for firm in firms(study):
        found += [
            Picture(
                f"payoffs_{firm}",
                f"What {firm_words(firm)} gets by doing other than the rest",
                captions.payoffs(study, firm),
                "deviations",
                partial(deviation_payoffs, firm=firm),
                f"value.{firm}",
            ),
            Picture(
                f"kinds_{firm}",
                f"The kind of game that {firm_words(firm)} plays",
                captions.kinds(study, firm),
                "deviations",
                partial(kinds_of_game, firm=firm),
                f"value.{firm}",
            ),
        ]
    return found


def save(study: Study, folder: Path) -> list[Drawn]:
    """Draw all figures into a folder, as PNG and SVG."""
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for picture in pictures(study):
        figure = picture.draw(study)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
        png = buffer.getvalue()
        (folder / f"{picture.name}.png").write_bytes(png)
        # Without date and random names the same results give the same file.
        with mpl.rc_context({"svg.hashsalt": picture.name}):
            figure.savefig(folder / f"{picture.name}.svg", metadata={"Date": None})
        drawn.append(Drawn(picture, png))
    return drawn
