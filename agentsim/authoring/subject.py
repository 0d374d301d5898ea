"""A strategy under examination: its class, the worlds it is tried in, and its answers there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from agentsim.authoring.answers import Answers, answers
from agentsim.authoring.kinds import KINDS
from agentsim.authoring.worlds import Worlds, all_kinds
from agentsim.laws.numerics import Array, quiet
from agentsim.strategy.base import Strategy
from agentsim.strategy.params import Declared, declared

FIRMS = 3
QUARTERS = (0, 1, 12, 39)
"""The quarters of made-up worlds, one after the other: late ones too, as experiments reach them."""

HORIZON = 8
"""Quarters of real markets; `agentsim strategies check` runs more of them."""

LEAST_SWEEP = 0.3
"""By how much a parameter is swept around its default: this, or the same share of the default."""
WORLDS = 6000
"""Worlds a quarter for a strategy on arrays: with its quarters 24,000, of three firms each."""

PLAIN_WORLDS = 600
"""The same for one in plain numbers, which is asked once for each firm and world."""


class Subject:
    """A strategy class and the worlds it is tried in.

    worlds: how many a quarter, of all kinds; None takes what a thorough examination takes.
    horizon: for how many quarters real markets run with it.
    """

    def __init__(
        self, kind: type[Strategy], worlds: int | None = None, horizon: int = HORIZON
    ) -> None:
        self.horizon = horizon
        self.kind = kind
        self.strategy = kind()
        self.count = worlds or (PLAIN_WORLDS if self.is_plain else WORLDS)

    @property
    def is_plain(self) -> bool:
        """Whether it is written in plain numbers."""
        return hasattr(self.kind, "decide")

    @property
    def role(self) -> str:
        """Its role."""
        return self.kind.role

    @cached_property
    def declared(self) -> dict[str, Declared]:
        """Its parameters."""
        return declared(self.kind)

    @cached_property
    def worlds(self) -> tuple[Worlds, ...]:
        """Worlds of all kinds, quarter after quarter."""
        return all_kinds(self.role, self.count, QUARTERS)

    @cached_property
    def few(self) -> tuple[Worlds, ...]:
        """A few worlds of all kinds, quarter after quarter."""
        return all_kinds(self.role, 4 * len(KINDS), QUARTERS)

    @cached_property
    def others(self) -> tuple[Worlds, ...]:
        """As few other worlds."""
        return all_kinds(self.role, 4 * len(KINDS), QUARTERS, seed=1)

    @cached_property
    def answers(self) -> Answers:
        """Its answers in the worlds."""
        return self.ask(self.worlds)

    @cached_property
    def few_answers(self) -> Answers:
        """Its answers in the few worlds."""
        return self.ask(self.few)

    def ask(self, worlds: Sequence[Worlds], **how: Any) -> Answers:
        """Return what it answers in some worlds, as the market asks it: NumPy being quiet."""
        with quiet():
            return answers(how.pop("strategy", self.strategy), worlds, **how)

    def swept(self, firms: int, runs: int) -> dict[str, Array]:
        """Return values of all numeric parameters, different for each firm and run."""
        random = np.random.default_rng(1)
        values = {}
        for name, each in self.declared.items():
            if each.choices is None:
                step = LEAST_SWEEP * max(1.0, abs(each.default))
                low, high = max(each.low, each.default - step), min(each.high, each.default + step)
                values[name] = random.uniform(low, high, (firms, runs))
        return values
