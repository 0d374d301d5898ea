"""Closed forms, reached by simulation on `theory`: no progress, growth, luck, training or lags.

There a chip's user cost is its price x (required return + wear), per quarter, and nothing else
costs anything, so that textbook equilibria can be compared to the last digits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad_vec

from agentsim import Efficiency, Market, Scenario
from agentsim.runoff import value_after
from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    param,
)
from agentsim.strategy.registry import make

THEORY = Scenario.load("theory")
LENDER = THEORY.firms["lender"][0]
CHIP_PRICE = 4.0
CLOSE = 1e-6
EXACT = 1e-12


@dataclass(frozen=True)
class ConstantOrders(HyperscalerStrategy):
    """Order the same number of chips every quarter, whatever happens."""

    orders: float = param(0.1, "M H100e/quarter", "chips to order", 0.0, 10.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        spending = self.orders * (sees.merchant_price + sees.system_cost)
        return HyperscalerChoice(capex_rate=spending / sees.fleet_value)


@dataclass(frozen=True)
class Borrow(HyperscalerStrategy):
    """Replace what wears out, a share of it with borrowed money."""

    debt_share: float = param(1.0, "1", "share of capex put on debt", 0.0, 1.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        return HyperscalerChoice(capex_rate=sees.wear, debt_share=self.debt_share)


def rational(name: str, phi: float = 0.7) -> HyperscalerStrategy:
    """A strategy of the library that expects things to stay as they are, and moves fast."""
    parameters = {"belief": 0.0, "adaptation": 0.0, "reallocation": 0.0, "phi": phi}
    strategy = make("hyperscaler", name, parameters)
    assert isinstance(strategy, HyperscalerStrategy)
    return strategy


def user_cost(price: Any = CHIP_PRICE, required_return: Any = 0.04, life: Any = 5.0) -> Any:
    """What holding a chip costs in a quarter."""
    return price * (required_return / 4 + 1 / (4 * life))


def market_of(
    firms: int, lineup: Any, quarters: int, values: Mapping[str, Any] | None = None, **more: Any
) -> Market:
    """A market on `theory`, run; values that are arrays have one number a run."""
    overrides = dict(values or {})
    runs = max((np.size(value) for value in overrides.values()), default=1)
    scenario = THEORY.with_hyperscalers(firms)
    market = Market(scenario, lineup, runs, 1, horizon=quarters, **more, **overrides)
    return market.run()


def firms_of(market: Market) -> Any:
    return market.simulation.world.hyperscalers


def by_quarter(market: Market, column: str) -> Array:
    """A series of the market as `(quarters, runs)`, the base date first."""
    table = market.series().pivot(index="quarter", columns="run", values=column)
    return np.asarray(table[market.runs])


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


class TestBooks:
    @pytest.mark.parametrize("lineup", ["restrain", "escalate"])
    def test_overstate_assets_only_by_the_life_they_assume(self, lineup: str) -> None:
        book_life = np.array([2.0, 3.0, 3.0 + 1e-9, 4.0, 6.0])
        values = {"economic_life": 3.0, "hyperscaler.book_life": book_life}
        market = market_of(2, lineup, 30, values, record="outcomes")
        overstatement = market.outcomes()["overstatement"].to_numpy()
        assert overstatement[1] == 0.0
        assert (np.diff(overstatement) > 0.0).all()
        assert overstatement[0] < 0.0

    def test_overstatement_is_that_of_declining_balances(self) -> None:
        values = {"economic_life": 2.0, "hyperscaler.book_life": 4.0}
        market = market_of(1, "restrain", 120, values, record="outcomes")
        bought = CHIP_PRICE / 8  # a quarter's wear
        # at rest a balance is what is bought over the rate at which it is written down
        expected = bought * 16 - bought * 8
        np.testing.assert_allclose(market.outcomes()["overstatement"], expected, rtol=1e-3)


class TestLoans:
    def test_a_riskless_one_is_worth_nothing_to_either_side(self) -> None:
        values = {"loan_tenor": np.array([0.25, 1.0, 5.0, 50.0])}
        without = market_of(4, Borrow(debt_share=0.0), 40, values)
        with_debt = market_of(4, Borrow(debt_share=1.0), 40, values)
        borrowed = with_debt.series("hyperscaler").groupby("run")["borrowing"].sum()
        assert (borrowed > 9.0).all()
        for column in ("revenue", "merchant_fleet", "merchant_spend"):  # the same operations
            np.testing.assert_array_equal(
                with_debt.series("hyperscaler")[column], without.series("hyperscaler")[column]
            )
        given, other = with_debt.outcomes(), without.outcomes()
        assert (given["lender_losses"] == 0.0).all()
        scale = borrowed.to_numpy() * 1e-12
        assert (np.abs(given["lender_value"]) <= scale).all()
        assert (np.abs(given["hyperscaler_value"] - other["hyperscaler_value"]) <= scale).all()
        # up to the horizon it is not: then it is still owed
        assert (given["lender_value_to_horizon"].to_numpy()[1:] < -0.1).all()

    def test_old_loans_are_worth_nothing_either(self) -> None:
        values = {"hyperscaler.debt": np.array([0.0, 1.0, 3.0])}
        table = market_of(4, "restrain", 40, values, record="outcomes").outcomes()
        np.testing.assert_allclose(table["lender_value"], 0.0, atol=1e-11)
        value = table["hyperscaler_value"].to_numpy()
        np.testing.assert_allclose(value, value[0], rtol=EXACT)

    def test_a_spread_moves_value_from_borrowers_to_lenders(self) -> None:
        values = {"lender.spread": np.array([0.0, 0.01, 0.05])}
        table = market_of(4, Borrow(), 40, values, record="outcomes").outcomes()
        lenders = table["lender_value"].to_numpy()
        borrowers = table["hyperscaler_value"].to_numpy()
        assert (np.diff(lenders) > 0.1).all()
        np.testing.assert_allclose(lenders + borrowers, borrowers[0], rtol=EXACT)
        np.testing.assert_allclose(lenders[2], 5 * lenders[1], rtol=1e-9)


class TestDefault:
    """firm_1 owes $30bn, due within the quarter, and has nothing; lenders assume another life."""

    VALUES: Mapping[str, Any] = {
        "firm_1.cash": 0.0,
        "firm_1.debt": 30.0,
        "loan_tenor": 0.25,
        "coverage_multiple": 0.0,
        "hyperscaler.fleet_age": 1.0,
        "collateral_life": np.array([0.5, 2.0, 50.0]),
    }

    def test_moves_no_cash(self) -> None:
        """Of three runs that differ in what the collateral is worth alone, all flows agree."""
        market = market_of(4, "restrain", 1, self.VALUES)
        flows = market.ledger.flows().pivot(index="kind", columns="run", values="$bn")
        for run in (1, 2):
            np.testing.assert_array_equal(flows[run], flows[0])
        firm = market.firm("firm_1")
        np.testing.assert_array_equal(firm.defaulted, 1.0)
        assert len(set(firm.written_off)) == 3
        for name in ("cash", "revenue", "interest", "principal", "sweep", "capex"):
            assert np.ptp(getattr(firm, name)) == 0.0, name
        np.testing.assert_array_equal(firm.sweep, 0.0)
        for agent in market.agents:
            if agent.name != "firm_1" and hasattr(agent, "cash"):
                assert np.ptp(agent.cash) == 0.0
        lender = market.firm(LENDER)
        assert np.ptp(lender.funds) == 0.0
        assert np.ptp(lender.payout) == 0.0

    def test_is_no_flow_of_the_ledger(self) -> None:
        market = market_of(4, "restrain", 1, self.VALUES)
        flows = market.ledger.flows()
        received = flows[flows.payee == "hyperscalers"].groupby("run")["$bn"].sum()
        paid = flows[flows.payer == "hyperscalers"].groupby("run")["$bn"].sum()
        cash = firms_of(market).cash.sum(axis=0)
        np.testing.assert_allclose(cash, 3e4 + (received - paid), rtol=EXACT)
        firm = market.firm("firm_1")
        assert (firm.written_off > 10.0).all()

    def test_cuts_debt_to_the_collateral(self) -> None:
        market = market_of(4, "restrain", 1, self.VALUES)
        firm = market.firm("firm_1")
        collateral = CHIP_PRICE * np.maximum(1 - 1 / self.VALUES["collateral_life"], 0.0)
        np.testing.assert_allclose(firm.debt, collateral, rtol=EXACT)
        np.testing.assert_allclose(firm.written_off, 30.0 - firm.principal - firm.debt)
        np.testing.assert_allclose(market.firm(LENDER).outstanding, firm.debt, rtol=EXACT)
        np.testing.assert_allclose(market.firm(LENDER).losses, firm.written_off)

    def test_leaves_debt_alone_that_collateral_covers(self) -> None:
        values = {**self.VALUES, "firm_1.debt": 1.0, "collateral_life": 50.0}
        market = market_of(4, "restrain", 1, values)
        firm = market.firm("firm_1")
        assert firm.defaulted == 1.0
        assert firm.written_off == 0.0
        np.testing.assert_allclose(firm.debt, 1.0 - firm.principal, rtol=EXACT)

    def test_hands_later_cash_to_the_lenders_and_runs_the_fleet_on(self) -> None:
        market = market_of(4, "restrain", 20, self.VALUES)
        table = market.series("hyperscaler")
        mine = table[(table.firm == "firm_1") & (table.run == 0)].set_index("quarter")
        assert mine["lender_owned"].loc[1:].eq(1.0).all()
        assert mine["merchant_fleet"].gt(0.3).all()
        assert mine["revenue"].gt(0.1).all()
        assert mine["sweep"].loc[2:].sum() > 1.0
        others = table[(table.firm != "firm_1") & (table.run == 0)]
        assert others["sweep"].eq(0.0).all()
        assert market.ledger.residual().max() < 1e-12

    def test_leaves_no_ai_cash_to_old_owners_whatever_its_sign(self) -> None:
        """Where shells are paid for that earn nothing, the lenders that own them pay."""
        values = {
            **self.VALUES,
            "shell_quarters": 8,
            "shell_cost": 40.0,
            "hyperscaler.shells_building": 3.0,
            "hyperscaler.merchant_fleet_power": 0.1,
            "firm_1.core_cash": 2.0,
        }
        market = market_of(4, "restrain", 8, values)
        table = market.series("hyperscaler").query("firm == 'firm_1'")
        owned = table.query("lender_owned == 1 and quarter > 1 and defaulted == 0")
        ai = owned["revenue"] - owned["running"] - owned["capex"] - owned["design_spend"]
        ai += owned["borrowing"] - owned["interest"] - owned["principal"]
        assert (ai < -0.01).any()
        assert (owned["support"] > 0.01).any()
        np.testing.assert_allclose(ai, owned["sweep"] - owned["support"], atol=1e-12)
        first = market_of(4, "restrain", 1, values)  # the quarter of the default
        value, then = (each.simulation.ledger.values.hyperscalers[0] for each in (market, first))
        np.testing.assert_allclose(value, then, atol=1e-9)

    def test_of_less_than_rounding_is_none_and_of_a_little_money_is_one(self) -> None:
        """Half a million dollars short is a default; a hundredth of a cent is not."""
        nothing = "scaled(multiple=0)"  # orders no chips, so that all cash is there for the debt
        market = market_of(4, nothing, 1, self.VALUES)
        told = market.scenario
        rate = told.funding_rate_per_year + told[f"{LENDER}.spread"] + told["firm_1.credit_premium"]
        firm = market.firm("firm_1")
        lacks = 30.0 * (1.0 + rate / 4.0) - firm.interest[0] - firm.principal[0]
        for short, defaults in ((5e-4, 1.0), (1e-12, 0.0), (-5e-4, 0.0)):
            values = {**self.VALUES, "firm_1.cash": lacks - short}
            found = market_of(4, nothing, 1, values).firm("firm_1").defaulted
            assert (found == defaults).all(), short

    def test_leaves_what_the_run_off_costs_to_the_lenders_too(self) -> None:
        """Shells under way that cost more than the fleet will ever earn are no burden to others."""
        values = {
            **self.VALUES,
            "firm_1.debt": 400.0,
            "firm_1.core_cash": 50.0,
            "shell_quarters": 8,
            "shell_cost": 400.0,
            "hyperscaler.shells_building": 3.0,
            "hyperscaler.merchant_fleet_power": 0.1,
        }
        simulation = market_of(4, "restrain", 3, values).simulation
        assert (simulation.world.hyperscalers.lender_owned[0] == 1.0).all()
        before, after = simulation.ledger.values, simulation.ledger.values.copy()
        value_after(simulation.world.copy(), after, simulation.ledger.discount)
        np.testing.assert_allclose(after.hyperscalers[0], before.hyperscalers[0], atol=EXACT)
        assert (after.lenders < before.lenders - 1.0).all()

    def test_leaves_nothing_to_old_owners_in_the_run_off(self) -> None:
        market = market_of(4, "restrain", 6, self.VALUES)
        simulation = market.simulation
        before, after = simulation.ledger.values, simulation.ledger.values.copy()
        value_after(simulation.world.copy(), after, simulation.ledger.discount)
        np.testing.assert_allclose(after.hyperscalers[0], before.hyperscalers[0], atol=EXACT)
        assert (after.lenders > before.lenders + 1.0).all()
        assert (after.hyperscalers[1:] > before.hyperscalers[1:] + 1.0).all()
