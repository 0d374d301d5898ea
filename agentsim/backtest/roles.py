"""Roles: how far what stands beside a fact was put into the market, and how far it came out of it.

input          quarter 0: the calibration sets it
partly input   a part follows a path that the calibration sets, and what stood at the base quarter
by a rule      a strategy of the lineup says where it goes: the margin of a vendor that holds one
result         the rest

The paths are capex outside AI and what other buyers spend on chips. A result is no free forecast
either: parameters of some paths were estimated when 2025 was known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from agentsim.backtest.measures import (
    FOUR,
    Tables,
    accumulated,
    company_capex,
    cumulative_compute,
    data_center_revenue,
)
from agentsim.lineup import CALIBRATED

if TYPE_CHECKING:
    import pandas as pd

INPUT, PARTLY, RULE, RESULT = "input", "partly input", "by a rule", "result"
HOLDS_MARGIN = "hold_margin"
"""The strategy of a chip vendor that goes to a margin and stays there."""


def input_share(t: Tables, series: str, firm: str, quarter: int) -> float:
    """Return the part of a measure that was put in: its median over runs, from 0 to 1.

    quarter: counted from the base quarter, 0.
    """
    if quarter == 0:
        return 1.0
    if series not in PUT_IN:
        return 0.0
    return float(PUT_IN[series](t, firm).xs(quarter, level="quarter").median())


def role_of(share: float, by_rule: bool = False) -> str:
    """Return the role of a value of which this part was put in, or that a strategy's rule says."""
    if share >= 1.0:
        return INPUT
    if by_rule:
        return RULE
    return PARTLY if share > 0.0 else RESULT


def ruled(lineup: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Return series and firms that strategies of a lineup set: strategies by firm or role.

    What a lineup leaves open follows the calibrated one.
    """
    whole = {**CALIBRATED, **lineup}
    return frozenset(
        ("gross_margin", firm)
        for firm, strategy in whole.items()
        if str(strategy).partition("(")[0] == HOLDS_MARGIN
    )


def _other_capex(t: Tables, firm: str) -> pd.Series[float]:
    """Capex outside AI over all of it."""
    other = t.hyperscaler["other_capex"]
    part = other[list(FOUR)].sum(axis=1) if firm == "four largest" else other[firm]
    return part / company_capex(t, firm)


def _other_buyers(t: Tables, firm: str) -> pd.Series[float]:
    """Sales to other buyers, whose budget is a path, over all sales."""
    return t.chip_vendor["other_revenue"][firm] / data_center_revenue(t, firm)


def _stood_and_other_buyers(t: Tables, firm: str) -> pd.Series[float]:
    """What stood at the base quarter and what other buyers got since, over all compute."""
    others = accumulated(t, firm, ("other_sales",))
    return (others + t.stood.get(firm, float("nan"))) / cumulative_compute(t, firm)


def _of_the_world(t: Tables, firm: str) -> pd.Series[float]:
    """The same of all vendors, which a share is a share of."""
    return _stood_and_other_buyers(t, "world")


PUT_IN: dict[str, Callable[[Tables, str], pd.Series[float]]] = {
    "company_capex": _other_capex,
    "data_center_revenue": _other_buyers,
    "cumulative_compute": _stood_and_other_buyers,
    "share_of_compute": _of_the_world,
}
"""Measures after quarter 0 of which a part was put in."""
