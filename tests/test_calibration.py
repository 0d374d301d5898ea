"""The calibrations: every value is there, follows from its facts, and says where it comes from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import agentsim.calibration as calibration
from agentsim import Market
from agentsim.backtest.history import history
from agentsim.backtest.verdicts import rules
from agentsim.calibration import (
    ALL,
    KINDS,
    STRUCTURAL,
    Calibration,
    Entry,
    calibrations,
    facts,
    read,
)
from agentsim.calibration.formulas import cited, evaluate
from agentsim.errors import AgentsimError, unknown
from agentsim.parameters import DECLARATIONS, ROLES
from agentsim.scenario import Scenario

TOLERANCE = 0.01
FOUR = {"microsoft": "MSFT", "alphabet": "GOOGL", "amazon": "AMZN", "meta": "META"}
LINES = [
    pytest.param(name, entry, id=f"{name}-{entry.label}")
    for name in calibrations()
    for entry in read(name).entries
]
EVERY = [entry for name in calibrations() for entry in read(name).entries]
BASE = read("2025Q4")
OPENING = read("2023Q1")


def worked_out(formula: str, by: Calibration) -> float:
    def value_of(name: str) -> float:
        if name not in by.by_name:
            raise unknown("value", name, by.by_name)
        return by.by_name[name].value

    return evaluate(formula, by.firms, value_of)


def come_to(formula: str) -> float:
    return worked_out(formula, BASE)


def test_the_calibrations_are_two_dates_and_the_frictionless_world() -> None:
    assert calibrations() == ("2023Q1", "2025Q4", "theory")


@pytest.mark.parametrize("name", calibrations())
def test_every_declared_parameter_has_a_value_for_every_firm(name: str) -> None:
    read_in = read(name)
    expected = {
        parameter if role == "market" else f"{firm}.{parameter}"
        for role, parameter in DECLARATIONS
        for firm in ([""] if role == "market" else read_in.firms[role])
    }
    assert set(read_in.by_name) == expected
    assert all(read_in.firms[role] for role in ROLES)


def test_the_base_date_has_the_archetypes() -> None:
    assert BASE.firms == {
        "hyperscaler": ("microsoft", "alphabet", "amazon", "meta", "oracle", "coreweave"),
        "chip_vendor": ("nvidia", "amd", "broadcom", "entrant"),
        "memory_maker": ("sk_hynix", "samsung", "micron"),
        "lender": ("direct_lender", "asset_backed_fund", "bank_syndicate"),
    }


def test_no_firm_is_called_like_a_role_or_a_parameter() -> None:
    taken = {ALL, "market", *ROLES, *(parameter for _, parameter in DECLARATIONS)}
    for name in calibrations():
        firms = [firm for role in ROLES for firm in read(name).firms[role]]
        assert len(set(firms)) == len(firms)
        assert not taken & set(firms)


@pytest.mark.parametrize(("name", "entry"), LINES)
def test_value_follows_from_its_formula(name: str, entry: Entry) -> None:
    if entry.formula:
        assert entry.value == pytest.approx(worked_out(entry.formula, read(name)), rel=TOLERANCE)
    else:
        assert entry.kind == "assumption", "a fact or what is derived from facts needs a formula"


def test_cited_facts_are_in_the_table_and_no_weak_one_is_a_target() -> None:
    for entry in EVERY:
        for key in cited(entry.formula + entry.reason):
            assert key in facts(), entry.label
        for key in cited(entry.formula):
            assert facts()[key].confidence in ("high", "med"), entry.label


def test_lines_say_why_and_how_sure() -> None:
    for entry in EVERY:
        assert entry.kind in KINDS, entry.label
        assert entry.reason[0].isupper() and entry.reason.endswith("."), entry.label
        assert len(entry.reason) < 200, entry.label
        if entry.kind == "fact":
            assert len(cited(entry.formula)) == 1, entry.label
        assert (entry.low is None) == (entry.high is None), entry.label


def test_an_assumption_is_uncertain_or_structural() -> None:
    for entry in [*BASE.entries, *OPENING.entries]:
        if entry.kind == "assumption":
            structural = entry.reason.startswith(STRUCTURAL)
            assert (entry.low is None) == structural, entry.label
    assert all(entry.low is None for entry in read("theory").entries)


def test_values_and_ranges_are_in_bounds() -> None:
    for entry in EVERY:
        declared = DECLARATIONS[entry.role, entry.parameter]
        assert declared.low <= entry.value <= declared.high, entry.label
        if entry.low is not None and entry.high is not None:
            assert declared.low <= entry.low < entry.high <= declared.high, entry.label
            assert entry.low <= entry.value <= entry.high, entry.label
        if declared.whole:
            numbers = (entry.value, entry.low or 0.0, entry.high or 0.0)
            assert all(number == int(number) for number in numbers), entry.label


def test_every_fact_has_a_source_and_is_used() -> None:
    used = {key for entry in EVERY for key in cited(entry.formula + entry.reason)}
    used |= {key for each in history() for key in cited(each.formula)}
    used |= {key for each in rules() for key in cited(each.formula + each.note)}
    assert used == set(facts())
    for fact in facts().values():
        assert fact.source_title and fact.source_url
        assert fact.unit or not fact.value.replace(".", "").isdigit()


# What the values say together, against facts that they were not fitted to or that tie several.


def test_base_date_capex_is_what_was_reported() -> None:
    # AI capex of the model and capex outside AI, for the five firms that report it by quarter
    model = """
        ({hyperscaler.merchant_fleet} + {hyperscaler.merchant_on_order} - [own.crwv.2025Q4])
        * (1 - [h100e.cum.nvidia.2025Q3] / [h100e.cum.nvidia.2025Q4])
        * ({nvidia.price} + {system_cost})
        + ([h100e.cum.tpu.2025Q4] - [h100e.cum.tpu.2025Q3]
           + [h100e.cum.trainium.2025Q4] - [h100e.cum.trainium.2025Q3])
        * ({broadcom.price} + {system_cost})
        + (({hyperscaler.merchant_on_order} - {coreweave.merchant_on_order}) * {merchant_power}
           + {hyperscaler.custom_on_order} * {custom_power})
        / {delivery_quarters} * {shell_cost}
        + {hyperscaler.other_capex}
    """.replace("\n", " ").strip()
    reported = (
        "[capex.MSFT.2025Q4] + [capex.GOOGL.2025Q4] + [capex.AMZN.2025Q4] + [capex.META.2025Q4]"
        " + [capex.ORCL.FY2026Q1]"
    )
    assert come_to(model) == pytest.approx(come_to(reported), rel=0.01)


def test_shipments_are_accounted_for() -> None:
    ours = come_to("{hyperscaler.merchant_fleet} + {hyperscaler.merchant_on_order}")
    assert 0.6 < ours / come_to("[h100e.cum.nvidia.2025Q4]") < 0.8
    # custom chips: all that were made
    custom = come_to("{hyperscaler.custom_fleet} + {hyperscaler.custom_on_order}")
    made = come_to("[h100e.cum.tpu.2025Q4] + [h100e.cum.trainium.2025Q4]")
    assert custom == pytest.approx(made, rel=0.001)


def test_the_capex_of_early_2023_is_what_was_reported() -> None:
    # chips, systems and shells of the quarter, and capex outside AI
    model = """
        ({hyperscaler.merchant_fleet} + {hyperscaler.merchant_on_order}
         - {oracle.merchant_fleet} - {oracle.merchant_on_order}
         - {coreweave.merchant_fleet} - {coreweave.merchant_on_order})
        * (1 - [h100e.cum.nvidia.2022Q4] / [h100e.cum.nvidia.2023Q1])
        * ({nvidia.price} + {system_cost})
        + {hyperscaler.custom_on_order} / {delivery_quarters} * ({broadcom.price} + {system_cost})
        + {hyperscaler.other_capex} - {oracle.other_capex}
    """.replace("\n", " ").strip()
    for firm in ("microsoft", "alphabet", "amazon", "meta"):
        fleet = " + ".join(
            f"{{{firm}.{kind}_fleet}} * {{{firm}.{kind}_fleet_power}}"
            for kind in ("merchant", "custom")
        )
        shells = f"{{{firm}.shells_building}} * {{{firm}.shell_coverage}} * ({fleet})"
        model += f" + {shells} * {{shell_cost}} / {{shell_quarters}}"
    reported = (
        "[capex.MSFT.2023Q1] + [capex.GOOGL.2023Q1] + [capex.AMZN.2023Q1] + [capex.META.2023Q1]"
    )
    assert worked_out(model, OPENING) == pytest.approx(come_to(reported), rel=0.01)
    outside = worked_out("{hyperscaler.other_capex} - {oracle.other_capex}", OPENING)
    assert outside > 0.8 * come_to(reported)  # most of it had nothing to do with AI


def test_a_market_of_early_2023_opens_with_the_capex_that_was_reported() -> None:
    market = Market("2023Q1", rng=1, horizon=1).run()
    firms = market.series("hyperscaler").query("quarter == 0").set_index("firm")
    for firm, code in FOUR.items():
        spent = firms.loc[firm, "capex"] + firms.loc[firm, "other_capex"]
        assert spent == pytest.approx(come_to(f"[capex.{code}.2023Q1]"), rel=0.02), firm


def test_ownership_in_early_2023_adds_up_to_less_than_what_had_shipped() -> None:
    owned = worked_out("{hyperscaler.merchant_fleet} + {hyperscaler.merchant_on_order}", OPENING)
    assert 0.5 < owned / come_to("[h100e.cum.nvidia.2023Q1]") < 0.8
    custom = worked_out("{alphabet.custom_fleet} + {alphabet.custom_on_order}", OPENING)
    assert custom == pytest.approx(come_to("[h100e.cum.tpu.2023Q1]"), rel=0.001)


def test_power_at_work_agrees_with_the_one_firm_that_reports_it() -> None:
    model = come_to("{coreweave.merchant_fleet} * {coreweave.merchant_fleet_power}")
    assert model == pytest.approx(come_to("[mw.CRWV.end-2025] / 1000"), rel=0.1)


def test_the_leading_vendor_s_price_maximises_its_profit() -> None:
    unit_cost = come_to("{nvidia.making_cost} + {nvidia.memory_content} * {memory_price}")
    cost = unit_cost / come_to("1 - {nvidia.own_cost_share}")  # own costs grow with sales
    elasticity = come_to("1 + {vendor_elasticity} * (1 - {nvidia.spending_share})")
    assert come_to("{nvidia.price}") == pytest.approx(cost / (1.0 - 1.0 / elasticity), rel=0.01)


def test_merchant_price_is_below_the_outside_option() -> None:
    ceiling = come_to("{outside_option} * {broadcom.price} / {alphabet.custom_fit}")
    assert come_to("{nvidia.price}") < ceiling


def test_the_base_date_of_theory_is_at_rest() -> None:
    # With four equal firms marginal revenue is p (1 - (1 - s)/sigma - s/epsilon), s = 1/4.
    theory = Scenario.load("theory").with_hyperscalers(4)
    price = float(theory["service_revenue"]) / 4.0
    shares = 0.75 / float(theory["substitution"]) + 0.25 / float(theory["demand_elasticity"])
    quarter = (float(theory["required_return_per_year"]) + 1.0 / float(theory["economic_life"])) / 4
    user_cost = float(theory["vendor.price"]) * quarter
    assert price * (1.0 - shares) == pytest.approx(user_cost, rel=1e-3)


# Formulas


def test_formulas_know_arithmetic_facts_values_and_sums() -> None:
    assert come_to("-2 + 3 * (4 - 1) / 2 ** 2") == pytest.approx(0.25)
    assert come_to("log(exp(2)) + sqrt(9) + min(1, 2) + max(1, 2)") == pytest.approx(8.0)
    assert come_to("[own.crwv.2025Q4] * 10") == pytest.approx(8.32)
    assert come_to("{oracle.debt} + {economic_life}") == 29.0
    assert come_to("{memory_maker.capacity_share}") == pytest.approx(1.0)
    assert cited("[a b] + {c} * [d] - [a b]") == ("a b", "d")


@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        ("1 +", "is not arithmetic"),
        ("open('x')", "has \"open('x')\""),
        ("(1).real", "has '1 .real'"),
        ("[capex.MSFT.2025Q5]", "nearest: capex.MSFT.2025Q"),
        ("{oracle.dept}", "nearest: oracle.debt"),
        ("[hyperion.debt] if 1 else 2", "use numbers"),
    ],
)
def test_formulas_know_nothing_else(formula: str, complaint: str) -> None:
    with pytest.raises(AgentsimError) as caught:
        come_to(formula)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


# A calibration of one's own


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of calibrations in place of the real one."""
    real = Path(calibration.__file__).parent
    for name in ("facts.csv", "theory.csv"):
        (tmp_path / name).write_text((real / name).read_text())
    monkeypatch.setattr(calibration, "files", lambda package: tmp_path)
    read.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    read.cache_clear()


def test_a_file_added_is_a_calibration(folder: Path) -> None:
    theory = (folder / "theory.csv").read_text()
    (folder / "mine.csv").write_text(theory.replace("demand_elasticity,1.5", "demand_elasticity,2"))
    assert calibrations() == ("mine", "theory")
    assert read("mine").by_name["demand_elasticity"].value == 2.0


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "market,,choke_price_ratio,1000",
            "market,,choke_price,1000",
            "nearest: choke_price_ratio",
        ),
        ("market,,choke_price_ratio,1000", "market,,choke_price_ratio,high", "is not a number"),
        ("market,,choke_price_ratio,1000", "market,x,choke_price_ratio,1000", "for firms alone"),
        ("vendor,price,4", ",price,4", "for firms alone"),
        ("vendor,price,4,,,assumption", "vendor,price,4,,,guess", "known: assumption"),
        ("market,,choke_price_ratio,", "market,,substitution,", "sets substitution twice"),
        ("firm_3,quality,", "firm_3,cash,", "twice"),
        ("lender,bank,spread,0,", "lender,other,spread,0,", "does not set other.funds"),
    ],
)
def test_a_mistake_in_a_calibration_is_named(
    folder: Path, old: str, new: str, complaint: str
) -> None:
    theory = (folder / "theory.csv").read_text()
    assert theory.count(old) == 1
    (folder / "mine.csv").write_text(theory.replace(old, new))
    with pytest.raises(AgentsimError, match=r"mine\.csv") as caught:
        read("mine")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
