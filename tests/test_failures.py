"""Runs that go wrong, and those beside them, which must not notice."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from agentsim import AgentsimError, Market
from agentsim.lineup import resolve
from agentsim.scenario import Scenario
from agentsim.simulation import Simulation
from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorRule,
    HyperscalerChoice,
    HyperscalerRule,
    HyperscalerStrategy,
    LenderChoice,
    LenderRule,
    MemoryMakerChoice,
    MemoryMakerRule,
    param,
    with_values,
)

NEVER = 99.0
RUNS = [10, 11, 12, 13]
FAULTS = np.array([[NEVER, 4.0, NEVER, 2.0]])  # of RUNS
FIRST = {  # the second firm of each role
    "hyperscaler": "alphabet",
    "chip_vendor": "amd",
    "memory_maker": "samsung",
    "lender": "asset_backed_fund",
}


def fails(rule, sees):
    return sees.row == 1 and sees.quarter >= rule.fault


@dataclass(frozen=True)
class Buyer(HyperscalerRule):
    """Replace wear, the more the longer it lasts; fail for one firm from `fault` on."""

    fault: float = param(NEVER, "quarter", "first quarter in which it fails", 0.0, NEVER)

    def remember(self):
        return {"asked": 0.0}

    def decide(self, sees):
        if fails(self, sees):
            raise RuntimeError("out of\nideas")
        asked = sees.memory["asked"] + 1.0
        return HyperscalerChoice(capex_rate=sees.wear * (1.0 + 0.01 * asked)), {"asked": asked}


@dataclass(frozen=True)
class Vendor(ChipVendorRule):
    """Hold the price; fail for one firm from `fault` on."""

    fault: float = param(NEVER, "quarter", "first quarter in which it fails", 0.0, NEVER)

    def decide(self, sees):
        return ChipVendorChoice(price="much" if fails(self, sees) else sees.price)


@dataclass(frozen=True)
class Maker(MemoryMakerRule):
    """Expand a little; fail for one firm from `fault` on."""

    fault: float = param(NEVER, "quarter", "first quarter in which it fails", 0.0, NEVER)

    def decide(self, sees):
        return None if fails(self, sees) else MemoryMakerChoice(expansion=0.02)


@dataclass(frozen=True)
class Bank(LenderRule):
    """Keep the terms; fail for one firm from `fault` on."""

    fault: float = param(NEVER, "quarter", "first quarter in which it fails", 0.0, NEVER)

    def decide(self, sees):
        spread = sees.no_such_field if fails(self, sees) else sees.base_spread
        return LenderChoice(spread, sees.base_advance_rate, sees.base_deployed)


RULES = {
    "hyperscaler": (Buyer(), "RuntimeError: out of ideas"),
    "chip_vendor": (Vendor(), "ValueError: could not convert"),
    "memory_maker": (Maker(), "TypeError: decide must return a MemoryMakerChoice"),
    "lender": (Bank(), "AttributeError: LenderView does not show 'no_such_field'"),
}


@dataclass(frozen=True)
class Arrays(HyperscalerStrategy):
    """Fail for all runs at once, in what it calls."""

    fault: float = param(3.0, "quarter", "first quarter in which it fails", 0.0, NEVER)

    def choose(self, sees):
        if sees.quarter >= self.fault:
            return np.ones(3) + np.ones(4)  # the line that fails
        return HyperscalerChoice(capex_rate=sees.wear)


def market(lineup, runs=RUNS, errors="raise", horizon=6, **given):
    return Market("2025Q4", lineup, runs, 7, horizon=horizon, errors=errors, **given)


def faulty(role):
    return {role: with_values(RULES[role][0], {"fault": FAULTS})}


def line_that_fails():
    with open(__file__) as file:
        return next(
            number for number, line in enumerate(file, 1) if "# the line that fails" in line
        )


def refused(work):
    with pytest.raises(AgentsimError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value), caught.value


@pytest.mark.parametrize("role", RULES)
def test_a_rule_that_raises_fails_the_run_and_no_other(role):
    made = market(faulty(role), errors="mark").run()
    what = f"failed for {FIRST[role]}: {RULES[role][1]}"
    for column, quarter in ((1, 4), (3, 2)):
        assert made.status[column].startswith(f"failed in quarter {quarter}: strategy ")
        assert what in made.status[column]
        assert "tests/test_failures.py:" in made.status[column]
        assert "\n" not in made.status[column]
    assert made.status[0] == made.status[2] == "ok"
    sound = market({role: RULES[role][0]}, [10, 12]).run()
    for table in ("outcomes", "series"):
        one, other = getattr(made, table)(), getattr(sound, table)()
        beside = one[one["run"].isin([10, 12])].reset_index(drop=True)
        pd.testing.assert_frame_equal(beside, other, check_exact=True)
    failed = made.outcomes().query("run in [11, 13]")
    assert failed.drop(columns=["run", "status", "quarters"]).isna().all(axis=None)


@pytest.mark.parametrize("role", RULES)
def test_a_rule_that_raises_is_named_with_the_number_of_the_run(role):
    text, error = refused(market(faulty(role)).run)
    assert text.startswith("run 13, quarter 2: strategy ")
    assert f"failed for {FIRST[role]}: {RULES[role][1]}" in text
    assert type(error.__cause__).__name__ == RULES[role][1].partition(":")[0]


def test_what_a_failed_run_chooses_is_the_least_that_there_is():
    made = market(faulty("hyperscaler"), errors="mark").run()
    chosen = made.simulation.chosen.hyperscaler
    assert chosen["capex_rate"][1].tolist()[1::2] == [0.0, 0.0]
    assert (chosen["capex_rate"][1, ::2] > 0.0).all()
    assert (chosen["capex_rate"][0] > 0.0).all()


def test_a_failed_run_is_explained_as_failed():
    made = market(faulty("hyperscaler"), errors="mark").run()
    told = made.explain("alphabet", 4, run=11)
    assert told.clipped["run"] == made.status[1]
    assert told.chose["capex_rate"] == 0.0
    assert "run" not in made.explain("alphabet", 3, run=11).clipped


def test_each_run_is_told_its_own_mistake():
    @dataclass(frozen=True)
    class Greedy(HyperscalerRule):
        """Order more than can be ordered."""

        rate: float = param(0.1, "1/quarter", "rate", 0.0, 99.0)

        def decide(self, sees):
            return HyperscalerChoice(capex_rate=self.rate)

    greedy = with_values(Greedy(), {"rate": [5.0, 0.1, 7.0, 0.1]})
    made = market(greedy, errors="mark").run()
    assert "capex_rate = 5;" in made.status[0]
    assert "capex_rate = 7;" in made.status[2]
    text, _ = refused(market(greedy, runs=[4, 3, 2, 1]).run)
    assert text.startswith("run 4, quarter 1: ")


def test_an_error_on_arrays_is_told_with_its_line():
    text, error = refused(market({"meta": Arrays()}).run)
    for part in ("quarter 3: strategy arrays failed for meta: ValueError: ", "(3,) (4,)"):
        assert part in text
    assert text.endswith(f"tests/test_failures.py:{line_that_fails()})")
    assert isinstance(error.__cause__, ValueError)


def test_an_error_on_arrays_marks_all_runs_and_the_market_goes_on():
    made = market(Arrays(), errors="mark").run()
    assert made.quarter == 6
    for status in made.status:
        assert status.startswith("failed in quarter 3: strategy arrays failed for microsoft, ")
        assert "\n" not in status
    assert made.outcomes()["total_surplus"].isna().all()


def test_batches_are_told_of_what_concerns_all_runs():
    """They take cells apart then, one of which may be at fault for all."""
    scenario = Scenario.load("theory")
    lineup = resolve(Arrays(), scenario.firms)
    simulation = Simulation(scenario, lineup, np.arange(2), 1, horizon=4, errors="mark_runs")
    text, _ = refused(simulation.run)
    assert text.startswith("quarter 3: strategy arrays failed for firm_1, ")
    by_run = resolve(with_values(Buyer(), {"fault": [NEVER, 2.0]}), scenario.firms)
    simulation = Simulation(scenario, by_run, np.arange(2), 1, horizon=4, errors="mark_runs")
    simulation.run()
    assert [str(status)[:19] for status in simulation.status] == ["ok", "failed in quarter 2"]


def test_a_strategy_that_asks_another_does_not_take_its_answer_for_its_own():
    @dataclass(frozen=True)
    class Double(HyperscalerStrategy):
        """Order twice what another would."""

        def choose(self, sees):
            return HyperscalerChoice(2.0 * Asked().choose(sees)[0].capex_rate)

    @dataclass(frozen=True)
    class Asked(HyperscalerRule):
        """Fail in one quarter."""

        def decide(self, sees):
            return HyperscalerChoice(0.1 / (sees.quarter - 2))

    made = market(Double(), errors="mark").run()
    assert all(status.startswith("failed in quarter 1") for status in made.status)


def test_what_is_no_choice_at_all_concerns_all_runs():
    @dataclass(frozen=True)
    class Mute(HyperscalerStrategy):
        """Say nothing."""

        def choose(self, sees):
            return None

    text, _ = refused(market(Mute()).run)
    assert text == "quarter 1: strategy mute returned NoneType; return a HyperscalerChoice"
    made = market(Mute(), errors="mark").run()
    assert all("returned NoneType" in status for status in made.status)


def test_a_memory_that_cannot_be_made_is_told_when_the_market_is_built():
    @dataclass(frozen=True)
    class Forgetful(HyperscalerStrategy):
        """Fail to remember."""

        def remember(self):
            return {"x": 1 / 0}

        def choose(self, sees):
            return HyperscalerChoice(0.1)

    text, _ = refused(lambda: market(Forgetful()))
    assert "strategy forgetful failed for remember(): ZeroDivisionError" in text


def test_a_market_does_not_go_on_from_half_a_quarter():
    made = market(Arrays())
    refused(made.run)
    for ask in (made.run, made.step, made.outcomes):
        text, _ = refused(ask)
        assert "quarter 3 was left half done" in text
    assert made.steps == 3
    assert made.series()["quarter"].max() == 2
