"""Kinds: what each series of facts is called, its unit, whose there may be, and what it may be.

Tables and pictures take names from here, and so does what is said of a mistake in a table of facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentsim.errors import AgentsimError

INFINITE = float("inf")


@dataclass(frozen=True)
class Kind:
    """A series of facts."""

    title: str
    unit: str
    role: str = ""
    """The role whose firms have one each; none where there is one of all together alone."""
    together: tuple[str, ...] = ()
    """Names beside those of firms: of several, of all, or of the market."""
    least: float = 0.0
    most: float = INFINITE
    zero: bool = False
    """Whether 0 may be, where nothing less may."""

    def names(self, firms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Return whose the series may be. firms: by role."""
        return (*firms.get(self.role, ()), *self.together)

    def holds(self, value: float) -> bool:
        """Say whether a fact may have this value."""
        above = value >= self.least if self.zero else value > self.least
        return above and value <= self.most

    @property
    def allowed(self) -> str:
        """What values a fact may have, in words."""
        if self.least == -INFINITE:
            return f"at most {self.most:g}"
        least = f"{self.least:g} or more" if self.zero else f"above {self.least:g}"
        return least if self.most == INFINITE else f"{least} and at most {self.most:g}"


def _margin(title: str, role: str, *together: str) -> Kind:
    """Return a margin: a part of revenue that may be lost, and is never more than all of it."""
    return Kind(title, "1", role, together, least=-INFINITE, most=1.0)


ALL = ("hyperscalers",)
MARKET = ("market",)

KINDS = {
    "company_capex": Kind("Capex, AI and other", "$bn/quarter", "hyperscaler", ("four largest",)),
    "ai_capex": Kind("AI capex", "$bn/quarter", together=ALL),
    "data_center_revenue": Kind(
        "Data-centre revenue", "$bn/quarter", "chip_vendor", ("all vendors",)
    ),
    "gross_margin": _margin("Gross margin", "chip_vendor"),
    "price_per_h100e": Kind("Price per H100e", "$k/H100e", "chip_vendor"),
    "delivery_weeks": Kind("Wait for chips", "weeks", "chip_vendor"),
    "memory_margin": _margin("Gross margin of memory", "memory_maker", "all makers"),
    "memory_margin_year": _margin("Gross margin of memory, a year", "memory_maker", "all makers"),
    "installed_compute": Kind("Chips delivered and working", "M H100e", together=ALL),
    "cumulative_compute": Kind("Compute shipped so far", "M H100e", "chip_vendor", ("world",)),
    "share_of_compute": Kind("Share of all compute shipped", "1", "chip_vendor", most=1.0),
    "service_revenue": Kind("AI service revenue", "$bn/quarter", together=ALL),
    "service_price": Kind("Price of AI services", "base date = 1", together=MARKET),
    "rent_per_h100e": Kind("Service revenue of an H100e-hour", "$/H100e-hour", together=MARKET),
    "consumer_surplus_ratio": Kind(
        "Consumer surplus over revenue, a year", "1", together=("users",)
    ),
    "ai_debt": Kind("Debt on AI assets", "$bn", "hyperscaler", ALL, zero=True),
    "write_downs": Kind("Defaults in the quarter", "firms/quarter", together=ALL, zero=True),
    "defaulted_so_far": Kind(
        "Runs with a default so far", "share of runs", together=ALL, most=1.0, zero=True
    ),
}
"""Every series, by its name in tables of facts."""


def title(series: str, firm: str) -> str:
    """Return what a series of a firm is called, in tables and above pictures."""
    return f"{KINDS[series].title}: {firm}"


def check_value(where: str, series: str, name: str, value: float) -> None:
    """Refuse a value that a series cannot have. where: file and line; name: of the column."""
    kind = KINDS[series]
    if not kind.holds(value):
        raise AgentsimError(
            f"{where}: {name} = {value:g} makes no sense of {series}, in {_unit(kind)}; "
            f"give a number {kind.allowed}"
        )


def check_unit(where: str, series: str, unit: str) -> None:
    """Refuse a unit other than that of the series: values are compared as they stand."""
    if unit and unit != KINDS[series].unit:
        raise AgentsimError(
            f"{where}: unit = {unit!r} is not that of {series}; give the value in "
            f"{KINDS[series].unit}, and that unit or none"
        )


def _unit(kind: Kind) -> str:
    """Return the unit as it is to be written; a bare 1 says what it means."""
    return "1 (a share or ratio, not per cent)" if kind.unit == "1" else kind.unit
