"""What a batch keeps of each run: outcomes, and series quarter by quarter.

A series goes by its own name where it is the market's (`capex`), and by role and state where it is
kept firm by firm (`hyperscaler.debt`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentsim.errors import AgentsimError, unknown
from agentsim.outcomes import BY_FIRM, OUTCOMES
from agentsim.parameters import ROLES
from agentsim.sectors.base import Sector
from agentsim.sectors.chip_vendors import ChipVendors
from agentsim.sectors.customers import Customers, Inputs
from agentsim.sectors.hyperscalers import Hyperscalers
from agentsim.sectors.lenders import Lenders
from agentsim.sectors.memory_makers import MemoryMakers
from agentsim.simulation import AGGREGATES

SECTORS: dict[str, type[Sector]] = {
    "hyperscaler": Hyperscalers,
    "chip_vendor": ChipVendors,
    "memory_maker": MemoryMakers,
    "lender": Lenders,
}
REPORTED = ("capex", "chip_margin", "memory_margin", "compute", "service_price", "surplus")
MARKET, FIRMS = "market", "firms"
"""Words that stand for all of the market's series, and for all states of all firms."""


def market_series() -> dict[str, tuple[str, str]]:
    """Return the market's series with unit and meaning."""
    own = {
        name: (state.unit, state.meaning)
        for sector in (Customers, Inputs)
        for name, state in sector.states.items()
    }
    own["service_price"] = ("1", "service price over that at the base date")
    return AGGREGATES | own


def firm_series() -> dict[str, tuple[str, str]]:
    """Return the states that can be kept firm by firm, `ROLE.STATE`, with unit and meaning."""
    return {
        f"{role}.{name}": (state.unit, state.meaning)
        for role in ROLES
        for name, state in SECTORS[role].states.items()
    }


@dataclass(frozen=True)
class Kept:
    """What is kept: outcomes, the market's series, and states by role; in order."""

    outcomes: tuple[str, ...]
    market: tuple[str, ...]
    firms: Mapping[str, tuple[str, ...]]

    @property
    def series(self) -> bool:
        """Whether anything is kept quarter by quarter."""
        return bool(self.market or self.firms)


def kept(
    outcomes: Sequence[str], series: Sequence[str], firms: Mapping[str, Sequence[str]]
) -> Kept:
    """Return what is to be kept; all outcomes where none is named.

    Raises AgentsimError, one line, for a name that nothing answers to.
    """
    usual = outcome_names(firms)
    known = dict.fromkeys((*usual, *firm_outcomes(firms)))
    for name in outcomes:
        if name not in known:
            raise unknown("outcomes:", name, known, "docs/model.md lists them")
    market, by_firm = tuple(market_series()), tuple(firm_series())
    wanted: list[str] = []
    for name in series:
        found = {MARKET: market, FIRMS: by_firm}.get(name, (name,))
        if name not in (MARKET, FIRMS, *market, *by_firm):
            raise unknown(
                "series:", name, (MARKET, FIRMS, *market, *by_firm), "docs/model.md lists them"
            )
        wanted += [each for each in found if each not in wanted]
    roles = {
        role: tuple(each.partition(".")[2] for each in wanted if each.startswith(f"{role}."))
        for role in ROLES
    }
    return Kept(
        tuple(outcomes) or usual,
        tuple(each for each in wanted if "." not in each),
        {role: states for role, states in roles.items() if states},
    )


def outcome_names(firms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return every outcome of a market with these firms that is usually kept, in the table's order."""
    main = tuple(OUTCOMES)
    twins = tuple(
        f"{name}_to_horizon" for name, (unit, _) in OUTCOMES.items() if unit.endswith("*")
    )
    values = (each for each in firm_outcomes(firms) if each.startswith("value."))
    return (*main, *twins, *values)


def firm_outcomes(firms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the outcomes of each firm, `NAME.<firm>`."""
    return tuple(f"{name}.{firm}" for name in BY_FIRM for role in ROLES for firm in firms[role])


def check_outcome(field: str, name: str, kept: Kept) -> None:
    """Ask that an outcome that something else goes by is among those kept."""
    if name not in kept.outcomes:
        raise (
            AgentsimError(
                f"{field} = {name!r} is not kept; add it to outcomes, or take another one"
            )
            if name in OUTCOMES
            else unknown(field, name, kept.outcomes)
        )
