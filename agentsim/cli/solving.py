"""The command that solves a table of payoffs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.games import Game


@click.command()
@click.argument("file")
@click.option(
    "--gambit", is_flag=True, help="Ask Gambit's solvers as well (pip install 'agentsim[solvers]')."
)
@click.option("--mild", metavar="STRATEGY", help="The milder strategy, for the kind of game.")
@click.option("--fierce", metavar="STRATEGY", help="The fiercer strategy, for the kind of game.")
@click.option(
    "--csv", "as_csv", is_flag=True, help="The equilibria as comma-separated values, nothing else."
)
def solve(file: str, gambit: bool, mild: str | None, fierce: str | None, as_csv: bool) -> None:
    """Solve the game of a FILE of payoffs, a CSV with a row a profile; any number of players.

    For each player PLAYER there is a column PLAYER with its strategy and a column payoff.PLAYER with what
    it earns. With a column run, profiles were observed more than once, and intervals are told. Other
    columns of numbers ride along: with customer_surplus and total_surplus, customers' share is told.

    \b
    For example, the prisoner's dilemma:
      row,column,payoff.row,payoff.column
      silent,silent,3,3
      silent,talks,0,5
      talks,silent,5,0
      talks,talks,1,1
    \b
    Examples:
      agentsim game solve payoffs.csv
      agentsim game solve payoffs.csv --csv > equilibria.csv
    """
    from agentsim.report.solution_text import lines

    game = _game(Path(file))
    found = game.equilibria(gambit=gambit)
    if as_csv:
        click.echo(found.table().to_csv(index=False), nl=False)
        return
    for line in lines(game, found, mild, fierce):
        click.echo(line)


def _game(path: Path) -> Game:
    """Return the game of a file. Raises AgentsimError, one line that names the file."""
    from agentsim.games import Game

    table = _frame(path)
    try:
        return Game.from_payoffs(table, name=path.stem)
    except AgentsimError as error:
        raise AgentsimError(f"{path}: {error}") from None


def _frame(path: Path) -> pd.DataFrame:
    """Return the table of a file. Raises AgentsimError, one line, if it cannot be read as one."""
    import pandas as pd

    from agentsim.batch.complaints import read_text

    read_text(path, "give a CSV file", "give a CSV file in it")
    try:
        return pd.read_csv(
            path, skipinitialspace=True, keep_default_na=False, na_values=["", "nan"]
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        what = " ".join(str(error).split())
        raise AgentsimError(f"{path} is no table: {what}; give comma-separated values") from None
