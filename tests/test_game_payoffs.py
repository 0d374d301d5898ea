"""Payoffs of simulated games: what one works out by hand from the runs, and from single markets."""

import numpy as np
import pytest
from simulated_games import asked, calibrated

from agentsim.batch.results import Results
from agentsim.errors import AgentsimError
from agentsim.games import reduction
from agentsim.games.empirical.found import found
from agentsim.games.empirical.objectives import payoff
from agentsim.games.empirical.payoffs import payoffs_of, tabled
from agentsim.games.empirical.playing import opened, play
from agentsim.games.empirical.unlike import own_regrets
from agentsim.games.symmetry import exchangeable
from agentsim.games.worth import LAYERS, expected
from agentsim.market import Market
from agentsim.parameters import DECLARATIONS

DEAR = 0.4  # the price of one run in five is beyond it
CONDITIONS = {"demand_elasticity": [0.8, 1.2]}


def played(folder, **changes):
    make = calibrated if changes.pop("calibrated", False) else asked
    return play(make(**changes), folder / "results", engine="here", progress=False)


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    return played(tmp_path_factory.mktemp("apart"), conditions=CONDITIONS)


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """Two unlike firms in two seatings, and a third; marked ranges are drawn."""
    return played(tmp_path_factory.mktemp("alike"), calibrated=True, seatings=2, runs=8)


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    layers = {
        "hyperscalers": {"firms": ["hyperscaler"], "play": "together",
                         "strategies": ["restrain", "match"]},
        "lenders": {"firms": ["lender"], "play": "together",
                    "strategies": ["prudent", "yield_seeking"]},
    }  # fmt: skip
    return played(tmp_path_factory.mktemp("together"), calibrated=True, players=layers)


@pytest.fixture(scope="module")
def averaged(tmp_path_factory):
    """Three of six firms that are all made alike, in three seatings."""
    players = {
        "three": {"firms": ["microsoft", "oracle", "coreweave"], "play": "alike",
                  "strategies": ["restrain", "match"]},
        "meta": {"strategies": ["restrain", "match"]},
    }  # fmt: skip
    return played(
        tmp_path_factory.mktemp("averaged"), calibrated=True, players=players, seatings=3,
        averaged="hyperscaler", runs=6,
    )  # fmt: skip


def by_lineup(x, outcome, lineup, **condition):
    """What came of a lineup, by run."""
    table = Results.open(x.folder).runs()
    wanted = {f"lineup.{firm}": each for firm, each in lineup.items()} | condition
    there = np.logical_and.reduce([table[name] == each for name, each in wanted.items()])
    assert table[there]["cell"].nunique() == 1
    return table[there].sort_values("run")[outcome].to_numpy()


def place(game, **played):
    """The place of a profile, by what is played."""
    return game.layout.place(game.read(played)[0])


# Against the runs


def test_players_apart_earn_what_their_firms_did(apart):
    for each in apart.conditions:
        game = each.game
        assert game.unit == "$bn" and game.runs.shape == (6, 5, 3)
        for s, own in enumerate(("restrain", "escalate")):
            for t, other in enumerate(("best_response", "match", "escalate")):
                at = place(game, firm_1=own, firm_3=other)
                lineup = {"firm_1": own, "firm_3": other}
                for column, firm in ((s, "firm_1"), (2 + t, "firm_3")):
                    told = by_lineup(apart, f"value.{firm}", lineup, **each.condition)
                    assert game.runs[at, column] == pytest.approx(told, rel=1e-12)
                    assert game.payoffs[at, column] == pytest.approx(told.mean())
                told = by_lineup(apart, "customer_surplus", lineup, **each.condition)
                assert game.others["customer_surplus"][at] == pytest.approx(told)
        assert np.isnan(game.payoffs[game.layout.profiles == 0]).all()


def test_conditions_differ_and_say_what_they_are(apart):
    assert [each.words for each in apart.conditions] == [
        "demand_elasticity = 0.8", "demand_elasticity = 1.2",
    ]  # fmt: skip
    a, b = (each.game.payoffs for each in apart.conditions)
    assert (np.abs(a - b)[np.isfinite(a)] > 1e-6).all()


def test_players_who_are_alike_earn_means_over_seatings_and_members(alike):
    game = alike.conditions[0].game
    firms = ("microsoft", "coreweave")
    assert game.players == (*firms, "oracle")
    for oracle in ("restrain", "match"):
        for own in ("restrain", "escalate"):  # all do the same, in one seating
            lineup = dict.fromkeys(firms, own) | {"oracle": oracle}
            at = place(game, big=own, oracle=oracle)
            told = np.mean([by_lineup(alike, f"value.{firm}", lineup) for firm in firms], axis=0)
            assert game.runs[at, game.columns.index(f"big: {own}")] == pytest.approx(told)
        at = place(game, microsoft="restrain", coreweave="escalate", oracle=oracle)
        seated = [
            dict(zip(firms, pair, strict=True)) | {"oracle": oracle}
            for pair in (("restrain", "escalate"), ("escalate", "restrain"))
        ]
        for own in ("restrain", "escalate"):
            who = [next(f for f in firms if lineup[f] == own) for lineup in seated]
            told = np.mean(
                [by_lineup(alike, f"value.{f}", x) for f, x in zip(who, seated, strict=True)],
                axis=0,
            )
            assert game.runs[at, game.columns.index(f"big: {own}")] == pytest.approx(told)
        for name in ("total_surplus", "value.oracle"):
            told = np.mean([by_lineup(alike, name, lineup) for lineup in seated], axis=0)
            if name == "value.oracle":
                found = game.runs[at, game.columns.index(f"oracle: {oracle}")]
            else:
                found = game.others[name][at]
            assert found == pytest.approx(told)


def test_members_are_told_one_by_one_where_a_seating_has_them(alike):
    x = alike.conditions[0]
    at = place(x.game, microsoft="restrain", coreweave="escalate", oracle="match")
    s = x.game.columns.index("big: escalate")
    for j, firm in enumerate(("microsoft", "coreweave")):
        other = "coreweave" if firm == "microsoft" else "microsoft"
        lineup = {firm: "escalate", other: "restrain", "oracle": "match"}
        assert x.members[at, s, j] == pytest.approx(
            by_lineup(alike, f"value.{firm}", lineup).mean()
        )
    assert np.isnan(x.members[at, s, 2])  # Oracle is of another role
    mean = x.members[at, s, :2].mean()
    assert mean == pytest.approx(x.game.payoffs[at, s])


def test_firms_that_play_together_earn_the_sum(together):
    game = together.conditions[0].game
    table = Results.open(together.folder).runs()
    for own in ("restrain", "match"):
        for lenders in ("prudent", "yield_seeking"):
            at = place(game, hyperscalers=own, lenders=lenders)
            there = (table["lineup.oracle"] == own) & (table["lineup.direct_lender"] == lenders)
            for role, column in (("hyperscaler", own), ("lender", lenders)):
                told = table[there].sort_values("run")[f"{role}_value"].to_numpy()
                earned = game.runs[at, game.strategies.index(column)]
                assert earned == pytest.approx(told, rel=1e-9)


def test_payoffs_are_those_of_single_markets_in_the_frictionless_world(apart):
    payoffs = payoffs_of(apart.asked, Results.open(apart.folder))
    for at in (0, 3, len(payoffs.cells) - 1):
        cell = payoffs.cells[at]
        lineup = apart.asked.lineup_of(cell.seating)
        market = Market(
            "theory", lineup, [2], 5, horizon=4, demand_noise=0.1,
            **apart.asked.every_condition[cell.condition],
        )  # fmt: skip
        outcomes = market.run().outcomes().iloc[0]
        for player, name in enumerate(apart.asked.everyone):
            assert payoffs.by_player[at, player, 2] == outcomes[f"value.{name}"]
        assert payoffs.others["customer_surplus"][at, 2] == outcomes["customer_surplus"]


def test_payoffs_are_those_of_single_markets_where_ranges_are_drawn(alike):
    results = Results.open(alike.folder)
    payoffs = payoffs_of(alike.asked, results)
    at = 4
    lineup = alike.asked.lineup_of(payoffs.cells[at].seating)
    market = results.market(cell=at, run=1)
    told = {firm: each.id for firms in market.lineup.values() for firm, each in firms.items()}
    assert lineup.items() <= told.items()
    outcomes = market.run().outcomes().iloc[0]
    for player, name in enumerate(alike.asked.everyone):
        assert payoffs.by_player[at, player, 1] == outcomes[f"value.{name}"]


def test_run_i_meets_the_same_luck_and_ranges_in_every_profile(alike):
    results = Results.open(alike.folder)
    first, last = (results.market(cell, run=2) for cell in (0, len(alike.asked.cells()) - 1))
    assert list(first.runs) == list(last.runs) and first.entropy == last.entropy
    drawn = [name for name in results.draws if name not in ("run", "draw", "block")]
    assert len(drawn) > 3
    firms = {role: names[0] for role, names in first.parameters.firms.items()}
    for role, name in DECLARATIONS:
        key = name if role == "market" else f"{firms[role]}.{name}"
        assert np.array_equal(first.parameters[key], last.parameters[key]), key


# What players are after


def test_an_objective_is_read_as_arithmetic_on_what_a_run_left():
    rng = np.random.default_rng(0)
    left = {name: rng.normal(size=(2, 3)) for name in (
        "value.a", "value.b", "value_to_horizon.a", "value_to_horizon.b", "market_share.a",
        "market_share.b", "defaults", "customer_surplus",
    )}  # fmt: skip
    firms = ("a", "b")

    def told(text):
        return payoff(text, firms, left)

    value = left["value.a"] + left["value.b"]
    cash = left["value_to_horizon.a"] + left["value_to_horizon.b"]
    share = left["market_share.a"] + left["market_share.b"]
    assert told("value") == pytest.approx(value)
    assert told("cash") == pytest.approx(cash)
    assert told("market_share") == pytest.approx(share)
    assert told("-2 * cash + value / 4 - +1") == pytest.approx(-2 * cash + value / 4 - 1)
    assert told("value - 20 * (defaults + 1)") == pytest.approx(value - 20 * (left["defaults"] + 1))
    assert told("min(value, 0.1) * max(defaults, cash)") == pytest.approx(
        np.minimum(value, 0.1) * np.maximum(left["defaults"], cash)
    )
    assert payoff("value", ("b",), left) == pytest.approx(left["value.b"])


def test_players_may_be_after_other_things(tmp_path):
    x = played(tmp_path, players={
        "firm_1": {"strategies": ["restrain", "escalate"], "payoff": "cash"},
        "firm_3": {"strategies": ["match", "escalate"], "payoff": "market_share - 0.1 * defaults"},
        "vendor": {"strategies": ["hold_margin", "undercut"], "payoff": "customer_surplus"},
    })  # fmt: skip
    game = x.conditions[0].game
    assert game.unit == ""  # dollars are not added to shares
    lineup = {"firm_1": "escalate", "firm_3": "match", "vendor": "hold_margin"}
    at = place(game, **lineup)
    cash, share, defaults, customers = (
        by_lineup(x, name, lineup)
        for name in (
            "value_to_horizon.firm_1",
            "market_share.firm_3",
            "defaults",
            "customer_surplus",
        )
    )
    columns = [game.columns.index(f"{firm}: {each}") for firm, each in lineup.items()]
    assert game.runs[at, columns] == pytest.approx(
        np.stack([cash, share - 0.1 * defaults, customers])
    )


def test_an_objective_may_be_written_in_python(apart):
    def half_theirs(player, outcomes):
        return outcomes[f"value.{player}"] - 0.5 * outcomes["customer_surplus"]

    again = opened(apart.folder, objective=half_theirs)
    for was, now in zip(apart.conditions, again.conditions, strict=True):
        customers = was.game.others["customer_surplus"][:, None, :]
        told, expect = now.game.runs, was.game.runs - 0.5 * customers
        there = np.isfinite(told)
        assert (there == np.isfinite(was.game.runs)).all()
        assert told[there] == pytest.approx(expect[there])
        # What rides along is what came of the profile, whatever players are after.
        assert now.game.others["total_surplus"] == pytest.approx(was.game.others["total_surplus"])


# What rides along


@pytest.mark.parametrize("which", ["apart", "alike", "together"])
def test_what_layers_get_adds_up_in_every_profile_and_equilibrium(which, request):
    for each in found(request.getfixturevalue(which)):
        others = each.game.others
        layers = sum(others[name] for name in LAYERS)
        assert layers == pytest.approx(others["total_surplus"], rel=1e-9)
        assert len(each.equilibria)
        for eq in each.equilibria:
            parts = sum(expected(eq.weights, others[name]) for name in LAYERS)
            assert parts == pytest.approx(expected(eq.weights, others["total_surplus"]))


def test_values_of_all_players_of_a_layer_are_that_layers(together):
    game = together.conditions[0].game
    for at, name in ((slice(0, 2), "hyperscaler_value"), (slice(2, 4), "lender_value")):
        earned = np.nansum(game.runs[:, at], axis=1)
        assert earned == pytest.approx(game.others[name], rel=1e-9)


# How alike members are


def unlikeness(x):
    """How often members who follow the same in the same profile differ as much by luck alone."""
    payoffs = payoffs_of(x.asked, Results.open(x.folder))
    told = tabled(payoffs, 0).payoffs
    starts = {role.name: x.asked.layout.starts[at] for at, role in enumerate(x.asked.roles)}
    members = x.asked.roles[0].players
    assert starts[x.asked.roles[0].name] == 0
    errors: dict = {}
    for row, cell in enumerate(payoffs.cells):
        for player in range(len(members)):
            key = cell.profile, cell.seating.chosen[player], player
            errors.setdefault(key, []).append(payoffs.by_player[row, player])
    each = [np.mean(rows, axis=0) - told[p, s] for (p, s, _), rows in errors.items()]
    return exchangeable(np.stack(each))


def test_averaged_firms_differ_by_luck_alone_and_unlike_ones_by_more(averaged, alike):
    assert unlikeness(averaged) > 0.05
    assert unlikeness(alike) < 0.05
    [like], [unlike] = averaged.conditions, alike.conditions
    [told], [of_unlike] = (found(x).conditions[0].unlike for x in (averaged, alike))
    assert (told.role, of_unlike.role) == ("three", "big")
    assert told.relative < 0.1 < of_unlike.relative
    assert set(told.scales) == {"microsoft", "oracle", "coreweave"}
    assert like.game.unit == unlike.game.unit == "$bn"


def test_what_members_gain_is_off_what_their_role_does_as_seatings_say(alike):
    x = alike.conditions[0]
    [told] = found(alike).conditions[0].unlike
    lineup = {"oracle": "match"}
    own = {}
    for other in ("restrain", "escalate"):
        for firm, rival in (("microsoft", "coreweave"), ("coreweave", "microsoft")):
            after, before = (
                by_lineup(alike, f"value.{firm}", lineup | {firm: each, rival: other}).mean()
                for each in ("escalate", "restrain")
            )
            own[firm, other] = after - before
    errors = [
        own[firm, other] - np.mean([own[each, other] for each in ("microsoft", "coreweave")])
        for firm, other in own
    ]
    assert told.largest >= np.abs(errors).max() * (1 - 1e-9)
    for each in found(alike).conditions[0].on_all:
        if each.counts is not None and each.counts[1] == 2 and each.counts[3] == 1:
            gains = own_regrets(x, each)
            for firm in ("microsoft", "coreweave"):
                assert gains[firm] == pytest.approx(max(-own[firm, "escalate"], 0.0))


# Few who stand for many


def test_a_reduced_game_has_the_payoffs_of_the_full_one_reduced(tmp_path):
    firms = {"firms": ["hyperscaler"], "play": "alike", "strategies": ["restrain", "escalate"]}
    full = played(tmp_path / "full", players={"firms": firms}, seatings=4)
    few = played(tmp_path / "few", players={"firms": firms | {"reduced": 2}}, seatings=4)
    expect = reduction.reduce(full.conditions[0].game, 2)
    game = few.conditions[0].game
    assert game.roles == expect.roles and game.layout.count == 3
    there = game.layout.profiles > 0
    assert game.runs[there] == pytest.approx(expect.runs[there])
    assert game.payoffs[there] == pytest.approx(expect.payoffs[there])
    for name in LAYERS:
        assert game.others[name] == pytest.approx(expect.others[name])
    assert found(few).conditions[0].unlike == []  # who stands for whom cannot be told


# Runs that fail

FRAGILE = """
from dataclasses import dataclass
import numpy as np
from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, param

@dataclass(frozen=True)
class Fragile(HyperscalerStrategy):
    \"\"\"Give up where services are dear. Source: none, it is made for tests.\"\"\"

    dear: float = param(1.0, "$", "price from which on it gives up", 0.0, 1e9)

    def choose(self, sees):
        gone = (sees.quarter >= 3) & (sees.service_price > self.dear)
        return HyperscalerChoice(np.where(gone, np.nan, 0.1))
"""


@pytest.fixture(scope="module")
def fragile(tmp_path_factory):
    file = tmp_path_factory.mktemp("strategies") / "fragile.py"
    file.write_text(FRAGILE)

    def played_with(folder, dear, **more):
        players = {
            "firm_1": {"strategies": ["restrain", "escalate"]},
            "firm_2": {"strategies": ["match", f"fragile(dear={dear})"]},
        }
        return played(folder, runs=5, strategies=[str(file)], players=players, **more)

    return played_with


def test_a_run_that_fails_anywhere_is_left_out_everywhere(fragile, tmp_path):
    x = fragile(tmp_path, DEAR)
    table = Results.open(x.folder).runs()
    lost = set(table[table["status"] != "ok"]["run"])
    assert len(lost) == x.lost == 1
    game = x.conditions[0].game
    assert game.runs.shape[-1] == 4
    whole = [run for run in range(5) if run not in lost]
    lineup = {"firm_1": "restrain", "firm_2": "match"}  # in which none failed
    every = by_lineup(x, "value.firm_1", lineup)
    assert np.isfinite(every).all()
    at = place(game, **lineup)
    assert game.runs[at, 0] == pytest.approx(every[whole])
    customers = by_lineup(x, "customer_surplus", lineup)
    assert game.others["customer_surplus"][at] == pytest.approx(customers[whole])


def test_where_every_run_fails_the_line_says_whose_strategy_it_is(fragile, tmp_path):
    with pytest.raises(AgentsimError) as caught:
        fragile(tmp_path, 0)
    text = str(caught.value)
    assert "\n" not in text and "no run came through" in text
    assert (
        "5 of 5" in text and "firm_2 fragile(dear=0)" in text and "take that strategy out" in text
    )
