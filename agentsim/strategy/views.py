"""What firms see when they choose: last quarter's public outcomes and their own books.

A view is read-only and holds nothing of the present quarter. Its fields are declared here with
unit and meaning; the market fills a field when a strategy first asks for it. Own fields have one
row for each firm that is asked, `(firms, runs)`; market fields have one row, `(1, runs)`, so that
the two combine without a thought; `industry` holds the public state of all firms of the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import nearest
from agentsim.laws.numerics import Array

Scope = Literal["own", "market"]


@dataclass(frozen=True)
class Seen:
    """Declaration of one field of a view."""

    scope: Scope
    unit: str
    meaning: str


def own(unit: str, meaning: str) -> Any:
    """Declare a field with a row for each firm that is asked."""
    return Seen("own", unit, meaning)


def market(unit: str, meaning: str) -> Any:
    """Declare a field with a single row, the same for everybody."""
    return Seen("market", unit, meaning)


def read_only(array: Array) -> Array:
    """Return a view of the array that cannot be written to."""
    seen = array.view()
    seen.flags.writeable = False
    return seen


class Industry:
    """Public state of all firms of one kind, each field `(all firms, runs)`, read-only."""

    def __init__(self, fetch: Callable[[str], Array]) -> None:
        self._fetch = fetch

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_"):
            raise AttributeError(name)
        return read_only(self._fetch(name))


class View:
    """Base of the views. Strategies read fields; they cannot write or reach further."""

    fields: ClassVar[dict[str, Seen]]

    def __init_subclass__(cls) -> None:
        """Take the declarations out of the class, so that reading a field asks the market."""
        cls.fields = {name: value for name, value in vars(cls).items() if isinstance(value, Seen)}
        for name in cls.fields:
            delattr(cls, name)

    def __init__(
        self,
        fetch: Callable[[str], Array],
        fetch_public: Callable[[str], Array],
        rows: slice | NDArray[np.intp],
        firms: tuple[str, ...],
        quarter: int,
        memory: Mapping[str, Array] | None = None,
        draw: Callable[[str], Array] | None = None,
    ) -> None:
        vars(self).update(
            _fetch=fetch,
            _fetch_public=fetch_public,
            _rows=rows,
            _draw=draw,
            firms=firms,
            rows=rows,
            quarter=quarter,
            memory={} if memory is None else memory,
        )

    _fetch: Callable[[str], Array]
    _fetch_public: Callable[[str], Array]
    _rows: slice | NDArray[np.intp]
    _draw: Callable[[str], Array] | None
    firms: tuple[str, ...]
    rows: slice | NDArray[np.intp]
    quarter: int
    memory: Mapping[str, Array]

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: nothing that is written here would reach the market, or the next quarter."""
        raise AttributeError(f"a view is read-only; return {name!r} as a choice or remember it")

    @property
    def industry(self) -> Industry:
        """Public state of all firms of the kind."""
        return Industry(self._fetch_public)

    def __getattr__(self, name: str) -> Array:
        declared = type(self).fields.get(name)
        if declared is None:
            hint = nearest(name, type(self).fields)
            if not hint.startswith("nearest"):
                hint = f"it shows: {', '.join(sorted(type(self).fields))}"
            raise AttributeError(f"{type(self).__name__} does not show {name!r}; {hint}")
        value = self._fetch(name)
        seen = value[self._rows] if declared.scope == "own" else value.view()
        if len(seen) < len(value):  # a part of an array leads to the rest of it: rivals' books
            seen = seen.copy()
        seen.flags.writeable = False
        self.__dict__[name] = seen
        return seen

    def draw(self, name: str) -> Array:
        """Return standard normal numbers `(firms, runs)`, the same whenever asked this quarter.

        They depend on entropy, run, quarter, strategy, `name` and firm, and on nothing else, so
        the same firm meets the same luck under every treatment.
        """
        if self._draw is None:
            return np.zeros((len(self.firms), 1))
        return read_only(self._draw(name))


class HyperscalerView(View):
    """What a hyperscaler sees."""

    # its books
    cash: Array = own("$bn", "cash and equivalents")
    debt: Array = own("$bn", "debt on AI assets")
    core_cash: Array = own("$bn", "core business's cash in a quarter, after other capex")
    operating_cash: Array = own("$bn", "AI service revenue less running cost, last quarter")
    borrowing_room: Array = own("$bn", "most that lenders' last terms would let it borrow")
    capex: Array = own("$bn", "AI capex last quarter")
    borrowing: Array = own("$bn", "new AI debt last quarter")
    interest: Array = own("$bn", "interest paid last quarter")
    shells_due: Array = own("$bn", "instalments due this quarter on shells under construction")
    design_due: Array = own("$bn", "fixed cost of the custom programme due this quarter")
    debt_service: Array = own("$bn", "interest and principal due this quarter on AI debt")
    book_value: Array = own("$bn", "chips and systems in the books")
    planned_payout: Array = own("1", "share of core cash that goes to shareholders by habit")
    restructuring: Array = own("quarters", "left without credit and orders after a default")
    # its fleet
    merchant_fleet: Array = own("M H100e", "merchant chips delivered")
    custom_fleet: Array = own("M H100e", "custom chips delivered")
    merchant_on_order: Array = own("M H100e", "merchant chips shipped, not yet delivered")
    custom_on_order: Array = own("M H100e", "custom chips shipped, not yet delivered")
    merchant_committed: Array = own(
        "M H100e", "merchant chips there will be when an order of today arrives, besides that order"
    )
    custom_committed: Array = own("M H100e", "the same of custom chips")
    fleet_value: Array = own("$bn", "replacement value of the fleet, chips and systems")
    fleet_age: Array = own("quarters", "mean age of the fleet")
    working_share: Array = own("1", "share of the fleet with a powered shell")
    switched_off: Array = own("1", "share of serving capacity that did not run")
    custom_program: Array = own("1", "1 if it can order custom chips")
    custom_fit: Array = own("1", "service of a custom H100e over a merchant one (f)")
    codesign: Array = own("1", "how well custom chips train over how well they serve (v)")
    custom_share: Array = own(
        "1", "share of chip and system spending planned for custom, last quarter"
    )
    planned_custom_share: Array = own(
        "1", "that share as it stands if no other is chosen: drifting to the better buy"
    )
    # its services
    efficiency: Array = own("1", "services per merchant H100e-quarter (A)")
    quality: Array = own("1", "quality of its models")
    training_share: Array = own("1", "share of the fleet that trains")
    revenue: Array = own("$bn", "AI service revenue")
    own_price: Array = own("$k/service", "price of its services")
    revenue_share: Array = own("1", "share of AI service revenue")
    capex_rate: Array = own(
        "1/quarter", "chip and system orders it could fund over fleet value, last quarter"
    )
    rivals_capex_rate: Array = own("1/quarter", "the same of its rivals together")
    # what one more chip would bring and cost, per H100e and quarter, at all firms' committed
    # fleets (delivered and on order)
    own_marginal_revenue: Array = own(
        "$k/H100e", "added to its own revenue by one merchant H100e that serves"
    )
    price_value: Array = own("$k/H100e", "services of one merchant H100e at its price")
    industry_marginal_revenue: Array = own(
        "$k/H100e", "added to all firms' revenue by one merchant H100e"
    )
    training_value: Array = own(
        "$k/H100e", "added to its own revenue by one merchant H100e that trains"
    )
    merchant_user_cost: Array = market(
        "$k/H100e", "return, wear and price decline on a merchant chip, its system and shell"
    )
    custom_user_cost: Array = market("$k/H100e", "the same for a custom chip")
    merchant_running_cost: Array = market(
        "$k/H100e", "electricity and upkeep of a new merchant chip"
    )
    custom_running_cost: Array = market("$k/H100e", "electricity and upkeep of a new custom chip")
    cartel_quantity: Array = market(
        "1", "services that would earn all firms the most, over what committed fleets can make"
    )
    # the market
    wear: Array = market("1/quarter", "share of a fleet that wears out in a quarter")
    service_price: Array = market("$k/service", "price index of AI services (P)")
    quantity: Array = market("services", "AI services bought (Q)")
    spending: Array = market("$bn", "paid for AI services by all customers")
    merchant_price: Array = market("$k/H100e", "average merchant chip price")
    custom_price: Array = market("$k/H100e", "average custom chip price")
    system_cost: Array = market("$k/H100e", "server, rack and network around one H100e")
    foundry_tightness: Array = market("1", "chip orders over foundry capacity")
    memory_tightness: Array = market("1", "memory orders over capacity offered")
    loan_rate: Array = market("1/year", "average rate on new loans")
    required_return: Array = market("1/quarter", "return on capital that hyperscalers ask")


class ChipVendorView(View):
    """What a chip vendor sees."""

    price: Array = own("$k/H100e", "its posted price, last quarter")
    unit_cost: Array = own("$k/H100e", "making cost and memory of one H100e at today's known costs")
    share: Array = own("1", "its share of spending on vendors of its kind (m)")
    sales: Array = own("M H100e", "chips shipped to hyperscalers")
    other_sales: Array = own("M H100e", "chips shipped to other buyers")
    orders: Array = own("M H100e", "orders received")
    fill: Array = own("1", "share of orders shipped")
    designer: Array = own("1", "1 if it makes customers' own designs")
    own_cost_share: Array = own("1", "research, sales and overhead over sales")
    price_ceiling: Array = own("$k/H100e", "price at which buyers turn to their outside option")
    base_margin: Array = own("1", "gross margin at the base date")
    rivals_price: Array = own(
        "$k/H100e",
        "average price paid to other vendors of its kind, last quarter; 1e4 if nobody bought of them",
    )
    vendor_elasticity: Array = market("1", "elasticity of spending shares to price (eta)")
    foundry_tightness: Array = market("1", "chip orders over foundry capacity")
    memory_tightness: Array = market("1", "memory orders over capacity offered")
    memory_price: Array = market("$k/unit", "memory price")
    merchant_price: Array = market("$k/H100e", "average merchant chip price")
    custom_price: Array = market("$k/H100e", "average custom chip price")
    custom_share: Array = market(
        "1", "designers' share of what hyperscalers paid for chips, last quarter"
    )


class MemoryMakerView(View):
    """What a memory maker sees."""

    capacity: Array = own("M units/quarter", "memory that it can make")
    building: Array = own("M units/quarter", "capacity under construction")
    withheld: Array = own("1", "share of capacity withheld, last quarter")
    sales: Array = own("M units", "memory sold")
    revenue: Array = own("$bn", "memory revenue")
    memory_price: Array = market("$k/unit", "memory price")
    memory_cost: Array = market("$k/unit", "memory cost")
    memory_margin: Array = market("1", "gross margin of memory, last quarter")
    memory_tightness: Array = market("1", "memory orders over capacity offered")
    expansion_cost: Array = market(
        "$bn per M units/quarter", "cost of a unit of capacity, falling as memory's cost does"
    )
    growth_limit: Array = market("1/quarter", "fastest growth of a maker's capacity")
    memory_quarters: Array = market("quarters", "from ordering capacity to having it")


class LenderView(View):
    """What a lender sees."""

    funds: Array = own("$bn", "funds ready to lend")
    outstanding: Array = own("$bn", "loans outstanding")
    lending: Array = own("$bn", "new loans made last quarter")
    spread: Array = own("1/year", "its posted spread, last quarter")
    base_spread: Array = own("1/year", "its spread at the base date")
    base_advance_rate: Array = own("1", "its advance rate at the base date")
    base_deployed: Array = own("1/quarter", "share of ready funds it offered at the base date")
    coupons: Array = own("$bn/year", "interest on its loans outstanding")
    collateral_age: Array = own(
        "quarters", "mean age of the fleets behind its loans, by loan; of all fleets if it has none"
    )
    loss_rate: Array = own("1/year", "its smoothed write-offs over loans")
    credit_demand: Array = market("1", "debt asked for over funds offered, last quarter")
    industry_loss_rate: Array = market("1/year", "all lenders' smoothed write-offs over loans")
    loan_rate: Array = market("1/year", "average rate on new loans")
    funding_rate: Array = market("1/year", "rate at which lenders are funded")
    collateral_life: Array = market("years", "chip life that loan contracts assume")
    wear: Array = market("1/quarter", "share of a fleet that wears out in a quarter")
