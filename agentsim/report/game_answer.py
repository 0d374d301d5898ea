"""The answer of a game, in sentences that are worked out from its numbers."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from agentsim.games.empirical import sampling
from agentsim.games.empirical.comparing import Moved, compare, mean_of, range_of
from agentsim.games.empirical.unlike import own_regrets
from agentsim.games.kinds import MEANING, MIXED, ROUNDING, UNCLEAR
from agentsim.games.measures import CARTEL, COMPETITIVE
from agentsim.games.worth import CUSTOMERS, TOTAL, earned, expected
from agentsim.report.game_words import (
    amount,
    between,
    condition_words,
    count,
    played,
    under,
    who,
)
from agentsim.report.words import (
    capital,
    firm_words,
    level_words,
    listed,
    percent,
    plain,
    points,
)

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found, Solved

RARE = 0.05
"""Chance below which members of a role are said to differ."""
LEFT = 0.005
"""Share of a role from which on a strategy is said to be played."""


def answer(x: Found) -> list[str]:
    """Return the sentences that say what was found."""
    told = [
        _equilibria(x), _who(x), _same(x), _kind(x), _ladder(x), _race(x), _restraint(x), _customers(x), _welfare(x), _between_ends(x),
        *(_moved(x, each) for each in _first_and_last(x)), _dynamics(x), _unlike(x), _believed(x),
    ]  # fmt: skip
    return [each for each in told if each]


def _standing(x: Found) -> list[Solved]:
    return [each for each in x if len(each.equilibria)]


def _equilibria(x: Found) -> str:
    """Say how many equilibria there are, and what fresh runs said of them."""
    numbers = [len(each.equilibria) for each in x]
    each = between(numbers, str)
    under_each = "" if len(numbers) == 1 else f" under each of {len(numbers)} conditions"
    plural = "equilibrium" if each == "1" else "equilibria"
    said = f"The game of {_players(x)} has {each} {plural}{under_each}"
    verdicts = Counter(c.verdict for each in x for c in each.candidates)
    if not x.played.sampled.rounds:
        return f"{said}. {capital(x.played.sampled.ended)}: none was held against fresh runs."
    parts = [
        f"{verdicts[name]} {name}" for name in ("confirmed", "open", "refuted") if verdicts[name]
    ]
    candidates = count(sum(verdicts.values()), "candidate")
    return (
        f"{said}. Of {candidates}, held against {x.played.sampled.runs:,} fresh runs in "
        f"{count(x.played.sampled.rounds, 'round')}, {listed(parts)}. Sampling ended as "
        f"{x.played.sampled.ended}."
    )


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


def _kind(x: Found) -> str:
    """Say what kind of game it is between the mild and the fierce strategy, by role where they differ."""
    pair = x.conditions[0].kinds.only
    between_ = f"Between {plain(pair.mild)} and {plain(pair.fierce)}"
    if not any(each.kinds.kind == MIXED or each.kinds.only.of_means == MIXED for each in x):
        return f"{between_} it is {_counted(x, [each.kinds.kind for each in x])}."
    told: list[str] = []
    explained: set[str] = set()
    for name in pair.diagrams:
        kinds = [each.kinds.only.diagrams[name].kind.kind for each in x]
        told.append(f"for {who(x, name)} it is {_counted(x, kinds, explained)}")
    alone = max(x.conditions[0].game.layout.sizes) == 1
    others = (
        "all others being mild, or all fierce" if alone
        else f"what other roles do being held at {plain(pair.mild)}"
    )  # fmt: skip
    return f"{between_}, {others}: {listed(told)}."


def _counted(x: Found, kinds: list[str], explained: set[str] | None = None) -> str:
    """Return kinds of game with how many conditions are of each, and what they mean at the first time.

    explained: those that were, which is added to.
    """
    told, known = [], set() if explained is None else explained
    for name, times in Counter(kinds).most_common():
        where = f" under {times} of {len(x.conditions)} conditions" if len(x.conditions) > 1 else ""
        if times == len(x.conditions) > 1:
            where = " under all conditions"
        elif times == 1:
            where = f" under {condition_words(x.conditions[kinds.index(name)])}"
        means = "" if name in {*known, UNCLEAR} else f" ({MEANING[name]})"
        known.add(name)
        told.append(f"{_article(name)}{where}{means}")
    return listed(told)


def _article(kind: str) -> str:
    if kind == UNCLEAR:
        return "not clear what kind of game it is"
    return (
        kind
        if kind in ("harmony", "deadlock", "matching pennies", "winding", "mixed")
        else f"a {kind}"
    )


def _ladder(x: Found) -> str:
    """Say what kind of game each step is, where the strategies are one dial with numbers."""
    strategies = x.conditions[0].game.roles[0].strategies
    roles = x.conditions[0].game.roles
    if len(strategies) < 3 or len(roles) > 1 or len({e.partition("(")[0] for e in strategies}) > 1:
        return ""
    steps = []
    for low, high in pairwise(strategies):
        kinds = [each.game.classify(low, high).kind for each in x]
        steps.append(f"from {_inside(low)} to {_inside(high)} {_counted(x, kinds, set(MEANING))}")
    return f"Step by step of {strategies[0].partition('(')[0]}: {'; '.join(steps)}."


def _inside(strategy: str) -> str:
    """Return the parameters of a strategy: `multiple=2` of `scaled(multiple=2)`."""
    return strategy.partition("(")[2].removesuffix(")") or strategy


def _race(x: Found) -> str:
    """Say whether players would be better off if all were mild, than they are in equilibrium."""
    differences = []
    mild, there = [], []
    for each in _standing(x):
        game = each.game
        runs = sum(earned(game).values())
        all_mild = runs[_place(each, 0)]
        mild.append(float(all_mild.mean()))
        for one in each.equilibria:
            by_run = expected(one.weights, runs)
            there.append(float(by_run.mean()))
            differences.append(mean_of(all_mild - by_run))
    if not differences:
        return ""
    better = sum(float(d.value) > 0.0 for d in differences)
    sure = sum(float(d.low) > 0.0 for d in differences)
    worse = sum(float(d.high) < 0.0 for d in differences)
    game, pair = x.conditions[0].game, x.conditions[0].kinds.only

    def told(values: list[float]) -> str:
        return between(values, lambda v: amount(game, v))

    surely = f" (surely {sure}; surely worse {worse})" if game.runs is not None else ""
    return (
        f"Players together earn {told(there)} in equilibrium, and would earn {told(mild)} if all played "
        f"{plain(pair.mild)}: that would leave them better off than {better} of {len(differences)} equilibria"
        f"{surely}."
    )


def _restraint(x: Found) -> str:
    """Say what discount factor would hold up restraint, where the game is played again and again."""
    found = [each.repeated.grim.value for each in x]
    told = [each for each in found if np.isfinite(each) and each > 0.0]
    free, never = sum(each == 0.0 for each in found), sum(not np.isfinite(each) for each in found)
    mild = plain(x.conditions[0].kinds.only.mild)
    parts = []
    if told:
        where = "" if len(told) == len(found) else f" under {len(told)} of {len(found)} conditions"
        parts.append(f"a discount factor of {between(told, lambda d: f'{d:.2f}')} a period{where}")
    if free:
        parts.append(
            f"none{'' if free == len(found) else f' under {free}'}, as it is an equilibrium anyway"
        )
    if never:
        parts.append(
            f"more patience than anybody has{'' if never == len(found) else f' under {never}'}"
        )
    empty = sum(not each.repeated.credible for each in x if each.repeated.grim.value > 0.0)
    ending = ""
    if empty:
        where = f" under {empty} of {len(x.conditions)} conditions" if len(x.conditions) > 1 else ""
        ending = f"; the threat of it{where} is no equilibrium of the stage game, and need not be believed"
    return f"Played again and again, {mild} by all would take {listed(parts)}{ending}."


def _customers(x: Found) -> str:
    """Say what customers get in equilibrium, against other ways of playing."""
    rows = [row for each in x for row in each.measures.equilibria if "customer_share" in row.worth]
    if not rows:
        return ""
    low = min(rows, key=lambda row: float(row.worth["customer_share"].value))
    high = max(rows, key=lambda row: float(row.worth["customer_share"].value))
    mild = [_end(each, 0) for each in x]
    with_mild = [each for each in mild if each is not None]
    told = [float(row.worth["customer_share"].value) for row in rows]
    ends = ", ".join(
        f"[{percent(float(r.worth['customer_share'].low))}, {percent(float(r.worth['customer_share'].high))}]"
        for r in ((low, high) if len(rows) > 1 else (low,))
        if np.isfinite(float(r.worth["customer_share"].low))
    )
    said = (
        f"Customers get {between(told, percent)} of total surplus in equilibrium"
        f"{f' (intervals {ends})' if ends else ''}"
    )
    if with_mild:
        said += (
            f"; {between(with_mild, percent)} if all play {plain(x.conditions[0].kinds.only.mild)}"
        )
    return said + "."


def _end(x: Solved, which: int) -> float | None:
    """Return customers' share where all are mild (0) or fierce (1)."""
    game, place = x.game, _place(x, which)
    if CUSTOMERS not in game.others or TOTAL not in game.others:
        return None
    return float(game.others[CUSTOMERS][place].sum() / game.others[TOTAL][place].sum())


def _place(x: Solved, which: int) -> int:
    """Return the profile in which all are mild (0) or fierce (1)."""
    pair, game = x.kinds.only, x.game
    counts = np.zeros(game.layout.columns, np.int64)
    for at, role in enumerate(game.roles):
        each = pair.diagrams[role.name]
        strategy = each.mild if which == 0 else each.fierce
        counts[game.layout.starts[at] + role.strategies.index(strategy)] = len(role.players)
    return game.layout.place(counts)


def _welfare(x: Found) -> str:
    """Say what is lost against the profile with most total surplus."""
    worst = [float(e.measures.price_of_anarchy.value) for e in _standing(x)]
    best = [float(e.measures.price_of_stability.value) for e in _standing(x)]
    if not worst or not np.isfinite([*worst, *best]).all():
        return ""
    return (
        f"The best profile for all layers together has {between(worst, _times)} times the total surplus of "
        f"the worst equilibrium (price of anarchy), and {between(best, _times)} times that of the best "
        "(price of stability)."
    )


def _between_ends(x: Found) -> str:
    """Say where welfare lies between the cartel's and competition's, where both were simulated."""
    rows = [(each.measures, row) for each in _standing(x) for row in each.measures.equilibria]
    if not rows or not {CARTEL, COMPETITIVE} <= {each.name for each in rows[0][0].references}:
        return ""
    at = [float(told.between(row).value) for told, row in rows]
    ends = {
        name: [
            float(row.worth["customer_share"].value)
            for each in x for row in each.measures.references if row.name == name
        ]
        for name in (CARTEL, COMPETITIVE)
    }  # fmt: skip
    return (
        f"On the way in total surplus from all firms as one cartel (0%) to all as if prices were given (100%), "
        f"equilibria lie at {between(at, lambda v: percent(v, 0))}; customers' share is "
        f"{between(ends[CARTEL], percent)} with the cartel and {between(ends[COMPETITIVE], percent)} with competition."
    )


def _times(value: float) -> str:
    return f"{value:.2f}"


def _first_and_last(x: Found) -> list[list[Moved]]:
    """Return, by factor, what moves from its first level to its last."""
    found = []
    for name, levels in x.asked.conditions.items():
        if len(levels) > 1:
            found.append(compare(x, None, {name: levels[0]}, {name: levels[-1]}))
    return found


def _moved(x: Found, moved: list[Moved]) -> str:
    """Say how customers' share moves from the first level of a factor to its last."""
    changes = [each for one in moved for each in one.of("customer_share")]
    if not changes:
        return ""
    low, high = range_of(changes)
    name = next(
        key for key, level in moved[0].before.conditioned.condition.items()
        if moved[0].after.conditioned.condition[key] != level
    )  # fmt: skip
    first, last = (
        level_words(name, of.conditioned.condition[name])
        for of in (moved[0].before, moved[0].after)
    )
    sure = ""
    if np.isfinite([float(low.low), float(high.high)]).all():
        if float(low.low) > 0.0 or float(high.high) < 0.0:
            sure = ", all sure"
        elif all(float(c.difference.low) <= 0.0 <= float(c.difference.high) for c in changes):
            sure = ", none of them sure"
    span = between([float(low.value), float(high.value)], lambda s: points(s, 1, True))
    return (
        f"From {first} to {last}, customers' share in equilibrium moves by {span}, whichever equilibria "
        f"are compared ({count(len(changes), 'pair')}{sure})."
    )


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
            f"the role's gains (root mean squares), at most by {amount(first.game, largest)}"
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
        epsilon = sampling.epsilon_of(x.asked, each.game)
        for one in each.equilibria.pure:
            own = own_regrets(each.conditioned, one)
            if own:
                firm = max(own, key=lambda name: own[name])
                stays += own[firm] <= epsilon
                worst.append((own[firm], firm, each))
    if not worst:
        return ""
    gain, firm, of = max(worst, key=lambda each: each[0])
    if stays == len(worst):
        return "No firm taken by itself would gain by leaving any pure equilibrium, in the mean over runs."
    return (
        f"Taken by itself, some firm would gain by leaving {len(worst) - stays} of {len(worst)} pure "
        f"equilibria, in the mean over runs; most would {firm_words(firm)}, {amount(of.game, gain)} under "
        f"{condition_words(of)}."
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
