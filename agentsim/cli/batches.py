"""The batches behind commands that hold the market against history: options, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.running import whole
from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    from agentsim.batch.design import Experiment
    from agentsim.batch.results import Results


@dataclass(frozen=True)
class Batch:
    """Where and how the batches of a command are run."""

    out: str | None
    """The folder of results; None where it goes by the experiment's name."""
    workers: str | None
    replace: bool
    """Whether other results in the folder give way."""
    words: Sequence[str]
    """What the command was given."""

    def beside(self, results: Results, what: str) -> Batch:
        """Return the same for a batch beside the results, in their folder's name and a word more."""
        return replace(self, out=str(results.folder.with_name(f"{results.folder.name}_{what}")))


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the batches that it runs."""
    for option in reversed(
        (
            click.option(
                "--out", metavar="FOLDER", help="Where results go; otherwise results/NAME."
            ),
            click.option("--runs", metavar="N", help="Simulated markets."),
            click.option("--workers", metavar="N", help="Processes; otherwise one a processor."),
            click.option(
                "--replace", is_flag=True, help="Remove what results are there, and begin anew."
            ),
        )
    ):
        command = option(command)
    return command


def ran(design: Experiment, needed: Sequence[str], asked: Batch) -> Results:
    """Run an experiment that keeps the series that are needed, of all runs, and return its results.

    Raises AgentsimError, one line, if it does not keep them.
    """
    from agentsim import batch

    missing = [each for each in needed if each not in design.series]
    if missing:
        raise AgentsimError(f"series of {design.name} lacks {', '.join(missing)}; add them")
    every = design.changed(settings={"series_runs": max(design.runs, design.series_runs)})
    return batch.run(
        every, asked.out, whole("--workers", asked.workers), replace=asked.replace,
        command=["agentsim", *asked.words], say=lambda line: click.echo(line, err=True),
    )  # fmt: skip


def made_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that runs what a file makes its options beside those of batches."""
    for option in reversed(
        (
            click.option(
                "--set", "settings", metavar="NAME=VALUE", multiple=True,
                help="Set a key of the file, a parameter or a strategy; may be repeated.",
            ),
            click.option("--no-figures", is_flag=True, help="Leave out the pictures."),
            click.option(
                "--engine", default="pool", metavar="NAME",
                help="pool: processes here (default); dask: a cluster; here: this process.",
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command
