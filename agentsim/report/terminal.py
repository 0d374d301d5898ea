"""The headline on a terminal: a table in plain text, no wider than 100 columns."""

from __future__ import annotations

import math
from textwrap import fill, wrap
from typing import TYPE_CHECKING

from agentsim.report.headline_tables import FLIPS, flips
from agentsim.report.measures import customers_share, value
from agentsim.report.study import SPLIT, Study
from agentsim.report.words import MINUS, number, percent_interval

if TYPE_CHECKING:
    from agentsim.batch.results import Results

WIDTH = 100
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
    """Return the table of the headline."""
    study = Study.of(given)
    several = [axis for axis in (study.posture, study.shock) if axis.column is not None]
    heads = [
        "\n".join(wrap(HEADS.get(str(axis.column), axis.title), 14, break_long_words=False))
        for axis in several
    ]
    lines = [[*heads, *TITLES.values(), "customers' share\nof total surplus\n[95% CI of mean]"]]
    flipped = False
    for posture in study.posture.levels:
        for shock in study.shock.levels:
            key = (posture, shock, study.reference)
            labels = [
                _ascii(axis.short(level))
                for axis, level in ((study.posture, posture), (study.shock, shock))
                if axis.column is not None
            ]
            amounts = []
            for name in SPLIT:
                mark = FLIPS if flips(study, name, key) else ""
                flipped |= bool(mark)
                amounts.append(mark + _amount(float(value(study, name, key).value)))
            share = _ascii(percent_interval(customers_share(study, key)))
            lines.append([*labels, *amounts, share])
    table = _set(lines, labels=len(several), block=len(study.shock))
    where = f", {study.setting()}" if study.setting() else ""
    runs = f"{study.count} run{'s' if study.count != 1 else ''}"
    title = f"Present value, $bn, with the run-off, mean of {runs}{where}"
    parts = [fill(title, WIDTH), "", table]
    if flipped:
        note = (
            f"{FLIPS} the sign of the mean is another one to the horizon alone, without the run-off"
        )
        parts += ["", fill(note, WIDTH)]
    if study.failed:
        parts += ["", f"{study.failed:,} of {len(study.runs):,} runs failed and are left out."]
    return "\n".join(parts)


def _amount(value: float) -> str:
    """Return $bn with as many decimals as small amounts need."""
    if not math.isfinite(value):
        return "-"
    return _ascii(number(value, 0 if abs(value) >= 10.0 else 1))


def _ascii(text: str) -> str:
    """Return text that any terminal and any pipe can take."""
    return text.replace(MINUS, "-").replace("×", "x").replace("–", "-")


def _set(lines: list[list[str]], labels: int, block: int) -> str:
    """Set lines in columns: labels to the left, numbers to the right, a gap between blocks."""
    split = [[cell.split("\n") for cell in line] for line in lines]
    widths = [max(len(part) for line in split for part in line[i]) for i in range(len(lines[0]))]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= WIDTH else " "
    if labels:  # long names of strategies are cut, numbers never
        over = sum(widths) + len(gap) * (len(widths) - 1) - WIDTH
        widths[0] = max(widths[0] - max(over, 0), 8)

    def row(parts: list[str]) -> str:
        cells = [
            part[: widths[i]].ljust(widths[i]) if i < labels else part.rjust(widths[i])
            for i, part in enumerate(parts)
        ]
        return gap.join(cells).rstrip()

    height = max(len(cell) for cell in split[0])
    head = [[""] * (height - len(cell)) + cell for cell in split[0]]
    out = [row([cell[i] for cell in head]) for i in range(height)]
    out.append("-" * (sum(widths) + len(gap) * (len(widths) - 1)))
    for at, line in enumerate(lines[1:]):
        if at and block > 1 and at % block == 0:
            out.append("")
        elif at and block > 1 and labels > 1:
            line = ["", *line[1:]]  # the posture is named once
        out.append(row(line))
    return "\n".join(out)
