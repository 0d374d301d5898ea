"""Steps 2 and 3: show every firm what it may see, ask its strategy, check what it chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError
from agentsim.failures import Failures
from agentsim.laws.numerics import Array
from agentsim.randomness import Randomness
from agentsim.sectors.base import constant
from agentsim.sectors.world import World
from agentsim.steps.choices import Choices, Chosen
from agentsim.steps.looks import (
    ChipVendorLook,
    HyperscalerLook,
    LenderLook,
    Look,
    MemoryMakerLook,
)
from agentsim.strategy.base import BASES, Strategy
from agentsim.strategy.choices import Choice, checked, complaint, least
from agentsim.strategy.failing import RunsError
from agentsim.strategy.groups import (
    Group,
    ask,
    group,
    initial_memory,
    remembered,
    wrong_alone,
)
from agentsim.strategy.views import View

LOOKS: dict[str, Callable[[World], Look]] = {
    "hyperscaler": HyperscalerLook,
    "chip_vendor": ChipVendorLook,
    "memory_maker": MemoryMakerLook,
    "lender": LenderLook,
}

Rows = NDArray[np.intp]
Runs = NDArray[np.bool_]


@dataclass
class Asked:
    """A group of firms with the same strategy, and what it remembers."""

    group: Group
    name: str  # of the strategy, with its parameters
    firms: tuple[str, ...]
    numbers: Rows  # their rows in the sector, as numbers
    memory: Mapping[str, Array]
    strategies: tuple[Strategy, ...]  # of the firms, as they were given


class Asking:
    """Asks all strategies each quarter. One lineup for all runs of a chunk."""

    def __init__(
        self,
        lineup: Mapping[str, Mapping[str, Strategy]],  # role -> firm -> strategy
        firms: Mapping[str, tuple[str, ...]],
        runs: int,
        randomness: Randomness,
        fail: Failures,
    ) -> None:
        self.firms = dict(firms)
        self.runs = runs
        self.randomness = randomness
        self.fail = fail
        self.groups: dict[str, list[Asked]] = {}
        self.looks: dict[str, Look] = {}
        self.zeros: dict[str, Array] = {}
        for role, names in firms.items():
            asked = []
            for g in group([(row, lineup[role][name]) for row, name in enumerate(names)]):
                numbers = np.arange(len(names))[g.rows]
                members = tuple(names[row] for row in numbers)
                memory = initial_memory(g.strategy, g.size, runs)
                given = tuple(lineup[role][name] for name in members)
                asked.append(Asked(g, str(g.strategy), members, numbers, memory, given))
            self.groups[role] = asked
            self.zeros[role] = constant(0.0, (len(names), runs))

    def __call__(self, w: World) -> Choices:
        """Return what every firm chooses this quarter."""
        return Choices(**{role: self._ask_role(w, role) for role in self.firms})

    def _ask_role(self, w: World, role: str) -> Chosen:
        look = self.looks.get(role)
        if look is None or look.w is not w:
            look = self.looks[role] = LOOKS[role](w)
        chosen = self._otherwise(w, role, look)
        mixed: set[str] = set()  # fields that are put together from several groups
        for asked in self.groups[role]:
            everyone = asked.group.size == len(self.firms[role])
            for name, array in self._ask_group(w, look, asked).items():
                if array is None:
                    continue
                if everyone:
                    chosen[name] = array
                    continue
                if name not in mixed:
                    chosen[name] = chosen[name].copy()
                    mixed.add(name)
                chosen[name][asked.group.rows] = array
        return chosen

    def _ask_group(self, w: World, look: Look, asked: Asked) -> dict[str, Array | None]:
        strategy = asked.group.strategy
        base = BASES[strategy.role]
        sees = base.view(
            look,
            look.public,
            asked.group.rows,
            asked.firms,
            w.quarter,
            asked.memory,
            lambda name: self._draw(w.quarter, f"strategy/{strategy.id}/{name}", asked.numbers),
        )
        try:
            made, asked.memory = ask(strategy, sees)
            arrays, bad = checked(made, base.choice, asked.group.size, self.runs, asked.name)
        except AgentsimError as error:
            made = self._go_on(error, sees, asked)
            arrays, bad = checked(made, base.choice, asked.group.size, self.runs, asked.name)
        if bad is not None:
            self.fail(bad, w.quarter, lambda run: complaint(made, run, asked.name))
        return arrays

    def _go_on(self, error: AgentsimError, sees: View, asked: Asked) -> Choice:
        """Raise what went wrong, or mark the runs concerned and return a harmless choice."""
        if not isinstance(error, RunsError):
            self.fail.all_at_once(
                sees.quarter, error, lambda: wrong_alone(asked.strategies, sees, self.runs)
            )
            harmless: Choice = least(BASES[asked.group.strategy.role].choice)
            return harmless
        failed = np.zeros(self.runs, dtype=np.bool_)
        failed[list(error.causes)] = True
        causes = {column: cause for column, (_, cause) in error.causes.items()}
        self.fail(failed, sees.quarter, error.why, causes)
        asked.memory = remembered(asked.group.strategy, sees, error.memory)
        return error.choice

    def _draw(self, quarter: int, stream: str, rows: Rows) -> Array:
        """Return standard normal numbers of some rows, `(firms, runs)`."""
        most = int(rows.max()) + 1
        return np.asarray(self.randomness.normal(quarter, stream, most)[rows])

    def _otherwise(self, w: World, role: str, look: Look) -> Chosen:
        """Return what stands for the choices that a strategy leaves out."""
        zero = self.zeros[role]
        if role == "hyperscaler":
            h = w.hyperscalers
            return {
                "capex_rate": zero,
                "custom_share": look("planned_custom_share"),
                "debt_share": zero,
                "training_share": h.training_share,
                "withheld": zero,
                "payout": w.p.hyperscaler.payout,
            }
        return {item.name: zero for item in fields(BASES[role].choice)}
