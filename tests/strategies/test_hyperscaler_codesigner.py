"""What codesigner promises: the share of custom silicon follows how well it fits."""

import numpy as np
import pytest
from asked import choices, resting

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


def share(quarters=1, market=None, **parameters):
    strategy = make("hyperscaler", "codesigner", {"pace": 1.0} | parameters)
    return choices(strategy, [market] * quarters)[-1]["custom_share"]


class TestCodesigner(StrategyBattery):
    role = "hyperscaler"
    id = "codesigner"

    def test_where_both_cost_the_same_it_buys_half_of_each(self):
        np.testing.assert_allclose(share(market=resting()), 0.5)

    @pytest.mark.parametrize(
        "better",
        [
            {"custom_fit": 0.5},
            {"custom_user_cost": 5.0},
            {"custom_running_cost": 4.0},
            {"merchant_user_cost": 0.5},
            {"codesign": 0.2},
        ],
    )
    def test_custom_silicon_that_does_less_for_its_cost_gets_less(self, better):
        assert (share(market=resting(**better)) < 0.5).all()

    def test_log_odds_are_the_sharpness_times_the_log_of_the_advantage(self):
        # 1 - 0.25 serves at the fit and 0.25 trains at half of it, for three quarters of the cost
        market = resting(custom_fit=0.9, codesign=0.5, custom_user_cost=1.25)
        advantage = 0.9 * (0.75 + 0.5 * 0.25) * 3.0 / 2.25
        found = share(market=market, sharpness=3.0)
        np.testing.assert_allclose(np.log(found / (1 - found)), 3.0 * np.log(advantage))

    def test_it_goes_part_of_the_way_a_quarter(self):
        market = resting(custom_share=0.1)
        np.testing.assert_allclose(share(market=market, pace=0.25), 0.1 + 0.25 * 0.4)

    def test_without_a_programme_it_buys_none(self):
        np.testing.assert_array_equal(share(market=resting(custom_program=0.0)), 0.0)

    def test_it_spends_as_best_response_does(self):
        market = resting(own_marginal_revenue=5.0, custom_fit=0.7)
        rates = [
            choices(make("hyperscaler", id), [market])[0]["capex_rate"]
            for id in ("codesigner", "best_response")
        ]
        np.testing.assert_array_equal(*rates)

    def test_in_a_market_the_better_fit_leads_to_the_larger_share(self):
        found = []
        for fit in (0.5, 0.9):
            market = Market(
                lineup="codesigner", rng=1, horizon=12, **{"alphabet.custom_fit": fit}
            ).run()
            table = market.series("hyperscaler")
            found.append(table.query("firm == 'alphabet'")["custom_share"].to_numpy())
        assert found[0][0] == found[1][0]
        assert (found[0][1:] < found[1][1:]).all()
        assert found[0][12] < found[0][0]
