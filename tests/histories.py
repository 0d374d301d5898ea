"""What tests of the market against history share: tables of made-up runs."""

import numpy as np
import pandas as pd

from agentsim.backtest.measures import FOUR, Tables
from agentsim.backtest.regularities import Evidence

VENDORS = ("nvidia", "amd")


def made_up(runs=40, quarters=12, **market):
    """Series of made-up runs: capex of each firm is 1, 2, 3 ... by quarter, times what a run draws.

    market: series of the market besides, a number or one a quarter.
    """
    index = pd.MultiIndex.from_product([range(runs), range(quarters)], names=["run", "quarter"])
    run, quarter = (index.get_level_values(at).to_numpy() for at in (0, 1))
    rising = (quarter + 1.0) * (0.5 + run / (runs - 1))

    def firms(names, x):
        return pd.DataFrame({name: x * np.ones(len(index)) for name in names}, index=index)

    hyperscaler = {
        "capex": firms(FOUR, rising), "other_capex": firms(FOUR, 1.0),
        "debt": firms((*FOUR, "coreweave"), quarter),
    }  # fmt: skip
    vendor = {
        "price": firms(VENDORS, 40.0), "unit_cost": firms(VENDORS, 10.0),
        "sales": firms(VENDORS, 0.1), "other_sales": firms(VENDORS, 0.2),
        "revenue": firms(VENDORS, 4.0), "other_revenue": firms(VENDORS, 8.0),
        "fill": firms(VENDORS, 0.5),
    }  # fmt: skip
    maker = {
        "revenue": firms(("sk_hynix", "micron"), quarter + 1.0),
        "making": firms(("sk_hynix", "micron"), 1.0),
    }
    given = {"memory_margin": 0.3, "spending": 2.0, "surplus": 3.0 * (quarter + 1.0)} | {
        name: x if np.ndim(x) == 0 else np.tile(x, runs) for name, x in market.items()
    }
    return Tables(
        pd.DataFrame(given, index=index), hyperscaler=hyperscaler, chip_vendor=vendor,
        memory_maker=maker,
    )  # fmt: skip


def tables(runs=3, quarters=12, stood=None, **roles):
    """Series that are given: role -> state -> a number, one a quarter, or a dict of these by firm.

    tables(market={"spending": 2.0}, hyperscaler={"capex": {"meta": range(12)}})
    """
    index = pd.MultiIndex.from_product([range(runs), range(quarters)], names=["run", "quarter"])

    def column(x):
        return np.tile(np.broadcast_to(np.asarray(x, dtype=float), (quarters,)), runs)

    def firms(given):
        return pd.DataFrame({firm: column(x) for firm, x in given.items()}, index=index)

    market = {name: column(x) for name, x in roles.pop("market", {}).items()}
    by_role = {
        role: {name: firms(given) for name, given in roles.get(role, {}).items()}
        for role in ("hyperscaler", "chip_vendor", "memory_maker")
    }
    return Tables(pd.DataFrame(market, index=index), **by_role, stood=stood or {})


def evidence(plain=None, calm=None, shocked=None, **parameters):
    """Evidence of these tables and parameters, `coreweave__credit_premium=0.03` being one."""

    def parameter(name):
        given = parameters[name.replace(".", "__")]
        return pd.Series(given, index=pd.RangeIndex(3, name="run"), dtype=float)

    return Evidence(plain, calm, shocked, parameter)
