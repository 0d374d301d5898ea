"""Headline: the tables behind the answer, each a list of HTML."""

from __future__ import annotations

import math

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.report.certainty import Holds, signs
from agentsim.report.claims import HORIZON, Claim, Place, changes, home, standings
from agentsim.report.markup import Html, cell, el, table
from agentsim.report.measures import (
    CUSTOMERS,
    HYPERSCALERS,
    SHARE,
    customers_share,
    gain,
    share_of_gain,
    sign,
    value,
)
from agentsim.report.spread import Spread, spread
from agentsim.report.study import BURNT, LAYERS, SPLIT, TOTAL, Key, Study
from agentsim.report.words import number, percent, percent_interval, points_interval

APART, FLIPS = "†", "*"
MARKS = (
    f"In all tables {APART} marks a mean that differs from the median in sign or by more than a "
    f"factor of two, so that few draws rule it, and {FLIPS} one whose sign is another to the "
    "horizon alone, without the run-off."
)
NAMES = LAYERS | {
    CUSTOMERS: "customers' surplus",
    SHARE: "customers' share",
    TOTAL: "total surplus",
    BURNT: "resources burnt",
}


def tables(study: Study) -> list[Html]:
    """Return the numbers of the answer, then all postures and shocks."""
    marks = el("p", MARKS)
    return [marks, *spreads(study), *shocks(study), *holding(study), *by_posture(study)]


# The numbers of the answer, and how far draws differ


def spreads(study: Study) -> list[Html]:
    """Return mean, interval, median and range of draws of what the answer tells."""
    place = home(study)
    rows: list[list[str | Html]] = []
    fierce, mild = (study.posture.words(each) for each in (study.fierce, study.mild))
    blocks: list[tuple[str, list[Claim]]] = []
    if len(study.posture) > 1:
        blocks.append((f"change from {mild} to {fierce}", changes(study)))
        if study.middle is not None:
            some = (CUSTOMERS, SHARE, HYPERSCALERS, "lender_value", TOTAL)
            named = f"change from {study.posture.words(study.middle)} to {fierce}"
            moved = [each for each in changes(study, study.middle) if each.outcome in some]
            blocks.append((named, moved))
    ends = [Claim(each, change=False) for each in (CUSTOMERS, SHARE)] + standings(study)
    several = study.posture.column is not None
    blocks.append((f"when {study.doing(study.fierce)}" if several else "level", ends))
    for name, claims in blocks:
        rows.append([el("th", name, colspan="8", scope="rowgroup", class_="group")])
        for claim in claims:
            if not claim.matters(study):
                rows.append(_spread_row(study, claim, place, "either way"))
                continue
            rows.append(_spread_row(study, claim, place, "with run-off"))
            rows.append(["", *_spread_row(study, claim.twin, place, "to the horizon")[1:]])
    heads = ["number", "unit", "counted", "mean", "95% interval of the mean"]
    heads += ["median draw", "5% of draws below", "95% of draws below"]
    where = study.setting()
    caption = (
        f"The numbers of the answer{', ' + where if where else ''}"
        f"{', ' + study.shock.words(study.calm) if study.shock.column else ''}: the interval says "
        "how well the mean over draws is known, the last three columns how far single draws "
        "differ. Present values; changes are taken draw by draw."
    )
    return [table(heads, rows, caption, labels=3)]


def _spread_row(study: Study, claim: Claim, place: Place, counted: str) -> list[str | Html]:
    x = claim.spread(study, place)
    share = claim.outcome == SHARE
    by, digits = (100.0, 1) if share else (1.0, _digits(float(x.mean.value)))

    def show(amount: float, plus: bool = claim.change) -> str:
        return number(by * amount, digits, plus)

    bounds = [show(each, False) for each in (x.mean.low, x.mean.high)]
    return [
        NAMES[claim.outcome],
        ("points" if claim.change else "%") if share else "$bn",
        counted,
        cell((APART if x.apart else "") + show(x.mean.value), share=True),
        f"[{', '.join(bounds)}]" if np.isfinite(x.mean.low) else "",
        *(show(each) for each in (x.median, x.low, x.high)),
    ]


def shocks(study: Study) -> list[Html]:
    """Return what shocks of every size add, and what part of that customers get."""
    if not study.strikes:
        return []
    several = len(study.posture) > 1
    heads = [study.shock.title, "total surplus", "customers' surplus", "customers' part"]
    heads += [f"customers' gain by {study.move} then"] if several else []
    rows: list[list[str | Html]] = []
    for shock in study.strikes:
        key = (study.fierce, shock, study.reference)
        calm = (study.fierce, study.calm, study.reference)
        added = spread(study.x(CUSTOMERS, *key) - study.x(CUSTOMERS, *calm))
        total = spread(study.x(TOTAL, *key) - study.x(TOTAL, *calm), gain(study, key))
        head, _, bracket = percent_interval(share_of_gain(study, key), 0).partition(" ")
        row: list[str | Html] = [study.shock.short(shock), amount(total, plus=True)]
        row += [amount(added, plus=True), cell(head, bracket)]
        if several:
            row.append(amount(Claim(CUSTOMERS).spread(study, Place(shock, study.reference)), True))
        rows.append(row)
    when = f" when {study.doing(study.fierce)}" if study.posture.column is not None else ""
    caption = (
        f"What shocks of each size add{when}{', ' + study.setting() if study.setting() else ''}, "
        "against the same draw without a shock: $bn, present value, mean, its 95% interval and the "
        "median."
    )
    return [table(heads, rows, caption)]


def holding(study: Study) -> list[Html]:
    """Return in which share of the draws each sign holds."""
    columns, rows = signs(study)
    heads = ["share of draws in which …"]
    for shock, to_horizon in columns:
        counted = "to the horizon" if to_horizon else "with run-off"
        heads.append(", ".join(each for each in (study.shock.words(shock), counted) if each))
    where = study.setting()
    caption = (
        f"How often each sign holds{' ' + where if where else ''}. In the other draws it is the "
        "opposite one, but for those, named below a number, that are unchanged to the dollar."
    )
    body = [[text, *(_holds(each) for each in found)] for text, found in rows]
    return [table(heads, body, caption)]


def _holds(found: Holds) -> Html:
    unchanged = f"{percent(found.unchanged, 1)} unchanged" if found.unchanged > 0.0 else ""
    return cell(percent(found.share, 1), unchanged)


# All postures and shocks


def by_posture(study: Study) -> list[Html]:
    """Return value by layer and customers' share for every posture and shock."""
    axes = [axis for axis in (study.posture, study.shock) if axis.column is not None]
    heads = [axis.title for axis in axes]
    heads += ["customers' share", *SPLIT.values(), "total surplus"]
    rows: list[list[str | Html]] = []
    for posture in study.posture.levels:
        for first, shock in enumerate(study.shock.levels):
            key = (posture, shock, study.reference)
            labels: list[str | Html] = [
                axis.short(level)
                for axis, level in ((study.posture, posture), (study.shock, shock))
                if axis.column is not None
            ]
            if first and len(labels) > 1:
                labels[0] = ""
            amounts = [
                amount(spread(study.x(name, *key)), mark=FLIPS if flips(study, name, key) else "")
                for name in (*SPLIT, TOTAL)
            ]
            rows.append([*labels, share(customers_share(study, key)), *amounts])
    where = study.setting()
    caption = (
        f"Value by posture and shock{', ' + where if where else ''}: present value in $bn with the "
        f"run-off, mean over {study.count} draws, below it the 95% interval of the mean and the "
        "median. Total surplus is the sum of the layers; resources burnt are what was used up to "
        "make it and are no part of it."
    )
    return [table(heads, rows, caption, labels=len(axes))]


def flips(study: Study, outcome: str, key: Key) -> bool:
    """Say whether the sign of a mean is another one without the run-off."""
    counted, alone = (sign(value(study, outcome + suffix, key)) for suffix in ("", HORIZON))
    return counted != alone and np.isfinite(study.x(outcome + HORIZON, *key)).any().item()


# Cells


def _digits(amount: float) -> int:
    """Return as many decimals as small amounts need."""
    return 0 if abs(amount) >= 10.0 or not math.isfinite(amount) else 1


def amount(x: Spread, plus: bool = False, mark: str = "", below: str = "") -> Html:
    """Return $bn over its interval and the median."""
    mean = float(x.mean.value)
    digits = _digits(mean)
    lines = []
    if np.isfinite(x.mean.low):
        low, high = (number(float(each), digits) for each in (x.mean.low, x.mean.high))
        lines += [f"[{low}, {high}]", f"median {number(x.median, digits, plus)}"]
    if below:
        lines.append(below)
    return cell((APART if x.apart else "") + mark + number(mean, digits, plus), *lines)


def share(interval: Interval) -> Html:
    """Return a share over its interval."""
    head, _, bracket = percent_interval(interval).partition(" ")
    return cell(head, bracket, share=True)


def points(interval: Interval) -> Html:
    """Return a difference of shares over its interval."""
    head, _, bracket = points_interval(interval).partition(" points ")
    return cell(f"{head.removesuffix(' points')} points", bracket)
