"""Commands that hold the market against history."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.batches import Batch, batch_options, ran
from agentsim.cli.commands import takes_strategies
from agentsim.cli.own_facts import say_beyond, say_longer, say_replaced, say_unanswered
from agentsim.cli.running import shown, whole
from agentsim.printing import short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.backtest.history import Known
    from agentsim.backtest.measures import Tables
    from agentsim.batch.design import Experiment
    from agentsim.batch.results import Results


@click.command()
@click.argument("experiment", default="backtest")
@batch_options
@click.option(
    "--facts", metavar="FILE", help="Facts of your own: a CSV with series, firm, quarter, value."
)
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every column.")
@click.option("--no-figures", is_flag=True, help="Print the table alone.")
@takes_strategies
@click.pass_obj
def backtest(
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
    """Simulate EXPERIMENT (backtest) from a past quarter, and compare it with what happened.

    Prints each series of facts beside the simulated median and 90% band, their ratio, and whether the
    fact lies inside; draws a picture of each. Facts of quarters to come may be added with --facts:
    a table with the columns series, firm, quarter (2026Q1) and value. The experiment is then simulated to
    the last of these quarters; numbers of those before stay as they are. A fact of your own takes the
    place of one that is shipped. Series and firms are named in the brackets above each block of the table.

    \b
    Role says what the simulated value is:
      input         quarter 0, set by the calibration: it was put in
      partly input  a part, printed behind it, follows set paths (capex outside
                    AI, other buyers' budgets) or stood before quarter 0
      by a rule     a strategy says where it goes: a vendor that holds a margin
      result        comes out of the market
    Facts of 2025 are not fitted. Yet some ranges rest on figures of 2025, and
    laws and ranges were changed after it was seen how 2025 came out. Which ranges
    is said below the table, and beside the fitted draws stands the same experiment
    drawn from the marked ranges, as wide bands hold facts without any fitting.

    \b
    Examples:
      agentsim backtest
      agentsim backtest --facts mine.csv
      agentsim backtest --csv > compared.csv
    """
    from agentsim.backtest.asked import check_own, keeping, reaching
    from agentsim.backtest.forecasting import base_of
    from agentsim.backtest.history import history
    from agentsim.backtest.measures import SERIES, tables_of
    from agentsim.backtest.roles import ruled
    from agentsim.backtest.testing import compared, simulated
    from agentsim.batch.design import Experiment
    from agentsim.scenario import Scenario

    known = history(facts)
    design = Experiment.read(experiment).changed(whole("--runs", runs), {})
    base_of(design.scenario)
    check_own(known, Scenario.load(design.scenario).firms, design.scenario)
    longer = reaching(design, known)
    say_replaced(known, facts)
    say_longer(design, longer, facts)
    design, more = keeping(longer, known)
    batch = Batch(out, workers, replace, words)
    results = ran(design, SERIES, batch)
    wanted = (*SERIES, *(each for each in more if each not in SERIES))
    tables = tables_of(results, wanted)
    found = compared(known, tables, design.scenario, ruled(design.lineup))
    say_beyond(known, design)
    say_unanswered(known, found, facts)
    found.to_csv(results.folder / "backtest.csv", index=False)
    below = _below(design, results, known, tables, wanted, batch)
    click.echo(
        found.to_csv(index=False) if as_csv else f"{_table(found)}\n\n{below}", nl=not as_csv
    )
    if not no_figures:
        from agentsim.report.history_figures import save

        bands = simulated(known, tables, design.scenario)
        for path in save(found, bands, results.folder / "figures"):
            click.echo(f"Figure: {shown(path)}", err=True)


def _below(
    design: Experiment,
    results: Results,
    known: Sequence[Known],
    tables: Tables,
    wanted: Sequence[str],
    batch: Batch,
) -> str:
    """Return what stands below the table: what fitting was worth, and what the ranges had seen."""
    from agentsim.backtest.measures import tables_of
    from agentsim.backtest.roles import ruled
    from agentsim.backtest.skill import skill
    from agentsim.cli import skill as told

    seen = told.hindsight(design, known, results.folder)
    if not told.is_fitted(design):
        return seen
    other = ran(told.unfitted(design), (), batch.beside(results, "unfitted"))
    unfitted = tables_of(other, wanted)
    found = skill(known, tables, unfitted, design.scenario, ruled(design.lineup))
    found.to_csv(results.folder / "skill.csv", index=False)
    return f"{told.skill_table(found)}\n\n{seen}"


LEGEND = """\
role: input, set by the calibration at quarter 0; partly input, with the part that follows a set path
or stood before quarter 0; by a rule, what a strategy of the lineup says; result, what comes out of the market.
Facts after 2024Q4 are not fitted."""


def _table(found: pd.DataFrame) -> str:
    """Return facts and bands as a table, a block a series, what roles mean, and the score."""
    from agentsim.backtest.testing import score

    lines = [
        f"{'quarter':9s}{'fact':>9s}{'median':>9s}{'90% band':>20s}{'ratio':>8s}  {'inside':8s}role",
        "-" * 90,
    ]
    for (series, firm), rows in found.groupby(["series", "firm"], sort=False):
        lines += ["", heading(str(series), str(firm))]
        marks = map(_mark, rows["role"], rows["input_share"], rows["fitted"])
        for row, mark in zip(rows.itertuples(), marks, strict=True):
            band = f"[{short(row.low)}, {short(row.high)}]"
            lines.append(
                f"{row.quarter:9s}{short(row.fact):>9s}{short(row.median):>9s}{band:>20s}"
                f"{_ratio(row.ratio):>8s}  {'yes' if row.inside else 'no':8s}{mark}"
            )
    return "\n".join([*lines, "", LEGEND, "", *score(found)])


def heading(series: str, firm: str) -> str:
    """Return the line above a block of a table: as pictures are called, and as facts are named."""
    from agentsim.backtest.kinds import KINDS, title

    return f"{title(series, firm)} ({KINDS[series].unit}) [{series},{firm}]"


def _ratio(x: Any) -> str:
    """Return the ratio of simulated to fact; nothing where the fact is 0 or less."""
    return "" if isnan(x) else f"{x:.2f}"


def _mark(role: str, share: float, fitted: bool) -> str:
    """Return role and, where only a part was put in, how much; and whether the fact is no target."""
    part = f" {share:.2f}" if 0.0 < share < 1.0 else ""
    return f"{role}{part}{'' if fitted else ', not fitted'}"
