"""The report as one page that opens offline: images are in it, nothing is fetched."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from agentsim.report import background, sections, variants
from agentsim.report.figures import left_out
from agentsim.report.markup import STYLE, Html, el, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentsim.report.figures import Drawn
    from agentsim.report.study import Study


def page(study: Study, drawn: Sequence[Drawn]) -> str:
    """Return the report of a study with its figures, as HTML."""
    pictures = {
        name: [figure(each) for each in drawn if each.picture.section == name]
        for name in ("value", "robustness", "deviations")
    }
    chapters: list[tuple[str, str, list[Html]]] = [
        ("headline", "The headline in numbers", sections.numbers(study)),
        ("figures", "Who gets the value", [*pictures["value"], *_left_out(study)]),
    ]
    if robust := variants.section(study) + pictures["robustness"]:
        title = "Robustness: the headline under other assumptions"
        chapters.append(("robustness", title, robust))
    if pictures["deviations"]:
        chapters.append(
            (
                "deviations",
                "Deviations, and the kind of game",
                [sections.DEVIATIONS, *pictures["deviations"]],
            )
        )
    if uncertain := background.uncertain(study):
        chapters.append(("uncertain", "What is uncertain", uncertain))
    chapters.append(("method", "How value is counted", background.method(study)))
    chapters.append(("provenance", "Where the numbers come from", background.provenance(study)))
    contents = el(
        "nav",
        el("ul", *(el("li", el("a", title, href=f"#{key}")) for key, title, _ in chapters)),
        aria_label="Contents",
    )
    name = study.experiment.name.replace("_", " ")
    body = [
        el("h1", name[:1].upper() + name[1:]),
        el("p", sections.subtitle(study), class_="sub"),
        *sections.answer(study),
        contents,
        *(el("section", el("h2", title), joined(parts), id=key) for key, title, parts in chapters),
    ]
    head = joined(
        [
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("title", f"{name}: who ends up with the value"),
            el("style", Html(STYLE)),
        ]
    )
    whole = el("html", el("head", head), el("body", joined(body)), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _left_out(study: Study) -> list[Html]:
    """Return what to do for the figures whose outcomes were not kept."""
    return [el("p", text)] if (text := left_out(study)) else []


def figure(each: Drawn) -> Html:
    """Return a figure with its title and caption, the image inside."""
    data = base64.b64encode(each.png).decode("ascii")
    image = el("img", src=f"data:image/png;base64,{data}", alt=each.picture.title)
    return el(
        "figure",
        el("h3", each.picture.title),
        image,
        el("figcaption", each.picture.caption),
    )
