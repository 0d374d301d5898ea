"""The conformance battery itself: a sound strategy passes, each bad one is caught by what it does."""

from dataclasses import dataclass
from unittest import SkipTest

import bad_strategies as bad
import numpy as np
import pytest

from agentsim.authoring import StrategyBattery, checking, checks, conduct, parameters, proving
from agentsim.authoring.kinds import KINDS
from agentsim.authoring.probing import measured
from agentsim.authoring.subject import Subject
from agentsim.authoring.worlds import PUBLIC, Worlds, all_kinds
from agentsim.errors import AgentsimError
from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, HyperscalerView, added
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import find

WORLDS = 120

CAUGHT = [
    (bad.RarelyOutOfBounds, checks.chooses_within_bounds, "return clip(capex_rate, 0, 2)"),
    (bad.NoNumber, checks.chooses_within_bounds, "use safe_divide or np.where"),
    (bad.FailsInARareWorld, checks.chooses_within_bounds, "ZeroDivisionError"),
    (bad.UndeclaredMemory, checks.chooses_within_bounds, "declare it in remember()"),
    (bad.MemoryOfWrongShape, checks.chooses_within_bounds, "it must broadcast to (3, 120) numbers"),
    (bad.RivalsBooks, checks.chooses_within_bounds, "'cash' is not public; public are: debt"),
    (bad.FailsInRealMarkets, proving.stands_real_markets, "base date, run 0 failed in quarter 5"),
    (bad.KeepsOnClass, checks.is_reproducible, "remember() what must last"),
    (bad.KeepsOnItself, checks.is_reproducible, "remember() what must last"),
    (bad.Dices, checks.is_reproducible, "sees.draw(name), not by np.random"),
    (bad.Clock, checks.is_reproducible, "the clock"),
    (bad.MeanOverRuns, checks.run_alone_is_as_in_the_batch, "take no mean"),
    (bad.ByPlaceOfRun, checks.runs_do_not_mix, "in another order capex_rate"),
    (bad.AnyRun, checks.runs_do_not_mix, "`if ...any()` over runs"),
    (bad.SharesMemory, checks.runs_do_not_mix, "memory before"),
    (bad.ByPlaceOfFirm, checks.firm_alone_is_as_in_its_group, "tell firms apart by sees.rows"),
    (bad.Peeks, conduct.sees_only_what_is_shown, "reads sees._fetch"),
    (bad.PeeksInDisguise, conduct.sees_only_what_is_shown, "reads _fetch of its view"),
    (bad.PeeksByHelper, conduct.sees_only_what_is_shown, "reads sees._fetch"),
    (bad.PeeksPlainly, conduct.sees_only_what_is_shown, "reads sees._books"),
    (bad.Writes, conduct.changes_nothing, "wrote into cash, which the market shows it; work on a"),
    (bad.WritesMemory, conduct.changes_nothing, "return choice, {name: value}"),
    (bad.KeepsOnClass, conduct.changes_nothing, "keeps something in KeepsOnClass.calls"),
    (bad.KeepsOnItself, conduct.changes_nothing, "keeps something in self.calls"),
    (bad.KeepsInModule, conduct.changes_nothing, "keeps something in bad_strategies.SEEN"),
    (bad.Dices, conduct.takes_no_chance, "uses np.random"),
    (bad.Clock, conduct.takes_no_chance, "uses time.time"),
    (bad.BranchesOnParameter, parameters.swept_parameters_are_as_separate_numbers, "np.where"),
    (bad.BranchesOnParameter, parameters.firms_parameters_are_as_separate_numbers, "np.where"),
    (bad.BoundTooWide, parameters.stands_its_parameters_bounds, "narrow the bounds of the param"),
    (bad.Unsourced, parameters.says_what_it_does, "end the docstring with `Source:"),
    (bad.NoNumberLate, checks.chooses_within_bounds, "quarter 12; it must lie between 0 and 2"),
    (bad.NoNumberInBetween, checks.chooses_within_bounds, "(extreme), quarter"),
    (bad.MixesLate, checks.run_alone_is_as_in_the_batch, "quarter 12"),
    (bad.MixesRarely, checks.runs_do_not_mix, "in a block of"),
    (bad.PeeksByNeighbour, conduct.sees_only_what_is_shown, "tests/bad_neighbour.py:11)"),
    (bad.ProcessNumber, conduct.sees_only_what_is_shown, "imports os"),
    (bad.ImportsByName, conduct.sees_only_what_is_shown, "uses __import__"),
    (bad.SeesTheArrayBehind, conduct.sees_only_what_is_shown, "reads sees.cash.base"),
    (bad.OpensForWriting, conduct.sees_only_what_is_shown, "reads sees.cash.setflags"),
    (bad.KeepsInDeque, conduct.changes_nothing, "bad_strategies.PAST"),
    (bad.KeepsInCounter, conduct.changes_nothing, "bad_strategies.COUNTS"),
    (bad.KeepsInGroups, conduct.changes_nothing, "bad_strategies.GROUPS"),
    (bad.KeepsInOrder, conduct.changes_nothing, "bad_strategies.ORDER"),
    (bad.KeepsInArray, conduct.changes_nothing, "bad_strategies.NUMBERS"),
    (bad.KeepsOnFunction, conduct.changes_nothing, "bad_strategies._helper"),
    (bad.KeepsOnOtherClass, conduct.changes_nothing, "Store.last"),
    (bad.KeepsInClosure, conduct.changes_nothing, "bad_strategies._count"),
    (bad.SeededDice, conduct.takes_no_chance, "imports numpy.random"),
    (bad.DicesByLambda, conduct.takes_no_chance, "uses random.random"),
    (
        bad.DicesByNeighbour,
        conduct.takes_no_chance,
        "tests/bad_neighbour.py:7)",
    ),
    (bad.Hashes, conduct.takes_no_chance, "uses hash, which differs from process to process"),
    (
        bad.BranchesOnLargeParameter,
        parameters.swept_parameters_are_as_separate_numbers,
        "np.where",
    ),
    (
        bad.BoundsTooWideTogether,
        parameters.stands_its_parameters_bounds,
        "with bounds_too_wide_together(weight=1.0, first=2.0, second=2.0) capex_rate = 4",
    ),
    (bad.Curt, parameters.says_what_it_does, "begin the docstring with what it does"),
    (bad.Loud, checks.is_quiet, "use safe_divide"),
]


@pytest.mark.parametrize(
    ("kind", "check", "words"),
    CAUGHT,
    ids=[f"{kind.id}-{check.__name__}" for kind, check, _ in CAUGHT],
)
def test_a_bad_strategy_is_caught_in_one_line_with_the_remedy(kind, check, words):
    finding = check(Subject(kind, WORLDS))
    assert not finding.passed
    assert words in finding.text
    assert "\n" not in finding.text
    if kind not in (bad.PeeksPlainly, bad.FailsInARareWorld):  # a Sound one but for what it does
        assert check(Subject(bad.Sound, WORLDS)).passed


def test_every_check_of_the_battery_catches_something():
    caught = {check for _, check, _ in CAUGHT}
    caught |= {parameters.survives_pickling, parameters.reads_back_from_its_text}  # below
    assert caught == set(checking.CHECKS) - {conduct.takes_time}


def test_a_class_that_no_other_process_finds_does_not_survive_pickling():
    @dataclass(frozen=True)
    class Local(bad.Sound):
        """Live in a function. Source: none, it is made for tests."""

    finding = parameters.survives_pickling(Subject(Local, WORLDS))
    assert not finding.passed
    assert "define the class at the top of a module" in finding.text


def test_a_text_that_says_something_else_is_caught():
    @dataclass(frozen=True)
    class Taciturn(bad.Sound):
        """Say only its name. Source: none, it is made for tests."""

        def __str__(self):
            return self.id

    finding = parameters.reads_back_from_its_text(Subject(Taciturn, WORLDS))
    assert not finding.passed
    assert "leave __str__" in finding.text


class TestSound(StrategyBattery):
    strategy = bad.Sound

    def test_fields_can_be_given_and_parameters_set(self):
        made, seen = self.choose({"weight": 0.0}, cash=4.0, debt=2.0)
        np.testing.assert_array_equal(made["capex_rate"], 0.2)
        np.testing.assert_array_equal(seen["cash"], 4.0)

    def test_a_bad_answer_is_an_error_of_one_line(self):
        class Bad(StrategyBattery):
            strategy = bad.NoNumber

        with pytest.raises(AgentsimError, match="capex_rate = nan"):
            Bad().choose(borrowing_room=0.0, operating_cash=0.0)


def test_the_battery_has_a_test_for_each_check_and_they_fail_where_it_does():
    class Failing(StrategyBattery):
        strategy = bad.Clock

    tests = [name for name in dir(StrategyBattery) if name.startswith("test_")]
    assert len(tests) == len(checking.CHECKS) - 1  # how long it takes is reported, not tested
    with pytest.raises(AssertionError, match="clock"):
        Failing().test_is_reproducible()


FILE = '''
from dataclasses import dataclass
from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, clip

@dataclass(frozen=True)
class Steady(HyperscalerStrategy):
    """Replace what wears out, from a file. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(clip(sees.wear, 0.0, 2.0))
'''


def test_a_strategy_in_a_file_anywhere_can_be_tested(tmp_path, monkeypatch):
    monkeypatch.setenv(added.PATHS, "")  # unpickling makes its file known
    (tmp_path / "steady.py").write_text(FILE)

    class InFile(StrategyBattery):
        file = tmp_path / "steady.py"

    assert InFile.kind().id == "steady"
    InFile().test_chooses_within_bounds()
    InFile().test_survives_pickling()
    made, seen = InFile().choose()
    np.testing.assert_array_equal(made["capex_rate"][1:2], seen["wear"])

    class NotThere(StrategyBattery):
        file = tmp_path / "absent.py"

    with pytest.raises(AgentsimError, match="is not there"):
        NotThere.kind()


def test_private_constants_and_helpers_of_ones_own_are_fine():
    for check in (conduct.sees_only_what_is_shown, conduct.takes_no_chance):
        assert check(Subject(bad.Constants, WORLDS)).passed


def test_a_new_file_passes_and_is_told_that_its_source_is_the_templates():
    finding = parameters.says_what_it_does(Subject(bad.Unsaid, WORLDS))
    assert finding.passed
    assert finding.text.endswith("; the source is still the template's")


def test_who_does_not_answer_fails_one_test_and_the_others_wait():
    class Failing(StrategyBattery):
        strategy = bad.Mistyped

    Failing().test_says_what_it_does_and_where_it_comes_from()
    with pytest.raises(AssertionError, match="nearest: operating_cash"):
        Failing().test_chooses_within_bounds()
    with pytest.raises(SkipTest, match="wait until it answers"):
        Failing().test_is_reproducible()


class TestReport:
    @pytest.mark.parametrize("kind", [bad.Mistyped, bad.MistypedPlainly, bad.MemoryOfWrongShape])
    def test_of_one_that_does_not_answer_says_so_once(self, kind):
        report = checking.check(kind, WORLDS)
        (failed,) = (finding for finding in report.findings if not finding.passed)
        assert failed.text.endswith("; the other checks wait until it answers")
        assert "nearest: operating_cash" in failed.text or kind is bad.MemoryOfWrongShape

    def test_of_one_that_fails_in_the_fifth_year_says_so(self):
        report = checking.check(bad.FailsInTheFifthYear, WORLDS)
        (failed,) = (finding for finding in report.findings if not finding.passed)
        assert "run 0 failed in quarter 20" in failed.text

    def test_of_a_sound_strategy_passes_and_shows_what_was_measured(self):
        report = checking.check(bad.Sound, WORLDS)
        assert report.passed
        text = str(report)
        assert text.startswith("sound (hyperscaler): passes all checks")
        assert "remembers: yes" in text
        assert "480 worlds of 3 firms" in text
        assert "µs a firm, run and quarter" in text

    def test_of_a_bad_one_says_what_failed(self):
        report = checking.check(bad.UndeclaredMemory, WORLDS)
        assert not report.passed
        assert report.properties is None
        assert "FAIL  chooses within bounds: " in str(report)


@pytest.mark.parametrize("id", ["mark_to_market", "yield_chaser"])
def test_some_probe_moves_lenders_that_look_at_wear_or_coupons(id):
    responses = measured(Subject(find("lender", id), WORLDS)).responses
    assert any(each.before != each.after for each in responses)


class TestWorlds:
    def test_kinds_take_turns_and_differ(self):
        worlds = all_kinds("hyperscaler", 600, 3)
        of = {kind: np.arange(600) % len(KINDS) == at for at, kind in enumerate(KINDS)}
        cash = worlds[2].values["operating_cash"]
        assert (cash[:, of["crisis"]] <= 0.0).all()
        assert (cash[:, of["boom"]] >= 2.0).all()
        still = of["calm"]
        for name, value in worlds[1].values.items():
            np.testing.assert_array_equal(value[:, still], worlds[2].values[name][:, still])
        before, after = (worlds[q].values["efficiency"][:, of["shock"]].mean() for q in (1, 2))
        assert after > 5.0 * before
        assert {worlds[0].kind(run) for run in range(6)} == set(KINDS)

    def test_extreme_worlds_hold_zeros_huge_numbers_and_endless_prices(self):
        (world,) = all_kinds("hyperscaler", 600, 1)
        extreme = world.values["price_value"][:, 5::6]
        assert (extreme == 0.0).any()
        assert np.isinf(extreme).any()
        assert np.isfinite(world.values["merchant_price"]).all()
        assert world.values["training_share"].max() <= 0.9

    def test_numbers_are_the_same_whichever_rows_and_runs_are_looked_at(self):
        world = Worlds(HyperscalerView)
        whole = world.look()
        some = world.look(rows=slice(1, 2), run=[3, 0])
        np.testing.assert_array_equal(some.cash, whole.cash[1:2][:, [3, 0]])
        np.testing.assert_array_equal(some.draw("luck"), whole.draw("luck")[1:2][:, [3, 0]])
        np.testing.assert_array_equal(some.industry.debt, whole.debt[:, [3, 0]])

    @pytest.mark.parametrize("role", BASES)
    def test_what_is_private_of_rivals_is_not_in_the_industry(self, role):
        view = BASES[role].view
        sees = Worlds(view).look()
        private = [n for n, s in view.fields.items() if s.scope == "own" and n not in PUBLIC[role]]
        assert private
        for name in private:
            with pytest.raises(AttributeError, match="is not public; public are"):
                getattr(sees.industry, name)
        assert all(getattr(sees.industry, name).shape == (3, 5) for name in PUBLIC[role])


def test_quiet_strategies_are_asked_as_the_market_asks_them():
    """With NumPy quiet: what a strategy divides by zero and puts right is not held against it."""

    @dataclass(frozen=True)
    class PutsRight(HyperscalerStrategy):
        """Divide by zero and put it right. Source: none, it is made for tests."""

        def choose(self, sees):
            return HyperscalerChoice(np.nan_to_num(0.0 / (0.0 * sees.wear)))

    with np.errstate(all="raise"):
        assert checks.chooses_within_bounds(Subject(PutsRight, WORLDS)).passed
