"""What follows from what is drawn: derived values are worked out again in every run.

A margin that the calibration takes from a fact stays that fact when price and memory cost are
drawn, and a firm's capex outside AI stays what its reported capex leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agentsim.calibration import Entry, targets
from agentsim.calibration.checks import Value
from agentsim.calibration.formulas import evaluate, rests_on
from agentsim.laws.numerics import Array
from agentsim.parameters import DECLARATIONS

Firms = Mapping[str, tuple[str, ...]]


def follows(name: str, provenance: Mapping[str, Entry]) -> bool:
    """Whether a value goes by its formula: it has one, and no range of its own."""
    entry = provenance[name]
    return bool(entry.formula) and entry.low is None and bool(rests_on(entry.formula, {}))


def following(
    drawn: Mapping[str, Array],
    values: Mapping[str, Value],
    provenance: Mapping[str, Entry],
    firms: Firms,
) -> dict[str, Array]:
    """Return the values whose formulas rest on drawn ones, by dotted name, `(runs,)`.

    `drawn` is by dotted names, one a firm. Values that were set by hand stay, as they have no
    formula any more. What comes to lie outside a parameter's bounds is put on the bound.
    """
    known: dict[str, Any] = dict(drawn)

    def value_of(name: str) -> Any:
        if name not in known:
            entry = provenance[name]
            moved = follows(name, provenance) and any(
                value_of(each) is not values[each] for each in rests_on(entry.formula, firms)
            )
            known[name] = _within_bounds(entry, value_of, firms) if moved else values[name]
        return known[name]

    return {
        name: value_of(name)
        for name in values
        if name not in drawn and value_of(name) is not values[name]
    }


def with_following(
    given: Mapping[str, Array],
    values: Mapping[str, Value],
    provenance: Mapping[str, Entry],
    firms: Firms,
) -> dict[str, Array]:
    """Return draws by the names that they go by, and what follows from them."""
    drawn = {target: x for name, x in given.items() for target in targets(name, firms)}
    return {**given, **following(drawn, values, provenance, firms)}


def _within_bounds(entry: Entry, value_of: Any, firms: Firms) -> Array:
    declared = DECLARATIONS[entry.role, entry.parameter]
    worked_out = evaluate(entry.formula, firms, value_of)
    return np.asarray(np.clip(worked_out, declared.low, declared.high))
