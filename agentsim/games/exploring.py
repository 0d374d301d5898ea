"""Exploring strategies: is an equilibrium one only because few strategies were thought of?

The double oracle: solve the game, find what would do best against its equilibria among all members
of some families of strategies, add that to the game, and solve again, until nothing gains more than
asked. In a two-player zero-sum game of finitely many strategies it ends at an equilibrium of the full
game; in others too, if it ends, as its last equilibria have no response left that gains. On the way
it may move round; rounds are therefore counted.

Sources: McMahan, Gordon and Blum (2003), Planning in the presence of cost functions controlled by an
adversary, ICML; Schvartzman and Wellman (2009), Stronger CDA strategies through empirical
game-theoretic analysis and reinforcement learning, AAMAS; Lanctot et al. (2017), A unified
game-theoretic approach to multiagent reinforcement learning, NeurIPS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.errors import AgentsimError, check_known
from agentsim.games.best_response import Best, Faced, Family, best_responses, faced
from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.game import Game
from agentsim.games.profiles import MOST_PROFILES, Layout

ADDED, LATER, LEFT, TOO_LITTLE, UNSURE, THERE = (
    "added", "later: another gains more", "left: exploring ended", "no more than asked", "not sure",
    "there already",
)  # fmt: skip
"""What becomes of a response; with the first three it surely gains more than asked."""
SURE = (ADDED, LATER, LEFT)
CONVERGED, NOT_SURE, NO_ROUNDS, TOO_LARGE, NOTHING_NEW = (
    "converged", "not sure", "no rounds left", "too large", "nothing new",
)  # fmt: skip
"""Why exploring ended."""
LEAST_REGRET = "least regret"
"""Found by looking for the pure profile of least regret, where no equilibrium was found."""


class Oracle(Protocol):
    """What knows the payoffs of strategies that are in no game yet."""

    def gains(self, met: Faced, family: Family) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function: what a player gains alone by members of a family, as `best_responses` asks.

        The same luck for all members, so that the better one is better by what it does.
        """
        ...

    def confirmed(self, met: Faced, shortlist: Sequence[Best]) -> tuple[Best, Interval]:
        """Return the best of a few, by luck that the search has not seen, and its gain.

        The gain, with an interval, is by luck that has not been seen for this choice either. Where
        there is no luck, it is the first of the list, and the interval is a point.
        """
        ...

    def enlarged(self, game: Game, added: Sequence[tuple[int, str]]) -> Game:
        """Return the game with strategies, each after the others of a role given by its place."""
        ...


@dataclass(frozen=True, eq=False)
class Response:
    """The best response that was found to what a player meets."""

    equilibrium: int
    """Its place among those of the round against which responses were sought."""
    met: Faced
    best: Best
    gain: Interval
    """What it gains, on fresh luck."""
    became: str
    """One of ADDED, LATER, LEFT, TOO_LITTLE, UNSURE, THERE."""

    @property
    def role(self) -> str:
        """The role of the player who responds."""
        return self.met.game.roles[self.met.role].name


@dataclass(frozen=True, eq=False)
class Round:
    """A game, equilibria of it, and the best responses to them."""

    game: Game
    equilibria: tuple[Equilibrium, ...]
    """Those against which responses are sought: the profile of least regret if there is none."""
    found: int
    """How many equilibria there are, those among them against which none are sought."""
    why: str
    """What may be missing among them."""
    responses: tuple[Response, ...]

    @property
    def solved(self) -> bool:
        """Whether they are equilibria, and no mere profile of least regret."""
        return self.found > 0

    def responses_to(self, equilibrium: int) -> list[Response]:
        """Return the responses to an equilibrium by its place."""
        return [each for each in self.responses if each.equilibrium == equilibrium]


@dataclass(frozen=True, eq=False)
class Explored:
    """What came of exploring."""

    families: tuple[Family, ...]
    asked: float
    """The gain that is asked of a response."""
    rounds: tuple[Round, ...]
    ended: str
    """One of CONVERGED, NOT_SURE, NO_ROUNDS, TOO_LARGE, NOTHING_NEW."""

    @property
    def first(self) -> Round:
        """The round of the game as it was given."""
        return self.rounds[0]

    @property
    def last(self) -> Round:
        """The round of the last game."""
        return self.rounds[-1]

    @property
    def added(self) -> list[Response]:
        """The responses that were added, in order."""
        return [each for of in self.rounds for each in of.responses if each.became == ADDED]

    def artefact(self, equilibrium: int) -> Response | None:
        """Return the response that surely gains most against an equilibrium of the first round.

        None where none surely gains more than asked.
        """
        sure = [each for each in self.first.responses_to(equilibrium) if each.became in SURE]
        return max(sure, key=lambda each: float(each.gain.value), default=None)


def explore(
    game: Game,
    oracle: Oracle,
    families: Sequence[Family],
    gain: float = 0.0,
    rounds: int = 5,
    most_equilibria: int = 4,
    adds: int = 1,
    most_profiles: int = MOST_PROFILES,
    generations: int = 12,
    solve: Callable[[Game], Equilibria] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Explored:
    """Explore strategies of some families from a game on.

    gain: what a response must gain to be added, in the payoffs' unit: all of its interval.
    rounds: games that are solved. most_equilibria: those against which responses are sought, in the
    order in which they were found. adds: strategies that a role is given in a round at most, those
    that gain most first; the others are sought again once the game is solved anew.
    most_profiles: the largest game that is made. solve: instead of `game.equilibria()`.
    Raises AgentsimError, one line, for an unknown role or settings that make no sense.
    """
    for name, given in (("rounds", rounds), ("most_equilibria", most_equilibria), ("adds", adds)):
        if given < 1:
            raise AgentsimError(f"{name} = {given} leaves nothing to do; give 1 or more")
    if not gain >= 0.0:
        raise AgentsimError(f"gain = {gain:g} is no gain; give a number from 0")
    if not families:
        raise AgentsimError("no family of strategies is free; give at least one")
    for family in families:
        check_known("role", family.role, [role.name for role in game.roles])
    done: list[Round] = []
    while True:
        say(f"round {len(done) + 1}: a game of {game.layout.count:,} profiles")
        solved = game.equilibria() if solve is None else solve(game)
        targets = solved.found[:most_equilibria] or (_least_regret(game),)
        searched = _searched(oracle, families, targets, gain, generations, say)
        responses = _judged(searched, gain, adds)
        added = list(
            dict.fromkeys((x.met.role, x.best.text) for x in responses if x.became == ADDED)
        )
        why = _converged(responses, bool(solved.found)) if not added else ""
        if added and len(done) + 1 >= rounds:
            why = NO_ROUNDS
        elif added and _profiles(game, added) > most_profiles:
            why = TOO_LARGE
        if why:
            responses = [replace(x, became=LEFT) if x.became == ADDED else x for x in responses]
        done.append(Round(game, targets, len(solved.found), solved.why, tuple(responses)))
        if why:
            return Explored(tuple(families), gain, tuple(done), why)
        game = oracle.enlarged(game, added)


def _least_regret(game: Game) -> Equilibrium:
    """Return the pure profile of least regret."""
    counts = game.layout.profiles[int(np.argmin(game.pure_regrets))]
    return Equilibrium(game, counts, game.mixture_of(counts), (LEAST_REGRET,))


def _searched(
    oracle: Oracle,
    families: Sequence[Family],
    targets: Sequence[Equilibrium],
    gain: float,
    generations: int,
    say: Callable[[str], None],
) -> list[Response]:
    """Return the best response to all that players may meet, of all families, and its gain."""
    found = []
    for number, equilibrium in enumerate(targets):
        for at, role in enumerate(equilibrium.game.roles):
            free = [family for family in families if family.role == role.name]
            for met in faced(equilibrium, at) if free else []:
                who = f" who follows {met.follows}" if equilibrium.pure else ""
                say(f"  {equilibrium.words}: what would one do better{who}?")
                tried = [x for each in free
                         for x in best_responses(each, oracle.gains(met, each), generations)]  # fmt: skip
                tried.sort(key=lambda each: -each.gain)
                shortlist = [each for each in tried if each.gain > gain] or tried[:1]
                best, gained = oracle.confirmed(met, shortlist)
                found.append(Response(number, met, best, gained, ""))
                say(
                    f"    {best.text} gains {gained.value:,.6g} ({gained.low:,.6g} to {gained.high:,.6g})"
                )
    return found


def _judged(searched: Sequence[Response], gain: float, adds: int) -> list[Response]:
    """Return responses with what becomes of each."""
    became = {place: _judgement(each, gain) for place, each in enumerate(searched)}
    sure = [place for place, each in became.items() if each == ADDED]
    chosen: dict[int, list[str]] = {}
    for place in sorted(sure, key=lambda place: -float(searched[place].gain.value)):
        each = searched[place]
        texts = chosen.setdefault(each.met.role, [])
        if each.best.text not in texts:
            if len(texts) < adds:
                texts.append(each.best.text)
            else:
                became[place] = LATER
    return [replace(each, became=became[place]) for place, each in enumerate(searched)]


def _judgement(x: Response, gain: float) -> str:
    if float(x.gain.value) <= gain:
        return TOO_LITTLE
    if x.best.text in x.met.game.roles[x.met.role].strategies:
        return THERE
    return ADDED if float(x.gain.low) > gain else UNSURE


def _converged(responses: Sequence[Response], solved: bool) -> str:
    """Return why exploring ends where nothing is added."""
    became = {each.became for each in responses}
    if THERE in became or not solved:
        return NOTHING_NEW
    return NOT_SURE if UNSURE in became else CONVERGED


def _profiles(game: Game, added: Sequence[tuple[int, str]]) -> int:
    """Return how many profiles the game has with strategies added."""
    widths = list(game.layout.widths)
    for role, _ in added:
        widths[role] += 1
    return Layout(game.layout.sizes, tuple(widths)).count
