"""What a value must satisfy, alone and beside others. Every complaint is one line with a remedy."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
from agentsim.parameters import Declaration

Value = float | Array
"""One number for all runs, or one number a run `(runs,)`."""

SHARES_ROUNDING = 1e-3
"""Shares may miss one by this much: calibrations round to four digits."""


def checked(name: str, given: Any, declared: Declaration) -> Value:
    """Return `given` as a float, or as a read-only array of one float a run."""
    low, high = declared.low, declared.high
    span = f"from {low:g} to {high:g}" + (f" {declared.unit}" if declared.unit != "1" else "")
    try:
        array = np.asarray(given)
    except ValueError:  # lists of lists of unequal length
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        shown = " ".join(reprlib.repr(given).split())  # arrays show themselves over many lines
        raise AgentsimError(f"{name} {shown} is not a number; give a number {span}")
    if array.ndim > 1 or array.size == 0:
        raise AgentsimError(
            f"{name} has shape {array.shape}; give one number or a list of one number a run"
        )
    array = array.astype(np.float64)
    _demand(np.isfinite(array), name, array, f"is not finite; give a number {span}")
    _demand(array >= low, name, array, f"is below its bound {low:g}; give a number {span}")
    _demand(array <= high, name, array, f"is above its bound {high:g}; give a number {span}")
    if declared.whole:
        _demand(array == np.round(array), name, array, f"is not whole; give a whole number {span}")
    if array.ndim == 0:
        return float(array)
    array.setflags(write=False)
    return array


def check_lengths(values: Mapping[str, Value]) -> None:
    """Ask that everything given run by run is given for the same number of runs."""
    first = ""
    for name, value in values.items():
        if np.ndim(value) == 0:
            continue
        first = first or name
        if np.size(value) != np.size(values[first]):
            raise AgentsimError(
                f"{name} has {np.size(value)} values and {first} has {np.size(values[first])}; "
                "give both one value a run"
            )


def check_runs(values: Mapping[str, Value], runs: int) -> None:
    """Ask that everything given run by run is given for this number of runs."""
    for name, value in values.items():
        if not isinstance(value, float) and np.ndim(value) == 1 and np.size(value) != runs:
            raise AgentsimError(
                f"{name} has {np.size(value)} values and the market {runs} runs; "
                f"give one number, or {runs} values"
            )


def check_together(firms: Mapping[str, tuple[str, ...]], values: Mapping[str, Value]) -> None:
    """Ask for what must hold between parameters, in every run."""
    _below(values, "saturated_elasticity", "demand_elasticity")
    _below(values, "memory_margin_slack", "memory_margin_balanced")
    _not_above(values, "service_revenue", "addressable_spending")

    designers = [values[f"{firm}.designer"] for firm in firms["chip_vendor"]]
    for firm in firms["hyperscaler"]:
        program = np.asarray(values[f"{firm}.custom_program"])
        share = np.asarray(values[f"{firm}.custom_share"])
        _demand(
            (share == 0.0) | (program == 1.0),
            f"{firm}.custom_share",
            share,
            f"needs a custom programme; set {firm}.custom_program to 1 or the share to 0",
        )
        _demand(
            (program == 0.0) | (sum(designers) > 0.0),
            f"{firm}.custom_program",
            program,
            "needs a vendor that makes designs; set a chip vendor's designer to 1 or this to 0",
        )

    for vendor in firms["chip_vendor"]:
        reach, part = np.broadcast_arrays(
            values[f"{vendor}.reach"], values[f"{vendor}.spending_share"]
        )
        _demand(
            (reach == 1.0) | (part < reach),
            f"{vendor}.spending_share",
            part,
            f"is not below {vendor}.reach; lower the share, or raise the reach (1 is no limit)",
        )

    every = np.ones(())
    _shares(values, {f"{maker}.capacity_share": every for maker in firms["memory_maker"]})
    _shares(values, {f"{lender}.loan_share": every for lender in firms["lender"]})
    names = [f"{vendor}.spending_share" for vendor in firms["chip_vendor"]]
    kinds = [np.asarray(designer) for designer in designers]
    _shares(values, {n: 1.0 - kind for n, kind in zip(names, kinds, strict=True)}, "merchants")
    if np.any(sum(kinds) > 0.0):
        _shares(values, dict(zip(names, kinds, strict=True)), "designers")


def _below(values: Mapping[str, Value], lesser: str, greater: str) -> None:
    small, large = np.broadcast_arrays(values[lesser], values[greater])
    run = _first(small >= large)
    if run is not None:
        raise AgentsimError(
            f"{lesser} {small[run]:g}{_in_run(run)} must be below {greater} {large[run]:g}; "
            f"lower {lesser} or raise {greater}"
        )


def _not_above(values: Mapping[str, Value], lesser: str, greater: str) -> None:
    small, large = np.broadcast_arrays(values[lesser], values[greater])
    run = _first(small > large)
    if run is not None:
        raise AgentsimError(
            f"{lesser} {small[run]:g}{_in_run(run)} must not be above {greater} {large[run]:g}; "
            f"lower {lesser} or raise {greater}"
        )


def _shares(values: Mapping[str, Value], counted: Mapping[str, Array], whose: str = "") -> None:
    """Ask that shares add up to one; `counted` is 1 in the runs where a firm is among them."""
    parts = [counts * values[name] for name, counts in counted.items()]
    total = np.asarray(sum(parts))
    run = _first(np.abs(total - 1.0) > SHARES_ROUNDING)
    if run is not None:
        among = ", ".join(name for name, counts in counted.items() if np.any(counts > 0.0))
        text = f"{among} ({whose})" if whose else among
        raise AgentsimError(f"{text} add up to {total[run]:g}{_in_run(run)}; make it 1")


def _demand(holds: Any, name: str, value: Array, complaint: str) -> None:
    run = _first(~np.asarray(holds))
    if run is not None:
        shown = np.broadcast_to(value, np.shape(holds))[run]
        raise AgentsimError(f"{name} {shown:g}{_in_run(run)} {complaint}")


def _first(wrong: Any) -> tuple[int, ...] | None:
    """Return where a condition first fails: () if it is one for all runs, otherwise (run,)."""
    failed = np.asarray(wrong)
    if not failed.any():
        return None
    return tuple(int(index[0]) for index in np.nonzero(np.atleast_1d(failed)))[: failed.ndim]


def _in_run(run: tuple[int, ...]) -> str:
    return f" (run {run[0]})" if run else ""
