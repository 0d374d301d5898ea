"""Random numbers without a state: a function of (entropy, run, quarter, stream name, firm).

A number never depends on which other numbers were asked for, in which order, or beside which
other runs. That makes run *i* the same alone and in a chunk of any size, and lets every treatment
of an experiment meet the same luck.

The generator is Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as
easy as 1, 2, 3"): ten rounds that scramble a 128-bit counter under a 64-bit key. What goes where:

=========  =================  ==========================================================
word       bits               meaning
=========  =================  ==========================================================
key        2 x 32             the entropy, digested by BLAKE2b
counter 0  32                 run number, low half
counter 1  32                 run number, high half
counter 2  16 + 16            quarter (high), firm // 2 (low)
counter 3  32                 stream name, digested by BLAKE2b
=========  =================  ==========================================================

One block gives four 32-bit words, hence two numbers: words 0 and 1 belong to the even firm, words
2 and 3 to the odd firm of the pair. A number of the market (no firm) is that of firm 0.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]
Words = NDArray[np.uint64]
"""32-bit words, each in the low half of a 64-bit integer, so that products of two words fit."""

MAX_QUARTER = 2**16 - 1
MAX_FIRMS = 2**16

# Zero-dimensional arrays: as an operand, a NumPy scalar costs 0.3 microseconds more per call.
_MULTIPLIER_0 = np.array(0xD2511F53, np.uint64)
_MULTIPLIER_1 = np.array(0xCD9E8D57, np.uint64)
_LOW_WORD = np.array(0xFFFFFFFF, np.uint64)
_WORD_BITS = np.array(32, np.uint64)
_QUARTER_SHIFT = np.array(16, np.uint64)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10

# The top 52 bits of a 64-bit word become the fraction of a double in [1, 2).
_DROPPED_BITS = np.array(12, np.uint64)
_BITS_OF_ONE = np.array(0x3FF0000000000000, np.uint64)
_JUST_UNDER_ONE = np.array(1 - 2.0**-53)

# Numbers worked on at a time: past this the arrays fall out of the cache, far below it the cost
# of calling NumPy dominates. Integers are exact, so the size changes no number.
_PIECE = 16384


def philox4x32(counter: NDArray[Any], key: Sequence[int]) -> NDArray[np.uint32]:
    """Philox4x32-10 of each counter.

    counter: shape (4, ...), 32-bit words; key: two 32-bit words. Returns shape (4, ...).
    """
    words = np.asarray(counter).astype(np.uint64)
    if words.ndim == 0 or words.shape[0] != 4:
        raise ValueError(f"counter must have shape (4, ...), not {words.shape}")
    if len(key) != 2:
        raise ValueError(f"key must be two words, not {len(key)}")
    if np.any(words > _LOW_WORD) or not all(0 <= word < 2**32 for word in key):
        raise ValueError("counter and key must be 32-bit words")
    c0, c1, c2, c3 = (words[i : i + 1] for i in range(4))
    first, second = _philox_pairs(c0, c1, c2, c3, _round_keys(key[0], key[1]))
    return np.concatenate(
        [first >> _WORD_BITS, first & _LOW_WORD, second >> _WORD_BITS, second & _LOW_WORD]
    ).astype(np.uint32)


def _round_keys(key_0: int, key_1: int) -> list[tuple[Words, Words]]:
    """The keys of the ten rounds. The last is shifted up, where `_philox_pairs` needs it."""
    keys = []
    for i in range(_ROUNDS):
        shift = 32 if i == _ROUNDS - 1 else 0
        keys.append(
            (
                np.array((key_0 + i * _KEY_STEPS[0]) % 2**32 << shift, np.uint64),
                np.array((key_1 + i * _KEY_STEPS[1]) % 2**32 << shift, np.uint64),
            )
        )
    return keys


def _philox_pairs(
    c0: Words, c1: Words, c2: Words, c3: Words, keys: list[tuple[Words, Words]]
) -> tuple[Words, Words]:
    """Ten rounds on broadcastable counter words; words (0, 1) and (2, 3) joined to 64 bits.

    A round is, with p0 = c0 * multiplier 0 and p1 = c2 * multiplier 1,
    c0' = high(p1) ^ c1 ^ k0, c1' = low(p1), c2' = high(p0) ^ c3 ^ k1, c3' = low(p0).
    The words that become c1' and c3' keep their high halves until the next round masks them.
    """
    # The first rounds allocate: their operands differ in shape (a word of the run, a word of the
    # block), and broadcasting does for each only the arithmetic that its shape needs.
    for k0, k1 in keys[:2]:
        p0 = c0 * _MULTIPLIER_0
        p1 = c2 * _MULTIPLIER_1
        c0 = ((p1 >> _WORD_BITS) ^ (c1 ^ k0)) & _LOW_WORD
        c2 = ((p0 >> _WORD_BITS) ^ (c3 ^ k1)) & _LOW_WORD
        c1, c3 = p1, p0
    shape = np.broadcast_shapes(c0.shape, c1.shape, c2.shape, c3.shape)
    c0, c1, c2, c3 = (
        c if c.shape == shape else np.ascontiguousarray(np.broadcast_to(c, shape))
        for c in (c0, c1, c2, c3)
    )
    p0 = np.empty(shape, np.uint64)
    p1 = np.empty(shape, np.uint64)
    multiply, shift, xor, mask = np.multiply, np.right_shift, np.bitwise_xor, np.bitwise_and
    for k0, k1 in keys[2:-1]:
        multiply(c0, _MULTIPLIER_0, p0)
        multiply(c2, _MULTIPLIER_1, p1)
        shift(p1, _WORD_BITS, c0)
        xor(c0, c1, c0)
        xor(c0, k0, c0)
        mask(c0, _LOW_WORD, c0)
        shift(p0, _WORD_BITS, c2)
        xor(c2, c3, c2)
        xor(c2, k1, c2)
        mask(c2, _LOW_WORD, c2)
        c1, p1 = p1, c1
        c3, p0 = p0, c3
    # Joined, the last round needs no mask: (c0' << 32 | c1') = p1 ^ (c1 << 32) ^ (k0 << 32).
    k0, k1 = keys[-1]
    multiply(c0, _MULTIPLIER_0, p0)
    multiply(c2, _MULTIPLIER_1, p1)
    for p, c, k in ((p1, c1, k0), (p0, c3, k1)):
        np.left_shift(c, _WORD_BITS, c)
        xor(p, c, p)
        xor(p, k, p)
    return p1, p0


@lru_cache(maxsize=4096)
def _stream_word(stream: str) -> int:
    """The 32-bit word of a stream's name: the same on every machine and in every process."""
    return int.from_bytes(blake2b(stream.encode(), digest_size=4).digest(), "little")


class _Plan:
    """Which blocks a set of streams needs, worked out once for all quarters."""

    def __init__(self, streams: Sequence[tuple[str, int | None]]) -> None:
        names = [name for name, _ in streams]
        if len(set(names)) < len(names):
            raise ValueError(f"a stream is asked for twice: {names}")
        pairs: list[int] = []
        stream_words: list[int] = []
        self.rows: dict[str, int | slice] = {}
        """Where each stream's numbers stand: a row, or as many rows as firms."""
        for name, firms in streams:
            count = 1 if firms is None else operator.index(firms)
            if not 0 <= count <= MAX_FIRMS:
                raise ValueError(f"stream {name!r}: {count} firms, not 0 to {MAX_FIRMS}")
            first = 2 * len(pairs)
            self.rows[name] = first if firms is None else slice(first, first + count)
            blocks = (count + 1) // 2
            pairs.extend(range(blocks))
            stream_words.extend([_stream_word(name)] * blocks)
        self.pairs = np.array(pairs, np.uint64).reshape(-1, 1)
        self.stream_words = np.array(stream_words, np.uint64).reshape(-1, 1)


class Randomness:
    """The random numbers of some runs: a function of (entropy, run, quarter, stream, firm).

    entropy: any non-negative integer. runs: run numbers, shape (runs,), 0 to 2**64 - 1, in any
    order; column j of every answer belongs to runs[j]. Two objects with the same entropy agree
    on the runs that they share.

    Raises ValueError or TypeError for entropy or run numbers that are negative or not integers.
    """

    def __init__(self, entropy: int, runs: NDArray[np.integer[Any]] | Iterable[int]) -> None:
        self.entropy = operator.index(entropy)
        if self.entropy < 0:
            raise ValueError(f"entropy must not be negative: {self.entropy}")
        self.runs = _run_numbers(runs)
        # Hexadecimal, because decimal digits of huge integers are limited and slow.
        digest = blake2b(f"{self.entropy:x}".encode(), digest_size=8).digest()
        self._keys = _round_keys(
            int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")
        )
        self._run_low = (self.runs & _LOW_WORD).reshape(1, -1)
        self._run_high = (self.runs >> _WORD_BITS).reshape(1, -1)
        if self.runs.size and np.all(self._run_high == self._run_high[0, 0]):
            # One number for all: the first round then has less to compute.
            self._run_high = self._run_high[:, :1]
        self._plans: dict[tuple[tuple[str, int | None], ...], _Plan] = {}
        self._names: dict[int, str] = {}

    def __repr__(self) -> str:
        return f"Randomness(entropy={self.entropy}, {self.runs.size} runs)"

    def uniform(self, quarter: int, stream: str, firms: int | None = None) -> Array:
        """Uniform numbers strictly between 0 and 1, in steps of 2**-52.

        Shape (firms, runs); without `firms` shape (runs,), the same numbers as firm 0. Firm i's
        numbers do not depend on how many firms are asked for.
        """
        return self.uniforms(quarter, [(stream, firms)])[stream]

    def normal(self, quarter: int, stream: str, firms: int | None = None) -> Array:
        """Standard normal numbers: the inverse distribution function of `uniform`'s numbers."""
        return self.normals(quarter, [(stream, firms)])[stream]

    def uniforms(self, quarter: int, streams: Sequence[tuple[str, int | None]]) -> dict[str, Array]:
        """`uniform` for several streams, given as (name, firms), at the price of one call."""
        return self.uniforms_of([quarter], streams)[0]

    def uniforms_of(
        self, quarters: Sequence[int], streams: Sequence[tuple[str, int | None]]
    ) -> list[dict[str, Array]]:
        """`uniforms` of several quarters, at little more than the price of one for short arrays."""
        plan = self._plan(streams)
        numbers = self._numbers(quarters, plan)
        return [{name: each[rows] for name, rows in plan.rows.items()} for each in numbers]

    def normals(self, quarter: int, streams: Sequence[tuple[str, int | None]]) -> dict[str, Array]:
        """`normal` for several streams, given as (name, firms), at the price of one call."""
        return self.normals_of([quarter], streams)[0]

    def normals_of(
        self, quarters: Sequence[int], streams: Sequence[tuple[str, int | None]]
    ) -> list[dict[str, Array]]:
        """`normals` of several quarters, at little more than the price of one for short arrays."""
        plan = self._plan(streams)
        numbers = self._numbers(quarters, plan)
        for rows in plan.rows.values():
            # Stream by stream and not all at once: an odd number of firms leaves a row unused.
            ndtri(numbers[:, rows], out=numbers[:, rows])
        return [{name: each[rows] for name, rows in plan.rows.items()} for each in numbers]

    def _plan(self, streams: Sequence[tuple[str, int | None]]) -> _Plan:
        asked = tuple(streams)
        plan = self._plans.get(asked)
        if plan is None:
            plan = self._plans[asked] = _Plan(asked)
            for name in plan.rows:
                other = self._names.setdefault(_stream_word(name), name)
                if other != name:
                    raise ValueError(
                        f"streams {name!r} and {other!r} share their numbers by an accident of "
                        "one in four billion: rename one of them"
                    )
        return plan

    def _numbers(self, quarters: Sequence[int], plan: _Plan) -> Array:
        """Uniform numbers, shape (quarters, 2 blocks, runs): the even firm's row, then the odd's."""
        for quarter in map(operator.index, quarters):
            if not 0 <= quarter <= MAX_QUARTER:
                raise ValueError(f"quarter must be 0 to {MAX_QUARTER}, not {quarter}")
        shape = (len(quarters), 2 * len(plan.pairs), self.runs.size)
        numbers = np.empty((shape[0] * len(plan.pairs), 2, self.runs.size))
        if numbers.size == 0:
            return numbers.reshape(shape)
        high = np.repeat(np.array(quarters, np.uint64) << _QUARTER_SHIFT, len(plan.pairs))
        pairs = np.tile(plan.pairs, (len(quarters), 1)) | high.reshape(-1, 1)
        stream_words = np.tile(plan.stream_words, (len(quarters), 1))
        bits = numbers.view(np.uint64)
        blocks_a_piece = max(1, _PIECE // self.runs.size)
        for first in range(0, len(pairs), blocks_a_piece):
            piece = slice(first, first + blocks_a_piece)
            even, odd = _philox_pairs(
                self._run_low, self._run_high, pairs[piece], stream_words[piece], self._keys
            )
            np.right_shift(even, _DROPPED_BITS, bits[piece, 0])
            np.right_shift(odd, _DROPPED_BITS, bits[piece, 1])
        # A double in [1, 2), then half a step above its distance from 1: exact, and never 0 or 1.
        np.bitwise_or(bits, _BITS_OF_ONE, bits)
        np.subtract(numbers, _JUST_UNDER_ONE, numbers)
        return numbers.reshape(shape)


def _run_numbers(runs: NDArray[np.integer[Any]] | Iterable[int]) -> Words:
    """Run numbers as unsigned integers, checked; a copy."""
    numbers = runs if isinstance(runs, np.ndarray) else np.array(list(runs), dtype=object)
    if numbers.ndim != 1:
        raise ValueError(f"run numbers must have shape (runs,), not {numbers.shape}")
    if numbers.dtype == object:
        # Python integers one by one: NumPy would turn a mix of small and huge ones into floats.
        whole = [operator.index(number) for number in numbers]
        if any(not 0 <= number < 2**64 for number in whole):
            raise ValueError("run numbers must lie between 0 and 2**64 - 1")
        return np.array(whole, np.uint64)
    if not np.issubdtype(numbers.dtype, np.integer):
        raise TypeError(f"run numbers must be integers, not {numbers.dtype}")
    if numbers.size and numbers.min() < 0:
        raise ValueError("run numbers must not be negative")
    return numbers.astype(np.uint64)
