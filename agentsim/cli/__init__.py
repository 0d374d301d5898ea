"""The command `agentsim`: a module for each topic, read when one of its commands is asked for.

What takes long to import is imported by the commands that need it: `agentsim --help` is instant.
A mistake of the user is one line on stderr and exit code 2; a failed run exits with 1; Ctrl-C
with 130.

A command is a function with click's decorators in the module of its topic, and a line in MODULES.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from agentsim.cli.commands import FAILED, INTERRUPTED, MISTAKE, Commands
from agentsim.errors import AgentsimError, unknown

MODULES = {
    "new": "agentsim.cli.making",
    "plan": "agentsim.cli.planning",
    "validate": "agentsim.cli.planning",
    "run": "agentsim.cli.running",
    "ls": "agentsim.cli.results",
    "show": "agentsim.cli.results",
    "diff": "agentsim.cli.comparing",
    "report": "agentsim.cli.results",
    "sensitivity": "agentsim.cli.analysing",
    "discover": "agentsim.cli.analysing",
    "backtest": "agentsim.cli.meeting",
    "regularities": "agentsim.cli.regularities",
    "calibrate": "agentsim.cli.fitting",
    "postures": "agentsim.cli.fitting",
    "forecast": "agentsim.cli.forecasting",
    "tournament": "agentsim.cli.tournament",
    "game": "agentsim.cli.game",
    "params": "agentsim.cli.reading",
    "calibration": "agentsim.cli.reading",
    "strategies": "agentsim.cli.strategies",
}
"""The module of each command, in the order in which `agentsim --help` lists them."""


@click.group(
    cls=Commands, modules=MODULES, context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False, invoke_without_command=True,
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
      agentsim strategies list
    Ask something of your own, and see beforehand what that takes:
      agentsim params elasticity
      agentsim new experiment mine
      agentsim plan mine.toml
    Add a strategy of your own, and see how it fares:
      agentsim strategies new hyperscaler patient_builder
      agentsim strategies trial match
    Find which ways of playing are equilibria:
      agentsim game escalator_game_symmetric
    Look at what came out:
      agentsim ls
      agentsim show results/escalator_war
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code, with one line on stderr for a mistake."""
    words, out = list(sys.argv[1:] if arguments is None else arguments), sys.stdout
    try:
        code = cli.main(words, "agentsim", standalone_mode=False, obj=words)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except AgentsimError as error:
        return _say(str(error), MISTAKE)
    except click.ClickException as error:
        return _say(_clicks_words(error), MISTAKE)
    except SystemExit as error:
        if sys.stdout is not out:  # click's way of saying that the reader of a pipe had enough
            return 0
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
