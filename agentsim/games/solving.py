"""Solving: all solvers put to work on a game, and every answer held against the game's own regret.

First strictly dominated strategies go, and with them roles that have nothing left to choose. What is left
is looked through for pure equilibria, all of them; mixed ones come from what knows most about such a game:
corners of polytopes for two players, zeros of a polynomial for interchangeable players of two strategies,
supports gone through for all others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agentsim.games import one_unknown, two_players
from agentsim.games.dominance import Reduced, undominated
from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.gambit import MOST_BY_DEFAULT, by_gambit, load, profiles_one_by_one, usable
from agentsim.games.game import Game
from agentsim.games.mixed import EFFORT, mixed
from agentsim.games.polynomials import Polynomials
from agentsim.games.profiles import Counts
from agentsim.games.pure import pure_equilibria, rounding
from agentsim.laws.numerics import Array

ALLOWED = 1e-9
"""Regret of a role, in units of the reach of its payoffs, above which an answer is no equilibrium."""

APART = 1e-6
"""Difference of probabilities below which two answers are one."""


_Answer = tuple[str, Counts | None, Array | None]
"""What found it, and counts or a mixture."""


@dataclass(frozen=True, eq=False)
class _Answers:
    """What the solvers say of a game with no dominated strategies."""

    answers: list[_Answer]
    complete: bool
    why: str
    continua: bool = False
    sets: tuple[tuple[Array, ...], ...] = ()


def equilibria(game: Game, gambit: bool | None = None, effort: int = EFFORT) -> Equilibria:
    """Return the equilibria of a game, and whether they are all.

    gambit: whether Gambit's solvers are asked as well; by default if pygambit is installed and the game
    is small. effort: Newton steps that the search for mixed equilibria takes, of 6 to 8 microseconds for
    4 players of 4 strategies. Players of a role are taken to mix alike; in pure equilibria they may differ.

    Two answers are one if no probability differs by 1e-6. None is given whose regret, role by role, is
    more than 1e-9 of the reach of the role's payoffs. Raises AgentsimError, one line, if Gambit is asked
    for and is not there, or the game too large for it.
    """
    if gambit:
        load()  # before any work is done
    reduced = Reduced(game, undominated(game))
    small = reduced.game
    if small is None:
        only = reduced.full_counts(np.zeros(0, np.int64))
        why = "strictly dominated strategies go one after the other until one of each role is left"
        return Equilibria(game, (_pure(game, only, ("dominance",)),), True, why)
    answers = _answers(small, gambit, effort)
    lifted = [
        _equilibrium(
            game,
            (by,),
            None if counts is None else reduced.full_counts(counts),
            None if mixture is None else reduced.full_mixture(mixture),
        )
        for by, counts, mixture in answers.answers
    ]
    kept = [each for each in lifted if _accepted(each)]
    found = _sorted(_merged(kept))
    sets = tuple(
        tuple(sorted({_number(found, reduced.full_mixture(x)) for x in each} - {-1}))
        for each in answers.sets
    )
    why = ("" if reduced.left.all() else "strictly dominated strategies gone: ") + answers.why
    refused = len(lifted) - len(kept)
    if refused:
        why += f"; {refused} answer{'s are' if refused > 1 else ' is'} not told, for too large a regret"
    return Equilibria(
        game,
        tuple(found),
        answers.complete and not refused,
        why if found else "none was found, though there is one",
        continua=answers.continua,
        sets=tuple(each for each in sets if len(each) > 1),
    )


def _answers(game: Game, gambit: bool | None, effort: int) -> _Answers:
    """Return all that solvers say of a game, told apart by what is known of such games."""
    places = pure_equilibria(game)
    pure = [game.layout.profiles[place] for place in places]
    answers: list[_Answer] = [("pure", counts, None) for counts in pure]
    known = two_players.applies(game) or one_unknown.applies(game) or game.layout.sizes == (1,)
    small = profiles_one_by_one(game) <= MOST_BY_DEFAULT
    if gambit or (gambit is None and small and not known and usable()):
        answers += by_gambit(game)
    if two_players.applies(game):
        found = _of_two_players(game, answers, effort)
    elif one_unknown.applies(game):
        found = _of_one_unknown(game)
    elif game.layout.sizes == (1,):
        found = _of_one_player(len(pure))
    else:
        found = _of_any(game, answers, effort)
    continua = found.continua or _joined(game, places)
    return replace(found, answers=answers + found.answers, continua=continua)


def _joined(game: Game, places: NDArray[np.int64]) -> bool:
    """Say whether one player can go from one pure equilibrium to another: all mixtures between are too."""
    equal = np.zeros(game.layout.count + 1, bool)
    equal[places] = True
    moved = game.layout.moved[places].copy()
    columns = np.arange(game.layout.columns)
    moved[:, columns, columns] = -1  # the last place, which is no profile
    return bool(equal[moved].any())


def _of_two_players(game: Game, known: list[_Answer], effort: int) -> _Answers:
    """Return the extreme equilibria of two players; those alone that are alike, if they share a role."""
    found = two_players.extreme_equilibria(*two_players.matrices(game))
    if game.layout.sizes == (2,):
        return _of_two_alike(game, found, effort)
    answers: list[_Answer] = [("polytopes", None, x) for x in found.mixtures]
    if not found.degenerate and len(answers) % 2 == 0:
        # An odd number must be there: payoffs so nearly tied that rounding has lost a corner.
        more = _of_any(game, known + answers, effort)
        return replace(more, answers=answers + more.answers, complete=False)
    sets = tuple(tuple(found.mixtures[at] for at in each) for each in found.sets)
    if not found.degenerate:
        return _Answers(answers, True, "two players, and the game is not degenerate")
    if not sets:
        why = "two players, and though the game is degenerate, each equilibrium stands alone"
        return _Answers(answers, True, why)
    why = (
        f"two players, and the game is degenerate: there are equilibria without end, in {len(sets)} "
        f"set{'s' if len(sets) > 1 else ''} of which these are all the extreme points"
    )
    return _Answers(answers, False, why, True, sets)


def _of_two_alike(game: Game, found: two_players.TwoPlayers, effort: int) -> _Answers:
    """Return the equilibria in which two interchangeable players mix alike."""
    m = game.layout.columns
    alike = [x[:m] for x in found.mixtures if np.abs(x[:m] - x[m:]).max() < APART]
    answers: list[_Answer] = [("polytopes", None, x) for x in alike]
    if found.degenerate:
        why = "the game is degenerate: mixtures may lie between extreme equilibria in which the two differ"
        answers += _of_any(game, answers, effort).answers
        return _Answers(answers, False, why, bool(found.sets))
    mixing = [x for x in found.mixtures if _mixes(x) and np.abs(x[:m] - x[m:]).max() >= APART]
    why = "two players, and the game is not degenerate"
    if mixing:
        why = (
            f"all pure ones, and all in which the two mix alike: {why}; {len(mixing) // 2} more in which "
            "they mix differently are not told"
        )
    return _Answers(answers, True, why)


def _of_one_unknown(game: Game) -> _Answers:
    """Return the mixtures that interchangeable players of two strategies share."""
    found = one_unknown.mixtures(game)
    if found is None:
        why = "neither strategy ever gains anything: everything is an equilibrium"
        return _Answers([], False, why, True)
    why = (
        "all pure ones, and all in which players mix alike: zeros of a polynomial in one unknown; "
        "those in which some mix and others do not were not looked for"
    )
    return _Answers([("polynomial", None, x) for x in found], True, why)


def _of_one_player(pure: int) -> _Answers:
    if pure > 1:
        why = "one player has a choice, and between these all mixtures are equilibria as well"
        return _Answers([], False, why, True)
    return _Answers([], True, "one player has a choice, and one strategy is the best")


def _of_any(game: Game, known: list[_Answer], effort: int) -> _Answers:
    """Return the mixed equilibria that are found by going through supports, beside those known."""
    pure = [game.mixture_of(counts) for _, counts, _ in known if counts is not None]
    shared = list({x.tobytes(): x for x in pure if x is not None}.values())
    given = [x for _, _, x in known if x is not None]
    found = mixed(Polynomials.of(game), shared, effort, given)
    answers: list[_Answer] = [(by, None, x) for by, x in zip(found.by, found.mixtures, strict=True)]
    alike = " in which players of a role mix alike" if max(game.layout.sizes) > 1 else ""
    if found.none_left:
        why = f"no support of mixed equilibria{alike} is left by conditional dominance"
        return _Answers(answers, True, why)
    why = f"all pure ones; of mixed ones{alike} those that were found, and "
    if not found.all_supports:
        why += "large supports were not gone through"
    elif found.indices is None:
        why += "ties leave room for others"
    elif found.indices == 1:
        why += "as their indices add up to 1, as those of all must, others are missing in pairs if at all"
    else:
        why += (
            f"as their indices add up to {found.indices}, and those of all to 1, some are missing"
        )
    return _Answers(answers, False, why, not found.alone)


# Answers checked, merged, sorted


def _pure(game: Game, counts: Counts, found_by: tuple[str, ...]) -> Equilibrium:
    return Equilibrium(game, counts, game.mixture_of(counts), found_by)


def _equilibrium(
    game: Game, found_by: tuple[str, ...], counts: Counts | None, mixture: Array | None
) -> Equilibrium:
    """Return an answer as an equilibrium; a mixture in which nobody mixes is a pure one."""
    if counts is None and mixture is not None and not _mixes(mixture):
        sizes = np.array(game.layout.sizes)[game.layout.role_of]
        counts = np.rint(mixture).astype(np.int64) * sizes
    if counts is not None:
        return _pure(game, counts, found_by)
    return Equilibrium(game, None, mixture, found_by)


def _mixes(mixture: Array) -> bool:
    """Say whether anybody mixes."""
    return bool(np.abs(mixture - np.rint(mixture)).max() > APART)


def _accepted(each: Equilibrium) -> bool:
    """Say whether no role's players gain more than is allowed, by the game's own account of gains."""
    game = each.game
    if each.counts is not None:
        gains = np.nanmax(game.pure_gains[game.layout.place(each.counts)], axis=0)
    else:
        assert each.mixture is not None
        gains = game.gains(each.mixture)
    for role, slack in enumerate(rounding(game)):
        part = game.layout.slice(role)
        reach = float(np.nanmax(game.payoffs[:, part]) - np.nanmin(game.payoffs[:, part]))
        if not gains[part].max() <= slack + (0.0 if each.pure else ALLOWED * reach):
            return False
    return True


def _merged(given: list[Equilibrium]) -> list[Equilibrium]:
    """Return distinct equilibria, each with all that found it: of two alike, the one of less regret."""
    pure: dict[bytes, list[Equilibrium]] = {}
    mixed: list[list[Equilibrium]] = []
    for each in given:
        if each.counts is not None:
            pure.setdefault(each.counts.tobytes(), []).append(each)
            continue
        alike = (a for a in mixed if np.abs(a[0].shares - each.shares).max() < APART)
        group = next(alike, None)
        if group is None:
            mixed.append([each])
        else:
            group.append(each)
    return [
        replace(
            min(group, key=lambda each: each.regret),
            found_by=tuple(dict.fromkeys(by for each in group for by in each.found_by)),
        )
        for group in [*pure.values(), *mixed]
    ]


def _sorted(found: list[Equilibrium]) -> list[Equilibrium]:
    """Return pure ones in the order of profiles, then mixed ones, those that play least first."""

    def key(each: Equilibrium) -> tuple[bool, int, list[float]]:
        played = int((each.shares > 0.0).sum())
        return not each.pure, 0 if each.pure else played, (-each.shares.round(7)).tolist()

    return sorted(found, key=key)


def _number(found: list[Equilibrium], mixture: Array) -> int:
    """Return which equilibrium a mixture is; -1 if none."""
    for at, each in enumerate(found):
        if each.mixture is not None and np.abs(each.mixture - mixture).max() < APART:
            return at
    return -1
