"""Learners in games whose outcome is known, and how they are trained."""

from dataclasses import replace

import numpy as np
import pytest

from agentsim.laws import services
from agentsim.learning.games import DOMINANT, PENNIES, PRISONERS, MatrixGame
from agentsim.learning.making import ROLES, agreement, comments, main, make
from agentsim.learning.playing import Played, play
from agentsim.learning.price_war import PriceWar
from agentsim.learning.quantity import QuantityMarket, quantity_game
from agentsim.learning.race import Race
from agentsim.learning.training import Length
from agentsim.strategy.learning.experience_weighted import AttractionRule
from agentsim.strategy.learning.fictitious_play import FictitiousRule
from agentsim.strategy.learning.imitation import ImitationRule
from agentsim.strategy.learning.q_learning import QRule
from agentsim.strategy.learning.regret_matching import RegretRule
from agentsim.strategy.learning.tables import path

SEED, SESSIONS = 1, 100
COOPERATE, DEFECT = 0, 1
DUOPOLY = QuantityMarket.theory(2)


def rules(game, spread):
    return {
        "q_learning": QRule(alpha=0.1, delta=0.0, beta=5e-3),
        "experience_weighted": AttractionRule(sensitivity=5.0),
        "regret_matching": RegretRule(spread=spread),
        "fictitious_play": FictitiousRule(game.against_moves()),
        "smooth_fictitious_play": FictitiousRule(game.against_moves(), sensitivity=5.0),
        "imitation": ImitationRule(game.actions, exploration=0.02),
    }


every_rule = pytest.mark.parametrize("rule", rules(MatrixGame(DOMINANT), 1.0))


def conditional_regrets(game, joint):
    """What each firm would have gained by always replacing one action by another, by session."""
    size = game.actions
    shaped = joint.reshape(*[size] * game.firms, -1)
    payoffs = game.payoffs.reshape(game.firms, *[size] * game.firms)
    worst = np.zeros(joint.shape[1])
    for firm in range(game.firms):
        play_, pays = np.moveaxis(shaped, firm, 0), np.moveaxis(payoffs[firm], firm, 0)
        for done in range(size):
            for other in range(size):
                gain = (play_[done] * (pays[other] - pays[done])[..., None]).reshape(-1, len(worst))
                worst = np.maximum(worst, gain.sum(axis=0))
    return worst


class TestKnownGames:
    @every_rule
    def test_a_dominant_action_is_found(self, rule):
        game = MatrixGame(DOMINANT)
        played = play(game, rules(game, 1.0)[rule], 1500, SESSIONS, SEED, 300)
        # What remains is what a rule tries on purpose: no more than one in fifty of either kind.
        assert (played.frequency[1].mean(axis=1) > 0.98).all()

    @pytest.mark.parametrize("rule", ["q_learning", "experience_weighted", "regret_matching"])
    def test_matching_pennies_are_matched_half_of_the_time(self, rule):
        game = MatrixGame(PENNIES)
        all_rules = rules(game, 2.0) | {"experience_weighted": AttractionRule(sensitivity=1.0)}
        played = play(game, all_rules[rule], 2000, SESSIONS, SEED, 1500)
        share = played.frequency[0]
        error = share.std(axis=1, ddof=1) / np.sqrt(SESSIONS)
        assert (np.abs(share.mean(axis=1) - 0.5) < 3.5 * error).all()
        matched = played.joint[0] + played.joint[3]
        assert abs(matched.mean() - 0.5) < 3.5 * matched.std(ddof=1) / np.sqrt(SESSIONS)

    def test_fictitious_play_converges_in_zero_sum_games(self):
        """Robinson 1951, "An iterative method of solving a game", Annals of Mathematics 54."""
        game = MatrixGame(PENNIES)
        short, long = (
            np.abs(play(game, FictitiousRule(game.against_moves()), t, 1, SEED, t).frequency - 0.5)
            for t in (100, 6400)
        )
        assert (long < 0.02).all()
        assert long.max() < short.max() / 4

    def test_fictitious_play_solves_a_game_by_dominance(self):
        """The second firm has no dominant action: it must learn that the first never plays 0."""
        payoffs = np.array([[[1.0, 0.0], [2.0, 1.0]], [[5.0, 0.0], [0.0, 1.0]]])
        game = MatrixGame(payoffs)
        played = play(game, FictitiousRule(game.against_moves()), 200, 5, SEED, 100)
        np.testing.assert_array_equal(played.last, 1)
        np.testing.assert_array_equal(played.joint[3], 1.0)

    def test_joint_play_of_regret_matchers_nears_correlated_equilibrium(self):
        """In chicken, whose correlated equilibria are many: no swap of actions pays on average."""
        game = MatrixGame(np.array([[[6.0, 2.0], [7.0, 0.0]], [[6.0, 7.0], [2.0, 0.0]]]))
        short, long = (
            conditional_regrets(game, play(game, RegretRule(7.0), t, SESSIONS, SEED, t).joint)
            for t in (200, 3200)
        )
        # Regrets fall like one over the root of the rounds, here to a quarter.
        assert long.mean() < short.mean() / 3
        assert np.quantile(long, 0.95) < 7.0 / np.sqrt(3200)

    def test_imitation_leads_to_what_beats_the_rival_and_not_to_what_pays(self):
        game = MatrixGame(PRISONERS)
        played = play(game, ImitationRule(2, exploration=0.02), 1000, SESSIONS, SEED, 300)
        assert played.frequency[DEFECT].mean() > 0.98


class TestPrisonersDilemma:
    @every_rule
    def test_without_memory_all_defect(self, rule):
        game = MatrixGame(PRISONERS)
        played = play(game, rules(game, 5.0)[rule], 2000, SESSIONS, SEED, 300)
        assert (played.frequency[DEFECT].mean(axis=1) > 0.98).all()

    def unforgiving(self, game):
        """Cooperate until someone defects: the values that this has, at a discount of 0.95."""
        v, d = 3.0 / 0.05, 1.0 / 0.05
        value = np.array([[v, 5.0 + 0.95 * d]] + 3 * [[0.95 * d, d]])[: game.situations]
        shape = (game.situations, 2, 2, SESSIONS)
        return {
            "value": np.array(np.broadcast_to(value[..., None, None], shape)),
            "rounds": np.zeros((2, SESSIONS)),
        }

    def test_with_memory_cooperation_is_held_by_what_would_follow_a_defection(self):
        game = MatrixGame(PRISONERS, memory=True)
        before = self.unforgiving(game)
        rule = QRule(alpha=0.2, delta=0.95, exploration=0.0)
        played = play(game, rule, 200, SESSIONS, SEED, 200, knows=self.unforgiving(game))
        np.testing.assert_array_equal(played.joint[0], 1.0)
        np.testing.assert_allclose(played.knows["value"], before["value"])

    def test_when_things_are_tried_trust_lasts_longer_with_memory(self):
        """Without it, defections that pay are not answered until trust is unlearnt."""
        rule = QRule(alpha=0.05, delta=0.95, exploration=0.1, beta=0.0)
        held = []
        for memory in (False, True):
            game = MatrixGame(PRISONERS, memory)
            knows = self.unforgiving(game)
            held.append(play(game, rule, 3000, SESSIONS, SEED, 300, knows=knows).joint[0])
        without, with_it = held
        error = np.sqrt((without.var(ddof=1) + with_it.var(ddof=1)) / SESSIONS)
        assert with_it.mean() - without.mean() > 3.5 * error
        assert without.mean() < 0.5 < with_it.mean()


class TestQuantityGame:
    def test_nash_and_joint_profit_are_those_of_the_law(self):
        for firms in (2, 3, 4):
            market = QuantityMarket.theory(firms)
            nash, joint = (market.each(p) for p in (market.nash_price, market.joint_price))
            around = np.linspace(0.98, 1.02, 401)
            alone = np.full((firms, 401), nash)
            alone[0] = nash * around
            assert around[np.argmax(market.profit(alone)[0])] == pytest.approx(1.0)
            together = market.profit(np.full((firms, 401), joint) * around)[0]
            assert around[np.argmax(together)] == pytest.approx(1.0)
            assert together.max() == pytest.approx(market.profit_at(market.joint_price))

    def test_marginal_revenue_of_the_services_law_is_cost_at_nash(self):
        x = np.full((2, 1), DUOPOLY.each(DUOPOLY.nash_price))
        theta = services.weights(np.ones_like(x), DUOPOLY.sigma)
        sold = services.sell(x, np.log(theta), DUOPOLY.sigma, DUOPOLY.demand)
        value = services.marginal_revenue(sold.p_h, sold.s_h, DUOPOLY.sigma, DUOPOLY.epsilon)
        np.testing.assert_allclose(value, DUOPOLY.cost)

    def test_the_index_is_nought_at_nash_and_one_at_joint_profit(self):
        for price, index in ((DUOPOLY.nash_price, 0.0), (DUOPOLY.joint_price, 1.0)):
            profit = DUOPOLY.profit(np.full((2, 3), DUOPOLY.each(price)))
            np.testing.assert_allclose(DUOPOLY.index(profit), index, atol=1e-9)

    def test_the_grid_reaches_one_step_beyond_both(self):
        grid = DUOPOLY.grid(5)
        assert len(grid) == 8
        assert grid[1] == pytest.approx(DUOPOLY.each(DUOPOLY.joint_price))
        assert grid[-2] == pytest.approx(DUOPOLY.each(DUOPOLY.nash_price))

    @pytest.mark.parametrize("rule", ["regret_matching", "fictitious_play"])
    def test_those_who_answer_rivals_play_nash(self, rule):
        game = quantity_game(DUOPOLY, DUOPOLY.grid(5))
        spread = float(np.ptp(game.payoffs)) / 10
        played = play(game, rules(game, spread)[rule], 2000, SESSIONS, SEED, 200)
        index = DUOPOLY.index(played.payoff * DUOPOLY.profit_at(DUOPOLY.joint_price))
        assert np.abs(index.mean()) < 0.01

    def test_imitators_compete_harder_than_nash(self):
        """To where none earns more than the other by selling more: the price is c / (1 - 1/sigma)."""
        grid = DUOPOLY.grid(2, up_to=DUOPOLY.cost)
        game = quantity_game(DUOPOLY, grid)
        played = play(game, ImitationRule(len(grid), exploration=0.01), 2000, SESSIONS, SEED, 500)
        nearest = np.argmin(np.abs(grid - DUOPOLY.each(DUOPOLY.imitation_price)))
        assert np.argmax(played.frequency.mean(axis=(1, 2))) == nearest
        assert grid[nearest] > 1.3 * DUOPOLY.each(DUOPOLY.nash_price)

    def test_nobody_gets_ahead_of_imitators(self):
        for firms in (2, 3):
            market = QuantityMarket.theory(firms)
            around = np.linspace(0.9, 1.1, 2001)
            x = np.full((firms, 2001), market.each(market.imitation_price))
            x[0] *= around
            ahead = market.profit(x)[0] - market.profit(x)[1]
            assert around[np.argmax(ahead)] == pytest.approx(1.0)
            assert ahead.max() == pytest.approx(0.0, abs=1e-12)

    def test_q_learners_end_between_nash_and_joint_profit(self):
        game = quantity_game(DUOPOLY, DUOPOLY.grid(2), memory=True)
        played = play(game, QRule(beta=1e-3), 8000, SESSIONS, SEED, 500)
        index = DUOPOLY.index(played.payoff * DUOPOLY.profit_at(DUOPOLY.joint_price))
        error = index.std(ddof=1) / np.sqrt(SESSIONS)
        assert 3.0 * error < index.mean() < 1.0 - 3.0 * error


BEST_RESPONSE, NEAR = 1, 1


class TestStageGames:
    """Games of postures, from their equilibria: `spells` is 1, so that the start is kept."""

    @pytest.mark.parametrize("game", [Race(QuantityMarket.theory(4)), PriceWar()])
    def test_best_responses_rest_at_nash_and_see_rivals_do_nothing_unusual(self, game):
        state, _ = game.open(3)
        actions = np.full((game.firms, 3), BEST_RESPONSE)
        for _ in range(5):
            state, came = game.play(replace(state, spells=1), actions, np.full(actions.shape, 0.5))
            np.testing.assert_allclose(came.payoff, 0.0, atol=1e-9)
            np.testing.assert_array_equal(came.move, NEAR)

    @pytest.mark.parametrize(("posture", "seen"), [(0, 1), (3, 2)])
    def test_at_nash_restraint_changes_nothing_and_escalation_is_seen_and_loses(
        self, posture, seen
    ):
        race = Race(QuantityMarket.theory(4))
        state, _ = race.open(1)
        actions = np.full((4, 1), BEST_RESPONSE)
        actions[1:] = posture
        _, came = race.play(replace(state, spells=1), actions, np.full((4, 1), 0.5))
        assert came.move[0, 0] == seen
        assert (came.payoff[1:] < -0.01).all() if posture else (came.payoff == 0.0).all()

    def test_undercutting_wins_share_and_loses_profit(self):
        game = PriceWar()
        state, _ = game.open(1)
        actions = np.array([[0], [BEST_RESPONSE]])
        after, came = game.play(replace(state, spells=1), actions, np.full((2, 1), 0.5))
        assert game.share(after, after.price)[0, 0] > 0.5
        assert came.payoff[0, 0] < 0.0
        assert came.move[1, 0] == 0

    def test_every_ten_years_all_begin_anew_from_other_places(self):
        race = Race(QuantityMarket.theory(4))
        state, _ = race.open(200)
        luck = np.random.default_rng(1).uniform(size=(4, 200))
        kept, _ = race.play(replace(state, spells=9), np.full((4, 200), 1), luck)
        moved, _ = race.play(replace(state, spells=10), np.full((4, 200), 1), luck)
        assert np.ptp(kept.capacity, axis=1).max() < 1e-9
        assert np.ptp(moved.capacity, axis=1).min() > 0.1
        assert moved.spells == 1


class TestPlaying:
    @pytest.mark.parametrize("name", ["matrix", "race", "price war"])
    def test_a_session_is_the_same_whichever_are_played_beside_it(self, name):
        game = {
            "matrix": lambda: MatrixGame(PRISONERS, memory=True),
            "race": lambda: Race(QuantityMarket.theory(4)),
            "price war": PriceWar,
        }[name]()
        rule = QRule(beta=0.01)
        many = play(game, rule, 150, 9, SEED, 50)
        alone = play(game, rule, 150, [7], SEED, 50)
        np.testing.assert_array_equal(many.knows["value"][..., 7:8], alone.knows["value"])
        np.testing.assert_array_equal(many.payoff[:, 7:8], alone.payoff)

    def test_another_seed_is_another_session(self):
        game = MatrixGame(PENNIES)
        one, other = (play(game, QRule(), 100, 5, seed, 100).frequency for seed in (1, 2))
        assert (one != other).any()

    def test_three_firms_see_what_the_other_two_did(self):
        game = MatrixGame(np.arange(24.0).reshape(3, 2, 2, 2))
        actions = np.array([[1], [0], [1]])
        _, came = game.play(None, actions, np.zeros((3, 1)))
        np.testing.assert_array_equal(came.payoff[:, 0], [5.0, 13.0, 21.0])
        np.testing.assert_array_equal(came.move[:, 0], [1, 3, 2])
        np.testing.assert_array_equal(came.foregone[:, 1, 0], [13.0, 15.0])


class TestTraining:
    SHORT = Length(sessions=5, at_random=40, rounds=40)

    @pytest.mark.parametrize("role", ROLES)
    def test_it_gives_the_same_file_to_the_byte(self, role, tmp_path):
        for name in ("one", "other"):
            make(role, tmp_path / name, self.SHORT)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()

    @pytest.mark.parametrize("role", ROLES)
    def test_the_shipped_file_is_of_the_same_command_and_holds_the_same_numbers(
        self, role, tmp_path
    ):
        make(role, tmp_path / "short", self.SHORT)
        shipped = path(role).read_text("utf-8").splitlines()
        short = (tmp_path / "short").read_text("utf-8").splitlines()
        assert shipped[:3] == [f"# {each}" for each in comments(role, Length())]
        named = [[line.rpartition(",")[0] for line in lines[3:]] for lines in (shipped, short)]
        assert named[0] == named[1]

    def test_tables_agree_where_they_prefer_the_same_action_as_their_mean(self):
        value = np.zeros((2, 2, 1, 4))  # situations, actions, a firm, sessions
        value[0, 1] = 1.0
        value[1, 0] = [[1.0, 1.0, 1.0, -1.0]]
        knows = {"value": value}
        nothing = np.zeros((1, 4))
        played = Played(nothing, nothing, nothing, knows, nothing.astype(int))
        assert agreement(played) == (1.0 + 0.75) / 2

    def test_an_unknown_word_is_refused(self, capsys):
        assert main(["--nope"]) == 2
        assert capsys.readouterr().err.startswith("usage: python -m agentsim.learning")
