"""Playing: a game's batches run, its conditions solved, and candidates held against fresh runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from agentsim.errors import AgentsimError
from agentsim.games.empirical.design import EmpiricalGame
from agentsim.games.empirical.payoffs import (
    Conditioned,
    Objective,
    Payoffs,
    games_of,
    payoffs_of,
    references_of,
)
from agentsim.games.empirical.sampling import Rows, Sampled, sampled
from agentsim.games.equilibria import Equilibria
from agentsim.games.solving import equilibria
from agentsim.strategy import added

if TYPE_CHECKING:
    from agentsim.batch.results import Results

DESIGN = "game.json"
"""The file in the folder of results that says what game they are of."""
FRESH = "fresh"
"""The folder in it with the rounds of fresh runs."""
REFERENCES = "references"
"""The folder in it with what equilibria are set against."""


@dataclass(frozen=True, eq=False)
class Played:
    """A game that was simulated, and solved under each condition."""

    asked: EmpiricalGame
    folder: Path
    conditions: tuple[Conditioned, ...]
    solved: tuple[Equilibria, ...]
    """On the runs of all profiles, a condition each."""
    sampled: Sampled
    lost: int
    """Runs left out as they failed in some profile or condition."""
    runs: int
    """Simulated markets, the fresh ones left out."""


def play(
    game: EmpiricalGame | str | Path,
    out: str | Path | None = None,
    workers: int | None = None,
    *,
    engine: str = "pool",
    replace: bool = False,
    progress: bool | None = None,
    command: list[str] | None = None,
    say: Callable[[str], None] | None = None,
    objective: Objective | None = None,
    gambit: bool = False,
) -> Played:
    """Play a game, or go on with it where it was interrupted, and return what was found.

    game: an object, a file, or the name of one that is shipped. out: the folder; results/NAME
    otherwise. objective: what players earn, from the name of a player and outcomes by name
    `(cells, runs)`, instead of what the file says. gambit: whether Gambit's solvers are asked as well:
    only if asked for, so that what is found does not depend on what is installed. The rest is as in
    `agentsim.batch.run`.
    Raises AgentsimError, one line, for what is wrong with what was asked for.
    """
    from agentsim import batch

    asked = game if isinstance(game, EmpiricalGame) else EmpiricalGame.read(game)

    def run(rows: Rows | None, runs: int, number: int, into: str | Path | None) -> Results:
        conditions = len(asked.every_condition)
        lineups = 1 if rows is None else max(1, 2000 // (conditions * runs))
        return batch.run(
            asked.experiment(rows, runs, asked.entropy + number), into, workers, progress,
            engine=engine, replace=replace, chunk_runs=lineups * conditions * runs,
            command=command, say=say,
        )  # fmt: skip

    results = run(None, asked.runs, 0, out)
    (results.folder / DESIGN).write_text(
        json.dumps(asked.model_dump(), indent=2) + "\n", encoding="utf-8"
    )
    payoffs = payoffs_of(asked, results, objective=objective)
    if asked.references:
        ends = batch.run(
            asked.reference_experiment(), results.folder / REFERENCES, workers, progress,
            engine=engine, replace=replace, command=command, say=say,
        )  # fmt: skip
        payoffs = replaced(payoffs, references=references_of(asked, ends))

    def simulate(rows: Rows, runs: int, number: int) -> Payoffs:
        into = _round(results.folder, asked, rows, runs, number)
        return payoffs_of(asked, run(rows, runs, number, into), rows, objective)

    return solved(asked, results.folder, payoffs, simulate, gambit)


def solved(
    asked: EmpiricalGame,
    folder: Path,
    payoffs: Payoffs,
    simulate: Callable[[Rows, int, int], Payoffs],
    gambit: bool = False,
) -> Played:
    """Return the game of some payoffs, solved under each condition, its candidates sampled."""
    conditions = games_of(payoffs)
    solve = partial(equilibria, gambit=gambit)
    found = [solve(each.game) for each in conditions]
    lost = int(payoffs.runs - payoffs.sound.sum())
    return Played(
        asked, folder, tuple(conditions), tuple(found),
        sampled(asked, conditions, found, simulate, solve),
        lost, len(payoffs.cells) * payoffs.runs,
    )  # fmt: skip


def opened(folder: str | Path, objective: Objective | None = None, gambit: bool = False) -> Played:
    """Return a game that was played, from the folder of its results; nothing is simulated.

    Raises AgentsimError, one line, if there is none, or rounds of fresh runs are not complete.
    """
    from agentsim.batch.results import Results

    path = Path(folder)
    results = Results.open(path)
    if not results.complete:  # what game it is of is written last
        raise AgentsimError(f"{path} is not complete; give the same command again to go on")
    added.name_those_there(results.manifest.get("added_strategies", ()))
    asked = design_of(path)

    def read(rows: Rows, runs: int, number: int) -> Payoffs:
        place = _round(path, asked, rows, runs, number)
        try:
            found = Results.open(place)
        except AgentsimError:  # it is not there, or was only begun
            found = None
        if found is None or not found.complete:
            raise AgentsimError(
                f"{path}: round {number} of fresh runs is not complete; give the command that made it "
                "again to go on"
            )
        return payoffs_of(asked, found, rows, objective)

    payoffs = payoffs_of(asked, results, objective=objective)
    if asked.references:
        ends = Results.open(path / REFERENCES)
        payoffs = replaced(payoffs, references=references_of(asked, ends))
    return solved(asked, path, payoffs, read, gambit)


def _round(folder: Path, asked: EmpiricalGame, rows: Rows, runs: int, number: int) -> Path:
    """Return where a round goes: by what is run in it, so that no other round is taken for it."""
    design = asked.model_dump(exclude={"sampling"}, exclude_defaults=True)
    told = repr((design, list(rows), runs)).encode()
    return folder / FRESH / f"{number}-{sha256(told).hexdigest()[:8]}"


def design_of(folder: Path) -> EmpiricalGame:
    """Return what game some results are of. Raises AgentsimError, one line, if of none."""
    try:
        tables = json.loads((folder / DESIGN).read_text(encoding="utf-8"))
    except OSError:
        raise AgentsimError(
            f"{folder} holds no game; give a folder that `agentsim game` wrote"
        ) from None
    except ValueError:
        raise AgentsimError(f"{folder / DESIGN} is damaged; play the game again") from None
    if not isinstance(tables, dict):
        raise AgentsimError(f"{folder / DESIGN} is damaged; play the game again")
    return EmpiricalGame(**tables)


def names(conditions: Sequence[Conditioned]) -> list[str]:
    """Return what conditions are called, in words."""
    return [each.words or "as in the file" for each in conditions]
