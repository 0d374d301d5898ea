"""Approximate Bayesian computation by sequential Monte Carlo (Toni et al. 2009), by pyABC.

pyABC proposes, judges and lowers the tolerance; a round's proposals are simulated and weighed side by
side. Points are proposed as standard normal numbers: the range's place is their distribution
function, so that a marked range is a uniform prior without edges to fall over.

Source: Toni, Welch, Strelkowa, Ipsen & Stumpf 2009, "Approximate Bayesian computation scheme for
parameter inference and model selection in dynamical systems", Journal of the Royal Society Interface 6;
Schälte et al. 2022, "pyABC: efficient and robust easy-to-use approximate Bayesian computation",
Journal of Open Source Software 7.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

Evaluate = Callable[[int, int, dict[str, Array]], Array]
"""From generation, round and points by label, from 0 to 1, to the distance of each."""
Heard = Callable[[int, int], None]
"""Told of generation and of how many are accepted, after each round."""
STATISTIC = "distance"
INPUTS = ("adoption", "foundry", "memory", "other_buyers", "demand")
"""Whose ranges are proposed together: what begins with these words is about the same thing."""
LEAST, MOST = 1_000, 20_000
"""Proposals of a round."""
HOPELESS = 0.5
"""A generation is given up when so small a share of the acceptance that is asked for has come."""
AT_ONCE = 2_000_000
"""Distances between points that are held in memory while proposals are weighed."""


@dataclass(frozen=True)
class Generation:
    """One population: points that lie within a tolerance, with their weights."""

    tolerance: float
    simulated: int
    accepted: int
    points: dict[str, Array]
    """By label, from 0 to 1, `(accepted,)` each."""
    weights: Array
    distance: Array

    @property
    def effective(self) -> float:
        """How many draws of equal weight would tell as much."""
        return float(self.weights.sum() ** 2 / np.square(self.weights).sum())


@dataclass(frozen=True)
class Course:
    """All generations, and why there are no more."""

    generations: list[Generation]
    stopped: str
    """As a sentence goes on: because ..."""


def sequential(
    labels: Sequence[str],
    evaluate: Evaluate,
    first: float,
    population: int,
    generations: int,
    least_accepted: float,
    entropy: int,
    heard: Heard = lambda generation, accepted: None,
) -> Course:
    """Return one generation after another, each within a lower tolerance.

    first: the tolerance of the first. It is then the median distance of the last, until so many
    generations are done or a smaller share than `least_accepted` of the proposals is accepted. No
    generation takes more than `population / least_accepted` proposals and a round; one that comes
    to nothing is dropped. Raises AgentsimError, one line, where not even the first comes about, or
    pyABC is not installed.
    """
    pyabc = library()
    from pyabc.inference import ABCSMC

    sampler = _sampler(pyabc, labels, evaluate, heard, least_accepted)
    with _seeded(entropy):
        smc = ABCSMC(
            pyabc.FunctionModel(lambda parameter: {}),
            pyabc.Distribution(**{_key(i): pyabc.RV("norm", 0, 1) for i in range(len(labels))}),
            distance_function=_given_distance,
            population_size=population,
            transitions=_kernels(labels),
            eps=pyabc.QuantileEpsilon(initial_epsilon=first, alpha=0.5),
            sampler=sampler,
        )
        history = smc.new("sqlite://", {STATISTIC: 0.0})
        smc.run(max_nr_populations=generations, min_acceptance_rate=least_accepted)
        found = [_generation(history, labels, number) for number in range(history.max_t + 1)]
        _close(history)
    came = f"{sampler.accepted:,} of {sampler.nr_evaluations_:,} proposals were accepted"
    if not found:
        raise AgentsimError(
            f"population = {population} did not come about within the first tolerance, {first:.2f}: "
            f"{came}; give a smaller one, or more points to screen"
        )
    return Course(found, _why(found, sampler, came, generations, least_accepted))


def _why(
    found: list[Generation], sampler: Any, came: str, generations: int, least_accepted: float
) -> str:
    """Return why there are no more generations."""
    if sampler.generation >= len(found):
        return (
            f"generation {sampler.generation + 1}, with tolerance {sampler.tolerance:.2f}, was given "
            f"up: {came}, less than {least_accepted:.0%}"
        )
    if found[-1].accepted < least_accepted * found[-1].simulated:
        return f"in generation {len(found)} {came}, less than {least_accepted:.0%}"
    if len(found) == generations:
        return f"that many generations were asked for: {generations}"
    return f"the tolerance cannot be lowered: it is {found[-1].tolerance:.2g}"


def _close(history: Any) -> None:
    """Close the database in memory, which pyABC leaves open."""
    session, engine = (getattr(history, name, None) for name in ("_session", "_engine"))
    if session is not None and engine is not None:
        session.close()
        engine.dispose()


def library() -> Any:
    """Return pyABC. Raises AgentsimError, one line, where it is not installed."""
    try:
        import pyabc
    except ImportError:
        raise AgentsimError(
            "calibrate needs pyABC; run: pip install 'agentsim[calibration]'"
        ) from None
    for name in ("ABC", "ABC.Distance", "ABC.Population", "ABC.Sampler", "ABC.History"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return pyabc


def _given_distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return the distance that was found when the point was simulated."""
    return float(one[STATISTIC])


def _key(place: int) -> str:
    return f"z{place:03d}"


@contextmanager
def _seeded(entropy: int) -> Iterator[None]:
    """Let pyABC, which draws from NumPy's global generator, draw from a seeded one meanwhile."""
    before = np.random.get_state()  # noqa: NPY002 - it is what pyABC draws from
    np.random.seed(entropy % 2**32)  # noqa: NPY002 - the same
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002 - the same


def _sampler(
    pyabc: Any, labels: Sequence[str], evaluate: Evaluate, heard: Heard, least_accepted: float
) -> Any:
    """Return a sampler for pyABC that simulates the proposals of a round side by side."""
    from pyabc.inference_util import evaluate_proposal
    from scipy.stats import norm

    class Batched(pyabc.sampler.Sampler):  # type: ignore[misc] # pyABC is of type Any
        """Proposals by rounds; accepted ones count in the order in which they were proposed."""

        rate = 0.5
        generation = accepted = 0
        tolerance = np.inf

        def sample_until_n_accepted(
            self, n: int, simulate_one: Any, t: int, *, max_eval: float = np.inf,
            all_accepted: bool = False, ana_vars: Any = None,
        ) -> Any:  # fmt: skip
            """Propose, simulate and judge until n proposals are accepted, or it is hopeless."""
            how = simulate_one.keywords
            sample = self._create_empty_sample()
            self.generation, self.tolerance = t, float(how["eps"](t))
            evaluated = turn = 0
            hopeless = False
            while sample.n_accepted < n and evaluated < max_eval and not hopeless:
                wanted = 1.2 * (n - sample.n_accepted) / self.rate
                z = _proposed(how, t, int(np.clip(wanted, LEAST, MOST)), len(labels))
                points = {label: norm.cdf(z[:, i]) for i, label in enumerate(labels)}
                distance = evaluate(t, turn, points)
                fine = np.flatnonzero(distance <= self.tolerance)[: n - sample.n_accepted]
                for row, weight in zip(fine, _weights(how, t, z[fine]), strict=True):
                    judged = (z[row], distance[row], weight)
                    sample.append(_judged(pyabc, evaluate_proposal, how, t, *judged))
                evaluated += len(z)
                turn += 1
                self.rate = max(sample.n_accepted / evaluated, 1e-3)
                short = sample.n_accepted < n
                hopeless = short and sample.n_accepted < HOPELESS * least_accepted * evaluated
                heard(t, sample.n_accepted)
            self.nr_evaluations_, self.accepted = evaluated, sample.n_accepted
            sample.ok = sample.n_accepted >= n
            return sample

    return Batched()


def _kernels(labels: Sequence[str]) -> Any:
    """Return pyABC's kernels: normal, one for the ranges of each input, independent of each other.

    A kernel of all ranges together would be so wide, or its weights so uneven, that next to nothing
    were left of a population: in twenty dimensions a point has no neighbours but itself. Those of
    one input (capacity at the base date and its growth) stand in for each other and are kept together.
    """
    from pyabc.transition import AggregatedTransition, MultivariateNormalTransition

    groups: dict[str, list[str]] = {}
    for place, label in enumerate(labels):
        of = next((each for each in INPUTS if label.startswith(f"{each}_")), label)
        groups.setdefault(of, []).append(_key(place))
    return AggregatedTransition(
        {tuple(keys): MultivariateNormalTransition() for keys in groups.values()}
    )


def _proposed(how: dict[str, Any], t: int, count: int, dimensions: int) -> Array:
    """Return proposals, `(count, dimensions)`: from the prior, or from the last population's kernel."""
    if t == 0:
        return np.random.standard_normal((count, dimensions))  # noqa: NPY002 - as pyABC draws
    z = np.empty((count, dimensions))
    places = {_key(i): i for i in range(dimensions)}
    for keys, kernel in how["transitions"][0].mapping.items():  # all at once, which it does not do
        z[:, [places[key] for key in keys]] = kernel.rvs(count)[list(keys)]
    return z


def _weights(how: dict[str, Any], t: int, z: Array) -> Array:
    """Return the density of points under the prior over that under the kernels, `(points,)`.

    pyABC's own weight function takes one point at a time, and most of the time that fitting takes.
    """
    from scipy.stats import norm

    if t == 0 or not len(z):
        return np.ones(len(z))
    found: Array = np.exp(norm.logpdf(z).sum(axis=1))
    places = {_key(i): i for i in range(z.shape[1])}
    for keys, kernel in how["transitions"][0].mapping.items():
        centres = kernel.X[list(keys)].to_numpy()
        x = z[:, [places[key] for key in keys]]
        for some in np.array_split(np.arange(len(x)), 1 + len(x) * len(centres) // AT_ONCE):
            density = kernel.normal.pdf(x[some, np.newaxis] - centres)
            found[some] /= np.reshape(density, (len(some), len(centres))) @ kernel.w
    return found


def _judged(
    pyabc: Any, judge: Any, how: dict[str, Any], t: int, z: Array, distance: float, weight: float
) -> Any:
    """Return a simulated proposal as pyABC's particle, with its weight."""
    parameter = pyabc.Parameter({_key(i): float(x) for i, x in enumerate(z)})
    model = pyabc.FunctionModel(lambda parameter: {STATISTIC: float(distance)})
    needed = ("distance_function", "eps", "acceptor", "x_0")
    return judge(
        0, parameter, t=t, models=[model], summary_statistics=how["summary_statistics"],
        proposal_id=0, weight_function=lambda model, point, accepted: accepted * weight,
        **{name: how[name] for name in needed},
    )  # fmt: skip


def _generation(history: Any, labels: Sequence[str], number: int) -> Generation:
    """Return what pyABC keeps of a population."""
    from scipy.stats import norm

    frame, weights = history.get_distribution(m=0, t=number)
    told = history.get_all_populations().set_index("t").loc[number]
    distances = history.get_weighted_distances(t=number)["distance"].to_numpy()
    return Generation(
        tolerance=float(told["epsilon"]),
        simulated=int(told["samples"]),
        accepted=len(frame),
        points={label: norm.cdf(frame[_key(i)].to_numpy()) for i, label in enumerate(labels)},
        weights=np.asarray(weights, dtype=np.float64),
        distance=np.asarray(distances, dtype=np.float64),
    )
