"""What is known of a game of given payoffs: equilibria, kind, welfare and dynamics, as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from agentsim.errors import AgentsimError
from agentsim.games.alpha_rank import alpha_rank
from agentsim.games.best_replies import best_replies
from agentsim.games.confidence import confidence
from agentsim.games.correlated import bounds
from agentsim.games.kinds import MEANING
from agentsim.games.logit import logit_path
from agentsim.games.populations import basins
from agentsim.printing import aligned, short
from agentsim.report.game_words import count
from agentsim.report.words import capital

if TYPE_CHECKING:
    from agentsim.games.equilibria import Equilibria, Equilibrium
    from agentsim.games.game import Game

MOST_RANKED = 1000


def lines(
    game: Game, found: Equilibria, mild: str | None = None, fierce: str | None = None
) -> list[str]:
    """Return what is known of a game, line by line."""
    return [
        _head(game, found), "", *_equilibria(game, found), "", *_kind(game, mild, fierce),
        *_welfare(game, found), *_bounds(game), *_dynamics(game),
    ]  # fmt: skip


def _head(game: Game, found: Equilibria) -> str:
    pure, mixed = len(found.pure), len(found.mixed)
    told = f"{count(pure, 'pure equilibrium', 'pure equilibria')} and {mixed} mixed"
    sure = "these are all" if found.complete else "there may be more"
    return (
        f"{capital(game.name or 'The game')}: {count(len(game.players), 'player')}, "
        f"{count(game.layout.count, 'profile')}. {told}; {sure}: {found.why}."
    )


def _equilibria(game: Game, found: Equilibria) -> list[str]:
    sampled = game.runs is not None and game.runs.shape[-1] > 1
    rows = [["", "regret", *(["95% interval", "sure"] if sampled else []),
             *(f"{each.name} earns" for each in game.roles), "equilibrium"]]  # fmt: skip
    for at, each in enumerate(found):
        earned = [short(value) for value in each.payoffs.values()]
        rows.append(
            [
                f"{at + 1}",
                f"{each.regret:.2g}",
                *(_sure(each) if sampled else []),
                *earned,
                each.words,
            ]
        )
    note = ["Sure: the share of resamples of runs in which it is one."] if sampled else []
    return [*aligned(rows), *note]


def _sure(each: Equilibrium) -> list[str]:
    told = confidence(each)
    low, high = float(told.regret.low), float(told.regret.high)
    return [f"{short(low)} to {short(high)}", f"{told.probability(0.0):.2f}"]


def _kind(game: Game, mild: str | None, fierce: str | None) -> list[str]:
    """Return the kind of game where it is a matter of two strategies, or of a pair that is named."""
    if not (mild or fierce) and max(game.layout.widths) > 2:
        return []
    if bool(mild) != bool(fierce):
        raise AgentsimError("--mild and --fierce go together; give both")
    pair = game.classify(mild, fierce).only
    told = [f"Kind of game between {pair.mild} and {pair.fierce}: {pair.kind}"
            f"{f' ({MEANING[pair.kind]})' if pair.kind in MEANING else ''}."]  # fmt: skip
    if len(game.players) >= 2:
        told.append(f"Played again and again: {game.repeated(mild, fierce).words()}.")
    return told


def _welfare(game: Game, found: Equilibria) -> list[str]:
    if not len(found):
        return []
    x = game.measures(found)
    anarchy, stability = float(x.price_of_anarchy.value), float(x.price_of_stability.value)
    lost = float(x.lost_to_anarchy.value), float(x.lost_at_best.value)
    prices = (
        f"price of anarchy {anarchy:.3g}, of stability {stability:.3g}; "
        if math.isfinite(anarchy) and math.isfinite(stability)
        else ""
    )
    told = [
        f"Total surplus: {short(_value(x.best, 'total_surplus'))} at best ({x.best.what}); {prices}lost in the "
        f"worst equilibrium {short(lost[0])}, in the best {short(lost[1])}."
    ]
    shares = [
        _value(row, "customer_share") for row in x.equilibria if "customer_share" in row.worth
    ]
    if shares:
        told.append(
            f"Customers' share in equilibrium: {100 * min(shares):.1f}% to {100 * max(shares):.1f}%."
        )
    return told


def _value(row: Any, name: str) -> float:
    return float(row.worth[name].value)


def _bounds(game: Game) -> list[str]:
    told = []
    for coarse in (False, True):
        x = bounds(game, "welfare", coarse)
        name = "coarse correlated" if coarse else "correlated"
        told.append(f"{name} equilibria {short(x.worst.value)} to {short(x.best.value)}")
    return [f"Sum of payoffs in {told[0]}, in {told[1]}."]


def _dynamics(game: Game) -> list[str]:
    replies, flow, path = best_replies(game), basins(game), logit_path(game)
    told = ["Best replies, one player at a time, lead to: "
            + "; ".join(f"{each.words} ({100 * share:.0f}%)" for each, share in
                        zip(replies.sinks, replies.chances.mean(axis=0), strict=True))]  # fmt: skip
    ends = [f"{each.rest.words} ({100 * float(each.share.value):.0f}%)" for each in flow.basins]
    for name, share in (("round and round", flow.round), ("not settled", flow.slow)):
        if float(share.value) > 0.0:
            ends.append(f"{name} ({100 * float(share.value):.0f}%)")
    told.append(f"Replicators, of {len(flow.starts)} starts, lead to: {'; '.join(ends)}")
    if game.layout.count <= MOST_RANKED:
        rank = alpha_rank(game)
        first = sorted(range(len(rank.weights)), key=lambda p: -rank.weights[p])[:3]
        told.append(
            "Alpha-rank puts first: "
            + "; ".join(f"{game.words(p)} ({100 * rank.weights[p]:.0f}%)" for p in first
                        if rank.weights[p] > 0.005)
        )  # fmt: skip
    arrived = "" if path.arrived else f" (as far as lambda {path.lambdas[-1]:.3g})"
    told.append(f"Quantal responses lead from even play to: {path.limit.words}{arrived}")
    return told
