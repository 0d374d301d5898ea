"""Strategies from elsewhere: files and folders that a user names, and installed packages."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from agentsim import AgentsimError, Experiment, Market, add_strategies, run
from agentsim.batch.plan import make
from agentsim.strategy import added
from agentsim.strategy.params import with_values
from agentsim.strategy.registry import catalogue, file_of, find, ids, parse

STEADY = '''
from dataclasses import dataclass

from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, param


@dataclass(frozen=True)
class Steady(HyperscalerStrategy):
    """Order at a steady rate. Source: a test."""

    rate: float = param(0.1, "1/quarter", "rate of orders", 0.0, 1.0)

    def choose(self, sees):
        """Order."""
        return HyperscalerChoice(capex_rate=self.rate)
'''
FRUGAL = '''
from dataclasses import dataclass

from agentsim.strategy import LenderChoice, LenderStrategy


@dataclass(frozen=True)
class Frugal(LenderStrategy):
    """Lend nothing. Source: a test."""

    def choose(self, sees):
        """Keep all."""
        return LenderChoice(spread=0.1, advance_rate=0.0, deployed=0.0)
'''


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    """Name no strategies, before and after."""
    monkeypatch.setenv(added.PATHS, "")
    monkeypatch.setattr(sys, "path", list(sys.path))


def said(error):
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_file_is_known_by_its_name_wherever_it_lies(tmp_path):
    file = tmp_path / "patient.py"
    file.write_text(STEADY)
    (row,) = add_strategies(file)
    assert (row.id, row.role, row.summary) == ("patient", "hyperscaler", "Order at a steady rate.")
    assert "patient" in ids("hyperscaler")
    assert "patient" not in ids("lender")
    assert file_of("hyperscaler", "patient") == file
    assert str(parse("hyperscaler", "patient(rate=0.2)")) == "patient(rate=0.2)"
    assert find("hyperscaler", "patient") is find("hyperscaler", "patient")
    made = Market("theory", lineup="patient(rate=0.2)", rng=1, horizon=2)
    assert made.run().outcomes()["capex"].item() > 0.0


def test_a_folder_is_read_as_the_library_is(tmp_path):
    (tmp_path / "lender").mkdir()
    (tmp_path / "lender" / "frugal.py").write_text(FRUGAL)
    (tmp_path / "patient.py").write_text("from neighbour import RATE\n" + STEADY)
    (tmp_path / "neighbour.py").write_text("RATE = 0.1\n")
    (tmp_path / "test_patient.py").write_text("raise RuntimeError('a test is no strategy')\n")
    rows = {(row.role, row.id): row.problem for row in add_strategies(tmp_path)}
    assert rows == {("hyperscaler", "patient"): "", ("lender", "frugal"): ""}
    assert {"patient", "frugal"} <= {row.id for row in catalogue()}


def test_one_file_may_hold_a_strategy_of_each_role(tmp_path):
    (tmp_path / "mine.py").write_text(STEADY + FRUGAL)
    rows = add_strategies(tmp_path / "mine.py")
    assert [(row.role, row.id) for row in rows] == [("hyperscaler", "mine"), ("lender", "mine")]
    assert parse("lender", "mine").role == "lender"


def test_a_name_that_is_taken_is_refused_with_both_files(tmp_path):
    (tmp_path / "escalate.py").write_text(STEADY)
    with pytest.raises(AgentsimError) as error:
        add_strategies(tmp_path)
    assert "hyperscaler/escalate.py" in said(error)
    assert str(tmp_path / "escalate.py") in said(error)
    assert "rename one" in said(error)
    with pytest.raises(AgentsimError, match="is in two files"):
        parse("hyperscaler", "escalate")
    assert parse("hyperscaler", "match").id == "match"


def test_two_folders_may_not_hold_the_same_name(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "patient.py").write_text(STEADY)
    add_strategies(tmp_path / "one")
    with pytest.raises(AgentsimError) as error:
        add_strategies(tmp_path / "two")
    assert "one/patient.py" in said(error)
    assert "two/patient.py" in said(error)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nimport no_such_module", "line 2 cannot be imported: ModuleNotFoundError"),
        ("x = 1\n\ny = (", "line 3 cannot be imported: SyntaxError"),
        (STEADY + STEADY.replace("Steady", "Other"), "defines 2 hyperscaler strategies"),
        (STEADY.replace("choose", "chose"), "lacks the method choose"),
    ],
)
def test_a_faulty_file_is_told_with_its_line_and_the_rest_works(tmp_path, text, words):
    (tmp_path / "faulty.py").write_text(text)
    (tmp_path / "patient.py").write_text(STEADY)
    rows = {row.id: row for row in add_strategies(tmp_path)}
    assert words in rows["faulty"].problem
    assert rows["faulty"].problem.startswith(str(tmp_path / "faulty.py"))  # it can be opened
    assert "\n" not in rows["faulty"].problem
    assert rows["patient"].problem == ""
    assert parse("hyperscaler", "patient").rate == 0.1
    assert rows["faulty"].problem in [row.problem for row in catalogue()]
    assert parse("hyperscaler", "match").id == "match"


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere", "is not there"), ("notes.txt", "is no Python file")],
)
def test_a_path_that_holds_none_is_refused(tmp_path, name, words):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(AgentsimError) as error:
        add_strategies(tmp_path / name)
    assert words in said(error)


def test_a_file_without_a_strategy_is_told_if_it_was_named(tmp_path):
    (tmp_path / "helper.py").write_text("x = 1\n")
    assert add_strategies(tmp_path) == []
    (row,) = add_strategies(tmp_path / "helper.py")
    assert "defines no strategy" in row.problem


def test_a_changed_file_is_read_anew(tmp_path):
    file = tmp_path / "patient.py"
    file.write_text(STEADY)
    add_strategies(file)
    assert parse("hyperscaler", "patient").rate == 0.1
    file.write_text(STEADY.replace("param(0.1", "param(0.3"))
    assert parse("hyperscaler", "patient").rate == 0.3


def test_strategies_from_a_file_pickle_in_another_process(tmp_path):
    file = tmp_path / "patient.py"
    file.write_text(STEADY)
    add_strategies(file)
    one = parse("hyperscaler", "patient(rate=0.25)")
    assert pickle.loads(pickle.dumps(one)) == one
    swept = with_values(one, {"rate": [0.1, 0.2]})
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(swept)).rate, [[0.1, 0.2]])
    code = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])))"
    bare = {name: each for name, each in os.environ.items() if name != added.PATHS}

    def elsewhere():
        words = [sys.executable, "-c", code, pickle.dumps(one).hex()]
        return subprocess.run(words, capture_output=True, text=True, check=False, env=bare)

    assert elsewhere().stdout.strip() == "patient(rate=0.25)"
    pickled = pickle.dumps(replace(one, rate=0.5))
    file.write_text(STEADY + "\n")
    with pytest.raises(AgentsimError, match="has changed since"):
        pickle.loads(pickled)


def test_batches_follow_them_in_worker_processes(tmp_path):
    (tmp_path / "patient.py").write_text(STEADY)
    made = Experiment(
        name="mine", runs=4, horizon=2, uncertainty="none", outcomes=["capex"],
        strategies=[str(tmp_path / "patient.py")],
        factors={"lineup.hyperscaler": ["restrain", "patient"]},
    )  # fmt: skip
    results = run(made, tmp_path / "out", workers=2, progress=False)
    assert results.manifest["failures"]["runs"] == 0
    assert "strategies/hyperscaler/patient.py" in results.manifest["model"]
    low, high = results.summary(by="lineup.hyperscaler", outcomes="capex")["mean"]
    assert low != high


def test_an_experiments_file_names_them_from_where_it_lies(tmp_path):
    (tmp_path / "patient.py").write_text(STEADY)
    (tmp_path / "mine.toml").write_text('name = "mine"\nstrategies = ["patient.py"]\n')
    assert Experiment.read(tmp_path / "mine.toml").strategies == [str(tmp_path / "patient.py")]


def installed(tmp_path, monkeypatch, points, files):
    """Lay out an installed package with entry points, and look for such packages anew."""
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    info = tmp_path / "thirdparty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{added.GROUP}]\n{points}\n")
    monkeypatch.syspath_prepend(tmp_path)
    added._installed.cache_clear()


@pytest.fixture
def forgotten():
    """Forget what was installed."""
    yield
    added._installed.cache_clear()
    for name in [each for each in sys.modules if each.split(".")[0] == "thirdparty"]:
        del sys.modules[name]


def test_installed_packages_bring_theirs(tmp_path, monkeypatch, forgotten):
    files = {
        "thirdparty/__init__.py": "",
        "thirdparty/one.py": STEADY,
        "thirdparty/more/__init__.py": "",
        "thirdparty/more/plain.py": STEADY,
        "thirdparty/more/lender/__init__.py": "",
        "thirdparty/more/lender/frugal.py": FRUGAL,
        "thirdparty/more/lender/broken.py": "\nimport no_such_module\n",
    }
    points = "quiet = thirdparty.one:Steady\nlot = thirdparty.more\ngone = thirdparty.nothing\n"
    installed(tmp_path, monkeypatch, points, files)
    assert {"quiet", "plain"} <= set(ids("hyperscaler"))
    assert parse("hyperscaler", "quiet").id == "quiet"
    assert parse("lender", "frugal").id == "frugal"
    problems = [row.problem for row in catalogue() if row.problem]
    assert len(problems) == 2
    assert any("lender/broken.py, line 2 cannot be imported" in each for each in problems)
    assert any("entry point gone = thirdparty.nothing of thirdparty" in each for each in problems)


def test_a_package_may_not_take_a_name_of_the_library(tmp_path, monkeypatch, forgotten):
    files = {"thirdparty/__init__.py": "", "thirdparty/one.py": STEADY}
    installed(tmp_path, monkeypatch, "match = thirdparty.one:Steady", files)
    with pytest.raises(AgentsimError) as error:
        parse("hyperscaler", "match")
    assert "hyperscaler/match.py" in said(error)
    assert "thirdparty/one.py" in said(error)
    assert parse("hyperscaler", "escalate").id == "escalate"
    assert any("in two files" in row.problem for row in catalogue("hyperscaler"))


def test_what_a_file_imports_from_beside_it_is_part_of_it(tmp_path):
    (tmp_path / "patient.py").write_text("from rates_of_mine import RATE\n" + STEADY)
    (tmp_path / "rates_of_mine.py").write_text("RATE = 0.1\n")
    (tmp_path / "patient.py").write_text(
        "import rates_of_mine\n" + STEADY.replace("param(0.1", "param(rates_of_mine.RATE")
    )
    add_strategies(tmp_path / "patient.py")
    assert parse("hyperscaler", "patient").rate == 0.1
    before = added.texts()
    (tmp_path / "rates_of_mine.py").write_text("RATE = 0.35\n")
    assert added.texts() != before  # so that a batch is another one
    assert parse("hyperscaler", "patient").rate == 0.35


def test_the_same_file_by_another_way_is_no_clash(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "patient.py").write_text(STEADY)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "patient.py").symlink_to(tmp_path / "one" / "patient.py")
    add_strategies(tmp_path / "one")
    add_strategies(tmp_path / "two")
    assert parse("hyperscaler", "patient").rate == 0.1


def test_a_name_that_no_lineup_could_write_is_refused(tmp_path):
    (tmp_path / "other-dash.py").write_text(STEADY)
    (row,) = add_strategies(tmp_path)
    assert "use letters, digits and _ alone" in row.problem


def test_a_name_whose_file_is_faulty_or_near_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "faulty.py").write_text("import no_such_module\n")
    (tmp_path / "patient.py").write_text(STEADY)
    add_strategies(tmp_path / "faulty.py")
    with pytest.raises(AgentsimError, match=r"faulty.py, line 1 cannot be imported"):
        parse("hyperscaler", "faulty")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AgentsimError, match=r"name it by --strategies patient.py"):
        parse("hyperscaler", "patient")


def test_a_swept_parameter_keeps_the_bounds_of_the_strategy_that_is_followed(tmp_path):
    """`escalate` may step up to 1, this one up to 0.2."""
    text = STEADY.replace("rate: float", "step: float").replace("self.rate", "self.step")
    (tmp_path / "mild.py").write_text(text.replace("0.0, 1.0)", "0.0, 0.2)"))
    asked = {
        "name": "mine", "runs": 2, "strategies": [str(tmp_path / "mild.py")],
        "factors": {"lineup.hyperscaler.step": [0.1, 0.5]},
    }  # fmt: skip
    with pytest.raises(AgentsimError) as error:
        make(Experiment(**asked, lineup={"hyperscaler": "mild"}))
    assert "lineup.hyperscaler.step = 0.5 is out of bounds of mild, which " in said(error)
    assert "between 0 and 0.2" in said(error)
    assert len(make(Experiment(**asked, lineup={"hyperscaler": "escalate"})).cells) == 2
