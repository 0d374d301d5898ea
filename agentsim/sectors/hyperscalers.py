"""Hyperscalers: they buy chips, put them in powered shells, and sell AI services."""

from __future__ import annotations

from agentsim.laws.numerics import Array
from agentsim.sectors.base import Sector, state


class Hyperscalers(Sector):
    """State of the hyperscalers. Flows are those of the quarter that closed last."""

    role = "hyperscaler"

    # books
    cash: Array = state("$bn", "cash and equivalents at the quarter's end")
    debt: Array = state("$bn", "debt on AI assets owed to the model's lenders", "all")
    core_cash: Array = state("$bn", "core business's cash this quarter, after other capex")
    trailing_cash: Array = state(
        "$bn/year", "operating cash of AI and core, recent quarters weighing most"
    )
    other_capex: Array = state("$bn", "capex outside AI", "all")
    book_value: Array = state("$bn", "chips and systems at cost less reported depreciation", "all")
    economic_value: Array = state("$bn", "chips and systems at cost less true wear")
    restructuring: Array = state(
        "quarters", "left without credit and orders after a default", "all"
    )
    lender_owned: Array = state("1", "1 once lenders own the firm's AI business", "all")
    # fleet
    merchant_fleet: Array = state("M H100e", "merchant chips delivered and in working order", "all")
    custom_fleet: Array = state("M H100e", "custom chips delivered and in working order", "all")
    merchant_on_order: Array = state("M H100e", "merchant chips shipped, not yet delivered", "all")
    custom_on_order: Array = state("M H100e", "custom chips shipped, not yet delivered", "all")
    merchant_power: Array = state("GW", "power that the merchant fleet needs", "all")
    custom_power: Array = state("GW", "power that the custom fleet needs", "all")
    shells: Array = state("GW", "powered shells", "all")
    shells_building: Array = state("GW", "shells under construction", "all")
    working_share: Array = state("1", "share of the fleet with a powered shell", "all")
    fleet_age: Array = state("quarters", "mean age of the fleet")
    # technology and services
    efficiency: Array = state("1", "services per merchant H100e-quarter (A)", "all")
    quality: Array = state("1", "quality of its models (q)", "all")
    quality_share: Array = state("1", "share of quality in the industry (psi)", "all")
    training: Array = state("M H100e", "merchant equivalents that trained", "all")
    training_share: Array = state("1", "share of the fleet that trains", "all")
    custom_share: Array = state("1", "share of chip and system spending planned for custom silicon")
    services: Array = state("services", "AI services sold (x)", "all")
    own_price: Array = state("$k/service", "price of its services (p)", "all")
    revenue: Array = state("$bn", "AI service revenue", "all")
    revenue_share: Array = state("1", "share of AI service revenue (s)", "all")
    switched_off: Array = state("1", "share of its serving capacity that did not run")
    # flows
    running: Array = state("$bn", "electricity and upkeep")
    capex: Array = state("$bn", "AI capex: chips, systems and shells", "all")
    capex_rate: Array = state(
        "1/quarter",
        "chip and system orders that it could fund over the fleet's replacement value",
        "all",
    )
    merchant_spend: Array = state("$bn", "merchant chips bought")
    custom_spend: Array = state("$bn", "custom chips bought")
    system_spend: Array = state("$bn", "servers, racks and networks bought")
    shell_spend: Array = state("$bn", "paid for shells under construction")
    design_spend: Array = state("$bn", "fixed cost of the custom programme")
    funded: Array = state("1", "share of the planned chip order that could be funded")
    fill: Array = state("1", "share of the funded chip order that was shipped")
    borrowing: Array = state("$bn", "new AI debt", "all")
    interest: Array = state("$bn", "interest paid on AI debt")
    principal: Array = state("$bn", "AI debt paid back")
    sweep: Array = state("$bn", "AI cash passed on to the lenders that own the AI business")
    support: Array = state("$bn", "what these lenders put into it where its AI cash is negative")
    dividends: Array = state("$bn", "dividends paid", "all")
    buybacks: Array = state("$bn", "shares bought back", "all")
    defaulted: Array = state("1", "1 in the quarter of a default", "all")
    written_off: Array = state("$bn", "debt written off in a default", "all")
