"""Commands that hold the market against history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from agentsim.cli.running import shown, whole
from agentsim.errors import AgentsimError
from agentsim.printing import short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.backtest.history import Known
    from agentsim.batch.design import Experiment
    from agentsim.batch.results import Results


@click.command()
@click.argument("experiment", default="backtest")
@click.option("--out", metavar="FOLDER", help="Where results go; otherwise results/NAME.")
@click.option("--runs", metavar="N", help="Simulated markets.")
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option(
    "--facts", metavar="FILE", help="Facts of your own: a CSV with series, firm, quarter, value."
)
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every column.")
@click.option("--no-figures", is_flag=True, help="Print the table alone.")
@click.pass_obj
def backtest(
    words: list[str],
    experiment: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    facts: str | None,
    as_csv: bool,
    no_figures: bool,
) -> None:
    """Simulate EXPERIMENT (backtest) from a past quarter, and compare it with what happened.

    Prints each series of facts beside the simulated median and 90% band, their ratio, and whether the
    fact lies inside; draws a picture of each. Facts of quarters to come may be added with --facts:
    a table with the columns series, firm, quarter (2026Q1) and value.

    \b
    Examples:
      agentsim backtest
      agentsim backtest --facts mine.csv
      agentsim backtest --csv > compared.csv
    """
    from agentsim.backtest.history import history
    from agentsim.backtest.measures import SERIES, tables_of
    from agentsim.backtest.testing import compared
    from agentsim.batch.design import Experiment

    known = history(facts)
    design = Experiment.read(experiment).changed(whole("--runs", runs), {})
    results = simulated(design, SERIES, out, workers, words)
    tables = tables_of(results)
    found = compared(known, tables, design.scenario)
    say_beyond(known, last_quarter(design))
    found.to_csv(results.folder / "backtest.csv", index=False)
    click.echo(found.to_csv(index=False) if as_csv else _table(found), nl=not as_csv)
    if not no_figures:
        from agentsim.report.history_figures import save

        for path in save(found, results.folder / "figures"):
            click.echo(f"Figure: {shown(path)}", err=True)


def simulated(
    design: Experiment,
    needed: Sequence[str],
    out: str | None,
    workers: str | None,
    words: Sequence[str],
) -> Results:
    """Run an experiment that keeps the series that are needed, and return its results.

    words: what the command was given. Raises AgentsimError, one line, if it does not keep them.
    """
    from agentsim import batch

    missing = [each for each in needed if each not in design.series]
    if missing:
        raise AgentsimError(f"series of {design.name} lacks {', '.join(missing)}; add them")
    return batch.run(
        design, out, whole("--workers", workers), command=["agentsim", *words],
        say=lambda line: click.echo(line, err=True),
    )  # fmt: skip


def last_quarter(design: Experiment) -> int:
    """Return the last quarter that is simulated, as a number."""
    from agentsim.backtest.history import number_of

    return number_of(design.scenario) + design.horizon


def say_beyond(known: Sequence[Known], last: int) -> None:
    """Say how many facts are of quarters that are not simulated."""
    from agentsim.backtest.history import number_of

    later = [each for each in known if number_of(each.quarter) > last]
    if later:
        click.echo(
            f"{len(later)} facts are of quarters after the last that is simulated; raise horizon",
            err=True,
        )


def _table(found: pd.DataFrame) -> str:
    """Return facts and bands as a table, a block a series, and how many lie inside."""
    lines = [
        f"{'quarter':9s}{'fact':>9s}{'median':>9s}{'90% band':>20s}{'ratio':>8s}  inside",
        "-" * 64,
    ]
    for (series, firm), rows in found.groupby(["series", "firm"], sort=False):
        lines += ["", f"{series}, {firm} ({rows['unit'].iloc[0]})"]
        for row in rows.itertuples():
            band = f"[{short(row.low)}, {short(row.high)}]"
            mark = ("yes" if row.inside else "no") + ("" if row.fitted else ", not fitted")
            lines.append(
                f"{row.quarter:9s}{short(row.fact):>9s}{short(row.median):>9s}{band:>20s}"
                f"{row.ratio:8.2f}  {mark}"
            )
    later = found[~found["fitted"]]
    lines += [
        "",
        f"{found['inside'].sum()} of {len(found)} facts lie inside their 90% bands; of 2025, "
        f"{later['inside'].sum()} of {len(later)}",
    ]
    return "\n".join(lines)
