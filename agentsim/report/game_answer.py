"""The answer of a game, in sentences that are worked out from its numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from agentsim.games.empirical import sampling
from agentsim.games.empirical.unlike import own_regrets
from agentsim.games.kinds import ROUNDING
from agentsim.report.game_kinds import kind, ladder, race, restraint
from agentsim.report.game_words import (
    amount,
    between,
    condition_words,
    count,
    played,
    under,
    who,
)
from agentsim.report.game_worth import (
    answering,
    beside,
    between_ends,
    by_level,
    customers,
    first_and_last,
    moved,
    welfare,
)
from agentsim.report.words import (
    capital,
    firm_words,
    listed,
    percent,
    plain,
)

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found, Solved

EVEN = 0.5
RARE = 0.05
"""Chance below which members of a role are said to differ."""
LEFT = 0.005
"""Share of a role from which on a strategy is said to be played."""


def answer(x: Found) -> list[str]:
    """Return the sentences that say what was found."""
    told = [
        _equilibria(x), _who(x), *by_level(x), _same(x), kind(x), ladder(x), race(x), restraint(x),
        customers(x), *(moved(x, each) for each in first_and_last(x)), answering(x), welfare(x),
        between_ends(x), beside(x), _dynamics(x), _unlike(x), _believed(x),
    ]  # fmt: skip
    return [each for each in told if each]


def _equilibria(x: Found) -> str:
    """Say how many equilibria there are, and what fresh runs said of them."""
    numbers = [len(each.standing) for each in x]
    each = between(numbers, str)
    under_each = "" if len(numbers) == 1 else f" under each of {len(numbers)} conditions"
    plural = "equilibrium" if each == "1" else "equilibria"
    said = f"The game of {_players(x)} has {each} {plural}{under_each}"
    verdicts = Counter(c.verdict for each in x for c in each.candidates)
    if not x.played.sampled.rounds:
        return f"{said}. {capital(x.played.sampled.ended)}: none was held against fresh runs."
    names = ("confirmed", "open", "refuted", "not sampled")
    parts = [f"{verdicts[name]} {name}" for name in names if verdicts[name]]
    candidates = count(sum(verdicts.values()), "candidate")
    return (
        f"{said}. Of {candidates}, held against {x.played.sampled.runs:,} fresh runs in "
        f"{count(x.played.sampled.rounds, 'round')}, {listed(parts)}. Sampling ended as "
        f"{x.played.sampled.ended}.{_doubtful(x)}{_refuted(x)}"
    )


def _doubtful(x: Found) -> str:
    """Say how many of those that stand are likelier not to be equilibria, by their epsilon."""
    held = [c.confirmation for each in x for c in each.standing if c.confirmation]
    doubtful = sum(each.probability < EVEN for each in held)
    if not doubtful:
        return ""
    return (
        f" Of the {len(held)} that stand, {doubtful} are likelier than not to be left for a gain above epsilon; "
        "what follows is of all that stand."
    )


def _refuted(x: Found) -> str:
    """Say under which conditions nothing stands."""
    empty = [each for each in x if each.candidates and not each.standing]
    if not empty:
        return ""
    return f" None stands {under(x, empty)}".rstrip() + "."


def _players(x: Found) -> str:
    """Return who plays: `6 hyperscalers`, `6 hyperscalers, for whom 3 stand`."""
    told = []
    for full, role in zip(x.asked.roles, x.conditions[0].game.roles, strict=True):
        count, stand = len(full.players), len(role.players)
        name = f"{count} {who(x, role.name)}" if count > 1 else who(x, role.name)
        told.append(name if stand == count else f"{name} (for whom {stand} stand)")
    return listed(told)


def _who(x: Found) -> str:
    """Say what shares of each role do what, over all equilibria."""
    roles = x.conditions[0].game.roles
    if len(roles) > 6:
        return ""
    sentences = []
    for at, role in enumerate(roles):
        shares = np.array(
            [e.shares[each.game.layout.slice(at)] for each in x for e in each.equilibria]
        )
        if not len(shares):
            return ""
        order = np.argsort(-shares.mean(axis=0), kind="stable")
        told = [
            f"{between([float(s) for s in shares[:, at]], lambda s: percent(s, 0))} "
            f"{plain(role.strategies[at])}"
            for at in order
            if shares[:, at].max() >= LEFT
        ]
        never = [plain(role.strategies[at]) for at in order if shares[:, at].max() < LEFT]
        ending = f"; nobody plays {listed(never, 'or')}" if never else ""
        sentences.append(f"{_of_role(x, at)}{listed(told)}{ending}.")
    return "In equilibrium, " + " ".join(
        each if place == 0 else capital(each) for place, each in enumerate(sentences)
    )


def _of_role(x: Found, at: int) -> str:
    role = x.conditions[0].game.roles[at]
    if len(role.players) > 1:
        return f"of {len(role.players)} {who(x, role.name)}: "
    return f"{who(x, role.name)}: "


def _same(x: Found) -> str:
    """Name the equilibria that hold under most conditions."""
    holds: Counter[str] = Counter()
    for each in x:
        holds.update({played(e) for e in each.equilibria if e.pure})
    if len(x.conditions) < 2 or not holds:
        return ""
    name, times = holds.most_common(1)[0]
    if times < 2:
        return "No pure equilibrium is one under two conditions."
    return f"The pure equilibrium that holds most often ({times} of {len(x.conditions)} conditions): {name}."


def _dynamics(x: Found) -> str:
    """Say where best replies lead, and whether they go round."""
    cycles = [each for each in x if each.replies.cycles]
    if not cycles:
        if all(each.replies.rests for each in x):
            return "Firms that answer one at a time with a best reply come to rest, wherever they start."
        return ""
    shown = cycles[0].replies.cycles[0]
    return (
        f"Best replies, one player at a time, can go round for ever {under(x, cycles)}".rstrip()
        + f": {plain(shown.words)}."
    )


def _unlike(x: Found) -> str:
    """Say what it costs to take members of a role for interchangeable, and whether luck alone tells them apart."""
    first = x.conditions[0]
    alike, parts = [], []
    for at, role in enumerate(first.unlike):
        if all(each.unlike[at].largest <= ROUNDING * each.game.spread for each in x):
            continue
        chances = [each.unlike[at].chance for each in x]
        if min(chances) * len(chances) >= RARE:  # as many tries as there are conditions
            alike.append(f"the {who(x, role.role)} (least chance {min(chances):.2f})")
            continue
        relative = [each.unlike[at].relative for each in x]
        largest = max(each.unlike[at].largest for each in x)
        parts.append(
            f"among the {who(x, role.role)} by {between(relative, lambda r: percent(r, 0))} of the size of "
            f"the role's gains (root mean squares), at most by {amount(first.game, largest)} (chance of members as "
            f"unlike by luck: {min(chances):.3f})"
        )
    told = []
    if alike:
        told.append(
            f"Of {listed(alike)}, no two who follow the same earn so differently that luck would not do it."
        )
    if parts:
        told.append(
            "Firms of a role are counted as alike, though what one of them gains by a change of strategy is "
            f"off: {listed(parts)}. {_own(x)}"
        )
    return " ".join(told).strip()


def _own(x: Found) -> str:
    """Say in how many pure equilibria no single firm would gain by leaving, as far as seatings tell."""
    worst: list[tuple[float, str, Solved]] = []
    stays = 0
    for each in x:
        epsilons = sampling.epsilons_of(x.asked, each.game)
        allowed = {
            player: float(epsilons[at])
            for at, role in enumerate(each.game.roles)
            for player in role.players
        }
        for one in each.equilibria.pure:
            own = own_regrets(each.conditioned, one)
            if own:
                firm = max(own, key=lambda name: own[name])
                stays += all(gain <= allowed[name] for name, gain in own.items())
                worst.append((own[firm], firm, each))
    if not worst:
        return ""
    gain, firm, of = max(worst, key=lambda each: each[0])
    if stays == len(worst):
        return "No firm taken by itself would gain by leaving any pure equilibrium, in the mean over runs."
    return (
        f"Taken by itself, some firm would gain by leaving {len(worst) - stays} of {len(worst)} pure "
        f"equilibria, in the mean over runs; most would {firm_words(firm)}, {amount(of.game, gain)}"
        f"{f' under {condition_words(of)}' if len(x.conditions) > 1 else ''}."
    )


def _believed(x: Found) -> str:
    """Say what an equilibrium here is, and is not."""
    roles = x.conditions[0].game.roles
    most = max(len(role.strategies) for role in roles)
    complete = sum(each.equilibria.complete for each in x)
    sets = (
        "All equilibria of mean payoffs are told"
        if complete == len(x.conditions)
        else "All pure equilibria of mean payoffs are told, and of mixed ones those that were found"
        if not complete
        else f"Equilibria of mean payoffs are all told under {count(complete, 'condition')}; under the "
        "others all pure ones, and of mixed ones those that were found"
    )
    limits = {sampling.BUDGET: " More runs would tell open ones.", sampling.ROUNDS: ""}
    return (
        f"{sets}. They are equilibria among {most} strategies each, chosen once and for all; "
        "what else a firm might do is not in them (agentsim game explore)."
        + limits.get(x.played.sampled.ended, "")
    )
