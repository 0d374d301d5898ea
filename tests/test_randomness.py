"""Random numbers are a function of (entropy, run, quarter, stream, firm), and look random."""

import pickle
import subprocess
import sys
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import kolmogorov, ndtr, ndtri

from agentsim.randomness import MAX_FIRMS, MAX_QUARTER, Randomness, philox4x32

quick = settings(derandomize=True, deadline=None, max_examples=50)
words = st.integers(0, 2**32 - 1)
run_numbers = st.integers(0, 2**63 - 1)

GOLDEN = [
    ["0x1.c4258a2a062b2p-2", "0x1.0ae7d1bbf4905p-1", "0x1.c1dfbfd671eabp-1"],
    ["0x1.6a876f9fc8113p-1", "0x1.4bd8ec87ae169p-1", "0x1.3a0c2b109210bp-1"],
    ["0x1.17ce8abed7eafp-1", "0x1.5af3bb62ea4aap-2", "0x1.5c37f5a6de01ep-2"],
]
COLLIDING = ("stream 7650", "stream 71431")  # found by search: their 32-bit digests agree


def same_bits(a, b):
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.shape == b.shape and np.array_equal(a.view(np.uint64), b.view(np.uint64))


def philox_by_hand(counter, key):
    """Philox4x32-10 word by word in Python's integers, from the paper."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (p1 >> 32) ^ c1 ^ k0,
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c3 ^ k1,
            p0 & 0xFFFFFFFF,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return [c0, c1, c2, c3]


# The generator


@pytest.mark.parametrize(
    "counter, key, expected",
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
    ids=["zeros", "ones", "digits of pi"],
)
def test_philox_gives_the_published_random123_vectors(counter, key, expected):
    assert " ".join(f"{word:08x}" for word in philox4x32(np.array(counter), key)) == expected
    assert " ".join(f"{word:08x}" for word in philox_by_hand(counter, key)) == expected


@quick
@given(
    counters=st.lists(st.lists(words, min_size=4, max_size=4), min_size=1, max_size=9),
    key=st.lists(words, min_size=2, max_size=2),
)
def test_philox_on_arrays_is_philox_by_hand(counters, key):
    blocks = philox4x32(np.array(counters, np.uint32).T, key)
    assert blocks.T.tolist() == [philox_by_hand(counter, key) for counter in counters]


def test_philox_refuses_what_are_not_words():
    with pytest.raises(ValueError, match="shape"):
        philox4x32(np.zeros(3, np.uint32), [0, 0])
    with pytest.raises(ValueError, match="32-bit"):
        philox4x32(np.full(4, 2**32), [0, 0])
    with pytest.raises(ValueError, match="32-bit"):
        philox4x32(np.zeros(4, np.uint32), [0, -1])
    with pytest.raises(ValueError, match="two words"):
        philox4x32(np.zeros(4, np.uint32), [0])


def test_numbers_are_laid_out_as_documented():
    def digest(text, size):
        return blake2b(text.encode(), digest_size=size).digest()

    run, quarter, name, firm = 2**40 + 17, 300, "demand noise", 9
    key = digest(f"{2026:x}", 8)
    counter = [
        run % 2**32,
        run >> 32,
        (quarter << 16) + firm // 2,
        int.from_bytes(digest(name, 4), "little"),
    ]
    block = philox_by_hand(
        counter, [int.from_bytes(key[:4], "little"), int.from_bytes(key[4:], "little")]
    )
    bits = (block[2] << 32 | block[3]) >> 12
    expected = (bits + 0.5) / 2.0**52
    assert Randomness(2026, [run]).uniform(quarter, name, 10)[firm, 0] == expected


def test_numbers_do_not_change_from_version_to_version():
    """Published results rest on these numbers. To change them is to change every result."""
    numbers = Randomness(1, [0, 1, 10**12]).uniform(3, "shocks", 3)
    assert [[x.hex() for x in row] for row in numbers.tolist()] == GOLDEN


# A stateless function


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_a_run_alone_equals_the_run_in_chunks_of_any_size_and_order(kind):
    def draw(runs):
        return getattr(Randomness(7, runs), kind)(11, "shocks", 5)

    runs = np.arange(1000) * 3 + 2**32 - 1500  # both halves of the run number vary
    whole = draw(runs)
    assert whole.shape == (5, 1000)
    sevens = [draw(runs[i : i + 7]) for i in range(0, 1000, 7)]
    assert same_bits(np.concatenate(sevens, axis=1), whole)
    order = np.random.default_rng(0).permutation(1000)
    assert same_bits(draw(runs[order]), whole[:, order])
    for i in range(0, 1000, 37):
        assert same_bits(draw(runs[i : i + 1]), whole[:, i : i + 1])


def test_large_chunks_are_worked_on_in_pieces_without_a_seam():
    runs = np.arange(3000)
    whole = Randomness(7, runs).normal(2, "shocks", 33)
    assert same_bits(Randomness(7, runs[2990:]).normal(2, "shocks", 33), whole[:, 2990:])
    many = Randomness(7, np.arange(20_000)).uniform(2, "shocks", 3)
    assert same_bits(Randomness(7, [19_999]).uniform(2, "shocks", 3), many[:, -1:])


def test_streams_do_not_depend_on_which_others_are_asked():
    random = Randomness(3, np.arange(50))
    streams = [("a", 6), ("b", None), ("c", 3), ("d", 1), ("e", 0)]
    for together, alone in ((random.normals, random.normal), (random.uniforms, random.uniform)):
        answer = together(4, streams)
        assert list(answer) == ["a", "b", "c", "d", "e"]
        for name, firms in streams:
            expected = alone(4, name, firms)
            assert answer[name].shape == ((50,) if firms is None else (firms, 50))
            assert same_bits(answer[name], expected)
        backwards = together(4, streams[::-1])
        assert all(same_bits(backwards[name], answer[name]) for name, _ in streams)
    assert random.normals(4, []) == {}


def test_asking_again_or_in_another_order_changes_nothing():
    first, second = Randomness(3, np.arange(9)), Randomness(3, np.arange(9))
    a, b = first.normal(0, "x", 2), first.normal(1, "x", 2)
    assert same_bits(second.normal(1, "x", 2), b)
    assert same_bits(second.normal(0, "x", 2), a)
    a[...] = 0.0  # what a caller does with its numbers is its own affair
    assert same_bits(first.normal(0, "x", 2), second.normal(0, "x", 2))


def test_a_firms_numbers_do_not_depend_on_how_many_firms_there_are():
    random = Randomness(3, np.arange(20))
    most = random.normal(5, "x", 9)
    for firms in range(9):
        assert same_bits(random.normal(5, "x", firms), most[:firms])


def test_the_markets_number_is_that_of_firm_zero():
    random = Randomness(3, np.arange(20))
    assert same_bits(random.normal(5, "x"), random.normal(5, "x", 4)[0])
    assert same_bits(random.uniform(5, "x"), random.uniform(5, "x", 1)[0])


@quick
@given(
    entropy=st.integers(0, 2**200),
    runs=st.lists(run_numbers, min_size=1, max_size=12),
    quarter=st.integers(0, MAX_QUARTER),
    stream=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    firms=st.integers(1, 5),
)
def test_any_key_gives_each_run_its_own_numbers(entropy, runs, quarter, stream, firms):
    together = Randomness(entropy, runs).uniform(quarter, stream, firms)
    assert ((together > 0.0) & (together < 1.0)).all()
    for column, run in enumerate(runs):
        alone = Randomness(entropy, [run]).uniform(quarter, stream, firms)
        assert same_bits(alone, together[:, column : column + 1])


def test_numbers_are_the_same_in_another_process_and_after_pickling():
    random = Randomness(5, [1, 2**50])
    here = random.normal(1, "strategy/mixer/tremble", 2)
    assert same_bits(
        pickle.loads(pickle.dumps(random)).normal(1, "strategy/mixer/tremble", 2), here
    )
    code = (
        "from agentsim.randomness import Randomness;"
        "x = Randomness(5, [1, 2**50]).normal(1, 'strategy/mixer/tremble', 2);"
        "print(x.tobytes().hex())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here.tobytes().hex()


def test_wide_entropy_and_run_numbers_all_count():
    entropies = [0, 1, 2**32, 2**63, 2**64, 2**64 + 1, 2**128, 10**5000]
    runs = [0, 1, 2**31, 2**32, 2**32 + 1, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1, 2**64 - 1]
    numbers = [Randomness(entropy, runs).uniform(0, "x") for entropy in entropies]
    assert len(np.unique(numbers)) == len(entropies) * len(runs)
    for dtype in (np.int64, np.uint64):
        typed = np.array(runs[:-1], dtype)
        assert same_bits(Randomness(0, typed).uniform(0, "x"), numbers[0][:-1])
    edges = Randomness(0, [3])
    last_quarter = edges.uniform(MAX_QUARTER, "x", 4)
    assert len(np.unique([edges.uniform(0, "x", 4), last_quarter])) == 8
    assert len(np.unique(edges.uniform(1, "x", MAX_FIRMS))) == MAX_FIRMS


def test_what_cannot_be_a_key_is_refused():
    with pytest.raises(ValueError, match="entropy"):
        Randomness(-1, [0])
    with pytest.raises(TypeError):
        Randomness(1.5, [0])  # type: ignore[arg-type]
    for runs in ([-1], [2**64], np.array([-5])):
        with pytest.raises(ValueError, match="run numbers"):
            Randomness(1, runs)
    for runs in ([0.5], np.array([1.0])):
        with pytest.raises(TypeError):
            Randomness(1, runs)
    with pytest.raises(ValueError, match="shape"):
        Randomness(1, np.zeros((2, 2), np.int64))
    random = Randomness(1, [0])
    for quarter in (-1, MAX_QUARTER + 1):
        with pytest.raises(ValueError, match="quarter"):
            random.uniform(quarter, "x")
    for firms in (-1, MAX_FIRMS + 1):
        with pytest.raises(ValueError, match="firms"):
            random.uniform(0, "x", firms)
    with pytest.raises(ValueError, match="twice"):
        random.normals(0, [("x", 1), ("x", 2)])


def test_names_that_would_share_their_numbers_are_refused():
    random = Randomness(1, [0])
    assert same_bits(random.uniform(0, COLLIDING[0]), Randomness(1, [0]).uniform(0, COLLIDING[1]))
    with pytest.raises(ValueError, match="rename"):
        random.uniform(0, COLLIDING[1])


def test_no_runs_give_empty_arrays():
    assert Randomness(1, []).normal(0, "x", 3).shape == (3, 0)
    assert Randomness(1, np.arange(0)).normal(0, "x").shape == (0,)


def test_rows_of_runs_are_contiguous():
    numbers = Randomness(1, np.arange(100)).normals(0, [("a", 3), ("b", 4), ("c", None)])
    assert all(array.flags.c_contiguous for array in numbers.values())


# Looks random

N = 40_000
LIMIT = 4.5  # standard errors; entropies are fixed, so a test passes always or never


@pytest.fixture(scope="module")
def table():
    """Normal numbers by quarter, stream and firm, adjacent runs side by side: (2, 2, 4, N)."""
    random = Randomness(20260101, np.arange(N))
    quarters = [random.normals(quarter, [("a", 4), ("b", 4)]) for quarter in (6, 7)]
    return np.array([[q["a"], q["b"]] for q in quarters])


def rows(table):
    return table.reshape(-1, N)


def test_uniform_numbers_are_uniform(table):
    for row in ndtr(rows(table)):
        ordered = np.sort(row)
        grid = np.arange(N + 1) / N
        distance = max((grid[1:] - ordered).max(), (ordered - grid[:-1]).max())
        assert kolmogorov(np.sqrt(N) * distance) > 1e-4
        counts = np.bincount((row * 100).astype(int), minlength=100)
        chi_squared = ((counts - N / 100) ** 2 / (N / 100)).sum()
        assert abs(chi_squared - 99) < LIMIT * np.sqrt(2 * 99)


def test_every_bit_of_a_uniform_number_is_set_half_the_time():
    numbers = Randomness(8, np.arange(N)).uniform(0, "x", 2)
    for row in numbers:
        bits = (row * 2.0**52).astype(np.uint64)
        shares = [((bits >> np.uint64(bit)) & np.uint64(1)).mean() for bit in range(52)]
        assert np.abs(np.array(shares) - 0.5).max() < LIMIT * 0.5 / np.sqrt(N)


def test_normal_numbers_have_the_moments_of_the_normal_distribution(table):
    for row in rows(table):
        for order, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
            assert abs((row**order).mean() - moment) < LIMIT * np.sqrt(variance / N)


def test_normal_numbers_are_the_inverse_distribution_function_of_the_uniform_ones():
    random = Randomness(8, np.arange(100))
    assert same_bits(random.normal(2, "x", 3), ndtri(random.uniform(2, "x", 3)))


def test_quarters_streams_and_firms_are_uncorrelated(table):
    for values in (rows(table), rows(table) ** 2):
        correlations = np.corrcoef(values)
        np.fill_diagonal(correlations, 0.0)
        assert np.abs(correlations).max() < LIMIT / np.sqrt(N)


def test_adjacent_runs_are_uncorrelated(table):
    for lag in (1, 2, 1000):
        for row in rows(table):
            correlation = np.corrcoef(row[:-lag], row[lag:])[0, 1]
            assert abs(correlation) < LIMIT / np.sqrt(N - lag)


def test_adjacent_entropies_are_uncorrelated():
    numbers = [Randomness(entropy, np.arange(N)).normal(0, "x") for entropy in range(4)]
    correlations = np.corrcoef(numbers)
    np.fill_diagonal(correlations, 0.0)
    assert np.abs(correlations).max() < LIMIT / np.sqrt(N)


def test_quarters_of_a_single_run_form_a_random_series():
    random = Randomness(4, [12])
    series = np.array([random.normal(quarter, "x")[0] for quarter in range(2000)])
    assert abs(series.mean()) < LIMIT / np.sqrt(2000)
    assert abs(np.corrcoef(series[:-1], series[1:])[0, 1]) < LIMIT / np.sqrt(2000)
