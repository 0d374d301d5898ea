"""Supply of chips and memory: what grows steadily goes on to, what is short costs more, shares drift."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentsim import Market
from agentsim.laws import chips, memory
from agentsim.strategy.registry import parse

CALM = {"demand_noise": 0.0, "quality_noise": 0.0}


def a(x: float) -> np.ndarray:
    return np.array([x])


# The foundry


@given(
    g=st.floats(0.0, 0.4),
    lag=st.integers(1, 8),
    b=st.floats(0.0, 3.0),
    stock=st.floats(0.01, 100.0),
)
def test_where_orders_and_capacity_have_grown_alike_the_foundry_goes_on_to(g, lag, b, stock):
    """What is under way after n - 1 quarters is stock (1 + g)^(n-1), and the gap is none."""
    committed = a(stock * (1.0 + g) ** (lag - 1))
    found = chips.capacity_growth(a(stock), committed, a(g), a(lag - 1.0), a(b), a(0.5))
    np.testing.assert_allclose(found, g, atol=1e-12)


def test_the_foundry_orders_more_where_orders_will_exceed_what_is_committed_and_never_less_than_none():
    grown = [
        chips.capacity_growth(a(orders), a(1.0), a(0.1), a(0.0), a(0.4), a(0.3)).item()
        for orders in (0.1, 0.9, 1.0, 1.2, 50.0)
    ]
    assert grown[0] == 0.0 and grown[-1] == 0.3
    np.testing.assert_allclose(grown[1:4], 0.1 + 0.4 * np.log([0.9, 1.0, 1.2]))


def test_the_foundry_s_belief_moves_towards_what_it_sees():
    for before, orders, seen in [(1.0, 1.2, 0.2), (1.0, 9.0, 1.0), (1.0, 0.1, -0.5)]:
        found = chips.expected_growth(a(0.1), a(orders), a(before), a(0.25))
        np.testing.assert_allclose(found, 0.1 + 0.25 * (seen - 0.1))
    unchanged = chips.expected_growth(a(0.1), a(1.0), a(0.0), a(0.25))  # nothing was ordered
    np.testing.assert_allclose(unchanged, 0.1)


@pytest.mark.parametrize("progress", [0.0, 0.2])
@pytest.mark.parametrize("lag", [1, 4, 6])
def test_memory_capacity_that_is_expanded_at_a_rate_grows_at_that_rate(lag, progress):
    """Growth is ordered on what is committed, as the opening pipeline was: no dent where it ends.

    A line makes more as memory gets cheaper, and what is under way at the base date counts that in.
    """
    g = 0.1
    grown = (1.0 + g) / (1.0 - progress) ** 0.25
    lineup = {"memory_maker": f"disciplined(target_margin=-1, growth={g}, most_withheld=0)"}
    given = {
        "memory_quarters": lag, "memory_pipeline_growth": grown - 1.0, "memory_progress_per_year": progress,
        "memory_capacity": 0.1, "memory_margin_slack": -0.4,
    }  # fmt: skip
    market = Market(lineup=lineup, rng=1, horizon=20, **given, **CALM).run()
    capacity = market.series("memory_maker").groupby("quarter")["capacity"].sum().to_numpy()
    assert (market.series()["memory_tightness"].to_numpy()[1:] >= 1.0).all()
    np.testing.assert_allclose(capacity[1:] / capacity[:-1], grown, rtol=1e-12)


# Memory's price


def test_memory_costs_its_balanced_margin_where_orders_equal_what_is_offered():
    spot = memory.spot_price(a(1.0), a(2.0), a(-0.5), a(0.35), a(1.7))
    np.testing.assert_allclose(1.0 - 2.0 / spot, 0.35)


@settings(max_examples=200)
@given(u=st.floats(0.0, 1e9), balanced=st.floats(-0.4, 0.9), k=st.floats(0.0, 5.0))
def test_memory_is_dearer_the_shorter_it_is_and_never_below_the_floor(u, balanced, k):
    slack = -0.5
    spot = memory.spot_price(np.array([u, 2.0 * u]), a(1.0), a(slack), a(balanced), a(k))
    assert np.isfinite(spot).all() and spot[0] <= spot[1]
    assert spot[0] >= 1.0 / (1.0 - slack) * (1 - 1e-12)


def test_memory_s_margin_has_no_ceiling():
    margin = 1.0 - 1.0 / memory.spot_price(
        np.array([2.0, 4.0, 50.0]), a(1.0), a(-0.5), a(0.4), a(2.0)
    )
    assert (np.diff(margin) > 0.0).all() and margin[-1] > 0.99


def test_the_price_is_between_last_quarter_s_and_the_spot_price():
    np.testing.assert_allclose(memory.price(a(1.0), a(16.0), a(0.75)), 2.0)


# Custom silicon


@given(share=st.floats(0.0, 1.0), mu=st.floats(0.0, 4.0), advantage=st.floats(0.1, 10.0))
def test_custom_shares_drift_to_the_better_buy(share, mu, advantage):
    found = chips.shifted_share(a(share), a(advantage), a(mu)).item()
    assert 0.0 <= found <= 1.0
    if share in (0.0, 1.0) or mu == 0.0:
        np.testing.assert_allclose(found, share, atol=1e-15)
    elif advantage > 1.0:
        assert found >= share * (1 - 1e-12)
    else:
        assert found <= share * (1 + 1e-12)


def test_custom_shares_follow_the_replicator_equation():
    """With an advantage that stays, log odds grow by mu log advantage a quarter."""
    share = a(0.2)
    for _ in range(5):
        share = chips.shifted_share(share, a(1.5), a(0.4))
    np.testing.assert_allclose(np.log(share / (1 - share)), np.log(0.25) + 5 * 0.4 * np.log(1.5))


def test_firms_that_choose_no_custom_share_drift_and_those_without_a_programme_do_not():
    def shares(**given):
        market = Market(lineup="match", rng=1, horizon=6, **CALM, **given).run()
        table = market.series("hyperscaler")
        return table.pivot(index="quarter", columns="firm", values="custom_share")

    drifting, held = shares(), shares(custom_shift=0.0)
    assert (drifting["alphabet"].diff().dropna() > 0.0).all()
    assert (drifting["oracle"] == 0.0).all()
    np.testing.assert_allclose(held["alphabet"], held["alphabet"].iloc[0], rtol=1e-12)


# The base date


@pytest.mark.parametrize("scenario", ["2023Q1", "2025Q4"])
def test_tightness_of_the_base_date_is_that_of_its_books(scenario):
    market = Market(scenario, rng=1, horizon=1).run()
    vendors = market.series("chip_vendor").query("quarter == 0")
    makers = market.series("memory_maker").query("quarter == 0")
    first = market.series().query("quarter == 0").iloc[0]
    shipped = (vendors["sales"] + vendors["other_sales"]).to_numpy()
    content = [market.scenario[f"{firm}.memory_content"] for firm in vendors["firm"]]
    assert vendors["orders"].sum() < first["foundry_capacity"]  # which could make them all
    could = vendors["orders"].to_numpy()
    np.testing.assert_allclose(
        first["memory_tightness"], could @ content / makers["capacity"].sum(), rtol=1e-12
    )
    np.testing.assert_allclose(
        first["foundry_tightness"], vendors["orders"].sum() / first["foundry_capacity"], rtol=1e-12
    )
    assert (shipped <= could * (1 + 1e-12)).all()
    held = min(shipped @ content, makers["capacity"].sum())
    np.testing.assert_allclose(makers["sales"].sum(), held, rtol=1e-12)


def test_other_buyers_got_what_the_calibration_says_and_the_leader_sold_what_it_did():
    market = Market("2023Q1", rng=1, horizon=1).run()
    vendors = market.series("chip_vendor").query("quarter == 0").set_index("firm")
    np.testing.assert_allclose(
        vendors["other_revenue"].sum(), market.scenario["other_buyers_purchases"], rtol=1e-12
    )
    leader = vendors.loc["nvidia", "revenue"] + vendors.loc["nvidia", "other_revenue"]
    np.testing.assert_allclose(leader, 4.28, rtol=0.1)


def test_the_trough_of_2023_was_slack_and_the_end_of_2025_was_not():
    slack, short = (
        Market(scenario, rng=1, horizon=1).run().series()["memory_tightness"].iloc[0]
        for scenario in ("2023Q1", "2025Q4")
    )
    assert slack < 0.8 and short > 0.85


# Memory makers by contract


def contracted(orders, committed, before=1.0, growth=0.1):
    """What `contract_first` orders, and the belief that it ends with; of all committed 0.4 is built."""
    sees = SimpleNamespace(
        memory_tightness=a(orders / (0.6 * committed) if committed else 1.0),
        capacity=a(0.6 * committed), building=a(0.4 * committed), withheld=a(0.0),
        memory_cost=a(1.0), memory_quarters=a(4.0), growth_limit=a(0.4),
        memory={"orders": a(before), "growth": a(growth)},
    )  # fmt: skip
    choice, memory = parse("memory_maker", "contract_first").choose(sees)
    return np.asarray(choice.expansion).item(), memory["growth"].item()


def test_contract_first_goes_on_growing_where_orders_and_capacity_have_grown_alike():
    expansion, growth = contracted(orders=1.1, committed=1.1 * 1.1**3)
    np.testing.assert_allclose([expansion, growth], 0.1)


def test_contract_first_builds_more_where_orders_will_exceed_what_is_committed():
    short, long = (contracted(orders=1.1, committed=each)[0] for each in (1.0, 2.0))
    assert long < 0.1 < short <= 0.4


def test_contract_first_begins_with_the_growth_under_way_and_a_maker_of_nothing_builds_nothing():
    _, growth = contracted(orders=1.0, committed=1.0, before=0.0, growth=np.nan)
    np.testing.assert_allclose(growth, (1.0 / 0.6) ** 0.25 - 1.0)
    expansion, _ = contracted(orders=0.0, committed=0.0)
    assert np.isfinite(expansion)
