"""The command that asks which regularities of history the market shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agentsim.cli.batches import Batch, batch_options, ran
from agentsim.cli.running import whole
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("experiment", default="backtest")
@batch_options
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every column.")
@click.pass_obj
def regularities(
    words: list[str],
    experiment: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    replace: bool,
    as_csv: bool,
) -> None:
    """Simulate EXPERIMENT (backtest), and ask which regularities of 2023 to 2025 it shows.

    Fourteen regularities, each in one to five figures: what happened, the median and 90% band of
    simulated markets, and the rule by which the median meets the fact. A regularity is reproduced if
    all its figures meet their rules, partly if some do. Figures that are inputs are shown and not
    counted, nor are those that a strategy's rule sets; with one of these it is at most partly. A second batch, in FOLDER_shock, has the market with and without the efficiency shock of
    January 2025. The table is kept as regularities.csv, with a note on every figure.

    \b
    Examples:
      agentsim regularities
      agentsim regularities mine.toml --runs 200
      agentsim regularities --csv > regularities.csv
    """
    from agentsim.backtest.evidence import check, evidence, regular, with_shock
    from agentsim.backtest.history import history
    from agentsim.batch.design import Experiment

    design = Experiment.read(experiment).changed(whole("--runs", runs), {})
    check(design)
    batch = Batch(out, workers, replace, words)
    results = ran(design, (), batch)
    shock = ran(with_shock(design), (), batch.beside(results, "shock"))
    found = regular(evidence(results, shock, history()))
    found.to_csv(results.folder / "regularities.csv", index=False)
    click.echo(found.to_csv(index=False) if as_csv else _table(found), nl=not as_csv)


LEGEND = """\
fact: what happened; empty where only a direction is known, and the rule alone says what is asked.
median, 90% band: of the figure over simulated markets, empty where it is a number in none.
met: whether the median keeps the rule; input, put in by the calibration, and by a rule, which a strategy of
the lineup says, are shown and not counted. With a figure by a rule a regularity is at most partly reproduced.
rule: bounds of the median, and the figure's unit unless it is a share or ratio."""


def _table(found: pd.DataFrame) -> str:
    """Return a block a regularity, and how many are reproduced."""
    from agentsim.backtest.verdicts import counting

    head = ["", "figure", "fact", "median", "90% band", "met", "rule"]
    cells = [head]
    for row in found.to_dict("records"):
        met = counting(row["role"], row["met"])
        band = f"[{short(row['low'])}, {short(row['high'])}]"
        figure = str(row["figure"]).replace("_", " ")
        cells.append(
            [
                *("", figure, short(row["fact"]), short(row["median"]), band, met),
                row["rule"] + ("" if row["unit"] == "1" else f", {row['unit']}"),
            ]
        )
    rows = aligned(cells)
    lines = [rows[0]]
    for number, own in found.reset_index().groupby("number"):
        first = own.iloc[0]
        lines += ["", f"{number:2d} {first['regularity']}: {first['verdict']}"]
        lines += [rows[at + 1] for at in own["index"]]
    counts = found.drop_duplicates("number")["verdict"].value_counts()
    told = ", ".join(f"{counts.get(each, 0)} {each}" for each in ("reproduced", "partly", "not"))
    return "\n".join(
        [*lines, "", LEGEND, "", f"Of {found['number'].nunique()} regularities: {told}"]
    )
