"""The report: figures, a page that opens offline, and the headline for the terminal.

words, axes       what things are called; which factor takes which place
study             outcomes by posture, shock and demand
measures, kinds   numbers with intervals; the kind of game; spread: how far draws differ
claims            the numbers whose signs are told, with the run-off and to the horizon
style, panels     how figures look, and the frame that they share
*_figures         figures, listed in `figures`; captions: what they teach to look for
box_figure        scenario discovery; sensitivity_figures: indices; both with dimension_rows, and
                  mark_labels: names beside marks
answers, levels   the sentences at the head, worked out from the numbers
certainty         what would mislead if left out, and what the numbers are means of
robustness        whether the signs survive elsewhere; variants: its tables
html, sections    the page; its tables: headline_tables; the rest: background
terminal, publish the table for a terminal; the README's part; tables: those of docs/model.md
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentsim.batch.results import Results
    from agentsim.report.study import Study

FIGURES, PAGE = "figures", "report.html"


MOST_ROWS, MOST_CELLS, MOST_LEVELS = 1_000_000, 4_000, 40
"""What pictures can show, and what is loaded for them."""


def unsuited(results: Results) -> str:
    """Return why results cannot be told by the report, or "".

    It is for levels crossed, not too many, with the value of every layer and customers' share, each
    with the run-off and without: what the answer says of signs rests on both.
    """
    from agentsim.batch.making import levels_of
    from agentsim.report.claims import HORIZON
    from agentsim.report.measures import SHARE
    from agentsim.report.study import SPLIT, TOTAL

    kind = results.experiment.sampling.kind
    if kind != "factorial":
        return f"holds points of sampler {kind}, and the report is for crossed levels"
    if results.manifest.get("rows", 0) > MOST_ROWS or results.manifest["cells"] > MOST_CELLS:
        return f"has more than {MOST_ROWS:,} rows or {MOST_CELLS:,} cells, too many for the report"
    failed = (results.manifest.get("failures") or {}).get("runs", 0)
    if failed >= results.manifest.get("runs_simulated", 0) > 0:
        return "has no run that came through, and there is nothing to report"
    for name, levels in levels_of(results.experiment).items():
        if len(levels) > MOST_LEVELS:
            return f"has {len(levels)} levels of {name}, too many for the report's pictures"
    needed = [name + suffix for suffix in ("", HORIZON) for name in (*SPLIT, TOTAL, SHARE)]
    missing = [name for name in needed if name not in results.outcomes]
    if missing:
        return (
            f"lacks outcomes that the report is made of; add {', '.join(missing)} to outcomes in the "
            "experiment, or take outcomes out, which keeps all"
        )
    return ""


def write(folder: str | Path) -> Path:
    """Draw the figures of a folder of results and write its report; return the path of that.

    Raises AgentsimError, one line, if the folder holds no results.
    """
    from agentsim.batch.results import Results
    from agentsim.report.figures import save
    from agentsim.report.html import page
    from agentsim.report.study import Study

    study = Study(Results.open(folder))
    drawn = save(study, Path(folder) / FIGURES)
    path = Path(folder) / PAGE
    # Never half a page: it takes its name when it is complete.
    partial = path.with_name(f".{PAGE}.partial-{os.getpid()}")
    partial.write_text(page(study, drawn), encoding="utf-8")
    partial.replace(path)
    return path


def headline(results: Results | Study) -> str:
    """Return the headline as a table for the terminal, at most 100 columns wide."""
    from agentsim.report.terminal import headline as table

    return table(results)
