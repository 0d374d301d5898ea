"""Equilibria of games drawn by chance: some are always found, all are ones, and names do not matter."""

import numpy as np
import pytest
from games_at_hand import random_game, shares
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim.games import Game
from agentsim.games.homotopy import one_equilibrium
from agentsim.games.mixed import mixed
from agentsim.games.polynomials import Polynomials
from agentsim.games.two_players import extreme_equilibria

seeds = st.integers(0, 10_000)


@given(seeds, st.booleans())
@settings(max_examples=6, deadline=None)
def test_some_equilibrium_is_found_and_all_are_ones(seed, with_ties):
    found = random_game(seed, whole=with_ties).equilibria(gambit=False)
    assert len(found)
    assert max(each.regret for each in found) < 1e-8


@given(seeds, st.booleans())
@settings(max_examples=6, deadline=None)
def test_interchangeable_players_always_have_an_equilibrium_in_which_they_do_the_same(
    seed, with_ties
):
    rng = np.random.default_rng(seed)
    sizes, widths = tuple(rng.integers(1, 4, 2).tolist()), tuple(rng.integers(2, 4, 2).tolist())
    found = random_game(seed, sizes, widths, with_ties).equilibria(gambit=False)
    assert any(each.mixture is not None for each in found)
    assert max(each.regret for each in found) < 1e-8


def test_four_players_of_four_strategies_are_solved():
    found = random_game(11, (1, 1, 1, 1), (4, 4, 4, 4)).equilibria(gambit=False)
    assert len(found)
    assert max(each.regret for each in found) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("with_ties", [False, True])
def test_many_games_of_four_players_of_four_strategies_are_solved(seed, with_ties):
    game = random_game(seed, (1, 1, 1, 1), (4, 4, 4, 4), with_ties)
    found = game.equilibria()
    assert len(found)
    assert max(each.regret for each in found) < 1e-8
    last = one_equilibrium(Polynomials.of(game))
    assert last is not None
    assert game.regret(last) < 1e-8


@given(seeds, st.booleans())
@settings(max_examples=8, deadline=None)
def test_the_logit_path_alone_comes_to_an_equilibrium(seed, with_ties):
    """The last resort, which leaves no game without an answer."""
    game = random_game(seed, whole=with_ties)
    found = one_equilibrium(Polynomials.of(game))
    assert found is not None
    assert game.regret(found) < 1e-8


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_two_players_have_an_odd_number_of_equilibria(seed):
    """Wilson (1971), Computing equilibria of n-person games, SIAM Journal on Applied Mathematics 21."""
    rng = np.random.default_rng(seed)
    found = extreme_equilibria(*rng.normal(size=(2, *rng.integers(2, 6, 2))))
    assert not found.degenerate
    assert len(found.mixtures) % 2 == 1


@given(seeds)
@settings(max_examples=4, deadline=None)
def test_the_indices_of_equilibria_add_up_to_one(seed):
    """Which says that none is missing alone; of three players, and of interchangeable ones."""
    for sizes, widths in (((1, 1, 1), (2, 3, 2)), ((4,), (3,)), ((2, 1), (2, 3))):
        game = random_game(seed, sizes, widths)
        pure = [game.mixture_of(row) for row in game.layout.profiles[game.pure_regrets <= 0.0]]
        found = mixed(Polynomials.of(game), [each for each in pure if each is not None])
        assert found.indices == 1


@given(seeds)
@settings(max_examples=6, deadline=None)
def test_going_through_supports_finds_what_polytopes_and_polynomials_prove_to_be_all(seed):
    rng = np.random.default_rng(seed)
    two = random_game(seed, (1, 1), tuple(rng.integers(2, 5, 2).tolist()))
    alike = random_game(seed, (int(rng.integers(3, 8)),), (2,))
    for game in (two, alike):
        known = game.equilibria(gambit=False)
        assert known.complete
        pure = [each.mixture for each in known.pure if each.mixture is not None]
        found = mixed(Polynomials.of(game), pure)
        ours = [each for each in found.mixtures if np.abs(each - each.round()).max() > 1e-9]
        assert len(ours) == len(known.mixed)
        for each in known.mixed:
            assert min(np.abs(each.mixture - x).max() for x in ours) < 1e-8


@given(seeds)
@settings(max_examples=8, deadline=None)
def test_names_and_their_order_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    widths = [(3, 4), (2, 3, 2), (4, 2), (3, 2, 3)][seed % 4]
    n = len(widths)
    u = rng.normal(size=(n, *widths))
    players = rng.permutation(n)
    orders = [rng.permutation(m) for m in widths]
    moved = u[(slice(None), *np.ix_(*orders))][players].transpose(0, *(1 + players))
    before = Game.from_payoffs(u).equilibria(gambit=False)
    after = Game.from_payoffs(moved).equilibria(gambit=False)
    starts = np.cumsum([0, *widths])
    columns = np.concatenate([starts[p] + orders[p] for p in players])
    renamed = np.array([each.shares[columns] for each in before])
    renamed = renamed[np.lexsort(renamed.round(6).T[::-1])]
    assert shares(after) == pytest.approx(renamed, abs=1e-9)
    assert (before.complete, len(before.pure)) == (after.complete, len(after.pure))


@given(seeds, st.floats(0.01, 1000.0), st.floats(-1000.0, 1000.0))
@settings(max_examples=6, deadline=None)
def test_the_unit_and_the_zero_of_payoffs_do_not_matter(seed, unit, zero):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(3, 2, 3, 2)) if seed % 2 else rng.normal(size=(2, 4, 3))
    other = u.copy()
    other[1] = zero + unit * u[1]  # of one player alone
    before, after = (Game.from_payoffs(each).equilibria(gambit=False) for each in (u, other))
    assert shares(after) == pytest.approx(shares(before), abs=1e-8)
    assert [each.pure for each in after] == [each.pure for each in before]


def test_the_same_game_has_the_same_answer_to_the_last_bit():
    one, other = (random_game(5, (1, 1, 1), (3, 3, 3)).equilibria() for _ in range(2))
    assert [each.shares.tobytes() for each in one] == [each.shares.tobytes() for each in other]
    assert [each.found_by for each in one] == [each.found_by for each in other]
    assert one.why == other.why


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_all_between_the_extreme_points_of_a_set_are_equilibria(seed):
    rng = np.random.default_rng(seed)
    found = random_game(
        seed, (1, 1), tuple(rng.integers(2, 5, 2).tolist()), whole=True
    ).equilibria()
    assert found.continua == bool(found.sets)
    for each in found.sets:
        between = rng.dirichlet(np.ones(len(each))) @ np.array([found[at].shares for at in each])
        assert found.game.regret(between) < 1e-14
