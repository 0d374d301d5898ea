"""Tournaments: asked, run through real processes, and told; and the arithmetic on payoffs made up."""

import re
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from batches import refused, small
from faults import KILLED, ran

from agentsim.batch.design import TOURNAMENT, Deviation, Experiment, shipped
from agentsim.batch.plan import make
from agentsim.cli import main
from agentsim.report import tournament_text
from agentsim.report.tournament_answer import answer
from agentsim.report.tournament_text import END, START
from agentsim.tournament.customers import customers
from agentsim.tournament.design import Population, Tournament
from agentsim.tournament.fitness import FIELDS, PAIRWISE, fitness, fitted
from agentsim.tournament.matching import invasions, pairwise
from agentsim.tournament.payoffs import Payoffs, _without_twins
from agentsim.tournament.ranking import over_fields, ranking, robustness
from agentsim.tournament.survival import survival
from agentsim.tournament.tables import Found

TINY = """
name = "tiny"
scenario = "theory"
postures = ["restrain", "best_response", "escalate"]
seats = ["firm_1", "firm_3"]
fields = 3
runs = 3
horizon = 6
set = { demand_noise = 0.1 }
[population]
size = 10
starts = 20
generations = 5
"""


# What is asked


def asked(**changes):
    given = dict(name="x", postures=["restrain", "match"], fields=3, runs=2, horizon=4)
    return Tournament(**given | changes)


def test_the_shipped_tournament_can_be_planned():
    assert shipped(TOURNAMENT) == ("tournament",)
    tournament = Tournament.read("tournament")
    experiment = tournament.experiment()
    assert Experiment(**experiment.to_dict()) == experiment
    few = tournament.changed(2, {"fields": 2, "seats": 1, "horizon": 4})
    assert len(make(few.experiment()).cells) == 1 + len(few.played) * (len(few.played) + 2)


def test_all_postures_are_those_of_the_role():
    assert {"restrain", "escalate"} < set(asked(postures="all").played)
    assert set(asked(role="lender", postures="all").played) >= {"prudent", "yield_seeking"}


def test_strategies_may_be_left_out_of_all():
    every, few = asked(postures="all"), asked(postures="all", without=["match", "cartel"])
    assert few.played == [each for each in every.played if each not in ("match", "cartel")]
    drawn = {
        each
        for field in few.changed(None, {"fields": 40}).mixed.values()
        for each in field.values()
    }
    assert drawn == set(few.played)
    assert Tournament(**few.model_dump()) == few
    assert few.changed(None, {"postures": ["match", "grim"]}).played == ["match", "grim"]
    assert "prudent" in few.changed(None, {"role": "lender"}).played
    assert few.changed(None, {"without": ["grim"]}).without == ["grim"]


def test_a_field_is_the_same_however_many_there_are():
    few, many = asked(fields=3).mixed, asked(fields=9).mixed
    assert list(few) == ["field_1", "field_2", "field_3"]
    assert [many[name] for name in few] == list(few.values())
    assert asked(entropy=1).mixed != few
    assert set(few["field_1"]) == set(asked().firms)


def test_seats_may_be_named_or_drawn():
    assert asked(seats=["oracle"]).taken == ["oracle"]
    drawn = asked(seats=2).taken
    assert len(drawn) == 2 and set(drawn) < set(asked().firms) and drawn == asked(seats=2).taken


def test_what_shares_a_field_shares_its_luck_and_fields_do_not():
    experiment = asked(seats=2, conditions={"demand_elasticity": [1.1, 1.4]}).experiment()
    cells = make(experiment).cells
    table = pd.DataFrame({name: cells.labels[name] for name in ("kind", "firm", "own", "others")})
    table["block"] = cells.block
    blocks = table.groupby("others")["block"].agg(["min", "max"])
    assert (blocks["min"] == blocks["max"]).all()
    assert blocks.loc[["restrain", "match"], "min"].eq(0).all()
    assert blocks.loc[["field_1", "field_2", "field_3"], "min"].tolist() == [1, 2, 3]
    assert table.loc[table["kind"] == "main", "block"].eq(0).all()


def test_a_deviation_from_a_lineup_changes_one_firm_of_it():
    lineup = {"firm_1": "restrain", "firm_2": "match", "firm_3": "escalate"}
    experiment = small(
        factors={}, lineups={"mixed": lineup}, luck="lineups",
        deviations=[Deviation(firm="firm_2", own=["cartel", "match"], others=["mixed", "restrain"])],
    )  # fmt: skip
    cells = make(experiment).cells
    followed = {
        (cells.labels["own"][at], cells.labels["others"][at]): [
            cells.groups[cells.group[at]].lineup[firm] for firm in lineup
        ]
        for at in range(1, len(cells))
    }
    assert followed["cartel", "mixed"] == ["restrain", "cartel", "escalate"]
    assert followed["match", "mixed"] == ["restrain", "match", "escalate"]
    assert followed["cartel", "restrain"] == ["restrain", "cartel", "restrain"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"posture": ["match"]}, ["key", "'posture'", "nearest: postures"]),
        ({"postures": ["restrain"]}, ["postures", "give 2 or more"]),
        ({"postures": ["restrain", "mach"]}, ["mach", "nearest", "match"]),
        ({"postures": ["escalate", "escalate(step=0.02)"]}, ["postures", "twice"]),
        ({"postures": "all", "without": ["mach"]}, ["without", "mach", "nearest", "match"]),
        ({"postures": "all", "without": ["match", "match"]}, ["without", "twice"]),
        ({"without": ["match"]}, ["without", 'postures = "all"', "take it out"]),
        ({"postures": "al"}, ["postures", '"all"', "[brackets]"]),
        ({"seats": ["orcale"]}, ["seats", "orcale", "oracle"]),
        ({"seats": 9}, ["seats = 9", "6 firms"]),
        ({"fields": 1}, ["fields = 1", "between 2"]),
        ({"role": "hyperscalar"}, ["role", "hyperscaler"]),
        ({"lineup": {"oracle": "match"}}, ["lineup", "oracle", "take it out"]),
        ({"conditions": {"lineup.oracle": ["match"]}}, ["conditions", "oracle", "take it out"]),
        ({"population": {"sise": 3}}, ["sise", "size"]),
        ({"population": {"mutation": 2.0}}, ["population", "mutation = 2", "between 0 and 1"]),
        ({"scenario": "2025Q5"}, ["2025Q5", "nearest: 2025Q4"]),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(changes, words):
    refused(words, asked, **changes)


def test_an_experiment_is_no_tournament_and_the_other_way_round(tmp_path):
    refused(["tournament", "`agentsim tournament tournament`"], Experiment.read, "tournament")
    refused(["escalator_war", "`agentsim run escalator_war`"], Tournament.read, "escalator_war")
    refused(["tournement", "nearest: tournament"], Tournament.read, "tournement")
    file = tmp_path / "mine.toml"
    file.write_text(TINY)
    refused([str(file), "agentsim tournament"], Experiment.read, file)
    file.write_text('name = "x"\n[factors]\ndemand_elasticity = [1, 2]')
    refused([str(file), "agentsim run"], Tournament.read, file)


def test_what_is_wrong_with_lineups_is_refused_in_one_line():
    deviation = {"firm": "firm_1", "own": ["match"], "others": ["mixed"]}
    for changes, words in (
        ({"lineups": {"match": {"firm_2": "match"}}}, ["lineups.match", "name of a strategy"]),
        ({"lineups": {"mixed": {"firm_2": "mach"}}}, ["lineups.mixed", "mach"]),
        (
            {"lineups": {"mixed": {"vendor": "hold_margin"}}},
            ["lineups.mixed.vendor", "take it out"],
        ),
        ({"lineups": {"mixed": {}, "more": {}}}, ["lineups.more", "name it there"]),
        ({"lineups": {}, "luck": "lineups", "deviations": []}, ["luck", "[lineups.NAME]"]),
    ):
        given = {"factors": {}, "shocks": [], "deviations": [deviation]} | changes
        refused(words, lambda each: make(small(**each)), given)


# The arithmetic, on payoffs made up

POSTURES = ("mild", "middle", "fierce")


def made_up(payoff, rivals=None, runs=4, seats=2, fields=5, customers=None):
    """Payoffs by a function of field, seat and posture, with luck that a field and run share."""
    count = len(POSTURES)
    names = (*POSTURES, *(f"field_{each}" for each in range(fields)))
    luck = np.random.default_rng(0).normal(size=(len(names), 1, 1, runs)) * 100.0
    values = np.empty((1, len(names), seats, count, runs))
    for f in range(len(names)):
        for s in range(seats):
            for p in range(count):
                values[0, f, s, p] = payoff(f, s, p)
    if rivals is None:
        rivals = np.full((len(names), seats, count), 1.0 / count)
    seated = ("oracle", "meta")[:seats]
    other = values if customers is None else customers
    return Payoffs(
        POSTURES, seated, names, ("",), values + luck, other + luck, other + 1e3 + luck, rivals
    )


def test_a_ranking_is_of_what_is_ahead_in_the_same_place():
    x = made_up(lambda f, s, p: 50.0 * f + 1000.0 * s + [1.0, 6.0, 2.0][p])
    table = ranking(x)
    assert table["posture"].tolist() == ["middle", "fierce", "mild"]
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["ahead"].to_numpy() == pytest.approx([3.0, -1.0, -2.0])
    assert table["low"].to_numpy() == pytest.approx(table["high"].to_numpy())  # luck cancels
    assert table["first"].tolist() == [1.0, 0.0, 0.0]


def test_a_tournament_of_several_conditions_is_ranked_in_each():
    x = made_up(lambda f, s, p: [1.0, 6.0, 2.0][p])
    turned = x.payoff[:, :, :, ::-1]
    both = replace(
        x, conditions=("a = 1", "a = 2"), payoff=np.concatenate([x.payoff, 3.0 * turned])
    )
    table = ranking(both).set_index(["condition", "posture"])
    assert len(table) == 9
    assert table.loc[("a = 1", "fierce"), "ahead"] == pytest.approx(-1.0)
    assert table.loc[("a = 2", "fierce"), "ahead"] == pytest.approx(-6.0)
    assert table.loc[("all", "fierce"), "ahead"] == pytest.approx(-3.5)


def test_robustness_tells_how_often_best_and_what_is_missed():
    # fierce is best but in the last field, in both seats, where it misses 30 and 60.
    x = made_up(lambda f, s, p: [10.0, 0.0, 20.0][p] if f < 7 else [30.0, 0.0, 0.0][p] * (1 + s))
    table = robustness(x).set_index("posture")
    assert table.loc["fierce", "best"] == pytest.approx(7 / 8)
    assert table.loc["fierce", "best_pure"] == 1.0
    assert table.loc["fierce", "regret"] == pytest.approx((30.0 + 60.0) / 16)
    assert table.loc["fierce", "worst_regret"] == pytest.approx(60.0)
    assert table.loc["fierce", ["worst_seat", "worst_field"]].tolist() == ["meta", "field_4"]
    assert table.loc["mild", "regret"] == pytest.approx(10.0 * 7 / 8)
    assert table.index[0] == "fierce"
    assert table.loc["fierce", "worst_ahead"] == pytest.approx(-15.0)


def test_customers_are_told_in_a_seat_and_where_all_do_the_same():
    x = made_up(lambda f, s, p: [5.0, 0.0, 1.0][p] + 100.0 * f)
    table = customers(x).set_index("posture")
    assert table["surplus"].to_dict() == pytest.approx(
        {"mild": 3.0, "middle": -2.0, "fierce": -1.0}
    )
    every = table["all_surplus"] - table["all_surplus"].mean()
    assert table["all_ahead"].to_dict() == pytest.approx(every.to_dict())


def test_nobody_invades_himself_and_columns_are_compared_run_by_run():
    matrix = np.arange(9.0).reshape(3, 3) ** 2
    x = made_up(lambda f, s, p: matrix[p, f] + 10.0 * s if f < 3 else 0.0)
    mean, low, high = invasions(x)
    assert mean == pytest.approx(matrix - np.diag(matrix), abs=1e-9)
    assert np.abs(high - low).max() < 1e-9
    table = pairwise(x)
    assert len(table) == 9 * 3
    one = table.query("seat == 'meta' and posture == 'mild' and rivals == 'fierce'").iloc[0]
    assert one["ahead"] == pytest.approx(matrix[0, 2] - matrix[2, 2])


def test_intervals_over_fields_hold_the_mean_as_often_as_they_say():
    draws = np.random.default_rng(1).gamma(4.0, size=(24, 4000))
    _, low, high = over_fields(draws)
    assert 0.93 < np.mean((low < 4.0) & (high > 4.0)) < 0.96


def linear(noise=0.0):
    """Payoffs that are linear in the rivals' shares, and the matrix behind them."""
    rng = np.random.default_rng(2)
    fields, seats = 40, 2
    matrix = rng.normal(size=(3, 3)) * 10.0
    mixed = rng.dirichlet(np.ones(3), (fields, seats))
    pure = np.broadcast_to(np.eye(3)[:, None], (3, seats, 3))
    rivals = np.concatenate([pure, mixed])
    off = noise * rng.normal(size=(3 + fields, seats, 3))
    x = made_up(lambda f, s, p: matrix[p] @ rivals[f, s] + off[f, s, p], rivals, fields=fields)
    return x, matrix


def test_where_payoffs_are_linear_both_ways_tell_them_all():
    x, matrix = linear()
    for each in fitness(x, 5, np.random.default_rng(0)):
        assert each.r_squared > 0.999 and each.best > 0.9, each.kind
        told, true = (one - one.mean(axis=0) for one in (each.matrix, matrix))
        assert told == pytest.approx(true, abs=0.5), each.kind


def test_where_pure_fields_are_another_world_mixed_ones_tell_more():
    x = made_up(lambda f, s, p: [0.0, 50.0, 0.0][p] if f < 3 else [3.0, 2.0, 1.0][p])
    best, other = fitness(x, 5, np.random.default_rng(0))
    assert (best.kind, other.kind) == (FIELDS, PAIRWISE)
    assert best.r_squared == pytest.approx(1.0) and other.r_squared < 0.0


def test_a_line_that_is_held_flat_tells_the_mean_over_fields():
    rng = np.random.default_rng(0)
    shares, ahead = rng.dirichlet(np.ones(3), 9), rng.normal(size=(9, 3))
    assert fitted(shares, ahead, 1e9) @ shares.mean(axis=0) == pytest.approx(ahead.mean(axis=0))
    flat = fitted(shares, ahead, 1e9)
    assert np.abs(flat - flat.mean(axis=1, keepdims=True)).max() < 1e-6


def test_postures_that_do_the_same_are_told_once():
    x = made_up(lambda f, s, p: [1.0, 1.0, 2.0][p] + (7.0 if f in (0, 1) else 0.0))
    found = _without_twins(x)
    assert found.postures == ("mild", "fierce") and found.twins == {"middle": "mild"}
    assert found.payoff.shape == (1, 2 + 5, 2, 2, 4)
    assert found.rivals[-1, 0] == pytest.approx([2 / 3, 1 / 3])


def test_what_survives_is_what_the_payoffs_say():
    # mild and fierce each do better where they are common: basins meet at a half.
    matrix = np.array([[4.0, 0.0, 0.0], [-9.0, -9.0, -9.0], [0.0, 0.0, 4.0]])
    shares = np.concatenate([np.eye(3), np.random.default_rng(0).dirichlet(np.ones(3), 30)])
    rivals = np.repeat(shares[:, None], 2, axis=1)
    x = made_up(lambda f, s, p: matrix[p] @ rivals[f, s], rivals, fields=30)
    few = Population(starts=200, size=10, generations=2)
    for each in survival(x, few, 0):
        basins = each.basins.set_index("rests_on")["share"]
        assert set(basins.index) == {"mild", "fierce"}
        assert basins["mild"] == pytest.approx(0.5, abs=0.1)
        left = each.survives.set_index("posture")
        assert left.loc["middle", ["replicator", "rare"]].max() < 1e-3
        assert left["rare"].sum() == pytest.approx(1.0)


def told(x, fields=5):
    """The answer to a tournament with these payoffs."""
    few = Population(starts=20, size=5, generations=2)
    tournament = asked(postures=["restrain", "match", "escalate"], fields=fields, population=few)
    left = survival(x, few, 0)
    found = Found(tournament, x, ranking(x), robustness(x), customers(x), pairwise(x), left)
    return " ".join(answer(found))


def test_the_answer_says_whether_one_posture_wins_for_both(monkeypatch):
    monkeypatch.setattr("agentsim.tournament.survival.RESAMPLES", 5)
    x = made_up(lambda f, s, p: [1.0, 6.0, 2.0][p] + f)
    said = told(x)
    assert said.startswith(
        "By value, middle wins: a firm that follows it is worth $3.00bn [3.00, 3.00]"
    )
    assert "the same, middle." in said
    assert "middle (100% [100, 100]) is left of a large population, from all starting mixes" in said
    said = told(replace(x, customers=x.customers + np.array([9.0, 0.0, 0.0])[:, None]))
    assert "not the same: middle is second of 3 for customers, mild third by value." in said


def test_a_lead_that_luck_may_have_made_is_not_called_a_win(monkeypatch):
    monkeypatch.setattr("agentsim.tournament.survival.RESAMPLES", 5)
    x = made_up(lambda f, s, p: [1.0, 0.0, 0.0][p] * (-1.0 if f % 2 else 1.5))
    assert "By value, mild is first, though not surely: a firm" in told(x)


def test_so_few_fields_are_said_to_tell_nothing(monkeypatch):
    monkeypatch.setattr("agentsim.tournament.survival.RESAMPLES", 5)
    said = told(made_up(lambda f, s, p: [1.0, 6.0, 2.0][p] + f, seats=1, fields=2), fields=2)
    assert "By value, middle is first, but 2 fields are too few to be sure: a firm" in said
    assert "over 1 seat and 2 fields" in said and "of the time. Second" not in said


def test_dynamics_that_tell_less_than_the_mean_are_not_to_be_believed(monkeypatch):
    monkeypatch.setattr("agentsim.tournament.survival.RESAMPLES", 5)
    pure = made_up(lambda f, s, p: [0.0, 50.0, 0.0][p] if f < 3 else [3.0, 2.0, 1.0][p])
    assert "told by payoffs against rivals who all do the same cannot be believed" in told(pure)
    noise = np.random.default_rng(0).normal(size=(8, 2, 3))
    said = told(made_up(lambda f, s, p: noise[f, s, p]))
    assert "neither the dynamics nor what is said to survive can be believed here" in said
    assert "believed here" not in told(linear()[0], fields=40)


# The command


def held(file, out, *more):
    return ["-m", "agentsim.cli", "tournament", file, "--out", out, "--engine", "here", *more]


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted((folder / "tournament").iterdir())}


def test_a_tournament_is_held_and_goes_on_where_it_was_killed(tmp_path):
    file, whole, stopped = tmp_path / "tiny.toml", tmp_path / "whole", tmp_path / "stopped"
    file.write_text(TINY)
    code, said, complaint = ran(held(file, whole), tmp_path)
    assert code == 0, complaint
    for words in (
        "By value",
        "For customers",
        "3 fields are too few to be sure",
        "left of a large population",
        "R squared",
        "Tables:",
        "Pictures:",
    ):
        assert words in said
    assert all(len(line) <= 120 for line in said.splitlines() if not line.startswith("Pictures"))
    assert {each.name for each in (whole / "figures").iterdir()} == {
        "ranking.png", "who_beats_whom.png", "survival.png",
    }  # fmt: skip

    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(f"before\n{START}\nstale\n{END}\nafter\n")
    assert tournament_text.main([str(each) for each in (whole, file, page)]) == 0
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "stale" not in text
    assert "| `escalate` | " in text
    for picture in re.findall(r"\]\(\.\./(.*?)\)", text):
        assert (tmp_path / picture).exists()

    script = tmp_path / "script.py"
    script.write_text(KILLED.format(module="parts", function="write", call=4))
    code, _, complaint = ran([script, *held(file, stopped)[2:]], tmp_path)
    assert code == -signal.SIGKILL, complaint
    code, _, complaint = ran(held(file, stopped, "--no-figures"), tmp_path)
    assert code == 0, complaint
    assert contents(stopped) == contents(whole)
    assert len(contents(whole)) == 9
    ranked = pd.read_csv(whole / "tournament" / "ranking.csv")
    assert set(ranked["posture"]) == {"restrain", "best_response", "escalate"}
    assert ranked["ahead"].sum() == pytest.approx(0.0, abs=1e-6)


def test_a_mistake_is_one_line(tmp_path, capsys):
    file, out = tmp_path / "bad.toml", tmp_path / "out"
    file.write_text(TINY.replace("fields", "feilds"))
    assert main([str(each) for each in held(file, out)[2:]]) == 2
    assert capsys.readouterr() == (
        "",
        f"error: {file}: key 'feilds' is not known; nearest: fields; take it out or rename it\n",
    )
    file.write_text(TINY)
    assert main([str(each) for each in held(file, out, "--by", "capex")[2:]]) == 2
    complaint = capsys.readouterr().err
    assert "--by 'capex' is not known" in complaint and "outcomes" in complaint
    assert complaint.count("\n") == 1 and not out.exists()
