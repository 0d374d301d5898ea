"""The conformance battery as a base class for the tests of a strategy.

    from agentsim.authoring import StrategyBattery

    class TestPatientBuilder(StrategyBattery):
        role = "hyperscaler"
        id = "patient_builder"

        def test_builds_less_when_chips_are_dear(self):
            cheap, _ = self.choose(merchant_price=10.0)
            dear, _ = self.choose(merchant_price=40.0)
            assert (dear["capex_rate"] < cheap["capex_rate"]).all()

pytest finds a test for each check in it. Instead of `id`, `file` names a file anywhere, and `strategy`
is a class itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from agentsim.authoring import checks, conduct, parameters, proving
from agentsim.authoring.answers import answers
from agentsim.authoring.examining import ANYWAY, WAIT
from agentsim.authoring.findings import Finding
from agentsim.authoring.subject import Subject
from agentsim.authoring.worlds import Worlds
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array, quiet
from agentsim.strategy import added
from agentsim.strategy.base import Strategy
from agentsim.strategy.params import with_values
from agentsim.strategy.registry import find


class StrategyBattery:
    """Tests that every strategy passes. Inherit from it and say which strategy it is."""

    role: ClassVar[str] = ""
    id: ClassVar[str] = ""
    file: ClassVar[str | Path | None] = None
    strategy: ClassVar[type[Strategy] | None] = None
    worlds: ClassVar[int] = 120
    """Worlds a quarter in which it is tried; `agentsim strategies check` takes thousands."""

    @classmethod
    def kind(cls) -> type[Strategy]:
        """Return the class of the strategy. Raises AgentsimError, one line, if there is none."""
        if cls.strategy is not None:
            return cls.strategy
        if cls.file is not None:
            return _in_file(Path(cls.file), cls.role, cls.id)
        return find(cls.role, cls.id)

    def make(self, **parameters: Any) -> Strategy:
        """Return the strategy with parameters."""
        return with_values(self.kind()(), parameters)

    def choose(
        self, parameters: dict[str, Any] | None = None, **given: Any
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Ask it in five plausible worlds, with some fields given; return what it chose and saw.

        Both are arrays by name: choices `(firms, runs)`, what it left out left out, and fields of
        its view `(firms, runs)` or `(1, runs)`. Raises AgentsimError, one line, for a bad answer.
        """
        strategy = self.make(**(parameters or {}))
        world = Worlds(strategy.view, **given)
        with quiet():  # as the market asks it
            made = answers(strategy, [world])
        if made.wrong:
            raise AgentsimError(made.wrong)
        return made.choices[0], world.values

    def _passes(self, check: Callable[[Subject], Finding]) -> None:
        subject = _subject_of(self.kind(), self.worlds)
        if subject.answers.mute and check not in ANYWAY:
            raise SkipTest(WAIT)
        finding = check(subject)
        assert finding.passed, finding.text

    def test_says_what_it_does_and_where_it_comes_from(self) -> None:
        self._passes(parameters.says_what_it_does)

    def test_chooses_within_bounds(self) -> None:
        self._passes(checks.chooses_within_bounds)

    def test_stands_real_markets(self) -> None:
        self._passes(proving.stands_real_markets)

    def test_is_reproducible(self) -> None:
        self._passes(checks.is_reproducible)

    def test_run_alone_is_as_in_the_batch(self) -> None:
        self._passes(checks.run_alone_is_as_in_the_batch)

    def test_runs_do_not_mix(self) -> None:
        self._passes(checks.runs_do_not_mix)

    def test_firm_alone_is_as_in_its_group(self) -> None:
        self._passes(checks.firm_alone_is_as_in_its_group)

    def test_sees_only_what_is_shown(self) -> None:
        self._passes(conduct.sees_only_what_is_shown)

    def test_changes_nothing(self) -> None:
        self._passes(conduct.changes_nothing)

    def test_takes_no_chance(self) -> None:
        self._passes(conduct.takes_no_chance)

    def test_survives_pickling(self) -> None:
        self._passes(parameters.survives_pickling)

    def test_reads_back_from_its_text(self) -> None:
        self._passes(parameters.reads_back_from_its_text)

    def test_swept_parameters_are_as_separate_numbers(self) -> None:
        self._passes(parameters.swept_parameters_are_as_separate_numbers)

    def test_firms_parameters_are_as_separate_numbers(self) -> None:
        self._passes(parameters.firms_parameters_are_as_separate_numbers)

    def test_stands_its_parameters_bounds(self) -> None:
        self._passes(parameters.stands_its_parameters_bounds)

    def test_is_quiet(self) -> None:
        self._passes(checks.is_quiet)


@cache
def _subject_of(kind: type[Strategy], worlds: int) -> Subject:
    return Subject(kind, worlds)


@cache
def _in_file(file: Path, role: str, id: str) -> type[Strategy]:
    """Return the one strategy of a file that is meant."""
    rows = [
        each
        for each in added.in_file(file)
        if each.problem or (role in ("", each.role) and id in ("", each.id))
    ]
    for row in rows:
        if row.problem:
            raise AgentsimError(row.problem)
    kinds = [row.kind for row in rows if row.kind is not None]
    if len(kinds) != 1:
        raise AgentsimError(f"{file} holds {len(kinds)} such strategies; say which by role")
    return kinds[0]
