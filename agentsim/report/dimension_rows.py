"""Rows of dimensions: what they are called, and how figures of analyses label them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentsim.report.words import title_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Names = Mapping[str, str] | None
"""What dimensions are called, where that is not what the report calls them."""
LETTERS = 34
"""Letters of a dimension's name that fit into a line."""


def dimension_name(dimension: Any, names: Names) -> str:
    """Return what a dimension is called, broken into lines."""
    told = (names or {}).get(str(dimension)) or title_words(str(dimension))
    return "\n".join(textwrap.wrap(told, LETTERS)) or str(dimension)


def label_rows(panel: Axes, labels: list[str]) -> None:
    """Label rows from the top down."""
    panel.set_yticks(range(len(labels)), labels)
    panel.set_ylim(len(labels) - 0.4, -0.6)
    panel.grid(axis="y", visible=False)
