"""Games as they are found, made by hand: two strategies, several conditions, and what came of profiles."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from agentsim.games import Game, Role
from agentsim.games.confirming import confirm
from agentsim.games.deviating import needed
from agentsim.games.empirical.found import Found, Solved
from agentsim.games.empirical.payoffs import Conditioned, words_of
from agentsim.games.empirical.playing import Played
from agentsim.games.empirical.sampling import Candidate, Sampled
from agentsim.games.equilibria import Equilibria
from agentsim.games.profiles import Layout

RUNS = 20
STAG = (-2.0, 0.0, 1.0)
"""What being fierce adds where so many of the others are: all mild and all fierce are equilibria."""
DILEMMA = (1.0, 1.0, 1.0)
LUCK = np.linspace(-1.0, 1.0, RUNS)
"""By run; it adds up to nothing."""


def made(advantage=STAG, served=(100.0, 10.0), runs=RUNS, names=("mild", "fierce")):
    """Return a game of players who are alike: the mild earn 10 - 3k, the fierce so much more.

    served: customers' surplus with nobody fierce, and what each of the fierce adds. Luck moves it by as
    much in every profile, and payoffs hardly.
    """
    n = len(advantage)
    layout = Layout((n,), (2,))
    fierce = layout.profiles[:, 1]
    luck = LUCK[:runs] if runs > 1 else np.zeros(1)
    earned = np.full((layout.count, 2, runs), np.nan)
    for place, count in enumerate(fierce):
        if count < n:
            earned[place, 0] = 10.0 - 3.0 * count + 0.1 * luck
        if count > 0:
            k = count - 1
            earned[place, 1] = 10.0 - 3.0 * k + advantage[k] - 0.1 * luck
    customers = served[0] + served[1] * fierce[:, None] + 5.0 * luck
    firms = np.where(layout.profiles[:, :, None] > 0, earned, 0.0)
    firms = (firms * layout.profiles[:, :, None]).sum(axis=1)
    others = {
        "customer_surplus": customers,
        "hyperscaler_value": firms,
        "lender_value": np.full_like(customers, -2.0),
        "total_surplus": customers + firms - 2.0,
    }
    role = Role("firms", tuple(f"firm {i}" for i in range(n)), names)
    return Game((role,), earned.mean(axis=2), earned if runs > 1 else None, others, "$bn")


def conditioned(game, condition, at=0, fresh=True, found=None):
    """Return a condition as it is found: its equilibria, held against runs that are as they were."""
    members = np.full((game.layout.count, game.layout.columns, len(game.players)), np.nan)
    equilibria = game.equilibria()
    if found is not None:
        equilibria = Equilibria(game, tuple(found), True, "as made")
    candidates = []
    for each in equilibria:
        places = needed(each)
        held = confirm(each, game.runs[places], 0.2, places) if fresh else None
        candidates.append(Candidate(at, each, 0, places, None, held))
    told = Conditioned(condition, game, members)
    return Solved(told, equilibria, tuple(candidates))


def found_of(*conditions):
    """Return what is found of a game called made."""
    asked = SimpleNamespace(name="made", epsilon=0.0, dilemma=[])
    sampled = Sampled((), "", 0, 0)
    played = Played(asked, Path(), (), (), sampled, 0, 0)
    return Found(played, tuple(conditions))


def over(games):
    """Return what is found over conditions: games by level of the shock and of demand elasticity."""
    names = ("shock.efficiency.factor", "demand_elasticity")
    conditions = []
    for at, (levels, game) in enumerate(games.items()):
        condition = dict(zip(names, levels, strict=True))
        assert words_of(condition)
        conditions.append(conditioned(game, condition, at))
    return found_of(*conditions)
