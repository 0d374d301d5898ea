"""Commands on games: play one, solve a table of payoffs, compare what was found, explore strategies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentsim.cli.batches import batch_options, made_options
from agentsim.cli.commands import FAILED, Commands, takes_strategies
from agentsim.cli.exploring import explore
from agentsim.cli.running import setting, shown, whole
from agentsim.cli.solving import solve
from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found


class GameCommands(Commands):
    """Takes what is no command for a game to play: `agentsim game FILE` is `agentsim game play FILE`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names, or that plays it."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            args = ["play", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=GameCommands, no_args_is_help=False, invoke_without_command=True)
@click.pass_context
def game(context: click.Context) -> None:
    """Find which ways of playing are equilibria, how surely, and what customers get.

    `agentsim game FILE` plays the game of a file, or one that is shipped: every profile is simulated
    with the same luck, each condition solved, candidates held against fresh runs, and all of it told,
    compared and drawn. What was interrupted goes on when the same command is given again.

    \b
    Shipped games:
      escalator_game            four self-funded firms and two on credit: who escalates?
      escalator_game_symmetric  the same among six firms that are alike
      escalator_game_firms      the same among six firms as they are, 4,096 profiles
      dilemma_map               the kind of game by elasticity and size of an efficiency shock
      effort_game               one dial of effort; effort_game_theory in a frictionless market
      chip_vendor_game          prices and cadence of chip vendors
      custom_silicon_game       buy merchant chips, or build own ones
      credit_game               lenders' standards
      memory_game               memory makers expand or hold
      layered_game              one posture a layer, all layers at once
    \b
    Examples:
      agentsim game escalator_game_symmetric
      agentsim game mine.toml --runs 200 --set demand_elasticity=1.2
      agentsim game compare effort_game_theory effort_game
      agentsim game report results/escalator_game
      agentsim game explore escalator_game_symmetric --vary "escalate(step)"
      agentsim game solve payoffs.csv
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@game.command()
@click.argument("game")
@batch_options
@made_options
@click.option(
    "--payoff",
    metavar="EXPRESSION",
    help="What players are after, where the file gives them none of their own.",
)
@click.option(
    "--gambit", is_flag=True, help="Ask Gambit's solvers as well (pip install 'agentsim[solvers]')."
)
@click.option("--no-fresh", is_flag=True, help="Do not hold candidates against fresh runs.")
@takes_strategies
@click.pass_obj
def play(
    words: list[str],
    game: str,
    out: str | None,
    runs: str | None,
    workers: str | None,
    settings: Sequence[str],
    payoff: str | None,
    gambit: bool,
    no_fresh: bool,
    no_figures: bool,
    engine: str,
    replace: bool,
) -> None:
    """Play GAME, the name of one that is shipped or a .toml file.

    Prints the answer in sentences, and a table of equilibria under each condition. Tables are left in
    game/ in the folder of results, pictures in figures/.

    \b
    Examples:
      agentsim game escalator_game_symmetric
      agentsim game escalator_game --runs 50 --out results/quick
      agentsim game memory_game --payoff "value - 0.1 * customer_surplus"
      agentsim game mine.toml --set sampling.most_runs=100000
    """
    from agentsim.games.empirical import EmpiricalGame
    from agentsim.games.empirical.found import found
    from agentsim.games.empirical.playing import play as played

    given = dict(setting(each) for each in settings)
    if payoff is not None:
        given["payoff"] = payoff
    if no_fresh:
        given["sampling.fresh_runs"] = 0
    asked = EmpiricalGame.read(game).changed(whole("--runs", runs), given)
    x = played(
        asked, out, whole("--workers", workers), engine=engine, replace=replace,
        command=["agentsim", *words], say=lambda line: click.echo(line, err=True),
        gambit=gambit,
    )  # fmt: skip
    _told(found(x), no_figures)


@game.command()
@click.argument("results")
@click.option("--no-figures", is_flag=True, help="Leave out the pictures.")
def report(results: str, no_figures: bool) -> None:
    """Tell once more what was found, from a folder of RESULTS or by name; nothing is simulated.

    \b
    Example:
      agentsim game report results/escalator_game
    """
    _told(_opened(results), no_figures)


@game.command()
@click.argument("first")
@click.argument("second", required=False)
@click.option(
    "--from", "before", metavar="NAME=VALUE", multiple=True,
    help="A level of a condition on the first side; may be repeated.",
)  # fmt: skip
@click.option(
    "--to", "after", metavar="NAME=VALUE", multiple=True,
    help="A level of a condition on the second side; may be repeated.",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Every pair of equilibria, comma-separated.")
def compare(
    first: str, second: str | None, before: Sequence[str], after: Sequence[str], as_csv: bool
) -> None:
    """Compare equilibria: of two games that were played, or of conditions of one.

    FIRST and SECOND are folders of results, or names of games whose results are in results/. Of two
    games, conditions with the same levels are compared; of one, the first and the last level of each
    factor, or those named by --from and --to. Every equilibrium is set against every other: changes are
    told as ranges, with paired differences and intervals.

    \b
    Examples:
      agentsim game compare escalator_game_symmetric
      agentsim game compare escalator_game --from shock.efficiency.factor=1 --to shock.efficiency.factor=10
      agentsim game compare effort_game_theory effort_game
    """
    from agentsim.games.empirical.comparing import compare as compared
    from agentsim.report.game_changes import lines

    a = _opened(first)
    b = None if second is None else _opened(second)
    moved = compared(
        a, b, dict(setting(x, "--from") for x in before), dict(setting(x, "--to") for x in after)
    )  # fmt: skip
    if as_csv:
        import pandas as pd

        table = pd.concat([each.table() for each in moved], ignore_index=True)
        click.echo(table.to_csv(index=False), nl=False)
        return
    told = lines(moved)
    click.echo(click.wrap_text(told[0], 100))
    for line in told[1:]:
        click.echo(line if line.startswith(" ") or not line else click.wrap_text(line, 100))


def _opened(given: str) -> Found:
    """Return what was found of a game, by the folder of its results or by its name."""
    from agentsim.games.empirical.found import found
    from agentsim.games.empirical.playing import DESIGN, opened

    path = Path(given)
    by_name = Path("results") / given
    if not (path / DESIGN).exists() and (by_name / DESIGN).exists():
        path = by_name
    if not path.exists():
        raise AgentsimError(
            f"{given} is no folder of results, and there is no {by_name}; "
            f"`agentsim game {given}` plays it"
        )
    return found(opened(path))


@game.command()
@click.argument("results")
@click.option(
    "--to", "players", metavar="N", required=True, help="Players that stand for each role."
)
def reduction(results: str, players: str) -> None:
    """Show what it costs to let few players stand for many, on RESULTS that have all profiles.

    RESULTS: a folder, or the name of a game whose results are in results/. Told are errors of what a player
    gains by a strategy over a mixture, at 200 mixtures, and what a player of the full game would gain by leaving
    the equilibria of the reduced one.

    \b
    Example:
      agentsim game reduction escalator_game_symmetric --to 3
    """
    from agentsim.report.reduction_text import lines

    count = whole("--to", players)
    for line in lines(_opened(results), count or 0):
        click.echo(line)


game.add_command(explore)
game.add_command(solve)


def _told(x: Found, no_figures: bool) -> None:
    """Write tables and pictures, and say what was found."""
    from agentsim.games.empirical import found
    from agentsim.report.game_answer import answer
    from agentsim.report.game_text import tables

    folder = x.played.folder
    found.write(x, folder / found.FOLDER)
    for sentence in answer(x):
        click.echo(click.wrap_text(sentence, 100) + "\n")
    for line in tables(x):
        click.echo(line)
    click.echo(f"Tables:   {shown(folder / found.FOLDER)}")
    if not no_figures:
        from agentsim.report.equilibrium_figures import save

        if sys.stderr.isatty():
            click.echo("Drawing ...", err=True)
        paths = save(x, folder / "figures")
        click.echo(f"Pictures: {', '.join(str(shown(path)) for path in paths)}")
    lost, fresh = x.played.lost, x.played.sampled.lost
    if lost or fresh:
        told = f"{lost:,} runs" + f" and {fresh:,} fresh ones" * bool(fresh)
        click.echo(
            f"{told} failed in some profile (column status of outcomes/) and are left out of all",
            err=True,
        )
        raise SystemExit(FAILED)
