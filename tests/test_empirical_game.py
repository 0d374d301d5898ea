"""The design of a game: who plays, what is run, and what is refused."""

import tomllib
from itertools import groupby, product

import numpy as np
import pytest
from batches import refused
from simulated_games import NONE, PAIR, asked

from agentsim.batch.design import GAME, Experiment, shipped
from agentsim.batch.plan import make
from agentsim.cli import main
from agentsim.games.empirical import EmpiricalGame
from agentsim.games.empirical.averaging import averaged
from agentsim.games.empirical.design import KEPT
from agentsim.games.empirical.seating import seatings
from agentsim.parameters import DECLARATIONS
from agentsim.scenario import Scenario

FOUR = ["restrain", "best_response", "match", "escalate"]
POWERS = ("merchant_fleet_power", "custom_fleet_power")
FIRMS = ("firm_1", "firm_2", "firm_3", "firm_4")
SHIPPED = {
    # as the comments in the files say: profiles, conditions
    "chip_vendor_game": (5 * 3 * 2 * 3, 6),
    "credit_game": (5**3, 6),
    "custom_silicon_game": (2**4, 9),
    "dilemma_map": (84, 49),
    "effort_game": (462, 4),
    "effort_game_theory": (126, 4),
    "escalator_game": (350, 12),
    "escalator_game_firms": (4**6, 6),
    "escalator_game_symmetric": (84, 12),
    "layered_game": (4**4, 6),
    "memory_game": (5**3, 6),
}


def everyone(play, **more):
    return asked(players={"firms": {"firms": ["hyperscaler"], "play": play, "strategies": FOUR}
                          | more})  # fmt: skip


# Who plays


def test_firms_that_play_apart_are_a_role_each():
    game = everyone("apart")
    assert [role.name for role in game.roles] == [*FIRMS]
    assert [role.players for role in game.roles] == [(firm,) for firm in FIRMS]
    assert game.layout.count == 4**4
    assert game.seats == {firm: (firm,) for firm in FIRMS}
    assert game.table_of == dict.fromkeys(FIRMS, "firms")


def test_firms_that_are_alike_are_one_role_of_which_only_numbers_count():
    game = everyone("alike")
    [role] = game.roles
    assert (role.name, role.players) == ("firms", FIRMS)
    assert game.layout.count == 35
    assert game.seats == {firm: (firm,) for firm in FIRMS}


def test_firms_that_play_together_are_one_player_and_follow_one_strategy():
    game = asked(players={
        "firms": {"firms": ["hyperscaler"], "play": "together", "strategies": FOUR},
        "vendor": {"strategies": ["hold_margin", "undercut"]},
    })  # fmt: skip
    assert [(role.name, role.players) for role in game.roles] == [
        ("firms", ("firms",)), ("vendor", ("vendor",)),
    ]  # fmt: skip
    assert game.layout.count == 4 * 2
    for cell in game.cells():
        assert len({game.lineup_of(cell.seating)[firm] for firm in FIRMS}) == 1


def test_a_table_is_named_by_its_firm_or_names_firms():
    game = asked()
    assert [(role.name, role.strategies) for role in game.roles] == [
        ("firm_1", ("restrain", "escalate")),
        ("firm_3", ("best_response", "match", "escalate")),
    ]
    assert game.table_of == {"firm_1": "a", "firm_3": "firm_3"}
    assert game.market_role == {"a": "hyperscaler", "firm_3": "hyperscaler"}


def test_a_table_may_be_called_what_a_firm_of_another_is():
    tables = {
        "firm_1": {"firms": ["firm_2"], "strategies": ["restrain", "match"], "payoff": "cash"},
        "b": {"firms": ["firm_1"], "strategies": ["restrain", "escalate"]},
    }
    for order in (["firm_1", "b"], ["b", "firm_1"]):
        game = asked(players={name: tables[name] for name in order})
        assert game.table_of == {"firm_2": "firm_1", "firm_1": "b"}
        assert (game.objective("firm_2"), game.objective("firm_1")) == ("cash", "value")
    together = tables["firm_1"] | {"play": "together"}
    refused(
        ["players.firm_1", "firm_1", "rename the table"],
        asked, players={"firm_1": together, "b": tables["b"]},
    )  # fmt: skip


def test_what_players_are_after_is_the_tables_or_else_the_games():
    game = asked(payoff="cash", players={
        "firm_1": {"strategies": ["restrain", "match"], "payoff": "market_share"},
        "firm_2": {"strategies": ["restrain", "match"]},
    })  # fmt: skip
    assert [game.objective(role.name) for role in game.roles] == ["market_share", "cash"]
    assert {"market_share.firm_1", "value_to_horizon.firm_2", "value.firm_1"} < set(game.kept)
    assert "market_share.firm_2" not in game.kept


# What is run


def test_all_that_games_need_is_kept_and_what_is_asked_for_beside_it():
    game = asked(outcomes=["capex", "debt"])
    assert game.kept == [*KEPT, "value.firm_1", "value.firm_3", "debt"]
    assert game.experiment().outcomes == game.kept


def test_every_profile_is_run_under_every_condition_and_those_of_a_lineup_stand_together():
    conditions = {"demand_elasticity": [0.8, 1.2], "substitution": [4, 8, 16]}
    game = asked(players={"pair": PAIR, "firm_2": {"strategies": FOUR}}, conditions=conditions,
                 seatings=2)  # fmt: skip
    assert game.every_condition == [
        {"demand_elasticity": e, "substitution": s} for e, s in product((0.8, 1.2), (4, 8, 16))
    ]
    cells = game.cells()
    assert {(c.profile, c.condition) for c in cells} == set(product(range(3 * 4), range(6)))
    lineups = [tuple(game.lineup_of(cell.seating).items()) for cell in cells]
    together = [(lineup, len(list(each))) for lineup, each in groupby(lineups)]
    assert len({lineup for lineup, _ in together}) == len(together)
    assert {count for _, count in together} == {6}
    plan = make(game.experiment())
    assert len(plan.cells) == len(cells)
    assert set(plan.cells.block.tolist()) == {0}  # and all met the same luck


def test_seatings_that_are_one_lineup_are_run_once_and_weigh_more():
    game = everyone("alike", strategies=["restrain", "escalate"]).changed(None, {"seatings": 4})
    by_profile = dict(zip(map(tuple, game.layout.profiles.tolist()), game.seated, strict=True))
    assert [each.weight for each in by_profile[4, 0]] == [1.0]
    assert [each.weight for each in by_profile[2, 2]] == [0.25] * 4
    assert [each.weight for each in by_profile[1, 3]] == [0.25] * 4
    assert len(game.cells()) == 1 + 4 + 4 + 4 + 1
    two = game.changed(None, {"seatings": 8}).seated[2]
    assert [each.weight for each in two] == [0.25] * 4


def test_over_as_many_seatings_as_firms_each_takes_every_place_once():
    game = everyone("alike")
    for counts in game.layout.profiles:
        told = seatings(counts, game.layout, 4)
        assert sum(each.weight for each in told) == pytest.approx(1.0)
        for firm in range(4):
            followed = np.zeros(4)
            for each in told:
                followed[each.chosen[firm]] += each.weight
            assert followed == pytest.approx(counts / 4)
        for each in told:
            assert (np.bincount(each.chosen, minlength=4) == counts).all()


def test_only_the_rows_asked_for_are_run_with_other_luck_where_told():
    game = asked(conditions={"demand_elasticity": [0.8, 1.2]})
    rows = [(4, 1), (0, 0), (0, 1)]
    experiment = game.experiment(rows, runs=7, entropy=9)
    assert (experiment.runs, experiment.entropy) == (7, 9)
    [linked] = experiment.linked.values()
    assert linked["demand_elasticity"] == [1.2, 0.8, 1.2]
    assert linked["lineup.firm_1"] == ["escalate", "restrain", "restrain"]
    assert linked["lineup.firm_3"] == ["match", "best_response", "best_response"]


def test_few_players_may_stand_for_many():
    game = everyone("alike", reduced=2)
    assert game.layout.count == 10
    [role] = game.reduction.reduced
    assert len(role.players) == 2
    assert (game.simulated.sum(axis=1) == 4).all()
    assert len(game.simulated) < 35
    assert {cell.profile for cell in game.cells()} == set(range(len(game.simulated)))


def of_parts(own):
    """Sums over firms of what parameters tell parts of."""
    fleets = own("merchant_fleet"), own("custom_fleet")
    powers = [x * own(name) for x, name in zip(fleets, POWERS, strict=True)]
    shells = sum(powers) * own("shell_coverage")
    return {
        "power of merchant chips": powers[0].sum(),
        "power of custom chips": powers[1].sum(),
        "service of custom chips": (fleets[1] * own("custom_fit")).sum(),
        "age": (sum(fleets) * own("fleet_age")).sum(),
        "chips that train": (sum(fleets) * own("training_share")).sum(),
        "shells": shells.sum(),
        "shells being built": (shells * own("shells_building")).sum(),
        "paid out": (own("payout") * (own("core_cash") - own("other_capex"))).sum(),
    }


def test_averaged_firms_are_alike_and_own_as_much_together():
    before = Scenario.load("2025Q4")
    after = before.replace(averaged(before, "hyperscaler"))
    firms = before.firms["hyperscaler"]

    def each(scenario, parameter):
        return np.array([scenario[f"{firm}.{parameter}"] for firm in firms])

    for role, parameter in DECLARATIONS:
        if role == "hyperscaler":
            assert np.ptp(each(after, parameter)) == 0.0, parameter
    for own in ("cash", "debt", "old_debt", "core_cash", "other_capex", "merchant_fleet",
                "custom_fleet", "merchant_on_order", "custom_on_order", "design_cost"):  # fmt: skip
        assert each(after, own).sum() == pytest.approx(each(before, own).sum()), own
    was, told = (of_parts(lambda name, x=x: each(x, name)) for x in (before, after))
    assert told == pytest.approx(was)
    refused(["averaged", "hyperscalar", "hyperscaler"], averaged, before, "hyperscalar")


def test_firms_of_every_role_may_be_averaged_where_that_makes_a_market():
    def planned(role):
        rivals = {firm: {"strategies": ["restrain", "match"]} for firm in ("oracle", "meta")}
        return make(asked(scenario="2025Q4", averaged=role, players=rivals).experiment())

    assert len(planned("memory_maker").cells) == len(planned("lender").cells) == 4
    # Most vendors make no designs of others, so that none does, and firms with a programme have nobody.
    refused(["custom_program", "a vendor that makes designs"], planned, "chip_vendor")


# Files


def test_every_shipped_game_is_known():
    assert set(shipped(GAME)) == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_game_can_be_planned_and_is_as_large_as_it_says(name):
    game = EmpiricalGame.read(name)
    assert game.name == name
    assert (game.layout.count, len(game.every_condition)) == SHIPPED[name]
    assert EmpiricalGame(**game.model_dump()) == game
    few = game.changed(1, {"horizon": 9})
    # Of a game of thousands of profiles the plan takes seconds: the first hundred tell as much.
    rows = [
        (p, c)
        for p in range(min(len(game.simulated), 100))
        for c in range(len(game.every_condition))
    ]
    experiment = few.experiment(rows)
    assert Experiment(**experiment.to_dict()) == experiment
    assert len(make(experiment).cells) == len(few.cells(rows))


def test_what_a_file_names_lies_beside_it(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "tiny_effort.py").write_text(
        "from dataclasses import dataclass\n"
        "from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy\n"
        "@dataclass(frozen=True)\n"
        "class TinyEffort(HyperscalerStrategy):\n"
        '    """Spend little. Source: none, it is made for tests."""\n'
        "    def choose(self, sees):\n"
        "        return HyperscalerChoice(0.01)\n"
    )
    file = folder / "mine.toml"
    file.write_text(
        'name = "mine"\nscenario = "theory"\nstrategies = ["tiny_effort.py"]\n'
        '[players.firms]\nfirms = ["hyperscaler"]\nplay = "alike"\n'
        'strategies = ["restrain", "tiny_effort"]\n'
    )
    game = EmpiricalGame.read(file)
    assert game.strategies == [str(folder / "tiny_effort.py")]
    assert len(make(game.experiment(runs=1)).cells) == 5


def test_a_copy_may_be_changed_as_the_command_line_does():
    game = asked(conditions={"demand_elasticity": [0.8, 1.2]}, lineup={"firm_2": "match"})
    settings = {
        "horizon": 6, "seatings": 2, "payoff": "cash", "epsilon": 0.5, "sampling.rounds": 2,
        "demand_elasticity": 1.5, "lineup.firm_2": "escalate", "substitution": 7,
    }  # fmt: skip
    other = game.changed(9, settings)
    assert (other.runs, other.horizon, other.seatings, other.payoff) == (9, 6, 2, "cash")
    assert (other.epsilon, other.sampling.rounds, other.sampling.fresh_runs) == (0.5, 2, 0)
    assert other.conditions == {"demand_elasticity": [1.5]}
    assert other.lineup == {"firm_2": "escalate"}
    assert other.set == {"demand_noise": 0.1, "substitution": 7}
    assert game.changed() == game and game.runs == 3
    assert game.changed(None, {"averaged": "hyperscaler"}).averaged == "hyperscaler"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"players": "x"}, ["players", "change it in the game's file"]),
        ({"name": "x"}, ["name", "change it in the game's file", "--out"]),
        ({"sampling.round": 2}, ["sampling", "'round'", "rounds"]),
        ({"sampling": 2}, ["sampling", "change it"]),
        ({"lineup.firm_1": "match"}, ["firm_1", "take it out"]),
        ({"seatings": 0}, ["seatings = 0", "between 1"]),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_in_one_line(settings, words):
    refused(words, asked().changed, None, settings)


# What is refused


def players(**tables):
    known = {"firm_1": {"strategies": ["restrain", "match"]},
             "firm_2": {"strategies": ["restrain", "match"]}}  # fmt: skip
    return {"players": known | tables}


TWO = ["restrain", "match"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (players(firm_9={"strategies": TWO}), ["players.firm_9", "'firm_9'", "nearest: firm_1"]),
        (players(x={"firms": ["firm_2"], "strategies": TWO}), ["firm_2", "two tables", "take it"]),
        (
            players(x={"firms": ["firm_3", "vendor"], "strategies": TWO}),
            ["players.x", "several roles", "table of its own"],
        ),
        (players(x={"firms": ["firm_3", "firm_3"], "strategies": TWO}), ["firms", "firm_3", "twice"]),
        ({"players": {"firm_1": {"strategies": TWO}}}, ["1 player", "two or more"]),
        (
            {"players": {"f": {"firms": ["hyperscaler"], "play": "together", "strategies": TWO}}},
            ["1 player", "two or more"],
        ),
        ({"players": {}}, ["0 players", "two or more"]),
        (players(firm_3={"strategies": ["match"]}), ["firm_3", "1 strategy", "two or more"]),
        (players(firm_3={"strategies": ["match", "mach"]}), ["'mach'", "nearest", "match"]),
        (players(firm_3={"strategies": ["match", "match"]}), ["players.firm_3", "strategies", "'match'", "twice"]),
        (players(vendor={"strategies": TWO}), ["restrain", "chip_vendor"]),
        (players(firm_3={"strategies": TWO, "plays": "apart"}), ["players.firm_3", "'plays'", "nearest: play"]),
        (
            players(firm_3={"strategies": TWO, "play": "alone"}),
            ["players.firm_3", "play", "'alone'", "nearest: alike"],
        ),
        (players(firm_3={"strategies": TWO, "payoff": "valeu"}), ["payoff", "valeu", "value"]),
        (
            players(firm_3={"strategies": TWO, "reduced": 2}),
            ["players.firm_3", "reduced", 'play = "alike"'],
        ),
        (
            {"players": {"firms": {"firms": ["hyperscaler"], "play": "alike", "strategies": TWO,
                                   "reduced": 5}}},
            ["firms = 5", "2 to 4"],
        ),
        ({"lineup": {"firm_1": "match"}}, ["lineup", "firm_1", "take it out"]),
        ({"conditions": {"lineup.firm_3": TWO}}, ["conditions", "firm_3", "take it out"]),
        ({"conditions": {"demand_elasticity": 1.1}}, ["demand_elasticity", "[brackets]"]),
        ({"conditions": {"demand_elasticity": []}}, ["demand_elasticity", "no levels"]),
        ({"conditions": {"demand_elasticity": [1, 1]}}, ["demand_elasticity", "twice"]),
        ({"payoff": "valeu"}, ["payoff", "'valeu'", "value"]),
        ({"payoff": "value +"}, ["payoff", "'value +'", "no expression", "market_share"]),
        ({"payoff": "value ** 2"}, ["payoff", "value ** 2", "cannot be read", "max(a, b)"]),
        ({"payoff": "exit(1)"}, ["payoff", "exit(1)", "cannot be read"]),
        ({"payoff": "value.real"}, ["payoff", "value.real", "cannot be read"]),
        ({"payoff": "3"}, ["payoff", "names no outcome", "value"]),
        ({"dilemma": ["restrain"]}, ["dilemma", "no pair", "a mild and a fierce"]),
        ({"dilemma": ["restrain", "restrain"]}, ["dilemma", "no pair"]),
        ({"dilemma": ["restrain", "escalte"]}, ["dilemma", "'escalte'", "escalate"]),
        ({"runs": 10_000_000}, ["60,000,000 runs", "6 profiles", "fewer runs"]),
        ({"runs": 0}, ["runs = 0", "between 1"]),
        ({"runs": 2.5}, ["runs = 2.5", "whole number"]),
        ({"seatings": 25}, ["seatings = 25", "between 1 and 24"]),
        ({"epsilon": -1.0}, ["epsilon = -1", "from 0"]),
        ({"epsilon": float("nan")}, ["epsilon = nan", "from 0"]),
        ({"averaged": "hyperscalar"}, ["averaged", "hyperscalar", "hyperscaler"]),
        ({"scenario": "2025Q5"}, ["2025Q5", "nearest: 2025Q4"]),
        ({"sampling": {"rounds": 11}}, ["sampling.rounds = 11", "between 0 and 10"]),
        ({"sampling": {"fresh_runs": 5}}, ["sampling.fresh_runs = 5", "10 or more"]),
        ({"sampling": {"fresh": 5}}, ["'fresh'", "nearest: fresh_runs"]),
        ({"sampling": {"half_width": float("nan")}}, ["sampling.half_width = nan", "between 0"]),
        ({"strategy": []}, ["'strategy'", "nearest: strategies"]),
        ({"strategies": ["nowhere.py"]}, ["nowhere.py", "not there"]),
        ({"name": "a/b"}, ["name = 'a/b'", "letters"]),
        ({"horizon": 0}, ["horizon = 0"]),
        ({"entropy": -1}, ["entropy = -1", "from 0"]),
        ({"uncertainty": "much"}, ["uncertainty", "much"]),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_line(changes, words):
    refused(words, asked, **changes)


def test_a_game_that_is_too_large_says_how_large_and_what_would_help():
    firms = {"firms": ["hyperscaler"], "play": "apart", "strategies": FOUR}
    every = [*FOUR, "grim", "cartel", "prize_seeker", "competitive"]
    refused(
        ["too large", "262,144 profiles", "one role of 6 interchangeable players it has 1,716"],
        asked, scenario="2025Q4", players={"firms": firms | {"strategies": every}},
    )  # fmt: skip
    assert asked(scenario="2025Q4", players={"firms": firms}).layout.count == 4096


def test_what_is_wrong_in_a_file_names_the_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\n[players.firm_1]\nstrategies = ["a", "b"\n')
    refused([f"{file}, line 3", "TOML"], EmpiricalGame.read, file)
    file.write_text('name = "mine"\nscenario = "theory"\n[players.firm_1]\nstrategies = ["mach"]\n')
    refused([f"{file}: ", "'mach'", "match"], EmpiricalGame.read, file)
    refused(
        ["there.toml does not exist", "give a file"], EmpiricalGame.read, tmp_path / "there.toml"
    )
    refused(["'escalator_gam'", "nearest: escalator_game"], EmpiricalGame.read, "escalator_gam")


def test_what_another_command_runs_is_pointed_at(tmp_path, capsys):
    for words, command in (
        (["run", "memory_game"], "`agentsim game memory_game`"),
        (["game", "escalator_war"], "`agentsim run escalator_war`"),
        (["game", "tournament"], "`agentsim tournament tournament`"),
        (["tournament", "memory_game"], "`agentsim game memory_game`"),
    ):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert command in told and told.count("\n") == 1
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\n[factors]\ndemand_elasticity = [1, 2]\n')
    refused([str(file), f"`agentsim run {file}`"], EmpiricalGame.read, file)
    file.write_text('name = "mine"\n[players.firm_1]\n')
    refused([str(file), f"`agentsim game {file}`"], Experiment.read, file)


def test_a_file_says_the_same_as_the_object(tmp_path):
    text = """
        name = "x"
        scenario = "theory"
        runs = 3
        entropy = 5
        horizon = 4
        set = { demand_noise = 0.1 }
        sampling = { fresh_runs = 0 }
        [players.a]
        firms = ["firm_1"]
        strategies = ["restrain", "escalate"]
        [players.firm_3]
        strategies = ["best_response", "match", "escalate"]
    """
    file = tmp_path / "x.toml"
    file.write_text(text)
    assert EmpiricalGame.read(file) == asked()
    assert tomllib.loads(text)["sampling"] == NONE
