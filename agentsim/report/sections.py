"""Sections: the head of the report, and the parts that are no tables alone."""

from __future__ import annotations

from agentsim.report import answers, headline_tables
from agentsim.report.markup import Html, el
from agentsim.report.study import Study
from agentsim.report.variants import summary

DEVIATIONS = el(
    "p",
    "The cells above have all hyperscalers do the same. Here one of them does something else than "
    "the rest, under every shock and elasticity: what it gains by that is what drives, or stops, a "
    "race. Of two postures the mild one is the less, the fierce one the more aggressive.",
)


def subtitle(study: Study) -> str:
    """Say what was simulated."""
    e, m = study.experiment, study.results.manifest
    cells = int(m.get("cells", study.runs["cell"].nunique()))
    outcomes = int(m.get("rows", len(study.runs)))
    simulated = int(m.get("runs_simulated", outcomes))
    draws = f"{study.count} draw{'s' if study.count != 1 else ''}"
    text = (
        f"{outcomes:,} outcomes from the calibration {e.scenario}: {cells} cell{'s' if cells != 1 else ''} of {draws}. A cell "
        "is one combination of what the experiment varies, a draw one set of luck and assumptions. "
    )
    if simulated < outcomes:
        same = (outcomes - simulated) // max(study.count, 1)
        text += (
            f"{simulated:,} markets were simulated, as {same} cells are identical to another and "
            "share its runs. "
        )
    return text + (
        f"Each market runs {e.horizon} quarters and the run-off after them, in which nothing more "
        "is ordered and fleets serve on until they are worn out."
    )


def answer(study: Study) -> list[Html]:
    """Return the answer with what would mislead if left out, and what its brackets are."""
    found = answers.answer(study)
    sentences = [el("p", each) for each in found.sentences if each]
    notes = []
    for note in found.notes:
        title = el("a", note.title, href=f"#{note.section}") if note.section else note.title
        notes.append(el("p", el("strong", title, "."), " ", note.text, class_="note"))
    return [
        el("section", el("h2", found.question), *sentences, *notes, class_="answer"),
        el("p", f"{found.reading} {found.limits}", class_="coverage"),
    ]


def numbers(study: Study) -> list[Html]:
    """Return the tables behind the answer, and what each posture does."""
    return [*headline_tables.tables(study), *_postures(study)]


def _postures(study: Study) -> list[Html]:
    """Return what each posture does, in its strategy's own words."""
    column = study.posture.column
    if column is None or not column.startswith("lineup."):
        return []
    who = column.partition(".")[2]
    items = [
        el("li", el("strong", study.posture.words(level)), ": ", summary(study, who, str(level)))
        for level in study.posture.levels
        if str(level) != "calibrated"
    ]
    return [el("p", "What the postures do:"), el("ul", *items)]
