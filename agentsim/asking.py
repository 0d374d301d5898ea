"""Steps 2 and 3: show every firm what it may see, ask its strategy, check what it chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
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
from agentsim.strategy.choices import checked, complaint
from agentsim.strategy.groups import Group, ask, group, initial_memory

LOOKS: dict[str, Callable[[World], Look]] = {
    "hyperscaler": HyperscalerLook,
    "chip_vendor": ChipVendorLook,
    "memory_maker": MemoryMakerLook,
    "lender": LenderLook,
}

Draw = Callable[[int, str, Array], Array]  # quarter, stream name, firm rows -> (firms, runs)


@dataclass
class Asked:
    """A group of firms with the same strategy, and what it remembers."""

    group: Group
    firms: tuple[str, ...]
    memory: Mapping[str, Array]


@dataclass
class Asking:
    """Asks all strategies each quarter. One lineup for all runs of a chunk."""

    lineup: Mapping[str, Mapping[str, Strategy]]  # role -> firm -> strategy
    firms: Mapping[str, tuple[str, ...]]
    runs: int
    draw: Draw
    fail: Callable[[Array, str], None]  # called with the runs that failed and why
    groups: dict[str, list[Asked]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role, names in self.firms.items():
            chosen = self.lineup[role]
            asked = []
            for g in group([(row, chosen[name]) for row, name in enumerate(names)]):
                members = tuple(np.array(names)[g.rows].tolist())
                memory = initial_memory(g.strategy, g.size, self.runs)
                asked.append(Asked(g, members, memory))
            self.groups[role] = asked

    def __call__(self, w: World) -> Choices:
        """Return what every firm chooses this quarter."""
        return Choices(**{role: self._ask_role(w, role) for role in self.firms})

    def _ask_role(self, w: World, role: str) -> Chosen:
        look = LOOKS[role](w)
        size = len(self.firms[role])
        chosen: Chosen = self._otherwise(w, role)
        for asked in self.groups[role]:
            made = self._ask_group(w, look, asked)
            for name, array in made.items():
                if array is None:
                    continue
                if asked.group.size == size:
                    chosen[name] = array
                else:
                    whole = np.array(np.broadcast_to(chosen[name], (size, self.runs)))
                    whole[asked.group.rows] = array
                    chosen[name] = whole
        return chosen

    def _ask_group(self, w: World, look: Look, asked: Asked) -> dict[str, Array | None]:
        strategy = asked.group.strategy
        base = BASES[strategy.role]
        rows = asked.group.rows
        rows_array = np.arange(look.sector.size)[rows]
        sees = base.view(
            look,
            look.public,
            rows,
            asked.firms,
            w.quarter,
            asked.memory,
            lambda name: self.draw(w.quarter, f"strategy/{strategy.id}/{name}", rows_array),
        )
        made, asked.memory = ask(strategy, sees)
        arrays, bad = checked(made, base.choice, asked.group.size, self.runs, str(strategy))
        if bad is not None:
            self.fail(bad, complaint(made, int(np.flatnonzero(bad)[0]), str(strategy)))
        return arrays

    def _otherwise(self, w: World, role: str) -> Chosen:
        """Return what stands for the choices that a strategy leaves out."""
        if role == "hyperscaler":
            h = w.hyperscalers
            zero = np.zeros((h.size, self.runs))
            return {
                "capex_rate": zero,
                "custom_share": h.custom_share,
                "debt_share": zero,
                "training_share": h.training_share,
                "withheld": zero,
                "payout": w.full(w.p.hyperscaler.payout, h.size),
            }
        size = len(self.firms[role])
        return {item.name: np.zeros((size, self.runs)) for item in fields(BASES[role].choice)}


def no_failure(runs: Array, why: str) -> None:
    """Raise for a failed run: the default of a market that is to stop at the first failure."""
    first = int(np.flatnonzero(runs)[0])
    raise AgentsimError(f"{why} (first in run number {first} of the chunk)")
