"""Quarters: the series of runs through time, and their bands over runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agentsim.batch import parts
from agentsim.batch.summaries import quoted
from agentsim.batch.tables import INTERNAL
from agentsim.errors import AgentsimError, unknown
from agentsim.parameters import ROLES

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.tables import Tables

PERCENTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}


def of_role(names: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the role that names as an experiment has them (`hyperscaler.debt`) are of, and states.

    Raises AgentsimError, one line, for names of several tables.
    """
    roles = {name.partition(".")[0] if "." in name else None for name in names}
    if len(roles) > 1:
        raise AgentsimError(
            f"series: {', '.join(names)} are of several tables; ask for the market's and each role's apart"
        )
    (role,) = roles or {None}
    return role, [name.partition(".")[2] if role else name for name in names]


def series(
    tables: Tables,
    names: str | Sequence[str] | None,
    role: str | None,
    labels: Mapping[str, Any],
) -> pd.DataFrame:
    """Return a row a run and quarter, as `Results.series` does."""
    table = _table(tables, role)
    keys = [name for name in tables.columns(table) if name in parts.KEYS]
    known = [name for name in tables.columns(table) if name not in keys]
    wanted = [names] if isinstance(names, str) else list(names or known)
    for name in wanted:
        if name not in known:
            raise unknown("series:", name, known)
    told = ", ".join(f"s.{quoted(each)}" for each in (*keys[1:], *wanted))
    order = ", ".join(f"s.{each}" for each in keys[1:])
    shown = ", ".join(
        "c.firm as deviator" if each in keys else f"c.{quoted(each)}" for each in tables.labels
    )
    query = (
        f"select c.cell, {shown}, {told} "
        f"from {table} s join chosen c on s.cell = c.runs_of order by c.cell, {order}"
    )
    return _found(tables, table, query, labels)


def bands(tables: Tables, name: str, labels: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row a cell and quarter: labels, mean and percentiles of a series over runs."""
    table = _table(tables, None)
    if name not in tables.columns(table):
        raise unknown("series:", name, tables.columns(table))
    x = f"s.{quoted(name)}"
    where = f"filter (where isfinite({x}))"
    told = ", ".join(
        f"quantile_cont({x}::double, {level}) {where} as {each}"
        for each, level in PERCENTILES.items()
    )
    shown = ", ".join(f"c.{quoted(each)}" for each in tables.labels)
    query = (
        f"select c.cell, {shown}, s.quarter, avg({x}::double) {where} as mean, {told} "
        f"from {table} s join chosen c on s.cell = c.runs_of "
        f"group by c.cell, {shown}, s.quarter order by c.cell, s.quarter"
    )
    return _found(tables, table, query, labels)


def _found(tables: Tables, table: str, query: str, labels: Mapping[str, Any]) -> pd.DataFrame:
    """Return what a query says of a table of quarters, with the cells that have some labels."""
    with tables.connected(table) as connection:
        cells = tables.cells_with(labels)
        connection.register("chosen", cells[[*INTERNAL, *tables.labels]])
        found: pd.DataFrame = connection.execute(query).df()
    return found


def _table(tables: Tables, role: str | None) -> str:
    """Return the table that holds the market's series, or the states of a role."""
    if role is not None and role not in ROLES:
        raise unknown("role", role, ROLES)
    table = parts.SERIES if role is None else role
    if not tables.files[parts.OUTCOMES]:
        raise tables.no_runs()
    if not tables.files[table]:
        what = "capex" if role is None else f"{role}.{'cash' if role == 'hyperscaler' else 'STATE'}"
        raise AgentsimError(
            f'{tables.folder} keeps no such series; add series = ["{what}"] to the experiment'
        )
    return table
