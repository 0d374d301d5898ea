"""Regularities: figures of tables whose answers are known."""

import numpy as np
import pytest
from histories import evidence, tables

from agentsim.backtest import regularities as r
from agentsim.backtest.history import history
from agentsim.backtest.measures import FOUR
from agentsim.backtest.roles import RULE
from agentsim.backtest.verdicts import NOT, PARTLY, REPRODUCED, judged, rules

FACTS = {each.key: each.value for each in history()}
QUARTERS = [f"{year}Q{quarter}" for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)]
FIVE = r.FIVE
FIRMS = (*FOUR, "oracle", "coreweave")


def all_of(figures):
    """Figures of runs that are all alike, one number each."""
    found = {}
    for name, x in figures.items():
        assert len(x) == 3 and np.ptp(x) == pytest.approx(0.0, abs=1e-12), name
        found[name] = x.iloc[0]
    return found


def told(series, firm):
    """Facts of every quarter; where there is none, that of the quarter before."""
    found = [np.nan]
    for quarter in QUARTERS:
        found.append(FACTS.get((series, firm, quarter), found[-1]))
    return np.array(found[1:])


def as_it_happened():
    """A market that did what the facts by quarter say."""
    price, margin = told("price_per_h100e", "nvidia"), told("gross_margin", "nvidia")
    leader, world = (told("cumulative_compute", who) for who in ("nvidia", "world"))
    nothing = dict.fromkeys(FIRMS, 0.0)
    return tables(
        stood={"nvidia": leader[0], "world": world[0]},
        hyperscaler={
            "capex": {firm: told("company_capex", firm) for firm in FOUR},
            "other_capex": nothing,
        },
        chip_vendor={
            "price": {"nvidia": price, "broadcom": 0.29479 * price},
            "unit_cost": {"nvidia": price * (1.0 - margin), "broadcom": price},
            "revenue": {"nvidia": told("data_center_revenue", "nvidia"), "broadcom": 0.0},
            "other_revenue": {"nvidia": 0.0, "broadcom": 0.0},
            "sales": {
                "nvidia": np.diff(leader, prepend=0.0),
                "broadcom": np.diff(world - leader, prepend=0.0),
            },
            "other_sales": {"nvidia": 0.0, "broadcom": 0.0},
        },
        market={"memory_margin": told("memory_margin", "micron"), "gpu_rent": 1.0},
    )


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_market_that_did_what_happened_is_found_to_reproduce_it(number):
    title, figures = r.REGULARITIES[number]
    own = [each for each in rules() if each.number == number]
    found = all_of(figures(evidence(as_it_happened())))
    for each in own:
        assert found[each.figure] == pytest.approx(each.value, rel=1e-3, abs=1e-3), each.figure
    table = judged(own, lambda _: title, lambda _: figures(evidence(as_it_happened())))
    ruled = (table["role"] == RULE).any()  # the market was told to, which is no reproduction
    assert ruled == (number == 3)
    assert (table["verdict"] == (PARTLY if ruled else REPRODUCED)).all()


def test_a_market_that_stands_still_reproduces_nothing_of_the_boom():
    still = tables(
        hyperscaler={"capex": dict.fromkeys(FIRMS, 5.0), "other_capex": dict.fromkeys(FIRMS, 5.0)},
        chip_vendor={
            "revenue": {"nvidia": 1.0}, "other_revenue": {"nvidia": 1.0},
            "price": {"nvidia": 1.0}, "unit_cost": {"nvidia": 0.9},
        },
    )  # fmt: skip
    verdicts = {}
    for number in (1, 2, 3):
        own = [each for each in rules() if each.number == number]
        found = judged(own, str, lambda number: r.REGULARITIES[number][1](evidence(still)))
        verdicts[number] = found["verdict"].iloc[0]
    assert verdicts == {1: PARTLY, 2: PARTLY, 3: NOT}
    growth = all_of(r.capex_grows_unevenly(evidence(still)))
    assert growth == pytest.approx({"flat_start": 0.0, "mean_growth": 0.0, "unevenness": 0.0})
    part = all_of(r.leader_takes_a_part_of_capex(evidence(still)))
    assert part["level_after"] == pytest.approx(2.0 / 40.0) and part["rise_in_2023"] == 1.0


def test_growth_before_the_boom_does_not_count_as_unevenness():
    path = 10.0 * 1.1 ** np.arange(12) * np.array([0.1] + [1.0] * 11)  # elevenfold at once
    t = tables(
        hyperscaler={"capex": dict.fromkeys(FOUR, path), "other_capex": dict.fromkeys(FOUR, 0.0)}
    )
    found = all_of(r.capex_grows_unevenly(evidence(t)))
    assert found == pytest.approx(
        {"flat_start": 10.0, "mean_growth": 0.1, "unevenness": 0.0}, abs=1e-9
    )


def test_memory_is_measured_against_logic_and_in_what_chips_are_made_of():
    margin = np.linspace(-0.3, 0.58, 12)
    t = tables(
        market={"memory_margin": margin},
        chip_vendor={
            "price": {"nvidia": 10.0, "amd": 1.0},
            "unit_cost": {"nvidia": np.where(np.arange(12) == 3, 4.0, 2.0), "amd": 1.0},
            "memory_spend": {"nvidia": np.arange(12.0), "amd": 1.0},
            "making": {"nvidia": 4.0, "amd": 1.0},
        },
    )
    found = all_of(r.memory_swings_most(evidence(t)))
    assert found["swing_of_memory_margin"] == pytest.approx(0.88)
    assert found["swing_over_that_of_logic"] == pytest.approx(0.88 / 0.2)
    assert found["memory_in_component_cost"] == pytest.approx(12.0 / 17.0)
    assert found["rise_of_memory_in_cost"] == pytest.approx(12.0 / 17.0 - 5.0 / 10.0)


def test_growth_and_falls_are_by_the_year():
    happened = all_of(r.compute_grows_and_gets_cheaper(evidence(as_it_happened())))
    by = {each.figure: each.value for each in rules() if each.number == 6}
    for name in ("compute_growth", "price_fall"):
        assert happened[name] == pytest.approx(by[name], rel=1e-3)
    t = as_it_happened()
    t.market["gpu_rent"] = np.tile([2.0, 8.0, 4.0, 4.0, *[3.0] * 4, 1.0, 2.0, 3.0, 2.0], 3)
    assert all_of(r.compute_grows_and_gets_cheaper(evidence(t)))["rent_fall"] == 0.75


def test_bottlenecks_are_told_apart_by_their_dates():
    foundry = np.array([0.5, 0.5, 1.2, 1.4, *[1.0] * 7, 0.8])
    idle = np.array([0.02] * 4 + [0.5] * 4 + [0.1] * 4)
    market = {"foundry_tightness": foundry, "memory_tightness": 1.2, "idle_share": idle}
    found = all_of(r.the_bottleneck_moves(evidence(tables(market=market))))
    assert found == pytest.approx(
        {
            "foundry_tightness_2023": 1.3,
            "foundry_tightness_2023_over_2025": 1.3 / 0.95,
            "idle_share_rise": 0.08,
            "memory_over_foundry_2025": 1.5,
        }
    )


def test_a_shock_is_the_same_market_with_over_without_it():
    def market(price, capex):
        return tables(
            market={"service_price": price},
            hyperscaler={
                "capex": dict.fromkeys(FOUR, np.array([1.0] * 4 + [2.0] * 4 + [capex] * 4)),
                "other_capex": dict.fromkeys(FOUR, 1.0),
            },
        )

    found = all_of(
        r.a_shock_moves_prices_not_capex(evidence(calm=market(4.0, 9.0), shocked=market(1.0, 8.0)))
    )
    assert found == pytest.approx(
        {
            "price_with_shock": 0.25,
            "capex_with_shock": 9.0 / 10.0,
            "capex_growth_with_shock": 9.0 / 3.0,
        }
    )


def test_prices_at_given_quality_fall_faster_than_prices():
    quarter = np.arange(12.0)
    market = {
        "service_price": 2.0 ** (-quarter / 4), "willingness": 3.0 ** (quarter / 4),
        "adoption": quarter + 1.0, "elasticity": 1.2,
    }  # fmt: skip
    found = all_of(r.users_trade_up(evidence(tables(market=market))))
    assert found == pytest.approx(
        {"fall_at_given_quality": 6.0, "average_price": 0.5, "elasticity": 1.2, "users": 12.0}
    )


def test_a_discount_takes_the_more_the_closer_substitutes_are():
    t = tables(
        stood={"world": 1.0},
        hyperscaler={"capex": dict.fromkeys(FIRMS, 1.0)},
        chip_vendor={
            "price": {"nvidia": 20.0, "amd": 12.0}, "sales": {"nvidia": 0.3, "amd": 0.1},
            "other_sales": {"nvidia": 0.0, "amd": 0.1},
        },
    )  # fmt: skip
    found = r.a_discount_does_not_take_the_market(evidence(t, substitution=[0.0, 1.0, 4.0]))
    expected = [1 / 7, 10 / 16, 1e4 / (1e4 + 6)]
    np.testing.assert_allclose(found["newcomer_at_a_tenth"], expected)
    np.testing.assert_allclose(found["second_vendor_share"], 11 * 0.2 / (1.0 + 11 * 0.5))
    np.testing.assert_allclose(found["second_over_leader_price"], 0.6)


def borrowing_market():
    late = np.array([0.0] * 8 + [1.0] * 4)
    return tables(
        hyperscaler={
            "capex": dict.fromkeys(FIRMS, 4.0), "other_capex": dict.fromkeys(FIRMS, 1.0),
            "core_cash": dict.fromkeys(FIRMS, 9.0), "revenue": dict.fromkeys(FIRMS, 4.0 * late),
            "running": dict.fromkeys(FIRMS, 1.0), "interest": dict.fromkeys(FIRMS, 0.5 * late),
            "borrowing": dict.fromkeys(FIVE, late) | {"coreweave": 3.0},
            "debt": dict.fromkeys(FIRMS, 10.0) | {"coreweave": [*[10.0] * 8, 20.0, 20.0, 40.0, 1.0]},
            "book_value": dict.fromkeys(FIRMS, np.array([24.0] * 11 + [1e6])),
        }
    )  # fmt: skip


def test_capex_is_set_against_cash_and_debt_against_capex():
    found = all_of(r.cash_comes_first(evidence(borrowing_market())))
    assert found == pytest.approx(
        {
            "capex_over_cash_2023": 5.0 / 9.0,
            "capex_over_cash_2025": 5.0 / 12.5,
            "new_debt_over_capex_2025": 0.2,
            "rise_of_new_debt": 0.2,
            "weak_less_strong": 0.75 - 0.25,
        }
    )


def test_rates_are_interest_over_the_debt_of_the_quarter_before():
    premiums = {"coreweave__credit_premium": 0.05, "microsoft__credit_premium": 0.01}
    t = borrowing_market()
    t.hyperscaler["interest"]["coreweave"] = np.tile([*[0.25] * 8, *[0.5] * 4], 3)
    found = all_of(r.credit_looks_at_the_customer(evidence(t, **premiums)))
    assert found == pytest.approx(
        {
            "rate_over_that_of_the_strong": 0.04,
            "gap_by_customer": 0.0,
            "fall_of_its_rate": 4 * 0.25 / 10.0 - 4 * 0.5 / 40.0,
        }
    )


def test_depreciation_is_the_book_value_of_the_quarter_before_over_its_life():
    lives = {f"{firm}__book_life": 6.0 for firm in FIVE}
    found = all_of(r.capex_outruns_depreciation(evidence(borrowing_market(), **lives)))
    assert found["capex_over_depreciation"] == pytest.approx(4.0 / (24.0 / 24.0))


def test_surplus_is_over_the_revenue_of_the_same_year():
    quarter = np.arange(12.0)
    market = {"surplus": 10.0 * quarter, "spending": 2.0}
    found = all_of(r.users_keep_the_surplus(evidence(tables(market=market))))
    assert found == pytest.approx(
        {
            "surplus_over_revenue_2024": 10.0 * (4 + 5 + 6 + 7) / 8.0,
            "surplus_over_revenue_2025": 10.0 * (8 + 9 + 10 + 11) / 8.0,
        }
    )
