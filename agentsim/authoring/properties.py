"""Properties of a strategy, measured by probing it, never declared.

What it depends on is measured in worlds that the calibrated market shows (`shown`): a field is changed
in them, and nothing else, and the answers are held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from agentsim.asking import LOOKS
from agentsim.authoring.answers import Answers, difference
from agentsim.authoring.conduct import Reads, reads_of
from agentsim.authoring.subject import Subject
from agentsim.authoring.worlds import PUBLIC, Worlds
from agentsim.laws.numerics import Array
from agentsim.lineup import resolve
from agentsim.printing import aligned, short
from agentsim.scenario import Scenario
from agentsim.sectors.world import World
from agentsim.simulation import Simulation
from agentsim.steps.choices import Choices
from agentsim.strategy.base import BASES

RUNS = 12
QUARTERS = 8
"""Worlds that the market shows: so many runs, with every marked range drawn, over so many quarters."""

SEAT = "microsoft"
"""The hyperscaler that a strategy is seated at, for its rates of capex among rivals."""

SEATED_QUARTERS = 12
SEATED_RUNS = 4

MAIN: dict[str, tuple[str, ...]] = {
    "hyperscaler": ("capex_rate",),
    "chip_vendor": ("price",),
    "memory_maker": ("expansion",),
    "lender": ("spread", "advance_rate"),
}
"""The choices whose response is measured."""

RIVALS: dict[str, frozenset[str]] = {
    "hyperscaler": frozenset({"rivals_capex_rate"}),
    "chip_vendor": frozenset({"merchant_price", "custom_price"}),
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
            ("merchant_price", "custom_price", "merchant_user_cost", "custom_user_cost"), _times(1.1)
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
        "margin up by 0.1": {"memory_margin": _plus(0.1)},
        "orders up by 20%": {"memory_tightness": _times(1.2)},
    },
    "lender": {
        "losses up by 0.02 a year": dict.fromkeys(("loss_rate", "industry_loss_rate"), _plus(0.02)),
        "demand for credit doubles": {"credit_demand": _times(2.0)},
    },
}
"""What is changed, from the second quarter on, to see how the main choices respond."""


@dataclass(frozen=True)
class Dependence:
    """How the answer depends on one field."""

    field: str
    changes: float
    """Share of answers that change when the field is as in another world."""
    effect: float
    """Mean relative change of the first main choice when the field is 10% higher."""


@dataclass(frozen=True)
class Response:
    """How a main choice responds to a change of what it sees, over its mean."""

    change: str
    choice: str
    before: float
    after: float


@dataclass(frozen=True)
class Properties:
    """What probing a strategy found."""

    deterministic: bool
    """Whether other luck leaves the answer as it is."""
    looks_at_rivals: bool
    """Whether the answer changes with what rivals alone did."""
    remembers: bool
    """Whether the answer changes with what was seen before."""
    depends_on: tuple[Dependence, ...]
    responses: tuple[Response, ...]
    debt_share: float | None = None
    """Largest share of capex that it put on debt of its own accord, hyperscalers; share, 0 to 1."""
    borrowed: float | None = None
    """What it borrowed as SEAT over its capex, among restraining rivals; 1."""
    capex_rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Mean rate chosen as SEAT and what was funded, by posture of its rivals; 1/quarter."""

    @property
    def uses_debt(self) -> bool | None:
        """Whether it asks for debt of its own accord, or borrows where cash falls short."""
        if self.debt_share is None or self.borrowed is None:
            return None
        return self.debt_share > 0.0 or self.borrowed > 0.0

    def __str__(self) -> str:
        answers = {
            "deterministic": self.deterministic,
            "looks at rivals": self.looks_at_rivals,
            "remembers": self.remembers,
            "uses debt": self.uses_debt,
        }
        lines = [
            f"{name}: {'yes' if value else 'no'}"
            for name, value in answers.items()
            if value is not None
        ]
        tables = [self._rates(), self._responses(), self._dependences()]
        return "\n".join([*lines, *(line for table in tables for line in ["", *table] if table)])

    def _rates(self) -> list[str]:
        if not self.capex_rates:
            return []
        rows = [["chosen", "funded", f"capex rate of {SEAT}, 1/quarter, when rivals"]]
        rows += [[short(a), short(b), name] for name, (a, b) in self.capex_rates.items()]
        return aligned(rows)

    def _responses(self) -> list[str]:
        rows = [["before", "after", "choice", "when"]]
        rows += [[short(r.before), short(r.after), r.choice, r.change] for r in self.responses]
        return aligned(rows)

    def _dependences(self) -> list[str]:
        rows = [["answers changed, %", "by a tenth more, %", "depends on"]]
        rows += [
            [f"{100 * each.changes:.0f}", f"{100 * each.effect:.2g}", each.field]
            for each in self.depends_on
        ]
        return aligned(rows) if self.depends_on else ["depends on nothing that it sees"]


def measured(subject: Subject) -> Properties:
    """Return the properties of a strategy, each measured by probing it."""
    worlds, reads = shown(subject.role), reads_of(subject)
    base = subject.ask(worlds)
    others = subject.ask([world.luckier(9) for world in worlds])
    dependences = tuple(_dependences(subject, reads, worlds, base))
    seen = {each.field for each in dependences if each.changes > 0.0}
    rivals = bool(seen & RIVALS[subject.role]) or _looks_at_industry(subject, reads, worlds)
    hyperscaler = subject.role == "hyperscaler"
    seated = {posture: _seated(subject, posture) for posture in ("restrain", "escalate")}
    return Properties(
        deterministic=not difference(base, others),
        looks_at_rivals=rivals,
        remembers=_remembers(subject, worlds, base),
        depends_on=tuple(sorted(dependences, key=lambda each: (-each.changes, each.field))),
        responses=tuple(_responses(subject, worlds, base)),
        debt_share=_debt_share(subject) if hyperscaler else None,
        borrowed=seated["restrain"][2] if hyperscaler else None,
        capex_rates={name: x[:2] for name, x in seated.items()} if hyperscaler else {},
    )
