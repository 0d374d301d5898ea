"""Properties of a strategy: what probing it found (`agentsim.authoring.probing`), never declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentsim.printing import aligned, short

SEAT = "microsoft"
"""The hyperscaler that a strategy is seated at, for its rates of capex among rivals."""

BORROWS = 0.01
"""Share of capex from which firms that follow a strategy count as borrowing: one that lives on debt
already borrows something whatever it does."""


@dataclass(frozen=True)
class Dependence:
    """How the answer depends on one field."""

    field: str
    changes: float
    """Share of answers that change when the field is as in another world, or 10% higher."""
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
    """What hyperscalers that all follow it borrow, over their capex; 1."""
    capex_rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Mean rate chosen as SEAT and what was funded, by posture of its rivals; 1/quarter."""

    @property
    def uses_debt(self) -> bool | None:
        """Whether it asks for debt without need, or borrows more than BORROWS of its capex."""
        if self.debt_share is None or self.borrowed is None:
            return None
        return self.debt_share > 0.0 or self.borrowed > BORROWS

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
        if self.debt_share is not None and self.borrowed is not None:
            lines[-1] += (
                f" (asks for up to {self.debt_share:.0%} of capex without need; "
                f"{self.borrowed:.1%} of capex is borrowed where all hyperscalers follow it)"
            )
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
