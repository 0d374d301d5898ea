"""What follow_the_leader promises: followers copy the leader, who goes by its own returns."""

import numpy as np
from asked import choices, resting

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make


def led_by(*firms, **given):
    """Return a market of three firms in which these have the largest share of revenue."""
    market = resting(**given)
    market.values["revenue_share"][:] = 0.2
    for firm in firms:
        market.values["revenue_share"][firm] = 0.4
    return market


def chosen(market, id="follow_the_leader"):
    return choices(make("hyperscaler", id), [market])[0]


class TestFollowTheLeader(StrategyBattery):
    role = "hyperscaler"
    id = "follow_the_leader"

    def test_followers_spend_at_the_leaders_last_rate(self):
        market = led_by(1)
        rate = chosen(market)["capex_rate"]
        for follower in (0, 2):
            np.testing.assert_array_equal(rate[follower], market.values["capex_rate"][1])

    def test_the_leader_best_responds(self):
        market = led_by(1, own_marginal_revenue=6.0)
        best = chosen(market, "best_response")["capex_rate"]
        np.testing.assert_array_equal(chosen(market)["capex_rate"][1], best[1])

    def test_who_shares_the_lead_follows_nobody(self):
        market = led_by(0, 2)
        rate, best = chosen(market)["capex_rate"], chosen(market, "best_response")["capex_rate"]
        np.testing.assert_array_equal(rate[[0, 2]], best[[0, 2]])

    def test_only_the_amount_is_copied(self):
        market = led_by(1)
        best = chosen(market, "best_response")
        for name in ("custom_share", "training_share"):
            np.testing.assert_array_equal(chosen(market)[name], best[name])

    def test_the_lead_may_differ_from_run_to_run(self):
        market = led_by(1)
        market.values["revenue_share"][2, 0] = 0.9
        rate = chosen(market)["capex_rate"]
        assert rate[0, 0] == market.values["capex_rate"][2, 0]
        np.testing.assert_array_equal(rate[0, 1:], market.values["capex_rate"][1, 1:])

    def test_in_a_market_they_are_a_quarter_behind_the_leader(self):
        table = Market(lineup="follow_the_leader", rng=1, horizon=8).run().series("hyperscaler")
        rates = table.pivot(index="quarter", columns="firm", values="capex_rate")
        leaders = table.pivot(index="quarter", columns="firm", values="revenue_share").idxmax(
            axis=1
        )
        followers = [firm for firm in ("alphabet", "amazon", "meta") if firm not in set(leaders)]
        assert followers
        for quarter in range(1, 9):
            led = rates.loc[quarter - 1, leaders[quarter - 1]]
            np.testing.assert_allclose(rates.loc[quarter, followers], led)
