"""A quarter makes so many calls and no more: what one market costs, and small chunks as well.

Counted and not timed, so that the machine does not matter. With few runs the calls are the cost;
at 1,000 runs they are still about half of it. Whoever goes over a budget for a reason raises it.
"""

import sys

import numpy as np
import pytest

from agentsim.lineup import resolve
from agentsim.market import Market
from agentsim.scenario import Scenario
from agentsim.simulation import Simulation

QUARTERS = 8  # as many as luck is drawn for at once
HEADROOM = 1.25


def calls(work):
    """Number of calls, of Python and C functions, that `work` makes."""
    made = 0

    def count(frame, event, function):
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return made


def simulation(lineup):
    scenario = Scenario.load("2025Q4")
    return Simulation(
        scenario, resolve(lineup, scenario.firms), np.arange(1), 1, (), horizon=QUARTERS
    )


def advance(steps):
    for _ in range(QUARTERS):
        steps.step()


# Calls a quarter as they were when this was written.
@pytest.mark.parametrize(
    ("lineup", "made"),
    [("calibrated", 1200), ("escalate", 1170), ("match", 1160), ("best_response", 1400)],
)
def test_a_quarter_keeps_to_its_calls(lineup, made):
    advance(simulation(lineup))  # what is kept between markets is kept now
    steps = simulation(lineup)
    assert calls(lambda: advance(steps)) / QUARTERS <= HEADROOM * made


def test_outcomes_keep_to_their_calls():
    sim = simulation("calibrated")
    advance(sim)
    assert calls(sim.outcomes) <= HEADROOM * 4200


def test_a_market_that_records_its_firms_keeps_to_its_calls():
    Market("2025Q4", rng=1, horizon=QUARTERS).run()
    assert calls(lambda: Market("2025Q4", rng=1, horizon=QUARTERS).run()) <= HEADROOM * 24_000
