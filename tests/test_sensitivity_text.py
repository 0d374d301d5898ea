"""Sensitivity in words: what the tables say, said."""

import pandas as pd
import pytest

from agentsim.analysis.discovery import Discovery
from agentsim.batch.intervals import Interval
from agentsim.report.sensitivity_text import box_lines, lines, main, section


def indices(in_top):
    """A table of indices, in which ranks are as sure as given."""
    names = ["algorithmic_progress_per_year", "economic_life", "substitution"]
    total = [0.5, 0.3, 0.1]
    table = pd.DataFrame(
        {
            "first": [each - 0.05 for each in total],
            "first_low": [each - 0.1 for each in total],
            "first_high": total,
            "total": total,
            "total_low": [each - 0.02 for each in total],
            "total_high": [each + 0.02 for each in total],
            "rank": [1, 2, 3],
            "in_top": in_top,
            "rank_low": [1, 1, 3],
            "rank_high": [1, 2, 3],
        },
        index=pd.Index(names, name="dimension"),
    )
    table.attrs = {"ci": 0.95, "blocks": 64, "top": 2, "dropped_blocks": 0}
    return table


def found(given_density=0.8, **changes):
    """A box of two conditions."""
    given = dict(
        outcome="customer_share above 0.95",
        limits={"economic_life": (3.5, 6.0), "substitution": (2.0, 5.0)},
        ranges={"economic_life": (2.0, 6.0), "substitution": (2.0, 10.0)},
        quasi_p={"economic_life": (1e-9, float("nan")), "substitution": (float("nan"), 0.2)},
        density=Interval(0.8, 0.75, 0.85, 900),
        coverage=Interval(0.4, 0.3, 0.5, 900),
        mass=0.1,
        base_rate=0.2,
        held_out_density=Interval(0.7, 0.6, 0.8, 450),
        held_out_coverage=Interval(0.35, 0.2, 0.5, 450),
        trajectory=pd.DataFrame({"density": [0.2, 0.5, given_density]}),
        chosen=2,
        wanted=0.8,
        cells=900,
        dropped_cells=0,
    )
    return Discovery(**given | changes)


def test_numbers_stand_under_one_another():
    head, *rows = lines(indices([1.0, 0.9, 0.1]), "customer_share")[2:]
    end = head.index("total") + len("total")
    assert [row[:end].split()[-1] for row in rows] == ["0.500", "0.300", "0.100"]


def test_dropped_blocks_are_told():
    table = indices([1.0, 0.9, 0.1])
    table.attrs["dropped_blocks"] = 3
    assert "3 blocks left out" in lines(table, "capex")[0]


def test_what_is_in_doubt_is_said():
    text = section(indices([1.0, 0.6, 0.4]), found(), 320, ["sensitivity", "capture"])
    assert "1 of the 2 are" in text
    assert "In doubt are `economic_life` (60%), `substitution` (40%)." in text


def test_what_is_sure_is_said():
    text = section(indices([1.0, 0.99, 0.01]), found(), 320, ["sensitivity", "capture"])
    assert "all 2 are" in text and "In doubt" not in text


def test_a_box_is_told_by_the_sides_that_it_limits():
    text = section(indices([1.0, 0.99, 0.01]), found(), 320, ["sensitivity", "capture"])
    assert "`economic_life` above 3.5; `substitution` below 5." in text
    assert "70.0% [60.0%, 80.0%] on the other half" in text
    told = box_lines(found())
    rows = {line.split()[0]: line.split()[1:] for line in told if line.startswith(("eco", "sub"))}
    assert rows["economic_life"] == ["3.5", "2", "6", "<0.001"]
    assert rows["substitution"] == ["5", "2", "10", "0.200"]


def test_a_box_that_is_not_dense_enough_says_so():
    loose = found(0.6, density=Interval(0.6, 0.5, 0.7, 900))
    assert any("no box is as dense as 80%" in line for line in box_lines(loose))


@pytest.mark.parametrize("words", [[], ["a", "b"], ["nowhere", "nowhere", "page.md"]])
def test_wrong_use_is_one_line(words, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1
