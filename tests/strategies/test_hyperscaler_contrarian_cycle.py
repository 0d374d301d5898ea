"""What contrarian_cycle promises: it buys in the slump and holds back in the boom."""

import numpy as np
from asked import choices, resting

from agentsim import Market
from agentsim.authoring import StrategyBattery
from agentsim.strategy.registry import make

USUAL = {
    "foundry_tightness": 1.0,
    "memory_tightness": 1.0,
    "rivals_capex_rate": 0.2,
    "fleet_value": 50.0,
}


def rates(markets, **parameters):
    strategy = make("hyperscaler", "contrarian_cycle", {"adaptation": 0.0} | parameters)
    return [made["capex_rate"] for made in choices(strategy, markets)]


def market(**given):
    return resting(**USUAL | given)


class TestContrarianCycle(StrategyBattery):
    role = "hyperscaler"
    id = "contrarian_cycle"

    def test_in_a_usual_market_it_buys_what_best_response_does(self):
        (best,) = choices(make("hyperscaler", "best_response"), [market()])
        for rate in rates([market()] * 3):
            np.testing.assert_allclose(rate, best["capex_rate"])

    def test_it_buys_more_when_chips_are_slack_and_less_when_they_are_short(self):
        (usual,) = rates([market()])
        slack = market(foundry_tightness=0.5, memory_tightness=0.8)
        np.testing.assert_allclose(rates([slack])[0], usual / 0.8)
        for short in ({"foundry_tightness": 1.6}, {"memory_tightness": 1.6}):
            np.testing.assert_allclose(rates([market(**short)])[0], usual / 1.6)

    def test_it_buys_more_when_rivals_hold_back_and_less_when_they_rush(self):
        for then in (0.1, 0.4):
            usual, found = rates(
                [market(), market(rivals_capex_rate=then)], persistence=0.5, patience=0.0
            )
            norm = (0.5 * 0.2 + then) / 1.5
            np.testing.assert_allclose(found, usual * norm / then)

    def test_heat_is_read_over_more_than_a_quarter(self):
        usual, found = rates([market(), market(foundry_tightness=2.0)], patience=0.5)
        np.testing.assert_allclose(found, usual * np.exp(-np.log(2.0) / 1.5))

    def test_a_market_of_contrarians_does_not_swing_from_quarter_to_quarter(self):
        capex = Market(lineup="contrarian_cycle", rng=1, horizon=20).run().series()["capex"]
        growth = np.diff(np.log(capex.to_numpy()[2:]))
        turns = growth[1:] * growth[:-1] < 0.0
        assert turns.mean() < 0.5

    def test_one_slump_in_returns_does_not_stop_it(self):
        slump = market(own_marginal_revenue=0.0, training_value=0.0)
        usual, found = rates([market(), slump], persistence=0.8)
        np.testing.assert_allclose(found, usual * 0.8 / 1.8)

    def test_it_goes_no_further_than_its_limit(self):
        (usual,) = rates([market()])
        for tightness, factor in [(0.0, 2.0), (1e6, 0.5)]:
            extreme = market(foundry_tightness=tightness, memory_tightness=tightness)
            np.testing.assert_allclose(rates([extreme], most=2.0)[0], usual * factor)

    def test_without_contrariness_only_the_average_is_left(self):
        (usual,) = rates([market()])
        hot = market(foundry_tightness=3.0)
        np.testing.assert_allclose(rates([hot], contrariness=0.0)[0], usual)
