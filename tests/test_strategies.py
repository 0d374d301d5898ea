"""The strategy library as a whole; each strategy has a test file in tests/strategies."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from asked import made_by

from agentsim.authoring.parameters import PLACEHOLDER
from agentsim.strategy.base import BASES
from agentsim.strategy.registry import catalogue, find, followed, ids, make

ALL = [(role, id) for role in BASES for id in ids(role)]
TESTS = Path(__file__).parent / "strategies"


@pytest.mark.parametrize(("role", "id"), ALL)
def test_every_strategy_has_a_test_file_with_the_battery(role, id):
    text = (TESTS / f"test_{role}_{id}.py").read_text(encoding="utf-8")
    if find(role, id).unavailable:
        return  # nobody can ask it yet
    assert "(StrategyBattery)" in text
    assert f'role = "{role}"' in text
    assert f'id = "{id}"' in text


@pytest.mark.parametrize(("role", "id"), ALL)
def test_every_strategy_says_at_some_length_what_it_does_and_where_it_comes_from(role, id):
    described = find(role, id).describe()
    assert len(described.summary) > 20
    remedy = f"say in strategies/{role}/{id}.py, after `Source:`, where it comes from"
    assert len(described.source) > 20, remedy
    assert not described.source.startswith(PLACEHOLDER), f"the template's words stand yet; {remedy}"


def test_catalogue_lists_them():
    assert [(entry.role, entry.id) for entry in catalogue()] == ALL
    assert not [entry.problem for entry in catalogue() if entry.problem]


@pytest.mark.parametrize("id", followed("chip_vendor"))
def test_price_lies_between_unit_cost_and_ceiling(id):
    for ceiling in (4.0, 10.0, 1e3):
        made, seen = made_by(make("chip_vendor", id), price_ceiling=ceiling)
        assert (made["price"] >= seen["unit_cost"]).all()
        assert (made["price"] <= np.maximum(ceiling, seen["unit_cost"])).all()


def test_every_choice_left_out_has_something_that_stands_for_it():
    for base in BASES.values():
        for item in fields(base.choice):
            otherwise = item.metadata["otherwise"]
            shown = base.view.fields
            assert (
                not otherwise
                or otherwise == "0"
                or shown.keys()
                & {
                    item.name,
                    f"planned_{item.name}",
                }
            )
