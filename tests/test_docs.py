"""The generated part of docs/model.md is what the code generates now; other pages hold too."""

import ast
import re
import tomllib
from dataclasses import fields
from inspect import cleandoc
from pathlib import Path

import pytest

from agentsim.batch import plan
from agentsim.batch.design import Experiment
from agentsim.cli import MODULES
from agentsim.outcomes import OUTCOMES
from agentsim.parameters import DECLARATIONS
from agentsim.report import tables
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import find, ids
from agentsim.tournament.design import Population, Tournament

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "model.md"


def test_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert tables.main([str(PAGE), "--check"]) == 0, capsys.readouterr().err + "(or: make docs)"


def test_everything_is_in_the_tables() -> None:
    made = tables.generated()
    names = [name for _, name in DECLARATIONS]
    names += [name for sector in tables.STATES.values() for name in sector.states]
    names += [item.name for kind in tables.CHOICES.values() for item in fields(kind)]
    names += OUTCOMES
    assert [name for name in names if f"| `{name}` |" not in made] == []


def test_tables_are_well_formed() -> None:
    width = 0
    for line in tables.generated().splitlines():
        bars = line.replace("\\|", "").count("|")
        if not line.startswith("|"):
            assert bars == 0, line
            width = 0
        else:
            width = width or bars
            assert bars == width, line


def test_check_says_what_to_do_and_filling_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    before, after = "# Title\n\nwords | here\n\n", "\n\nmore words\n"
    page.write_text(f"{before}{tables.START}\nold\n{tables.END}{after}")
    assert tables.main([str(page), "--check"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "stale" in said and str(page) in said
    assert tables.main([str(page)]) == 0
    assert tables.main([str(page), "--check"]) == 0
    text = page.read_text()
    assert text.startswith(before + tables.START) and text.endswith(tables.END + after)
    assert "old" not in text.split()


@pytest.mark.parametrize("words", [[], ["a", "b"], ["--other"]])
def test_wrong_use_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert tables.main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_page_without_markers_or_no_page_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    assert tables.main([str(page)]) == 2
    page.write_text("nothing")
    assert tables.main([str(page)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 2 and "Traceback" not in said
    assert page.read_text() == "nothing"


# The page on batches


BATCHES = (ROOT / "docs" / "batches.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", BATCHES, re.DOTALL)


def test_the_page_on_batches_explains_every_key_of_an_experiment():
    for name in Experiment.model_fields:
        assert re.search(rf"`\[*{name}[.\]`]", BATCHES), name


def test_the_page_on_tournaments_explains_every_key():
    page = (ROOT / "docs" / "tournament.md").read_text(encoding="utf-8")
    for name in (*Tournament.model_fields, *Population.model_fields):
        assert re.search(rf"`\[*{name}\]*`", page), name


def test_the_factors_on_the_page_on_batches_can_be_sampled():
    (text,) = blocks("toml")
    tables = tomllib.loads(text)
    # A grid, levels and ranges in one: a sampler takes them all.
    experiment = Experiment(name="page", runs=1, sampler="latin_hypercube", **tables)
    assert len(plan.make(experiment).cells) == 100


def test_python_on_the_page_on_batches_is_python():
    found = blocks("python")
    assert found
    for block in found:
        ast.parse(block)


def test_commands_on_the_pages_exist():
    known = set(MODULES)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^agentsim ([a-z]+)", BATCHES + readme, re.MULTILINE)
    assert len(named) > 10
    assert set(named) <= known


# The page on the library


LEAST = {"hyperscaler": 23, "chip_vendor": 11, "memory_maker": 5, "lender": 5}
"""Strategies that the page tells at least."""


def test_the_page_on_the_library_tells_every_strategy_in_its_own_words():
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    for role in BASES:
        told = re.findall(rf"^### {role.replace('_', ' ')}: `(\w+)`$", text, re.MULTILINE)
        # Who adds one may leave the page to the next `make library`.
        assert set(told) <= set(ids(role)), "run: make library"
        assert len(told) >= LEAST[role]
        for id in told:
            kind = find(role, id)
            for paragraph in cleandoc(kind.__doc__).split("\n\n"):
                assert " ".join(paragraph.split()) in text, f"{id}; run: make library"
            assert kind.unavailable or re.search(rf"^\| `{id}` \|", text, re.MULTILINE)
