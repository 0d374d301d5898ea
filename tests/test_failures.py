"""Runs that go wrong, and those beside them, which must not notice."""

import gc
import weakref
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from agentsim import AgentsimError, Market
from agentsim.failures import CulpritsError
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


# What fails for all runs at once because of some of them ------------------------------------------

MANY = list(range(20, 32))


@dataclass(frozen=True)
class Seeing(HyperscalerStrategy):
    """Fail where services have become cheap."""

    def choose(self, sees):
        if (sees.service_price < 0.34).any():
            raise RuntimeError(f"{sees.service_price.min()!r} is too cheap")
        return HyperscalerChoice(capex_rate=sees.wear * np.exp(0.8 * sees.draw("mood")))


@dataclass(frozen=True)
class Industrious(HyperscalerStrategy):
    """Fail where one of all firms has grown; say how many were looked at."""

    def choose(self, sees):
        grown = sees.industry.capex_rate > 0.11
        if grown.any():
            raise RuntimeError(f"{grown.sum()} of {grown.size} in {grown.shape}")
        return HyperscalerChoice(capex_rate=0.1 + 0.005 * sees.draw("growth"))


@dataclass(frozen=True)
class Drawing(HyperscalerStrategy):
    """Fail on bad luck, and tell which."""

    def choose(self, sees):
        luck = sees.draw("luck")
        if luck.min() < -2.0:
            raise RuntimeError(f"luck is {luck.min()!r}")
        return HyperscalerChoice(capex_rate=0.1 * np.exp(0.1 * luck))


@dataclass(frozen=True)
class Remembering(HyperscalerStrategy):
    """Fail once the luck that was remembered adds up to too little."""

    def remember(self):
        return {"sum": 0.0, "worst": -4.0}

    def choose(self, sees):
        summed = sees.memory["sum"] + sees.draw("luck")
        if (summed < sees.memory["worst"]).any():
            raise RuntimeError(f"it adds up to {summed.min():.12g} in {summed.shape}")
        return HyperscalerChoice(capex_rate=0.1 * np.exp(0.1 * summed)), {"sum": summed}


@dataclass(frozen=True)
class Varied(HyperscalerStrategy):
    """Fail from a quarter on that each run, or firm and run, has of its own."""

    fault: float = param(NEVER, "quarter", "first quarter in which it fails", 0.0, NEVER)
    rate: float = param(0.1, "1/quarter", "rate", 0.0, 2.0)

    def choose(self, sees):
        faults = np.asarray(self.fault)
        if (faults <= sees.quarter).any():
            raise RuntimeError(f"{np.sum(faults <= sees.quarter)} faults in {faults.shape}")
        return HyperscalerChoice(capex_rate=self.rate)


@dataclass(frozen=True)
class Misshapen(HyperscalerStrategy):
    """Meet arrays of no use on bad luck: where it adds, in what it answers, or in what it keeps."""

    kind: float = param(0.0, "1", "which", 0.0, 3.0)

    def remember(self):
        return {"luck": 0.0}

    def choose(self, sees):
        luck = sees.draw("luck")
        if luck.min() > -2.0:
            return HyperscalerChoice(capex_rate=0.1 * np.exp(0.1 * luck))
        firms, runs = luck.shape
        if self.kind == 0.0:
            luck = luck + np.ones((firms + 1, runs + 1))
        if self.kind == 1.0:
            return HyperscalerChoice(capex_rate=np.ones((runs + 1, firms + 1)))
        if self.kind == 2.0:
            return HyperscalerChoice(capex_rate=0.1), {"luck": np.ones((firms, runs + 2))}
        return None


@dataclass(frozen=True)
class Once(HyperscalerRule):
    """Fail on bad luck, in plain numbers."""

    def decide(self, sees):
        if sees.draw("luck") < -2.0:
            raise RuntimeError("no luck")
        return HyperscalerChoice(capex_rate=0.1)


@dataclass(frozen=True)
class Mixed(Once):
    """Fail on bad luck in plain numbers, and on arrays."""

    def choose(self, sees):
        if (sees.draw("more luck") < -2.0).any():
            raise RuntimeError("no more luck")
        return super().choose(sees)


@dataclass(frozen=True)
class Relying(HyperscalerStrategy):
    """Do what another strategy does, for better or worse."""

    def choose(self, sees):
        return Once().choose(sees)[0]


def by_run(seed, rows=1):
    """Return the quarters in which each of the runs fails, by run."""
    quarters = np.random.default_rng(seed).choice([2.0, 4.0, *[NEVER] * 20], (rows, len(MANY)))
    return dict(zip(MANY, quarters.T, strict=True))


def shared(runs):
    return with_values(Varied(), {"fault": [by_run(4)[run][0] for run in runs]})


def rowwise(runs):
    """All firms share a strategy that has a row for each."""
    faults = by_run(3, rows=len(FIRMS))
    by_firm = [[0.1], [0.2], [0.1], [0.1]]
    return with_values(
        Varied(), {"fault": np.array([faults[run] for run in runs]).T, "rate": by_firm}
    )


def apart(runs):
    """Firms have strategies of their own, which are alike in the first run, where all fail."""
    own = {}
    for seed, firm in enumerate(FIRMS):
        faults = [(by_run(seed) | {MANY[0]: [3.0]})[run][0] for run in runs]
        own[firm] = with_values(Varied(rate=0.05), {"fault": faults})
    return own


FIRMS = Scenario.load("theory").firms["hyperscaler"]
TOGETHER = {
    "what it sees": lambda runs: Seeing(),
    "what all may see": lambda runs: Industrious(),
    "what it draws": lambda runs: Drawing(),
    "what it remembers": lambda runs: Remembering(),
    "a parameter by run": shared,
    "a parameter by firm and run": rowwise,
    "a parameter of each firm by run": apart,
    "shapes that do not fit": lambda runs: Misshapen(),
    "a choice of no use": lambda runs: Misshapen(1.0),
    "a memory of no use": lambda runs: Misshapen(2.0),
    "no choice at all": lambda runs: Misshapen(3.0),
    "another strategy": lambda runs: Relying(),
    "a rule and what comes before it": lambda runs: Mixed(),
    "one firm's": lambda runs: {FIRMS[0]: Drawing(), FIRMS[-1]: Drawing(), FIRMS[1]: Remembering()},
}


def simulation(lineup, runs):
    scenario = Scenario.load("theory")
    made = resolve(lineup, scenario.firms)
    return Simulation(scenario, made, np.array(runs), 7, horizon=8, errors="mark_runs")


def without_culprits(lineup, runs):
    """Return the status of each run, and the outcomes of the sound ones, by run.

    lineup: makes the lineup for some of the runs. Culprits are marked, and the others simulated
    anew.
    """
    if not runs:
        return {}, {}
    tried = simulation(lineup(runs), runs)
    try:
        tried.run()
    except CulpritsError as error:
        culprits = {runs[column]: status for column, status in error.statuses.items()}
        left = [run for run in runs if run not in culprits]
        assert len(left) < len(runs)
        status, outcomes = without_culprits(lineup, left)
        return status | culprits, outcomes
    table = pd.DataFrame(tried.outcomes(), index=runs)
    return dict(zip(runs, tried.status.tolist(), strict=True)), table


@pytest.mark.parametrize("lineup", TOGETHER.values(), ids=TOGETHER)
def test_a_culprit_is_told_the_same_alone_and_in_company(lineup):
    together, table = without_culprits(lineup, MANY)
    alone = {run: without_culprits(lineup, [run]) for run in MANY}
    assert together == {run: status[run] for run, (status, _) in alone.items()}
    for run in MANY:
        marking = Market("theory", lineup([run]), [run], 7, horizon=8, errors="mark").run()
        assert marking.status[0] == together[run]
    failed = {run for run, status in together.items() if status != "ok"}
    assert 0 < len(failed) < len(MANY)
    for status in together.values():
        assert status == "ok" or status.startswith("failed in quarter ")
        assert "\n" not in status
    sound = [run for run in MANY if run not in failed]
    assert table.index.tolist() == sound
    one_by_one = pd.concat([alone[run][1] for run in sound])
    pd.testing.assert_frame_equal(table, one_by_one, check_exact=True)


def test_those_that_fail_in_the_same_quarter_are_found_at_once():
    faults = [NEVER, 3.0, 5.0, 3.0]
    text, error = refused(simulation(with_values(Varied(), {"fault": faults}), RUNS).run)
    assert text.startswith("quarter 3: strategy varied(fault=...) failed for firm_1, ")
    assert sorted(error.statuses) == [1, 3]
    assert isinstance(error.__cause__, RuntimeError)


def test_a_strategy_that_no_run_fails_alone_is_at_fault_in_all_of_them():
    @dataclass(frozen=True)
    class Branching(HyperscalerStrategy):
        """Ask for the truth of an array."""

        def choose(self, sees):
            return HyperscalerChoice(capex_rate=0.1 if sees.service_price > 0.0 else 0.0)

    text, error = refused(simulation(Branching(), RUNS).run)
    words = text.removeprefix("quarter 1: ")
    assert "inherit from a Rule" in words
    assert error.statuses == dict.fromkeys(range(4), f"failed in quarter 1: {words}")


def test_a_culprit_that_had_failed_before_keeps_its_status():
    @dataclass(frozen=True)
    class Worsening(Varied):
        """Order too much before it fails."""

        def choose(self, sees):
            made = super().choose(sees)
            return HyperscalerChoice(made.capex_rate + 5.0 * (np.asarray(self.fault) < NEVER))

    def lineup(runs):
        return with_values(Worsening(), {"fault": [by_run(4)[run][0] for run in runs]})

    together, _ = without_culprits(lineup, MANY)
    assert {status[:30] for status in together.values()} == {"ok", "failed in quarter 1: strategy "}
    assert together == {run: without_culprits(lineup, [run])[0][run] for run in MANY}


def test_a_rule_that_fails_in_some_runs_has_no_culprits():
    faults = {"fault": [NEVER, 2.0]}
    by_column = simulation(with_values(Buyer(), faults), [0, 1])
    by_column.run()
    assert [str(status)[:19] for status in by_column.status] == ["ok", "failed in quarter 2"]


@pytest.mark.parametrize("errors", ["raise", "mark"])
def test_runs_are_asked_one_by_one_only_where_culprits_are_looked_for(errors):
    asked = []

    @dataclass(frozen=True)
    class Counting(HyperscalerStrategy):
        """Fail in one of the runs."""

        def choose(self, sees):
            asked.append(sees.cash.shape[1])
            if sees.quarter == 2:
                raise RuntimeError("always")
            return HyperscalerChoice(0.1)

    made = Market("theory", Counting(), RUNS, 7, horizon=3, errors=errors)
    if errors == "raise":
        text, error = refused(made.run)
        assert type(error) is AgentsimError
        assert text.startswith("quarter 2: strategy counting failed for firm_1, ")
    else:
        made.run()
    assert set(asked) == {len(RUNS)}


def test_a_simulation_that_had_culprits_is_let_go_at_once():
    gc.disable()
    try:
        done = simulation(Drawing(), MANY)
        with pytest.raises(CulpritsError) as caught:
            done.run()
        world = weakref.ref(done.world)
        del done, caught
        assert world() is None
    finally:
        gc.enable()


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
