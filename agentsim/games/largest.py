"""The largest of several means over runs, and how two such differ, with intervals that hold.

A regret is the largest of many gains. The largest of some means is biased upwards where they are
nearly equal, and percentiles of resampled ones lie higher yet. What holds instead, for
A = max_i a_i and B = max_j b_j with gains of the two paired by run:

    A - B <= max_i min_j (a_i - b_j - q_i s_ij),

s_ij the standard error of the mean of a_i - b_j. Only the i that is the largest in truth has to be
right, hence a bound a pair suffices for each i; and as b_j <= B for all j, any j gives a bound, and
the least of several holds if they hold together: q_i is the 2.5% quantile of the least t*_ij over j,
resampled as in `studentised`, or Student's where that is further. A j that lies clearly below B does not count in full: its t* is raised by
what it falls short of the largest, less kappa standard errors of the paired difference, and i that
lie as clearly below A are left out, with kappa^2 = 2 log n. The lower bound is the same with A and B
changed over. With B = 0 it is the interval of A itself; with all means far apart it is that of `studentised`.

Where several are largest together the interval is on the safe side: there it covers more often than
95%. Sources: Chernozhukov, Lee and Rosen (2013), Intersection bounds: estimation and inference,
Econometrica; Andrews and Soares (2010), Inference for parameters defined by moment inequalities
using generalized moment selection, Econometrica (kappa, there with log n or 2 log log n).
"""

from __future__ import annotations

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.games.studentised import FEW, TAIL, lower_critical, resampled_t, standard_error
from agentsim.laws.numerics import Array

CLEAR = 12.0
"""Standard errors of slack from which on a mean has no part in a bound."""


def largest(a: Array) -> Interval:
    """Return the largest mean over runs of the columns of a `(runs, columns)`, with its interval."""
    return difference_of_largest(a, np.zeros((len(a), 1)))


def difference_of_largest(a: Array, b: Array) -> Interval:
    """Return by how much the largest mean of a exceeds that of b, with its interval.

    a, b: `(runs, columns)`, all finite, run i of a beside run i of b. The bounds are NaN for one run.
    """
    value = float(a.mean(axis=0).max() - b.mean(axis=0).max())
    if len(a) < 2:
        return Interval(value, np.nan, np.nan, len(a))
    return Interval(value, -_upper(b, a), _upper(a, b), len(a))


def shortfalls(a: Array) -> Array:
    """Return what each mean surely falls short of the largest, `(columns,)`; 0 where it may be it.

    The most, over columns i, of (a_i - a_j) less kappa of its standard errors.
    """
    n, mean = len(a), a.mean(axis=0)
    kappa = np.sqrt(2.0 * np.log(n))
    found = np.zeros(len(mean))
    for at in range(len(mean)):
        s = standard_error(a[:, [at]] - a)
        found = np.maximum(found, mean[at] - mean - kappa * s)
    return found


def _upper(a: Array, b: Array) -> float:
    """Return what the largest mean of a, less that of b, exceeds in 2.5% of cases at most."""
    a = a[:, shortfalls(a) <= 0.0]
    short = shortfalls(b)
    n = len(a)
    pairs = a[:, :, None] - b[:, None, :]
    mean, s = pairs.mean(axis=0), standard_error(pairs)
    with np.errstate(divide="ignore", invalid="ignore"):
        raised = np.where(short > 0.0, short / s, 0.0)
    used = (raised < CLEAR).any(axis=0)
    mean, s, raised, pairs = mean[:, used], s[:, used], raised[:, used], pairs[:, :, used]
    if n < FEW:
        from scipy.special import stdtrit

        q = np.full(len(mean), stdtrit(n - 1.0, TAIL / mean.shape[1]))
    else:
        t = resampled_t(pairs.reshape(n, -1)).reshape(-1, *mean.shape)
        q = lower_critical((t + raised).min(axis=2), n)
    return float((mean - q[:, None] * s).min(axis=1).max())
