"""The run-off in blocks stands for all its quarters, one by one."""

import numpy as np
import pytest

from agentsim import runoff
from agentsim.laws.numerics import ordered_sum, quiet
from agentsim.laws.power import working_share
from agentsim.lineup import resolve
from agentsim.scenario import Scenario
from agentsim.simulation import Simulation
from agentsim.steps.power import open_shells, wear_and_arrive
from agentsim.steps.services import services_clear

RUNS = 40


def quarter_by_quarter(w, values, discount):
    """Add the run-off to values: a quarter at a time, the last one in part, until 2% are left."""
    h = w.hyperscalers
    as_is = {"withheld": w.none, "training_share": h.training_share}
    nobody_trains = np.full_like(h.cash, -np.inf)
    per_quarter = 1.0 / (1.0 + w.rates.funding)
    worth, at_horizon = np.zeros_like(h.cash), discount
    for _ in range(int(np.max(w.last_arrival))):
        h.shell_spend = w.shells_in_payment * w.rates.shell_instalment
        wear_and_arrive(w)
        open_shells(w)
        services_clear(w, as_is, nobody_trains)
        discount = discount * per_quarter
        worth += discount * runoff._add(w, values, discount)
    h.shell_spend = w.none
    quarters = np.log(runoff.LEFT) / np.log1p(-w.rates.wear)
    for quarter in range(int(np.ceil(quarters.max()))):
        for name in runoff.FLEETS:
            setattr(h, name, getattr(h, name) * (1.0 - w.rates.wear))
        h.shells = h.shells * (1.0 - w.rates.shell_wear)
        h.working_share = working_share(h.shells, h.merchant_power + h.custom_power)
        services_clear(w, as_is, nobody_trains)
        discount = discount * per_quarter
        weight = discount * np.clip(quarters - quarter, 0.0, 1.0)
        worth += weight * runoff._add(w, values, weight)
    runoff._settle(w, values, worth, at_horizon)


@pytest.mark.parametrize("lineup", ["restrain", "best_response", "escalate"])
def test_blocks_are_worth_what_their_quarters_are(lineup):
    drawn = np.random.default_rng(0).uniform
    scenario = Scenario.load("2025Q4").replace(
        economic_life=drawn(2.0, 6.0, RUNS),
        demand_elasticity=drawn(0.8, 2.0, RUNS),
        substitution=drawn(2.0, 10.0, RUNS),
    )
    sim = Simulation(scenario, resolve(lineup, scenario.firms), np.arange(RUNS), 1, (), horizon=24)
    sim.run()
    before = sim.ledger.values
    blocks, quarters = before.copy(), before.copy()
    with quiet():
        runoff.value_after(sim.world.copy(), blocks, sim.ledger.discount)
        quarter_by_quarter(sim.world.copy(), quarters, sim.ledger.discount)
    surplus, revenue = quarters.surplus - before.surplus, quarters.revenue - before.revenue
    for off in (
        (blocks.surplus - quarters.surplus) / surplus,
        (blocks.revenue - quarters.revenue) / revenue,
        ordered_sum(blocks.hyperscalers - quarters.hyperscalers) / revenue,
    ):
        assert np.abs(off).max() < 0.01
        assert np.abs(off.mean()) < 0.002
