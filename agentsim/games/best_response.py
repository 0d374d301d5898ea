"""Best response: the strategy of a family that gains most against what a player meets.

What a player meets in an equilibrium is a distribution over how all others play. Where its role mixes,
that is one for the whole role; where a profile is pure, it is one for each strategy that its role
follows, as a player who restrains meets one more who escalates than one who escalates does.

The search is differential evolution (Storn and Price 1997, Differential evolution: a simple and
efficient heuristic for global optimization over continuous spaces, Journal of Global Optimization), a
generation of parameters at once. What it finds is the best of what it tried, and no proof that there
is no better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.equilibria import Equilibrium
from agentsim.games.game import SMALL, Game
from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

RARE = 1e-3
"""Probability below which what others do is left out of what a player meets."""
POPULATION = 16
"""Parameters that are tried at once, for each parameter that is free."""
SHORTLIST = 4
"""Members of a family that a search proposes at most."""
APART = 0.05
"""How far these lie apart in one parameter at least, as a part of its range."""
KEY = 20251231
"""Of the generator from which the search draws: the same question has the same answer."""


@dataclass(frozen=True)
class Family:
    """Strategies of a role that differ by numbers: `escalate(step)` for every step from 0 to 1."""

    role: str
    name: str
    parameters: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    fixed: str = ""
    """What else stands in the brackets, such as `debt_share=0.5`."""
    steps: int = 1000
    """Parts of each range; parameters are multiples of one, as finer ones would tell nothing."""

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        for name, low, high in zip(self.parameters, self.low, self.high, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise AgentsimError(
                    f"{self.name}: {name} from {low:g} to {high:g} is no range; "
                    f"write {name}=LOW..HIGH, the lower first"
                )

    def snapped(self, x: Array) -> Array:
        """Return parameters `(..., parameters)` on the grid of the ranges."""
        low, high = np.array(self.low), np.array(self.high)
        place = np.clip(np.rint((x - low) / (high - low) * self.steps), 0, self.steps)
        # Rounded, so that a text of the number is the number.
        found: Array = np.round(low + place / self.steps * (high - low), 12)
        return found

    def text(self, x: Array) -> str:
        """Return the strategy of some parameters `(parameters,)` as a game file names it."""
        parts = [f"{name}={value:.10g}" for name, value in zip(self.parameters, x, strict=True)]
        return f"{self.name}({', '.join([*parts, *([self.fixed] if self.fixed else [])])})"

    @property
    def words(self) -> str:
        """The family in words."""
        ranges = zip(self.parameters, self.low, self.high, strict=True)
        parts = [f"{name}={low:g}..{high:g}" for name, low, high in ranges]
        return f"{self.name}({', '.join([*parts, *([self.fixed] if self.fixed else [])])})"


@dataclass(frozen=True, eq=False)
class Faced:
    """What a player of a role meets in an equilibrium, and what it does there itself."""

    game: Game
    role: int
    counts: Counts
    """How many of the others follow what, `(met, columns)`."""
    weights: Array
    """How likely that is, `(met,)`; they add up to 1."""
    own: Array
    """How likely the player follows each strategy of its role, `(own,)`."""
    left_out: float = 0.0
    """How likely it is to meet what is left out, each less than `RARE`."""

    @property
    def follows(self) -> str:
        """What the player follows, in words."""
        return mixed(self.game.roles[self.role].strategies, self.own)

    @property
    def earned(self) -> float:
        """What the player earns in the equilibrium."""
        layout = self.game.layout
        start, total = layout.starts[self.role], 0.0
        for counts, weight in zip(self.counts, self.weights, strict=True):
            for own in np.flatnonzero(self.own):
                after = counts.copy()
                after[start + own] += 1
                total += (
                    weight * self.own[own] * self.game.payoffs[layout.place(after), start + own]
                )
        return float(total)


def mixed(strategies: tuple[str, ...], x: Array) -> str:
    """Return a distribution over strategies in words."""
    played = np.flatnonzero(x > SMALL)
    if len(played) == 1:
        return strategies[int(played[0])]
    return ", ".join(f"{strategies[at]} {x[at]:.3g}" for at in played)


def faced(equilibrium: Equilibrium, role: int) -> list[Faced]:
    """Return what players of a role meet: one for all where it mixes, else one for each strategy."""
    game = equilibrium.game
    part = game.layout.slice(role)
    if equilibrium.counts is not None:
        found = []
        for column in range(part.start, part.stop):
            if equilibrium.counts[column]:
                others = equilibrium.counts.copy()
                others[column] -= 1
                own = (np.arange(part.start, part.stop) == column).astype(np.float64)
                found.append(Faced(game, role, others[None], np.ones(1), own))
        return found
    assert equilibrium.mixture is not None
    x = equilibrium.mixture
    others_met = game.layout.others(role)
    weights = others_met.orders * np.prod(x**others_met.counts, axis=1)
    kept = weights >= min(RARE, float(weights.max()))
    total = float(weights[kept].sum())
    own = np.where(x[part] > SMALL, x[part], 0.0)
    return [Faced(game, role, others_met.counts[kept], weights[kept] / total, own / own.sum(),
                  max(0.0, 1.0 - total))]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Best:
    """One of the best of a family that a search found."""

    family: Family
    x: Array
    """Its parameters, `(parameters,)`."""
    gain: float
    """What it gains by what the search saw: an upper estimate where payoffs are means over runs."""
    tried: int
    """How many parameters were tried."""

    @property
    def text(self) -> str:
        """The strategy, as a game file names it."""
        return self.family.text(self.x)

    @property
    def at_an_end(self) -> bool:
        """Whether a parameter lies at an end of its range, or within a hundredth of the range from it."""
        low, high = np.array(self.family.low), np.array(self.family.high)
        place = (self.x - low) / (high - low)
        return bool((np.minimum(place, 1.0 - place) <= 0.01).any())


def best_responses(
    family: Family, gains: Callable[[Array], Array], generations: int = 12
) -> list[Best]:
    """Return the member of a family that gains most, and the next best that lie apart from it.

    gains: what parameters `(tried, parameters)` gain, `(tried,)`; not finite where one cannot be
    played. It is asked for a generation at once, and for nothing twice. The first generation of a
    single parameter are evenly spaced, both ends among them; of several, points of a Sobol sequence
    with the corners. Raises AgentsimError, one line, if nothing that was tried can be played.
    """
    from scipy.optimize import differential_evolution

    known: dict[bytes, float] = {}
    seen: dict[bytes, Array] = {}

    def loss(x: Array) -> Array:
        rows = family.snapped(x.T)
        fresh = {row.tobytes(): row for row in rows if row.tobytes() not in known}
        if fresh:
            found = np.asarray(gains(np.array(list(fresh.values()))), dtype=np.float64)
            known.update(zip(fresh, found.tolist(), strict=True))
            seen.update(fresh)
        asked = np.array([known[row.tobytes()] for row in rows])
        return np.where(np.isfinite(asked), -asked, np.inf)

    bounds = list(zip(family.low, family.high, strict=True))
    rng = np.random.Generator(np.random.Philox(key=[KEY, len(bounds)]))
    with np.errstate(invalid="ignore"):  # a spread of losses of which some are infinite
        differential_evolution(
            loss, bounds, maxiter=generations, tol=1e-4, polish=False, vectorized=True,
            updating="deferred", rng=rng, init=_first(family),
        )  # fmt: skip
    sound = {key: gain for key, gain in known.items() if np.isfinite(gain)}
    if not sound:
        raise AgentsimError(
            f"none of {len(known)} of {family.words} can be played; give another range"
        )
    reach = np.array(family.high) - np.array(family.low)
    found: list[Best] = []
    for key in sorted(sound, key=lambda key: -sound[key]):
        x = seen[key]
        if all((np.abs(x - each.x) / reach).max() >= APART for each in found):
            found.append(Best(family, x, sound[key], len(known)))
        if len(found) == SHORTLIST:
            break
    return found


def _first(family: Family) -> Array:
    """Return the first generation, `(tried, parameters)`."""
    low, high = np.array(family.low), np.array(family.high)
    free = len(low)
    if free == 1:
        return np.linspace(low, high, POPULATION)
    from scipy.stats import qmc

    size = 1 << (POPULATION * free - 1).bit_length()
    inside = qmc.Sobol(free, scramble=False).random(size)
    corners = np.array(list(np.ndindex(*[2] * free)), dtype=np.float64)[: size // 2]
    found: Array = low + (high - low) * np.vstack([inside[: size - len(corners)], corners])
    return found
