"""Cadence: dear at launch, cheaper as a generation ages, and anew."""

import numpy as np
import pytest
from asked import choices
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make

VIEW = BASES["chip_vendor"].view


def prices(parameters=None, quarters=12):
    """The prices of quarters that differ in nothing but their number."""
    strategy = make("chip_vendor", "cadence", parameters)
    markets = []
    for quarter in range(quarters):
        market = FakeMarket(VIEW, unit_cost=5.0, base_margin=0.5, price_ceiling=1e3)
        market.quarter = quarter
        markets.append(market)
    return np.array([made["price"][0, 0] for made in choices(strategy, markets)])


class TestCadence(StrategyBattery):
    role = "chip_vendor"
    id = "cadence"

    def test_price_falls_through_a_generation_and_starts_again_with_the_next(self):
        asked = prices()
        years = asked.reshape(3, 4)
        assert (np.diff(years, axis=1) < 0.0).all()
        np.testing.assert_array_equal(years[1:], years[:-1])

    @pytest.mark.parametrize("generation", [1.0, 3.0, 4.0, 6.0])
    def test_log_price_averages_to_the_habitual_one_over_a_generation(self, generation):
        asked = prices({"generation": generation, "fall": 0.4})
        np.testing.assert_allclose(np.exp(np.log(asked).mean()), 10.0)

    def test_a_generation_loses_the_share_that_is_asked(self):
        asked = prices({"generation": 4.0, "fall": 0.3})
        np.testing.assert_allclose(asked[1:4] / asked[:3], 0.7 ** (1.0 / 4.0))

    def test_without_a_fall_it_holds_the_margin(self):
        np.testing.assert_allclose(prices({"fall": 0.0}), 10.0)

    def test_begins_with_a_generation_of_the_age_given(self):
        np.testing.assert_array_equal(prices({"age": 3.0})[1:], prices()[:-1])

    def test_the_markets_margin_has_the_rhythm(self):
        lineup = {"hyperscaler": "restrain", "nvidia": "cadence"}
        still = {"hardware_progress_per_year": 0.0, "memory_progress_per_year": 0.0}
        market = Market("2025Q4", lineup, rng=1, horizon=8, outside_option=6.0, **still).run()
        table = market.series("chip_vendor").query("firm == 'nvidia'")
        price, known_cost = table.price.to_numpy()[1:], table.unit_cost.to_numpy()[:-1]
        markup = price / known_cost
        assert (np.diff(markup[3:7]) < 0.0).all()  # a generation is new in quarters 4 and 8
        np.testing.assert_allclose(markup[4:], markup[:4])
