"""How often intervals cover the truth, on games whose truth is known.

    python -m agentsim.games.coverage [REPLICATIONS]

prints a table. Every payoff is its true mean, plus luck that all profiles share in a run (three times
as large as its own), plus luck of its own: normal, or lognormal less its mean (sigma 0.5, skewness 1.8,
or sigma 1, skewness 6.2). A replication draws as many runs as asked, makes the interval and looks
whether the truth lies below it, or above. Draws follow from the case and the number of runs alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from agentsim.batch.intervals import LEVEL, Interval, bootstrap_mean
from agentsim.batch.moments import student
from agentsim.games.confidence import candidate, confidence
from agentsim.games.deviating import gains
from agentsim.games.equilibria import Equilibrium
from agentsim.games.game import Game
from agentsim.games.largest import difference_of_largest
from agentsim.games.studentised import (
    TAIL,
    mean_interval,
    ratio_difference,
    ratio_interval,
    resampled_t,
    standard_error,
)
from agentsim.laws.numerics import Array

SHARED = 3.0
RUNS = (30, 100, 400)
NOISES = {"normal": 0.0, "lognormal 0.5": 0.5, "lognormal 1": 1.0}
"""Sigma of the lognormal; 0 stands for the normal."""
Gained = list[float]
TRUE_MEAN, TRUE_SHARE, SHARE_BEFORE = 1.0, 0.4, 0.3


@dataclass(frozen=True)
class Case:
    """An interval whose truth is known."""

    name: str
    truth: float
    interval: Callable[[Luck, int], Interval]
    """Takes a source of luck and the number of runs."""
    told_apart: bool = True
    """Whether coverage should be 95%; otherwise it may be higher: ties, or gains that are nearly equal."""


@dataclass(frozen=True, eq=False)
class Luck:
    """Draws of one kind of noise, mean zero."""

    rng: np.random.Generator
    sigma: float

    def own(self, *shape: int) -> Array:
        """Return draws that are independent."""
        z = self.rng.normal(size=shape)
        if self.sigma == 0.0:
            return z
        skewed: Array = np.exp(self.sigma * z) - np.exp(self.sigma**2 / 2.0)
        return skewed

    def payoffs(self, game: Game, runs: int) -> Array:
        """Return payoffs by run, `(profiles, columns, runs)`."""
        shared = SHARED * self.rng.normal(size=runs)
        return game.payoffs[:, :, None] + shared + self.own(*game.payoffs.shape, runs)


def posed(first: Gained, second: Gained) -> Game:
    """Return a game of two in which leaving the first profile gains either of them what is given."""
    u = np.zeros((2, len(first) + 1, len(second) + 1))
    u[0, 1:, 0], u[1, 0, 1:] = first, second
    return Game.from_payoffs(u)


def crowding() -> Game:
    """Return a game of four who are alike: each earns less, the more do the same."""
    from agentsim.games.profiles import Layout, Role

    role = Role("firms", ("a", "b", "c", "d"), ("left", "middle", "right"))
    profiles = Layout.of((role,)).profiles
    payoffs = np.array([16.0, 14.0, 4.0]) - np.array([4.0, 4.0, 1.2]) * profiles
    return Game((role,), np.where(profiles > 0, payoffs, np.nan))


ROCK = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
THIRD = np.full(6, 1.0 / 3.0)


@cache
def regret_cases() -> tuple[Case, ...]:
    """Return the regrets of candidates of known games."""
    stay = ["1", "1"]
    rock = Game.from_payoffs(np.stack([ROCK, -ROCK]))
    crowd = crowding()
    unlike = np.array([0.5, 0.3, 0.2, 0.45, 0.3, 0.25])
    told: list[tuple[str, Equilibrium, bool]] = [
        ("one largest gain", candidate(posed([1.5, -2, -3], [-2, -2.5, -3]), stay), True),
        ("largest gains nearly equal", candidate(posed([0.5, 0.35, -1], [0.2, -1, -1]), stay), False),
        ("two equal", candidate(posed([0.5, -1, -1], [0.5, -1, -1]), stay), False),
        ("six equal", candidate(posed([0.5] * 3, [0.5] * 3), stay), False),
        ("zero, one indifferent", candidate(posed([0.0, -1, -1], [-1, -1, -1]), stay), False),
        ("zero, all indifferent", candidate(posed([0.0] * 3, [0.0] * 3), stay), False),
        ("zero, all lose", candidate(posed([-1.0] * 3, [-1.0] * 3), stay), False),
        ("mixture, alike players", candidate(crowd, np.array([0.2, 0.2, 0.6])), True),
        ("mixture, unlike players", candidate(rock, unlike), False),
        ("mixed equilibrium", candidate(rock, THIRD), False),
    ]  # fmt: skip
    return tuple(_regret(*each) for each in told)


def _regret(name: str, of: Equilibrium, told_apart: bool) -> Case:
    return Case(
        f"regret: {name}",
        of.regret,
        lambda luck, runs: confidence(of, luck.payoffs(of.game, runs)).regret,
        told_apart,
    )


@cache
def difference_cases() -> tuple[Case, ...]:
    """Return differences of regrets between two games with paired runs."""
    stay = ["1", "1"]
    pairs: list[tuple[str, tuple[Gained, Gained], tuple[Gained, Gained], bool]] = [
        ("one largest gain", ([5, -2, -3], [-2, -3, -3]), ([4, -2, -3], [-3, -3, -3]), True),
        ("ties in both", ([0.5, 0.5, -1], [0.5, -1, -1]), ([0, 0, -1], [-1, -1, 0]), False),
    ]  # fmt: skip
    found = []
    for name, a, b, told_apart in pairs:
        of, before = candidate(posed(*a), stay), candidate(posed(*b), stay)
        found.append(_difference(f"regret less regret: {name}", of, before, told_apart))
    return tuple(found)


def _difference(name: str, after: Equilibrium, before: Equilibrium, told_apart: bool) -> Case:
    def interval(luck: Luck, runs: int) -> Interval:
        first = luck.payoffs(before.game, runs)
        noise = first - before.game.payoffs[:, :, None]
        second = after.game.payoffs[:, :, None] + 0.7 * noise + 0.5 * luck.own(*noise.shape)
        a, b = (
            np.concatenate([np.zeros((1, runs)), gains(of, x).by_run]).T
            for of, x in ((after, second), (before, first))
        )
        return difference_of_largest(a, b)

    return Case(name, after.regret - before.regret, interval, told_apart)


@cache
def simple_cases(of_mean: Callable[[Array], Interval] = mean_interval) -> tuple[Case, ...]:
    """Return means, gains, paired differences and shares."""
    game = posed([0.8, -0.5, -1], [-0.4, -1, -2])
    stay = candidate(game, ["1", "1"])

    def share(luck: Luck, runs: int, mean: float) -> tuple[Array, Array]:
        total = 10.0 + 2.0 * luck.own(runs)
        return mean * total + luck.own(runs), total

    return (
        Case("mean", TRUE_MEAN, lambda luck, runs: of_mean(TRUE_MEAN + luck.own(runs))),
        Case("gain from a deviation", 0.8,
             lambda luck, runs: of_mean(gains(stay, luck.payoffs(game, runs)).by_run[0])),
        Case("share, a ratio of means", TRUE_SHARE,
             lambda luck, runs: ratio_interval(*share(luck, runs, TRUE_SHARE))),
        Case("share less share", TRUE_SHARE - SHARE_BEFORE,
             lambda luck, runs: ratio_difference(*share(luck, runs, TRUE_SHARE),
                                                 *share(luck, runs, SHARE_BEFORE))),
    )  # fmt: skip


def missed(case: Case, noise: str, runs: int, replications: int) -> tuple[int, int]:
    """Return how often the truth lies below the interval, and how often above."""
    key = [int.from_bytes(case.name.encode()[-8:], "little"), runs + (int(NOISES[noise] * 2) << 32)]
    luck = Luck(np.random.Generator(np.random.Philox(key=key)), NOISES[noise])
    slack = 1e-9  # a truth of 0 that is 1e-17 in the arithmetic of a mixture
    below = above = 0
    for _ in range(replications):
        found = case.interval(luck, runs)
        below += found.low > case.truth + slack
        above += found.high < case.truth - slack
    return below, above


def picked(runs: int, replications: int, fresh: bool) -> float:
    """Return how often the interval covers the regret of the profile that looked best of 16.

    In each of them somebody gains a little in truth. fresh: whether the interval is made of other
    runs than those by which the profile was picked.
    """
    u = np.array([[[0.2 * ((i + j) % 2 == p) for j in range(4)] for i in range(4)] for p in (0, 1)])
    game = Game.from_payoffs(u)
    luck = Luck(np.random.Generator(np.random.Philox(key=[16, runs])), 0.0)
    covered = 0
    for _ in range(replications):
        x = luck.payoffs(game, runs)
        seen = Game(game.roles, x.mean(axis=-1), x)
        at = candidate(game, game.layout.profiles[int(seen.pure_regrets.argmin())])
        found = confidence(at, luck.payoffs(game, runs) if fresh else x).regret
        covered += found.low <= at.regret <= found.high
    return covered / replications


def student_interval(x: Array) -> Interval:
    """Return Student's interval of a mean."""
    half = float(student(len(x), LEVEL)) * float(standard_error(x))
    return Interval(float(x.mean()), float(x.mean()) - half, float(x.mean()) + half, len(x))


def bootstrap_t(x: Array) -> Interval:
    """Return the bootstrap-t interval of a mean."""
    t, s, mean = resampled_t(x[:, None])[:, 0], float(standard_error(x)), float(x.mean())
    high, low = (float(each) for each in np.quantile(t, [TAIL, 1.0 - TAIL]))
    return Interval(mean, mean - low * s, mean - high * s, len(x))


OTHER_MEANS: dict[str, Callable[[Array], Interval]] = {
    "percentiles": bootstrap_mean, "Student": student_interval, "bootstrap-t": bootstrap_t,
}  # fmt: skip
"""Intervals of means that are not used, for comparison."""


def rows() -> Iterator[tuple[str, Case]]:
    """Yield the rows of the table: what it is called, and the case, the same draws for the same case."""
    for at, case in enumerate(simple_cases()[:2]):
        for name, of_mean in OTHER_MEANS.items():
            yield f"{case.name}, by {name}", simple_cases(of_mean)[at]
    for case in (*simple_cases(), *regret_cases(), *difference_cases()):
        yield case.name, case


def table(replications: int) -> Iterator[str]:
    """Yield the lines of the table."""
    wide = 44
    yield f"Truth within the 95% interval, % of {replications:,} (below it, above it)"
    yield f"{'':{wide}}{'noise':16}" + "".join(f"{f'{runs} runs':>20}" for runs in RUNS)
    for name, case in rows():
        for noise in NOISES:
            cells = []
            for runs in RUNS:
                found = missed(case, noise, runs, replications)
                below, above = (100.0 * each / replications for each in found)
                cells.append(f"{100.0 - below - above:.1f} ({below:.1f}, {above:.1f})")
            yield f"{name:{wide}}{noise:16}" + "".join(f"{each:>20}" for each in cells)
    for fresh in (False, True):
        name = f"regret: picked as best of 16, {'fresh' if fresh else 'the same'} runs"
        cells = [f"{100.0 * picked(runs, replications, fresh):.1f}" for runs in RUNS]
        yield f"{name:{wide}}{'normal':16}" + "".join(f"{each:>20}" for each in cells)


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else 2000):
        print(line, flush=True)
