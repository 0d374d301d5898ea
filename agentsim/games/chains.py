"""Markov chains: where they spend their time, and the parts that they never leave.

Sources: Grassmann, Taksar and Heyman (1985), Regenerative analysis and steady state distributions for
Markov chains, Operations Research; Tarjan (1972), Depth-first search and linear graph algorithms, SIAM
Journal on Computing.
"""

from __future__ import annotations

import numpy as np

from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array


def long_run(chain: Array) -> Array:
    """Return the share of time in each state of a chain with chances above zero, `(states,)`.

    chain: chances of going from row to column, `(states, states)`; the diagonal is not looked at, and
    rates will do as well as chances.

    One state after the other is taken out, and what went through it is passed on. That takes no
    subtraction (Grassmann, Taksar and Heyman 1985), so that states that are hardly ever left keep
    their digits.
    """
    chain = chain.copy()
    states = len(chain)
    for last in range(states - 1, 0, -1):
        chain[:last, last] /= chain[last, :last].sum()
        chain[:last, :last] += chain[:last, last, None] * chain[last, :last]
    shares = np.ones(states)
    for at in range(1, states):
        shares[at] = (shares[:at] * chain[:at, at]).sum()
        shares[: at + 1] /= shares[: at + 1].sum()
    return shares


def long_run_of_logs(logs: Array) -> Array:
    """Return what `long_run` does, of chances given by their logarithms, -inf for none.

    Chances may be as far apart as e^-100000 and 1, which as numbers they cannot. Every state must be
    reached from every other, however seldom.
    """
    logs = logs.copy()
    states = len(logs)
    for last in range(states - 1, 0, -1):
        logs[:last, last] -= _log_sum(logs[last, :last])
        passed = logs[:last, last, None] + logs[last, :last]
        np.logaddexp(logs[:last, :last], passed, out=logs[:last, :last])
    shares = np.zeros(states)
    for at in range(1, states):
        shares[at] = _log_sum(shares[:at] + logs[:at, at])
    found: Array = np.exp(shares - _log_sum(shares))
    return found


def sinks(start: Counts, end: Counts, states: int) -> tuple[tuple[int, ...], ...]:
    """Return the parts of a graph that no edge leaves and in which all is reached from all.

    start, end: of each edge, `(edges,)`. A state without an edge out is a part by itself. In the order
    of their first states.
    """
    part = components(start, end, states)
    open_ = np.zeros(part.max() + 1, dtype=bool)
    open_[part[start[part[start] != part[end]]]] = True
    found = [tuple(np.flatnonzero(part == at).tolist()) for at in np.flatnonzero(~open_)]
    return tuple(sorted(found))


def components(start: Counts, end: Counts, states: int) -> Counts:
    """Return the strongly connected component of each state, `(states,)`, numbered from 0."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    edges = csr_array((np.ones(len(start)), (start, end)), shape=(states, states))
    _, part = connected_components(edges, directed=True, connection="strong")
    return np.asarray(part, dtype=np.int64)


def _log_sum(logs: Array) -> float:
    """Return the logarithm of a sum of numbers given by theirs."""
    most = float(logs.max())
    return most + float(np.log(np.exp(logs - most).sum()))
