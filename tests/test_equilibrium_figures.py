"""Pictures of games: what is drawn is what was found, and what is left out is said."""

from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from made_games import DILEMMA, STAG, conditioned, found_of, made, over
from matplotlib.patches import Rectangle
from numpy.testing import assert_allclose

from agentsim.games import Game, Role
from agentsim.report import equilibrium_figures
from agentsim.report.dilemma_map import OTHER_KINDS, dilemma_map, kind_fill, map_of, shares
from agentsim.report.dynamics_figure import dynamics, ends
from agentsim.report.equilibrium_figures import equilibria, save
from agentsim.report.equilibrium_rows import chosen, left_out, shown, strategy_words
from agentsim.report.equilibrium_value import value_by_layer, ways
from agentsim.report.panels import WIDTH
from agentsim.report.responding_map import responses, signs
from agentsim.report.schelling_apart import advantages
from agentsim.report.schelling_figure import schelling
from agentsim.report.strategy_style import FILLS, fills_of, groups
from agentsim.report.style import SMALL

FACTOR, DEMAND = "shock.efficiency.factor", "demand_elasticity"


@pytest.fixture(scope="module")
def four():
    """Two levels of a shock and two of demand: a stag hunt, and a dilemma where both are large."""
    return over(
        {
            (1, 1.2): made(STAG), (1, 2.0): made(STAG), (10, 1.2): made(STAG, (200.0, 20.0)),
            (10, 2.0): made(DILEMMA, (200.0, 20.0)),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def one():
    return found_of(conditioned(made(), {}))


def texts(panel):
    return [each.get_text() for each in panel.texts]


def title(figure):
    return figure.get_suptitle().replace("\n", " ")


def boxes(panel):
    return [each for each in panel.patches if isinstance(each, Rectangle)]


# Which rows


def test_conditions_are_thinned_evenly_with_the_ends_and_that_is_said():
    levels = [(f, e) for f in range(7) for e in range(7)]
    x = found_of(*(
        SimpleNamespace(conditioned=SimpleNamespace(condition={"f": f, "e": e}),
                        equilibria=SimpleNamespace(found=()))
        for f, e in levels
    ))  # fmt: skip
    kept = [tuple(each.conditioned.condition.values()) for each in chosen(x, 12)]
    assert {f for f, _ in kept} == {0, 3, 6}
    assert {e for _, e in kept} == {0, 2, 4, 6}
    assert "12 of 49 conditions" in left_out(x, chosen(x, 12))
    assert len(chosen(x, 49)) == 49
    assert left_out(x, chosen(x, 49)) == ""


def test_of_many_equilibria_the_least_and_the_most_surplus_are_shown(one):
    (solved,) = one
    worth = [each.worth.worth["total_surplus"].value for each in shown(solved)]
    two = shown(solved, most=2)
    kept = [each.worth.worth["total_surplus"].value for each in two]
    assert len(worth) == 3
    assert set(kept) == {min(worth), max(worth)}
    assert [each.number for each in two] == [1, 2]  # the mixture, the third, lies between
    assert "1 other left out" in left_out(one, [solved], most=2)


def test_names_are_short():
    assert strategy_words("best_response") == "best response"
    assert strategy_words("scaled(multiple=0.5)") == "scaled(0.5)"
    assert strategy_words("scaled(multiple=0.5, floor=1)") == "scaled(multiple=0.5, floor=1)"


# Fills


def grey(colour):
    return float(np.dot(matplotlib.colors.to_rgb(colour), (0.299, 0.587, 0.114)))


def test_fills_of_strategies_are_told_apart_in_grey():
    assert np.diff([grey(each) for each in FILLS]).max() < -0.1
    for kind in OTHER_KINDS:
        colour, hatch = kind_fill(kind)
        assert hatch and grey(colour) > 0.8  # letters are read on it
    assert len({hatch for _, hatch in OTHER_KINDS.values()}) == len(OTHER_KINDS)


def test_roles_that_choose_among_the_same_share_a_legend():
    u = np.zeros((3, 3, 2, 2))
    names = [["low", "middle", "high"], ["low", "high"], ["buy", "build"]]
    game = Game.from_payoffs(u, ["a", "b", "c"], names)
    assert [[role.name for role in each.roles] for each in groups(game)] == [["a", "b"], ["c"]]
    fills = dict(zip(game.columns, fills_of(game), strict=True))
    assert fills["a: high"] == fills["b: high"] != fills["a: middle"]


# Equilibria


def test_each_equilibrium_has_a_row_with_who_does_what_and_its_verdict(one):
    figure = equilibria(one)
    who, share, surplus, regret = figure.axes
    (solved,) = one
    names = [each.get_text() for each in who.get_yticklabels()]
    assert names == ["E1", "E2", "E3"]
    rows = shown(solved)
    assert texts(regret) == [each.verdict for each in rows]
    # One box for each strategy that is played: one in each pure profile, two in the mixture.
    assert len(boxes(who)) == 1 + 1 + 2
    for at, y in enumerate(who.get_yticks()):
        of = [b for b in boxes(who) if abs(b.get_y() + b.get_height() / 2.0 - y) < 1e-9]
        assert sum(b.get_width() for b in of) == pytest.approx(1.0)
        broken = {b.get_linestyle() not in ("-", "solid") for b in of}
        assert broken == {not rows[at].equilibrium.pure}
    assert {"3"} <= set(texts(who))  # of the pure ones, how many players
    assert [panel.get_title() for panel in (share, surplus)] == [
        "customers' share",
        "total surplus",
    ]
    assert "made" in title(figure)


def test_intervals_stand_where_they_are(one):
    figure = equilibria(one)
    (solved,) = one
    share = figure.axes[1]
    drawn = [each for lines in share.collections for each in lines.get_segments()]
    wanted = [each.worth.worth["customer_share"] for each in shown(solved)]
    assert_allclose([[a[0], b[0]] for a, b in drawn], [[100 * w.low, 100 * w.high] for w in wanted])
    (marks,) = [each for each in share.lines if len(each.get_xdata())]
    assert_allclose(marks.get_xdata(), [100 * w.value for w in wanted])


def test_conditions_are_named_and_one_without_equilibria_says_so(four):
    empty = conditioned(made(), {FACTOR: 3, DEMAND: 1.2}, found=[])
    figure = equilibria(found_of(four.conditions[0], empty))
    said = texts(figure.axes[0])
    assert "no shock, demand elasticity 1.2" in said
    assert any("no equilibrium was found" in each for each in said)


def test_what_is_all_refuted_is_shown_as_such():
    game = made(DILEMMA)
    wrong = [each for each in made(STAG).equilibria() if each.pure and each.words == "3 mild"]
    from dataclasses import replace

    solved = conditioned(game, {FACTOR: 3.0}, found=[replace(wrong[0], game=game)])
    assert not solved.standing and not len(solved.equilibria)
    figure = equilibria(found_of(solved))
    assert any("all that was found is refuted" in each for each in texts(figure.axes[0]))


def test_without_fresh_runs_there_is_no_regret_to_draw():
    figure = equilibria(found_of(conditioned(made(), {}, fresh=False)))
    assert len(figure.axes) == 3
    assert "none of these was held against fresh runs" in title(figure)


def test_roles_are_named_above_their_bars():
    u = np.array([[[3, 0], [5, 1]], [[3, 5], [0, 1]]], dtype=float)
    game = Game.from_payoffs(u, ["nvidia", "amd"], [["hold", "cut"]] * 2)
    figure = equilibria(found_of(conditioned(game, {}, fresh=False)))
    who = figure.axes[0]
    assert [each.get_text() for each in who.get_xticklabels()] == ["Nvidia", "AMD"]
    assert texts(who) == ["cut", "cut"]
    assert figure.axes[1].get_title() == "what players earn"  # nothing is known of customers


# Value


def test_bars_of_layers_add_up_to_their_sum(one):
    (solved,) = one
    figure = value_by_layer(one)
    _, customers, others = figure.axes
    game, told = solved.game, ways(solved)
    assert [each.name for each in told] == [
        "E1",
        "E2",
        "E3",
        "best profile",
        "all mild",
        "all fierce",
    ]
    assert_allclose(told[4].shares, [1.0, 0.0])
    wanted = [each.weights @ game.others["customer_surplus"].mean(axis=1) for each in told]
    bars = [b for b in boxes(customers) if b.get_facecolor()[3] > 0.0]
    assert_allclose([b.get_width() for b in bars], wanted)
    layers = [each.weights @ (game.others["hyperscaler_value"] - 2.0).mean(axis=1) for each in told]
    (marks,) = [each for each in others.lines if each.get_marker() == "D"]
    assert_allclose(marks.get_xdata(), layers)
    filled = [b for b in boxes(others) if b.get_facecolor()[3] > 0.0]
    lengths = np.array([b.get_width() for b in filled]).reshape(2, len(told))
    assert_allclose(lengths.sum(axis=0), layers)


def test_without_layers_there_is_no_picture_of_them():
    game = made()
    game.others.clear()
    assert value_by_layer(found_of(conditioned(game, {}))) is None


# Schelling


def test_the_curves_are_what_the_mild_and_the_fierce_earn(one):
    (solved,) = one
    (panel,) = schelling(one).axes
    M, F = [10.0, 7.0, 4.0], [8.0, 7.0, 5.0]
    curves = [each.get_ydata() for each in panel.lines if len(each.get_ydata()) == 3]
    for wanted in (M, F):
        assert any(np.allclose(wanted, each) for each in curves)
    totals = next(each for each in panel.lines if len(each.get_ydata()) == 4)
    assert_allclose(totals.get_ydata(), [10.0, (2 * 7 + 8) / 3, (4 + 2 * 7) / 3, 5.0])
    star = next(each for each in panel.lines if each.get_marker() == "*")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (0, 10.0)
    (crossing,) = solved.kinds.only.diagrams["firms"].crossings
    assert any(np.allclose(each.get_xdata(), crossing.at.value) for each in panel.lines
               if each.get_linestyle() == ":")  # fmt: skip


def test_players_apart_gain_by_who_is_fierce_around_them():
    # The first player gains by how many are fierce, the others nothing whoever is.
    u = np.zeros((3, 2, 2, 2))
    u[0, 1, 0, 0], u[0, 1, 1, 0], u[0, 1, 0, 1], u[0, 1, 1, 1] = 1.0, 2.0, 4.0, 8.0
    game = Game.from_payoffs(u, ["a", "b", "c"], [["mild", "fierce"]] * 3)
    solved = conditioned(game, {}, fresh=False)
    gains = advantages(game, solved.kinds.only)
    assert [ways[:, 0].tolist() for ways in gains[0]] == [[1.0], [2.0, 4.0], [8.0]]
    assert all(not ways.any() for ways in gains[1])
    (panel,) = schelling(found_of(solved)).axes
    assert any(np.allclose(each.get_ydata(), [1.0, 3.0, 8.0]) for each in panel.lines
               if len(each.get_ydata()) == 3)  # fmt: skip


def test_of_two_players_each_has_curves_by_what_the_other_does():
    u = np.array([[[3, 0], [5, 1]], [[6, 9], [0, 2]]], dtype=float)
    game = Game.from_payoffs(u, ["a", "b"], [["mild", "fierce"]] * 2)
    first, second = schelling(found_of(conditioned(game, {}, fresh=False))).axes
    for panel, mild, fierce in ((first, [3, 0], [5, 1]), (second, [6, 0], [9, 2])):
        curves = [list(each.get_ydata()) for each in panel.lines if len(each.get_ydata()) == 2]
        assert mild in curves
        assert fierce in curves
        assert [each.get_text() for each in panel.get_xticklabels()] == ["mild", "fierce"]
        assert not any(each.get_marker() == "*" for each in panel.lines)
        assert panel.get_xticks().tolist() == [0, 1]


# Dynamics


def test_where_play_leads_adds_up_and_is_named_as_in_the_other_pictures(four):
    for solved in (four.conditions[0], four.conditions[-1]):
        found = ends(solved)
        for process in ("best replies", "replicators", "alpha-rank"):
            of = [each for each in found if each.process == process]
            assert sum(each.share.value for each in of) == pytest.approx(1.0)
    assert [each.words for each in found] == ["E1: 3 fierce"] * 3
    figure = dynamics(found_of(four.conditions[-1]))
    left, right = figure.axes
    assert [each.get_text() for each in left.get_yticklabels()] == [
        "best replies", "replicators", "alpha-rank",
    ]  # fmt: skip
    assert len(right.collections) == 2  # an area a strategy
    assert right.get_xlim()[0] == pytest.approx(-1.0)


# Maps


def test_only_two_numeric_factors_make_a_map(four, one):
    told = map_of(four)
    assert (told.across, told.up) == (DEMAND, FACTOR)
    assert (told.columns, told.rows) == ([1.2, 2.0], [1, 10])
    assert map_of(one) is None
    assert dilemma_map(one) is None
    assert responses(one) is None
    words = found_of(*(conditioned(made(), {"a": a, "b": b}) for a in "xy" for b in (1, 2)))
    assert map_of(words) is None


def test_a_cell_says_what_game_it_is_and_who_does_what(four):
    figure = dilemma_map(four)
    kinds, postures = figure.axes
    said = dict.fromkeys(texts(kinds))
    assert {"SH 100%", "PD 100%"} <= set(said)
    place = next(each for each in kinds.texts if each.get_text() == "PD 100%").get_position()
    assert (int(place[0]), int(place[1])) == (1, 1)  # most elastic, largest shock: right and above
    # A frame a cell; two pure profiles and a mixture of two in three cells, one profile in the last.
    assert len(boxes(postures)) == 4 + 3 * 4 + 1
    low, high = shares(map_of(four))
    assert (low <= high).all()
    assert low[1, 1] == high[1, 1] and low[0, 0] < high[0, 0]
    assert [each.get_text() for each in postures.get_yticklabels()] == ["1", "10"]


def test_the_second_map_shows_the_range_over_pairs_and_counts_their_signs(four):
    figure = responses(four)
    gain, fixed, difference = figure.axes
    # At 2.0: from 100, 110 to 130 customers' surplus with k fierce before, to 260 with all of them.
    assert "+130 to +160" in texts(gain)
    assert "+100 to +130" in texts(fixed)
    told = [each for each in texts(difference) if " of " in each]
    assert told == ["3+  3−  of 9", "2+  0−  of 3"]
    assert [each.get_text() for each in difference.get_yticklabels()] == ["10"]
    assert "no shock" in title(figure)


def test_signs_are_those_of_intervals_and_of_numbers_where_there_are_none():
    def told(value, low, high):
        return SimpleNamespace(value=value, low=low, high=high)

    assert signs([told(1, 0.5, 2), told(1, -1, 2), told(-3, -4, -2)]) == (1, 1)
    assert signs([told(1, np.nan, np.nan), told(-1, np.nan, np.nan), told(0, np.nan, np.nan)]) == (
        1,
        1,
    )


# All of them


def test_pictures_are_of_one_width_and_their_letters_large_enough(four):
    from matplotlib.text import Text

    for draw in equilibrium_figures.PICTURES.values():
        figure = draw(four)
        assert figure.get_size_inches()[0] == WIDTH
        written = [text for text in figure.findobj(Text) if text.get_text().strip()]
        assert min(text.get_fontsize() for text in written) >= SMALL


def test_those_there_are_are_saved(one, tmp_path, monkeypatch):
    monkeypatch.setattr(equilibrium_figures, "DPI", 20)
    paths = save(one, tmp_path / "figures")
    assert [each.name for each in paths] == [
        "equilibria.png", "value_by_layer.png", "schelling.png", "dynamics.png",
    ]  # fmt: skip
    assert all(each.stat().st_size > 1000 for each in paths)


def test_a_role_of_several_beside_one_player_is_drawn():
    roles = (
        Role("firms", ("a", "b"), ("mild", "fierce")),
        Role("lender", ("lender",), ("prudent", "loose")),
    )
    from agentsim.games.profiles import Layout

    layout = Layout.of(roles)
    payoffs = np.where(layout.profiles > 0, np.arange(layout.count)[:, None] + 0.5, np.nan)
    x = found_of(conditioned(Game(roles, payoffs), {}, fresh=False))
    assert len(schelling(x).axes) == 1  # the role of several
    figure = equilibria(x)
    assert [each.get_text() for each in figure.axes[0].get_xticklabels()] == ["firms", "Lender"]
