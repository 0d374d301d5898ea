"""Arithmetic that gives a run the same bits whatever runs stand beside it.

Addition, multiplication, division, square root, comparison, `np.where`, `np.maximum` and
`np.minimum` are exact or correctly rounded and need no care. What does need it, as measured with
NumPy 2.5 on a machine with AVX-512 (other machines may be more forgiving, not less):

- `x.sum(axis=0)` adds in another order for one run than for many, from 8 firms on: `ordered_sum`.
- `np.power` with an array of exponents gives other bits for scalars, and `x**2` or `x**0.5` with a
  scalar exponent take short cuts that an array of the same exponents does not: `power`.
- `np.exp` and its kin give the same bits for every length, alignment, shape and positive stride,
  but others for a one-dimensional view that runs backwards (even of length one, which NumPy calls
  contiguous), for an output that overlaps the input at another offset, and from `math.exp`:
  `exp` and `log` here work on a fresh copy. On arrays that are no reversed views the plain
  NumPy functions do as well.
- `np.fmax` and `np.clip` choose between 0.0 and -0.0 by position: `clip`, which leaves no -0.0.
  `np.maximum` and `np.minimum` give the second of two equal numbers, wherever they stand.
- An iteration that stops when all runs have converged must freeze them run by run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
"""Double precision, `(firms, runs)` or `(runs,)`, runs last and contiguous."""

PAIRWISE = 8
"""Number of terms from which NumPy adds a contiguous column in another order."""


_quiet: ContextVar[bool] = ContextVar("agentsim_quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Within it NumPy prints no warnings, and the functions here need not see to that themselves.

    Entering `np.errstate` takes longer than the arithmetic on a small array, and a quarter would
    do so a hundred times: it enters here once.
    """
    token = _quiet.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _quiet.reset(token)


def ordered_sum(x: ArrayLike, out: Array | None = None) -> Array:
    """Sum over the first axis, always in the order x[0] + x[1] + ...

    x: `(firms, ...)`, any number of firms (none sum to zero); booleans and integers are counted
    as doubles. Returns a new array of shape `x.shape[1:]`, or `out`, which must have that shape
    and must not overlap `x`.

    Raises ValueError if x has no axis or `out` another shape.
    """
    terms = _doubles(x)
    if terms.ndim == 0:
        raise ValueError("ordered_sum: x must have an axis to sum over")
    firms = terms.shape[0]
    if firms < PAIRWISE and out is None and terms.ndim > 1:  # as almost always
        return _add_rows(terms, initial=0.0)
    if firms < PAIRWISE or (terms.ndim > 1 and terms.shape[-1] > 1 and terms.flags.c_contiguous):
        # NumPy then adds row after row, which the tests hold; a single column of 8 and more it
        # would add up in pairs.
        if out is None and terms.ndim > 1:
            return np.asarray(_add_rows(terms, initial=0.0))
        out = np.empty(terms.shape[1:]) if out is None else out
        return _add_rows(terms, out=out, initial=0.0)
    out = np.empty(terms.shape[1:]) if out is None else out
    # From 0.0, as above: nothing but negative zeros must not sum to -0.0 here and to 0.0 there.
    np.add(terms[0], 0.0, out=out)
    for term in terms[1:]:
        np.add(out, term, out=out)
    return out


_add_rows: Callable[..., Array] = np.add.reduce


def exp(x: ArrayLike) -> Array:
    """`np.exp`, with bits that do not depend on how x lies in memory; infinite, quietly, where
    the numbers end. Returns a new array.
    """
    if _quiet.get():
        return _doubles(np.exp(_plain(x)))
    with np.errstate(over="ignore"):
        return _doubles(np.exp(_plain(x)))


def expm1(x: ArrayLike) -> Array:
    """`np.expm1`, exp(x) - 1 to the last digit for small x, with the same care."""
    if _quiet.get():
        return _doubles(np.expm1(_plain(x)))
    with np.errstate(over="ignore"):
        return _doubles(np.expm1(_plain(x)))


def log(x: ArrayLike) -> Array:
    """`np.log`, with bits that do not depend on how x lies in memory; log(0) is -inf, quietly.

    Returns a new array. Below zero the result is NaN and NumPy warns.
    """
    if _quiet.get():
        return _doubles(np.log(_plain(x)))
    with np.errstate(divide="ignore"):
        return _doubles(np.log(_plain(x)))


def power(x: ArrayLike, e: ArrayLike) -> Array:
    """x to the power e, as exp(e log x), so that scalars and arrays take the same path.

    x >= 0 and e broadcast against each other. Zero to a positive power is 0, to a negative one
    infinity; anything to the power 0 is 1. Returns a new array of the broadcast shape. Quiet,
    except that a negative x gives NaN and NumPy's warning of an invalid value.

    The relative error is about 1e-16 |e log x|, so x to the power 1 may differ from x in the
    last digits. For integer powers products are faster and closer.
    """
    logs = log(x)
    if _quiet.get():
        return _exp_of_product(logs, e)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return _exp_of_product(logs, e)


def whole_power(x: Array, e: ArrayLike) -> Array:
    """x to a whole power e from 0 to 31, by squaring: quicker and closer than `power`.

    e: one for all, or one a run; a run's result does not depend on which. Returns a new array.
    """
    exponents, square = np.asarray(e, np.int64), x
    result = np.ones_like(x)
    if exponents.ndim == 0:
        left = int(exponents)
        while left:
            if left & 1:
                result *= square
            left >>= 1
            if left:
                square = square * square
        return result
    for bit in (1, 2, 4, 8, 16):
        has_it = (exponents & bit) > 0
        if has_it.all():
            result *= square
        elif has_it.any():
            result *= np.where(has_it, square, 1.0)
        if not (exponents >= 2 * bit).any():
            break
        square = square * square
    return result


def _exp_of_product(logs: Array, e: ArrayLike) -> Array:
    """exp(e logs) with 0 times infinity for 0; `logs` may be written over."""
    exponents = _doubles(e)
    if exponents.ndim == 0:
        out = np.multiply(exponents, logs, out=logs)
    else:
        out = np.asarray(np.multiply(exponents, logs), order="C")
    # 0 times log(0) is no number. For other x the exponential of 0 gives 1 anyway.
    if not np.logical_and.reduce(exponents, axis=None):
        np.copyto(out, 0.0, where=exponents == 0.0)
    return np.exp(out, out=out)


def safe_divide(a: ArrayLike, b: ArrayLike, otherwise: ArrayLike) -> Array:
    """a / b where b is not zero, `otherwise` where it is; without warnings.

    The three broadcast against each other. Returns a new array of the broadcast shape of a and b,
    or of all three where some b is zero.
    """
    if not _quiet.get():
        with quiet():
            return safe_divide(a, b, otherwise)
    denominator = _doubles(b)
    quotient = _doubles(np.divide(a, denominator))
    # The cheapest way to see that nothing is divided by zero.
    if denominator.size and _least(denominator, axis=None) > 0.0:
        return quotient
    return _doubles(np.where(denominator == 0.0, otherwise, quotient))


_least: Callable[..., float] = np.minimum.reduce


def clip(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """x, but at least `low` and at most `high`; `high` wins where they cross. NaN stays NaN.

    All broadcast against each other. Returns a new array of the broadcast shape. Zero is 0.0.
    """
    values = _doubles(x)
    if values.ndim and isinstance(low, float) and isinstance(high, float):
        clipped = values.clip(low, high)  # a fifth of the time of the two calls below
    else:
        clipped = np.asarray(np.minimum(np.maximum(values, low), high))
    return np.add(clipped, 0.0, out=clipped)


def at_least(x: Array, low: float, out: Array | None = None) -> Array:
    """np.maximum(x, low) for a bound that all share, in a third of the time.

    x: `(firms, runs)` or `(runs,)`. Returns a new array, or `out`, which may be `x` itself.
    """
    # NumPy's loops for a maximum are quick where both operands are arrays, and slow otherwise.
    return np.maximum(x, _everywhere(low, x.shape) if x.size <= SMALL else low, out=out)


def at_most(x: Array, high: float, out: Array | None = None) -> Array:
    """np.minimum(x, high) for a bound that all share, in a third of the time; see `at_least`."""
    return np.minimum(x, _everywhere(high, x.shape) if x.size <= SMALL else high, out=out)


SMALL = 2**15
"""Size up to which an array of equal bounds is kept at hand: a quarter of a megabyte."""


@lru_cache(maxsize=32)
def _everywhere(value: float, shape: tuple[int, ...]) -> Array:
    array = np.full(shape, value)
    array.flags.writeable = False
    return array


def _doubles(x: ArrayLike) -> Array:
    """x as an array of doubles: itself if it is one, which is quicker seen than asked of NumPy."""
    if type(x) is np.ndarray and x.dtype is _DOUBLE:
        return x
    return np.asarray(x, np.float64)


_DOUBLE = np.dtype(np.float64)


def _plain(x: ArrayLike) -> Array:
    """x in a memory layout that is always safe: as it is if so allocated, else a C-ordered copy."""
    if type(x) is np.ndarray and x.dtype is _DOUBLE and x.flags.owndata and x.flags.c_contiguous:
        return x
    return np.array(x, np.float64, order="C")
