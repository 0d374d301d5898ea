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
    Role says what the simulated value is:
      input         quarter 0, set by the calibration: it was put in
      partly input  a part, printed behind it, follows set paths (capex outside
                    AI, other buyers' budgets) or stood before quarter 0
      result        comes out of the market
    Facts of 2025 are not fitted. Yet some parameters rest on figures of 2025,
    among them the growth of other buyers' budgets, of capex outside AI and of
    adoption, and the pace of hardware.
    The last line counts the facts that are neither fitted nor input.

    \b
    Examples:
      agentsim backtest
      agentsim backtest --facts mine.csv
      agentsim backtest --csv > compared.csv
    """
    from agentsim.backtest.history import history
    from agentsim.backtest.measures import SERIES, tables_of
    from agentsim.backtest.testing import compared, simulated
    from agentsim.batch.design import Experiment

    known = history(facts)
    design = Experiment.read(experiment).changed(whole("--runs", runs), {})
    results = ran(design, SERIES, out, workers, words)
    tables = tables_of(results)
    found = compared(known, tables, design.scenario)
    say_beyond(known, design)
    found.to_csv(results.folder / "backtest.csv", index=False)
    click.echo(found.to_csv(index=False) if as_csv else _table(found), nl=not as_csv)
    if not no_figures:
        from agentsim.report.history_figures import save

        bands = simulated(known, tables, design.scenario)
        for path in save(found, bands, results.folder / "figures"):
            click.echo(f"Figure: {shown(path)}", err=True)


def ran(
    design: Experiment,
    needed: Sequence[str],
    out: str | None,
    workers: str | None,
    words: Sequence[str],
) -> Results:
    """Run an experiment that keeps the series that are needed, of all runs, and return its results.

    words: what the command was given. Raises AgentsimError, one line, if it does not keep them.
    """
    from agentsim import batch

    missing = [each for each in needed if each not in design.series]
    if missing:
        raise AgentsimError(f"series of {design.name} lacks {', '.join(missing)}; add them")
    every = design.changed(settings={"series_runs": max(design.runs, design.series_runs)})
    return batch.run(
        every, out, whole("--workers", workers), command=["agentsim", *words],
        say=lambda line: click.echo(line, err=True),
    )  # fmt: skip


def say_beyond(known: Sequence[Known], design: Experiment) -> None:
    """Say how many facts are of quarters after the last that is simulated."""
    from agentsim.backtest.history import number_of

    last = number_of(design.scenario) + design.horizon
    later = [each for each in known if number_of(each.quarter) > last]
    if later:
        what = (
            "1 fact is of a quarter" if len(later) == 1 else f"{len(later)} facts are of quarters"
        )
        click.echo(
            f"{what} after the last that is simulated; raise horizon in the experiment", err=True
        )


LEGEND = """\
role: input, set by the calibration at quarter 0; partly input, with the part that follows a set path
or stood before quarter 0; result, what comes out of the market. Facts of 2025 are not fitted."""


def _table(found: pd.DataFrame) -> str:
    """Return facts and bands as a table, a block a series, what roles mean, and the score."""
    from agentsim.backtest.testing import score

    lines = [
        f"{'quarter':9s}{'fact':>9s}{'median':>9s}{'90% band':>20s}{'ratio':>8s}  {'inside':8s}role",
        "-" * 90,
    ]
    for (series, firm), rows in found.groupby(["series", "firm"], sort=False):
        lines += ["", f"{series}, {firm} ({rows['unit'].iloc[0]})"]
        marks = map(_mark, rows["role"], rows["input_share"], rows["fitted"])
        for row, mark in zip(rows.itertuples(), marks, strict=True):
            band = f"[{short(row.low)}, {short(row.high)}]"
            lines.append(
                f"{row.quarter:9s}{short(row.fact):>9s}{short(row.median):>9s}{band:>20s}"
                f"{row.ratio:8.2f}  {'yes' if row.inside else 'no':8s}{mark}"
            )
    return "\n".join([*lines, "", LEGEND, "", *score(found)])


def _mark(role: str, share: float, fitted: bool) -> str:
    """Return role and, where only a part was put in, how much; and whether the fact is no target."""
    part = f" {share:.2f}" if 0.0 < share < 1.0 else ""
    return f"{role}{part}{'' if fitted else ', not fitted'}"
