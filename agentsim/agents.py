"""Mesa agents: each is a row of its sector, and its attributes are that row."""

from __future__ import annotations

from typing import Any, ClassVar

from mesa import Agent

from agentsim.errors import AgentsimError
from agentsim.sectors.base import Sector
from agentsim.strategy.base import Strategy


class Firm(Agent):
    """A firm. `firm.debt` is a float in a market of one run, otherwise an array `(runs,)`."""

    role: ClassVar[str]

    def __init__(self, model: Any, name: str, row: int) -> None:
        super().__init__(model)
        self.name = name
        self.row = row

    @property
    def sector(self) -> Sector:
        """The sector's arrays, of which this firm is a row."""
        return self.model.sectors[self.role]

    @property
    def strategy(self) -> Strategy:
        """What the firm follows."""
        return self.model.lineup[self.role][self.name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("model", "row", "role"):
            raise AttributeError(name)
        sector = self.sector
        if name not in type(sector).states:
            known = ", ".join(sorted(type(sector).states))
            raise AttributeError(f"{type(self).__name__} has no {name!r}; its state: {known}")
        row = getattr(sector, name)[self.row]
        if sector.runs == 1:
            return float(row[0])
        seen = row.view()
        seen.flags.writeable = False
        return seen

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.strategy}>"

    def remove(self) -> None:
        """Refuse: the firm's row would stay behind in the sector's arrays."""
        raise AgentsimError(f"{self.name} cannot be removed; build a Scenario without it instead")


class Hyperscaler(Firm):
    """Buys chips, powers them, sells AI services."""

    role = "hyperscaler"


class ChipVendor(Firm):
    """Sells merchant chips, or makes its customers' own designs."""

    role = "chip_vendor"


class MemoryMaker(Firm):
    """Makes the memory that chips need."""

    role = "memory_maker"


class Lender(Firm):
    """Lends savers' money against chips."""

    role = "lender"


AGENTS: dict[str, type[Firm]] = {
    agent.role: agent for agent in (Hyperscaler, ChipVendor, MemoryMaker, Lender)
}

__all__ = ["AGENTS", "ChipVendor", "Firm", "Hyperscaler", "Lender", "MemoryMaker"]
