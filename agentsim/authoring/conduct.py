"""The conformance battery's checks of how a strategy comes to its answer: what it reads and touches."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from agentsim import strategy as public
from agentsim.authoring.findings import Finding, found
from agentsim.authoring.reached import authored, files
from agentsim.authoring.source import chance, reaching
from agentsim.authoring.subject import FIRMS, Subject
from agentsim.authoring.worlds import Worlds
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array, quiet
from agentsim.strategy.base import Strategy
from agentsim.strategy.groups import ask
from agentsim.strategy.views import View

OURS = str(Path(public.__file__).parent)
"""The folder of the code that shows a view, which may look behind it."""

REPEATS = 3


@dataclass
class Reads:
    """What was read of views: fields, states of all firms, luck, and what lies behind the view."""

    fields: set[str] = field(default_factory=set)
    industry: set[str] = field(default_factory=set)
    luck: set[str] = field(default_factory=set)
    behind: set[str] = field(default_factory=set)
    handed: list[tuple[str, Array, Array]] = field(default_factory=list)
    """Every array that was handed out, by name, and a copy of it as it was."""


def reads_of(subject: Subject) -> Reads:
    """Return what the strategy reads in worlds of all kinds."""
    reads, memory = Reads(), None
    kind = _watched(subject.kind.view, reads)
    for world in subject.few:
        sees = _shown(kind, world, subject.strategy, memory, reads)
        remembered = sees.memory
        before = dict(remembered)
        try:
            with quiet():
                _, memory = ask(subject.strategy, sees)
        except AgentsimError:
            break  # said by another check
        if dict(remembered).keys() != before.keys() or any(
            remembered[name] is not before[name] for name in before
        ):
            reads.behind.add("memory[...] = ")
    return reads


def sees_only_what_is_shown(subject: Subject) -> Finding:
    """It reads fields of its view and public states of others, and nothing behind them."""
    reads = reads_of(subject)
    behind = [str(each) for each in reaching(subject.kind)]
    behind += [f"reads {name} of its view" for name in sorted(reads.behind) if "memory" not in name]
    remedy = (
        "read the fields that the view declares, and sees.industry for what is public of rivals"
    )
    names = [*sorted(reads.fields), *(f"industry.{name}" for name in sorted(reads.industry))]
    text = f"reads {', '.join(names) or 'nothing'}"
    return found("sees_only_what_is_shown", behind[0] if behind else "", remedy, text)


def changes_nothing(subject: Subject) -> Finding:
    """It writes to nothing that it is shown, and keeps nothing but what it remembers."""
    name, before = "changes_nothing", _state(subject.strategy)
    reads = reads_of(subject)
    between = _state(subject.strategy)
    subject.ask(subject.others)  # what is the same after the same worlds differs after others
    for seen, array, copy in reads.handed:
        if not np.array_equal(array, copy, equal_nan=True):
            remedy = "work on a copy: np.array(sees.x), or an expression, makes one"
            return found(name, f"wrote into {seen}, which the market shows it", remedy, "")
    if "memory[...] = " in reads.behind:
        remedy = "return what is to be remembered beside the choice: return choice, {name: value}"
        return found(name, "wrote into sees.memory", remedy, "")
    after = _state(subject.strategy)
    kept = [key for key in after if not before.get(key) == between.get(key) == after[key]]
    wrong = f"keeps something in {kept[0]}, which all runs and markets share" if kept else ""
    remedy = "declare it in remember() and return it beside the choice"
    text = f"{len(reads.handed)} arrays were left as they were, and class and module too"
    return found(name, wrong, remedy, text)


def takes_no_chance(subject: Subject) -> Finding:
    """Its code uses no clock and no random numbers but those of its view."""
    remarks = chance(subject.kind)
    remedy = "draw standard normal numbers by sees.draw(name)"
    return found(
        "takes_no_chance",
        str(remarks[0]) if remarks else "",
        remedy,
        "no clock, no other generator",
    )


def takes_time(subject: Subject) -> Finding:
    """Report how long it takes to be asked; slow is no failure."""
    worlds = subject.worlds[:2]
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        subject.ask(worlds)
        times.append(time.process_time() - start)
    each = min(times) / (len(worlds) * FIRMS * subject.count) * 1e6
    how = "plain numbers" if subject.is_plain else "arrays"
    text = f"{each:.3g} µs a firm, run and quarter, in {how}, {subject.count:,} runs at once"
    return Finding("takes_time", True, text)


def _watched(view: type[View], reads: Reads) -> type[View]:
    """Return a view class that writes down what private names are read of it, and not by us."""

    def notice(self: Any, name: str) -> Any:
        asked_by = sys._getframe(1).f_code.co_filename
        if name[0] == "_" and name != "__class__" and not asked_by.startswith(OURS):
            reads.behind.add(name)
        return view.__getattribute__(self, name)

    made: type[View] = type(view.__name__, (view,), {"__getattribute__": notice})
    made.fields = view.fields
    return made


def _shown(kind: type[View], world: Worlds, strategy: Strategy, memory: Any, reads: Reads) -> View:
    """Return a world's view that writes down what is read."""
    plain = world.look(strategy, memory=memory)

    def watch(fetch: Callable[[str], Array], names: set[str], what: str) -> Callable[[str], Array]:
        def fetched(name: str) -> Array:
            names.add(name)
            array = fetch(name)
            reads.handed.append((f"{what}{name}", array, array.copy()))
            return array

        return fetched

    reads.handed += [(f"memory {name}", x, x.copy()) for name, x in plain.memory.items()]
    luck = plain._draw
    assert luck is not None
    return kind(
        watch(plain._fetch, reads.fields, ""),
        watch(plain._fetch_public, reads.industry, "industry."),
        plain.rows,
        plain.firms,
        plain.quarter,
        plain.memory,
        watch(luck, reads.luck, "draw "),
    )


def _state(strategy: Strategy) -> dict[str, bytes]:
    """Return all that the strategy, its classes and their files hold, by name, as bytes."""
    kinds = authored(type(strategy))
    places: dict[str, Any] = {"self": getattr(strategy, "__dict__", {})}
    places |= {kind.__name__: vars(kind) for kind in kinds}
    reached, names = files(type(strategy)), {kind.__module__ for kind in kinds}
    for name, module in list(sys.modules.items()):
        if name in names or getattr(module, "__file__", None) in reached:
            places[name] = vars(module)
            own = [each for each in vars(module).values() if isinstance(each, type)]
            places |= {k.__name__: vars(k) for k in own if k.__module__ == name}
    held = {}
    for place, values in places.items():
        for name, value in list(values.items()):
            if not name.startswith("__"):
                # What cannot be written down cannot be compared.
                with suppress(Exception):
                    held[f"{place}.{name}"] = _written(value)
    return held


def _written(value: Any) -> bytes:
    """Return what a value holds, as bytes; of a function, what it has and encloses."""
    if isinstance(value, type | ModuleType):
        return b""
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        held = [each for each in cells if not isinstance(each, type | ModuleType | FunctionType)]
        return pickle.dumps((vars(value), value.__defaults__, value.__kwdefaults__, held))
    if isinstance(value, dict):  # whatever makes the values of a defaultdict
        value = dict(value)
    try:
        return pickle.dumps(value)
    except Exception:  # of a class that is found under no name
        return pickle.dumps(vars(value))
