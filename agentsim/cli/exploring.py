"""The command that lets strategies of a game vary: were its equilibria artefacts of a few postures?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentsim.cli.commands import takes_strategies
from agentsim.cli.running import setting, shown, whole
from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    from agentsim.games.empirical.design import EmpiricalGame


@click.command()
@click.argument("game")
@click.option(
    "--vary", metavar="FAMILY", multiple=True, required=True,
    help="Strategies that are free, as 'escalate(step)' or 'scaled(multiple=0..8)'; may be repeated.",
)  # fmt: skip
@click.option(
    "--role", default="", metavar="ROLE",
    help="Who may take them up: a role or a table of players; otherwise all who can.",
)  # fmt: skip
@click.option(
    "--low", metavar="X", help="Lower bound of the parameter; otherwise the strategy's own."
)
@click.option(
    "--high", metavar="X", help="Upper bound of the parameter; otherwise the strategy's own."
)
@click.option(
    "--condition", "conditions", metavar="NAME=VALUE", multiple=True,
    help="A level of one of the game's conditions; one is needed for each that has several.",
)  # fmt: skip
@click.option(
    "--gain", metavar="X", help="What a response must surely gain to be added; otherwise epsilon."
)
@click.option("--rounds", metavar="N", help="Games that are solved at most (5).")
@click.option(
    "--equilibria", metavar="N", help="Equilibria of a game to which responses are sought (4)."
)
@click.option("--adds", metavar="N", help="Strategies that a role is given in a round at most (1).")
@click.option(
    "--most-profiles", metavar="N", help="Profiles of the largest game that is made (2000)."
)
@click.option("--generations", metavar="N", help="Generations of a search (12).")
@click.option("--runs", metavar="N", help="Runs of each profile, and of each response in a search.")
@click.option(
    "--fresh", metavar="N", help="Fresh runs that a gain is confirmed on (400); 0 for none."
)
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True,
    help="Set a key of the file, a parameter or a strategy; may be repeated.",
)  # fmt: skip
@click.option("--out", metavar="FOLDER", help="Where results go; otherwise results/NAME_explored.")
@click.option("--workers", metavar="N", help="Processes; otherwise one a processor.")
@click.option(
    "--engine", default="pool", metavar="NAME",
    help="pool: processes here (default); dask: a cluster; here: this process.",
)  # fmt: skip
@takes_strategies
@click.pass_obj
def explore(
    words: list[str],
    /,
    game: str,
    vary: Sequence[str],
    role: str,
    low: str | None,
    high: str | None,
    conditions: Sequence[str],
    gain: str | None,
    runs: str | None,
    fresh: str | None,
    settings: Sequence[str],
    out: str | None,
    workers: str | None,
    engine: str,
    **how: str | None,
) -> None:
    """Let strategies of GAME vary, the name of one that is shipped or a .toml file.

    Equilibria of a few postures may be artefacts: a strategy in between would have gained. The game is
    solved; for each equilibrium, and each posture that is followed in it, the strategy is searched
    (differential evolution) that a firm would gain most by, alone. What surely gains more than --gain
    on fresh runs is added, its profiles are simulated, and the game is solved anew, until nothing
    does, or rounds or profiles end: the answer says which (double oracle).

    A search sees the game's own luck, so that what it finds looks better than it is. Its gain is
    therefore taken from runs that it has not seen. An interval of the gain must lie above --gain.

    All responses are left in responses.csv in the folder of results. What was interrupted goes on when
    the same command is given again.

    \b
    Examples:
      agentsim game explore escalator_game_symmetric --vary 'escalate(step)' \\
          --condition demand_elasticity=1.1 --condition shock.efficiency.factor=1
      agentsim game explore effort_game --vary 'scaled(multiple=0..8)' --gain 20 \\
          --condition demand_elasticity=1.0 --rounds 8
      agentsim game explore escalator_game --role levered --vary 'escalate(step=0..0.5, debt_share)' \\
          --condition demand_elasticity=1.1 --condition shock.efficiency.factor=1
    """
    from agentsim.games.empirical.design import EmpiricalGame
    from agentsim.games.empirical.exploring import Market
    from agentsim.report.exploring_text import answer, rows, tables

    asked = EmpiricalGame.read(game).changed(
        whole("--runs", runs), dict(setting(each) for each in settings)
    )
    levels = _conditions(asked, conditions)
    market = Market.of(
        asked, levels, _folder(asked, levels, out), _fresh(asked, fresh),
        workers=whole("--workers", workers), engine=engine, command=["agentsim", *words],
        say=_say,
    )  # fmt: skip
    given = {name: whole(f"--{name.replace('_', '-')}", each) for name, each in how.items()}
    chosen = {name: each for name, each in given.items() if each is not None}
    if "equilibria" in chosen:
        chosen["most_equilibria"] = chosen.pop("equilibria")
    found = market.explore(
        vary, role, _number("--low", low), _number("--high", high),
        gain=_number("--gain", gain, asked.epsilon), say=_say, **({"most_profiles": 2000} | chosen),
    )  # fmt: skip
    unit = found.last.game.unit
    for line in tables(found, unit):
        click.echo(line)
    for sentence in answer(found, unit, market.condition):
        click.echo(click.wrap_text(sentence, 100))
    _write(rows(found), market.out / "responses.csv")
    click.echo(f"\nResults: {shown(market.out)}")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _write(rows: list[dict[str, Any]], path: Path) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _conditions(asked: EmpiricalGame, given: Sequence[str]) -> dict[str, Any]:
    """Return levels of conditions by name."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, _ = text.partition("=")
        if not equals:
            raise AgentsimError(f"--condition {text!r} is not of the form NAME=VALUE")
        found.update([setting(text)])
        known = asked.conditions.get(name.strip())
        if known is not None and found[name.strip()] not in known:
            _say(f"{text} is no level of the file; the game is simulated there anyway")
    return found


def _folder(asked: EmpiricalGame, levels: dict[str, Any], out: str | None) -> Path:
    """Return where results go: what is explored in another condition does not lie in the way."""
    if out is not None:
        return Path(out)
    folder = Path("results") / f"{asked.name}_explored"
    name = ",".join(f"{name.rpartition('.')[2]}={each}" for name, each in levels.items())
    return folder / name if name else folder


def _fresh(asked: EmpiricalGame, given: str | None) -> int:
    """Return how many fresh runs there are; none where there is no luck to be fresh."""
    found = whole("--fresh", given)
    if found is None:
        return 0 if asked.uncertainty == "none" and asked.runs == 1 else 400
    return found


def _number(name: str, text: str | None, otherwise: Any = None) -> Any:
    if text is None:
        return otherwise
    try:
        return float(text)
    except ValueError:
        raise AgentsimError(f"{name} {text!r} is not a number; give one, as in 10") from None
