"""Commands that ask of a batch what moves its outcomes, and where they are what one looks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentsim.cli.running import whole
from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@click.command()
@click.argument("folder")
@click.argument("outcome", default="customer_share")
@click.option("--top", metavar="N", default="5", help="Rank whose certainty is told (5).")
@click.option("--drop-failed", is_flag=True, help="Leave out blocks in which a cell has no value.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every column.")
@click.option("--no-figure", is_flag=True, help="Print the table alone.")
def sensitivity(
    folder: str, outcome: str, top: str, drop_failed: bool, as_csv: bool, no_figure: bool
) -> None:
    """Say which factors of FOLDER move OUTCOME (customer_share), and how sure that is.

    For experiments with sampler "sobol" (indices of variance, with intervals, and how often each
    factor is among the first five when base samples are drawn again) or "morris" (mean effects).
    Runs are matched by their cell; a cell without a value is named, not passed over.

    \b
    Examples:
      agentsim run sensitivity
      agentsim sensitivity results/sensitivity
      agentsim sensitivity results/sensitivity total_surplus --csv > indices.csv
    """
    from agentsim.analysis.reading import sensitivity_of
    from agentsim.batch.results import Results

    rank = whole("--top", top)
    if rank is None or rank < 1:
        raise AgentsimError(f"--top {top!r} is not a whole number from 1; give one")
    results = Results.open(folder)
    table = sensitivity_of(results, outcome, rank, drop_failed)
    if as_csv:
        click.echo(table.to_csv(), nl=False)
    else:
        from agentsim.report.sensitivity_text import lines

        click.echo("\n".join(lines(table, outcome)))
    if not no_figure:
        from agentsim.report import sensitivity_figures as figures
        from agentsim.report.sensitivity_text import called

        draw = figures.morris_figure if "mu_star" in table else figures.sobol_figure
        _save(draw(table, called(outcome)), results.folder, f"sensitivity_{outcome}")


@click.command()
@click.argument("folder")
@click.argument("outcome", default="customer_share")
@click.option("--above", metavar="X", help="Look for outcomes above this.")
@click.option("--below", metavar="X", help="Look for outcomes below this.")
@click.option(
    "--density", metavar="D", default="0.8", help="Share of the box that should hold (0.8)."
)
@click.option("--drop-failed", is_flag=True, help="Leave out cells without a value.")
@click.option("--no-figure", is_flag=True, help="Print the box alone.")
def discover(
    folder: str, outcome: str, above: str | None, below: str | None, density: str,
    drop_failed: bool, no_figure: bool,
) -> None:  # fmt: skip
    """Find the conditions in FOLDER under which OUTCOME (customer_share) is above or below a bound.

    Scenario discovery (PRIM, by the EMA Workbench): a box of conditions, with its density (how much
    of it holds), its coverage (how much of what holds lies in it), and both again for a box found on
    half of the cells and judged on the other half. Best on a Latin hypercube.

    \b
    Examples:
      agentsim run customers_capture
      agentsim discover results/customers_capture customer_share --above 0.95
    """
    from agentsim.analysis.reading import conditions_of, discovery_of, holds_of
    from agentsim.batch.results import Results
    from agentsim.report.sensitivity_text import box_lines

    bounds = {"above": _number("--above", above), "below": _number("--below", below)}
    share = _number("--density", density)
    assert share is not None  # it has a default
    results = Results.open(folder)
    found = discovery_of(results, outcome, **bounds, density=share, drop_failed=drop_failed)
    click.echo("\n".join(box_lines(found)))
    if not no_figure:
        from agentsim.report.box_figure import box_figure

        holds = holds_of(results, outcome, **bounds)
        _save(box_figure(found, conditions_of(results), holds), results.folder, f"box_{outcome}")


def _save(figure: Figure, folder: Path, name: str) -> None:
    """Save a figure as PNG and SVG, and say where."""
    from agentsim.report.figures import DPI

    place = folder / "figures"
    place.mkdir(exist_ok=True)
    for kind in ("png", "svg"):
        figure.savefig(
            place / f"{name}.{kind}", dpi=DPI, metadata={"Date": None} if kind == "svg" else None
        )
    click.echo(f"Figure: {place / name}.png", err=True)


def _number(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise AgentsimError(f"{name} {text!r} is not a number; give one, as 0.95") from None
