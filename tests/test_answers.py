"""The words of the report follow from signs and intervals: sentences, notes, verdicts."""

import re

import numpy as np
import pandas as pd
import pytest
from made_results import ends, made, moved, shocked

import agentsim.report as report
from agentsim.batch.intervals import Interval
from agentsim.report import answers, certainty, measures, robustness
from agentsim.report.claims import Claim, home
from agentsim.report.spread import spread
from agentsim.report.study import BURNT, LAYERS, TOTAL, Study
from agentsim.report.variants import section


def notes(given) -> dict[str, str]:
    return {note.title: note.text for note in answers.answer(given).notes}


# The first sentence


@pytest.mark.parametrize(
    ("customers", "others", "verdict"),
    [
        ((10, 20), (10, 10), (1, 1)),
        ((10, 20), (10, 20), (1, 0)),
        ((10, 20), (10, 40), (1, -1)),
        ((10, 10), (10, 5), (0, 1)),
        ((10, 10), (10, 10), (0, 0)),
        ((10, 10), (10, 20), (0, -1)),
        ((20, 10), (20, 5), (-1, 1)),
        ((20, 10), (20, 10), (-1, 0)),
        ((20, 10), (20, 30), (-1, -1)),
    ],
)
def test_verdict_of_every_sign(customers, others, verdict) -> None:
    first, second, _ = answers.answer(moved(customers, others)).sentences
    assert first.startswith(answers.VERDICTS[verdict] + ":")
    assert ("does not clearly change their surplus" in first) == (verdict[0] == 0)
    assert ("does not clearly move customers' share" in first) == (verdict[1] == 0)
    assert first.count("raises") + first.count("lowers") == len(set(verdict) - {0})
    assert " but " in first or verdict[0] == verdict[1]
    direction = np.sign(others[1] - others[0])
    verb = {1: "gain by it", -1: "lose by it", 0: "neither clearly gain nor lose by it"}
    assert second.startswith(f"Hyperscalers {verb[direction]}")


def test_no_amount_has_two_signs_and_no_sentence_more_than_two_intervals() -> None:
    for given in (moved((20, 10), (20, 5)), moved((10, 20), (10, -20)), shocked(7.0, 9.0)):
        for sentence in answers.answer(given).sentences:
            assert sentence.count("[") <= 2
            assert not re.search(r"(by|gain|lose|adds|takes) [+−]", sentence)


def three_postures(middle: float):
    before, after = ends((10, 20), (10, 10))
    between = {"customer_surplus": middle, "hyperscaler_value": 10.0}
    return made({("restrain", 1): before, ("best_response", 1): between, ("escalate", 1): after})


@pytest.mark.parametrize(
    ("middle", "said"),
    [
        (15.0, "from best response it still adds 6.7 points and $5.00bn"),
        (25.0, "but from best response it takes 4.8 points and $5.00bn"),
        (20.0, "from best response it does not clearly move customers' share"),
    ],
)
def test_the_move_from_the_middle_posture(middle: float, said: str) -> None:
    assert said in answers.answer(three_postures(middle)).sentences[0]


def test_without_a_middle_posture_nothing_is_said_of_it() -> None:
    first = answers.answer(moved((10, 20), (10, 10))).sentences[0]
    assert "a far end of the scale" in first and first.endswith("in present value.")


def test_customers_sign_that_the_run_off_alone_brings_about() -> None:
    given = moved((10, 20), (10, 10), customer_surplus_to_horizon=(10, 5))
    first = answers.answer(given).sentences[0]
    assert first.startswith("Yes:")
    assert "to the horizon alone, without the run-off, it lowers customers' share" in first


# The second sentence


@pytest.mark.parametrize(
    ("value", "said"),
    [(-5.0, "lose $15.0bn and end at −$5.00bn ["), (5.0, "lose $5.00bn and still make $5.00bn [")],
)
def test_hyperscalers_that_lose(value: float, said: str) -> None:
    second = answers.answer(moved((10, 20), (10, value))).sentences[1]
    assert second.startswith("Hyperscalers lose by it either way: ") and said in second
    assert "however" not in second


def test_hyperscalers_left_with_nothing_to_speak_of() -> None:
    second = answers.answer(moved((10, 20), (10, 0))).sentences[1]
    assert "do not clearly make or lose money, at $0m [" in second


def test_hyperscalers_whose_signs_hang_on_the_run_off() -> None:
    given = moved((10, 20), (10, 15), hyperscaler_value_to_horizon=(5, -2))
    second = answers.answer(given).sentences[1]
    assert second.startswith("Whether hyperscalers gain by it hangs on the run-off: counting")
    assert "they gain $5.00bn and make $15.0bn [" in second
    assert "to the horizon, however, they lose $7.00bn and end at −$2.00bn [" in second


def test_other_layers_are_grouped_by_sign() -> None:
    given = moved(
        (10, 20),
        (10, 10),
        chip_vendor_value=(1, 3),
        memory_maker_value=(3, 1),
        lender_value=(1, 2),
        lender_value_to_horizon=(1, 0.5),
        resource_cost=(5, 2),
    )
    second = answers.answer(given).sentences[1]
    assert "chip vendors gain either way, memory makers lose either way, " in second
    assert "lenders gain counting the run-off but lose to the horizon" in second
    assert "real resources burnt fall by $3.00bn" in second
    assert (
        "lenders lose $0.50bn, where counting the run-off they gain $1.00bn"
        in notes(given)["Run-off"]
    )


# The third sentence


def test_gain_of_a_shock_is_shared_without_a_cap() -> None:
    given = shocked(22.0, 6.0)
    third = answers.answer(given).sentences[2]
    assert "efficiency shock of ×10, total surplus when all escalate rises by $8.00bn [" in third
    assert "of which customers get 150% [" in third and "more than all of it" in third
    share = measures.share_of_gain(Study(given), ("escalate", 10.0, None))
    assert share.value == pytest.approx(1.5) and share.low < 1.5 < share.high


def test_loss_by_a_shock_is_borne() -> None:
    third = answers.answer(shocked(7.0, 9.0)).sentences[2]
    assert "falls by $4.00bn [" in third and "customers bear 75% [" in third
    assert third.endswith("escalation then lowers customers' surplus by $3.00bn.")


def test_no_share_of_a_gain_that_is_none() -> None:
    third = answers.answer(shocked(14.0, 6.0)).sentences[2]
    assert "does not clearly change (" in third and "of which" not in third


def test_the_middle_strike_stands_for_all_and_others_unlike_it_are_named() -> None:
    base = {"customer_surplus": 10.0, "hyperscaler_value": 10.0}
    sizes = {1: 10.0, 3: 12.0, 10: 15.0, 45: 8.0}
    cells = {("restrain", size): base for size in sizes}
    cells |= {("escalate", size): base | {"customer_surplus": x} for size, x in sizes.items()}
    third = answers.answer(made(cells)).sentences[2]
    assert "of ×10, " in third and "rises by $5.00bn" in third
    assert "moves another way at ×45" in third


# Failed runs


def test_failed_runs_are_left_out_and_said() -> None:
    given = moved((10, 20), (10, 10))
    numbers = [*LAYERS, BURNT, TOTAL, "customer_share"]
    numbers += [f"{name}_to_horizon" for name in numbers]
    lost = (given.table["run"] == 3) & (given.table["lineup.hyperscaler"] == "escalate")
    given.table.loc[lost, numbers] = np.nan
    given.table.loc[lost, "status"] = "failed in quarter 2: made up"
    assert "nan" not in " ".join(answers.answer(given).sentences)
    assert "1 of 80 runs failed" in report.headline(given)
    given.table.loc[:, numbers] = np.nan
    assert "came through" in answers.answer(given).sentences[0]
    assert "nan" not in report.headline(given)


# Draws: spread, ties, means that few draws rule


def test_spread_tells_the_mean_from_the_draws() -> None:
    x = np.concatenate([np.full(180, 1.0), np.zeros(10), np.full(10, -400.0)])
    found = spread(x)
    assert found.mean.value == pytest.approx(x.mean()) and found.median == 1.0
    assert (found.above, found.below, found.unchanged) == (0.9, 0.05, 0.05)
    assert found.low == pytest.approx(np.quantile(x, 0.05)) and found.high == 1.0
    assert found.apart  # a negative mean, and a positive median
    assert np.isnan(spread(np.full(3, np.nan)).median)


@pytest.mark.parametrize(
    ("mean", "low", "high", "median", "apart"),
    [
        (10.0, 9.0, 11.0, 6.0, False),
        (10.0, 9.0, 11.0, 4.9, True),
        (10.0, 9.0, 11.0, 21.0, True),
        (10.0, 9.0, 11.0, -1.0, True),
        (1.0, -5.0, 7.0, -1.0, False),  # within the interval
        (5.0, np.nan, np.nan, -1.0, False),  # one draw
    ],
)
def test_mean_and_median_apart(mean, low, high, median, apart) -> None:
    found = spread(np.full(5, median), Interval(mean, low, high, 5))
    assert found.apart == apart


def test_means_that_few_draws_rule_are_named() -> None:
    given = moved((10, 20), (10, 10), lender_value=(1, 2))
    rows = (given.table["lineup.hyperscaler"] == "escalate") & (given.table["run"] < 4)
    given.table.loc[rows, "lender_value"] += 100.0
    said = notes(given)["Brackets"]
    assert "lenders' gain with the run-off has mean $11.0bn and median $" in said
    assert "hyperscalers' final value" not in said


def test_a_final_value_that_few_draws_rule_keeps_its_sign() -> None:
    given = moved((10, 20), (10, -100))
    rows = (given.table["lineup.hyperscaler"] == "escalate") & (given.table["run"] < 4)
    given.table.loc[rows, "hyperscaler_value"] += 700.0  # the mean is -30
    said = notes(given)["Brackets"]
    assert "hyperscalers' loss with the run-off has mean $40.0bn and median $110bn" in said
    assert "final value with the run-off has mean −$30.0bn and median −$100.0bn" in said


def test_what_comes_from_the_run_off_is_what_the_horizon_does_not_have() -> None:
    given = moved((10, 20), (10, 10), customer_surplus_to_horizon=(8, 15))
    assert notes(given)["Run-off"].startswith("25% of customers' surplus when all escalate comes")


def test_ties_are_counted_as_unchanged() -> None:
    given = moved((10, 20), (10, 10))
    is_fierce = given.table["lineup.hyperscaler"] == "escalate"
    for name in ("lender_value", "lender_value_to_horizon"):
        values = np.where(given.table["run"] < 10, 5.0, 5.0 + given.table["run"] * is_fierce)
        given.table[name] = values
    columns, rows = certainty.signs(given)
    assert columns == [(1.0, False), (1.0, True)]
    found = dict(rows)["lenders gain by escalation"]
    assert [each.share for each in found] == [0.75, 0.75]
    assert [each.unchanged for each in found] == [0.25, 0.25]


def test_postures_that_do_not_look_at_revenue_are_said_to_be_so() -> None:
    assert "not its sign" in notes(moved((10, 20), (10, 10)))["Postures"]
    assert "Postures" not in notes(moved((10, 20), (10, 40)))  # the share falls


# Robustness


def varied(**variants: tuple[tuple[float, float], tuple[float, float]]):
    """Results with variants in which customers and hyperscalers move like this."""

    def cells(customers, others):
        before, after = ends(customers, others)
        return {("restrain", 1): before, ("escalate", 1): after}

    return made(
        cells((10, 20), (10, 5)), variants={name: cells(*each) for name, each in variants.items()}
    )


def test_a_sign_that_turns_under_a_variant_is_said_in_the_answer() -> None:
    given = varied(tight=((10, 20), (10, 15)), dull=((10, 20), (10, 10)), same=((10, 20), (10, 5)))
    said = notes(given)["Robustness"]
    assert "Customers' gain and the rise of customers' share hold at each of the other" in said
    assert (
        "Hyperscalers' loss with the run-off or without turns into a gain under “tight”, and is open "
        "under “dull”." in said
    )
    every, losses = robustness.verdict(Study(given), 1.0)
    assert "customers' gain with the run-off or without" in every
    assert losses[0].startswith(
        "Hyperscalers' loss with the run-off or without turns into a gain under “tight” "
        "(+$5.00bn, 100% of draws gain); it is open under “dull” ("
    )
    page = "".join(section(Study(given)))
    assert "most new shells that can be ordered in a quarter 0.5 GW/quarter instead of 8" in page


def test_signs_that_hold_everywhere_are_said_to_hold() -> None:
    said = notes(varied(same=((10, 20), (10, 5))))["Robustness"]
    assert said.startswith("Each sign above that is told from zero holds")
    every, losses = robustness.verdict(Study(varied(same=((10, 20), (10, 5)))), 1.0)
    assert losses == [] and "hyperscalers' loss with the run-off or without" in every


def test_customers_whose_gain_does_not_hold() -> None:
    said = notes(varied(odd=((20, 10), (10, 40))))["Robustness"]
    assert said.startswith("Not every sign holds at each of the other variants.")
    assert "Customers' gain with the run-off or without turns into a loss under “odd”." in said
    assert "The rise of customers' share turns into a fall under “odd”." in said


def test_claims_are_differences_by_draw() -> None:
    study = Study(moved((10, 20), (10, 5)))
    place = home(study)
    lost = Claim("hyperscaler_value")
    assert lost.sign(study, place) == -1 and lost.statement(study, -1).startswith(
        "hyperscalers lose"
    )
    assert lost.interval(study, place).value == pytest.approx(-5.0)
    assert lost.twin.interval(study, place).value == pytest.approx(-2.5)
    share = Claim("customer_share").interval(study, place)
    assert share.value == pytest.approx(20 / 25 - 10 / 20)
    assert lost.matters(study)
    given = moved((10, 20), (10, 5))
    given.table["lender_value_to_horizon"] = given.table["lender_value"]
    assert not Claim("lender_value").matters(Study(given))


# What chance does to correlations


def test_bound_of_the_largest_correlation_with_chance() -> None:
    rng = np.random.default_rng(5)
    given = moved((10, 20), (10, 5))
    given.draws = pd.DataFrame(
        {"run": np.arange(200)} | {f"x{i}": rng.random(200) for i in range(149)}
    )
    bound = measures.null_bound(Study(given))
    ranks = given.draws.drop(columns="run").rank()
    largest = [ranks.corrwith(pd.Series(rng.random(200)).rank()).abs().max() for _ in range(200)]
    assert bound == pytest.approx(np.quantile(largest, 0.95), abs=0.02)
    assert 0.22 < bound < 0.28
    given.draws = given.draws[["run", "x0"]]
    assert measures.null_bound(Study(given)) == pytest.approx(1.96 / np.sqrt(199), abs=0.02)
