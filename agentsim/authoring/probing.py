"""Probing a strategy: a field is changed in worlds, nothing else is, and the answers are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.authoring.answers import Answers, difference
from agentsim.authoring.conduct import Reads, reads_of
from agentsim.authoring.properties import SEAT, Dependence, Properties, Response
from agentsim.authoring.shown import shown
from agentsim.authoring.subject import Subject
from agentsim.authoring.worlds import Worlds
from agentsim.laws.numerics import Array, ordered_sum
from agentsim.lineup import resolve
from agentsim.scenario import Scenario
from agentsim.sectors.world import World
from agentsim.simulation import Simulation
from agentsim.steps.choices import Choices

SEATED_QUARTERS = 12
SEATED_RUNS = 4
POSTURES = ("restrain", "escalate")
"""Of the rivals among which a hyperscaler is seated."""

A_TENTH = 1.1
OTHER_LUCK = 9

MAIN: dict[str, tuple[str, ...]] = {
    "hyperscaler": ("capex_rate",),
    "chip_vendor": ("price",),
    "memory_maker": ("expansion",),
    "lender": ("spread", "advance_rate", "deployed"),
}
"""The choices whose response is measured."""

RIVALS: dict[str, frozenset[str]] = {
    "hyperscaler": frozenset({"rivals_capex_rate"}),
    "chip_vendor": frozenset({"merchant_price", "custom_price", "rivals_price", "custom_share"}),
    "memory_maker": frozenset(),
    "lender": frozenset({"industry_loss_rate"}),
}
"""Fields that say what others did; besides them there is `industry`."""

RETURNS = (
    "operating_cash",
    "revenue",
    "own_marginal_revenue",
    "price_value",
    "industry_marginal_revenue",
    "training_value",
)

Change = Callable[[Array], Array]


def _times(factor: float) -> Change:
    return lambda x: factor * x


def _plus(step: float) -> Change:
    return lambda x: x + step


PROBES: dict[str, dict[str, Mapping[str, Change]]] = {
    "hyperscaler": {
        "returns double": dict.fromkeys(RETURNS, _times(2.0)),
        "rivals' rate up by 0.1 a quarter": {"rivals_capex_rate": _plus(0.1)},
        "chips dearer by 10%": dict.fromkeys(
            ("merchant_price", "custom_price", "merchant_user_cost", "custom_user_cost"),
            _times(1.1),
        ),
    },
    "chip_vendor": {
        "unit cost up by 10%": {"unit_cost": _times(1.1)},
        "foundry and memory tighter by 20%": dict.fromkeys(
            ("foundry_tightness", "memory_tightness"), _times(1.2)
        ),
        "market's prices up by 10%": dict.fromkeys(("merchant_price", "custom_price"), _times(1.1)),
    },
    "memory_maker": {
        "memory dearer by 20%": {
            "memory_price": _times(1.2),
            "memory_margin": lambda margin: 1.0 - (1.0 - margin) / 1.2,
        },
        "orders up by 20%": {"memory_tightness": _times(1.2)},
    },
    "lender": {
        "losses up by 0.02 a year": dict.fromkeys(("loss_rate", "industry_loss_rate"), _plus(0.02)),
        "demand for credit doubles": {"credit_demand": _times(2.0)},
        "chips wear out half as fast again": {"wear": _times(1.5)},
        "coupons down by 30%": {"coupons": _times(0.7)},
    },
}
"""What is changed, from the second quarter on, to see how the main choices respond."""


def measured(subject: Subject) -> Properties:
    """Return the properties of a strategy, each measured by probing it."""
    worlds, reads = shown(subject.role), reads_of(subject)
    base = subject.ask(worlds)
    lucky = subject.ask([world.luckier(OTHER_LUCK) for world in worlds])
    depends = [
        _dependence(subject, name, worlds, base)
        for name in sorted(reads.fields & subject.kind.view.fields.keys())
    ]
    depends.sort(key=lambda each: (-each.changes, -each.effect, each.field))
    seen = {each.field for each in depends if each.changes > 0.0}
    hyperscaler = subject.role == "hyperscaler"
    return Properties(
        deterministic=not difference(base, lucky),
        looks_at_rivals=bool(seen & RIVALS[subject.role])
        or _looks_at_others(subject, reads, worlds),
        remembers=_remembers(subject, worlds, base),
        depends_on=tuple(depends),
        responses=tuple(_responses(subject, worlds, base)),
        debt_share=_most(base, "debt_share") if hyperscaler else None,
        borrowed=_borrowed(subject) if hyperscaler else None,
        capex_rates={posture: _seated(subject, posture) for posture in POSTURES if hyperscaler},
    )


def _dependence(subject: Subject, name: str, worlds: Sequence[Worlds], base: Answers) -> Dependence:
    """Measure how the answer depends on a field, in all quarters."""
    swapped = [w.changed({name: np.roll(w.values[name], 1, axis=-1)}) for w in worlds]
    other = subject.ask(swapped)
    more = subject.ask([w.changed({name: A_TENTH * w.values[name]}) for w in worlds])
    changed = [
        _unlike(one, two) | _unlike(one, three)
        for one, two, three in zip(base.choices, other.choices, more.choices, strict=True)
    ]
    main = MAIN[subject.role][0]
    before, after = _all(base, main), _all(more, main)
    moved = float(np.mean(np.abs(after - before)))
    scale = float(np.mean(np.abs(before)))
    share = float(np.mean([np.mean(each) for each in changed]))
    return Dependence(name, share, moved / scale if scale > 0.0 else 0.0)


def _unlike(one: Mapping[str, Array], other: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Return where any choice differs, `(firms, runs)`; everywhere, if one is left out in one."""
    if one.keys() != other.keys():
        return np.ones_like(next(iter(one.values())), dtype=np.bool_)
    return np.any([one[key] != other[key] for key in one], axis=0)


def _looks_at_others(subject: Subject, reads: Reads, worlds: Sequence[Worlds]) -> bool:
    """Whether a firm's answer changes when public states of the other firms change, and only they."""
    if not reads.industry:
        return False
    first = slice(0, 1)
    before = subject.ask(worlds, rows=first)
    # Gone altogether, too: who waits for a rival's first move sees none any more.
    for factor in (A_TENTH, 0.0):
        changes = []
        for world in worlds:
            values = {name: world.values[name].copy() for name in reads.industry}
            for x in values.values():
                x[1:] = factor * np.roll(x[1:], 1, axis=-1)
            changes.append(world.changed(values))
        if difference(before, subject.ask(changes, rows=first)):
            return True
    return False


def _remembers(subject: Subject, worlds: Sequence[Worlds], base: Answers) -> bool:
    """Whether the last answer changes when what was seen before is another history."""
    if not any(base.memory):
        return False
    past = [
        world.changed({name: np.roll(x, 1, axis=-1) for name, x in world.values.items()})
        for world in worlds[:-1]
    ]
    other = subject.ask([*past, worlds[-1]])
    return bool(difference(Answers(base.choices[-1:]), Answers(other.choices[-1:])))


def _responses(subject: Subject, worlds: Sequence[Worlds], base: Answers) -> Iterator[Response]:
    """Yield how each main choice responds to each probe, on average from the second quarter on."""
    for what, changes in PROBES[subject.role].items():
        changed = [
            world.changed({name: change(world.values[name]) for name, change in changes.items()})
            for world in worlds[1:]
        ]
        made = subject.ask([worlds[0], *changed])
        for name in MAIN[subject.role]:
            before, after = (float(np.mean(_all(each, name)[1:])) for each in (base, made))
            yield Response(what, name, before, after)


def _seated(subject: Subject, posture: str) -> tuple[float, float]:
    """Return its mean capex rate as SEAT among rivals of a posture, chosen and funded, 1/quarter."""
    sim = _market({"hyperscaler": posture, SEAT: subject.strategy})
    row = sim.world.hyperscalers.row(SEAT)
    chosen, funded = [], []

    def look(w: World, made: Choices) -> None:
        chosen.append(made.hyperscaler["capex_rate"][row].mean())

    for _ in range(SEATED_QUARTERS):
        sim.step(look)
        funded.append(sim.world.hyperscalers.capex_rate[row].mean())
    return float(np.mean(chosen)), float(np.mean(funded))


def _borrowed(subject: Subject) -> float:
    """Return what hyperscalers that all follow it borrow, over their capex; 1."""
    sim = _market({"hyperscaler": subject.strategy})
    borrowed = spent = 0.0
    for _ in range(SEATED_QUARTERS):
        sim.step()
        borrowed += float(ordered_sum(sim.world.hyperscalers.borrowing).sum())
        spent += float(ordered_sum(sim.world.hyperscalers.capex).sum())
    return borrowed / spent if spent > 0.0 else 0.0


def _market(lineup: Mapping[str, Any]) -> Simulation:
    scenario = Scenario.load("2025Q4")
    runs = np.arange(SEATED_RUNS)
    chosen = resolve(lineup, scenario.firms)
    return Simulation(scenario, chosen, runs, 1, (), SEATED_QUARTERS, "outcomes", "mark")


def _most(made: Answers, name: str) -> float:
    """Return the largest number of a choice, 0 where it is left out."""
    return max((float(each[name].max()) for each in made.choices if name in each), default=0.0)


def _all(made: Answers, name: str) -> Array:
    """Return a choice of all quarters, `(quarters, firms, runs)`."""
    return np.array([each[name] for each in made.choices])
