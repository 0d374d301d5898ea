"""What merchant_buyer promises: own chips run out, and spending is that of best response."""

import numpy as np
from asked import choices, resting

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


class TestMerchantBuyer(StrategyBattery):
    role = "hyperscaler"
    id = "merchant_buyer"

    def test_it_gives_up_a_part_of_its_share_a_quarter(self):
        strategy = make("hyperscaler", "merchant_buyer", {"pace": 0.25})
        found = choices(strategy, [resting(custom_share=0.4)])[0]["custom_share"]
        np.testing.assert_allclose(found, 0.3)

    def test_it_spends_as_best_response_does(self):
        market = resting(own_marginal_revenue=5.0, custom_fit=0.7)
        rates = [
            choices(make("hyperscaler", id), [market])[0]["capex_rate"]
            for id in ("merchant_buyer", "best_response")
        ]
        np.testing.assert_array_equal(*rates)

    def test_in_a_market_own_chips_run_out(self):
        market = Market(lineup="merchant_buyer", rng=1, horizon=12).run()
        share = market.series("hyperscaler").query("firm == 'alphabet'")["custom_share"]
        assert (np.diff(share.to_numpy()) < 0.0).all()
        assert share.iloc[-1] < 0.2 * share.iloc[0]
