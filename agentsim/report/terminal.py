"""The headline on a terminal: a table in plain text, no wider than 112 columns."""

from __future__ import annotations

import math
from textwrap import fill, wrap
from typing import TYPE_CHECKING

from agentsim.report.headline_tables import FLIPS, flips
from agentsim.report.measures import customers_share, value
from agentsim.report.study import SPLIT, Key, Study
from agentsim.report.words import MINUS, number, percent_interval

if TYPE_CHECKING:
    from agentsim.batch.intervals import Interval
    from agentsim.batch.results import Results

WIDTH = 112
FEW = 10
"""Draws below which an interval of the mean is no more than a hint."""
TITLES = {
    "customer_surplus": "customers",
    "hyperscaler_value": "hyper-\nscalers",
    "chip_vendor_value": "chip\nvendors",
    "memory_maker_value": "memory\nmakers",
    "lender_value": "lenders",
    "resource_cost": "resources\nburnt",
}
HEADS = {"lineup.hyperscaler": "posture", "shock.efficiency.factor": "shock"}


def headline(given: Results | Study) -> str:
    """Return the table of the headline: means, and below each its 95% interval."""
    study = Study.of(given)
    several = [axis for axis in (study.posture, study.shock) if axis.column is not None]
    inner = several[-1] if several else None
    head = "" if inner is None else HEADS.get(str(inner.column), inner.title)
    first = "\n".join(wrap(head, 10, break_long_words=False))
    cells = {key: _means(study, key) for key in _keys(study)}
    in_trillions = max((abs(x.value) for row in cells.values() for x in row), default=0.0) >= 1e4
    columns = [
        _column([row[at] for row in cells.values()], in_trillions) for at in range(len(SPLIT))
    ]
    lines, flipped = [[first, *TITLES.values(), "customers'\nshare of\ntotal surplus"]], False
    blocks: dict[int, str] = {}
    for at, key in enumerate(cells):
        if len(several) == 2 and at % len(study.shock) == 0:
            blocks[len(lines)] = _ascii(study.posture.short(key[0]))
        marks = [FLIPS if flips(study, name, key) else "" for name in SPLIT]
        flipped |= any(marks)
        level = key[1] if inner is study.shock else key[0]
        amounts = [mark + column[at] for mark, column in zip(marks, columns, strict=True)]
        share = _ascii(percent_interval(customers_share(study, key))).replace(" [", "\n[", 1)
        lines.append([_ascii(inner.short(level)) if inner else "", *amounts, share])
    table = _set(lines, blocks)
    where = f", {study.setting()}" if study.setting() else ""
    runs = f"{study.count} run{'s' if study.count != 1 else ''}"
    unit = "$tn" if in_trillions else "$bn"
    title = f"Present value, {unit}, with the run-off{where}: mean of {runs} [its 95% interval]"
    parts = [fill(title, WIDTH), "", table]
    if flipped:
        note = (
            f"{FLIPS} the sign of the mean is another one to the horizon alone, without the run-off"
        )
        parts += ["", fill(note, WIDTH)]
    if study.count < FEW:
        many = f"{study.count} draws are" if study.count != 1 else "1 draw is"
        parts += ["", f"{many} too few to tell how well a mean is known."]
    if study.failed:
        parts += ["", f"{study.failed:,} of {len(study.runs):,} runs failed and are left out."]
    return "\n".join(parts)


def _keys(study: Study) -> list[Key]:
    return [
        (posture, shock, study.reference)
        for posture in study.posture.levels
        for shock in study.shock.levels
    ]


def _means(study: Study, key: Key) -> list[Interval]:
    return [value(study, name, key) for name in SPLIT]


def _column(means: list[Interval], in_trillions: bool) -> list[str]:
    """Return the cells of a column: mean and interval, with as many decimals as it needs."""
    scale = 1e3 if in_trillions else 1.0
    largest = max((abs(x.value) for x in means if math.isfinite(x.value)), default=0.0) / scale
    decimals = 1 if largest >= 100.0 else 2 if largest >= 2.0 else 3
    if not in_trillions:
        decimals = 0 if largest >= 100.0 else 1

    def cell(x: Interval) -> str:
        if not math.isfinite(x.value):
            return "-"
        mean, low, high = (number(each / scale, decimals) for each in (x.value, x.low, x.high))
        return _ascii(f"{mean}\n[{low}, {high}]")

    return [cell(x) for x in means]


def _ascii(text: str) -> str:
    """Return text that any terminal and any pipe can take."""
    return text.replace(MINUS, "-").replace("×", "x").replace("–", "-")


def _set(lines: list[list[str]], blocks: dict[int, str]) -> str:
    """Set lines in columns, numbers to the right; `blocks` are headings before some lines."""
    split = [[cell.split("\n") for cell in line] for line in lines]
    widths = [max(len(part) for line in split for part in line[i]) for i in range(len(lines[0]))]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= WIDTH else " "
    over = sum(widths) + len(gap) * (len(widths) - 1) - WIDTH
    widths[0] = max(widths[0] - max(over, 0), 8)

    def rows(line: list[list[str]], from_below: bool) -> list[str]:
        height = max(map(len, line))
        out = []
        for at in range(height):
            parts = []
            for i, cell in enumerate(line):
                place = at - (height - len(cell)) if from_below else at
                part = cell[place] if 0 <= place < len(cell) else ""
                parts.append(
                    part[: widths[i]].ljust(widths[i]) if i == 0 else part.rjust(widths[i])
                )
            out.append(gap.join(parts).rstrip())
        return out

    out = rows(split[0], from_below=True)
    out.append("-" * (sum(widths) + len(gap) * (len(widths) - 1)))
    for at, line in enumerate(split[1:], start=1):
        if at in blocks:
            out += ([""] if at > 1 else []) + [blocks[at]]
        if len(line[0][0]) > widths[0]:  # a long name has a line of its own
            out.append(line[0][0])
            line = [[""], *line[1:]]
        out += rows(line, from_below=False)
    return "\n".join(out)
