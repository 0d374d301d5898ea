"""Commands that make files to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from agentsim.cli.commands import Commands
from agentsim.errors import AgentsimError


@click.group(cls=Commands, no_args_is_help=False, invoke_without_command=True)
@click.pass_context
def new(context: click.Context) -> None:
    """Write a file to start from, with every line explained.

    \b
    Examples:
      agentsim new experiment mine
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@new.command()
@click.argument("name")
@click.option("--out", metavar="FILE", help="Where it goes; otherwise NAME.toml.")
def experiment(name: str, out: str | None) -> None:
    """Write the experiment NAME, a .toml file that runs as it stands, in seconds.

    It explains every key, and has examples to uncomment. Results will go to results/NAME. A file
    that exists is left alone.

    \b
    Examples:
      agentsim new experiment mine
      agentsim new experiment mine --out experiments/mine.toml
    """
    from agentsim.batch.design import Experiment
    from agentsim.batch.template import experiment as text_of

    name = name.removesuffix(".toml")  # who names the file means the experiment in it
    path = Path(f"{name}.toml" if out is None else out)
    Experiment(name=name)  # refuses a name that cannot name a folder
    _write(path, text_of(name, shlex.quote(str(path))))
    click.echo(path)
    click.echo("\nNext:")
    for command in ("plan", "run"):
        click.echo(f"  agentsim {command} {shlex.quote(str(path))}")


def _write(path: Path, text: str) -> None:
    """Write a file that must not be there yet, and the folders above it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise AgentsimError(
            f"--out {path} lies beneath a file, not a folder; give another place"
        ) from None
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise AgentsimError(
            f"{path} exists and is left alone; give another NAME, or another place by --out FILE"
        ) from None
