"""The conformance battery's checks of how a strategy is written, and of its parameters."""

from __future__ import annotations

import ast
import math
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from agentsim.authoring.answers import difference
from agentsim.authoring.findings import Finding, found
from agentsim.authoring.subject import FIRMS, Subject
from agentsim.errors import AgentsimError
from agentsim.strategy.base import Strategy
from agentsim.strategy.groups import group
from agentsim.strategy.params import Declared, with_values
from agentsim.strategy.registry import find, ids, parse

FEWEST = 3
"""Words from which a summary says something."""

PLACEHOLDER = "say where the idea comes from"
"""How the source begins in a new file, until its author says it."""

CORNERS = 8
"""Random corners of the bounds at which parameters are tried together."""

SWEPT = (
    "combine parameters elementwise, they may be arrays: np.where(self.x > 0, ...), not if self.x"
)
CELLS = ((0, 0), (1, 5), (2, 10))
"""Firms and worlds for which swept parameters are held against separate numbers."""


def says_what_it_does(subject: Subject) -> Finding:
    """Docstring, source and parameters are there to be read."""
    described = subject.kind.describe()
    wrong = remedy = ""
    if len(described.summary.split()) < FEWEST:
        wrong, remedy = f"summary {described.summary!r}", "begin the docstring with what it does"
    elif not described.source:
        wrong = f"source {described.source!r}"
        remedy = (
            "end the docstring with `Source: author year, title, where`, or what else it is from"
        )
    for each in described.parameters:
        if not each.meaning or (each.choices is None and not each.unit):
            wrong = f"parameter {each.name} has unit {each.unit!r} and meaning {each.meaning!r}"
            remedy = 'give both: param(default, "unit", "meaning", low, high)'
    text = f"{described.summary} {len(described.parameters)} parameters"
    if described.source.startswith(PLACEHOLDER):
        text += "; the source is still the template's"
    return found("says_what_it_does", wrong, remedy, text)


def survives_pickling(subject: Subject) -> Finding:
    """It can be sent to another process, with any parameters."""
    wrong = ""
    for each in _some(subject):
        try:
            if pickle.loads(pickle.dumps(each)) != each:
                wrong = f"{each} comes back as another"
        except Exception as error:
            wrong = " ".join(f"{type(error).__name__}: {error}".split())
    remedy = "define the class at the top of a module, and let parameters be all that it holds"
    return found("survives_pickling", wrong, remedy, "by itself and with other parameters")


def reads_back_from_its_text(subject: Subject) -> Finding:
    """What its text says makes the same strategy."""
    wrong = ""
    for each in _some(subject):
        try:
            if _read(subject.kind, str(each)) != each:
                wrong = f"{str(each)!r} is read as another"
        except AgentsimError as error:
            wrong = str(error)
    remedy = "leave __str__ and __eq__ as they are"
    return found("reads_back_from_its_text", wrong, remedy, f"{_some(subject)[-1]}")


def swept_parameters_are_as_separate_numbers(subject: Subject) -> Finding:
    """Parameters that differ between firms and runs answer as separate numbers would."""
    name = "swept_parameters_are_as_separate_numbers"
    runs = subject.few[0].runs
    values = subject.swept(FIRMS, runs)
    if not values:
        return Finding(name, True, "it has no numeric parameters")
    batch = subject.ask(subject.few, strategy=with_values(subject.strategy, values))
    for firm, run in CELLS:
        one = with_values(subject.strategy, {key: x[firm, run] for key, x in values.items()})
        rows = slice(firm, firm + 1)
        alone = subject.ask(subject.few, strategy=one, rows=rows, columns=run)
        wrong = difference(alone, batch.picked(rows, run))
        if wrong:
            return found(name, f"alone and swept {wrong}", SWEPT, "")
    text = f"{', '.join(values)}, as arrays of {FIRMS} firms by {runs} runs"
    return found(name, "", "", text)


def firms_parameters_are_as_separate_numbers(subject: Subject) -> Finding:
    """Firms with different parameters that are asked together answer as each alone."""
    name = "firms_parameters_are_as_separate_numbers"
    values = subject.swept(FIRMS, 1)
    if not values:
        return Finding(name, True, "it has no numeric parameters")
    firms = [
        with_values(subject.strategy, {key: x[row, 0] for key, x in values.items()})
        for row in range(FIRMS)
    ]
    (together,) = group(enumerate(firms))
    batch = subject.ask(subject.few, strategy=together.strategy, rows=together.rows)
    for row, firm in enumerate(firms):
        rows = slice(row, row + 1)
        wrong = difference(subject.ask(subject.few, strategy=firm, rows=rows), batch.picked(rows))
        if wrong:
            return found(name, f"alone and together {wrong}", SWEPT, "")
    return found(name, "", "", f"{FIRMS} firms with parameters of their own")


def stands_its_parameters_bounds(subject: Subject) -> Finding:
    """Choices stay within bounds at the ends of its parameters, one by one and together."""
    ends = [*_ends(subject), *_corners(subject)]
    for values in ends:
        try:
            strategy = replace(subject.strategy, **values)
        except AgentsimError:  # it refuses these together, which is its right
            continue
        made = subject.ask(subject.few, strategy=strategy)
        if made.wrong:
            wrong = f"with {strategy} {made.wrong}"
            remedy = "or narrow the bounds of the parameter"
            return found("stands_its_parameters_bounds", wrong, remedy, "")
    free = [n for n, each in subject.declared.items() if each.choices is None and not _finite(each)]
    text = f"{len(ends)} ends and corners of {len(subject.declared)} parameters"
    text += f"; without bounds: {', '.join(free)}" if free else ""
    return found("stands_its_parameters_bounds", "", "", text)


def _finite(each: Any) -> bool:
    return math.isfinite(each.low) and math.isfinite(each.high)


def _sides(each: Declared) -> list[Any]:
    """Return the finite bounds of a parameter, the lower first, or its options."""
    if each.choices is not None:
        return list(each.choices)
    return [end for end in (each.low, each.high) if math.isfinite(end)]


def _ends(subject: Subject) -> Iterator[Mapping[str, Any]]:
    """Yield each finite bound and each option of each parameter."""
    for name, each in subject.declared.items():
        yield from ({name: end} for end in _sides(each))


def _corners(subject: Subject) -> Iterator[Mapping[str, Any]]:
    """Yield all parameters at their low ends, at their high ends, and at ends by chance."""
    sides = {name: _sides(each) for name, each in subject.declared.items()}
    sides = {name: ends for name, ends in sides.items() if ends}
    if len(sides) < 2:
        return
    yield {name: ends[0] for name, ends in sides.items()}
    yield {name: ends[-1] for name, ends in sides.items()}
    random = np.random.default_rng(2)
    for _ in range(CORNERS):
        yield {name: ends[random.integers(len(ends))] for name, ends in sides.items()}


def _some(subject: Subject) -> list[Strategy]:
    """Return the strategy as it is and with other parameters."""
    values = {name: float(x[0, 0]) for name, x in subject.swept(1, 1).items()}
    return [subject.strategy, with_values(subject.strategy, values)]


def _read(kind: type[Strategy], text: str) -> Strategy:
    """Return the strategy of a text: by its name if it is known by it, else as one of the class."""
    if kind.id in ids(kind.role) and find(kind.role, kind.id) is kind:
        return parse(kind.role, text)
    called = ast.parse(text, mode="eval").body
    keywords = called.keywords if isinstance(called, ast.Call) else []
    return kind(**{str(each.arg): ast.literal_eval(each.value) for each in keywords})
