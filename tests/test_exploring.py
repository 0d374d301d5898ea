"""Exploring strategies: the double oracle finds known equilibria, and says what was an artefact."""

import numpy as np
import pytest

from agentsim.batch.intervals import Interval
from agentsim.errors import AgentsimError
from agentsim.games import Game, Role
from agentsim.games.best_response import Family, best_responses, faced
from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.exploring import (
    ADDED,
    CONVERGED,
    LEFT,
    NO_ROUNDS,
    NOT_SURE,
    NOTHING_NEW,
    TOO_LARGE,
    UNSURE,
    explore,
)
from agentsim.games.profiles import Layout


class Known:
    """An oracle that knows what one number earns against others: payoff(own, others)."""

    def __init__(self, payoff, half_width=0.0):
        self.payoff, self.half_width = payoff, half_width

    def number(self, text):
        return float(text.partition("=")[2].rstrip(")"))

    def others(self, met):
        values = np.array([self.number(each) for each in met.game.strategies])
        return [np.repeat(values, counts) for counts in met.counts]

    def gains(self, met, family):
        def gained(x):
            lots = zip(self.others(met), met.weights, strict=True)
            return sum(w * self.payoff(x[:, 0], each) for each, w in lots) - met.earned

        return gained

    def confirmed(self, met, shortlist):
        gain = shortlist[0].gain
        return shortlist[0], Interval(gain, gain - self.half_width, gain + self.half_width, 1)

    def enlarged(self, game, added):
        more = [tuple(t for at, t in added if at == place) for place in range(len(game.roles))]
        return self.game([
            Role(role.name, role.players, role.strategies + extra)
            for role, extra in zip(game.roles, more, strict=True)
        ])  # fmt: skip

    def game(self, roles):
        values = np.array([self.number(s) for role in roles for s in role.strategies])
        layout = Layout.of(tuple(roles))
        payoffs = np.full((layout.count, layout.columns), np.nan)
        for place, column in np.argwhere(layout.profiles > 0):
            others = layout.profiles[place].copy()
            others[column] -= 1
            own = values[column : column + 1]
            payoffs[place, column] = self.payoff(own, np.repeat(values, others))[0]
        return Game(tuple(roles), payoffs)


def cournot(own, others):
    """Earn as a firm with costs of nothing where the price is 1 less what all sell."""
    return own * (1.0 - own - others.sum())


def tullock(own, others):
    """Earn as one who spends on a prize of 1 that is won in proportion to what is spent."""
    return own / (own + others.sum() + 1e-12) - own


def firms(players, *numbers, name="firms", strategy="sells(much"):
    texts = tuple(f"{strategy}={each:g})" for each in numbers)
    return Role(name, tuple(f"{name} {i}" for i in range(players)), texts)


def family(role="firms", low=0.0, high=1.0):
    return Family(role, "sells", ("much",), (low,), (high,))


@pytest.mark.parametrize("players", [2, 3, 4])
def test_it_converges_to_the_quantity_of_cournot(players):
    oracle = Known(cournot)
    game = oracle.game([firms(players, 0.05, 0.5)])
    found = explore(game, oracle, [family()], gain=2e-5, rounds=30)
    assert found.ended == CONVERGED
    assert is_cournot(found, oracle, players, 2e-5)


def is_cournot(found, oracle, players, gain):
    """Say whether all that is sold is as near to Cournot's total as a regret of `gain` allows.

    A quantity that is off its best reply by e forgoes e squared, and totals are off by
    2 (sum of e) / (players + 1); the search itself leaves half a step of its grid.
    """
    off = 2.0 * players * (gain**0.5 + 5e-4) / (players + 1)
    sold = [each.weights @ totals(found.last.game, oracle) for each in found.last.equilibria]
    return sold == pytest.approx([players / (players + 1)] * len(sold), abs=off)


def totals(game, oracle):
    """Return the sum of all numbers in each profile."""
    return game.layout.profiles @ np.array([oracle.number(each) for each in game.strategies])


def test_players_who_are_roles_of_their_own_converge_too():
    oracle = Known(cournot)
    roles = [firms(1, 0.1, 0.5, name="one"), firms(1, 0.1, 0.5, name="two")]
    found = explore(oracle.game(roles), oracle, [family("one"), family("two")], 2e-5, 30)
    assert found.ended == CONVERGED
    assert {each.role for each in found.added} == {"one", "two"}
    assert is_cournot(found, oracle, 2, 2e-5)


@pytest.mark.parametrize("players", [2, 5])
def test_it_converges_to_the_effort_of_tullock(players):
    oracle = Known(tullock)
    found = explore(oracle.game([firms(players, 0.01, 0.9)]), oracle, [family()], 1e-5, 30)
    assert found.ended == CONVERGED
    effort = (players - 1) / players**2
    for equilibrium in found.last.equilibria:
        spent = equilibrium.weights @ totals(found.last.game, oracle)
        assert spent / players == pytest.approx(effort, abs=5e-3)


def test_an_equilibrium_of_few_strategies_is_called_an_artefact():
    # Half the monopoly's quantity each is an equilibrium where the other choice is to flood.
    oracle = Known(cournot)
    found = explore(oracle.game([firms(2, 0.25, 0.9)]), oracle, [family()], 1e-4, 30)
    best = found.artefact(0)
    assert best.best.text == "sells(much=0.375)"  # (1 - 0.25) / 2
    assert float(best.gain.value) == pytest.approx(0.375**2 - 0.125, abs=1e-12)
    assert found.first.game.regret(["sells(much=0.25)"] * 2) == 0.0
    again = found.last.game.regret(["sells(much=0.25)"] * 2)
    assert again >= float(best.gain.value) - 1e-12


def test_an_equilibrium_of_the_full_game_is_none():
    oracle = Known(cournot)
    found = explore(oracle.game([firms(3, 0.25, 0.6)]), oracle, [family()])
    assert found.ended == CONVERGED
    assert not found.added
    assert found.artefact(0) is None


def test_what_is_not_sure_to_gain_is_not_added_and_is_told():
    oracle = Known(cournot, half_width=1.0)
    found = explore(oracle.game([firms(2, 0.25, 0.9)]), oracle, [family()])
    assert found.ended == NOT_SURE
    assert [each.became for each in found.last.responses] == [UNSURE]


@pytest.mark.parametrize(("how", "why"), [
    ({"rounds": 1}, NO_ROUNDS), ({"most_profiles": 3}, TOO_LARGE)])  # fmt: skip
def test_the_end_of_a_budget_is_told(how, why):
    oracle = Known(cournot)
    found = explore(oracle.game([firms(2, 0.25, 0.9)]), oracle, [family()], **how)
    assert found.ended == why
    assert [each.became for each in found.last.responses] == [LEFT]
    assert found.artefact(0) is not None


def nothing(game):
    return Equilibria(game, (), False, "none were looked for")


def test_without_an_equilibrium_the_profile_of_least_regret_is_answered():
    oracle = Known(cournot)
    game = oracle.game([firms(2, 0.1, 0.2)])
    found = explore(game, oracle, [family()], rounds=3, solve=nothing)
    assert not found.first.solved
    assert found.first.equilibria[0].found_by == ("least regret",)
    assert found.added[0].became == ADDED
    best = explore(oracle.game([firms(3, 0.25, 0.6)]), oracle, [family()], solve=nothing)
    assert best.ended == NOTHING_NEW


def test_who_meets_a_mixture_earns_what_the_game_says():
    rng = np.random.default_rng(3)
    oracle = Known(cournot)
    game = oracle.game([firms(4, 0.1, 0.2, 0.3), firms(1, 0.1, 0.4, name="big")])
    x = np.concatenate([rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(2))])
    mixed = Equilibrium(game, None, x)
    for role, part in enumerate((slice(0, 3), slice(3, 5))):
        (met,) = faced(mixed, role)
        assert met.weights.sum() == pytest.approx(1.0)
        assert met.earned == pytest.approx(x[part] @ game.deviations(x)[part], abs=met.left_out)
        gained = oracle.gains(met, family())(np.array([[0.1]]))[0]
        assert gained == pytest.approx(game.gains(x)[part][0], abs=2 * met.left_out + 1e-12)


def test_in_a_pure_profile_each_meets_others_than_itself():
    oracle = Known(cournot)
    game = oracle.game([firms(3, 0.1, 0.2)])
    met = faced(Equilibrium(game, np.array([1, 2])), 0)
    assert [each.counts.tolist() for each in met] == [[[0, 2]], [[1, 1]]]
    assert [each.follows for each in met] == ["sells(much=0.1)", "sells(much=0.2)"]


def test_the_search_finds_the_highest_of_many_peaks_of_several_parameters():
    two = Family("firms", "sells", ("much", "dear"), (-1.0, 0.0), (3.0, 2.0))

    def gains(x):
        tops = np.cos(3.0 * np.pi * (x - [0.7, 1.3])).sum(axis=1)
        return tops - ((x - [0.7, 1.3]) ** 2).sum(axis=1)

    best = best_responses(two, gains, generations=30)
    assert best[0].x == pytest.approx([0.7, 1.3], abs=0.02)
    assert best[0].gain >= max(each.gain for each in best)
    assert best_responses(two, gains, generations=30)[0].text == best[0].text


def test_the_ends_of_a_range_are_tried_and_no_number_twice():
    asked = []

    def gains(x):
        asked.extend(x[:, 0].tolist())
        return x[:, 0]

    best = best_responses(family(high=0.3), gains)
    assert best[0].x.tolist() == [0.3]
    assert [each.at_an_end for each in best] == [True, False, False, False]
    assert len(set(asked)) == len(asked)


def test_a_number_in_a_text_is_the_number():
    wide = family(low=0.1, high=7.7)
    for x in wide.snapped(np.linspace(0.1, 7.7, 57)[:, None]):
        assert float(wide.text(x).partition("=")[2].rstrip(")")) == x[0]


def test_what_cannot_be_played_is_left_out():
    def gains(x):
        return np.where(x[:, 0] > 0.5, np.nan, x[:, 0])

    assert best_responses(family(), gains)[0].x[0] <= 0.5
    with pytest.raises(AgentsimError, match="can be played; give another range"):
        best_responses(family(), lambda x: np.full(len(x), np.nan))


@pytest.mark.parametrize(("how", "says"), [
    ({"rounds": 0}, "rounds = 0 leaves nothing to do"),
    ({"gain": -1.0}, "gain = -1 is no gain"),
    ({"families": []}, "no family of strategies is free"),
    ({"families": [family("others")]}, "role 'others' is not known"),
])  # fmt: skip
def test_what_makes_no_sense_is_one_line(how, says):
    oracle = Known(cournot)
    with pytest.raises(AgentsimError) as caught:
        explore(oracle.game([firms(2, 0.1, 0.2)]), oracle, **({"families": [family()]} | how))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_range_that_is_none_is_one_line():
    with pytest.raises(AgentsimError, match="much from 1 to 1 is no range"):
        family(low=1.0)
