"""Markup: making HTML in which everything that was not made here is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def el(name: str, /, *children: str | Html, **attributes: str) -> Html:
    """Return an element. Children that are plain text are escaped; `class_` is class."""
    inner = "".join(child if isinstance(child, Html) else html.escape(child) for child in children)
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(text)}"'
        for key, text in attributes.items()
    )
    if name in ("img", "meta"):
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{inner}</{name}>")


def joined(parts: Iterable[str | Html]) -> Html:
    """Return parts one after the other."""
    return Html("\n".join(each if isinstance(each, Html) else html.escape(each) for each in parts))


def cell(text: str, *below: str, share: bool = False) -> Html:
    """Return a number over its interval, and over whatever else is said of it, a line each."""
    lines = [el("span", each, class_="interval") for each in below if each]
    return el("td", text, *lines, class_="share" if share else "number")


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Html]],
    caption: str = "",
    labels: int = 1,
) -> Html:
    """Return a table: the first `labels` columns are words, the others numbers set to the right."""
    head = el(
        "tr",
        *(
            el("th", each, scope="col", class_="word" if i < labels else "number")
            for i, each in enumerate(heads)
        ),
    )
    body = []
    for row in rows:
        cells = [
            each
            if isinstance(each, Html) and each.startswith("<t")
            else el("th", each, scope="row", class_="word")
            if i == 0 and labels
            else el("td", each, class_="word" if i < labels else "number")
            for i, each in enumerate(row)
        ]
        body.append(el("tr", *cells))
    parts = [el("caption", caption)] if caption else []
    made = el("table", *parts, el("thead", head), el("tbody", *body))
    return el("div", made, class_="wide")


STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --soft: #5a5a5a; --line: #d4d4d4;
  --page: #ffffff; --panel: #f5f5f3; --accent: #1f3f6e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e6; --soft: #a9a9a5; --line: #454545;
  --page: #191a1b; --panel: #242627; --accent: #9dbfec; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.2rem 4rem; max-width: 68rem; color: var(--ink);
  background: var(--page); font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .2rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .8rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .4rem; }
p, li, figcaption { max-width: 46rem; }
.sub, .coverage, figcaption, caption { color: var(--soft); }
.sub { margin: 0 0 1.6rem; }
.answer { border-left: 4px solid var(--accent); background: var(--panel); padding: .9rem 1.2rem;
  margin: 1rem 0; }
.answer h2 { border: 0; margin: 0 0 .4rem; padding: 0; }
.answer p { margin: .5rem 0; max-width: none; }
.answer .note, .coverage { font-size: .9rem; }
.answer .note { color: var(--soft); }
summary { cursor: pointer; color: var(--accent); margin: .8rem 0; }
nav ul { columns: 2; padding-left: 1.2rem; font-size: .95rem; }
a { color: var(--accent); }
.wide { overflow-x: auto; margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .5rem; font-size: .9rem; }
th, td { padding: .28rem .5rem; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; }
tbody .group { text-align: left; font-weight: 600; padding-top: .7rem; }
tr.first > * { border-top: 1.5px solid var(--soft); }
.word, .text { text-align: left; font-weight: 400; }
tbody td.word { white-space: nowrap; }
tbody th.word { min-width: 9rem; }
.text { overflow-wrap: anywhere; }
thead .word, thead .number { font-weight: 600; }
.number, .share { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.share { font-weight: 600; }
.interval { display: block; font-size: .78em; font-weight: 400; color: var(--soft); }
.weak { color: var(--soft); }
figure { margin: 1.4rem 0 2.2rem; }
figure img { width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
figcaption { font-size: .9rem; margin-top: .4rem; }
pre { background: var(--panel); padding: .8rem 1rem; overflow-x: auto; font-size: .82rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; background: #fff; color: #000; }
  nav { display: none; } h2 { break-after: avoid; } h3 { break-after: avoid; }
  figure, .answer, tr { break-inside: avoid; } .wide { overflow: visible; }
  table { font-size: 7.5pt; } th, td { padding: .2rem .4rem; } a { color: inherit; } }
"""
