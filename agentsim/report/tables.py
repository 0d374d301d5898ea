"""Tables of docs/model.md, made from the code: parameters, state, choices, outcomes, series.

python -m agentsim.report.tables docs/model.md            fills the page between its markers
python -m agentsim.report.tables docs/model.md --check    says whether it is up to date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from agentsim.errors import AgentsimError
from agentsim.outcomes import BY_FIRM, OUTCOMES
from agentsim.parameters import DECLARATIONS, GROUPS, Declaration
from agentsim.scenario import Scenario
from agentsim.sectors.base import Sector
from agentsim.sectors.chip_vendors import ChipVendors
from agentsim.sectors.customers import Customers, Inputs
from agentsim.sectors.hyperscalers import Hyperscalers
from agentsim.sectors.lenders import Lenders
from agentsim.sectors.memory_makers import MemoryMakers
from agentsim.shocks import KINDS
from agentsim.simulation import AGGREGATES
from agentsim.strategy.choices import (
    ChipVendorChoice,
    HyperscalerChoice,
    LenderChoice,
    MemoryMakerChoice,
)
from agentsim.strategy.params import Declared
from agentsim.strategy.registry import find

START, END = "<!-- generated: start -->", "<!-- generated: end -->"
CALIBRATION = "2025Q4"
ROLES = {
    "market": "The market",
    "hyperscaler": "Hyperscalers",
    "chip_vendor": "Chip vendors",
    "memory_maker": "Memory makers",
    "lender": "Lenders",
}
STATES: dict[str, type[Sector]] = {
    "Hyperscalers": Hyperscalers,
    "Chip vendors": ChipVendors,
    "Memory makers": MemoryMakers,
    "Lenders": Lenders,
    "Customers and the market for services": Customers,
    "Technology and inputs": Inputs,
}
CHOICES = {
    "hyperscaler": HyperscalerChoice,
    "chip vendor": ChipVendorChoice,
    "memory maker": MemoryMakerChoice,
    "lender": LenderChoice,
}


TOLD: dict[str, tuple[str, ...]] = {
    "hyperscaler": (
        "best_response", "cartel", "competitive", "escalate", "match", "restrain", "scaled",
    ),
    "chip_vendor": ("best_response", "hold_margin", "scarcity"),
    "memory_maker": ("disciplined", "expand_on_margin"),
    "lender": ("prudent", "yield_seeking"),
}  # fmt: skip
"""Strategies whose rules the page tells. A file that somebody adds to the library is not one."""


def generated() -> str:
    """Return all the tables as Markdown."""
    return "\n\n".join([*_inputs(), *_state(), *_choices(), *_results()])


def _inputs() -> list[str]:
    parts = [
        "### Parameters",
        f"Bounds are what makes sense at all; values and marked ranges are those of `{CALIBRATION}`. "
        "Where firms differ each is named; a range in brackets is drawn from under uncertainty. "
        f"`agentsim calibration {CALIBRATION}` adds sources and reasons.",
    ]
    scenario = Scenario.load(CALIBRATION)
    for role, title in ROLES.items():
        heads = ["parameter", "unit", "meaning", "bounds", "value (marked range)", "kind"]
        rows = [
            _parameter(scenario, DECLARATIONS[role, item.name]) for item in fields(GROUPS[role])
        ]
        parts += [f"#### {title}", table(heads, rows)]
    return parts


def _state() -> list[str]:
    parts = [
        "### State",
        "Kept for every firm and run, at the end of the quarter that closed last. `owner` is seen "
        "by the firm alone, `all` by every strategy.",
    ]
    for title, sector in STATES.items():
        rows = [
            [f"`{each.name}`", each.unit, each.meaning, each.seen_by]
            for each in sector.states.values()
        ]
        parts += [f"#### {title}", table(["state", "unit", "meaning", "seen by"], rows)]
    return parts


def _choices() -> list[str]:
    return [
        "### Choices",
        "What a strategy returns each quarter. A choice that is left out stands as said.",
        table(
            ["who", "choice", "unit", "meaning", "bounds", "if left out"],
            [
                [
                    who, f"`{item.name}`", item.metadata["unit"], item.metadata["meaning"],
                    _bounds(item.metadata["low"], item.metadata["high"]),
                    item.metadata["otherwise"] or "may not be",
                ]
                for who, kind in CHOICES.items()
                for item in fields(kind)
            ],
        ),
        "### Strategies",
        "Those whose rules are told above. Parameters of strategies are part of what a lineup names: they have "
        "bounds and no marked range, and no draw moves them.",
        table(["who", "strategy", "what it does"], [row[:3] for row in _strategies()]),
        table(
            ["strategy", "parameter", "unit", "meaning", "bounds", "default"],
            [row for *_, rows in _strategies() for row in rows],
        ),
    ]  # fmt: skip


def _results() -> list[str]:
    return [
        "### Shocks",
        table(["shock", "field", "unit", "meaning", "bounds"], list(_shocks())),
        "### Outcomes",
        "One row a run. What is marked * has a twin `..._to_horizon` without the run-off; "
        "what is of each firm is kept where it is asked for, `value.<firm>` always.",
        table(
            ["outcome", "unit", "meaning"],
            [[f"`{name}`", unit, meaning] for name, (unit, meaning) in OUTCOMES.items()]
            + [[f"`{name}.<firm>`", unit, meaning] for name, (unit, meaning) in BY_FIRM.items()],
        ),
        "### Series",
        "One row a run and quarter: the states of customers, technology and inputs above, and these "
        "sums over firms.",
        table(
            ["series", "unit", "meaning"],
            [[f"`{name}`", unit, meaning] for name, (unit, meaning) in AGGREGATES.items()],
        ),
    ]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in lines)


def _escaped(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _parameter(scenario: Scenario, declared: Declaration) -> list[str]:
    """Return the line of a parameter: a value for all firms alike is given once."""
    name = declared.name
    if declared.role == "market":
        values, kinds = {"": _value(scenario, name)}, [scenario.provenance[name].kind]
    else:
        own = {firm: f"{firm}.{name}" for firm in scenario.firms[declared.role]}
        values = {firm: _value(scenario, each) for firm, each in own.items()}
        kinds = [scenario.provenance[each].kind for each in own.values()]
        if len(set(values.values())) == 1:
            values = {"": next(iter(values.values()))}
    shown = "; ".join(f"{firm} {value}".strip() for firm, value in values.items())
    return [
        f"`{name}`",
        declared.unit,
        declared.meaning,
        _bounds(declared.low, declared.high),
        shown,
        ", ".join(dict.fromkeys(kinds)),
    ]


def _value(scenario: Scenario, name: str) -> str:
    """Return a value with its marked range: `0.3 (0.23 to 0.39)`."""
    value: Any = scenario[name]
    for marked in scenario.ranges.values():
        if name in marked.names:
            return f"{value:.4g} ({marked.low:.4g} to {marked.high:.4g})"
    return f"{value:.4g}"


def _bounds(low: float, high: float) -> str:
    return f"{low:g} to {high:g}"


def _strategies() -> Iterable[tuple[str, str, str, list[list[str]]]]:
    """Yield who follows a strategy, its name and summary, and a row for each of its parameters."""
    for role, names in TOLD.items():
        for id in names:
            about = find(role, id).describe()
            who = role.replace("_", " ")
            rows = [
                [f"{who} `{id}`", f"`{p.name}`", p.unit, p.meaning, _span(p), f"{p.default:g}"]
                for p in about.parameters
            ]
            yield who, f"`{id}`", about.summary, rows


def _span(p: Declared) -> str:
    return " | ".join(map(str, p.choices)) if p.choices else _bounds(p.low, p.high)


def _shocks() -> Iterable[list[str]]:
    for kind, shock in KINDS.items():
        for item in fields(shock):
            m = item.metadata
            bounds = _bounds(m["low"], m["high"]) if "low" in m else ""
            yield [kind, f"`{item.name}`", m["unit"], m["meaning"], bounds]


def filled(page: str) -> str:
    """Return a page with the tables between its markers. Raises AgentsimError without markers."""
    head, start, rest = page.partition(START)
    _, end, tail = rest.partition(END)
    if not start or not end:
        raise AgentsimError(f"the page has no {START} followed by {END}; put both into it")
    return f"{head}{START}\n\n{generated()}\n\n{END}{tail}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill a page, or check it; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    check = "--check" in words
    pages = [Path(word) for word in words if word != "--check"]
    if len(pages) != 1 or any(str(page).startswith("-") for page in pages):
        print("usage: python -m agentsim.report.tables PAGE [--check]", file=sys.stderr)
        return 2
    (path,) = pages
    try:
        page = path.read_text(encoding="utf-8")
        made = filled(page)
    except (AgentsimError, OSError) as error:
        print(f"error: {path}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 2
    if check:
        if made != page:
            print(f"{path} is stale; run: python -m agentsim.report.tables {path}", file=sys.stderr)
            return 1
        return 0
    if made != page:
        path.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
