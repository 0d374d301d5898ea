"""The generated part of docs/model.md is what the code generates now."""

from dataclasses import fields
from pathlib import Path

import pytest

from agentsim.outcomes import OUTCOMES
from agentsim.parameters import DECLARATIONS
from agentsim.report import tables

PAGE = Path(__file__).resolve().parents[1] / "docs" / "model.md"


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
