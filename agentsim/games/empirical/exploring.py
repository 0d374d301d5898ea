"""Exploring the simulated market: the double oracle with responses that are simulated.

    >>> asked = EmpiricalGame.read("escalator_game_symmetric").changed(runs=100)
    >>> market = Market.of(asked, {"demand_elasticity": 1.1, "shock.efficiency.factor": 1}, "results/x")
    >>> market.explore(["escalate(step)"]).ended

A search sees the runs of the game itself, so that what it finds is the best for their luck (the
winner's curse); what it gains is then taken from fresh runs. Strategies that are added become texts in
the game's own list, and the profiles in which somebody follows them are simulated: those alone, in a
batch of their own, as the older ones are there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from agentsim.batch.intervals import Interval, bootstrap_mean
from agentsim.errors import AgentsimError
from agentsim.games import exploring
from agentsim.games.best_response import Best, Faced, Family
from agentsim.games.empirical.design import EmpiricalGame
from agentsim.games.empirical.payoffs import Payoffs, games_of, payoffs_of, words_of
from agentsim.games.empirical.responding import Simulated
from agentsim.games.empirical.varying import families_of, in_condition, split, with_strategies
from agentsim.games.exploring import Explored
from agentsim.games.game import Game
from agentsim.laws.numerics import Array

BASE = "0"
"""The folder of the game as it is given; those of what was added are called 1, 2, ..."""
KNOWN = "responses.json"
"""What was found of responses: an exploration that is gone on with need not search again."""
LINEUPS = 12
"""Profiles that a worker is given at once."""


@dataclass(eq=False)
class Market:
    """The simulated market as an oracle: a game in one condition, and folders for what is simulated."""

    asked: EmpiricalGame
    """The game with what was added, each role a table of its own."""
    out: Path
    fresh: int = 400
    """Runs that a gain is confirmed on; 0 for those that the search has seen."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """More for `agentsim.batch.run`: workers, engine, say, ..."""
    payoffs: Payoffs | None = None
    """What is known of all profiles."""
    rounds: int = 0

    @staticmethod
    def of(
        asked: EmpiricalGame,
        condition: Mapping[str, Any],
        out: str | Path,
        fresh: int = 400,
        **run: Any,
    ) -> Market:
        """Return the market of a game in one condition, in the folder `out`.

        Raises AgentsimError, one line, for what is no condition, for players of whom few stand for
        many, and for fresh runs that tell nothing.
        """
        if fresh != 0 and fresh < 10:
            raise AgentsimError(f"--fresh {fresh} tells nothing; give 10 or more, or 0 for none")
        for name, table in asked.players.items():
            if table.reduced:
                raise AgentsimError(
                    f"players.{name}: reduced = {table.reduced} lets few stand for many, and responses "
                    "are those of one among all; take it out of the file"
                )
        return Market(split(in_condition(asked, dict(condition))), Path(out), fresh, run)

    @property
    def condition(self) -> str:
        """The condition in words."""
        return words_of(self.asked.every_condition[0])

    def game(self) -> Game:
        """Return the game as it is given; its profiles are simulated, or read where they are there."""
        from agentsim import batch

        results = batch.run(
            self.asked.experiment(), self.out / BASE, chunk_runs=self._chunk, **self.run
        )
        self.payoffs = payoffs_of(self.asked, results)
        return games_of(self.payoffs)[0].game

    def explore(
        self,
        texts: Sequence[str],
        role: str = "",
        low: float | None = None,
        high: float | None = None,
        **how: Any,
    ) -> Explored:
        """Explore families of strategies, as `varying` reads them; how: see `exploring.explore`."""
        families = families_of(self.asked, role, list(texts), low, high)
        return exploring.explore(self.game(), self, families, **how)

    # As an oracle

    def gains(self, met: Faced, family: Family) -> Callable[[Array], Array]:
        """Return what a player gains by members of a family, in the runs of the game."""
        place = Simulated(self.asked, met, family, self.asked.runs, self.asked.entropy)
        known = self._known.setdefault("gains", {}).setdefault(_digest(place.key), {})

        def gained(x: Array) -> Array:
            texts = [family.text(row) for row in x]
            new = [at for at, text in enumerate(texts) if text not in known]
            if new:
                found = place.gains(x[new]).tolist()
                known.update(zip([texts[at] for at in new], found, strict=True))
                self._remember()
            return np.array([known[text] for text in texts])

        return gained

    def confirmed(self, met: Faced, shortlist: Sequence[Best]) -> tuple[Best, Interval]:
        """Return the best of a few in fresh runs, and its gain in others that are fresh again.

        Where no fresh runs are asked for, the first of them, and its gain in the runs of the game.
        """
        if not self.fresh:
            return shortlist[0], self._gain(met, shortlist[0], self.asked.runs, self.asked.entropy)
        best = shortlist[0]
        if len(shortlist) > 1:
            luck = self._fresh_entropy("chosen", met)
            best = max(
                shortlist, key=lambda each: float(self._gain(met, each, self.fresh, luck).value)
            )
        luck = self._fresh_entropy(f"confirmed {best.text}", met)
        return best, self._gain(met, best, self.fresh, luck)

    def _fresh_entropy(self, what: str, met: Faced) -> int:
        words = f"{what} {self.asked.entropy} {met.counts.tolist()} {met.own.tolist()}"
        return int(_digest(words)[:12], 16)

    def _gain(self, met: Faced, best: Best, runs: int, entropy: int) -> Interval:
        """Return the gain of a response in some runs; it is remembered."""
        place = Simulated(self.asked, met, best.family, runs, entropy)
        known = self._known.setdefault("confirmed", {})
        key = _digest(f"{place.key} {best.text}")
        if key not in known:
            x = bootstrap_mean(place.gains_by_run(best.x[None])[0])
            known[key] = [x.value, x.low, x.high, x.n]
            self._remember()
        value, low, high, n = known[key]
        if self.asked.uncertainty == "none" and n == 1:  # there is no luck, and one run tells all
            low = high = value
        return Interval(value, low, high, n)

    def enlarged(self, game: Game, added: Sequence[tuple[int, str]]) -> Game:
        """Return the game with strategies added, of which the new profiles alone are simulated."""
        from agentsim import batch

        assert self.payoffs is not None
        names = [role.name for role in self.asked.roles]
        wider = with_strategies(self.asked, [(names[role], text) for role, text in added])
        cells = wider.cells()
        known = {_lineup(self.asked, each): at for at, each in enumerate(self.payoffs.cells)}
        rows = list(dict.fromkeys(
            (each.profile, 0) for each in cells if _lineup(wider, each) not in known
        ))  # fmt: skip
        self.rounds += 1
        folder = self.out / str(self.rounds)
        results = batch.run(wider.experiment(rows), folder, chunk_runs=self._chunk, **self.run)
        new = payoffs_of(wider, results, rows)
        self.payoffs = _together(wider, self.payoffs, new)
        self.asked = wider
        return games_of(self.payoffs)[0].game

    @property
    def _chunk(self) -> int:
        return LINEUPS * self.asked.runs

    @property
    def _known(self) -> dict[str, Any]:
        if not hasattr(self, "_found"):
            self._found: dict[str, Any] = {}
            path = self.out / KNOWN
            if path.is_file():
                try:
                    self._found = json.loads(path.read_text("utf-8"))
                except ValueError:
                    raise AgentsimError(
                        f"{path} is no JSON; take it away, and responses are searched for again"
                    ) from None
        return self._found

    def _remember(self) -> None:
        """Write what is known of responses; the file is there whole or as it was."""
        self.out.mkdir(parents=True, exist_ok=True)
        beside = self.out / f"{KNOWN}.new"
        beside.write_text(json.dumps(self._known), "utf-8")
        beside.replace(self.out / KNOWN)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _lineup(asked: EmpiricalGame, cell: Any) -> tuple[tuple[str, str], ...]:
    return tuple(asked.lineup_of(cell.seating).items())


def _together(wider: EmpiricalGame, old: Payoffs, new: Payoffs) -> Payoffs:
    """Return what older and newer batches tell as one, in the order of the wider game's cells."""
    place = {_lineup(x.asked, each): (x, at) for x in (old, new) for at, each in enumerate(x.cells)}
    cells = wider.cells()
    found = [place[_lineup(wider, each)] for each in cells]
    return Payoffs(
        wider,
        cells,
        np.stack([x.by_player[at] for x, at in found]),
        {name: np.stack([x.others[name][at] for x, at in found]) for name in old.others},
    )
