"""Commands that fit the market to history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.commands import takes_strategies
from agentsim.cli.running import shown, whole
from agentsim.errors import AgentsimError
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    from agentsim.fitting.postures import Fitted
    from agentsim.fitting.record import Calibrated


@click.command()
@click.argument("experiment", default="backtest")
@click.option("--out", metavar="FOLDER", default="results/calibrate", help="Where results go.")
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option("--screened", metavar="N", help="Points of the first wave, over all marked ranges.")
@click.option("--population", metavar="N", help="Draws of each generation.")
@click.option("--generations", metavar="N", help="Generations at most.")
@click.option("--draws", metavar="N", help="Draws that are kept in the end.")
@click.option("--entropy", metavar="N", help="The number that all luck follows from.")
@click.option(
    "--replace", is_flag=True, help="Draws in FOLDER that were made differently give way."
)
@click.option("--no-figure", is_flag=True, help="Print the table alone.")
def calibrate(
    experiment: str, out: str, workers: str | None, replace: bool, no_figure: bool, **how: str
) -> None:
    """Fit the marked assumptions of EXPERIMENT (backtest) to the facts until the end of 2024.

    Draws of the marked ranges are simulated and compared with history; those that lie within a
    tolerance are kept, and the tolerance is lowered from generation to generation (approximate
    Bayesian computation, by pyABC: pip install 'agentsim[calibration]'). Takes some minutes; stopped and
    started again it goes on from where it was, and ends with the same draws. What is done already is
    told again, and not done again.

    \b
    FOLDER then holds
      draws.csv         the draws, a row each, a column a fitted range: give it to
                        an experiment as uncertainty = "FOLDER/draws.csv"
      ranges.csv        how much of each marked range is left
      ranges.png        the same as a picture
      calibration.json  what was asked, and how it went
      unfinished/       until then: what is needed to go on

    The draws that uncertainty = "calibrated" stands for were made so; `make calibrate` makes them anew.

    \b
    Examples:
      agentsim calibrate
      agentsim calibrate mine.toml --out results/mine-fitted --population 500 --draws 200
    """
    from agentsim.batch.design import Experiment
    from agentsim.fitting.calibrate import LEAST, Settings
    from agentsim.fitting.calibrate import calibrate as fit

    given: dict[str, Any] = {
        name: _from(f"--{name}", text, LEAST[name])
        for name, text in how.items()
        if text is not None
    }
    folder = Path(out)
    found = fit(
        Experiment.read(experiment), folder, Settings(**given), whole("--workers", workers),
        say=lambda line: click.echo(line, err=True), replace=replace,
    )  # fmt: skip
    click.echo("\n".join(_told(found)))
    for line in found.cautions:
        click.echo(f"warning: {line}", err=True)
    if found.again:
        click.echo(
            "All that was done before with the same settings: nothing is simulated.", err=True
        )
    click.echo(f"Draws: {shown(folder / 'draws.csv')}", err=True)
    if not no_figure:
        from agentsim.report.fitting_figures import ranges_figure

        ranges_figure(found.table).savefig(folder / "ranges.png", dpi=150)
        click.echo(f"Figure: {shown(folder / 'ranges.png')}", err=True)


def _from(name: str, text: str, least: int) -> int:
    """Return an option's whole number. Raises AgentsimError, one line, for less than the least."""
    try:
        given = int(text)
    except ValueError:
        raise AgentsimError(
            f"{name} {text!r} is not a whole number; give {least} or more"
        ) from None
    if given < least:
        raise AgentsimError(f"{name} {given} is too small; give {least} or more")
    return given


def _told(found: Calibrated) -> list[str]:
    """Return what was found as lines: generations, ranges that are narrower, ranges left open."""
    lines = [["generation", "tolerance", "simulated", "accepted", "effective"]]
    for number, each in enumerate(found.generations, 1):
        lines.append(
            [f"{number}{' <' if number == found.drawn_from else ''}", f"{each.tolerance:.2f}",
             f"{each.simulated:,}", f"{each.accepted:,}", f"{each.effective:,.0f}"]
        )  # fmt: skip
    told = [*aligned(lines), "", "effective: as many draws of equal weight would tell as much."]
    told += [
        "Draws are taken from the generation marked <, the last with enough effective ones.",
        f"It ended because {found.stopped}.",
    ]
    lines = [["marked range", "low", "high", "5%", "median", "95%", "width left"]]
    for row in found.table[found.table["fitted"]].itertuples():
        numbers = (row.low, row.high, row.q05, row.median, row.q95)
        lines.append([str(row.range), *map(short, numbers), f"{row.width:.2f}"])
    told += ["", *aligned(lines), ""]
    told.append(
        "width left: of the middle 90% of the draws, over the middle 90% of the marked range."
    )
    open_ = int((~found.table["fitted"]).sum())
    told.append(f"{open_} marked ranges move no target by much and stay as they are marked.")
    return told


@click.command()
@click.argument("experiment", default="backtest")
@click.option("--out", metavar="FOLDER", default="results/postures", help="Where results go.")
@click.option("--runs", metavar="N", default="300", help="Simulated markets of each candidate.")
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every candidate.")
@click.option(
    "--library", is_flag=True, help="Every strategy of the library too, with its defaults."
)
@takes_strategies
def postures(
    experiment: str, out: str, runs: str, workers: str | None, as_csv: bool, library: bool
) -> None:
    """Which strategy fits the path of each firm until the end of 2024 best, and by how much.

    A hyperscaler's path is its capex, the leading chip vendor's its gross margin. One firm at a time
    tries each candidate while the others keep theirs, until nobody changes; all candidates meet the
    same draws and luck. The four largest hyperscalers' postures in the calibrated lineup and in the
    backtest were chosen so, and Nvidia's in the backtest; of other firms no path of quarters is known.

    \b
    Columns:
      off    root mean square of log simulated over reported capex, or of the
             margin less that reported; median over runs
      bias   mean of the same: above 0 is too much
      next kind, wins   the best strategy of another kind, and the share of runs in
             which it is further off
    A firm leaves the strategy that it follows for one that is off by 2% less or better, as it would
    go in circles otherwise. Below the table stand candidates that are as good.

    \b
    Examples:
      agentsim postures
      agentsim postures --csv > postures.csv
      agentsim postures --library --out results/postures_of_the_library
    """
    from agentsim.backtest.history import history
    from agentsim.batch.design import Experiment
    from agentsim.fitting.postures import fit_postures, with_library

    design = Experiment.read(experiment).changed(whole("--runs", runs), {})
    found = fit_postures(
        design, history(), Path(out), whole("--workers", workers),
        say=lambda line: click.echo(line, err=True), candidates=with_library() if library else None,
    )  # fmt: skip
    found.table.to_csv(Path(out) / "postures.csv", index=False)
    click.echo(found.table.to_csv(index=False) if as_csv else _postures(found), nl=not as_csv)


def _postures(found: Fitted) -> str:
    """Return each firm's best strategy beside the best of the others, as text."""
    from agentsim.fitting.postures import HARDLY, as_good

    lines = [["firm", "follows", "off", "bias", "next kind", "off", "bias", "wins"]]
    alike = []
    for firm, rows in found.table.groupby("firm", sort=False):
        best = rows[rows["best"]].iloc[0]
        other = rows[rows["kind"] != best["kind"]].iloc[0]
        lines.append(
            [str(firm), str(best["strategy"]), f"{best['misfit']:.3f}", f"{best['bias']:.3f}",
             str(other["strategy"]), f"{other['misfit']:.3f}", f"{other['bias']:.3f}",
             f"{best['wins']:.0%}"]
        )  # fmt: skip
        if others := as_good(rows):
            alike.append(
                f"As good for {firm}, off by {HARDLY:.0%} more at most: {', '.join(others)}."
            )
    how = "nobody changed in the last" if found.settled else "some firms still changed in the last"
    return "\n".join([*aligned(lines), "", *alike, f"After {found.rounds} rounds; {how}."])
