"""Player reduction: which profiles it needs, where it is exact, and what it costs elsewhere."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from agentsim.errors import AgentsimError
from agentsim.games import Game, Role
from agentsim.games.profiles import Layout
from agentsim.games.reduction import reduce, reduction, scaled
from agentsim.games.reduction_error import reduction_error


def roles(*sizes, strategies=3):
    names = tuple("abcdef"[:strategies])
    return tuple(
        Role(f"role {at}", tuple(f"r{at} p{i}" for i in range(n)), names)
        for at, n in enumerate(sizes)
    )


def made(of, payoff):
    """Return the game in which a player of column s earns payoff(s, counts of the others)."""
    layout = Layout.of(of)
    found = np.full(layout.profiles.shape, np.nan)
    for place, counts in enumerate(layout.profiles):
        for s in np.flatnonzero(counts):
            found[place, s] = payoff(s, counts - np.eye(layout.columns)[s])
    return Game(of, found)


def linear(of, seed):
    """Return a game linear in the others' counts of each role, with products of two roles' counts."""
    rng = np.random.default_rng(seed)
    layout = Layout.of(of)
    a, b = rng.normal(size=layout.columns), rng.normal(size=(layout.columns, layout.columns))
    both = rng.normal(size=(layout.columns, layout.columns, layout.columns))
    both *= layout.role_of[:, None] != layout.role_of[None, :]
    return made(of, lambda s, others: a[s] + b[s] @ others + others @ both[s] @ others)


@pytest.mark.parametrize(
    ("sizes", "players"),
    [((7,), 3), ((6,), 3), ((6,), 2), ((5, 1), 3), ((4, 3), {"role 0": 2}), ((4, 4), [3, 2])],
)
def test_reduction_is_exact_where_payoffs_are_linear_in_others(sizes, players):
    for seed in range(3):
        full = linear(roles(*sizes), seed)
        found = reduction_error(full, players)
        assert found.largest < 1e-12 * full.spread
        assert np.abs(found.payoffs).max() < 1e-12 * full.spread
        mixed = [at for at, each in enumerate(found.equilibria) if each.mixture is not None]
        assert np.abs(found.regrets[mixed]).max(initial=0.0) < 1e-9 * full.spread


@pytest.mark.parametrize("players", [2, 3, 4, 5, 7])
def test_reduction_of_squares_is_off_by_the_closed_form(players):
    n = 7
    full = made(roles(n), lambda s, others: others[s] ** 2)
    found = reduction_error(full, players)
    x, stands = found.mixtures, (n - 1) / (players - 1)
    off = (n - 1) * x * (1.0 - x) * (stands - 1.0)
    if 6 % (players - 1):  # what is rounded varies a little more than what is not
        assert (found.payoffs - off).min() > -1e-9 and (found.payoffs - off).max() < 0.25 + 1e-9
    else:
        assert found.payoffs == pytest.approx(off, abs=1e-9)


def test_the_reduction_to_all_players_is_the_game_itself():
    full = linear(roles(4, 2), 5)
    same = reduce(full, {})
    assert same.roles == full.roles
    assert same.payoffs == pytest.approx(full.payoffs, nan_ok=True)


def test_few_profiles_are_needed_and_only_these_are_asked_for():
    of = roles(61, strategies=4)  # 41,664 profiles: too many to be laid out
    asked = []

    def lookup(counts):
        asked.append(counts.copy())
        return np.where(counts > 0, 100.0 - counts, np.nan)

    found = reduce(lookup, 4, of)
    assert found.layout.count == comb(4 + 3, 3)
    needed = reduction(of, 4).profiles
    assert np.array_equal(np.array(asked), needed)
    assert (needed.sum(axis=1) == 61).all() and len(needed) == 4 * comb(3 + 3, 3)
    # One who deviates, 20 for each of the three others: alone, it is one, and not 61 / 4.
    place = found.layout.place(np.array([1, 3, 0, 0]))
    assert found.payoffs[place, 0] == 99.0
    assert found.payoffs[place, 1] == 100.0 - 41.0  # itself and 20 for each of two others


@examples(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(sum),
    total=st.integers(0, 23),
)
def test_scaled_counts_are_right_on_the_average_and_within_one(counts, total):
    counts = np.array(counts)
    found = scaled(counts, total)
    exact = counts * total / counts.sum()
    assert sum(weight for weight, _ in found) == pytest.approx(1.0)
    assert sum(weight * each for weight, each in found) == pytest.approx(exact)
    for _, each in found:
        assert each.sum() == total and (np.abs(each - exact) < 1.0).all() and (each >= 0).all()
    if total % counts.sum() == 0:
        assert len(found) == 1


def test_runs_and_what_rides_along_are_reduced_alike():
    full = linear(roles(5, 2), 1)
    rng = np.random.default_rng(0)
    runs = full.payoffs[:, :, None] + rng.normal(size=12)
    counts = full.layout.profiles.astype(float)
    others = {
        "players on a": np.repeat(counts[:, :1], 12, axis=1),
        "one": np.ones((len(counts), 1)),
    }
    found = reduce(Game(full.roles, runs.mean(axis=-1), runs, others), [3, 2])
    assert found.runs.shape == (*found.layout.profiles.shape, 12)
    assert found.payoffs == pytest.approx(found.runs.mean(axis=-1), nan_ok=True)
    assert found.others["one"] == pytest.approx(1.0)
    even = found.layout.place(np.array([3, 0, 0, 2, 0, 0]))
    assert found.others["players on a"][even] == pytest.approx(5.0)


def test_the_error_is_what_the_equilibria_of_the_reduced_game_leave_to_gain():
    # All want to be where two thirds of the others are not quite: pure equilibria move with n.
    full = made(
        roles(6, strategies=2), lambda s, others: -((others[s] - 3.0) ** 2) + 0.3 * (s == 0)
    )
    found = reduction_error(full, 2)
    assert len(found.equilibria) == len(found.regrets) > 0
    assert (found.regrets >= 0.0).all()
    assert 0.0 < found.root_mean_square <= found.largest
    assert found.relative == pytest.approx(found.largest / full.spread)


def test_what_cannot_be_reduced_is_one_line():
    full = linear(roles(4, 2), 0)
    for ask, says in (
        (lambda: reduce(full, [1, 2]), "players of role 0 = 1; give 2 to 4"),
        (lambda: reduce(full, [5, 2]), "players of role 0 = 5"),
        (lambda: reduce(full, [2]), "for 2 roles; give one for each"),
        (lambda: reduce(full, {"role 9": 2}), "role 'role 9' is not known"),
        (lambda: reduce(lambda counts: counts, 2), "give roles as well"),
        (lambda: reduction(full.roles, 2).game(np.zeros((2, 6))), "one row for each"),
    ):
        with pytest.raises(AgentsimError) as caught:
            ask()
        assert says in str(caught.value) and "\n" not in str(caught.value)
