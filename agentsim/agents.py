"""Mesa agents: each is a row of its sector, and its attributes are that row."""

from __future__ import annotations

from typing import Any, ClassVar

from mesa import Agent

from agentsim.errors import AgentsimError, shown
from agentsim.parameters import DECLARATIONS
from agentsim.sectors.base import Sector, State
from agentsim.sectors.chip_vendors import ChipVendors
from agentsim.sectors.hyperscalers import Hyperscalers
from agentsim.sectors.lenders import Lenders
from agentsim.sectors.memory_makers import MemoryMakers
from agentsim.strategy.base import Strategy


class Firm(Agent):
    """A firm. `firm.debt` is a float in a market of one run, otherwise an array `(runs,)`.

    State is the market's to change, and is only read here; attributes of your own may be set.
    """

    role: ClassVar[str]
    states: ClassVar[dict[str, State]]

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
        if name not in self.states:
            known = ", ".join(sorted(self.states))
            raise AttributeError(f"{type(self).__name__} has no {name!r}; its state: {known}")
        sector = self.sector
        row = getattr(sector, name)[self.row]
        if sector.runs == 1:
            return float(row[0])
        seen = row.view()
        seen.flags.writeable = False
        return seen

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to set state, or the strategy: the market would not notice."""
        if name in self.states:
            raise AgentsimError(self._remedy(name, value))
        if name == "strategy":
            raise AgentsimError(
                f"{self.name}.strategy cannot be set on the way; set it when the market is built: "
                f'Market(..., lineup={{"{self.name}": {shown(value)}}})'
            )
        super().__setattr__(name, value)

    def _remedy(self, name: str, value: Any) -> str:
        """Return the line that says how a state can be set, if it can."""
        text = f"{self.name}.{name} = {shown(value)} cannot be set on the way"
        if (self.role, name) in DECLARATIONS:
            how = f'Market(..., **{{"{self.name}.{name}": {shown(value)}}})'
            return f"{text}; set it when the market is built: {how}"
        return f"{text}: the market works it out; `agentsim calibration` lists what can be set"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.strategy}>"

    def remove(self) -> None:
        """Refuse: the firm's row would stay behind in the sector's arrays."""
        raise AgentsimError(f"{self.name} cannot be removed; build a Scenario without it instead")


class Hyperscaler(Firm):
    """Buys chips, powers them, sells AI services."""

    role = "hyperscaler"
    states = Hyperscalers.states


class ChipVendor(Firm):
    """Sells merchant chips, or makes its customers' own designs."""

    role = "chip_vendor"
    states = ChipVendors.states


class MemoryMaker(Firm):
    """Makes the memory that chips need."""

    role = "memory_maker"
    states = MemoryMakers.states


class Lender(Firm):
    """Lends savers' money against chips."""

    role = "lender"
    states = Lenders.states


AGENTS: dict[str, type[Firm]] = {
    agent.role: agent for agent in (Hyperscaler, ChipVendor, MemoryMaker, Lender)
}

__all__ = ["AGENTS", "ChipVendor", "Firm", "Hyperscaler", "Lender", "MemoryMaker"]
