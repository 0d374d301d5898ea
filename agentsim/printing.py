"""Printing numbers and tables on a terminal."""

from __future__ import annotations

import math
from typing import Any


def short(value: Any) -> str:
    """Return a number with four digits that matter; nothing for NaN; text as it is."""
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def aligned(lines: list[list[str]]) -> list[str]:
    """Return rows of cells as text: columns of numbers to the right, the last one loose."""

    def number(text: str) -> bool:
        return text == "" or text.lstrip("-")[:1].isdigit()

    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(map(number, column[1:])) for column in columns]
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    ]
