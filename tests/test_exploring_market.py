"""Exploring strategies of the simulated market: what responses earn, and the command."""

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from agentsim import batch
from agentsim.batch.results import Results
from agentsim.cli.exploring import explore
from agentsim.errors import AgentsimError
from agentsim.games.best_response import faced
from agentsim.games.empirical import EmpiricalGame
from agentsim.games.empirical.exploring import Market
from agentsim.games.empirical.payoffs import games_of, payoffs_of
from agentsim.games.empirical.responding import Simulated
from agentsim.games.empirical.varying import families_of, family_of
from agentsim.games.equilibria import Equilibrium

FILE = """
name = "little"
runs = 6
horizon = 4
entropy = 5
seatings = 2
[lineup]
oracle = "match"
coreweave = "match"
alphabet = "match"
amazon = "match"
[players.large]
firms = ["microsoft", "meta"]
play = "alike"
strategies = ["restrain", "escalate(step=0.25)"]
[players.nvidia]
strategies = ["hold_margin", "best_response"]
[conditions]
demand_elasticity = [0.9, 1.3]
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("game") / "little.toml"
    path.write_text(FILE, "utf-8")
    return path


@pytest.fixture(scope="module")
def added(file, tmp_path_factory):
    """Return the market, its game, and the same with a strategy more."""
    out = tmp_path_factory.mktemp("added")
    market = Market.of(EmpiricalGame.read(file), {"demand_elasticity": 1.3}, out, engine="here")
    game, narrow = market.game(), market.asked
    return market, narrow, game, market.enlarged(game, [(0, "escalate(step=0.5)")])


def simulated(asked, equilibrium):
    """Return what players of the first role meet, each with escalation of any step before it."""
    family = family_of("hyperscaler", "large", "escalate(step)")
    return [Simulated(asked, met, family, 6, 5) for met in faced(equilibrium, 0)]


def test_a_response_gains_what_the_game_says_once_it_is_added(added):
    _, asked, game, wider = added
    for counts in ([2, 0, 1, 0], [1, 1, 0, 1]):
        place = wider.layout.place(np.insert(counts, 2, 0))
        for follows, each in enumerate(simulated(asked, Equilibrium(game, np.array(counts)))):
            gains = each.gains(np.array([[0.1], [0.5]]))
            assert gains[1] == pytest.approx(wider.pure_gains[place, follows, 2], rel=1e-9)
            assert each.now.mean() == pytest.approx(each.met.earned, rel=1e-12)
            assert gains[0] != gains[1]


def test_in_a_mixture_too(added):
    _, asked, game, wider = added
    (each,) = simulated(asked, Equilibrium(game, None, np.array([0.6, 0.4, 0.3, 0.7])))
    gains = wider.gains(np.array([0.6, 0.4, 0.0, 0.3, 0.7]))
    assert each.gains(np.array([[0.5]]))[0] == pytest.approx(gains[2], rel=1e-9)


def test_only_new_profiles_are_run_and_are_what_one_batch_would_have_told(added, tmp_path):
    market, asked, game, wider = added
    assert (game.layout.count, wider.layout.count) == (6, 12)
    more = Results.open(market.out / "1").cells
    every = batch.run(market.asked.experiment(), tmp_path, engine="here")
    assert len(more) == len(every.cells) - len(asked.cells())
    told = games_of(payoffs_of(market.asked, every))[0].game
    assert np.array_equal(wider.runs, told.runs, equal_nan=True)


def agentsim(*words, cwd):
    """Run the command in a process of its own."""
    code = (
        "import sys\nfrom agentsim.cli import cli, main\n"
        "from agentsim.cli.exploring import explore\ncli.add_command(explore)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "explore", *words], cwd=cwd, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def test_the_command_tells_rounds_and_goes_on_from_where_it_was(file, tmp_path, monkeypatch):
    words = [
        str(file), "--vary", "escalate(step)", "--condition", "demand_elasticity=1.3", "--fresh", "12",
        "--generations", "1", "--engine", "here", "--rounds", "2", "--set", "seatings=1",
    ]  # fmt: skip
    first = agentsim(*words, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "Round 1: 6 profiles" in first.stdout
    assert "With escalate(step=0..1) free (demand_elasticity = 1.3)" in first.stdout

    def simulated_again(*_):
        raise AssertionError("what is known is simulated again")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agentsim.batch.simulating.simulate", simulated_again)
    again = CliRunner().invoke(explore, words, obj=[])
    assert again.exit_code == 0, again.exception
    assert again.stdout == first.stdout


@pytest.mark.parametrize(("text", "says"), [
    ("escalate", "is no strategy with a free parameter; write 'escalate(step)'"),
    ("escalate(stop)", "parameter of escalate 'stop' is not known; nearest: step"),
    ("escalate(step=0.1)", "leaves no parameter free"),
    ("escalate(step=0..2)", "must be between 0 and 1 per quarter"),
    ("escalate(step=1..0)", "step from 1 to 0 is no range"),
    ("escalate(step=a..1)", "'a' is no number; write bounds as in 0..8"),
    ("prudent(ratio)", "no role of the game (hyperscaler, chip_vendor) has such strategies"),
])  # fmt: skip
def test_a_family_that_is_none_is_one_line(file, text, says):
    with pytest.raises(AgentsimError) as caught:
        families_of(
            EmpiricalGame.read(file), "large" if "escalate" in text else "", [text], None, None
        )
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_condition_is_explored(file, tmp_path):
    with pytest.raises(AgentsimError, match=r"levels 0\.9, 1\.3; give one: --condition"):
        Market.of(EmpiricalGame.read(file), {}, tmp_path)


def test_players_who_play_apart_get_strategies_of_their_own(tmp_path):
    asked = EmpiricalGame.read("custom_silicon_game")
    market = Market.of(asked, {"outside_option": 4, "hyperscaler.codesign": 0.6}, tmp_path)
    assert [each.name for each in market.asked.roles] == [each.name for each in asked.roles]
    assert [
        each.role for each in families_of(market.asked, "meta", ["scaled(multiple)"], 0.0, 8.0)
    ] == ["meta"]
    assert len(families_of(asked, "builders", ["scaled(multiple)"], 0.0, 8.0)) == 4


def test_a_game_in_which_few_stand_for_many_is_not_explored(tmp_path):
    asked = EmpiricalGame.read("escalator_game_symmetric")
    tables = asked.model_dump()
    tables["players"]["hyperscalers"]["reduced"] = 2
    with pytest.raises(AgentsimError, match="reduced = 2 lets few stand for many"):
        Market.of(EmpiricalGame(**tables), {}, tmp_path)
