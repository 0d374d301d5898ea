"""Kinds of game: what a firm gains by spending more, whatever the others do, in a study.

Of two postures the milder stands for restraint. The firm's payoff is R where all are mild, T where it
alone is fierce, S where it alone is mild, P where all are fierce: `agentsim.games.kinds` says the rest.
"""

from __future__ import annotations

import numpy as np

from agentsim.batch.intervals import bootstrap_mean, paired_difference
from agentsim.games.kinds import Kind, kind_of_payoffs
from agentsim.laws.numerics import Array
from agentsim.report.axes import Level
from agentsim.report.measures import TINY, sign
from agentsim.report.study import Study


def game_of(mild: Level, fierce: Level, payoffs: dict[str, Array]) -> Kind:
    """Return the game of payoffs T, R, P and S by run."""
    T, R, P, S = (payoffs[name] for name in "TRPS")
    return kind_of_payoffs(mild, fierce, (np.stack([R, S]), np.stack([T, P])), slack=TINY)


def game(study: Study, firm: str, pair: tuple[Level, Level], shock: Level, demand: Level) -> Kind:
    """Return the game that a firm plays against the others with a pair of postures."""
    if (found := study.games.get((firm, pair, shock, demand))) is not None:
        return found
    mild, fierce = pair

    def payoff(own: Level, others: Level) -> Array:
        return study.payoff(firm, own, others, shock, demand)

    payoffs = {
        "T": payoff(fierce, mild),
        "R": payoff(mild, mild),
        "P": payoff(fierce, fierce),
        "S": payoff(mild, fierce),
    }
    made = study.games[firm, pair, shock, demand] = game_of(mild, fierce, payoffs)
    return made


def pairs(study: Study, firm: str) -> list[tuple[Level, Level]]:
    """Return the pairs of postures that both the firm and the others may take, mild ones first."""
    own, others = study.deviators[firm]
    shared = [each for each in own if each in others]
    found = [(a, b) for i, a in enumerate(shared) for b in shared[i + 1 :]]
    # The widest pair is the one that the story is about.
    return sorted(found, key=lambda pair: -(shared.index(pair[1]) - shared.index(pair[0])))


def best_replies(
    study: Study, firm: str, others: Level, shock: Level, demand: Level
) -> list[Level]:
    """Return what pays a firm best against the others, the largest mean first.

    More than one where the paired interval of a difference from the best does not leave out zero;
    none where nothing was run.
    """
    own = study.deviators[firm][0]
    payoffs = {level: study.payoff(firm, level, others, shock, demand) for level in own}
    means = {level: bootstrap_mean(x).value for level, x in payoffs.items()}
    ran = sorted(
        (level for level in own if np.isfinite(means[level])), key=lambda level: -means[level]
    )
    return [
        level
        for place, level in enumerate(ran)
        if place == 0 or sign(paired_difference(payoffs[ran[0]], payoffs[level])) == 0
    ]
