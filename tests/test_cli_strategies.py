"""`agentsim strategies`: what there is, all about one, and a new one that runs as it stands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentsim.authoring.scaffold import write
from agentsim.errors import AgentsimError
from agentsim.strategy import added
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import catalogue, file_of, parse

AGENTSIM = [sys.executable, "-m", "agentsim.cli"]
BARE = {name: each for name, each in os.environ.items() if name != added.PATHS}


def agentsim(*words, cwd, **how):
    return subprocess.run(
        [*AGENTSIM, *words], cwd=cwd, capture_output=True, text=True, timeout=120, env=BARE, **how
    )


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    """Name no strategies, before and after."""
    monkeypatch.setenv(added.PATHS, "")
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_pipe_gets_a_line_each_with_id_role_and_summary(tmp_path):
    done = agentsim("strategies", "list", cwd=tmp_path)
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    rows = catalogue()
    assert [line[:2] for line in lines] == [[row.id, row.role] for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert line[2].startswith(row.summary)
        assert (line[2] == row.summary) is (row.unavailable == "")
    assert done.stderr == ""


def test_a_word_is_looked_for_in_role_name_summary_and_source(tmp_path):
    def found(word):
        done = agentsim("strategies", "list", word, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return {tuple(line.split(" ", 2)[:2]) for line in done.stdout.splitlines()}

    assert found("lender") >= {("prudent", "lender"), ("yield_seeking", "lender")}
    assert ("escalate", "hyperscaler") in found("Shubik")
    done = agentsim("strategies", "list", "xyzzy", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no strategy has 'xyzzy'" in done.stderr


def test_a_faulty_file_is_warned_of_and_the_rest_is_listed(tmp_path):
    (tmp_path / "faulty.py").write_text("import no_such_module\n")
    done = agentsim("strategies", "list", "--strategies", ".", cwd=tmp_path)
    assert done.returncode == 0
    assert "escalate hyperscaler" in done.stdout
    assert "faulty" not in done.stdout
    assert done.stderr.splitlines()[0].startswith("warning: ")
    assert "faulty.py, line 1 cannot be imported: ModuleNotFoundError" in done.stderr
    shown = agentsim("strategies", "show", "faulty.py", cwd=tmp_path)
    assert shown.returncode == 2
    assert "faulty.py, line 1 cannot be imported" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_all_about_one_is_shown(tmp_path):
    page = agentsim("strategies", "show", "hyperscaler/scaled", cwd=tmp_path).stdout
    assert "Spend a multiple of what best response would" in page
    assert "Wellman 2006" in page
    assert [line.split()[:5] for line in page.splitlines() if line.startswith("multiple")] == [
        ["multiple", "1", "0", "20", "1"]
    ]
    assert str(file_of("hyperscaler", "scaled")) in page
    assert "deterministic: yes" in page
    assert "looks at rivals: no" in page


def test_a_name_of_several_roles_is_shown_for_each(tmp_path):
    page = agentsim("strategies", "show", "best_response", cwd=tmp_path).stdout
    assert "best_response, a strategy for a hyperscaler" in page
    assert "best_response, a strategy for a chip vendor" in page


def test_check_says_what_passes_and_what_does_not(tmp_path):
    file, _ = write("memory_maker", "plump", tmp_path, plain=True)
    words = ["strategies", "check", "plump.py", "--worlds", "60"]
    sound = agentsim(*words, cwd=tmp_path)
    assert sound.returncode == 0, sound.stderr
    assert sound.stdout.startswith("plump (memory_maker): passes all checks")
    file.write_text(file.read_text().replace("min(max(wanted, 0.0), 1.0)", "1.5"))
    bad = agentsim(*words, cwd=tmp_path)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert "checks FAILED" in bad.stdout
    assert "expansion = 1.5" in bad.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "escalat"], "nearest: escalate"),
        (["show", "bank/prudent"], "role 'bank' is not known"),
        (["show", "nowhere.py"], "nowhere.py is not there"),
        (["list", "--strategies", "nowhere"], "strategies: nowhere is not there"),
        (["new", "bank", "mine"], "role 'bank' is not known"),
        (["new", "lender", "Mine"], "NAME = 'Mine' cannot name a strategy"),
        (["new", "lender", "prudent"], "lender strategy 'prudent' is there already, in "),
        (["lender"], "command 'lender' is not known"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, words, said):
    done = agentsim("strategies", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_a_new_strategy_runs_in_a_market_of_its_own_folder(tmp_path):
    made = agentsim("strategies", "new", "hyperscaler", "builder_of_the_test", cwd=tmp_path)
    assert made.stdout.splitlines()[:2] == ["builder_of_the_test.py", "test_builder_of_the_test.py"]
    text = (tmp_path / "builder_of_the_test.py").read_text()
    for field in BASES["hyperscaler"].view.fields:
        assert f"    {field} " in text
    assert "0 to 2 [1/quarter]" in text
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nruns = 2\nhorizon = 2\noutcomes = ["capex"]\n'
        '[lineup]\nhyperscaler = "builder_of_the_test"\n'
    )
    words = ["run", "mine.toml", "--workers", "2", "--no-report"]
    done = agentsim(*words, "--strategies", "builder_of_the_test.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = agentsim(*words, "--out", "elsewhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "hyperscaler strategy 'builder_of_the_test' is not known" in done.stderr
    again = agentsim("strategies", "new", "hyperscaler", "builder_of_the_test", cwd=tmp_path)
    assert again.returncode == 2
    assert "builder_of_the_test.py exists and is left alone" in again.stderr


def test_all_files_pass_as_they_are_written(tmp_path):
    for role in BASES:
        write(role, f"brand_new_{role}", tmp_path)
        write(role, f"plain_new_{role}", tmp_path, plain=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=BARE
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_in_a_checkout_they_go_where_they_are_found(tmp_path, monkeypatch):
    (tmp_path / "agentsim" / "strategy").mkdir(parents=True)
    (tmp_path / "agentsim" / "strategy" / "base.py").touch()
    (tmp_path / "strategies" / "lender").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    assert [path.relative_to(tmp_path) for path in write("lender", "careful")] == [
        Path("strategies/lender/careful.py"),
        Path("tests/strategies/test_lender_careful.py"),
    ]
    with pytest.raises(AgentsimError, match="lender strategy 'careful' is not known"):
        parse("lender", "careful")  # this is no checkout that is installed
