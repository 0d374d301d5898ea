"""Overview: what a folder of results holds and says, in plain text, whatever the design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.outcomes import OUTCOMES
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    from agentsim.batch.results import Results

SHOWN = (
    "customer_surplus", "hyperscaler_value", "chip_vendor_value", "memory_maker_value",
    "lender_value", "resource_cost", "total_surplus", "customer_share", "capex", "defaults",
    "service_price",
)  # fmt: skip


def overview(results: Results) -> str:
    """Return a few lines on a batch, and a table of its main outcomes over all main cells."""
    return "\n".join([*about(results), "", *table(results)])


def about(results: Results) -> list[str]:
    """Return what was asked, how far it came and what failed."""
    m, e = results.manifest, results.experiment
    kind = e.sampling.kind.replace("_", " ")
    lines = [
        f"{e.name}: {m.get('status', '?')}, {e.scenario}, {m['cells']:,} cells ({kind}), "
        f"{m.get('runs_simulated', 0):,} runs simulated, luck {LUCK[m['luck']]}"
    ]
    if results.factors:
        lines.append("factors: " + ", ".join(results.factors))
    failures = m.get("failures") or {"runs": 0, "reasons": {}}
    if failures["runs"]:
        lines.append(f"failed: {failures['runs']:,} runs")
        lines += [f"  {count:,}: {why}" for why, count in list(failures["reasons"].items())[:3]]
    if adaptive := m.get("adaptive"):
        wide = adaptive["cells_wider_than_asked"]
        lines.append(
            f"adaptive: {adaptive['rounds']} rounds, up to {adaptive['most_runs']:,} runs a cell; "
            + (
                f"{wide:,} cells are wider than asked"
                if wide
                else "every cell is as narrow as asked"
            )
        )
    return lines


LUCK = {
    "shared": "shared by all cells",
    "block": "shared within a block",
    "independent": "of its own in every cell",
}


def table(results: Results) -> list[str]:
    """Return the main outcomes: mean with its interval, and how far the cells' means lie apart."""
    wanted = [name for name in SHOWN if name in results.outcomes] or list(results.outcomes[:12])
    if results.manifest.get("status") != "complete" and not results.manifest.get("runs_simulated"):
        return ["no runs yet"]
    pooled = results.summary(by="kind", outcomes=wanted, kind="main").set_index("outcome")
    by_cell = results.summary(outcomes=wanted, kind="main")
    lines = [["outcome", "unit", "mean", "95% interval", "least cell", "most cell", "n"]]
    for name in wanted:
        row, cells = pooled.loc[name], by_cell.loc[by_cell["outcome"] == name, "mean"]
        lines.append(
            [
                name,
                OUTCOMES.get(name.removesuffix("_to_horizon"), ("$bn",))[0].rstrip("*"),
                short(float(row["mean"])),
                f"{short(float(row['low']))} to {short(float(row['high']))}",
                short(float(np.nanmin(cells))) if cells.notna().any() else "",
                short(float(np.nanmax(cells))) if cells.notna().any() else "",
                f"{int(row['n']):,}",
            ]
        )
    return aligned(lines)
