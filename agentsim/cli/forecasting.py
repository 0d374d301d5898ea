"""The command that tells what the market may come to, in bands over simulated runs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.batches import Batch, batch_options, ran
from agentsim.cli.commands import FAILED, takes_strategies
from agentsim.cli.meeting import heading
from agentsim.cli.own_facts import say_beyond, say_of_facts, say_replaced
from agentsim.cli.running import shown, whole
from agentsim.printing import short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.backtest.history import Known


@click.command()
@click.argument("experiment", default="forecast")
@batch_options
@click.option(
    "--facts", metavar="FILE",
    help="Facts of your own, of quarters to come: a CSV with series, firm, quarter, value.",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every quarter.")
@click.option("--no-figures", is_flag=True, help="Print the table alone.")
@takes_strategies
@click.pass_obj
def forecast(
    words: list[str],
    experiment: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    replace: bool,
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
    in the brackets above each block of the table: company_capex,four largest,2026Q1,150. Facts up to the
    quarter from which the forecast starts are compared by `agentsim backtest --facts`.

    \b
    Examples:
      agentsim forecast
      agentsim forecast --facts mine.csv
      agentsim forecast --csv > bands.csv
      agentsim forecast mine.toml --runs 5000 --out results/mine
    """
    from agentsim.backtest.asked import check_own
    from agentsim.backtest.forecasting import base_of
    from agentsim.backtest.forecasting import forecast as told
    from agentsim.backtest.history import history
    from agentsim.backtest.measures import tables_of
    from agentsim.backtest.outlook import NEEDED
    from agentsim.batch.design import Experiment
    from agentsim.scenario import Scenario

    known = history(facts)
    design = Experiment.read(experiment).changed(whole("--runs", runs))
    base = base_of(design.scenario)
    # What makes no sense in the facts is said before anything is simulated.
    check_own(known, Scenario.load(design.scenario).firms, design.scenario)
    say_replaced(known, facts)
    _say_before(known, base, design.scenario, facts)
    results = ran(design, NEEDED, Batch(out, workers, replace, words))
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


def _say_before(known: Sequence[Known], base: int, scenario: str, path: str | None) -> None:
    """Say which facts of one's own are not held against bands, as the forecast starts after them."""
    from agentsim.backtest.asked import own
    from agentsim.backtest.history import number_of

    before = [each for each in own(known) if number_of(each.quarter) <= base]
    say_of_facts(
        path,
        before,
        f"not after {scenario}, where the forecast starts, and so compared by "
        f"`agentsim backtest --facts {path}` alone",
    )


HEADS = ("5%", "25%", "median", "75%", "95%", "mean")


def _table(found: pd.DataFrame) -> str:
    """Return bands at year-ends, and where there is a later fact, as a table, a block a series."""
    from agentsim.backtest.outlook import DEFAULTS

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
        lines += ["", heading(str(series), str(firm))]
        lines += [_row(row) for row in rows.to_dict("records")]
    lines += ["", DEFAULTS]
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
