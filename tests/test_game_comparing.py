"""Comparing equilibria between conditions and games: every pair, run by run where luck is the same."""

import numpy as np
import pytest
from batches import refused
from scipy import stats
from simulated_games import asked

from agentsim.batch.moments import student
from agentsim.games.empirical.comparing import TOLD, compare, range_of
from agentsim.games.empirical.found import found
from agentsim.games.empirical.playing import play
from agentsim.games.studentised import mean_interval, ratio_difference
from agentsim.report.game_changes import lines, sentence

# What the bank does matters to nobody here, so that each equilibrium comes twice.
PLAYERS = {
    "firm_1": {"strategies": ["restrain", "escalate"]},
    "bank": {"strategies": ["prudent", "yield_seeking"]},
}
LEVELS = [0.8, 1.2]
RUNS = 12


def told(folder, **changes):
    game = asked(**{"players": PLAYERS, "runs": RUNS} | changes)
    return found(play(game, folder, engine="here", progress=False))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("games")


@pytest.fixture(scope="module")
def one(folder):
    conditions = {"demand_elasticity": LEVELS, "substitution": [4, 12]}
    return told(folder / "one", name="one", conditions=conditions)


@pytest.fixture(scope="module")
def same_luck(folder):
    """One condition, by another rule of the market, on the same luck."""
    return told(folder / "same", name="same", conditions={"demand_elasticity": [0.8]},
                lineup={"firm_2": "escalate"})  # fmt: skip


@pytest.fixture(scope="module")
def other_luck(folder):
    return told(folder / "other", name="other", conditions={"demand_elasticity": [0.8]}, entropy=6,
                runs=9, lineup={"firm_2": "escalate"})  # fmt: skip


def under(x, **levels):
    [each] = [each for each in x if each.conditioned.condition.items() >= levels.items()]
    return each


def of(side, eq, name):
    """What came of a pure equilibrium, by run."""
    game = side.game
    return game.others[name][game.layout.place(eq.counts)]


def test_each_equilibrium_is_set_against_each(one):
    [moved] = compare(one, None, {"demand_elasticity": 0.8, "substitution": 4},
                      {"demand_elasticity": 1.2, "substitution": 4})  # fmt: skip
    assert len(moved.before.equilibria) == len(moved.after.equilibria) == 2
    assert len(moved.pairs) == len(moved.changes) == 4
    assert [[each.outcome for each in changes] for changes in moved.changes] == [[*TOLD]] * 4
    assert len(moved.of("customer_share")) == 4 and moved.of("capex") == []
    table = moved.table()
    assert len(table) == 4 * len(TOLD)
    assert len(table[["equilibrium_before", "equilibrium_after"]].drop_duplicates()) == 4
    low, high = range_of(moved.of("total_surplus"))
    assert low.value == table.query("outcome == 'total_surplus'")["difference"].min()
    assert high.value == table.query("outcome == 'total_surplus'")["difference"].max()


def test_differences_on_the_same_luck_are_taken_run_by_run(one):
    [moved] = compare(one, None, {"demand_elasticity": 0.8, "substitution": 4},
                      {"demand_elasticity": 1.2, "substitution": 4})  # fmt: skip
    assert moved.paired
    assert moved.names == (
        "demand_elasticity = 0.8, substitution = 4", "demand_elasticity = 1.2, substitution = 4",
    )  # fmt: skip
    assert moved.what == "demand_elasticity from 0.8 to 1.2"
    for (a, b), changes in zip(moved.pairs, moved.changes, strict=True):
        by_name = {each.outcome: each for each in changes}
        for name in ("customer_surplus", "hyperscaler_value", "total_surplus"):
            x, y = of(moved.before, a, name), of(moved.after, b, name)
            change = by_name[name]
            assert (change.before, change.after) == pytest.approx((x.mean(), y.mean()))
            assert change.difference.value == pytest.approx((y - x).mean())
            expect = mean_interval(y - x)
            assert (change.difference.low, change.difference.high) == (expect.low, expect.high)
            # No narrower than Student's.
            half = student(RUNS, 0.95) * np.std(y - x, ddof=1) / np.sqrt(RUNS)
            assert change.difference.low <= (y - x).mean() - half * (1 - 1e-9)
        x, y = ([of(side, eq, name) for name in ("customer_surplus", "total_surplus")]
                for side, eq in ((moved.before, a), (moved.after, b)))  # fmt: skip
        share = by_name["customer_share"]
        assert share.before == pytest.approx(x[0].sum() / x[1].sum())
        assert share.after == pytest.approx(y[0].sum() / y[1].sum())
        expect = ratio_difference(*y, *x)
        assert share.difference.value == pytest.approx(share.after - share.before)
        assert (share.difference.low, share.difference.high) == (expect.low, expect.high)


def test_the_first_level_of_each_factor_is_set_against_the_last_with_all_others_held(one):
    moved = compare(one)
    assert [each.what for each in moved] == [
        *["demand_elasticity from 0.8 to 1.2"] * 2, *["substitution from 4 to 12"] * 2,
    ]  # fmt: skip
    for each in moved:
        a, b = (side.conditioned.condition for side in (each.before, each.after))
        assert sum(a[name] != b[name] for name in a) == 1


def test_a_level_on_one_side_is_set_against_all_others(one):
    moved = compare(one, None, {"demand_elasticity": 0.8, "substitution": 4})
    assert len(moved) == 3
    told = [each.after.conditioned.condition for each in moved]
    assert {(each["demand_elasticity"], each["substitution"]) for each in told} == {
        (0.8, 12), (1.2, 4), (1.2, 12),
    }  # fmt: skip


def test_two_games_are_compared_where_levels_agree(one, same_luck):
    moved = compare(one, same_luck)
    assert len(moved) == 2  # substitution is a factor of one of them alone
    assert all(each.paired for each in moved)
    assert {each.before.conditioned.condition["demand_elasticity"] for each in moved} == {0.8}
    assert moved[0].names == (
        "one: demand_elasticity = 0.8, substitution = 4", "same: demand_elasticity = 0.8",
    )  # fmt: skip
    assert moved[0].what == "From one to same"
    for each in moved:
        (a, b), changes = each.pairs[0], each.changes[0]
        difference = of(each.after, b, "total_surplus") - of(each.before, a, "total_surplus")
        [change] = [c for c in changes if c.outcome == "total_surplus"]
        assert change.difference.value == pytest.approx(difference.mean())


def test_games_on_other_luck_are_compared_as_independent_samples(same_luck, other_luck):
    [moved] = compare(same_luck, other_luck)
    assert not moved.paired
    (a, b), changes = moved.pairs[0], moved.changes[0]
    by_name = {each.outcome: each for each in changes}
    x, y = of(moved.before, a, "total_surplus"), of(moved.after, b, "total_surplus")
    assert (len(x), len(y)) == (RUNS, 9)
    welch = stats.ttest_ind(y, x, equal_var=False).confidence_interval(0.95)
    told = by_name["total_surplus"].difference
    assert told.value == pytest.approx(y.mean() - x.mean())
    # Degrees of freedom that are no whole number are taken as they are.
    assert (told.low, told.high) == pytest.approx((welch.low, welch.high), rel=1e-6)

    # The delta method for shares.
    influence = []
    for side, eq in ((moved.before, a), (moved.after, b)):
        num, den = (of(side, eq, name) for name in ("customer_surplus", "total_surplus"))
        ratio = num.mean() / den.mean()
        influence.append((ratio, (num - ratio * den) / den.mean()))
    (r, p), (q, s) = influence
    welch = stats.ttest_ind(s, p, equal_var=False).confidence_interval(0.95)
    told = by_name["customer_share"].difference
    assert told.value == pytest.approx(q - r)
    assert told.low - told.value == pytest.approx(welch.low, rel=1e-6)
    assert told.high - told.value == pytest.approx(welch.high, rel=1e-6)


def test_what_moves_is_said_with_how_many_pairs_surely_do(one, same_luck, other_luck):
    moved = compare(one, None, {"demand_elasticity": 0.8, "substitution": 4},
                    {"demand_elasticity": 1.2, "substitution": 4})  # fmt: skip
    said = sentence(moved)
    assert "over 4 pairs of equilibria, of which 0 surely rise and 4 surely fall" in said
    text = "\n".join(lines(moved))
    assert "demand_elasticity = 0.8, substitution = 4  ->" in text
    assert "run by run, as both sides met the same luck" in text and "all fall" in text
    text = "\n".join(lines(compare(same_luck, other_luck)))
    assert "as independent samples, as the two sides met other luck" in text


def test_comparing_one_run_gives_no_intervals(folder):
    game = told(folder / "single", name="single", runs=1, conditions={"demand_elasticity": LEVELS})
    [moved] = compare(game)
    [change, *_] = moved.of("total_surplus")
    assert np.isnan([change.difference.low, change.difference.high]).all()
    assert change.difference.value == pytest.approx(change.after - change.before)
    assert "nan" not in "\n".join(lines([moved]))


def test_what_cannot_be_compared_is_refused_in_one_line(one, same_luck, folder):
    level, other = {"demand_elasticity": 0.8}, {"demand_elasticity": 1.2}
    elsewhere = told(folder / "elsewhere", name="elsewhere", runs=2,
                     conditions={"demand_elasticity": [1.5]})  # fmt: skip
    refused(["same has one condition", "[conditions]"], compare, same_luck)
    refused(
        ["condition 'elasticity'", "demand_elasticity"], compare, one, None, {"elasticity": 0.8}
    )
    refused(["demand_elasticity = 1", "[0.8, 1.2]"], compare, one, None, {"demand_elasticity": 1})
    refused(["no level of same", "[0.8]"], compare, one, same_luck, level, other)
    refused(["no conditions of one and elsewhere agree", "both sides"], compare, one, elsewhere)
    level |= {"substitution": 4}
    refused(["no conditions of one and one agree"], compare, one, None, level, level)
