"""Defend moat: the margin goes as custom silicon comes."""

import numpy as np
import pytest
from asked import choices
from fakes import FakeMarket

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import make

VIEW = BASES["chip_vendor"].view


def margins(shares, parameters=None, **given):
    """Gross margins asked while custom silicon's share takes these values."""
    given = {"unit_cost": 5.0, "base_margin": 0.7, "price_ceiling": 1e3, "designer": 0.0} | given
    markets = [FakeMarket(VIEW, custom_share=share, **given) for share in shares]
    made = choices(make("chip_vendor", "defend_moat", parameters), markets)
    return [1.0 - 5.0 / float(each["price"][0, 0]) for each in made]


class TestDefendMoat(StrategyBattery):
    role = "chip_vendor"
    id = "defend_moat"

    def test_gives_up_margin_as_custom_gains_and_takes_it_back_as_it_loses(self):
        asked = margins([0.2, 0.3, 0.4, 0.2, 0.1])
        np.testing.assert_allclose(asked, [0.7, 0.6, 0.5, 0.7, 0.7])

    def test_keeps_a_least_margin_and_lets_a_little_pass(self):
        np.testing.assert_allclose(margins([0.2, 0.9])[-1], 0.4)
        np.testing.assert_allclose(margins([0.2, 0.3], {"tolerated": 0.1})[-1], 0.7)
        np.testing.assert_allclose(margins([0.2, 0.9], base_margin=0.3)[-1], 0.3)

    def test_a_designer_keeps_its_margin(self):
        np.testing.assert_allclose(margins([0.2, 0.9], designer=1.0), 0.7)

    def test_learns_nothing_from_a_quarter_in_which_nobody_bought(self):
        markets = [
            FakeMarket(
                VIEW, custom_share=share, sales=sales, unit_cost=5.0, base_margin=0.7, designer=0.0
            )
            for share, sales in [(0.2, 1.0), (0.3, 1.0), (0.0, 0.0)]
        ]
        made = choices(make("chip_vendor", "defend_moat"), markets)
        np.testing.assert_array_equal(made[2]["price"], made[1]["price"])

    def test_slows_the_rise_of_custom_silicon(self):
        def custom(strategy):
            lineup = {"chip_vendor": strategy}
            market = Market("2025Q4", lineup, runs=4, rng=1, horizon=16, record="firms").run()
            table = market.series("chip_vendor").query("quarter == 16")
            revenue = table.groupby("firm").revenue.sum()
            return revenue["broadcom"] / revenue.sum()

        assert custom("defend_moat") < custom("hold_margin")

    @pytest.mark.parametrize("firm", ["nvidia", "broadcom"])
    def test_sees_custom_silicons_share_of_last_quarters_chip_spending(self, firm):
        market = Market("2025Q4", "restrain", rng=1, horizon=2).run()
        revenue = market.series("chip_vendor").query("quarter == 1").set_index("firm").revenue
        saw = market.explain(firm, 2).saw["custom_share"]
        np.testing.assert_allclose(saw, revenue["broadcom"] / revenue.sum())
