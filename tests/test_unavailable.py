"""A strategy that the market has no means for yet: shown with its reason, refused in one line."""

from dataclasses import dataclass

import pytest

from agentsim import AgentsimError, Market
from agentsim.cli import main, settable
from agentsim.scenario import Scenario
from agentsim.strategy import ChipVendorChoice, ChipVendorStrategy, param
from agentsim.strategy.registry import catalogue, find, followed, ids, make, parse

ID = "customer_financier"
SAID = f"strategy {ID} cannot be followed yet: the market has no vendor finance"


def test_it_is_refused_wherever_it_is_asked_for():
    for ask in (
        lambda: find("chip_vendor", ID)(),
        lambda: make("chip_vendor", ID, {"financed": 0.1}),
        lambda: parse("chip_vendor", ID),
        lambda: parse("chip_vendor", f"{ID}(financed=0.1)"),
        lambda: Market(lineup={"nvidia": ID}),
        lambda: Market(lineup={"chip_vendor": ID}),
    ):
        with pytest.raises(AgentsimError) as refused:
            ask()
        assert str(refused.value).startswith(SAID)
        assert "follow hold_margin" in str(refused.value)
        assert "\n" not in str(refused.value)


def test_it_is_listed_and_described_with_its_reason(capsys):
    assert ID in ids("chip_vendor")
    assert ID not in followed("chip_vendor")
    (entry,) = [row for row in catalogue("chip_vendor") if row.id == ID]
    described = find("chip_vendor", ID).describe()
    assert "no vendor finance" in entry.unavailable
    assert entry.unavailable == described.unavailable
    assert entry.summary and not entry.problem
    assert "Cannot be followed yet: the market has no vendor finance" in str(described)
    for words in (["list"], ["list", "chip_vendor"], ["show", ID]):
        assert main(["strategies", *words]) == 0
        assert "yet: the market has no vendor finance" in capsys.readouterr().out


def test_the_command_refuses_it_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["run", "escalator_war", "--set", f"lineup.nvidia={ID}"]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {SAID}")
    assert said.count("\n") == 1


def test_neither_it_nor_its_parameters_are_among_what_can_be_set():
    entries = {entry.name: entry for entry in settable.entries(Scenario.load("2025Q4"))}
    assert ID not in entries["lineup.chip_vendor"].meaning
    assert "hold_margin" in entries["lineup.chip_vendor"].meaning
    assert "lineup.chip_vendor.financed" not in entries
    assert "lineup.chip_vendor.margin_change" in entries


def test_the_others_can_be_followed_and_say_nothing_of_it():
    for role in ("hyperscaler", "chip_vendor", "memory_maker", "lender"):
        for id in followed(role):
            assert "Cannot be followed" not in str(make(role, id).describe())


def test_a_parameter_may_not_take_the_name_of_the_reason():
    @dataclass(frozen=True)
    class Mistaken(ChipVendorStrategy):
        """Post a price."""

        unavailable: float = param(1.0, "1", "a clash", 0.0, 2.0)

        def choose(self, sees):
            return ChipVendorChoice(price=1.0)

    with pytest.raises(AgentsimError, match="parameter called 'unavailable'; rename it"):
        Mistaken()
