"""What return_threshold promises: it grows while returns hold, and shrinks when they do not."""

import numpy as np
from asked import choices, made_by
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy import HyperscalerView
from agentsim.strategy.registry import make


def rule(**parameters):
    return make("hyperscaler", "return_threshold", parameters)


class TestReturnThreshold(StrategyBattery):
    role = "hyperscaler"
    id = "return_threshold"

    def test_at_the_hurdle_it_replaces_wear(self):
        made, seen = made_by(rule(hurdle=0.04), operating_cash=1.2, book_value=10.0, wear=0.08)
        np.testing.assert_allclose(made["capex_rate"] - seen["wear"], 0.0, atol=1e-15)

    def test_growth_is_the_response_times_the_return_above_the_hurdle(self):
        strategy = rule(hurdle=0.02, response=3.0)
        for cash, rate in [(1.5, 0.06 + 3 * 0.07), (0.7, 0.06 - 3 * 0.01)]:
            made, _ = made_by(strategy, operating_cash=cash, book_value=10.0, wear=0.06)
            np.testing.assert_allclose(made["capex_rate"], rate)

    def test_growth_has_a_limit_and_a_fleet_that_loses_money_is_not_replaced(self):
        made, _ = made_by(rule(most=0.3), operating_cash=1e6, book_value=10.0, wear=0.06)
        np.testing.assert_allclose(made["capex_rate"], 0.36)
        made, _ = made_by(rule(), operating_cash=-1.0, book_value=10.0, wear=0.06)
        np.testing.assert_array_equal(made["capex_rate"], 0.0)

    def test_with_empty_books_it_replaces_wear(self):
        made, seen = made_by(rule(), book_value=0.0)
        np.testing.assert_allclose(made["capex_rate"] - seen["wear"], 0.0, atol=1e-15)

    def test_one_bad_quarter_counts_by_its_weight(self):
        view, same = HyperscalerView, {"book_value": 10.0, "wear": 0.05}
        markets = [FakeMarket(view, operating_cash=cash, **same) for cash in (2.0, 0.5)]
        made = choices(rule(persistence=0.5, response=1.0, hurdle=0.0), markets)
        np.testing.assert_allclose(made[0]["capex_rate"], 0.05 + 0.15)
        mean = (0.5 * 0.15 + 0.0) / 1.5
        np.testing.assert_allclose(made[1]["capex_rate"], 0.05 + mean)

    def test_in_a_market_it_grows_above_the_hurdle_and_shrinks_below(self):
        """What it orders is set by what it earned the quarter before, firm by firm."""
        lineup = "return_threshold(persistence=0)"
        market = Market(lineup=lineup, rng=1).run()
        table = market.series("hyperscaler").set_index(["firm", "quarter"])
        wear = 1.0 / (4.0 * market.scenario["economic_life"])
        earned = (table["revenue"] - table["running"]) / table["book_value"] - wear
        then = table["capex_rate"].groupby("firm").shift(-1)
        below, above = earned < 0.03, earned > 0.05
        assert below.sum() > 50 and above.sum() > 30
        assert (then[below].dropna() < wear).all()  # funded may be less than asked, never more
        assert (then[above].dropna() > wear).mean() > 0.9
