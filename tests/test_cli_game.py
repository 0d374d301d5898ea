"""Games on the command line: played, killed and gone on with, reported, compared; tables solved."""

import re
import signal
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from batches import ran as played_out
from batches import refused, small
from faults import KILLED, ran

from agentsim.batch.results import Results
from agentsim.cli import main
from agentsim.games import Game

TINY = """
name = "tiny"
scenario = "theory"
runs = 4
entropy = 5
horizon = 4
set = { demand_noise = 0.1 }
[players.pair]
firms = ["firm_1", "firm_3"]
play = "alike"
strategies = ["restrain", "escalate"]
[players.firm_2]
strategies = ["match", "escalate"]
[conditions]
demand_elasticity = [0.8, 1.2]
[sampling]
fresh_runs = 10
rounds = 1
"""
TABLES = {"answers", "bounds", "dynamics", "equilibria", "kinds", "logit", "measures", "payoffs", "prices",
          "repeated", "unlike"}  # fmt: skip


def command(file, out, *more):
    return ["-m", "agentsim.cli", "game", file, "--out", out, "--engine", "here", "--no-figures",
            *more]  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted((folder / "game").iterdir())}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a game file, and the game played: `tiny` in results/."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tiny.toml").write_text(TINY)
    return folder


@pytest.fixture(scope="module")
def done(place):
    """What the command said."""
    code, said, complaint = ran(command("tiny.toml", "results/tiny"), place)
    assert (code, complaint) == (0, "")
    return said


@pytest.fixture
def here(place, done, monkeypatch):
    monkeypatch.chdir(place)
    return place


def agentsim(capsys, *words):
    """Give a command in this process; return its exit code, what it said and what it complained of."""
    code = main([str(each) for each in words])
    return code, *capsys.readouterr()


# Playing


def test_a_game_is_told_in_sentences_and_tables(place, done):
    for words in (
        "has 1 equilibrium under each of 2 conditions", "held against 60 fresh runs in 1 round",
        "2 confirmed", "In equilibrium, of 2 pair: 100% escalate", "Customers get", "price of anarchy",
        "From demand elasticity 0.8 to demand elasticity 1.2", "condition", "verdict", "P(eps)",
        "pair 2 escalate, firm 2 escalate", "Tables:   results/tiny/game",
    ):  # fmt: skip
        assert words in " ".join(done.split("\n")) or words in done, words
    assert "nan" not in done and "Pictures" not in done
    folder = place / "results" / "tiny"
    tables = {each.stem: pd.read_csv(each) for each in (folder / "game").iterdir()}
    assert set(tables) == TABLES
    assert all(table.columns[0] == "demand_elasticity" for table in tables.values())
    assert len(tables["payoffs"]) == 2 * 3 * 2
    found = tables["equilibria"]
    assert found["verdict"].tolist() == ["confirmed"] * 2
    assert found["pair: escalate"].tolist() == found["firm_2: escalate"].tolist() == [1.0, 1.0]
    assert (found["regret_low"] <= found["regret"]).all()
    assert (folder / "game.json").exists() and not (folder / "figures").exists()


def test_the_command_again_and_a_report_say_the_same_and_simulate_nothing(here, done, capsys):
    before = {each: each.stat().st_mtime_ns for each in here.rglob("outcomes/*")}
    words = [str(each) for each in command("tiny.toml", "results/tiny")[2:]]
    for again in (words, ["game", "report", "tiny", "--no-figures"],
                  ["game", "report", "results/tiny", "--no-figures"]):  # fmt: skip
        assert agentsim(capsys, *again) == (0, done, "")
    assert before == {each: each.stat().st_mtime_ns for each in here.rglob("outcomes/*")}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals")
def test_a_game_that_is_killed_goes_on_to_the_same_bytes(place, done, tmp_path, capsys):
    out, script = tmp_path / "out", tmp_path / "script.py"
    for call, there in ((4, False), (8, True)):  # among all profiles; then in the fresh round
        script.write_text(KILLED.format(module="parts", function="write", call=call))
        code, _, complaint = ran([script, *command(place / "tiny.toml", out)[2:]], tmp_path)
        assert code == -signal.SIGKILL, complaint
        assert (out / "fresh").exists() == there
        assert not (out / "game").exists()
        refused(["is not complete", "again"], Game.from_results, out, {"demand_elasticity": 0.8})
        assert main(["game", "report", str(out)]) == 2
        assert re.search("is not complete; give .* again to go on", capsys.readouterr().err)
    code, said, complaint = ran(command(place / "tiny.toml", out), tmp_path)
    assert (code, complaint) == (0, "")
    assert contents(out) == contents(place / "results" / "tiny")
    assert said.split("Tables:")[0] == done.split("Tables:")[0]


def test_what_the_file_says_may_be_changed_for_once(here, capsys):
    code, said, complaint = agentsim(
        capsys, "game", "tiny.toml", "--engine", "here", "--no-figures", "--no-fresh", "--runs", 2,
        "--payoff", "cash", "--set", "demand_elasticity=1.2", "--out", "other",
    )  # fmt: skip
    assert (code, complaint) == (0, "")
    assert "No fresh runs were asked for: none was held against" in said
    results = Results.open(here / "other")
    assert (len(results.cells), results.experiment.runs) == (6, 2)
    assert set(results.cells["demand_elasticity"]) == {1.2}
    assert "value_to_horizon.firm_1" in results.outcomes
    assert results.manifest["command"][:3] == ["agentsim", "game", "tiny.toml"]
    assert agentsim(capsys, "game", "report", "other", "--no-figures")[1] == said


def test_other_results_are_left_alone(here, capsys):
    code, said, complaint = agentsim(
        capsys, "game", "tiny.toml", "--engine", "here", "--no-figures", "--no-fresh", "--runs", 2,
        "--set", "demand_elasticity=1.2", "--out", "results/tiny",
    )  # fmt: skip
    assert code == 0 and "Tables:   results/tiny-2/game" in said
    assert re.match(
        r"results/tiny holds other results .*; this goes to results/tiny-2\n", complaint
    )
    assert complaint.count("\n") == 1


FRAGILE = """
from dataclasses import dataclass
import numpy as np
from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy

@dataclass(frozen=True)
class FragileOfGames(HyperscalerStrategy):
    \"\"\"Give up where services are dear. Source: none, it is made for tests.\"\"\"

    def choose(self, sees):
        gone = (sees.quarter >= 3) & (sees.service_price > 0.4)
        return HyperscalerChoice(np.where(gone, np.nan, 0.1))
"""


def test_runs_that_fail_are_left_out_said_and_an_exit_code(here, capsys):
    (here / "fragile_of_games.py").write_text(FRAGILE)
    (here / "fragile.toml").write_text(
        TINY.replace('"match", "escalate"', '"match", "fragile_of_games"')
        .replace("tiny", "fragile").replace("runs = 4", "runs = 5")
        .replace("[0.8, 1.2]", "[1.2]")
    )  # fmt: skip
    given = ("game", "fragile.toml", "--engine", "here", "--no-figures", "--no-fresh",
             "--strategies", "fragile_of_games.py")  # fmt: skip
    code, said, complaint = agentsim(capsys, *given)
    assert code == 1
    assert re.search(r"^\d runs failed in some profile .* left out of all$", complaint, re.M)
    assert "Tables:   results/fragile/game" in said
    # The strategy is known to the results, and need not be named again.
    assert agentsim(capsys, "game", "report", "fragile", "--no-figures")[:2] == (1, said)


def test_a_mistake_is_one_line(here, capsys):
    bad = here / "bad.toml"
    for text, words in (
        (TINY.replace("play =", "plays ="), [f"{bad}: players.pair: key 'plays'", "nearest: play"]),
        (TINY.replace("[conditions]", "[conditions"), [f"{bad}, line 14: ", "TOML"]),
    ):
        bad.write_text(text)
        code, said, complaint = agentsim(capsys, "game", bad, "--out", "bad")
        assert (code, said) == (2, "") and complaint.count("\n") == 1
        assert all(each in complaint for each in words), complaint
    for given, words in (
        (("game", "nothing"), ["game 'nothing' is not known", ".toml"]),
        (("game", "tiny.toml", "--set", "x"), ["--set 'x'", "NAME=VALUE"]),
        (("game", "tiny.toml", "--runs", "many"), ["--runs", "many"]),
        (("game", "tiny.toml", "--set", "nothing=3"), ["nothing"]),
        (("game", "report", "nothing"), ["nothing is no folder", "`agentsim game nothing`"]),
        (("game", "report", "."), ["holds no"]),
        (("game", "compare", "tiny", "--from", "x"), ["--from 'x'", "NAME=VALUE"]),
        (
            ("game", "compare", "tiny", "--to", "price=1"),
            ["condition 'price'", "demand_elasticity"],
        ),
        (("game", "compare", "tiny", "nothing"), ["nothing is no folder"]),
    ):
        code, said, complaint = agentsim(capsys, *given)
        assert (code, said) == (2, "") and complaint.count("\n") == 1, given
        assert all(each in complaint for each in words), complaint
    assert not (here / "bad").exists()


def test_every_command_on_games_helps(capsys):
    for words in ((), ("play",), ("report",), ("compare",), ("solve",)):
        code, said, _ = agentsim(capsys, "game", *words, "--help")
        assert code == 0 and "Example" in said
    assert agentsim(capsys, "game")[1] == agentsim(capsys, "game", "--help")[1]


# Comparing


def test_conditions_are_compared(here, capsys):
    code, said, complaint = agentsim(capsys, "game", "compare", "tiny")
    assert (code, complaint) == (0, "")
    assert "demand_elasticity = 0.8  ->  demand_elasticity = 1.2" in said
    assert "surely fall" in said and "met the same luck" in said
    named = agentsim(
        capsys, "game", "compare", "tiny", "--from", "demand_elasticity=0.8",
        "--to", "demand_elasticity=1.2",
    )  # fmt: skip
    assert named == (0, said, "")
    code, said, complaint = agentsim(capsys, "game", "compare", "tiny", "--csv")
    (here / "compared.csv").write_text(said)
    table = pd.read_csv(here / "compared.csv")
    assert (code, complaint, len(table)) == (0, "", 7)
    total = table.set_index("outcome").loc["total_surplus"]
    assert total["difference"] == pytest.approx(total["after"] - total["before"])
    assert total["low"] < total["difference"] < total["high"] < 0 and total["paired"]


# A game of results


def test_a_game_that_was_played_is_read_back(place, done):
    folder = place / "results" / "tiny"
    game = Game.from_results(folder, {"demand_elasticity": 1.2})
    assert [role.name for role in game.roles] == ["pair", "firm_2"]
    table = pd.read_csv(folder / "game" / "payoffs.csv").query("demand_elasticity == 1.2")
    told = table[[f"payoff.{each}" for each in game.columns]].to_numpy()
    assert told == pytest.approx(game.payoffs, nan_ok=True)
    [found] = game.equilibria(gambit=False)
    assert found.words == "pair 2 escalate, firm_2 escalate"
    refused(["condition = {}", "2 games", "demand_elasticity"], Game.from_results, folder)
    refused(["0 games"], Game.from_results, Results.open(folder), {"demand_elasticity": 3})


@pytest.fixture(scope="module")
def lineups(tmp_path_factory):
    """A plain experiment with the strategies of two firms as factors, and another factor."""
    experiment = small(factors={
        "lineup.firm_2": ["match", "escalate"], "demand_elasticity": [1.4, 2],
        "lineup.firm_1": ["restrain", "best_response", "escalate"],
    })  # fmt: skip
    return played_out(experiment, tmp_path_factory.mktemp("lineups") / "results")


def test_whoevers_strategy_an_experiment_varies_is_a_player(lineups):
    game = Game.from_results(lineups, {"demand_elasticity": 2})
    assert {role.name: role.strategies for role in game.roles} == {
        "firm_2": ("match", "escalate"), "firm_1": ("restrain", "best_response", "escalate"),
    }  # fmt: skip
    table = lineups.runs(demand_elasticity=2)
    for (two, one), rows in table.groupby(["lineup.firm_2", "lineup.firm_1"]):
        at = game.layout.place(game.read({"firm_1": one, "firm_2": two})[0])
        rows = rows.sort_values("run")
        for firm, played in (("firm_1", one), ("firm_2", two)):
            column = game.columns.index(f"{firm}: {played}")
            assert game.runs[at, column] == pytest.approx(rows[f"value.{firm}"].to_numpy())
        assert game.others["customer_surplus"][at] == pytest.approx(
            rows["customer_surplus"].to_numpy()
        )
    assert game.unit == "$bn" and game.name == "demand_elasticity = 2"


def test_a_player_may_be_held_to_a_strategy_by_the_condition(lineups):
    refused(
        ["leaves 1 with a choice of strategies", "two or more"],
        Game.from_results, lineups, {"demand_elasticity": 2, "lineup.firm_1": "restrain"},
    )  # fmt: skip


def test_a_role_that_follows_one_posture_is_one_player(tmp_path):
    experiment = small(factors={
        "lineup.hyperscaler": ["restrain", "escalate"], "lineup.vendor": ["hold_margin", "undercut"],
    })  # fmt: skip
    results = played_out(experiment, tmp_path / "results")
    game = Game.from_results(results.folder)
    assert game.players == ("hyperscaler", "vendor")
    rows = results.runs()
    rows = rows[(rows["lineup.hyperscaler"] == "escalate") & (rows["lineup.vendor"] == "undercut")]
    assert game.payoffs[3, 1] == pytest.approx(rows["hyperscaler_value"].mean())
    assert game.payoffs[3, 3] == pytest.approx(rows["chip_vendor_value"].mean())


def test_results_that_make_no_game_are_refused_in_one_line(lineups, tmp_path):
    refused(["demand_elasticity is varied as well", "condition={"], Game.from_results, lineups)
    refused(["elasticity"], Game.from_results, lineups, {"elasticity": 2})
    refused(["demand_elasticity", "3"], Game.from_results, lineups, {"demand_elasticity": 3})
    one = played_out(small(runs=1), tmp_path / "one")
    refused(["leaves 1 with a choice of strategies", "lineup.WHO"], Game.from_results, one)
    two = {"lineup.firm_1": ["restrain", "match"], "lineup.firm_2": ["restrain", "match"]}
    bare = played_out(small(runs=1, factors=two, outcomes=["capex"]), tmp_path / "bare")
    refused(["did not keep value.firm_1", "outcomes"], Game.from_results, bare)
    refused([str(tmp_path / "none")], Game.from_results, tmp_path / "none")


# Solving tables


def table_of(payoffs, strategies, **more):
    """A table of payoffs `(players, *strategies)`."""
    players = [f"p{i + 1}" for i in range(len(payoffs))]
    rows = []
    for at in product(*map(range, np.shape(payoffs)[1:])):
        row = {p: strategies[i][at[i]] for i, p in enumerate(players)}
        rows.append(row | {f"payoff.{p}": payoffs[i][at] for i, p in enumerate(players)})
    return pd.DataFrame(rows).assign(**more)


HAWKS = np.array([[[-1.0, 4.0], [0.0, 2.0]], [[-1.0, 0.0], [4.0, 2.0]]])
WORDS = [["hawk", "dove"]] * 2


def solved(capsys, folder, table, *more):
    table.to_csv(folder / "game.csv", index=False)
    code, said, complaint = agentsim(capsys, "game", "solve", folder / "game.csv", *more)
    assert (code, complaint) == (0, "")
    return said


def test_textbook_tables_are_solved(tmp_path, capsys):
    said = solved(capsys, tmp_path, table_of(HAWKS, WORDS))
    assert "Game: 2 players, 4 profiles. 2 pure equilibria and 1 mixed; these are all" in said
    assert "p1 hawk 0.667, dove 0.333; p2 hawk 0.667, dove 0.333" in said
    assert "Kind of game between hawk and dove: chicken" in said or "Kind of game" in said
    turned = solved(capsys, tmp_path, table_of(HAWKS, WORDS), "--mild", "dove", "--fierce", "hawk")
    assert "Kind of game between dove and hawk: chicken" in turned
    (tmp_path / "found.csv").write_text(solved(capsys, tmp_path, table_of(HAWKS, WORDS), "--csv"))
    found = pd.read_csv(tmp_path / "found.csv")
    assert found["kind"].tolist() == ["pure", "pure", "mixed"]
    assert found["p1: hawk"].tolist()[-1] == pytest.approx(2 / 3)
    assert found["payoff.p1"].tolist()[-1] == pytest.approx(2 / 3)
    assert found["regret"].max() < 1e-8


def test_a_table_of_three_players_is_solved(tmp_path, capsys):
    # Each earns 1 if it is the only one to stay away: one of three does, or all mix.
    u = np.zeros((3, 2, 2, 2))
    for at in product((0, 1), repeat=3):
        for i in range(3):
            u[(i, *at)] = float(at[i] == 1 and sum(at) == 1)
    said = solved(capsys, tmp_path, table_of(u, [["stay", "go"]] * 3))
    assert "3 players, 8 profiles" in said and "mixed" in said
    assert "p1 go, others stay" in said


def test_a_column_run_gives_intervals_and_customers_are_told(tmp_path, capsys):
    rng = np.random.default_rng(0)
    runs = [
        table_of(HAWKS + 0.1 * rng.normal(size=HAWKS.shape), WORDS, run=at,
                 customer_surplus=[2.0, 3.0, 3.0, 5.0], total_surplus=10.0)
        for at in range(20)
    ]  # fmt: skip
    said = solved(capsys, tmp_path, pd.concat(runs))
    assert "95% interval" in said and "Sure: the share of resamples" in said
    assert "Customers' share in equilibrium: 2" in said or "30.0%" in said
    sure = re.search(r"^1 .*$", said, re.M).group()
    assert "0 to 0" in sure and "1.00" in sure


PD = """row,column,payoff.row,payoff.column
silent,silent,3,3
silent,talks,0,5
talks,silent,5,0
talks,talks,1,1
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            PD.replace("talks,silent,5,0\n", ""),
            ["1 of 4", "row talks, column silent", "a row for each"],
        ),
        (PD.replace("5,0", "NaN,0"), ["row: talks", "nan", "finite"]),
        (PD.replace("5,0", ",0"), ["row: talks", "nan", "finite"]),
        (PD.replace("5,0", "inf,0"), ["row: talks", "inf", "finite"]),
        (PD.replace("5,0", "much,0"), ["payoff.row", "numbers"]),
        (
            "\n".join(x for x in PD.splitlines() if not x.startswith("talks")),
            ["row has 1 strategy"],
        ),
        (PD.replace("talks,silent", ",silent"), ["row 3", "no strategy of row"]),
        (PD + "talks,talks,1,1\n", ["row talks, column talks", "twice", "run"]),
        (PD.replace("row,column,", "row,other,"), ["payoff.column", "add column"]),
        ("hello\n", ["no payoffs", "payoff.PLAYER"]),
        (PD.splitlines()[0], ["no rows"]),
        ("", ["is no table", "comma-separated"]),
        ('a,"b\n1,2', ["is no table", "comma-separated"]),
    ],
)
def test_a_bad_table_is_one_line_that_names_the_file(tmp_path, capsys, text, words):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    code, said, complaint = agentsim(capsys, "game", "solve", file)
    assert (code, said) == (2, "") and complaint.count("\n") == 1
    for each in (str(file), *words):
        assert each in complaint, complaint


def test_what_is_no_file_or_asks_for_half_is_one_line(tmp_path, capsys):
    file = tmp_path / "pd.csv"
    file.write_text(PD)
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\x00\x01")
    for given, words in (
        ((tmp_path / "none.csv",), ["none.csv does not exist"]),
        ((tmp_path,), ["is a folder"]),
        ((tmp_path / "picture.csv",), ["picture.csv, line 1", "UTF-8"]),
        ((file, "--mild", "silent"), ["--mild and --fierce go together"]),
        ((file, "--mild", "silent", "--fierce", "tals"), ["'tals'", "nearest: talks"]),
        ((), ["'FILE'", "--help"]),
    ):
        code, said, complaint = agentsim(capsys, "game", "solve", *given)
        assert (code, said) == (2, "") and complaint.count("\n") == 1
        assert all(each in complaint for each in words), complaint
