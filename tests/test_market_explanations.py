"""Why firms did what they did, and runs that fail on the way."""

import numpy as np
import pytest
from markets import BASE, Steady, market, one_line, same

from agentsim import (
    AgentsimError,
    Efficiency,
    Market,
)
from agentsim.parameters import ROLES
from agentsim.strategy import (
    Array,
)
from agentsim.strategy.registry import make
from agentsim.strategy.views import HyperscalerView as View

# Explanations


FIRMS = [(role, firm) for role in ROLES for firm in BASE.firms[role]]


def assert_explains(made: Market, role: str, firm: str, quarter: int, run: int) -> None:
    """What it says the firm got is what the series recorded; what it saw, the quarter before."""
    told = made.explain(firm, quarter, run=run)
    assert (told.firm, told.quarter, told.run) == (firm, quarter, run)
    table = made.series(role).query("firm == @firm and run == @run").set_index("quarter")
    assert set(told.got) == set(type(made.sectors[role]).states)
    for name, value in told.got.items():
        assert value == table.at[quarter, name], (firm, name)
    for name in set(told.saw) & set(told.got) - {"unit_cost", "efficiency"}:
        assert told.saw[name] == table.at[quarter - 1, name], (firm, name)
    for name in set(told.chose) & {"price", "spread", "advance_rate", "deployed"}:
        assert told.chose[name] == told.got[name], (firm, name)


@pytest.mark.parametrize(("role", "firm"), FIRMS)
def test_an_explanation_agrees_with_the_series(role: str, firm: str) -> None:
    assert_explains(market(runs=1), role, firm, 4, 0)


def test_explanations_are_the_same_bits_in_a_market_of_many_runs() -> None:
    """With parameters, shocks and strategies that differ from run to run."""
    steps = np.array([[0.01, 0.2, 0.05, 0.1]])
    by_firm = np.linspace(0.01, 0.2, 24).reshape(6, 4)
    for lineup in (
        {"meta": make("hyperscaler", "escalate", {"step": steps}), "nvidia": "scarcity"},
        make("hyperscaler", "escalate", {"step": by_firm}),
    ):
        made = market(
            lineup,
            runs=[8, 3, 11, 0],
            shocks=[Efficiency(quarter=2, factor=[1.0, 3.0, 10.0, 45.0], diffusion=0.5)],
            demand_elasticity=[0.8, 1.1, 1.4, 2.0],
            delivery_quarters=[0, 1, 2, 3],
            **{"oracle.debt": [0.0, 10.0, 20.0, 30.0]},
        )
        for run in (8, 3, 11, 0):
            for role, firm in (("hyperscaler", "oracle"), ("chip_vendor", "nvidia")):
                assert_explains(made, role, firm, 5, run)
            assert_explains(made, "hyperscaler", "meta", 1, run)


def test_an_explanation_shows_all_that_could_be_seen_and_chosen() -> None:
    told = market(runs=1).explain("meta", np.int64(3))
    assert set(told.saw) == set(View.fields)
    assert set(told.chose) == {
        "capex_rate",
        "custom_share",
        "debt_share",
        "training_share",
        "withheld",
        "payout",
    }
    assert told.strategy == "match"
    text = str(told)
    for part in ("meta, quarter 3, run 0, follows match", "saw", "chose", "got", "clipped"):
        assert part in text
    assert told.chose["capex_rate"] == pytest.approx(told.saw["rivals_capex_rate"])


def test_an_explanation_says_what_was_clipped_and_why() -> None:
    poor = {"oracle.cash": 0.0, "oracle.core_cash": 0.0, "coverage_multiple": 0.0}
    told = market("escalate(step=1.0)", runs=1, **poor).explain("oracle", 2)
    assert told.got["funded"] < 1.0
    assert "cash and credit" in told.clipped["capex_rate"]
    rich = market("restrain", runs=1, foundry_capacity=1e3, memory_capacity=1e3)
    assert rich.explain("microsoft", 2).clipped == {}
    assert "nothing" in str(rich.explain("microsoft", 2))
    short = market("escalate", runs=1, foundry_capacity=0.05)
    assert "order" in short.explain("microsoft", 2).clipped
    assert "sales" in short.explain("nvidia", 2).clipped
    no_program = market(
        make("hyperscaler", "best_response"), runs=1, **{"oracle.custom_program": 1}
    )
    assert "custom_share" not in no_program.explain("oracle", 2).clipped


def test_explaining_leaves_the_market_alone() -> None:
    made, other = Market("2025Q4", rng=1, horizon=4), Market("2025Q4", rng=1, horizon=4)
    for _ in range(4):
        made.step()
        made.explain("meta", made.quarter)
        other.step()
    same(made.outcomes(), other.outcomes())


# Failures


def faulty() -> Steady:
    strategy = make_steady(np.array([[99.0, 3.0, 99.0, 2.0]]))
    return strategy


def make_steady(fault: Array) -> Steady:
    from agentsim.strategy.params import with_values

    return with_values(Steady(), {"fault": fault})


def test_a_failed_run_raises_and_is_named() -> None:
    with pytest.raises(AgentsimError) as caught:
        market(faulty(), runs=[10, 11, 12, 13])
    text = one_line(caught)
    for part in ("run 13", "quarter 2", "steady", "capex_rate", "nan", "between 0 and 2"):
        assert part in text, text


def test_a_failed_run_may_be_marked_and_the_others_go_on_undisturbed() -> None:
    made = market(faulty(), runs=[10, 11, 12, 13], errors="mark")
    assert made.status[0] == made.status[2] == "ok"
    assert made.status[1].startswith("failed in quarter 3: ")
    assert made.status[3].startswith("failed in quarter 2: ")
    for status in made.status:
        assert "\n" not in status
    assert "capex_rate" in made.status[1]
    table = made.outcomes()
    assert table["status"].tolist() == made.status.tolist()
    sound = market(Steady(), runs=[10, 12]).outcomes()
    same(table[table.status == "ok"], sound)
    series = made.series("hyperscaler")
    same(series[series.run == 12], market(Steady(), runs=[12]).series("hyperscaler"))


def test_a_run_that_fails_in_the_end_is_marked_too() -> None:
    """Sums that overflow are no number, whatever the choices were."""
    made = Market("theory", "restrain", 2, 1, horizon=2, errors="mark").run()
    made.simulation.ledger.values.surplus = np.array([1.0, np.nan])
    table = made.outcomes()
    assert table["status"][0] == "ok"
    assert "not finite" in table["status"][1]
