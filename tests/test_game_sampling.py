"""Candidates held against fresh runs: on payoffs made up, and what is simulated for it."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from simulated_games import asked

from agentsim import Market
from agentsim.batch.results import Results
from agentsim.games.empirical.found import found
from agentsim.games.empirical.payoffs import Conditioned, Payoffs
from agentsim.games.empirical.playing import FRESH, Played, play
from agentsim.games.empirical.sampling import BUDGET, ENOUGH, NONE, ROUNDS, sampled
from agentsim.games.game import Game
from agentsim.games.solving import equilibria
from agentsim.games.tables import by_profile
from agentsim.report.game_answer import answer
from agentsim.report.game_text import tables

SOLVE = partial(equilibria, gambit=False)
DILEMMA = np.array([[[3.0, 0.0], [5.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]]])
MISLED = np.array([[[5.5, 1.5], [5.0, 1.0]], [[5.5, 5.0], [1.5, 1.0]]])
"""The same as runs without luck showed it: restraint by both looks like the equilibrium."""
PLAYERS = {firm: {"strategies": ["restrain", "escalate"]} for firm in ("firm_1", "firm_3")}


@dataclass
class World:
    """What profiles pay, with so much luck, and what was simulated in it."""

    payoffs: list
    luck: float = 0.01
    sampling: dict = field(default_factory=dict)
    asks: list = field(default_factory=list)
    failed: tuple = ()

    @property
    def game(self):
        conditions = {"demand_elasticity": list(range(1, 1 + len(self.payoffs)))}
        return asked(runs=20, players=PLAYERS, conditions=conditions,
                     sampling={"fresh_runs": 100, "rounds": 3} | self.sampling)  # fmt: skip

    def simulate(self, rows, runs, number):
        self.asks.append((list(rows), runs, number))
        game, rng = self.game, np.random.default_rng(number)
        cells = game.cells(rows)
        earned = np.empty((len(cells), 2, runs))
        for at, cell in enumerate(cells):
            for player in (0, 1):
                mean = self.payoffs[cell.condition][(player, *cell.seating.chosen)]
                earned[at, player] = mean + self.luck * rng.normal(size=runs)
        earned[0, 0, list(self.failed)] = np.nan
        return Payoffs(game, cells, earned, {})

    def sampled(self, seen=None, runs=20):
        """Return what fresh runs say; see `played`."""
        return self.played(seen, runs).sampled

    def played(self, seen=None, runs=20):
        """Hold against fresh runs what is found on runs that saw these payoffs, without luck."""
        game, conditions = self.game, []
        for at, each in enumerate(self.payoffs if seen is None else seen):
            x = np.repeat(each.reshape(2, 4)[:, :, None], runs, axis=2)
            by_run = by_profile(x + 1e-9 * np.arange(runs), game.layout)
            of_means = Game(game.roles, by_run.mean(axis=-1), by_run)
            members = np.full((*of_means.payoffs.shape, 2), np.nan)
            conditions.append(Conditioned(game.every_condition[at], of_means, members))
        found = [SOLVE(each.game) for each in conditions]
        held = sampled(game, conditions, found, self.simulate, SOLVE)
        return Played(game, Path(), tuple(conditions), tuple(found), held, 0, 4 * runs)


def told(x):
    return [(each.equilibrium.words, each.verdict, each.since) for each in x.candidates]


BOTH_MILD, BOTH_FIERCE = (f"firm_1 {each}, firm_3 {each}" for each in ("restrain", "escalate"))


def test_a_true_equilibrium_is_confirmed_on_what_matters_to_it_alone():
    world = World([DILEMMA])
    x = world.sampled()
    assert told(x) == [(BOTH_FIERCE, "confirmed", 0)]
    assert (x.ended, x.rounds, x.runs, x.lost) == (ENOUGH, 1, 300, 0)
    # Restraint by both is two deviations away, and is not run again.
    assert world.asks == [([(1, 0), (2, 0), (3, 0)], 100, 1)]
    [candidate] = x.candidates
    assert candidate.places.tolist() == [1, 2, 3] and candidate.fresh.shape == (3, 4, 100)
    assert candidate.confirmation.confidence.runs == 100


def test_an_impostor_is_refuted_and_the_true_one_found_on_all_runs_and_confirmed_on_new_ones():
    world = World([DILEMMA])
    x = world.sampled([MISLED])
    assert told(x) == [(BOTH_MILD, "refuted", 0), (BOTH_FIERCE, "confirmed", 1)]
    assert (x.ended, x.rounds) == (ENOUGH, 2)
    # All profiles once more, with luck of their own and twice the runs; then those of what turned up.
    assert world.asks == [
        ([(0, 0), (1, 0), (2, 0)], 100, 1),
        ([(0, 0), (1, 0), (2, 0), (3, 0)], 40, 101),
        ([(1, 0), (2, 0), (3, 0)], 200, 2),
    ]
    assert x.runs == 3 * 100 + 4 * 40 + 3 * 200
    refuted, true = (each.confirmation for each in x.candidates)
    assert refuted.regret.value == pytest.approx(2.0, abs=0.05)
    # Only runs after the round that it was found on tell of it.
    assert true.confidence.runs == 200


def test_nothing_is_added_after_the_last_round_that_would_be_held_against_nothing():
    world = World([DILEMMA], sampling={"rounds": 1})
    x = world.sampled([MISLED])
    assert told(x) == [(BOTH_MILD, "refuted", 0)]
    assert (x.ended, x.rounds, len(world.asks)) == (ENOUGH, 1, 1)


def test_a_role_whose_payoffs_are_small_is_judged_by_what_it_earns():
    # The second player's payoffs are a thousandth of the first's: a gain of 0.001 is a third of them.
    small, seen = (DILEMMA * np.array([1.0, 1e-3])[:, None, None] for _ in range(2))
    seen[1, 1] = [5.5e-3, 1.5e-3]  # to restrain where the first escalates looks better than it is
    x = World([small], luck=1e-5).sampled([seen])
    assert x.candidates[0].verdict == "refuted"
    held = x.candidates[0].confirmation
    assert held.regret.value == pytest.approx(1e-3, rel=0.01)
    assert held.epsilon == pytest.approx(0.002 * 4e-3)
    assert held.probability == 0.0


def test_a_candidate_that_stays_open_is_sampled_again_with_twice_the_runs():
    close = DILEMMA.copy()
    close[0, 1, 1] = 1e-4  # whether escalation pays against escalation is left open
    close[1, 1, 1] = 1e-4
    world = World([close], luck=1.0)
    x = world.sampled()
    [candidate] = x.candidates
    assert [runs for _, runs, _ in world.asks] == [100, 200, 400]
    assert candidate.verdict == "open" and x.ended == ROUNDS and x.rounds == 3
    assert candidate.fresh.shape[-1] == 700


def test_an_interval_as_narrow_as_asked_ends_it_whatever_the_verdict():
    close = DILEMMA.copy()
    close[:, 1, 1] = 0.0
    wide = World([close], luck=1.0, sampling={"half_width": 5.0})
    x = wide.sampled()
    assert (x.ended, x.rounds) == (ENOUGH, 1)
    assert x.candidates[0].verdict == "open"


def test_the_budget_is_used_to_its_end_and_ends_it():
    world = World([DILEMMA], luck=30.0, sampling={"most_runs": 29})
    x = world.sampled()
    assert (x.ended, x.rounds, x.runs) == (BUDGET, 0, 0)  # nine runs of three profiles tell nothing
    assert told(x) == [(BOTH_FIERCE, "not sampled", 0)] and not world.asks
    world = World([DILEMMA], luck=30.0, sampling={"most_runs": 700})
    x = world.sampled()
    assert [runs for _, runs, _ in world.asks] == [100, 133]
    assert (x.ended, x.rounds, x.runs) == (BUDGET, 2, 3 * 233)


@pytest.mark.parametrize("nothing", [{"fresh_runs": 0}, {"rounds": 0}])
def test_where_nothing_is_asked_for_nothing_is_simulated(nothing):
    world = World([DILEMMA], sampling=nothing)
    x = world.sampled()
    assert (x.ended, x.rounds, x.runs) == (NONE, 0, 0) and not world.asks
    assert told(x) == [(BOTH_FIERCE, "not sampled", 0)]


def test_conditions_are_sampled_together_until_each_is_known():
    hunt = np.array([[[4.0, 0.0], [3.0, 2.0]], [[4.0, 3.0], [0.0, 2.0]]])
    world = World([DILEMMA, hunt])
    x = world.sampled([MISLED, hunt])
    assert [each.condition for each in x.candidates].count(1) == 3  # two pure ones, and a mixed
    assert {each.verdict for each in x.candidates if each.condition == 1} <= {"confirmed", "open"}
    assert {c for _, c in world.asks[0][0]} == {0, 1}
    assert world.asks[1][0] == [(p, 0) for p in range(4)]  # where one was refuted: all profiles
    assert (0, 0) in world.asks[0][0] and (0, 0) not in world.asks[2][0]
    pure = [each for each in x.candidates if each.condition == 1 and each.equilibrium.pure]
    assert {each.verdict for each in pure} == {"confirmed"}
    assert {len(each.places) for each in pure} == {3}


def test_fresh_runs_that_fail_are_left_out_and_counted():
    world = World([DILEMMA], failed=(3, 8))
    x = world.sampled()
    assert x.lost == 2 and x.candidates[0].confirmation.confidence.runs == 98


# What is said of it


def test_the_answer_counts_what_stands_and_accounts_for_every_candidate():
    x = found(World([DILEMMA]).played([MISLED]))
    assert answer(x)[0] == (
        "The game of Firm 1 and Firm 3 has 1 equilibrium. Of 2 candidates, held against 1,060 fresh "
        "runs in 2 rounds, 1 confirmed and 1 refuted. Sampling ended as every candidate's regret is "
        "known as closely as asked."
    )
    [condition] = x
    assert [each.words for each in condition.equilibria] == [BOTH_FIERCE]
    x = found(World([DILEMMA], sampling={"most_runs": 0}).played())
    assert answer(x)[0].endswith("The budget of runs is used up: none was held against fresh runs.")


def test_where_nothing_stands_the_answer_says_so():
    # Many runs that mislead outweigh the fresh ones, and nothing else turns up.
    x = found(World([DILEMMA]).played([MISLED], runs=5000))
    said = answer(x)[0]
    assert "has 0 equilibria. Of 1 candidate" in said and "1 refuted." in said
    assert said.endswith("None stands.")
    assert not len(x.conditions[0].equilibria)
    assert any("refuted" in line for line in tables(x))
    x = found(World([DILEMMA, DILEMMA]).played([MISLED, DILEMMA], runs=5000))
    assert "has 0 to 1 equilibria under each of 2 conditions" in answer(x)[0]
    assert answer(x)[0].endswith("None stands under demand elasticity 1.")


# What is simulated


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    game = asked(
        players=PLAYERS, sampling={"fresh_runs": 10, "rounds": 1},
        conditions={"demand_elasticity": [0.8, 1.2]},
    )  # fmt: skip
    out = tmp_path_factory.mktemp("fresh") / "results"
    return play(game, out, engine="here", progress=False)


def test_a_round_meets_other_luck_than_the_first_runs(simulated):
    [folder] = (simulated.folder / FRESH).iterdir()
    fresh, first = Results.open(folder), Results.open(simulated.folder)
    assert (first.experiment.entropy, fresh.experiment.entropy) == (5, 6)
    assert fresh.experiment.runs == 10
    row = fresh.runs().iloc[-1]
    lineup = {firm: row[f"lineup.{firm}"] for firm in PLAYERS}
    market = Market("theory", lineup, [int(row["run"])], 6, horizon=4, demand_noise=0.1,
                    demand_elasticity=row["demand_elasticity"])  # fmt: skip
    assert market.run().outcomes()["total_surplus"].iloc[0] == row["total_surplus"]
    ours = set(first.runs()["total_surplus"])
    assert not ours & set(fresh.runs()["total_surplus"])


def test_only_profiles_that_regrets_depend_on_are_run_again(simulated):
    [folder] = (simulated.folder / FRESH).iterdir()
    needed = {
        (int(p), each.condition) for each in simulated.sampled.candidates for p in each.places
    }
    cells = Results.open(folder).cells
    lineups = {
        (row["lineup.firm_1"], row["lineup.firm_3"], row["demand_elasticity"])
        for _, row in cells.iterrows()
    }
    names = ("restrain", "escalate")
    assert lineups == {
        (names[p // 2], names[p % 2], (0.8, 1.2)[condition]) for p, condition in needed
    }
    assert simulated.sampled.runs == 10 * len(cells)
    assert len(cells) < 8


def test_of_a_reduced_game_all_profiles_of_a_condition_are_run_again(tmp_path):
    firms = {"firms": ["hyperscaler"], "play": "alike", "strategies": ["restrain", "escalate"],
             "reduced": 2}  # fmt: skip
    game = asked(players={"firms": firms}, sampling={"fresh_runs": 10, "rounds": 1})
    x = play(game, tmp_path / "out", engine="here", progress=False)
    [folder] = (x.folder / FRESH).iterdir()
    assert len(Results.open(folder).cells) == len(game.simulated)
    assert {each.verdict for each in x.sampled.candidates} <= {"confirmed", "refuted", "open"}
    assert all(len(each.fresh) == len(each.places) for each in x.sampled.candidates)
