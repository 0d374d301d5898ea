"""The same numbers, always: run i is bit for bit the same alone and in any company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agentsim import Efficiency, Market, Scenario
from agentsim.parameters import ROLES
from agentsim.strategy import (
    Array,
    FirmView,
    HyperscalerChoice,
    HyperscalerRule,
    HyperscalerStrategy,
    HyperscalerView,
    Memory,
    clip,
    param,
)
from agentsim.strategy.registry import followed, make

ENTROPY = 20251231
QUARTERS = 12
MANY = 1000
FEW = 21
ELASTICITIES = (0.5, 1.0, 2.0, 3.0)
SUBSTITUTIONS = (2.0, 3.0)


@dataclass(frozen=True)
class Whim(HyperscalerStrategy):
    """Spend by the roll of dice, which it remembers."""

    spread: float = param(0.1, "1/quarter", "standard deviation of the capex rate", 0.0, 1.0)

    def remember(self) -> Memory:
        return {"mood": 0.0}

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        mood = 0.5 * sees.memory["mood"] + sees.draw("mood")
        rate = clip(sees.wear + self.spread * (mood + 0.3 * sees.draw("day")), 0.0, 2.0)
        return HyperscalerChoice(capex_rate=rate, debt_share=0.3), {"mood": mood}


@dataclass(frozen=True)
class Gambler(HyperscalerRule):
    """The same in plain numbers, one firm and run at a time."""

    def decide(self, sees: FirmView) -> HyperscalerChoice:
        rate = max(sees.wear + 0.1 * sees.draw("day"), 0.0)
        return HyperscalerChoice(capex_rate=min(rate, 2.0))


@dataclass(frozen=True)
class World:
    """What is simulated, for runs 0 to `MANY` - 1: values that are arrays have one number a run."""

    scenario: Scenario
    values: Mapping[str, Any]
    lineup: Any
    shock: Mapping[str, Any]

    def outcomes(self, runs: Sequence[int]) -> pd.DataFrame:
        """Simulate some of the runs together."""
        chosen = np.asarray(runs)
        values = {name: _take(value, chosen) for name, value in self.values.items()}
        shock = {name: _take(value, chosen) for name, value in self.shock.items()}
        market = Market(
            self.scenario,
            {firm: _taken(strategy, chosen) for firm, strategy in self.lineup.items()},
            [int(run) for run in chosen],
            ENTROPY,
            horizon=QUARTERS,
            shocks=[Efficiency(quarter=4, **shock)],
            record="outcomes",
            **values,
        )
        return market.run().outcomes().set_index("run")


def _take(value: Any, runs: Array) -> Any:
    return value[runs] if isinstance(value, np.ndarray) else value


def _taken(strategy: Any, runs: Array) -> Any:
    """A strategy with the numbers of some runs, where it has one a run."""
    if not isinstance(strategy, HyperscalerStrategy):
        return strategy
    arrays = {k: v[:, runs] for k, v in vars(strategy).items() if isinstance(v, np.ndarray)}
    return replace(strategy, **arrays) if arrays else strategy


def per_run(*choices: float, every: int = 1) -> Array:
    """The choices in turn, each for `every` runs."""
    return np.array(choices)[(np.arange(MANY) // every) % len(choices)]


def six_firms() -> World:
    """The calibrated market with every marked range drawn, all strategies, poor firms."""
    base = Scenario.load("2025Q4")
    drawn = base.draw(MANY, ENTROPY)
    del drawn["demand_elasticity"]
    values = {
        **drawn,
        "demand_elasticity": per_run(*ELASTICITIES),
        "saturated_elasticity": per_run(0.3, 0.45, every=3),
        "substitution": per_run(*SUBSTITUTIONS, every=4),
        "delivery_quarters": per_run(0, 2, 3, every=2),
        "shell_quarters": per_run(6, 4, 7, every=5),
        "memory_quarters": per_run(6, 0, every=3),
        "foundry_quarters": per_run(0, 5, every=7),
        "running_cost": per_run(0.15, 0.15, 2.5),
        "coreweave.cash": per_run(0.0, 3.0),
        "coreweave.debt": per_run(60.0, 20.0, every=2),
        "oracle.cash": 1.0,
    }
    lineup: dict[str, Any] = {}
    for role in ROLES:
        for firm, name in zip(base.firms[role], _cycle(followed(role)), strict=False):
            lineup[firm] = name
    steps = per_run(0.01, 0.05, 0.1).reshape(1, -1)
    steps.flags.writeable = False
    lineup["meta"] = make("hyperscaler", "escalate", {"step": steps})
    lineup["amazon"] = Whim()
    lineup["alphabet"] = Whim(spread=0.05)
    lineup["coreweave"] = "escalate(debt_share=0.5)"
    shock = {"factor": per_run(1.0, 10.0, 45.0, every=2), "diffusion": per_run(0.3, 1.0)}
    return World(base, values, lineup, shock)


def _cycle(names: Sequence[str]) -> list[str]:
    return [names[i % len(names)] for i in range(64)]


def many_firms(firms: int) -> World:
    """Firms alike at first, on `theory`, set apart by luck, strategies and running cost."""
    base = Scenario.load("theory").with_hyperscalers(firms)
    names = ("match", "escalate", "best_response", "cartel", "restrain", "scaled", "competitive")
    lineup: dict[str, Any] = dict(zip(base.firms["hyperscaler"], _cycle(names), strict=False))
    lineup["firm_2"], lineup["firm_5"] = Whim(), Whim(spread=0.3)
    values = {
        "demand_elasticity": per_run(*ELASTICITIES),
        "saturated_elasticity": 0.3,
        "substitution": per_run(*SUBSTITUTIONS, every=4),
        "addressable_spending": per_run(3.0, 1e6, every=8),
        "demand_noise": 0.1,
        "demand_persistence": 0.5,
        "quality_noise": 0.2,
        "quality_exponent": 1.0,
        "hyperscaler.training_share": 0.2,
        "running_cost": per_run(0.0, 0.1, 0.6),
        "delivery_quarters": per_run(0, 1, 3, every=5),
        "firm_1.debt": per_run(0.0, 5.0, 30.0, every=3),
        "firm_1.cash": per_run(0.0, 0.2),
        "firm_3.cash": 0.1,
        "loan_tenor": 1.0,
        "coverage_multiple": 3.0,
        "foundry_capacity": per_run(1e6, 0.3, every=4),
    }
    shock = {"factor": per_run(1.0, 10.0, 45.0, every=2), "diffusion": 0.5, "leader": "firm_4"}
    return World(base, values, lineup, shock)


WORLDS = {"6": six_firms, "8": lambda: many_firms(8), "12": lambda: many_firms(12)}


@pytest.fixture(scope="module", params=sorted(WORLDS))
def case(request: pytest.FixtureRequest) -> tuple[World, pd.DataFrame]:
    """A world, and the outcomes of its thousand runs simulated together."""
    world = WORLDS[request.param]()
    return world, world.outcomes(range(MANY))


def assert_same_bits(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """All outcomes of the runs of `one` are to the last bit those in `other`."""
    assert list(one.columns) == list(other.columns)
    other = other.loc[one.index]
    numbers = [name for name in one.columns if name != "status"]
    left = np.ascontiguousarray(one[numbers].to_numpy(np.float64)).view(np.uint64)
    right = np.ascontiguousarray(other[numbers].to_numpy(np.float64)).view(np.uint64)
    differ = np.argwhere(left != right)
    where = [(one.index[run], numbers[column]) for run, column in differ[:3]]
    assert not len(differ), f"{len(differ)} differ, such as (run, outcome) {where}"
    assert (one["status"] == other["status"]).all()


Case = tuple[World, pd.DataFrame]


def test_the_thousand_runs_meet_defaults_shut_down_and_more(case: Case) -> None:
    """Else the tests below would compare quiet markets only."""
    _, together = case
    assert (together["status"] == "ok").all()
    for name in ("defaults", "switched_off_share", "lender_losses"):
        assert 10 < (together[name] > 0.0).sum() < MANY, name
    assert together["total_surplus"].nunique() > 0.99 * MANY
    few = together.loc[:FEW]
    assert (few["defaults"] > 0.0).any()
    assert (few["switched_off_share"] > 0.0).any()
    assert (few["defaults"] == 0.0).any()


def test_a_run_is_the_same_alone(case: Case) -> None:
    world, together = case
    for run in (*range(8), 512, MANY - 1):
        assert_same_bits(world.outcomes([run]), together)


def test_a_run_is_the_same_in_chunks_of_seven(case: Case) -> None:
    world, together = case
    for first in range(0, FEW, 7):
        assert_same_bits(world.outcomes(range(first, first + 7)), together)


def test_a_run_is_the_same_in_any_order(case: Case) -> None:
    world, together = case
    order = np.random.default_rng(1).permutation(MANY)
    assert_same_bits(world.outcomes(order[:40].tolist()), together)


@pytest.mark.parametrize("sigma", SUBSTITUTIONS)
@pytest.mark.parametrize("epsilon", ELASTICITIES)
@pytest.mark.parametrize("calibration", ["2025Q4", "theory"])
def test_a_value_shared_by_all_runs_is_the_same_as_one_a_run(
    calibration: str, epsilon: float, sigma: float
) -> None:
    """Numbers shared by all runs and arrays of one number a run take different paths in NumPy."""
    firms = Scenario.load(calibration)
    if calibration == "theory":
        firms = firms.with_hyperscalers(8)
    values = {
        "demand_elasticity": epsilon,
        "substitution": sigma,
        "saturated_elasticity": 0.3,
        "training_exponent": 0.5,
        "delivery_quarters": 1.0,
        "demand_noise": 0.2,
        "running_cost": 0.5,
        "hyperscaler.training_share": 0.2,
        "hyperscaler.cash": 1.0,
    }
    tables = []
    for runs in (1, 7):
        for given in (values, {name: np.full(runs, value) for name, value in values.items()}):
            market = Market(firms, "escalate", runs, 3, horizon=5, record="outcomes", **dict(given))
            tables.append(market.run().outcomes().set_index("run"))
    alone, alone_by_run, seven, seven_by_run = tables
    assert_same_bits(alone_by_run, alone)
    assert_same_bits(seven_by_run, seven)
    assert_same_bits(alone, seven)


@pytest.mark.parametrize("posture", followed("hyperscaler"))
def test_every_posture_keeps_its_bits(posture: str) -> None:
    def outcomes(runs: list[int]) -> pd.DataFrame:
        market = Market(
            "2025Q4",
            posture,
            runs,
            ENTROPY,
            horizon=8,
            record="outcomes",
            demand_elasticity=per_run(*ELASTICITIES)[runs],
            substitution=per_run(*SUBSTITUTIONS, every=4)[runs],
            saturated_elasticity=0.4,
        )
        return market.run().outcomes().set_index("run")

    together = outcomes(list(range(9)))
    assert_same_bits(outcomes([4]), together)
    assert_same_bits(outcomes([7, 2]), together)


class TestLuck:
    """Random numbers depend on entropy, run, quarter, name and firm, and on nothing else."""

    @staticmethod
    def market(lineup: Any, runs: Any = 3, rng: int = 5, **values: Any) -> Market:
        given = {"horizon": 6, "record": "firms", **values}
        return Market("2025Q4", lineup, runs, rng, **given).run()

    @staticmethod
    def moods(market: Market, *firms: str) -> Array:
        """What the firms that follow Whim remember, `(firms, runs)`."""
        for asked in market.simulation.asking.groups["hyperscaler"]:
            if isinstance(asked.group.strategy, Whim):
                rows = [asked.firms.index(firm) for firm in firms]
                return np.asarray(asked.memory["mood"][rows])
        raise AssertionError("nobody follows Whim")

    def test_does_not_shift_with_the_lineup(self) -> None:
        noise = self.market("restrain").series()["noise"].to_numpy()
        assert len(set(noise)) > 10
        for lineup in ("escalate", "match", "cartel", Whim(), {"nvidia": "best_response"}):
            other = self.market(lineup).series()["noise"].to_numpy()
            np.testing.assert_array_equal(other, noise)

    def test_in_training_does_not_shift_with_the_lineup(self) -> None:
        """Quality is moved by luck alone where training is the same."""
        quality = [
            self.market(lineup, horizon=1, delivery_quarters=2)
            .series("hyperscaler")["quality"]
            .to_numpy()
            for lineup in ("restrain", "escalate", Whim())
        ]
        np.testing.assert_array_equal(quality[1], quality[0])
        np.testing.assert_array_equal(quality[2], quality[0])

    def test_does_not_shift_with_treatment_or_horizon(self) -> None:
        noise = self.market("match").series().set_index(["run", "quarter"])["noise"]
        shock = Efficiency(quarter=2, factor=10.0)
        treated = self.market(
            "match", shocks=[shock], horizon=9, substitution=3.0, running_cost=1.0
        )
        other = treated.series().set_index(["run", "quarter"])["noise"].loc[noise.index]
        np.testing.assert_array_equal(other, noise)

    def test_differs_by_run_quarter_and_entropy(self) -> None:
        noise = self.market("match", demand_persistence=0.0).series()
        noise = noise[noise.quarter > 0]["noise"]
        assert noise.nunique() == len(noise)
        other = self.market("match", rng=6, demand_persistence=0.0).series()
        assert not set(other[other.quarter > 0]["noise"]) & set(noise)

    def test_of_a_strategy_is_the_firms_own_whoever_else_draws(self) -> None:
        alone = self.moods(self.market({"meta": Whim()}), "meta")
        with_others = self.moods(self.market(Whim()), "meta")
        np.testing.assert_array_equal(with_others, alone)
        beside = self.moods(self.market({"oracle": Whim(), "meta": Whim(spread=0.01)}), "meta")
        np.testing.assert_array_equal(beside, alone)
        oracle = self.moods(self.market(Whim()), "oracle")
        assert not set(oracle.ravel()) & set(alone.ravel())

    def test_of_a_strategy_is_the_same_in_any_chunk(self) -> None:
        together = self.moods(self.market(Whim(), runs=20), "meta", "oracle")
        for runs in ([3], [3, 17], [17, 4, 3]):
            some = self.moods(self.market(Whim(), runs=runs), "meta", "oracle")
            np.testing.assert_array_equal(some, together[:, runs])

    def test_of_a_strategy_in_plain_numbers_is_the_same_in_any_chunk(self) -> None:
        together = self.market(Gambler(), runs=8).outcomes().set_index("run")
        assert together["capex"].nunique() == 8
        for runs in ([3], [6, 1, 3]):
            assert_same_bits(
                self.market(Gambler(), runs=runs).outcomes().set_index("run"), together
            )


@pytest.mark.parametrize("record", ["outcomes", "series", "firms"])
def test_what_is_kept_changes_no_number(record: Any) -> None:
    tables = [
        Market("2025Q4", "escalate", 3, 2, horizon=8, record=kept).run().outcomes().set_index("run")
        for kept in ("outcomes", record)
    ]
    assert_same_bits(*tables)


def test_looking_at_outcomes_on_the_way_changes_no_number() -> None:
    straight = Market("2025Q4", "match", 3, 2, horizon=8).run()
    watched = Market("2025Q4", "match", 3, 2, horizon=8)
    while watched.running:
        watched.step()
        watched.outcomes()
        watched.series()
        watched.explain("oracle", watched.quarter, run=1)
    assert_same_bits(watched.outcomes().set_index("run"), straight.outcomes().set_index("run"))


def test_the_same_market_twice_has_the_same_bits() -> None:
    one, two = (Market("2025Q4", Whim(), 5, 11, horizon=8).run() for _ in range(2))
    assert_same_bits(one.outcomes().set_index("run"), two.outcomes().set_index("run"))
    pd.testing.assert_frame_equal(one.series("lender"), two.series("lender"), check_exact=True)
