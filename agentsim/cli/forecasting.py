"""The command that tells what the market may come to, in bands over simulated runs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.commands import FAILED
from agentsim.cli.meeting import ran, say_beyond
from agentsim.cli.running import shown, whole
from agentsim.printing import short

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("experiment", default="forecast")
@click.option("--out", metavar="FOLDER", help="Where results go; otherwise results/NAME.")
@click.option("--runs", metavar="N", help="Simulated markets.")
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option(
    "--facts", metavar="FILE",
    help="Facts of your own, of quarters to come: a CSV with series, firm, quarter, value.",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every quarter.")
@click.option("--no-figures", is_flag=True, help="Print the table alone.")
@click.pass_obj
def forecast(
    words: list[str],
    experiment: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    facts: str | None,
    as_csv: bool,
    no_figures: bool,
) -> None:
    """Simulate EXPERIMENT (forecast) from the newest books on, and tell in bands what may come.

    Prints for each series and year-end the median over runs, the middle half of them (25% to 75%) and
    nine in ten (5% to 95%), and the mean. forecast.csv in the folder of results has every quarter, and
    each series has a picture, with the facts from which the forecast takes off.

    Bands say how far assumptions and luck carry the market of the model. They do not say how far the model
    itself is off: `agentsim backtest` holds it against what happened.

    Facts of quarters to come may be given with --facts: a table with the columns series, firm, quarter
    (2026Q1) and value. They are drawn in, and the table says which lie inside. Series and firms are named
    as the table heads its blocks: company_capex,four largest,2026Q1,150.

    \b
    Examples:
      agentsim forecast
      agentsim forecast --facts mine.csv
      agentsim forecast --csv > bands.csv
      agentsim forecast mine.toml --runs 5000 --out results/mine
    """
    from agentsim.backtest.forecasting import UNITS, base_of, lines_of
    from agentsim.backtest.forecasting import forecast as told
    from agentsim.backtest.history import history
    from agentsim.backtest.measures import tables_of
    from agentsim.backtest.outlook import NEEDED
    from agentsim.batch.design import Experiment

    known = history(facts, UNITS)
    design = Experiment.read(experiment).changed(whole("--runs", runs))
    base = base_of(design.scenario)
    lines_of(known, base)  # what makes no sense in the facts is said before anything is simulated
    results = ran(design, NEEDED, out, workers, words)
    found = told(known, tables_of(results, NEEDED), design.scenario)
    say_beyond(known, design)
    found.to_csv(results.folder / "forecast.csv", index=False)
    click.echo(found.to_csv(index=False) if as_csv else _table(found), nl=not as_csv)
    if not no_figures:
        from agentsim.report.forecast_figures import save

        for path in save(found, known, results.folder / "figures"):
            click.echo(f"Figure: {shown(path)}", err=True)
    failed = results.manifest["failures"]["runs"]
    if failed:
        click.echo(f"{failed:,} of {design.runs:,} runs failed and are left out", err=True)
        raise SystemExit(FAILED)


HEADS = ("5%", "25%", "median", "75%", "95%", "mean")


def _table(found: pd.DataFrame) -> str:
    """Return bands at year-ends, and where there is a later fact, as a table, a block a series."""
    held = found["inside_90"].notna()
    lines = [
        f"{'quarter':9s}" + "".join(f"{each:>10s}" for each in HEADS)
        + (f"{'fact':>10s}  lies" if held.any() else ""),
    ]  # fmt: skip
    lines.append("-" * (len(lines[0]) + (12 if held.any() else 0)))
    start, last = found["quarter"].iloc[0], found["quarter"].iloc[-1]
    year_end = found["quarter"].str.endswith("Q4") & found["quarter"].gt(start)
    shown_rows = found[held | year_end | found["quarter"].eq(last)]
    for (series, firm), rows in shown_rows.groupby(["series", "firm"], sort=False):
        lines += ["", f"{series}, {firm} ({rows['unit'].iloc[0]})"]
        lines += [_row(row) for row in rows.to_dict("records")]
    if held.any():
        half, most = (int(found.loc[held, name].sum()) for name in ("inside_50", "inside_90"))
        lines += [
            "",
            f"Of {held.sum()} facts after {start}, {half} lie inside the 50% bands and {most} inside "
            "the 90% bands",
        ]
    return "\n".join(lines)


def _row(row: Mapping[Hashable, Any]) -> str:
    """Return a quarter's numbers, and where its fact lies."""
    names = ("p05", "p25", "median", "p75", "p95", "mean")
    text = f"{row['quarter']:9s}" + "".join(f"{short(row[name]):>10s}" for name in names)
    held = isinstance(row["inside_90"], bool)
    return text + (f"{short(row['fact']):>10s}  {_place(row)}" if held else "")


def _place(row: Mapping[Hashable, Any]) -> str:
    """Say where a fact lies: inside the narrowest band that holds it, or outside."""
    if row["inside_50"]:
        return "inside 50%"
    if row["inside_90"]:
        return "inside 90%"
    return "outside, above" if row["fact"] > row["p95"] else "outside, below"
