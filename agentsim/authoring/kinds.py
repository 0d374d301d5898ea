"""Kinds of worlds in which strategies are tried: the ranges from which each field is drawn.

Most are drawn as in a plausible quarter; the other kinds say what is different in them. Numbers are
of the size that the market shows, but fields are drawn apart, so that any two can meet: a strategy
must stand that. How the market itself moves is tried in real markets (`agentsim.authoring.proving`).
"""

from __future__ import annotations

Range = tuple[float, float]

ANY: Range = (0.2, 2.0)
"""Where nothing else is said."""

PLAUSIBLE: dict[str, Range] = {
    "price": (5.0, 40.0),
    "unit_cost": (2.0, 8.0),
    "price_ceiling": (10.0, 60.0),
    "base_margin": (0.3, 0.8),
    "own_cost_share": (0.05, 0.3),
    "vendor_elasticity": (1.5, 8.0),
    "share": (0.05, 0.95),
    "fill": (0.5, 1.0),
    "wear": (0.03, 0.12),
    "required_return": (0.01, 0.05),
    "loss_rate": (0.0, 0.1),
    "industry_loss_rate": (0.0, 0.1),
    "spread": (0.01, 0.1),
    "advance_rate": (0.3, 0.9),
    "loan_rate": (0.03, 0.12),
    "base_spread": (0.02, 0.08),
    "base_advance_rate": (0.4, 0.8),
    "base_deployed": (0.1, 0.5),
    "memory_margin": (-0.3, 0.7),
    "growth_limit": (0.05, 0.15),
    "industry_marginal_revenue": (-1.0, 2.0),
    "capex_rate": (0.0, 0.4),
    "rivals_capex_rate": (0.0, 0.4),
    "custom_share": (0.0, 1.0),
    "planned_custom_share": (0.0, 1.0),
    "training_share": (0.0, 0.9),
    "working_share": (0.5, 1.0),
    "switched_off": (0.0, 0.5),
    "revenue_share": (0.02, 0.5),
    "restructuring": (0.0, 0.0),
    "custom_fit": (0.3, 1.0),
    "codesign": (0.0, 1.0),
    "withheld": (0.0, 0.3),
    "planned_payout": (0.0, 1.0),
    "fleet_value": (5.0, 50.0),
}

CALM: dict[str, Range] = {
    "foundry_tightness": (0.9, 1.0),
    "memory_tightness": (0.9, 1.0),
    "loss_rate": (0.0, 0.0),
    "industry_loss_rate": (0.0, 0.0),
    "switched_off": (0.0, 0.0),
    "withheld": (0.0, 0.0),
    "fill": (1.0, 1.0),
    "working_share": (1.0, 1.0),
}
"""Besides, nothing moves: every quarter is as the first."""

BOOM: dict[str, Range] = {
    "operating_cash": (2.0, 20.0),
    "own_marginal_revenue": (2.0, 20.0),
    "price_value": (4.0, 40.0),
    "industry_marginal_revenue": (1.0, 10.0),
    "training_value": (2.0, 20.0),
    "borrowing_room": (5.0, 50.0),
    "capex_rate": (0.3, 1.5),
    "rivals_capex_rate": (0.3, 1.5),
    "foundry_tightness": (1.0, 3.0),
    "memory_tightness": (1.0, 3.0),
    "memory_margin": (0.5, 0.8),
    "fill": (0.2, 1.0),
    "orders": (2.0, 20.0),
    "credit_demand": (1.0, 4.0),
    "loss_rate": (0.0, 0.0),
    "industry_loss_rate": (0.0, 0.0),
}

CRISIS: dict[str, Range] = {
    "cash": (0.0, 0.1),
    "core_cash": (-1.0, 0.2),
    "operating_cash": (-2.0, 0.0),
    "borrowing_room": (0.0, 0.0),
    "restructuring": (0.0, 8.0),
    "own_marginal_revenue": (-1.0, 0.3),
    "price_value": (0.0, 0.5),
    "industry_marginal_revenue": (-2.0, 0.0),
    "training_value": (0.0, 0.3),
    "revenue": (0.0, 0.3),
    "switched_off": (0.3, 1.0),
    "working_share": (0.0, 0.6),
    "capex_rate": (0.0, 0.05),
    "rivals_capex_rate": (0.0, 0.05),
    "foundry_tightness": (0.0, 0.3),
    "memory_tightness": (0.0, 0.3),
    "memory_margin": (-2.0, 0.0),
    "sales": (0.0, 0.2),
    "other_sales": (0.0, 0.2),
    "orders": (0.0, 0.2),
    "building": (0.0, 0.0),
    "funds": (0.0, 0.2),
    "credit_demand": (0.0, 0.2),
    "loss_rate": (0.1, 0.6),
    "industry_loss_rate": (0.1, 0.6),
    "loan_rate": (0.1, 0.4),
}
"""Losses, no credit, negative operating cash, and a glut of everything."""

RANGES: dict[str, dict[str, Range]] = {
    "plausible": PLAUSIBLE,
    "calm": PLAUSIBLE | CALM,
    "boom": PLAUSIBLE | BOOM,
    "crisis": PLAUSIBLE | CRISIS,
    "shock": PLAUSIBLE,
    "extreme": PLAUSIBLE,
}
KINDS = tuple(RANGES)

STRIKES = 2
"""The quarter from which a shock is there."""

SHOCK: dict[str, float] = {
    "efficiency": 10.0,
    "service_price": 0.1,
    "own_price": 0.1,
    "merchant_price": 0.3,
    "custom_price": 0.3,
    "price_ceiling": 0.3,
    "memory_price": 0.2,
    "foundry_tightness": 0.3,
    "memory_tightness": 0.3,
    "orders": 0.3,
    "revenue": 0.3,
    "own_marginal_revenue": 0.3,
    "merchant_user_cost": 3.0,
    "custom_user_cost": 3.0,
    "credit_demand": 0.2,
}
"""What a jump in efficiency and the collapse of prices multiply fields by."""

FLAGS = frozenset({"designer", "custom_program"})
"""Fields that are 0 or 1."""

EXTREME: Range = (1e-3, 1e6)
"""Extreme numbers, even in their logarithm: in half the extreme worlds one for all fields, in the
others one for each."""

TINY = (0.0, 1e-12)
"""Numbers that stand in their stead in one case of SIDES each."""

SIDES = 6

HIGHEST: dict[str, float] = {
    **dict.fromkeys(FLAGS, 1.0),
    **dict.fromkeys(
        ("custom_share", "planned_custom_share", "planned_payout", "working_share"), 1.0
    ),
    **dict.fromkeys(("switched_off", "revenue_share", "share", "fill", "quality_share"), 1.0),
    **dict.fromkeys(("base_advance_rate", "advance_rate", "base_deployed"), 1.0),
    **dict.fromkeys(("spread", "base_spread", "loss_rate", "industry_loss_rate"), 1.0),
    **dict.fromkeys(("base_margin", "own_cost_share", "wear", "training_share", "withheld"), 0.9),
    **dict.fromkeys(("custom_fit", "codesign", "growth_limit", "memory_margin"), 1.0),
    "memory_quarters": 12.0,
    "vendor_elasticity": 100.0,
}
"""Most that the market can show, where that is not without bounds."""

ENDLESS = frozenset(
    {
        "own_price",
        "own_marginal_revenue",
        "price_value",
        "industry_marginal_revenue",
        "price_ceiling",
    }
)
"""Fields that the market shows as infinite: of a firm without capacity, or without a ceiling."""
