"""The calibration as a table, for reading."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from agentsim.calibration import Entry
from agentsim.calibration.checks import Value
from agentsim.calibration.draws import Range
from agentsim.calibration.formulas import sources
from agentsim.parameters import DECLARATIONS

NONE = float("nan")


def table(
    values: Mapping[str, Value], ranges: Mapping[str, Range], provenance: Mapping[str, Entry]
) -> pd.DataFrame:
    """Return one line a value: what it is, its range, its kind, its sources and the reason.

    A value that is given run by run is left empty.
    """
    marked = {name: each for each in ranges.values() for name in each.names}
    lines = []
    for name, entry in provenance.items():
        value = values[name]
        cited = [f"{f.source_title} ({f.source_url})" for f in sources(entry.formula, entry.reason)]
        lines.append(
            {
                "role": entry.role,
                "firm": name.partition(".")[0] if "." in name else "",
                "parameter": entry.parameter,
                "value": value if isinstance(value, float) else NONE,
                "unit": DECLARATIONS[entry.role, entry.parameter].unit,
                "low": marked[name].low if name in marked else NONE,
                "high": marked[name].high if name in marked else NONE,
                "kind": entry.kind,
                "source": "; ".join(dict.fromkeys(cited)),
                "reason": entry.reason,
            }
        )
    return pd.DataFrame(lines)
