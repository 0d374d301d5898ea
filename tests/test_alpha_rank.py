"""Alpha-rank: OpenSpiel's figures, closed forms, sinks, and the limit of several of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_games import COORDINATION, DILEMMA, PENNIES, SHAPLEY, counted, drawn, lumped

from agentsim.errors import AgentsimError
from agentsim.games import Game
from agentsim.games.alpha_rank import alpha_rank, log_fixation, settled_alpha_rank
from agentsim.games.best_replies import best_replies
from agentsim.games.chains import long_run, long_run_of_logs
from agentsim.games.finite_population import fixation_probabilities


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize("alpha", [0.1, 1.0, 5.0])
def test_openspiel_ranks_as_we_do(shape, alpha):
    theirs = pytest.importorskip("open_spiel.python.egt.alpharank")
    u = drawn(shape, 7)
    pi = theirs.compute(list(u), m=20, alpha=alpha)[2]
    assert alpha_rank(Game.from_payoffs(u), alpha, size=20).weights == pytest.approx(pi, abs=1e-10)


def test_openspiel_ranks_one_population_as_we_do():
    theirs = pytest.importorskip("open_spiel.python.egt.alpharank")
    for seed in range(3):
        game, full = counted(2, 4, seed)
        table = full.payoffs[:, :4][~np.isnan(full.payoffs[:, :4])].reshape(4, 4)
        pi = theirs.compute([table], m=30, alpha=0.7)[2]
        found = alpha_rank(game, 0.7, size=30, one_population=True).weights
        alike = [game.layout.place(2 * each) for each in np.eye(4, dtype=np.int64)]
        assert found[alike] == pytest.approx(pi, abs=1e-10)
        pi = theirs.compute([table], use_inf_alpha=True, inf_alpha_eps=1e-7)[2]
        found = alpha_rank(game, one_population=True).weights
        assert found[alike] == pytest.approx(pi, abs=1e-5)


def test_openspiel_comes_to_our_limit_as_its_epsilon_falls():
    theirs = pytest.importorskip("open_spiel.python.egt.alpharank")
    u = np.array(COORDINATION, dtype=float)
    u = np.stack([np.pad(each, ((0, 1), (0, 0)), constant_values=-1.0) for each in u])
    pi = theirs.compute(list(u), use_inf_alpha=True, inf_alpha_eps=1e-6)[2]
    found = alpha_rank(Game.from_payoffs(u))
    assert len(found.sinks) == 2
    assert found.weights == pytest.approx(pi, abs=1e-5)


def test_two_sinks_alike_share_time_and_alphas_own_limit_weighs_what_leaving_costs():
    game = Game.from_payoffs(COORDINATION)
    assert alpha_rank(game).mass == pytest.approx((0.5, 0.5))
    own = settled_alpha_rank(game)
    assert own.settled and own.mass == pytest.approx((1.0, 0.0), abs=1e-6)


def test_sinks_are_rests_and_cycles():
    for u, sinks in ((DILEMMA, ((3,),)), (PENNIES, ((0, 1, 2, 3),))):
        found = alpha_rank(Game.from_payoffs(u))
        assert found.sinks == sinks and found.mass == pytest.approx((1.0,))
    # In Shapley's game, where ties are drifted along too, all hangs together.
    game = Game.from_payoffs(SHAPLEY)
    assert alpha_rank(game).sinks == tuple(s.places for s in best_replies(game, "as good").sinks)


def test_pennies_spend_equal_time_everywhere():
    assert alpha_rank(Game.from_payoffs(PENNIES)).weights == pytest.approx([0.25] * 4)
    assert alpha_rank(Game.from_payoffs(PENNIES), 0.0).weights == pytest.approx([0.25] * 4)


def test_of_two_profiles_the_odds_are_those_of_fixation():
    # The second player earns the same by both and drifts; the first gains 1: odds e^(alpha (m - 1)).
    u = [[[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]
    found = alpha_rank(Game.from_payoffs(u), 0.3, size=11).weights
    assert np.log(found[2] / found[0]) == pytest.approx(3.0)


def test_fixation_is_that_of_finite_populations():
    steady = np.array([[0.3, 0.3], [0.0, 0.0]])
    found = fixation_probabilities(steady, 10, 2.0)
    assert log_fixation(np.array([0.6, -0.6]), 10) == pytest.approx(
        np.log([found[0, 1], found[1, 0]])
    )
    assert log_fixation(np.array([0.0, 1e-300, 1e5, -1e5]), 10) == pytest.approx(
        [-np.log(10.0), -np.log(10.0), 0.0, -9e5]
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10**6))
def test_time_in_each_state_is_left_as_it_is_by_the_chain(states, seed):
    chain = np.random.default_rng(seed).dirichlet(np.full(states, 0.5), states)
    shares = long_run(chain)
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ chain == pytest.approx(shares, abs=1e-12)
    assert long_run_of_logs(np.log(chain)) == pytest.approx(shares, abs=1e-12)


def test_chances_too_small_for_a_float_are_told_apart():
    # There and back: time goes by the odds, e^-4001 against e^-4000.
    logs = np.array([[0.0, -4001.0, -np.inf], [-4000.0, 0.0, 0.0], [-np.inf, 0.0, 0.0]])
    first, second, third = long_run_of_logs(logs)
    assert second == pytest.approx(third)
    assert first / second == pytest.approx(np.e)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([(2, 2), (3, 3), (2, 3, 2)]), st.integers(0, 10**6))
def test_the_limit_holds_all_time_in_sinks(shape, seed):
    game = Game.from_payoffs(drawn(shape, seed))
    found = alpha_rank(game)
    assert sum(found.mass) == pytest.approx(1.0)
    assert found.weights[list(found.ranking)].sum() == pytest.approx(1.0, abs=1e-4)
    if len(found.sinks) == 1:
        assert settled_alpha_rank(game).weights == pytest.approx(found.weights, abs=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_units_zeros_and_names_change_no_ranking(seed):
    u = drawn((3, 3), seed)
    found = alpha_rank(Game.from_payoffs(u), 2.0).weights
    scaled = alpha_rank(Game.from_payoffs(100.0 * u + 7.0), 0.02).weights
    assert scaled == pytest.approx(found, abs=1e-9)
    order = np.random.default_rng(seed).permutation(3)
    swapped = alpha_rank(Game.from_payoffs(u[:, order]), 2.0).weights
    assert swapped.reshape(3, 3) == pytest.approx(found.reshape(3, 3)[order], abs=1e-9)


@pytest.mark.parametrize("alpha", [0.5, 3.0, np.inf])
def test_interchangeable_players_spend_the_time_of_the_same_one_by_one(alpha):
    for seed in range(3):
        game, full = counted(3, 3, seed)
        one, each = alpha_rank(game, alpha), alpha_rank(full, alpha)
        assert one.weights == pytest.approx(lumped(each.weights, 3, 3), abs=1e-9)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"alpha": -1.0}, "alpha = -1 is below 0"),
        ({"size": 1}, "size = 1 leaves nobody to compare with"),
        ({"one_population": True}, "roles of [1, 1] players are no one population"),
    ],
)
def test_what_cannot_be_ranked_is_one_line(given, says):
    with pytest.raises(AgentsimError) as caught:
        alpha_rank(Game.from_payoffs(DILEMMA), **given)
    assert says in str(caught.value) and "\n" not in str(caught.value)
