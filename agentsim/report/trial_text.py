"""What a trial says, in sentences and a table whose numbers are computed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from agentsim.printing import aligned
from agentsim.report.words import firm_words

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.authoring.trial import Trial

Row = Mapping[Hashable, Any]

VALUE = (
    "Value is the firm's AI cash flow over {horizon} quarters and in the run-off after them, discounted to the base "
    "date, {runs} runs of the same luck; intervals are of means."
)

HEADS = (
    "rank",
    "95%",
    "strategy",
    "value $bn",
    "95% interval",
    "less that of the trial",
    "95% interval",
    "customers' share %",
    "95% interval",
)


def told(found: pd.DataFrame, trial: Trial) -> str:
    """Return what was found: sentences, and a table with a row a posture."""
    e = trial.experiment
    note = VALUE.format(horizon=e.horizon, runs=int(found["runs"].min()))
    return "\n".join([*sentences(found, trial), "", *table(found), "", note])


def sentences(found: pd.DataFrame, trial: Trial) -> list[str]:
    """Return what the strategy is worth, what is better, and what it does to customers."""
    asked = trial.experiment.runs
    found = found[found["rank"].notna()].astype({"rank": int, "rank_low": int, "rank_high": int})
    rows: dict[str, Row] = {row["strategy"]: row for row in found.to_dict("records")}
    own, usual, best = (
        rows[trial.strategy],
        rows.get(trial.usual, rows[trial.strategy]),
        found.to_dict("records")[0],
    )
    who = firm_words(trial.firm)
    lines = []
    if own["runs"] < asked:
        lines.append(
            f"{asked - own['runs']} of {asked} runs FAILED with {trial.strategy}: what follows is of the "
            "others alone."
        )
    lines.append(
        f"{trial.strategy} is worth ${_bn(own, 'value')} to {who}: rank {own['rank']} of {len(found)} "
        f"(95% interval {own['rank_low']} to {own['rank_high']})."
    )
    if best["strategy"] != trial.strategy:
        lines.append(f"The best, {best['strategy']}, is worth {_more(best, 'difference')}.")
    if trial.usual != trial.strategy:
        lines.append(
            f"With its usual posture, {trial.usual}, {who} is worth {_more(usual, 'difference')}; "
            f"customers get {_more(own, 'customer_surplus')} with {trial.strategy} than with that."
        )
    lines.append(
        f"Customers' share of total surplus is {_percent(own)} with {trial.strategy}, and "
        f"{_percent(usual)} with {trial.usual}."
        if trial.usual != trial.strategy
        else f"Customers' share of total surplus is {_percent(own)}."
    )
    return lines


def table(found: pd.DataFrame) -> list[str]:
    """Return a line a posture, the best first."""
    rows = [list(HEADS)]
    for row in found.to_dict("records"):
        if row["rank"] != row["rank"]:  # most of its runs failed
            rows.append(["", "", f"{row['strategy']} ({row['runs']} runs)", *[""] * 6])
            continue
        rows.append(
            [
                f"{row['rank']:.0f}",
                f"{row['rank_low']:.0f}-{row['rank_high']:.0f}",
                row["strategy"],
                f"{row['value']:,.0f}",
                _between(row, "value"),
                f"{row['difference']:,.0f}",
                _between(row, "difference"),
                f"{100.0 * row['customer_share']:.1f}",
                _between(row, "customer_share", 100.0, 1),
            ]
        )
    return aligned(rows)


def _between(row: Row, name: str, scale: float = 1.0, digits: int = 0) -> str:
    low, high = scale * row[f"{name}_low"], scale * row[f"{name}_high"]
    return f"{low:,.{digits}f} to {high:,.{digits}f}"


def _bn(row: Row, name: str) -> str:
    return f"{row[name]:,.0f} bn ({_between(row, name)})"


def _more(row: Row, name: str) -> str:
    """Return how much more or less something is, with its interval, as amounts that are positive."""
    if row[name] >= 0.0:
        return f"${row[name]:,.0f} bn more ({_between(row, name)})"
    turned: dict[Hashable, Any] = {
        name: -row[name],
        f"{name}_low": -row[f"{name}_high"],
        f"{name}_high": -row[f"{name}_low"],
    }
    return f"${turned[name]:,.0f} bn less ({_between(turned, name)})"


def _percent(row: Row) -> str:
    return f"{100.0 * row['customer_share']:.1f}% ({_between(row, 'customer_share', 100.0, 1)})"
