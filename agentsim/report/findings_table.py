"""The figures that docs/findings.md speaks of, taken anew from results, as a table in that page.

    python -m agentsim.report.findings_table results/escalator_war results/escalation_step \\
        docs/findings.md

Sentences of the page quote this table, so that it shows where they have aged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.report.words import money

if TYPE_CHECKING:
    import pandas as pd

    from agentsim import Market
    from agentsim.batch.results import Results

START, END = "<!-- figures: start -->", "<!-- figures: end -->"
HEADLINE, STEPS = "escalator_war", "escalation_step"
POSTURE, SHOCK, ELASTICITY = "lineup.hyperscaler", "shock.efficiency.factor", "demand_elasticity"
USUAL = 1.1
CALM, LARGEST = 1.0, 45.0
NEOCLOUD = "coreweave"
FIRST = (0, 1, 4)
"""Quarters that show how a market begins."""
Row = tuple[str, str]


class Headline:
    """Outcomes of the headline's cells, by run."""

    def __init__(self, results: Results) -> None:
        self.runs = results.runs()

    def cell(
        self,
        outcome: str,
        posture: str,
        shock: float = CALM,
        elasticity: float = USUAL,
        variant: str | None = None,
    ) -> pd.Series[float]:
        """Return an outcome of one cell, by run. Raises AgentsimError, one line, where there is none."""
        x = self.runs
        kind = x["kind"] == "main" if variant is None else x["variant"] == variant
        rows = x[
            kind & (x[POSTURE] == posture) & (x[SHOCK] == shock) & (x[ELASTICITY] == elasticity)
        ]
        return _outcome(rows, outcome, f"{variant or 'main'}, {posture}, {shock:g}, {elasticity:g}")

    def share(self, posture: str, variant: str | None = None) -> float:
        """Return customers' part of total surplus, both in the mean over draws."""
        both = ("customer_surplus", "total_surplus")
        part, whole = (self.cell(each, posture, variant=variant).mean() for each in both)
        return float(part / whole)

    def deviation(self, firm: str, own: str, others: str) -> pd.Series[float]:
        """Return the value of a firm that follows one posture among others that follow another."""
        x = self.runs
        rows = x[(x["firm"] == firm) & (x["own"] == own) & (x["others"] == others)]
        rows = rows[(rows[SHOCK] == CALM) & (rows[ELASTICITY] == USUAL)]
        return _outcome(rows, f"value.{firm}", f"{firm}, {own}, {others}")


def _outcome(rows: pd.DataFrame, outcome: str, what: str) -> pd.Series[float]:
    if rows.empty:
        raise AgentsimError(f"there is no cell {what}; run the shipped experiment")
    return rows.set_index("run")[outcome]


def of_headline(h: Headline) -> Iterator[Row]:
    """Yield figures of `agentsim run escalator_war`."""
    ends = {}
    for outcome in ("customer_surplus", "customer_share", "hyperscaler_value"):
        for shock in (CALM, LARGEST):
            ends[outcome, shock] = [
                h.cell(outcome, each, shock) for each in ("restrain", "escalate")
            ]
    for outcome, name, up in (
        ("customer_surplus", "customers' surplus rises from all restrain to all escalate", True),
        ("customer_share", "customers' share of total surplus rises", True),
        ("hyperscaler_value", "hyperscalers lose", False),
    ):
        shares = [_share_of_draws(ends[outcome, shock], up) for shock in (CALM, LARGEST)]
        yield f"{name}: share of draws without a shock, after x45", " / ".join(shares)
    for elasticity in (1.4, 2.0):
        both = [
            h.cell("hyperscaler_value", each, CALM, elasticity) for each in ("restrain", "escalate")
        ]
        yield f"hyperscalers lose at an elasticity of {elasticity:g}", _share_of_draws(both, False)
    low, middle, high = (
        100.0 * h.share(each) for each in ("restrain", "best_response", "escalate")
    )
    yield "rise of customers' share, points", f"{high - low:.1f}"
    yield "of these beyond best response, points", f"{high - middle:.1f}"
    yield "hyperscalers, all restrain / all escalate", _ends(h, "hyperscaler_value", None)
    for variant in ("rigid supply", "rigid foundry", "rigid memory", "rigid power"):
        yield f"the same, {variant}", _ends(h, "hyperscaler_value", variant)
    yield from _countings(h)
    yield "chip vendors, all restrain / all escalate", _ends(h, "chip_vendor_value", None)
    own = [
        h.deviation("microsoft", each, "best_response").mean()
        for each in ("best_response", "escalate")
    ]
    yield "Microsoft among best responses: following too / escalating", " / ".join(map(money, own))
    surplus = h.cell("customer_surplus", "escalate").to_numpy()
    least, most = (float(np.quantile(surplus, each)) for each in (0.05, 0.95))
    yield (
        "customers' surplus, all escalate: mean, and 5 to 95% of draws",
        f"{money(float(surplus.mean()))}, {money(least)} to {money(most)}",
    )
    yield "idle chips, all escalate", _percent(h.cell("idle_share", "escalate").mean())
    for posture in ("escalate", "match"):
        idle = h.cell("idle_share", posture, variant="rigid power").mean()
        yield (
            f"rigid power, all {posture}: idle chips / customers' share",
            f"{_percent(idle)} / {_percent(h.share(posture, variant='rigid power'))}",
        )


def _countings(h: Headline) -> Iterator[Row]:
    """Yield what is left to hyperscalers when all escalate, in three countings, and to lenders."""
    whole, horizon, fleets, lenders = (
        h.cell(each, "escalate")
        for each in (
            "hyperscaler_value",
            "hyperscaler_value_to_horizon",
            "fleet_at_cost",
            "lender_value",
        )
    )
    for name, x in (
        ("with the run-off", whole),
        ("to the horizon", horizon),
        ("to the horizon, with fleets at cost", horizon + fleets),
    ):
        yield (
            f"hyperscalers, all escalate, {name}: mean / median / lose money",
            f"{money(x.mean())} / {money(x.median())} / {_percent((x < 0.0).mean())}",
        )
    yield "fleets at cost at the horizon, all escalate", money(fleets.mean())
    to_horizon = h.cell("lender_value_to_horizon", "escalate")
    yield (
        "lenders, all escalate, not what they gain by it: to the horizon / with the run-off / its median",
        " / ".join(map(money, (to_horizon.mean(), lenders.mean(), lenders.median()))),
    )


def _ends(h: Headline, outcome: str, variant: str | None) -> str:
    cells = [h.cell(outcome, each, variant=variant) for each in ("restrain", "escalate")]
    return " / ".join(money(each.mean()) for each in cells)


def _share_of_draws(ends: Sequence[pd.Series[float]], up: bool) -> str:
    """Return in which share of draws an outcome rises, or falls, from one end to the other."""
    low, high = ends
    return _percent(((high > low) if up else (high < low)).mean())


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f}%" if 0.99 < share < 1.0 else f"{100.0 * share:.0f}%"


def of_steps(results: Results) -> Iterator[Row]:
    """Yield figures of `agentsim run escalation_step`."""
    runs = results.runs()
    for posture, rows in runs.groupby(POSTURE, sort=False):
        worth, part, whole = (
            _outcome(rows, each, str(posture)).mean()
            for each in ("hyperscaler_value", "customer_surplus", "total_surplus")
        )
        yield (
            f"hyperscalers / customers' share, all {posture}",
            f"{money(worth)} / {_percent(part / whole)}",
        )


def of_markets() -> Iterator[Row]:
    """Yield medians of 30 markets in the calibrated lineup, and what the first quarters look like."""
    from agentsim import Market

    market = Market("2025Q4", runs=30, rng=7).run()
    medians = market.series().groupby("quarter").median(numeric_only=True)
    spending, capex, tight, margin, rent = (
        medians[name].to_numpy()
        for name in ("spending", "capex", "memory_tightness", "memory_margin", "gpu_rent")
    )
    for name, x in (("AI service revenue", spending), ("AI capex", capex)):
        yield (
            f"calibrated lineup, {name} a quarter: base date / highest (quarter) / last",
            f"{money(x[0])} / {money(x.max())} ({x.argmax()}) / {money(x[-1])}",
        )
    yield "its H100e-hour at the end", f"${rent[-1]:.2f}"
    yield (
        "its memory orders over what is offered: highest (quarter) / margin then / last",
        f"{tight.max():.2f} ({tight.argmax()}) / {_percent(margin[tight.argmax()])} / {tight[-1]:.2f}",
    )
    yield f"parts of all H100e shipped until quarter {len(tight) - 1}", _parts(market)
    firms = market.series("hyperscaler")
    neocloud = firms[firms["firm"] == NEOCLOUD].groupby("quarter")["capex"].median().to_numpy()
    yield (
        "CoreWeave's capex: base date / quarter 1 / quarter 4",
        " / ".join(money(neocloud[each]) for each in FIRST),
    )
    alone = Market("2025Q4", lineup="best_response", rng=1).run().series("hyperscaler")
    sums = alone.groupby("quarter")[["capex", "shell_spend"]].sum().to_numpy()
    yield (
        "all best response: capex / chips and systems alone, base date; quarters 1; 4",
        "; ".join(
            f"{money(sums[each, 0])} / {money(sums[each, 0] - sums[each, 1])}" for each in FIRST
        ),
    )
    surplus, paid = Market("2025Q4", rng=1).run().series()[["surplus", "spending"]].to_numpy()[0]
    yield "customers' surplus over revenue at the base date", f"{surplus / paid:.1f}"


def _parts(market: Market) -> str:
    """Return the part of each vendor of all chips shipped since the base date, in the median."""
    vendors = market.series("chip_vendor").query("quarter > 0")
    shipped = vendors.assign(shipped=vendors["sales"] + vendors["other_sales"])
    made = shipped.pivot_table(index="run", columns="firm", values="shipped", aggfunc="sum")
    parts = made.div(made.sum(axis=1), axis=0).median()
    return ", ".join(f"{firm} {_percent(part)}" for firm, part in parts.items())


def table(headline: Results, steps: Results) -> str:
    """Return all figures as a table in Markdown.

    Raises AgentsimError, one line, for results of other experiments.
    """
    for results, name in ((headline, HEADLINE), (steps, STEPS)):
        if results.experiment.name != name:
            raise AgentsimError(
                f"{results.folder} holds {results.experiment.name}; give results of {name}"
            )
    rows = [*of_headline(Headline(headline)), *of_steps(steps), *of_markets()]
    return "\n".join(
        [
            "| what | figure |",
            "|---|---:|",
            *(f"| {what} | {figure} |" for what, figure in rows),
            "",
            "From `agentsim run escalator_war`, `agentsim run escalation_step` and `agentsim.Market`; "
            "`make publish` writes this table.",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the page; return the exit code."""
    from agentsim.batch.results import Results
    from agentsim.report.publish import command, fill

    def write(headline: Path, steps: Path, page: Path) -> str:
        fill(page, table(Results.open(headline), Results.open(steps)), START, END)
        return f"Written: {page}"

    return command(arguments, "findings_table", ("HEADLINE", "STEPS", "PAGE"), write)


if __name__ == "__main__":
    sys.exit(main())
