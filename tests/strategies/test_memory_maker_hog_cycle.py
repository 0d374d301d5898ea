"""Hog cycle: today's margin is taken to last, and what is being built is not looked at."""

import numpy as np
from asked import choices, made_by
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make

FREE = {"growth_limit": 1.0, "memory_cost": 1.0, "expansion_cost": 6.0, "memory_quarters": 6.0}


def expansion(price, parameters=None, **given):
    strategy = make("memory_maker", "hog_cycle", parameters)
    made, _ = made_by(strategy, memory_price=price, **(FREE | given))
    return float(made["expansion"][0, 0])


class TestHogCycle(StrategyBattery):
    role = "memory_maker"
    id = "hog_cycle"

    def test_worth_is_the_present_value_of_todays_margin_for_ever(self):
        """The closed form against the integral that it stands for."""
        parameters = {"return_per_year": 0.2, "life": 5.0, "response": 0.3}
        a_quarter = 1.1 - 1.0  # what a unit earns
        standing = np.linspace(0.0, 400.0, 400_001)  # quarters since it stands
        left = np.exp(-(0.05 + 0.05) * standing)  # after interest and wear
        worth = a_quarter * np.trapezoid(left, standing) * 1.05**-6.0
        made = expansion(1.1, parameters, expansion_cost=0.6)
        np.testing.assert_allclose(made, 0.3 * np.log(worth / 0.6), rtol=1e-6)

    def test_expands_only_where_capacity_is_worth_more_than_it_costs(self):
        worth = 1.03**-6.0 / (0.03 + 0.25 / 6.0)
        enough = 1.0 + 6.0 / worth
        assert expansion(0.999 * enough) == 0.0
        assert expansion(1.01 * enough) > 0.0
        assert expansion(0.5) == 0.0

    def test_interest_lag_and_life_decide_what_margin_is_enough(self):
        calm = expansion(2.5)
        assert expansion(2.5, {"return_per_year": 0.3}) < calm
        assert expansion(2.5, {"life": 3.0}) < calm
        assert expansion(2.5, memory_quarters=12.0) < calm
        assert expansion(2.5, expansion_cost=9.0) < calm

    def test_is_blind_to_what_is_being_built_and_as_fast_as_it_can_be_at_most(self):
        assert expansion(2.5, building=0.0) == expansion(2.5, building=50.0)
        assert expansion(50.0, growth_limit=0.1) == 0.1

    def test_naive_by_default_and_adaptive_if_asked(self):
        view = BASES["memory_maker"].view
        markets = [FakeMarket(view, memory_price=price, **FREE) for price in (2.5, 4.0)]
        for adaptation, price in [(1.0, 4.0), (0.0, 2.5), (0.4, 2.5 + 0.4 * 1.5)]:
            strategy = make("memory_maker", "hog_cycle", {"adaptation": adaptation})
            made = choices(strategy, markets)[1]["expansion"]
            np.testing.assert_allclose(made, expansion(price))

    def test_it_overbuilds_more_than_a_maker_that_follows_orders(self):
        """In the boom it builds more, and in the slump that follows capacity stands idle."""

        def path(strategy):
            lineup = {"memory_maker": strategy}
            table = Market("2025Q4", lineup, runs=4, rng=1, horizon=24, record="firms").run()
            return table.series().groupby("quarter")["memory_tightness"].mean()

        hog, orders = path("hog_cycle"), path("contract_first")
        assert hog.max() > 2.0
        assert hog.iloc[-4:].max() < 1.0
        assert hog.iloc[-4:].mean() < orders.iloc[-4:].mean()

    def test_sees_what_capacity_costs(self):
        market = Market("2025Q4", "restrain", rng=1, horizon=2).run()
        told = market.explain("micron", 2).saw
        p = market.scenario
        base_cost = p["memory_price"] * (1.0 - p["memory_margin"])
        due = p["memory_expansion_cost"] * told["memory_cost"] / base_cost
        np.testing.assert_allclose(told["expansion_cost"], due)
