"""Sensitivity in words and tables: for the terminal, and for docs/findings.md.

    python -m agentsim.report.sensitivity_text results/sensitivity results/customers_capture \\
        docs/findings.md

puts what two batches found between the page's markers, and their pictures beside the published
results, so that no figure there is older than they are.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentsim.outcomes import OUTCOMES
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.analysis.discovery import Discovery

CALLED = {"customer_share": "customers' share of total surplus"}
OUTCOME, ABOVE = "customer_share", 0.95
START, END = "<!-- sensitivity: start -->", "<!-- sensitivity: end -->"
MOST_ROWS = 15


def called(outcome: str) -> str:
    """Return what an outcome is called in a title."""
    return CALLED.get(outcome) or OUTCOMES.get(outcome, ("", outcome.replace("_", " ")))[1]


def lines(table: pd.DataFrame, outcome: str) -> list[str]:
    """Return a table of indices or effects, a row a factor, for a terminal."""
    head = f"What moves {called(outcome)}"
    if table.attrs.get("dropped_blocks"):
        head += f" ({table.attrs['dropped_blocks']} blocks left out, as runs of theirs failed)"
    level = f"{100 * table.attrs.get('ci', 0.95):g}%"
    if "mu_star" in table:
        rows = [["factor", "mean effect", f"{level} interval", "spread"]]
        for name, row in table.iterrows():
            between = f"{short(row['mu_star_low'])} to {short(row['mu_star_high'])}"
            rows.append([str(name), short(row["mu_star"]), between, short(row["sigma"])])
        return [
            f"{head}: Morris' elementary effects, over the full range of a factor",
            "",
            *aligned(rows),
        ]
    top = table.attrs["top"]
    rows = [
        [
            "factor",
            "total",
            f"{level} interval",
            "first",
            f"{level} interval",
            "rank",
            f"in top {top}",
        ]
    ]
    for name, row in table.iterrows():
        rows.append(
            [
                str(name),
                f"{row['total']:.3f}",
                f"{row['total_low']:.3f} to {row['total_high']:.3f}",
                f"{row['first']:.3f}",
                f"{row['first_low']:.3f} to {row['first_high']:.3f}",
                ranks(row),
                f"{row['in_top']:.0%}",
            ]
        )
    return [f"{head}: Sobol' indices, {table.attrs['blocks']:,} base samples", "", *aligned(rows)]


def ranks(row: pd.Series[float]) -> str:
    """Return between which ranks a factor lies when base samples are drawn again."""
    low, high = int(row["rank_low"]), int(row["rank_high"])
    return str(low) if low == high else f"{low}-{high}"


def box_lines(found: Discovery) -> list[str]:
    """Return a box of conditions and how good it is, for a terminal."""
    text = [
        f"{found.outcome}: {found.base_rate:.1%} of {found.cells:,} cells",
        f"box: density {_share(found.density)}, coverage {_share(found.coverage)}, "
        f"{found.mass:.1%} of all cells",
        f"found on one half, judged on the other: density {_share(found.held_out_density)}, "
        f"coverage {_share(found.held_out_coverage)}",
    ]
    if not found.reached:
        text.append(
            f"no box is as dense as {found.wanted:.0%}; this is the densest of some coverage"
        )
    if not found.limits:
        return [*text, "no condition is needed"]
    rows = [["condition", "from", "to", "of", "", "chance alone"]]
    for name, limits in found.limits.items():
        full = found.ranges[name]
        if isinstance(limits[0], str) or isinstance(full[0], str):
            rows.append([name, ", ".join(map(str, limits)), "", "", "", _chance(found, name)])
            continue
        low, high = (short(float(each)) for each in limits)
        least, most = (short(float(each)) for each in full)
        rows.append(
            [
                name,
                low if low != least else "",
                high if high != most else "",
                least,
                most,
                _chance(found, name),
            ]
        )
    return [*text, "", *aligned(rows)]


def _share(x: object) -> str:
    value, low, high = (getattr(x, name) for name in ("value", "low", "high"))
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _chance(found: Discovery, name: str) -> str:
    """Return the greatest quasi-p of a dimension's limits, in a form that can be read."""
    given = [each for each in found.quasi_p.get(name, ()) if each == each]
    if not given:
        return ""
    return "<0.001" if max(given) < 1e-3 else f"{max(given):.3f}"


# For the page


def section(table: pd.DataFrame, found: Discovery, runs: int, experiments: Sequence[str]) -> str:
    """Return the part of docs/findings.md that two batches fill, in Markdown."""
    top = table.attrs["top"]
    first = table.head(top)
    named = [f"`{name}` ({row['total']:.2f})" for name, row in first.iterrows()]
    sure = [str(name) for name, row in first.iterrows() if row["in_top"] >= 0.95]
    doubtful = {
        str(name): row["in_top"] for name, row in table.iterrows() if 0.05 < row["in_top"] < 0.95
    }
    told = (
        f"Over {len(table)} uncertain parameters with their marked ranges ({runs:,} markets, "
        f"{table.attrs['blocks']:,} base samples), customers' share of total surplus depends most on "
        f"{', '.join(named[:-1])} and {named[-1]}; in brackets the total Sobol' index, the share of the "
        "variance that goes when everything but that parameter is known."
    )
    how_sure = (
        f"Drawn again from the base samples, {_numbered(len(sure), top)} among the first {top} at least "
        "95 times in a hundred"
        + (f": {', '.join(f'`{name}`' for name in sure)}." if len(sure) < top else ".")
    )
    if doubtful:
        how_sure += (
            " In doubt are "
            + ", ".join(f"`{name}` ({share:.0%})" for name, share in doubtful.items())
            + "."
        )
    rows = ["| parameter | total index | 95% interval | first order | rank | in the first "
            f"{top} |", "|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for name, row in table.head(MOST_ROWS).iterrows():
        rows.append(
            f"| `{name}` | {row['total']:.3f} | {row['total_low']:.3f} to {row['total_high']:.3f} | "
            f"{row['first']:.3f} | {ranks(row)} | {row['in_top']:.0%} |"
        )
    rest = table["total"].iloc[MOST_ROWS:]
    more = f"The other {len(rest)} are at most {rest.max():.3f} in total." if len(rest) else ""
    return "\n\n".join(
        part
        for part in (
            told,
            how_sure,
            "\n".join(rows),
            more,
            _box(found),
            "From "
            + " and ".join(f"`agentsim run {name}`" for name in experiments)
            + "; `make sensitivity` writes this part of the page.",
        )
        if part
    )


def _numbered(count: int, top: int) -> str:
    return f"all {top} are" if count == top else f"{count} of the {top} are"


def _box(found: Discovery) -> str:
    conditions = []
    for name, limits in found.limits.items():
        low, high = limits
        least, most = found.ranges[name]
        if short(float(low)) != short(float(least)):
            conditions.append(f"`{name}` above {short(float(low))}")
        if short(float(high)) != short(float(most)):
            conditions.append(f"`{name}` below {short(float(high))}")
    return (
        f"Customers capture more than {ABOVE:.0%} in {found.base_rate:.0%} of {found.cells:,} markets "
        f"drawn from the ranges. The box of conditions in which they do: {'; '.join(conditions)}. In it "
        f"{_share(found.density)} do (density), and it holds {_share(found.coverage)} of those that do "
        f"(coverage). A box found on one half of the markets has a density of "
        f"{_share(found.held_out_density)} on the other half: that is the figure to quote."
    )


PICTURES = (
    (f"sensitivity_{OUTCOME}.png", "Sobol' indices of customers' share, with intervals"),
    (f"box_{OUTCOME}.png", "The box of conditions, and the boxes it was chosen from"),
)
"""Of the first batch and of the second."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the page; return the exit code."""
    from agentsim.analysis.reading import discovery_of, sensitivity_of
    from agentsim.batch.results import Results
    from agentsim.report.publish import command, fill, kept_picture

    def write(sobol: Path, hypercube: Path, page: Path) -> str:
        both = one, other = Results.open(sobol), Results.open(hypercube)
        table, found = sensitivity_of(one, OUTCOME), discovery_of(other, OUTCOME, above=ABOVE)
        names = [each.experiment.name for each in both]
        text = section(table, found, one.manifest["runs_simulated"], names)
        shown = [
            kept_picture(results, name, says, page)
            for results, (name, says) in zip(both, PICTURES, strict=True)
        ]
        fill(page, "\n\n".join([text, *shown]), START, END)
        return f"Written: {page}"

    return command(arguments, "sensitivity_text", ("SOBOL", "HYPERCUBE", "PAGE"), write)


if __name__ == "__main__":
    sys.exit(main())
