"""The command `agentsim`.

What takes long to import is imported by the commands that need it: `agentsim --help` is instant.
A mistake of the user is one line on stderr and exit code 2; a failed run exits with 1; Ctrl-C
with 130.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentsim.errors import AgentsimError, unknown
from agentsim.printing import aligned, short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.design import Experiment
    from agentsim.batch.results import Results

MISTAKE, FAILED, INTERRUPTED = 2, 1, 130


class _Commands(click.Group):
    """Names the nearest command where one is not known."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown("command", args[0], self.list_commands(ctx), "agentsim --help lists them")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False,
    invoke_without_command=True,
)  # fmt: skip
@click.version_option(package_name="agentsim", message="agentsim %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Who ends up with the value in the market for AI compute?

    \b
    Run the headline experiment and read its report:
      agentsim run escalator_war
    See what the simulated market rests on, and who may do what in it:
      agentsim calibration 2025Q4
      agentsim strategies
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command()
@click.argument("experiment")
@click.option("--out", metavar="FOLDER", help="Where results go; otherwise results/NAME.")
@click.option("--runs", metavar="N", help="Simulated markets in each cell.")
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True,
    help="Set a parameter, a strategy or a shock's field; may be repeated.",
)  # fmt: skip
@click.option("--no-report", is_flag=True, help="Leave out figures and report: tables alone.")
@click.pass_obj
def run(
    words: list[str],
    experiment: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    settings: Sequence[str],
    no_report: bool,
) -> None:
    """Run EXPERIMENT, the name of one that is shipped or a .toml file.

    Prints a table with 95% intervals, and leaves tables, figures and a report in a folder, which
    replaces older results of the same experiment once everything is complete.

    \b
    Examples:
      agentsim run escalator_war
      agentsim run escalator_war --runs 1000 --out results/fine
      agentsim run escalator_war --set economic_life=2 --out results/short_lives
      agentsim run escalator_war --set lineup.nvidia=best_response --set scenario=theory
      agentsim run my_experiment.toml --workers 1
    """
    from agentsim import batch
    from agentsim.batch.design import Experiment

    given = dict(_setting(text) for text in settings)
    design = Experiment.read(experiment).changed(_whole("--runs", runs), given)
    _say_what_is_replaced(design, out)
    results = batch.run(design, out, _whole("--workers", workers), command=["agentsim", *words])
    click.echo(_headline(results))
    click.echo(f"\nResults: {results.folder}")
    if not no_report:
        click.echo(f"Report:  {_report(results)}")
    if results.manifest["failures"]["runs"]:
        click.echo(_failures(results), err=True)
        raise SystemExit(FAILED)


@cli.command()
@click.argument("name", default="2025Q4")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, every column whole.")
def calibration(name: str, as_csv: bool) -> None:
    """Print the calibration NAME (2025Q4 by default) with units, ranges and sources.

    \b
    Examples:
      agentsim calibration
      agentsim calibration theory | less -S
      agentsim calibration 2025Q4 --csv > calibration.csv
    """
    from agentsim.scenario import Scenario

    table = Scenario.load(name).table()
    if as_csv:
        click.echo(table.to_csv(index=False), nl=False)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in _calibration_lines(table):
        click.echo(line if width is None or len(line) <= width else line[: width - 1] + "…")


@cli.command()
@click.argument("name", required=False)
def strategies(name: str | None) -> None:
    """List the strategies; of a role, if NAME is one; or all about the strategy NAME.

    \b
    Examples:
      agentsim strategies
      agentsim strategies chip_vendor
      agentsim strategies best_response
    """
    from agentsim.strategy.base import BASES
    from agentsim.strategy.registry import catalogue, find

    rows = catalogue(name if name in BASES else None)
    if name is not None and name not in BASES:
        rows = [row for row in rows if row.id == name]
        if not rows:
            known = [*BASES, *(row.id for row in catalogue())]
            raise unknown("strategy", name, known, "agentsim strategies lists them")
        click.echo(
            "\n\n".join(row.problem or str(find(row.role, row.id).describe()) for row in rows)
        )
        return
    role = ""
    width = max(len(row.id) for row in rows)
    for row in rows:
        if row.role != role:
            role = row.role
            click.echo(role)
        click.echo(f"  {row.id:<{width}}  {row.problem or row.summary}")


def _setting(text: str) -> tuple[str, int | float | str]:
    """Return name and value of NAME=VALUE, a number where it reads as one."""
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name or not value:
        raise AgentsimError(f"--set {text!r} is not of the form NAME=VALUE; as in oracle.debt=50")
    for read in (int, float):
        with suppress(ValueError):
            return name, read(value)
    return name, value


def _whole(name: str, text: str | None) -> int | None:
    """Return an option's whole number."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise AgentsimError(f"{name} {text!r} is not a whole number; give one from 1") from None


def _report(results: Results) -> Path:
    """Write the report and return where it is."""
    from agentsim import report

    try:
        return report.write(results.folder)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"while the report was written; the tables in {results.folder} are complete"
        ) from None


def _headline(results: Results) -> str:
    from agentsim import report

    return report.headline(results)


def _say_what_is_replaced(design: Experiment, out: str | None) -> None:
    """Say so if results of another design, or of another number of runs, are in the place."""
    from agentsim.batch.manifest import spec_hash
    from agentsim.batch.store import MANIFEST

    folder = Path("results") / design.name if out is None else Path(out)
    try:
        before = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["spec_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # there is nothing that could be missed, or the store says what is wrong
    if before != spec_hash(design):
        click.echo(
            f"{folder} holds results of the same name with other settings; these replace them "
            "(--out FOLDER keeps both)",
            err=True,
        )


def _failures(results: Results) -> str:
    failures = results.manifest["failures"]
    why, count = next(iter(failures["reasons"].items()))
    return (
        f"{failures['runs']} of {results.manifest['runs_simulated']} runs failed, {count} of them: "
        f"{why} (column status of outcomes.parquet)"
    )


def _calibration_lines(table: pd.DataFrame) -> list[str]:
    lines = [["parameter", "value", "unit", "low", "high", "kind", "source or reason"]]
    for row in table.to_dict("records"):
        name = f"{row['firm']}.{row['parameter']}" if row["firm"] else row["parameter"]
        value, low, high = (short(row[each]) for each in ("value", "low", "high"))
        why = row["source"] or row["reason"]
        lines.append([name, value, row["unit"], low, high, row["kind"], why])
    return aligned(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code, with one line on stderr for a mistake."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(words, "agentsim", standalone_mode=False, obj=words)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except AgentsimError as error:
        return _say(str(error), MISTAKE)
    except click.ClickException as error:
        return _say(_clicks_words(error), MISTAKE)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except (KeyboardInterrupt, click.Abort) as error:
        return _stopped(error)
    except BrokenPipeError:  # the reader of a pipe had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _say(f"{error.filename or 'the system'}: {error.strerror or error}", FAILED)
    except MemoryError:
        return _say("out of memory; give fewer --runs, or fewer levels of the factors", FAILED)


def _say(text: str, code: int) -> int:
    click.echo("error: " + " ".join(text.split()), err=True)
    return code


def _stopped(error: BaseException) -> int:
    if isinstance(error, click.Abort):  # click's word for the KeyboardInterrupt behind it
        error = error.__context__ or error
    click.echo(f"\nstopped by Ctrl-C {error}".rstrip(), err=True)
    return INTERRUPTED


def _clicks_words(error: click.ClickException) -> str:
    """Return click's complaint in the house's words."""
    text = error.format_message()
    if isinstance(error, click.NoSuchOption):
        known = [
            name for each in (error.ctx.command.params if error.ctx else []) for name in each.opts
        ]
        return str(unknown("option", error.option_name, [*known, "--help"]))
    hint = "; try agentsim --help"
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"; try {error.ctx.command_path} --help"
    return text[:1].lower() + text[1:].rstrip(".") + hint


if __name__ == "__main__":
    sys.exit(main())
