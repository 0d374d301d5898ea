"""Marginal q, the machinery that several hyperscalers' strategies share."""

import numpy as np
import pytest
from asked import choices, resting

from agentsim.strategy.groups import ask
from agentsim.strategy.marginal_q import adapted, growth_factor, reallocated
from agentsim.strategy.registry import make


class TestMarginalQ:
    @pytest.mark.parametrize("id", ["best_response", "competitive", "cartel", "scaled"])
    def test_at_q_one_it_replaces_wear_of_each_kind(self, id):
        market = resting()
        seen = market.values
        (made,) = choices(make("hyperscaler", id), [market])
        merchant, custom = (
            seen["wear"] * seen[f"{kind}_committed"] * (seen[f"{kind}_price"] + seen["system_cost"])
            for kind in ("merchant", "custom")
        )
        np.testing.assert_allclose(made["capex_rate"], (merchant + custom) / seen["fleet_value"])
        np.testing.assert_allclose(made["custom_share"], custom / (merchant + custom))
        np.testing.assert_allclose(made["training_share"], 0.25)

    def test_spending_rises_with_value_and_falls_with_cost(self):
        strategy = make("hyperscaler", "best_response")
        rate = choices(strategy, [resting()])[0]["capex_rate"]
        richer = choices(strategy, [resting(own_marginal_revenue=4.0)])[0]["capex_rate"]
        dearer = choices(strategy, [resting(merchant_user_cost=3.0)])[0]["capex_rate"]
        assert (richer > rate).all()
        assert (dearer < rate).all()

    def test_orders_of_a_kind_are_wear_and_log_q_of_the_committed_fleet(self):
        market = resting(own_marginal_revenue=5.0, training_share=0.0, custom_program=0.0)
        seen = market.values
        (made,) = choices(make("hyperscaler", "best_response", {"phi": 0.2}), [market])
        orders = (seen["wear"] + 0.2 * np.log(4.0 / 2.0)) * seen["merchant_committed"]
        spend = orders * (seen["merchant_price"] + seen["system_cost"])
        np.testing.assert_allclose(made["capex_rate"], np.minimum(spend / seen["fleet_value"], 2))

    def test_custom_chips_are_worth_their_fit_and_codesign(self):
        fit, codesign, value, trains, tau = 0.6, 0.5, 4.0, 6.0, 0.25
        worth = fit * ((1 - tau) * value + codesign * tau * trains) - 1.0
        market = resting(
            custom_fit=fit,
            codesign=codesign,
            own_marginal_revenue=value,
            training_value=trains,
            custom_user_cost=worth,
            merchant_user_cost=1e6,
        )
        seen = market.values
        (made,) = choices(make("hyperscaler", "best_response"), [market])
        custom = (
            seen["wear"] * seen["custom_committed"] * (seen["custom_price"] + seen["system_cost"])
        )
        np.testing.assert_allclose(made["capex_rate"], custom / seen["fleet_value"])
        np.testing.assert_array_equal(made["custom_share"], 1.0)

    def test_without_a_programme_no_custom_chips(self):
        (made,) = choices(make("hyperscaler", "best_response"), [resting(custom_program=0.0)])
        np.testing.assert_array_equal(made["custom_share"], 0.0)

    def test_a_programme_starts_from_nothing(self):
        market = resting(custom_fleet=0.0, custom_committed=0.0, custom_user_cost=0.5)
        (made,) = choices(make("hyperscaler", "best_response"), [market])
        assert (made["custom_share"] > 0.0).all()

    def test_worthless_chips_are_not_ordered_and_the_mix_is_kept(self):
        market = resting(own_marginal_revenue=0.0, training_value=0.0)
        (made,) = choices(make("hyperscaler", "best_response"), [market])
        np.testing.assert_array_equal(made["capex_rate"], 0.0)
        np.testing.assert_array_equal(made["custom_share"], market.values["custom_share"])

    def test_each_counts_another_revenue(self):
        given = {"own_marginal_revenue": 3.0, "price_value": 4.0, "industry_marginal_revenue": 2.5}
        cartel, best, competitive = (
            choices(make("hyperscaler", id), [resting(**given)])[0]["capex_rate"]
            for id in ("cartel", "best_response", "competitive")
        )
        assert (cartel < best).all()
        assert (best < competitive).all()

    @pytest.mark.parametrize("growth", [-0.1, -0.03, 0.0, 0.05, 0.1])
    def test_growth_factor_is_the_ratio_of_present_values(self, growth):
        survival = (1.0 - 0.06) / (1.0 + 0.03)
        flat = sum(survival**k for k in range(5000))
        grown = sum(survival**k * (1.0 + growth) ** min(k, 8) for k in range(5000))
        factor = growth_factor(np.array([[growth]]), np.array([[survival]]))
        np.testing.assert_allclose(factor, grown / flat, rtol=1e-12)
        if growth == 0.0:
            assert factor[0, 0] == 1.0

    def test_belief_learns_from_growth_within_bounds(self):
        belief, before = np.full((1, 4), 0.02), np.full((1, 4), 2.0)
        value = np.array([[2.2, 50.0, 0.01, -1.0]])
        np.testing.assert_allclose(
            adapted(belief, value, before, 0.25), [[0.02 + 0.25 * 0.08, 0.1, -0.1, 0.02]]
        )
        np.testing.assert_array_equal(adapted(belief, value, before, 0.0), belief)

    def test_nothing_is_learnt_in_the_first_quarter(self):
        strategy = make("hyperscaler", "best_response", {"belief": 0.03})
        sees = resting().look(strategy)
        _, memory = ask(strategy, sees)
        np.testing.assert_array_equal(memory["belief"], 0.03)
        np.testing.assert_array_equal(memory["value"], 3.0)

    @pytest.mark.parametrize("id", ["best_response", "competitive", "cartel", "scaled"])
    def test_a_firm_without_chips_and_with_an_infinite_price_orders_none(self, id):
        nothing = dict.fromkeys(
            ["merchant_fleet", "custom_fleet", "merchant_committed", "custom_committed"], 0.0
        )
        endless = dict.fromkeys(
            ["own_marginal_revenue", "price_value", "industry_marginal_revenue"], np.inf
        )
        markets = [resting(fleet_value=0.0, **nothing, **endless) for _ in range(3)]
        for made in choices(make("hyperscaler", id), markets):
            np.testing.assert_array_equal(made["capex_rate"], 0.0)

    def test_belief_in_growth_raises_spending(self):
        rates = [
            choices(make("hyperscaler", "best_response", {"belief": g}), [resting()])[0]
            for g in (-0.05, 0.0, 0.05)
        ]
        assert (rates[0]["capex_rate"] < rates[1]["capex_rate"]).all()
        assert (rates[1]["capex_rate"] < rates[2]["capex_rate"]).all()

    def test_training_moves_in_small_steps_to_what_pays_more(self):
        share, trains = np.full((1, 6), 0.2), np.array([[8.0, 4.0, 2.0, 0.0, 4.0, 1e9]])
        serves = np.array([[4.0, 4.0, 4.0, 4.0, -1.0, 4.0]])
        moved = reallocated(share, trains, serves, 0.1, 0.1)
        np.testing.assert_allclose(moved, 0.2 * np.array([[2**0.1, 1, 0.5**0.1, 0.9, 1, 1.1]]))
        np.testing.assert_array_equal(reallocated(share, trains, serves, 0.0, 0.1), share)
        assert reallocated(np.zeros((1, 1)), trains[:, :1], serves[:, :1], 0.1, 0.1) == 0.0
