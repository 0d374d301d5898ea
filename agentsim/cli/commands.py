"""What commands share: their groups, which read them when they are asked for; exit codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from agentsim.errors import unknown

MISTAKE, FAILED, INTERRUPTED = 2, 1, 130
"""Exit codes: what was asked for makes no sense, it failed, Ctrl-C."""


class Commands(click.Group):
    """Lists commands in the order written, and names the nearest where one is not known."""

    def __init__(self, *given: Any, modules: Mapping[str, str] | None = None, **named: Any) -> None:
        """Take, beside what click takes, the module of each command, which holds it by its name."""
        super().__init__(*given, **named)
        self.modules = dict(modules or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return [*self.modules, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or nothing where there is none of the name."""
        if cmd_name not in self.modules:
            return super().get_command(ctx, cmd_name)
        found = getattr(import_module(self.modules[cmd_name]), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            remedy = f"{ctx.command_path} --help lists them"
            raise unknown("command", args[0], self.list_commands(ctx), remedy)
        return super().resolve_command(ctx, args)


def takes_strategies[F: Callable[..., Any]](command: F) -> F:
    """Give a command the option `--strategies`, which is at work before the command is."""
    option = click.option(
        "--strategies", "_named", metavar="PATH", multiple=True, expose_value=False, is_eager=True,
        callback=_name_strategies,
        help="A file or folder with strategies of your own; may be repeated.",
    )  # fmt: skip
    return option(command)


def _name_strategies(context: click.Context, option: click.Parameter, given: Any) -> None:
    """Make the strategies of these paths known, and say what is wrong with a file among them."""
    if not given:
        return
    from agentsim.strategy.registry import add_strategies

    for path in given:
        for row in add_strategies(path):
            warn(row.problem)


def warn(problem: str) -> None:
    """Say on stderr what is wrong with a file, once in a command."""
    said = click.get_current_context().meta.setdefault("agentsim.warned", set())
    if problem and problem not in said:
        said.add(problem)
        click.echo(f"warning: {problem}", err=True)
