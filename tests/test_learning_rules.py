"""Learning rules against numbers worked out by hand, and against what their authors prove."""

import numpy as np
import pytest

from agentsim.errors import AgentsimError
from agentsim.strategy.learning.experience_weighted import AttractionRule, attracted
from agentsim.strategy.learning.fictitious_play import FictitiousRule, believed, expected
from agentsim.strategy.learning.imitation import ImitationRule
from agentsim.strategy.learning.payoffs import rise
from agentsim.strategy.learning.q_learning import QRule
from agentsim.strategy.learning.regret_matching import RegretRule, switching
from agentsim.strategy.learning.rule import Round, at, drawn, logit, one_hot, tried
from agentsim.strategy.learning.tables import read, write

SHAPE = (2, 3)
EVEN = (np.arange(6).reshape(SHAPE) + 0.5) / 6


def everywhere(number):
    return np.full(SHAPE, number)


def column(*numbers):
    """One number for each action, the same for all firms and runs."""
    return np.broadcast_to(np.array(numbers, float).reshape(-1, 1, 1), (len(numbers), *SHAPE))


def a_round(action, payoff, foregone=(0.0, 0.0), seen=0, then=0, move=0, best=None):
    return Round(
        everywhere(seen),
        everywhere(action),
        everywhere(payoff),
        column(*foregone),
        everywhere(move),
        everywhere(action if best is None else best),
        everywhere(then),
    )


class TestPicking:
    def test_at_takes_each_firms_and_runs_own_entry(self):
        table = np.arange(24.0).reshape(4, *SHAPE)
        index = np.array([[0, 1, 2], [3, 2, 1]])
        np.testing.assert_array_equal(at(table, index), [[0, 7, 14], [21, 16, 11]])
        deep = np.stack([table, table + 100], axis=1)
        np.testing.assert_array_equal(at(deep, index)[1], at(table, index) + 100)

    def test_drawn_falls_by_probability(self):
        chosen = drawn(column(1 / 3, 1 / 2, 1 / 6), EVEN)
        np.testing.assert_array_equal(chosen.ravel(), [0, 0, 1, 1, 1, 2])

    def test_drawn_stays_within_the_actions_where_probabilities_fall_short_of_one(self):
        assert (drawn(column(0.3, 0.3, 0.3), everywhere(1.0)) == 2).all()

    def test_tried_is_any_action_alike_below_the_share_and_the_usual_one_above(self):
        luck = (np.arange(6000).reshape(2, 3000) + 0.5) / 6000
        chosen = tried(np.full(luck.shape, 2), 3, 0.5, luck)
        counts = np.bincount(chosen.ravel())
        np.testing.assert_array_equal(counts, [1000, 1000, 4000])
        assert (tried(everywhere(1), 3, 0.0, EVEN) == 1).all()

    def test_logit_odds_are_those_of_the_values(self):
        shares = logit(column(0.1, 0.3, -1e6), 10.0)
        np.testing.assert_allclose(shares.sum(axis=0), 1.0)
        np.testing.assert_allclose(shares[1] / shares[0], np.exp(2.0))
        assert (shares[2] < 1e-300).all()

    def test_a_rise_of_profit_counts_over_revenue_within_bounds(self):
        made = rise(np.array([3.0, 3.0, 9e9, 1.0]), np.ones(4), np.array([8.0, 0.0, 1.0, 5.0]))
        np.testing.assert_array_equal(made, [0.25, 0.0, 1.0, 0.0])


class TestQLearning:
    def test_only_what_was_done_in_its_situation_changes(self):
        rule = QRule(alpha=0.5, delta=0.9)
        knows = rule.start(3, 2, 1, SHAPE)
        knows["value"][2] = column(4.0, 6.0)
        knows = rule.learn(knows, a_round(action=1, payoff=2.0, seen=0, then=2))
        # 0.5 x 0 + 0.5 x (2 + 0.9 x 6)
        np.testing.assert_allclose(knows["value"][0], column(0.0, 3.7))
        np.testing.assert_array_equal(knows["value"][1], 0.0)
        np.testing.assert_array_equal(knows["value"][2], column(4.0, 6.0))
        np.testing.assert_array_equal(knows["rounds"], 1.0)

    def test_a_payoff_for_ever_is_worth_its_present_value(self):
        rule = QRule(alpha=0.5, delta=0.8)
        knows = rule.start(1, 2, 1, SHAPE)
        for _ in range(200):
            knows = rule.learn(knows, a_round(action=0, payoff=3.0))
        np.testing.assert_allclose(knows["value"][0, 0], 3.0 / (1.0 - 0.8))

    def test_exploration_dies_out_exponentially(self):
        rule = QRule(exploration=1.0, beta=0.1)
        luck = np.linspace(0.0005, 0.9995, 1000).reshape(1, -1)
        knows = {"value": np.zeros((1, 2, 1, 1000)), "rounds": np.full((1, 1000), 10.0)}
        knows["value"][0, 0] = 1.0
        chosen = rule.choose(knows, np.zeros((1, 1000), int), luck)
        # exp(-1) explore, half of whom take the worse action
        assert chosen.mean() == pytest.approx(np.exp(-1.0) / 2, abs=0.001)


class TestExperienceWeightedAttraction:
    def test_one_step_by_hand(self):
        done = one_hot(everywhere(0), 2)
        new, total = attracted(
            column(1.0, 2.0), everywhere(3.0), column(5.0, 4.0), done, 0.9, 0.5, 0.9 * (1 - 0.2)
        )
        n = 0.9 * 0.8 * 3.0 + 1.0
        np.testing.assert_allclose(total, n)
        np.testing.assert_allclose(new, column((0.9 * 3 * 1 + 5) / n, (0.9 * 3 * 2 + 0.5 * 4) / n))

    def test_with_full_weight_on_the_forgone_it_is_fictitious_play(self):
        """delta = 1, phi = 1, kappa = 0: attractions are mean payoffs against past moves."""
        payoffs = np.array([[3.0, 0.0, 1.0], [2.0, 2.0, -1.0]])
        moves = [0, 2, 2, 1, 0, 1, 1]
        ewa, fictitious = (
            AttractionRule(phi=1.0, delta=1.0),
            FictitiousRule(payoffs[..., None, None]),
        )
        one, other = ewa.start(1, 2, 3, SHAPE), fictitious.start(1, 2, 3, SHAPE)
        other = {"belief": np.zeros((3, *SHAPE)), "rounds": np.zeros(SHAPE)}
        for move in moves:
            played = a_round(0, payoffs[0, move], payoffs[:, move], move=move)
            one, other = ewa.learn(one, played), fictitious.learn(other, played)
        np.testing.assert_allclose(
            one["attraction"], expected(payoffs[..., None, None], other["belief"])
        )

    def test_without_the_forgone_it_reinforces_what_was_done_alone(self):
        rule = AttractionRule(delta=0.0)
        knows = rule.learn(rule.start(1, 2, 1, SHAPE), a_round(1, 3.0, (7.0, 3.0)))
        np.testing.assert_array_equal(knows["attraction"], column(0.0, 3.0))

    def test_at_speed_zero_nothing_is_learnt(self):
        rule = AttractionRule(speed=0.0)
        start = {"attraction": column(1.0, 2.0), "experience": everywhere(3.0)}
        knows = rule.learn(start, a_round(1, 3.0, (7.0, 3.0)))
        for name, values in start.items():
            np.testing.assert_array_equal(knows[name], values)


class TestRegretMatching:
    def test_regret_is_averaged_for_the_action_taken(self):
        rule = RegretRule()
        knows = rule.start(1, 2, 1, SHAPE)
        knows = rule.learn(knows, a_round(0, 1.0, (1.0, 4.0)))
        knows = rule.learn(knows, a_round(1, 2.0, (0.0, 2.0)))
        np.testing.assert_allclose(knows["regret"][0], column(0.0, 1.5))
        np.testing.assert_allclose(knows["regret"][1], column(-1.0, 0.0))
        np.testing.assert_allclose(knows["often"], column(0.5, 0.5))

    def test_it_switches_in_proportion_to_positive_regrets(self):
        regret = np.zeros((3, 3, *SHAPE))
        regret[1] = column(0.4, 0.0, -0.2)
        np.testing.assert_allclose(switching(regret, everywhere(1), 4.0), column(0.1, 0.9, 0.0))
        np.testing.assert_array_equal(switching(regret, everywhere(0), 4.0), column(1.0, 0.0, 0.0))

    def test_the_first_action_is_drawn_as_often_as_each_was_played(self):
        rule = RegretRule()
        knows = rule.start(1, 3, 1, SHAPE) | {"often": column(0.5, 0.0, 0.5)}
        np.testing.assert_array_equal(
            rule.choose(knows, everywhere(0), EVEN).ravel(), [0, 0, 0, 2, 2, 2]
        )


class TestFictitiousPlay:
    def test_belief_is_the_share_of_rounds(self):
        rule = FictitiousRule(np.zeros((2, 2, 1, 1)))
        knows = rule.start(1, 2, 2, SHAPE)
        for move in (0, 0, 1, 0):
            knows = rule.learn(knows, a_round(0, 0.0, move=move))
        # The uniform belief of the start counts as one round.
        np.testing.assert_allclose(knows["belief"], column(3.5 / 5, 1.5 / 5))

    def test_it_answers_its_belief(self):
        payoffs = np.array([[1.0, 0.0], [0.0, 3.0]])[..., None, None]
        for belief, answer in ((0.8, 0), (0.7, 1)):
            knows = {"belief": column(belief, 1.0 - belief), "rounds": everywhere(1.0)}
            assert (FictitiousRule(payoffs).choose(knows, everywhere(0), EVEN) == answer).all()

    def test_a_move_counts_with_its_weight(self):
        np.testing.assert_allclose(believed(column(0.5, 0.5), everywhere(1), 0.2), column(0.4, 0.6))


def test_imitation_does_what_the_best_did():
    rule = ImitationRule(3, exploration=0.0)
    knows = rule.learn(rule.start(1, 3, 1, SHAPE), a_round(0, 1.0, best=2))
    assert (rule.choose(knows, everywhere(0), EVEN) == 2).all()


class TestTables:
    def test_what_is_written_is_read(self, tmp_path):
        labels = (("a", "b"), ("x",))
        write(
            tmp_path / "t.csv",
            ["made for a test"],
            {("r", "t"): (labels, np.array([[0.25], [-1e-9]]))},
        )
        assert read(tmp_path / "t.csv") == {("r", "t", "a", "x"): 0.25, ("r", "t", "b", "x"): 0.0}

    def test_another_file_is_refused_in_one_line(self, tmp_path):
        file = tmp_path / "t.csv"
        file.write_text("rule,value\nr,1\n")
        with pytest.raises(AgentsimError, match=r"t\.csv is no file of trained tables"):
            read(file)
