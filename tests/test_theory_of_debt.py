"""Books, loans and default by closed forms, reached by simulation on `theory`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from theory import CHIP_PRICE, EXACT, THEORY, firms_of, market_of

from agentsim.runoff import value_after
from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    param,
)

LENDER = THEORY.firms["lender"][0]


@dataclass(frozen=True)
class Borrow(HyperscalerStrategy):
    """Replace what wears out, a share of it with borrowed money."""

    debt_share: float = param(1.0, "1", "share of capex put on debt", 0.0, 1.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        return HyperscalerChoice(capex_rate=sees.wear, debt_share=self.debt_share)


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
