"""Writing, finding, grouping and asking strategies."""

import copy
import pickle
import subprocess
import sys
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pytest
from fakes import RUNS, FakeMarket

from agentsim import strategy as public
from agentsim.errors import AgentsimError
from agentsim.strategy import (
    ChipVendorChoice,
    FirmView,
    HyperscalerChoice,
    HyperscalerRule,
    HyperscalerStrategy,
    HyperscalerView,
    LenderStrategy,
    option,
    param,
)
from agentsim.strategy.base import BASES, Strategy
from agentsim.strategy.choices import checked
from agentsim.strategy.groups import ask, group, initial_memory
from agentsim.strategy.params import with_values
from agentsim.strategy.registry import catalogue, find, ids, make, parse


@dataclass(frozen=True)
class CashRich(HyperscalerStrategy):
    """Grow when rich in cash, and more the longer it lasts. Source: none, it is a test."""

    hurdle: float = param(1.0, "1", "cash over debt that makes rich", 0.0, 10.0)
    growth: float = param(0.05, "1/quarter", "growth when rich", 0.0, 1.0)
    kind: str = option("plain", ("plain", "lavish"), "how it pays out")

    def remember(self):
        return {"streak": 0.0, "growth": self.growth}

    def choose(self, sees):
        rich = sees.cash > self.hurdle * sees.debt
        streak = np.where(rich, sees.memory["streak"] + 1.0, 0.0)
        luck = sees.draw("luck") / 100.0
        rate = np.where(rich, sees.wear + self.growth * streak + luck * luck, sees.wear / 2.0)
        training = np.where(rich, 0.5, sees.training_share)
        mean = sees.industry.debt[0] - sees.industry.debt[1]
        payout = np.where(mean > 0.0, 0.5, sees.planned_payout)
        choice = HyperscalerChoice(rate, training_share=training, payout=payout)
        return choice, {"streak": streak}


@dataclass(frozen=True)
class CashRichRule(HyperscalerRule):
    """Do as CashRich does, in plain numbers."""

    hurdle: float = param(1.0, "1", "cash over debt that makes rich", 0.0, 10.0)
    growth: float = param(0.05, "1/quarter", "growth when rich", 0.0, 1.0)

    def remember(self):
        return {"streak": 0.0, "growth": self.growth}

    def decide(self, sees):
        mean = sees.industry.debt[0] - sees.industry.debt[1]
        payout = 0.5 if mean > 0.0 else None
        assert isinstance(sees.cash, float)
        assert isinstance(self.growth, float)
        assert sees.industry.debt[sees.row] == sees.debt
        if sees.cash > self.hurdle * sees.debt:
            streak = sees.memory["streak"] + 1.0
            luck = sees.draw("luck") / 100.0
            rate = sees.wear + self.growth * streak + luck * luck
            return HyperscalerChoice(rate, training_share=0.5, payout=payout), {"streak": streak}
        return HyperscalerChoice(sees.wear / 2.0, payout=payout), {"streak": 0.0}


def market(**given):
    return FakeMarket(HyperscalerView, **given)


def play(strategy, rows=slice(None), run=None, quarters=4):
    """Ask quarter after quarter; return the choices as arrays and the last memory."""
    made, memory = [], None
    for quarter in range(quarters):
        sees = market(quarter=quarter).look(strategy, rows, run, memory)
        choice, memory = ask(strategy, sees)
        runs = RUNS if run is None else 1
        arrays, bad = checked(choice, strategy.choice, len(sees.firms), runs, strategy.id)
        assert bad is None
        made.append(arrays)
    return made, memory


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


class TestParameters:
    def test_default_and_given(self):
        assert CashRich().growth == 0.05
        assert CashRich(growth=1).growth == 1.0
        assert isinstance(CashRich(growth=1).growth, float)
        assert isinstance(CashRich(growth=np.float64(0.5)).growth, float)

    @pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, "0.1", None, True, [0.1]])
    def test_what_makes_no_sense_is_refused_in_one_line(self, value):
        with pytest.raises(AgentsimError) as error:
            CashRich(growth=value)
        text = one_line(error)
        assert text.startswith("strategy cash_rich: growth = ")
        assert "between 0 and 1 per quarter" in text

    def test_unknown_option_names_the_options(self):
        with pytest.raises(AgentsimError) as error:
            CashRich(kind="mean")
        assert "'plain', 'lavish'" in one_line(error)

    def test_frozen(self):
        with pytest.raises(AttributeError):
            CashRich().growth = 0.1

    def test_text_shows_what_is_not_default(self):
        assert str(CashRich()) == "cash_rich"
        assert str(CashRich(growth=0.1, kind="lavish")) == "cash_rich(growth=0.1, kind='lavish')"
        assert str(with_values(CashRich(), {"growth": [0.1, 0.2]})) == "cash_rich(growth=...)"

    def test_description(self):
        described = CashRich.describe()
        assert described.summary == "Grow when rich in cash, and more the longer it lasts."
        assert described.source == "none, it is a test."
        assert [each.name for each in described.parameters] == ["hurdle", "growth", "kind"]
        assert "growth = 0.05 [1/quarter]: growth when rich" in str(described)
        assert "plain | lavish" in str(described)

    def test_with_values_takes_numbers_and_arrays(self):
        swept = with_values(CashRich(), {"growth": [0.1, 0.2], "hurdle": 2, "kind": "lavish"})
        assert swept.growth.shape == (1, 2)
        assert swept.hurdle == 2.0
        assert swept.kind == "lavish"
        with pytest.raises(ValueError, match="read-only"):
            swept.growth[0, 0] = 1.0

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"grwth": 0.1}, "growth"),
            ({"growth": [0.1, 2.0]}, "growth = 2 in column 1"),
            ({"growth": [0.1, np.nan]}, "growth = nan in column 1"),
            ({"growth": ["a", "b"]}, "growth must hold numbers"),
            ({"kind": ["plain", "lavish"]}, "kind selects code"),
        ],
    )
    def test_with_values_refuses_in_one_line(self, values, words):
        with pytest.raises(AgentsimError) as error:
            with_values(CashRich(), values)
        assert words in one_line(error)

    def test_copies_and_pickles(self):
        strategy = with_values(CashRich(hurdle=2.0), {"growth": [0.1, 0.2]})
        for other in (pickle.loads(pickle.dumps(strategy)), copy.deepcopy(strategy)):
            assert other.hurdle == 2.0
            np.testing.assert_array_equal(other.growth, strategy.growth)


class TestWriting:
    """What is wrong with a class is said when it is first used, in one line."""

    def refused(self, cls, **parameters):
        with pytest.raises(AgentsimError) as error:
            cls(**parameters)
        return one_line(error)

    def test_no_dataclass(self):
        class Plain(HyperscalerStrategy):
            """Do nothing."""

            def choose(self, sees):
                return HyperscalerChoice(0.0)

        assert "@dataclass(frozen=True)" in self.refused(Plain)

    def test_not_frozen(self):
        with pytest.raises(TypeError, match="non-frozen"):

            @dataclass
            class Thawed(HyperscalerStrategy):
                """Do nothing."""

                rate: float = param(0.0, "1", "rate")

    def test_no_docstring(self):
        @dataclass(frozen=True)
        class Silent(HyperscalerStrategy):
            def choose(self, sees):
                return HyperscalerChoice(0.0)

        assert "no docstring" in self.refused(Silent)

    @pytest.mark.parametrize(
        ("base", "method"),
        [(HyperscalerStrategy, "choose"), (HyperscalerRule, "decide"), (LenderStrategy, "choose")],
    )
    def test_no_method(self, base, method):
        @dataclass(frozen=True)
        class Idle(base):
            """Do nothing."""

        assert f"lacks the method {method}" in self.refused(Idle)

    def test_no_role(self):
        @dataclass(frozen=True)
        class Roleless(Strategy):
            """Do nothing."""

            def choose(self, sees):
                return None

        assert "HyperscalerStrategy, ChipVendorStrategy" in self.refused(Roleless)

    def test_undeclared_field(self):
        @dataclass(frozen=True)
        class Undeclared(HyperscalerStrategy):
            """Do nothing."""

            rate: float = field(default=0.0)

            def choose(self, sees):
                return HyperscalerChoice(self.rate)

        assert "declare the field 'rate' with param()" in self.refused(Undeclared)

    @pytest.mark.parametrize("given", [("share", 0, 1), ("a part of wear", 0.0, 1.0), (0, "part")])
    def test_parameter_without_unit_or_meaning(self, given):
        @dataclass(frozen=True)
        class Unnamed(HyperscalerStrategy):
            """Do nothing."""

            rate: float = param(0.5, *given)

            def choose(self, sees):
                return HyperscalerChoice(self.rate)

        refused = self.refused(Unnamed)
        assert "strategy class Unnamed: field 'rate'" in refused
        assert "declare it as param(default, unit, meaning, low, high)" in refused

    def test_parameter_with_a_name_that_is_taken(self):
        @dataclass(frozen=True)
        class Named(HyperscalerStrategy):
            """Do nothing."""

            role: float = param(0.0, "1", "rate")

            def choose(self, sees):
                return HyperscalerChoice(self.role)

        assert "role" in self.refused(Named)

    def test_name_is_the_class_name_in_snake_case(self):
        assert CashRich.id == "cash_rich"
        assert CashRichRule.id == "cash_rich_rule"

    def test_slots_are_fine(self):
        @dataclass(frozen=True, slots=True)
        class Slotted(HyperscalerRule):
            """Order at a rate."""

            rate: float = param(0.1, "1", "rate")

            def decide(self, sees):
                return HyperscalerChoice(self.rate)

        made, _ = play(with_values(Slotted(), {"rate": np.linspace(0.0, 1.0, RUNS)}))
        np.testing.assert_array_equal(made[0]["capex_rate"][2], np.linspace(0.0, 1.0, RUNS))

    def test_all_that_the_library_needs_is_in_one_place(self):
        assert all(hasattr(public, name) for name in public.__all__)
        for base in BASES.values():
            assert getattr(public, base.__name__) is base
            assert getattr(public, base.view.__name__) is base.view
            assert getattr(public, base.choice.__name__) is base.choice


class TestAsking:
    def test_views_are_read_only(self):
        strategy = CashRich()
        sees = market().look(strategy)
        for array in (
            sees.cash,
            sees.service_price,
            sees.industry.debt,
            sees.memory["streak"],
            sees.draw("luck"),
        ):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0

    def test_what_is_not_shown_cannot_be_read(self):
        with pytest.raises(AttributeError, match="'opperating_cash'; nearest: operating_cash"):
            _ = market().look().opperating_cash
        with pytest.raises(AttributeError, match="it shows: book_value, borrowing, "):
            _ = market().look().zzz

    def test_memory_is_kept_for_each_firm_and_run(self):
        made, memory = play(CashRich())
        assert memory["streak"].shape == (3, RUNS)
        assert len(np.unique(memory["streak"])) > 1
        for run in range(RUNS):
            alone, remembered = play(CashRich(), run=run)
            np.testing.assert_array_equal(remembered["streak"][:, 0], memory["streak"][:, run])
            np.testing.assert_array_equal(
                alone[-1]["capex_rate"][:, 0], made[-1]["capex_rate"][:, run]
            )

    def test_memory_starts_from_parameters_and_stays_unless_returned(self):
        strategy = with_values(CashRich(), {"growth": np.linspace(0.01, 0.2, RUNS)})
        start = initial_memory(strategy, 2, RUNS)
        np.testing.assert_array_equal(start["growth"][1], np.linspace(0.01, 0.2, RUNS))
        _, memory = play(strategy, rows=slice(0, 2))
        np.testing.assert_array_equal(memory["growth"], start["growth"])

    @pytest.mark.parametrize(
        ("updates", "words"),
        [
            ({"streek": 0.0}, "'streek' is not known; nearest: streak"),
            ({"streak": np.zeros(7)}, "shape (7,)"),
            ({"streak": "a"}, "remembers streak"),
        ],
    )
    def test_wrong_memory_is_refused_in_one_line(self, updates, words):
        @dataclass(frozen=True)
        class Confused(CashRich):
            """Remember what it should not."""

            def choose(self, sees):
                return HyperscalerChoice(0.0), updates

        strategy = Confused()
        with pytest.raises(AgentsimError) as error:
            ask(strategy, market().look(strategy))
        assert words in one_line(error)

    def test_an_error_of_the_strategy_says_where_it_arose(self):
        @dataclass(frozen=True)
        class Broken(HyperscalerStrategy):
            """Fail."""

            def choose(self, sees):
                raise RuntimeError("oh")

        with pytest.raises(AgentsimError) as error:
            ask(Broken(), market(quarter=7).look())
        text = one_line(error)
        assert text.startswith(
            "strategy broken failed for firm_0, firm_1, firm_2: RuntimeError: oh ("
        )
        assert "tests/test_strategy_interface.py:" in text
        assert isinstance(error.value.__cause__, RuntimeError)


class TestPlainNumbers:
    @pytest.mark.parametrize("rows", [slice(None), slice(1, 2), slice(1, 3), np.array([0, 2])])
    def test_same_numbers_as_on_arrays(self, rows):
        firms = len(np.arange(3)[rows])
        values = {
            "growth": np.random.default_rng(0).uniform(0.0, 0.2, (firms, RUNS)),
            "hurdle": [0.5, 1.0, 1.5, 0.7, 0.2],
        }
        for given in ({}, values):
            one, memory_one = play(with_values(CashRich(), given), rows)
            two, memory_two = play(with_values(CashRichRule(), given), rows)
            for quarter, other in zip(one, two, strict=True):
                for name in ("capex_rate", "training_share", "payout"):
                    np.testing.assert_array_equal(quarter[name], other[name])
                assert other["custom_share"] is None
            for name in memory_one:
                np.testing.assert_array_equal(memory_one[name], memory_two[name])

    @pytest.mark.parametrize(
        ("decide", "words"),
        [
            (lambda sees: 1 / (sees.quarter - 3), "ZeroDivisionError"),
            (lambda sees: sees.hidden, "does not show 'hidden'"),
            (lambda sees: 0.1, "return a HyperscalerChoice"),
            (lambda sees: HyperscalerChoice("much"), "could not convert"),
            (lambda sees: (HyperscalerChoice(0.1), {"x": 1.0}), "remember()"),
        ],
    )
    def test_errors_name_firm_and_run(self, decide, words):
        @dataclass(frozen=True)
        class Faulty(HyperscalerRule):
            """Fail for one firm in one run."""

            def decide(self, sees):
                where = sees.row == 2 and sees.debt == sees.industry.debt[2] == self.worst
                return decide(sees) if where else HyperscalerChoice(0.1)

        fake = market()
        Faulty.worst = float(fake.values["debt"][2, 4])
        with pytest.raises(AgentsimError) as error:
            ask(Faulty(), fake.look())
        text = one_line(error)
        assert text.startswith("column 4, quarter 3: strategy faulty failed for firm_2: ")
        assert words in text

    def test_every_role_has_a_base_in_plain_numbers(self):
        for role, base in BASES.items():
            plain = getattr(public, base.__name__.replace("Strategy", "Rule"))
            values = {
                item.name: 0.5 for item in fields(base.choice) if not item.metadata["otherwise"]
            }

            @dataclass(frozen=True)
            class Half(plain):
                """Choose one half of everything."""

                def decide(self, sees: FirmView):
                    return self.choice(**values)  # noqa: B023

            choice, _ = ask(Half(), FakeMarket(base.view).look())
            assert Half.role == role
            for name in values:
                np.testing.assert_array_equal(getattr(choice, name), np.full((3, RUNS), 0.5))


class TestGrouping:
    def test_same_code_goes_together_in_the_order_of_first_firms(self):
        other = make("hyperscaler", "restrain")
        groups = group(
            [
                (0, CashRich()),
                (1, other),
                (2, CashRich(growth=0.1)),
                (3, CashRich(kind="lavish")),
                (4, CashRich(kind="lavish")),
            ]
        )
        assert [each.strategy.id for each in groups] == ["cash_rich", "restrain", "cash_rich"]
        np.testing.assert_array_equal(groups[0].rows, [0, 2])
        assert groups[1].rows == slice(1, 2)
        assert groups[2].rows == slice(3, 5)
        assert [each.size for each in groups] == [2, 1, 2]

    def test_shared_parameters_stay_numbers_and_others_become_rows(self):
        (one,) = group([(1, CashRich(growth=0.2)), (0, CashRich(growth=0.1))])
        assert one.strategy.hurdle == 1.0
        np.testing.assert_array_equal(one.strategy.growth, [[0.1], [0.2]])
        assert one.rows == slice(0, 2)

    def test_swept_parameters_of_single_firms_are_stacked(self):
        swept = with_values(CashRich(), {"growth": [0.1, 0.2, 0.3]})
        (one,) = group([(0, swept), (1, CashRich())])
        np.testing.assert_array_equal(one.strategy.growth, [[0.1, 0.2, 0.3], [0.05] * 3])
        (same,) = group([(0, swept), (1, replace(swept))])
        assert same.strategy.growth.shape == (1, 3)

    def test_one_strategy_for_all_is_taken_as_it_is(self):
        shared = with_values(CashRich(), {"growth": [[0.1, 0.2], [0.3, 0.4]]})
        (one,) = group([(0, shared), (1, shared)])
        np.testing.assert_array_equal(one.strategy.growth, shared.growth)

    @pytest.mark.parametrize(
        "assignments",
        [
            [(0, CashRich()), (0, CashRich())],
            [(i, with_values(CashRich(), {"growth": [0.1] * (i + 2)})) for i in range(2)],
            [(i, with_values(CashRich(), {"growth": [[0.1 * i], [0.2]]})) for i in range(2)],
        ],
    )
    def test_what_does_not_fit_is_refused_in_one_line(self, assignments):
        with pytest.raises(AgentsimError) as error:
            group(assignments)
        one_line(error)


GOOD = '''
from dataclasses import dataclass
from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, param

@dataclass(frozen=True)
class {name}(HyperscalerStrategy):
    """Order at a rate. Source: a test."""

    rate: float = param(0.1, "1/quarter", "rate", 0.0, 1.0)

    def choose(self, sees):
        return HyperscalerChoice(self.rate)
'''


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Return the name of an empty library and a function that drops a file into it."""
    name = f"library_{abs(hash(str(tmp_path)))}"
    for role in BASES:
        folder = tmp_path / name / role
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def drop(id, text):
        (tmp_path / name / "hyperscaler" / f"{id}.py").write_text(text)

    yield name, drop
    for each in [each for each in sys.modules if each.split(".")[0] == name]:
        del sys.modules[each]


class TestRegistry:
    def test_a_file_dropped_into_the_folder_is_found_at_once(self, library):
        name, drop = library
        assert ids("hyperscaler", name) == []
        drop("steady", GOOD.format(name="Rate"))
        assert ids("hyperscaler", name) == ["steady"]
        found = find("hyperscaler", "steady", name)
        assert found.id == "steady"
        assert find("hyperscaler", "steady", name) is found
        assert parse("hyperscaler", "steady(rate=0.3)", name) == found(rate=0.3)
        drop("later", GOOD.format(name="Later"))
        assert find("hyperscaler", "later", name).id == "later"

    def test_finding_one_imports_no_other(self, library):
        name, drop = library
        drop("steady", GOOD.format(name="Rate"))
        drop("bad", "raise RuntimeError('imported')")
        find("hyperscaler", "steady", name)
        assert f"{name}.hyperscaler.bad" not in sys.modules

    def test_listing_imports_none(self):
        code = (
            "import sys\n"
            "from agentsim.strategy.registry import ids\n"
            "print(len(ids('hyperscaler')))\n"
            "heavy = {'pandas', 'mesa', 'scipy', 'seaborn', 'matplotlib'} & set(sys.modules)\n"
            "files = [m for m in sys.modules if 'strategies.hyperscaler.' in m]\n"
            "assert not heavy and not files, (heavy, files)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) >= 7

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("x = 1", "defines 0 hyperscaler strategies"),
            (
                GOOD.format(name="One") + GOOD.format(name="Two"),
                "defines 2 hyperscaler strategies: One, Two",
            ),
            ("\n\nimport no_such_module", "line 3 cannot be imported: ModuleNotFoundError"),
            ("x = 1\ny = (", "line 2 cannot be imported: SyntaxError"),
            ("def f():\n    return 1 / 0\n\n\nf()", "line 2 cannot be imported"),
            (GOOD.format(name="A").replace("(frozen=True)", ""), "write @dataclass(frozen=True)"),
            (GOOD.format(name="A").replace("@dataclass", "#"), "not a dataclass"),
            (GOOD.format(name="A").replace("choose", "chose"), "lacks the method choose"),
        ],
    )
    def test_a_faulty_file_is_named_in_one_line(self, library, text, words):
        name, drop = library
        drop("faulty", text)
        with pytest.raises(AgentsimError) as error:
            find("hyperscaler", "faulty", name)
        assert f"{name}/hyperscaler/faulty.py" in one_line(error)
        assert words in one_line(error)

    def test_catalogue_shows_faulty_files_as_rows(self, library):
        name, drop = library
        drop("faulty", "import no_such_module")
        drop("steady", GOOD.format(name="Rate"))
        faulty, steady = catalogue("hyperscaler", name)
        assert "no_such_module" in faulty.problem
        assert (steady.id, steady.role, steady.summary, steady.problem) == (
            "steady",
            "hyperscaler",
            "Order at a rate.",
            "",
        )
        assert catalogue(library=name) == [faulty, steady]

    def test_helper_classes_do_not_count(self, library):
        name, drop = library
        helper = GOOD.format(name="_Helper").replace("def choose", "def pick")
        more = GOOD.format(name="Mine").replace("HyperscalerStrategy)", "_Helper)")
        drop("mine", helper + more)
        assert find("hyperscaler", "mine", name).__name__ == "Mine"

    @pytest.mark.parametrize(
        ("role", "text", "words"),
        [
            ("hyperscaler", "best_respond", "nearest: best_response"),
            ("hyperscaler", "best-response", "nearest: best_response"),
            ("hyperscaler", "escalate(0.1)", "name every parameter"),
            ("hyperscaler", "escalate(step=x)", "step must be a number"),
            ("hyperscaler", "escalate(step=[1, 2])", "step must be a number"),
            ("hyperscaler", "escalate(stp=0.1)", "nearest: step"),
            ("hyperscaler", "escalate(step=-0.1)", "step = -0.1 must be between 0 and 1"),
            ("hyperscaler", "escalate(step=0.1", "name(parameter=value, ...)"),
            ("hyperscaler", "escalate(**{'step': 0.1})", "name every parameter"),
            ("hyperscaler", "__import__('os').getcwd()", "name(parameter=value, ...)"),
            ("hyperscaler", "", "name(parameter=value, ...)"),
            ("hyperscaler", 3, "neither a name nor a strategy"),
            ("lender", "escalate", "lender strategy 'escalate' is not known"),
            ("lender", CashRich(), "is for a hyperscaler, not for a lender"),
            ("bank", "prudent", "role 'bank' is not known"),
        ],
    )
    def test_what_cannot_be_parsed_is_refused_in_one_line(self, role, text, words):
        with pytest.raises(AgentsimError) as error:
            parse(role, text)
        assert words in one_line(error)

    def test_unknown_name_says_how_to_list(self):
        with pytest.raises(AgentsimError) as error:
            find("hyperscaler", "nonsense")
        assert "`agentsim strategies list hyperscaler` lists them" in one_line(error)

    def test_parse_reads_names_and_parameters_and_passes_strategies_through(self):
        assert parse("hyperscaler", "escalate") == make("hyperscaler", "escalate")
        assert parse("hyperscaler", " scaled( multiple = 1.5 ) ").multiple == 1.5
        assert parse("chip_vendor", "hold_margin(margin_change=-0.1)").margin_change == -0.1
        strategy = CashRich()
        assert parse("hyperscaler", strategy) is strategy


def test_a_view_cannot_be_written_to():
    sees = FakeMarket(HyperscalerView).look()
    for name, value in (("cash", 3.0), ("quarter", 1), ("of_my_own", 0)):
        with pytest.raises(AttributeError, match=f"a view is read-only; return '{name}'"):
            setattr(sees, name, value)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (HyperscalerChoice(capex_rate=None), "chose no capex_rate, which may not be left out"),
        (ChipVendorChoice(price=None), "chose no price, which may not be left out"),
        (HyperscalerChoice(capex_rate="x"), "chose capex_rate = 'x'; it must broadcast"),
    ],
)
def test_a_choice_that_may_not_be_left_out_must_be_there(made, said):
    with pytest.raises(AgentsimError) as caught:
        checked(made, type(made), 2, 3, "mine")
    assert said in str(caught.value)
