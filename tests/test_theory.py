"""Competition, demand and fleets by closed forms, reached by simulation on `theory`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad_vec
from theory import (
    CHIP_PRICE,
    CLOSE,
    EXACT,
    THEORY,
    by_quarter,
    firms_of,
    market_of,
    rational,
    user_cost,
)

from agentsim import Efficiency, Market
from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    param,
)


@dataclass(frozen=True)
class ConstantOrders(HyperscalerStrategy):
    """Order the same number of chips every quarter, whatever happens."""

    orders: float = param(0.1, "M H100e/quarter", "chips to order", 0.0, 10.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        spending = self.orders * (sees.merchant_price + sees.system_cost)
        return HyperscalerChoice(capex_rate=spending / sees.fleet_value)


def area(f: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """The integral of f from low to high, `(runs,)`, added up numerically."""
    width = high - low
    total: Array = quad_vec(lambda t: f(low + t * width) * width, 0.0, 1.0, epsrel=1e-11)[0]
    return total


class TestQuantityCompetition:
    """1/eta = (1 - 1/n)/sigma + 1/(n epsilon), and price = cost / (1 - 1/eta).

    Markets start with prices half as high again as where they are to rest: growing is faster than
    waiting for chips to wear out.
    """

    @pytest.mark.parametrize("firms", [1, 2, 4, 8])
    def test_best_responses_rest_where_n_firms_compete_in_quantities(self, firms: int) -> None:
        cells = [
            (epsilon, sigma)
            for epsilon in (0.8, 1.0, 1.5, 2.0)
            for sigma in (2.0, 4.0, 100.0, 200.0)
            if firms * epsilon > 1.0
        ]
        epsilon, sigma = np.array(cells).T
        expected = user_cost() / (1 - (1 - 1 / firms) / sigma - 1 / (firms * epsilon))
        values = {
            "demand_elasticity": epsilon,
            "substitution": sigma,
            "service_revenue": 1.5 * firms * expected,
        }
        market = market_of(firms, rational("best_response"), 50, values, record="outcomes")
        h = firms_of(market)
        np.testing.assert_allclose(h.own_price, np.tile(expected, (firms, 1)), rtol=CLOSE)
        np.testing.assert_allclose(h.revenue_share, 1 / firms, rtol=CLOSE)
        # Cost over price is a straight line in 1/sigma: follow it to perfect substitutes.
        cost_share = user_cost() / h.own_price[0]
        cournot = 2 * cost_share[sigma == 200.0] - cost_share[sigma == 100.0]
        np.testing.assert_allclose(cournot, 1 - 1 / (firms * epsilon[sigma == 200.0]), rtol=CLOSE)

    def test_a_monopolist_sets_the_markup_of_the_elasticity(self) -> None:
        epsilon = np.array([1.2, 1.5, 2.0, 3.0])
        values = {"demand_elasticity": epsilon, "service_revenue": 3 * user_cost()}
        market = market_of(1, rational("best_response"), 70, values, record="outcomes")
        markup = market.simulation.world.customers.service_price[0] / user_cost()
        np.testing.assert_allclose(markup, epsilon / (epsilon - 1), rtol=CLOSE)

    def test_the_rest_moves_with_every_part_of_user_cost(self) -> None:
        life, required = np.array([2.0, 5.0, 5.0, 8.0]), np.array([0.04, 0.04, 0.2, 0.1])
        price = np.array([4.0, 6.0, 4.0, 3.0])
        expected = user_cost(price, required, life) / (1 - 0.75 / 4 - 0.25 / 1.2)
        values = {
            "economic_life": life,
            "required_return_per_year": required,
            "chip_vendor.price": price,
            "demand_elasticity": 1.2,
            "service_revenue": 6 * expected,
        }
        market = market_of(4, rational("best_response"), 50, values, record="outcomes")
        np.testing.assert_allclose(
            firms_of(market).own_price, np.tile(expected, (4, 1)), rtol=CLOSE
        )

    def test_the_rest_covers_systems_shells_and_running_cost_besides(self) -> None:
        running_cost = np.array([0.0, 0.05, 0.3])
        r, wear, shell_wear = 0.01, 1 / 8, 1 / 60
        cost = (CHIP_PRICE + 1) * (r + wear) + 2.0 * (r + shell_wear) + running_cost
        expected = cost / (1 - 0.75 / 4 - 0.25 / 1.5)
        values = {
            "economic_life": 2.0,
            "system_cost": 1.0,
            "shell_cost": 2.0,
            "shell_life": 15.0,
            "hyperscaler.shell_coverage": 1.0,
            "running_cost": running_cost,
            "service_revenue": 6 * expected,
        }
        market = market_of(4, rational("best_response"), 60, values, record="outcomes")
        np.testing.assert_allclose(
            firms_of(market).own_price, np.tile(expected, (4, 1)), rtol=CLOSE
        )

    def test_lags_move_the_rest_by_the_return_that_is_waited_for_alone(self) -> None:
        """What wears before an order arrives is on order, and what is bought early must wait."""
        lag, shell_lag = np.array([0.0, 1.0, 2.0, 2.0]), np.array([0.0, 3.0, 0.0, 6.0])
        r, wear, shell_wear, epsilon = 0.01, 1 / 8, 1 / 60, 1.5
        chip = (CHIP_PRICE + 1) * (r + wear) * (1 + r) ** lag
        shell = 2.0 * (r + shell_wear) * (1 + r) ** (shell_lag / 2)
        rest = (chip + shell) / (1 - 0.75 / 4 - 0.25 / epsilon)
        values = {
            "economic_life": 2.0,
            "delivery_quarters": lag,
            "shell_quarters": shell_lag,
            "system_cost": 1.0,
            "shell_cost": 2.0,
            "shell_life": 15.0,
            "service_revenue": 6 * rest,
        }
        market = market_of(4, rational("best_response"), 90, values, record="outcomes")
        np.testing.assert_allclose(firms_of(market).own_price, np.tile(rest, (4, 1)), rtol=CLOSE)

    def test_the_rest_does_not_depend_on_the_start(self) -> None:
        values = {
            "firm_1.merchant_fleet": np.array([0.2, 1.0, 3.0]),
            "economic_life": 1.0,
            "service_revenue": 6.0,
        }
        market = market_of(4, rational("best_response"), 60, values, record="outcomes")
        np.testing.assert_allclose(firms_of(market).revenue_share, 0.25, rtol=CLOSE)

    def test_the_calibrated_fleets_are_at_rest(self) -> None:
        market = market_of(4, rational("best_response"), 40, record="outcomes")
        # the calibration rounds revenue to four digits
        np.testing.assert_allclose(firms_of(market).merchant_fleet, 1.0, rtol=1e-3)

    @pytest.mark.parametrize("firms", [1, 4])
    def test_price_takers_compete_the_price_down_to_user_cost(self, firms: int) -> None:
        values = {
            "demand_elasticity": np.array([0.8, 1.0, 1.5, 2.0]),
            "service_revenue": 1.5 * firms * user_cost(),
        }
        market = market_of(firms, rational("competitive"), 50, values, record="outcomes")
        np.testing.assert_allclose(firms_of(market).own_price, user_cost(), rtol=CLOSE)


class TestContest:
    """At unit elasticity revenue R is a prize; r = 1 - 1/sigma decides how hard it is fought."""

    @pytest.mark.parametrize("firms", [2, 4, 8])
    def test_each_firm_commits_the_user_cost_of_a_tullock_contest(self, firms: int) -> None:
        sigma = np.array([2.0, 4.0, 20.0])
        prize, decisiveness = 2.0 * firms * user_cost(), 1 - 1 / sigma
        values = {"demand_elasticity": 1.0, "substitution": sigma, "service_revenue": prize}
        market = market_of(firms, rational("best_response"), 50, values, record="outcomes")
        committed = user_cost() * firms_of(market).merchant_fleet
        each = decisiveness * (firms - 1) / firms**2 * prize
        np.testing.assert_allclose(committed, np.tile(each, (firms, 1)), rtol=CLOSE)
        together = committed.sum(axis=0) / market.simulation.world.customers.spending[0]
        np.testing.assert_allclose(together, decisiveness * (firms - 1) / firms, rtol=CLOSE)

    def test_revenue_does_not_depend_on_capacity(self) -> None:
        values = {
            "demand_elasticity": 1.0,
            "firm_1.merchant_fleet": np.array([0.1, 1.0, 10.0]),
        }
        for lineup in ("restrain", "escalate", rational("best_response")):
            market = market_of(4, lineup, 20, values, record="series")
            spending = by_quarter(market, "spending")
            np.testing.assert_allclose(spending, THEORY.service_revenue, rtol=EXACT)
            assert np.ptp(by_quarter(market, "compute")[-1]) > 0.1


class TestCartel:
    def test_is_one_monopolist_where_that_has_an_optimum(self) -> None:
        epsilon = np.array([1.5, 2.0, 3.0])
        values = {"demand_elasticity": epsilon, "service_revenue": 16 * user_cost()}
        market = market_of(4, rational("cartel"), 80, values, record="outcomes")
        price = market.simulation.world.customers.service_price[0]
        np.testing.assert_allclose(price, user_cost() / (1 - 1 / epsilon), rtol=CLOSE)

    def test_sells_at_the_choke_price_where_less_always_earns_more(self) -> None:
        """While its fleet, which wears by 5% a quarter, can make what buyers take at that price."""
        epsilon = np.array([0.8, 0.9, 1.0])
        values = {"demand_elasticity": epsilon, "choke_price_ratio": 20.0}
        market = market_of(4, rational("cartel"), 40, values, record="series")
        price = by_quarter(market, "service_price")[1:]
        np.testing.assert_allclose(price, 20.0 * THEORY.service_revenue / 4, rtol=EXACT)
        np.testing.assert_allclose(by_quarter(market, "surplus")[1:], 0.0, atol=EXACT)
        # what buyers take at that price, less what wore out since the cartel looked
        sold = by_quarter(market, "quantity")[1:] / (4 * 20.0**-epsilon)
        assert (sold <= 1 + EXACT).all()
        assert (sold >= 0.95 - EXACT).all()

    def test_stays_at_the_choke_price_once_its_fleet_has_worn_down(self) -> None:
        epsilon = np.array([0.6, 0.9])
        values = {"demand_elasticity": epsilon, "choke_price_ratio": 4.0}
        market = market_of(4, rational("cartel"), 60, values, record="series")
        price = by_quarter(market, "service_price")[1:]
        np.testing.assert_allclose(price, 4.0 * THEORY.service_revenue / 4, rtol=EXACT)
        # it keeps the chips that those sales take, but for a quarter's wear, and no more
        fleet = by_quarter(market, "compute")[-10:] / (4 * 4.0**-epsilon)
        assert (fleet <= 1 + EXACT).all()
        assert (fleet >= 0.95 - EXACT).all()

    def test_earns_more_than_rivals_do(self) -> None:
        values = {"demand_elasticity": np.array([0.8, 1.0, 1.5]), "choke_price_ratio": 20.0}
        earned = {}
        for name in ("cartel", "best_response", "competitive"):
            table = market_of(4, rational(name), 40, values, record="outcomes").outcomes()
            earned[name] = table["hyperscaler_value_to_horizon"].to_numpy()
        assert (earned["cartel"] > earned["best_response"]).all()
        assert (earned["best_response"] > earned["competitive"]).all()


class TestDemand:
    @pytest.mark.parametrize("epsilon", [0.8, 1.0, 1.4, 2.0])
    def test_at_fixed_capacity_efficiency_multiplies_revenue_by_jevons_factor(
        self, epsilon: float
    ) -> None:
        factor = np.array([0.5, 1.0, 3.0, 10.0])
        shock = Efficiency(quarter=5, factor=factor, diffusion=1.0)
        values = {"demand_elasticity": np.full(4, epsilon)}
        market = market_of(4, "restrain", 8, values, shocks=[shock], record="series")
        spending = by_quarter(market, "spending")
        before, after = spending[:5], spending[5:]
        np.testing.assert_allclose(before, THEORY.service_revenue, rtol=EXACT)
        jevons = factor ** (1 - 1 / epsilon)
        np.testing.assert_allclose(after / before[-1], np.tile(jevons, (4, 1)), rtol=EXACT)
        made = by_quarter(market, "quantity")
        np.testing.assert_allclose(made[5:] / made[4], np.tile(factor, (4, 1)), rtol=EXACT)

    def test_consumer_surplus_is_the_area_under_demand(self) -> None:
        """Added up numerically, at prices on both pieces of demand and elasticities around 1."""
        epsilon, addressable, factor = np.array(
            np.meshgrid([0.6, 1.0, 1.4], [1.5, 1e5], [0.5, 1.0, 4.0, 30.0], indexing="ij")
        ).reshape(3, -1)
        shock = Efficiency(quarter=2, factor=factor, diffusion=1.0)
        values = {
            "demand_elasticity": epsilon,
            "addressable_spending": addressable * THEORY.service_revenue,
            "choke_price_ratio": 20.0,
        }
        market = market_of(4, "restrain", 3, values, shocks=[shock], record="series")
        price = by_quarter(market, "service_price")[-1]
        p = price / (THEORY.service_revenue / 4)
        # over log price, each piece of demand by itself
        saturated = THEORY.saturated_elasticity
        kink = np.clip(addressable ** (-1 / (epsilon - saturated)), p, 20.0)
        upper = area(lambda u: 4 * np.exp((1 - epsilon) * u), np.log(kink), np.log(20.0))
        lower = area(
            lambda u: 4 * addressable * np.exp((1 - saturated) * u), np.log(p), np.log(kink)
        )
        expected = (upper + lower) * THEORY.service_revenue / 4
        np.testing.assert_allclose(by_quarter(market, "surplus")[-1], expected, rtol=1e-9)
        assert (upper > 0.0).all()
        assert (lower > 0.0).any()
        assert (lower == 0.0).any()

    @pytest.mark.parametrize("sigma", [1.5, 4.0, 100.0])
    def test_unlike_firms_serve_down_to_their_own_avoidable_cost(self, sigma: float) -> None:
        """Where demand is inelastic, efficiency cuts the price by more than it cuts the cost."""
        factor = np.array([1.0, 1.3, 2.0, 4.0, 10.0])
        power = (0.2, 0.4, 0.6, 0.8)  # kW a chip, at a running cost of the first price a kW
        values = {
            "demand_elasticity": np.full(5, 0.5),
            "saturated_elasticity": 0.4,
            "substitution": sigma,
            "running_cost": THEORY.service_revenue / 4,
            **{f"firm_{i}.merchant_fleet_power": each for i, each in enumerate(power, 1)},
        }
        shock = Efficiency(quarter=2, factor=factor, diffusion=1.0)
        market = market_of(4, "restrain", 3, values, shocks=[shock])
        h, c = firms_of(market), market.simulation.world.customers
        drawn = 1 - (1 - np.array(power)) * 0.95**3  # what wears out is replaced by chips of 1 kW
        cost = THEORY.service_revenue / 4 * drawn[:, None] / factor
        capacity = h.merchant_fleet * factor
        total = (0.25 ** (1 / sigma) * h.services ** (1 - 1 / sigma)).sum(axis=0)
        total = total ** (sigma / (sigma - 1))
        price = THEORY.service_revenue / 4 * (total / 4) ** (-1 / 0.5)
        own = price * (total / (4 * h.services)) ** (1 / sigma)
        np.testing.assert_allclose(c.quantity[0], total, rtol=EXACT)
        np.testing.assert_allclose(h.own_price, own, rtol=CLOSE)
        part = h.services < capacity * (1 - CLOSE)
        np.testing.assert_allclose(own[part], cost[part], rtol=CLOSE)
        assert (own[~part] >= cost[~part] * (1 - CLOSE)).all()
        assert (h.services <= capacity * (1 + EXACT)).all()
        assert part.any(axis=0).tolist() != part.all(axis=0).tolist()  # some firms, not all
        assert not part[:, 0].any()

    MORE = pytest.mark.parametrize(
        ("name", "levels"),
        [("adoption_saturation", [1.0, 1.5, 4.0, 20.0]), ("new_uses", [0.0, 0.2, 0.5, 1.0])],
    )

    @staticmethod
    def with_more(
        lineup: Any, name: str, levels: list[float], epsilons: list[float], spending: list[float]
    ) -> Market:
        """Run all combinations side by side, the levels of demand next to each other."""
        cells = np.array(np.meshgrid(epsilons, spending, levels, indexing="ij")).reshape(3, -1)
        values = {
            "demand_elasticity": cells[0],
            "addressable_spending": cells[1],
            "adoption_growth_per_year": 1.0,
            "algorithmic_progress_per_year": 0.5,
            "hyperscaler.training_share": 0.3,
            "running_cost": 0.25,
            name: cells[2],
        }
        return market_of(4, lineup, 40, values, record="series")

    @staticmethod
    def assert_never_lower(market: Market, levels: int) -> None:
        for column in ("quantity", "spending", "surplus"):
            path = by_quarter(market, column)
            path = path.reshape(len(path), -1, levels)
            lower = path[..., 1:] < path[..., :-1] * (1 - EXACT)
            assert not lower.any(), (column, np.argwhere(lower)[0])
        surplus = by_quarter(market, "surplus")[-1].reshape(-1, levels)
        assert (np.diff(surplus) > 0.0).any()
        assert (surplus[:, -1] > surplus[:, 0]).all()

    @MORE
    @pytest.mark.parametrize("lineup", ["restrain", "escalate"])
    def test_more_of_it_never_lowers_what_given_fleets_sell(
        self, lineup: str, name: str, levels: list[float]
    ) -> None:
        """Quantity, revenue and surplus, on both pieces of demand and with chips switched off."""
        market = self.with_more(lineup, name, levels, [0.8, 1.0, 1.5], [2.0, 4.0, 1e6])
        self.assert_never_lower(market, len(levels))
        assert market.outcomes()["switched_off_share"].max() > 0.05
        elasticity = by_quarter(market, "elasticity")
        assert (elasticity == THEORY.saturated_elasticity).any()
        assert (elasticity != THEORY.saturated_elasticity).any()

    @MORE
    @pytest.mark.parametrize("strategy", ["best_response", "competitive", "cartel"])
    def test_more_of_it_never_lowers_what_firms_that_invest_by_it_sell(
        self, strategy: str, name: str, levels: list[float]
    ) -> None:
        """Off the kinks: there the elasticity falls, and with it what rivals dare to sell."""
        epsilons = [1.3, 1.8] if strategy == "cartel" else [0.8, 1.0, 1.5]
        market = self.with_more(rational(strategy, phi=0.3), name, levels, epsilons, [1e6])
        self.assert_never_lower(market, len(levels))


class TestFleets:
    def test_constant_orders_sustain_a_fleet_of_orders_over_wear(self) -> None:
        lag = np.array([0.0, 0.0, 1.0, 2.0, 2.0, 5.0])
        life = np.array([1.0, 2.0, 1.0, 1.0, 2.0, 1.0])
        values = {"economic_life": life, "delivery_quarters": lag}
        market = market_of(2, ConstantOrders(orders=0.2), 140, values)
        h, wear = firms_of(market), 1 / (4 * life)
        np.testing.assert_allclose(h.merchant_fleet, np.tile(0.2 / wear, (2, 1)), rtol=1e-7)
        np.testing.assert_allclose(h.merchant_on_order, np.tile(0.2 * lag, (2, 1)), rtol=EXACT)
        # and on the way there, nothing arrives before its time
        table = market.series("hyperscaler")
        fleet = table[table.firm == "firm_1"].pivot(
            index="quarter", columns="run", values="merchant_fleet"
        )
        quarters = np.arange(1, 31)[:, np.newaxis]
        arrived = np.maximum(quarters - lag, 0)
        expected = (1 - wear) ** quarters + 0.2 * (1 - (1 - wear) ** arrived) / wear
        np.testing.assert_allclose(fleet.loc[1:30], expected, rtol=1e-10)

    def test_a_restrained_fleet_stays_as_it_is(self) -> None:
        values = {"economic_life": np.array([0.5, 2.0, 5.0, 20.0]), "running_cost": 0.1}
        values |= {"demand_elasticity": 0.8}
        market = market_of(4, "restrain", 40, values)
        fleet = market.series("hyperscaler")["merchant_fleet"]
        np.testing.assert_allclose(fleet, 1.0, rtol=EXACT)
        capex = by_quarter(market, "capex")[1:]
        expected = 4 * CHIP_PRICE / (4 * values["economic_life"])
        np.testing.assert_allclose(capex, np.tile(expected, (40, 1)), rtol=EXACT)

    def test_firms_close_their_share_of_the_log_gap_each_quarter(self) -> None:
        diffusion = np.array([0.0, 0.1, 0.5, 1.0])
        shock = Efficiency(quarter=3, factor=8.0, diffusion=diffusion, leader="firm_2")
        values = {"demand_elasticity": np.full(4, 1.5)}
        market = market_of(3, "restrain", 12, values, shocks=[shock])
        table = market.series("hyperscaler").pivot(
            index="quarter", columns=["firm", "run"], values="efficiency"
        )
        np.testing.assert_array_equal(table.loc[:2], 1.0)
        np.testing.assert_allclose(table["firm_2"].loc[3:], 8.0, rtol=EXACT)
        np.testing.assert_array_equal(table["firm_1"], table["firm_3"])
        gap = np.log(8.0) - np.log(table["firm_1"].loc[3:].to_numpy())
        left = (1 - diffusion) ** np.arange(1, 11)[:, np.newaxis]
        np.testing.assert_allclose(gap, np.log(8.0) * left, rtol=EXACT, atol=EXACT)
        halves = gap[1:, 2] / gap[:-1, 2]
        np.testing.assert_allclose(halves, 0.5, rtol=1e-9)

    def test_without_a_leader_everybody_is_behind_and_all_alike(self) -> None:
        shock = Efficiency(quarter=1, factor=4.0, diffusion=0.25)
        market = market_of(3, "restrain", 4, shocks=[shock])
        table = market.series("hyperscaler").pivot(
            index="quarter", columns="firm", values="efficiency"
        )
        expected = 4.0 ** (1 - 0.75 ** np.arange(5.0))
        np.testing.assert_allclose(table.to_numpy(), np.tile(expected, (3, 1)).T, rtol=EXACT)
