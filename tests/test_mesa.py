"""Market for people who know Mesa: a Model with agents, a data collector and batch_run."""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
from mesa.batchrunner import batch_run

from agentsim import (
    AgentsimError,
    ChipVendor,
    Hyperscaler,
    Lender,
    Market,
    MemoryMaker,
    Scenario,
)
from agentsim.agents import AGENTS

BASE = Scenario.load("2025Q4")


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    """Nothing of ours may lean on what Mesa, NumPy or pandas are about to drop."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def market(runs: Any = 1, **given: Any) -> Market:
    return Market("2025Q4", runs=runs, rng=3, **{"horizon": 4, **given})


class TestModel:
    def test_is_a_mesa_model(self) -> None:
        made = market()
        assert isinstance(made, mesa.Model)
        assert all(isinstance(agent, mesa.Agent) for agent in made.agents)

    def test_counts_steps_and_stops_at_the_horizon(self) -> None:
        made = market()
        for step in range(1, 5):
            assert made.running
            made.step()
            assert made.steps == made.quarter == step
        assert not made.running

    def test_does_not_count_a_step_that_is_refused(self) -> None:
        made = market().run()
        for step in (made.step, made.step, lambda: made.run_for(3)):
            with pytest.raises(AgentsimError, match="horizon of 4"):
                step()
            assert made.steps == made.quarter == 4
        assert not made.running

    def test_runs_by_mesas_name_for_it(self) -> None:
        made = market()
        made.run_model()
        assert made.steps == 4
        assert not made.running
        pd.testing.assert_frame_equal(made.outcomes(), market().run().outcomes(), check_exact=True)

    def test_keeps_its_scenario_from_mesa(self) -> None:
        """Mesa's own property of this name writes into what it is given."""
        made = Market(BASE, rng=1, horizon=1)
        assert isinstance(made.scenario, Scenario)
        assert made.scenario is BASE
        assert made.run().scenario is BASE

    def test_has_mesas_random_numbers_seeded_by_rng(self) -> None:
        one, two = market(), market()
        assert one.rng.random() == two.rng.random()
        assert one.random.random() == two.random.random()
        market_numbers = market().run().outcomes()["total_surplus"]
        used = market()
        used.rng.random(100)
        np.testing.assert_array_equal(used.run().outcomes()["total_surplus"], market_numbers)


class TestAgents:
    def test_are_one_for_each_firm_by_type(self) -> None:
        made = market()
        for kind in (Hyperscaler, ChipVendor, MemoryMaker, Lender):
            names = tuple(agent.name for agent in made.agents_by_type[kind])
            assert names == BASE.firms[kind.role]
        assert len(made.agents) == sum(len(made.agents_by_type[kind]) for kind in AGENTS.values())
        assert set(made.agent_types) == set(AGENTS.values())

    def test_show_floats_in_a_market_of_one_run(self) -> None:
        made = market().run()
        for agent in made.agents:
            for name in type(agent.sector).states:
                assert type(getattr(agent, name)) is float, (agent, name)
        oracle = made.firm("oracle")
        assert oracle.debt == made.sectors["hyperscaler"].debt[oracle.row, 0]

    def test_show_read_only_arrays_in_a_market_of_many(self) -> None:
        made = market(runs=3).run()
        for agent in made.agents:
            for name in type(agent.sector).states:
                seen = getattr(agent, name)
                assert seen.shape == (3,), (agent, name)
                with pytest.raises(ValueError, match="read-only"):
                    seen[0] = 1.0
        oracle = made.firm("oracle")
        np.testing.assert_array_equal(oracle.debt, made.sectors["hyperscaler"].debt[oracle.row])

    def test_follow_the_market_as_it_steps(self) -> None:
        made = market()
        oracle = made.firm("oracle")
        seen = []
        for _ in range(4):
            made.step()
            seen.append(oracle.capex)
        table = made.series("hyperscaler").query("firm == 'oracle' and quarter > 0")
        assert seen == table["capex"].tolist()

    @pytest.mark.parametrize("runs", [1, 2])
    def test_refuse_to_have_their_state_set(self, runs: int) -> None:
        """It would be lost: state is a row of the sector, and no attribute of the agent."""
        made = market(runs=runs)
        oracle = made.firm("oracle")
        asks = {
            'Market(..., **{"oracle.debt": 10000.0})': lambda: setattr(oracle, "debt", 1e4),
            "the market works it out": lambda: setattr(oracle, "revenue", 1.0),
            'Market(..., lineup={"oracle": ': lambda: setattr(oracle, "strategy", "match"),
            "nvidia.price = 9.0": lambda: setattr(made.firm("nvidia"), "price", 9.0),
            "cannot be set on the way": lambda: made.agents_by_type[Lender].set("funds", 0.0),
        }
        for part, ask in asks.items():
            with pytest.raises(AgentsimError) as caught:
                ask()
            assert part in str(caught.value)
            assert "\n" not in str(caught.value)
        made.step()
        assert np.all(oracle.debt == made.sectors["hyperscaler"].debt[oracle.row])

    def test_may_be_given_attributes_of_ones_own(self) -> None:
        made = market()
        oracle = made.firm("oracle")
        oracle.rating = "BBB"
        oracle.pos = (1, 2)
        oracle.unique_id = 99
        made.agents.set("seen", 0)
        assert (oracle.rating, oracle.pos, oracle.unique_id, oracle.seen) == ("BBB", (1, 2), 99, 0)

    def test_can_be_selected_and_aggregated_the_mesa_way(self) -> None:
        made = market().run()
        firms = made.agents_by_type[Hyperscaler]
        assert firms.agg("capex", sum) == pytest.approx(made.series()["capex"].iloc[-1])
        rich = firms.select(lambda firm: firm.cash > 50.0)
        assert 0 < len(rich) < len(firms)
        assert len(firms.get("debt")) == len(firms)
        escalators = made.agents.select(lambda firm: firm.strategy.id == "escalate")
        assert {firm.name for firm in escalators} >= {"microsoft", "oracle"}

    def test_say_which_state_there_is(self) -> None:
        with pytest.raises(AttributeError, match=r"Hyperscaler has no 'dept'; its state: .*debt"):
            _ = market().firm("oracle").dept
        assert not hasattr(market().firm("oracle"), "_private")

    def test_cannot_be_removed(self) -> None:
        made = market()
        oracle = made.firm("oracle")
        for remove in (
            oracle.remove,
            lambda: made.deregister_agent(oracle),
            lambda: made.agents_by_type[Hyperscaler].do("remove"),
            made.remove_all_agents,
        ):
            with pytest.raises(AgentsimError) as caught:
                remove()
            text = str(caught.value)
            assert "cannot be removed" in text
            assert "\n" not in text
        assert oracle in made.agents
        assert len(made.agents_by_type[Hyperscaler]) == 6
        made.run()


class TestDataCollector:
    def test_collects_by_default_in_a_market_of_one_run(self) -> None:
        made = market().run()
        table = made.datacollector.get_model_vars_dataframe()
        assert len(table) == 4
        series = made.series().query("quarter > 0")
        for name, of_series in (
            ("industry_capex", "capex"),
            ("service_price", "service_price"),
            ("spending", "spending"),
            ("consumer_surplus", "surplus"),
            ("memory_price", "memory_price"),
        ):
            np.testing.assert_allclose(table[name], series[of_series], rtol=1e-12)
            assert (table[name].map(type).eq(float)).all()

    @pytest.mark.parametrize("kind", AGENTS.values(), ids=lambda kind: kind.role)
    def test_collects_the_firms_books_by_type(self, kind: type[Any]) -> None:
        made = market().run()
        table = made.datacollector.get_agenttype_vars_dataframe(kind)
        assert len(table) == 4 * len(BASE.firms[kind.role])
        names = {agent.unique_id: agent.name for agent in made.agents}
        series = made.series(kind.role).set_index(["quarter", "firm"])
        assert len(table.columns) >= 3
        for (step, unique_id), row in table.iterrows():
            assert row.pop("name") == names[unique_id]
            for name, value in row.items():
                assert value == series.at[(step, names[unique_id]), name]

    def test_names_no_column_twice(self) -> None:
        """Mesa's batch_run merges them in one row, where the last would win."""
        collector = market().datacollector
        for reporters in collector.agenttype_reporters.values():
            assert not set(reporters) & set(collector.model_reporters)

    def test_can_be_the_users_own(self) -> None:
        made = market()
        made.datacollector = mesa.DataCollector(
            model_reporters={
                "quarter": "quarter",
                "idle": lambda m: m.series()["idle_share"].max(),
            },
            agenttype_reporters={
                Hyperscaler: {"debt": "debt", "leverage": lambda firm: firm.debt / firm.cash},
                Lender: {"funds": "funds"},
            },
        )
        made.run()
        assert made.datacollector.get_model_vars_dataframe()["quarter"].tolist() == [1, 2, 3, 4]
        firms = made.datacollector.get_agenttype_vars_dataframe(Hyperscaler)
        np.testing.assert_array_equal(
            firms["debt"], made.series("hyperscaler").query("quarter > 0")["debt"]
        )
        assert len(made.datacollector.get_agenttype_vars_dataframe(Lender)) == 4 * 3

    def test_collects_arrays_in_a_market_of_many_runs(self) -> None:
        made = market(runs=3).run()
        table = made.datacollector.get_model_vars_dataframe()
        assert set(table) == set(market().datacollector.model_reporters)
        series = made.series().query("quarter > 0")
        for run, mine in series.groupby("run"):
            seen = [capex[run] for capex in table["industry_capex"]]
            np.testing.assert_array_equal(seen, mine["capex"])
            seen = [price[run] for price in table["service_price"]]
            np.testing.assert_array_equal(seen, mine["service_price"])


class TestBatchRun:
    @staticmethod
    def rows(parameters: dict[str, Any], **more: Any) -> pd.DataFrame:
        given = {"rng": [1, 2], "display_progress": False, "number_processes": 1, **more}
        return pd.DataFrame(batch_run(Market, {"horizon": 3, **parameters}, **given))

    def test_sweeps_as_the_contract_says(self) -> None:
        results = batch_run(
            Market,
            {
                "scenario": "2025Q4",
                "lineup": ["match", "escalate"],
                "demand_elasticity": [1.1, 1.4],
            },
            rng=[1, 2],
            display_progress=False,
        )
        table = pd.DataFrame(results)
        runs = table.drop_duplicates("RunId")
        assert len(runs) == 2 * 2 * 2
        assert set(map(tuple, runs[["lineup", "demand_elasticity"]].to_numpy().tolist())) == {
            (lineup, elasticity) for lineup in ("match", "escalate") for elasticity in (1.1, 1.4)
        }
        assert (table["Step"] == 40).all()

    def test_has_the_numbers_of_the_market_itself(self) -> None:
        table = self.rows(
            {"scenario": "2025Q4", "lineup": ["match", "escalate"]}, data_collection_period=1
        )
        for lineup in ("match", "escalate"):
            for rng in (1, 2):
                made = Market("2025Q4", lineup, rng=rng, horizon=3).run()
                mine = table[(table.lineup == lineup) & (table.rng == rng)]
                steps = mine.drop_duplicates("Step").sort_values("Step")
                of_series = made.series().query("quarter > 0")
                np.testing.assert_array_equal(steps["industry_capex"], of_series["capex"])
                np.testing.assert_array_equal(steps["service_price"], of_series["service_price"])
                oracle = mine[mine.AgentID == made.firm("oracle").unique_id].sort_values("Step")
                firms = made.series("hyperscaler").query("firm == 'oracle' and quarter > 0")
                np.testing.assert_array_equal(oracle["capex"], firms["capex"])

    def test_has_a_row_for_each_firm(self) -> None:
        table = self.rows({"scenario": "2025Q4", "lineup": "match"})
        firms = table[table["RunId"] == 0]
        assert len(firms) == len(Market("2025Q4").agents)
        assert firms["AgentID"].is_unique
        hyperscalers = firms[firms["debt"].notna()]
        assert len(hyperscalers) == 6

    def test_names_the_firms(self) -> None:
        table = self.rows({"scenario": "2025Q4", "lineup": "match"})
        firms = [firm for role in AGENTS for firm in BASE.firms[role]]
        assert table.query("RunId == 0")["name"].tolist() == firms
        made = Market("2025Q4", "match", rng=1, horizon=3).run()
        mine = table.query("RunId == 0 and name == 'oracle'")
        assert mine["capex"].item() == made.firm("oracle").capex

    def test_has_arrays_of_many_runs(self) -> None:
        table = self.rows({"scenario": "2025Q4", "lineup": "match", "runs": 4})
        assert len(table) == 2
        for rng, row in table.set_index("rng").iterrows():
            made = Market("2025Q4", "match", runs=4, rng=rng, horizon=3).run()
            last = made.series().query("quarter == 3")
            np.testing.assert_array_equal(row["industry_capex"], last["capex"])
            np.testing.assert_array_equal(row["memory_price"], last["memory_price"])

    def test_works_in_several_processes(self) -> None:
        given: dict[str, Any] = {"scenario": "2025Q4", "lineup": ["match", "escalate"]}
        one = self.rows(given)
        two = self.rows(given, number_processes=2)
        order = ["RunId", "AgentID"]
        pd.testing.assert_frame_equal(
            one.sort_values(order).reset_index(drop=True),
            two.sort_values(order).reset_index(drop=True),
            check_exact=True,
        )

    def test_takes_a_dict_lineup_in_a_list(self) -> None:
        lineups = [{"oracle": "escalate", "hyperscaler": "match"}, {"hyperscaler": "restrain"}]
        table = self.rows({"scenario": "2025Q4", "lineup": lineups}).drop_duplicates("RunId")
        assert len(table) == 4
        assert table["lineup"].tolist().count(lineups[0]) == 2
        capex = table.groupby(table["lineup"].map(str))["industry_capex"].mean()
        assert capex[str(lineups[0])] > capex[str(lineups[1])]

    def test_takes_a_scenario_and_overrides_of_firms(self) -> None:
        table = self.rows({"scenario": BASE, "oracle.debt": [0.0, 50.0], "lineup": "match"})
        assert len(table.drop_duplicates("RunId")) == 4
        assert set(table["oracle.debt"]) == {0.0, 50.0}

    def test_takes_shocks_in_a_list(self) -> None:
        shock = {"kind": "efficiency", "quarter": 2, "factor": 10.0}
        table = self.rows({"scenario": "2025Q4", "shocks": [[], [shock]]})
        price = table.drop_duplicates("RunId").groupby(table["shocks"].map(len))["service_price"]
        assert price.mean()[1] < 0.5 * price.mean()[0]


def test_importing_agentsim_alone_leaves_mesa_and_pandas_out() -> None:
    code = "import agentsim, sys; print(sorted({'mesa', 'pandas', 'seaborn'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_importing_a_market_warns_of_nothing() -> None:
    code = "import agentsim; agentsim.Market; agentsim.Market('2025Q4', horizon=1).run()"
    command = [sys.executable, "-W", "error::DeprecationWarning:agentsim", "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stderr == ""
