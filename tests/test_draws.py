"""Draws from the marked ranges: stratified, repeatable, and fit to be used."""

from typing import Any

import numpy as np
import pytest

from agentsim.calibration.draws import stratified
from agentsim.errors import AgentsimError
from agentsim.market import Market
from agentsim.scenario import Scenario

BASE = Scenario.load("2025Q4")
NOT_WHOLE = {label for label, marked in BASE.ranges.items() if not marked.whole}


def test_same_entropy_same_draw() -> None:
    first, again, other = BASE.draw(50, 7), BASE.draw(50, 7), BASE.draw(50, 8)
    assert first.keys() == again.keys() == other.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first if name in NOT_WHOLE)


def test_a_name_s_draw_does_not_depend_on_the_others() -> None:
    everything = BASE.draw(20, [1, 2])
    alone = BASE.draw(20, [1, 2], names=["oracle.debt", "substitution"])
    assert set(alone) == {"oracle.debt", "substitution"}
    assert all(np.array_equal(alone[name], everything[name]) for name in alone)


def test_each_part_of_a_range_is_met_once() -> None:
    drawn = BASE.draw(40, 3)
    for label in sorted(NOT_WHOLE - {"saturated_elasticity"}):
        marked = BASE.ranges[label]
        assert marked.low <= drawn[label].min() and drawn[label].max() <= marked.high, label
        if marked.logarithmic:
            place = np.log(drawn[label] / marked.low) / np.log(marked.high / marked.low)
        else:
            place = (drawn[label] - marked.low) / (marked.high - marked.low)
        parts = np.floor(place * 40.0 * (1.0 - 1e-12))
        assert sorted(parts) == list(range(40)), label


def test_wide_ranges_are_drawn_in_equal_ratios() -> None:
    wide = {label for label, marked in BASE.ranges.items() if marked.logarithmic}
    assert {"addressable_spending", "choke_price_ratio", "substitution"} <= wide
    assert not wide & {"economic_life", "demand_elasticity", "new_uses", "service_revenue"}
    drawn = BASE.draw(1000, 1, ["choke_price_ratio"])["choke_price_ratio"]
    assert np.median(drawn) == pytest.approx((8.0 * 100.0) ** 0.5, rel=0.01)


def test_whole_numbers_are_drawn_whole_and_evenly() -> None:
    drawn = BASE.draw(300, 5, ["shell_quarters"])["shell_quarters"]
    assert sorted(set(drawn)) == [4.0, 5.0, 6.0, 7.0, 8.0]
    assert all(np.sum(drawn == number) == 60 for number in range(4, 9))


def test_parts_are_met_in_an_order_of_their_own() -> None:
    first, second = stratified(1000, 1, "a"), stratified(1000, 1, "b")
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_a_draw_can_be_used() -> None:
    drawn = BASE.draw(500, 11)
    used = BASE.replace(drawn)
    used.check_runs(500)
    assert not used.ranges
    assert isinstance(used["alphabet.training_share"], np.ndarray)
    assert np.array_equal(used["alphabet.training_share"], used["oracle.training_share"])


def test_saturated_demand_stays_less_elastic() -> None:
    wide = BASE.replace(demand_elasticity=[0.61, 1.3])
    drawn = wide.draw(200, 2)["saturated_elasticity"]
    assert drawn.min() >= 0.3 and drawn.max() < 0.61
    steep = BASE.replace(saturated_elasticity=0.9).draw(200, 2, ["demand_elasticity"])
    assert steep["demand_elasticity"].min() > 0.9
    both = BASE.draw(2000, 4, ["saturated_elasticity", "demand_elasticity"])
    assert np.all(both["saturated_elasticity"] < np.minimum(both["demand_elasticity"], 1.0))


def test_what_was_set_is_no_longer_drawn() -> None:
    changed = BASE.replace({"economic_life": 3, "oracle.training_share": 0.5})
    drawn = changed.draw(10, 1)
    assert "economic_life" not in drawn
    assert "hyperscaler.training_share" not in drawn and "oracle.training_share" not in drawn
    others = [drawn[f"{firm}.training_share"] for firm in ("microsoft", "alphabet", "coreweave")]
    assert all(np.array_equal(each, others[0]) for each in others)
    assert np.array_equal(others[0], BASE.draw(10, 1)["hyperscaler.training_share"])


def test_what_is_derived_follows_what_is_drawn() -> None:
    drawn = BASE.draw(300, 9)
    used = BASE.with_draws(drawn)
    unit_cost = used["nvidia.making_cost"] + used["nvidia.memory_content"] * used["memory_price"]
    margin = 1.0 - unit_cost / used["nvidia.price"]
    np.testing.assert_allclose(margin, 0.734, atol=0.001)  # [nvda.gm.FY26Q3], whatever is drawn
    np.testing.assert_allclose(used["oracle.old_debt"] + used["oracle.debt"], 101.25, rtol=1e-6)
    delivered = used["alphabet.custom_fleet"] + used["alphabet.custom_on_order"]
    np.testing.assert_allclose(
        delivered / used["alphabet.custom_fleet"], 3.8132 / 2.0291, rtol=1e-3
    )
    assert np.all(used["broadcom.making_cost"] >= 0.3)


def test_reported_capex_stays_what_was_reported_in_every_draw() -> None:
    """Up to the shells of the first quarter, whose range is its own, and to what cannot be less."""
    runs = 300
    market = Market(BASE.with_draws(BASE.draw(runs, 9)), runs=runs, record="firms", horizon=1)
    opening = market.series("hyperscaler").query("quarter == 0").set_index(["firm", "run"])
    chips = opening["merchant_spend"] + opening["custom_spend"] + opening["system_spend"]
    outside = opening["other_capex"]
    total = (chips + outside)[outside > 0.0].groupby("firm")
    for firm, reported in (("microsoft", 37.5), ("amazon", 39.52), ("meta", 22.1)):
        spread = total.get_group(firm)
        assert spread.std() < 0.2 * reported, firm
        assert spread.max() <= 1.1 * reported, firm
    alone = BASE.draw(runs, 9, ["system_cost", "nvidia.price"])
    market = Market(BASE.with_draws(alone), runs=runs, record="firms", horizon=1)
    opening = market.series("hyperscaler").query("quarter == 0 and firm == 'microsoft'")
    whole = opening["capex"] + opening["other_capex"]
    np.testing.assert_allclose(whole, whole.mean(), rtol=0.02)


def test_what_was_set_by_hand_follows_nothing() -> None:
    drawn = BASE.draw(10, 1)
    assert "nvidia.making_cost" in BASE.following(drawn)
    changed = BASE.replace({"nvidia.making_cost": 3.0})
    assert "nvidia.making_cost" not in changed.following(drawn)


@pytest.mark.parametrize(
    ("count", "entropy", "names", "expected"),
    [
        (0, 1, None, "count 0 is not a whole number from 1 up"),
        (2.5, 1, None, "count 2.5 is not"),
        (True, 1, None, "count True is not"),
        (5, -1, None, "entropy -1 is not a whole number from 0 up"),
        (5, None, None, "entropy None is not"),
        (5, 0.5, None, "entropy 0.5 is not"),
        (5, "x", None, "entropy 'x' is not"),
        (5, 1, ["economic_live"], "nearest: economic_life"),
        (5, 1, ["delivery_quarters"], "marked range 'delivery_quarters' is not known"),
    ],
)
def test_bad_draws_are_refused(count: Any, entropy: Any, names: Any, expected: str) -> None:
    with pytest.raises(AgentsimError) as caught:
        BASE.draw(count, entropy, names)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
