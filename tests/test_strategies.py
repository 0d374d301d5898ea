"""The strategy library: a battery that every strategy passes, and what each is meant to do."""

import pickle
from dataclasses import fields

import numpy as np
import pytest
from asked import choices, made_by, resting
from fakes import RUNS, FakeMarket

from agentsim import Market
from agentsim.strategy.base import BASES
from agentsim.strategy.groups import ask, group
from agentsim.strategy.marginal_q import adapted, growth_factor, reallocated
from agentsim.strategy.params import declared, with_values
from agentsim.strategy.registry import catalogue, find, followed, make, parse

ALL = [(role, id) for role in BASES for id in followed(role)]
everyone = pytest.mark.parametrize(("role", "id"), ALL)
QUARTERS = 4


def quarters(role, seed=0, **given):
    view = BASES[role].view
    return [FakeMarket(view, quarter=quarter, seed=seed, **given) for quarter in range(QUARTERS)]


def swept(strategy, firms, runs):
    """Return values of all numeric parameters of a strategy, different for each firm and run."""
    random = np.random.default_rng(1)
    values = {}
    for name, each in declared(type(strategy)).items():
        if each.choices is None:
            low, high = max(each.low, each.default - 0.3), min(each.high, each.default + 0.3)
            values[name] = random.uniform(low, high, (firms, runs))
    return values


def assert_same(one, other):
    for left, right in zip(one, other, strict=True):
        assert left.keys() == right.keys()
        for name in left:
            np.testing.assert_array_equal(left[name], right[name])


class TestEveryStrategy:
    @everyone
    @pytest.mark.parametrize("seed", range(5))
    def test_chooses_within_bounds(self, role, id, seed):
        made = choices(make(role, id), quarters(role, seed))
        assert all(np.isfinite(array).all() for each in made for array in each.values())

    @everyone
    def test_says_what_it_does_and_where_it_comes_from(self, role, id):
        described = find(role, id).describe()
        assert described.id == id
        assert described.role == role
        assert len(described.summary) > 20
        assert len(described.source) > 20
        assert all(each.unit and each.meaning for each in described.parameters)
        assert id in str(described)

    @everyone
    def test_is_reproducible(self, role, id):
        assert_same(*(choices(make(role, id), quarters(role)) for _ in range(2)))

    @everyone
    def test_run_alone_is_as_in_the_batch(self, role, id):
        batch = choices(make(role, id), quarters(role))
        for run in range(RUNS):
            alone = choices(make(role, id), quarters(role), run=run)
            assert_same(alone, [{k: v[:, run : run + 1] for k, v in q.items()} for q in batch])

    @everyone
    def test_firm_alone_is_as_in_its_group(self, role, id):
        together = choices(make(role, id), quarters(role), rows=np.array([0, 2]))
        for place, row in enumerate([0, 2]):
            alone = choices(make(role, id), quarters(role), rows=slice(row, row + 1))
            assert_same(alone, [{k: v[place : place + 1] for k, v in q.items()} for q in together])

    @everyone
    def test_swept_parameters_are_as_separate_numbers(self, role, id):
        strategy = make(role, id)
        values = swept(strategy, 3, RUNS)
        batch = choices(with_values(strategy, values), quarters(role))
        for firm in range(3):
            for run in range(RUNS):
                one = with_values(strategy, {name: v[firm, run] for name, v in values.items()})
                alone = choices(one, quarters(role), slice(firm, firm + 1), run)
                assert_same(
                    alone,
                    [{k: v[firm : firm + 1, run : run + 1] for k, v in q.items()} for q in batch],
                )

    @everyone
    def test_firms_parameters_are_as_separate_numbers(self, role, id):
        strategy = make(role, id)
        values = swept(strategy, 3, 1)
        firms = [
            with_values(strategy, {name: v[row, 0] for name, v in values.items()})
            for row in range(3)
        ]
        (together,) = group(enumerate(firms))
        batch = choices(together.strategy, quarters(role), together.rows)
        for row, firm in enumerate(firms):
            alone = choices(firm, quarters(role), slice(row, row + 1))
            assert_same(alone, [{k: v[row : row + 1] for k, v in q.items()} for q in batch])

    @everyone
    def test_pickles_and_reads_back_from_its_text(self, role, id):
        strategy = make(role, id)
        values = {name: v[0, 0] for name, v in swept(strategy, 1, 1).items()}
        for each in (strategy, with_values(strategy, values)):
            assert pickle.loads(pickle.dumps(each)) == each
            assert parse(role, str(each)) == each

    @everyone
    def test_is_quiet(self, role, id):
        with np.errstate(all="raise"):
            choices(make(role, id), quarters(role))

    @everyone
    @pytest.mark.parametrize("level", [0.0, 1e-12, 1e6])
    def test_stands_extreme_views(self, role, id, level):
        view = BASES[role].view
        shares = {"wear", "training_share", "own_cost_share", "base_margin", "share", "withheld"}
        given = {name: min(level, 0.9) if name in shares else level for name in view.fields}
        made = choices(make(role, id), quarters(role, **given))
        assert all(np.isfinite(array).all() for each in made for array in each.values())

    def test_catalogue_lists_them(self):
        can = [(entry.role, entry.id) for entry in catalogue() if not entry.unavailable]
        assert can == ALL
        assert not [entry.problem for entry in catalogue() if entry.problem]


class TestMarginalQ:
    @pytest.mark.parametrize("id", ["best_response", "competitive", "cartel", "scaled"])
    def test_at_q_one_it_replaces_wear_of_each_kind(self, id):
        market = resting()
        seen = market.values
        (made,) = choices(make("hyperscaler", id), [market])
        merchant, custom = (
            seen["wear"] * seen[f"{kind}_committed"] * (seen[f"{kind}_price"] + seen["system_cost"])
            for kind in ("merchant", "custom")
        )
        np.testing.assert_allclose(made["capex_rate"], (merchant + custom) / seen["fleet_value"])
        np.testing.assert_allclose(made["custom_share"], custom / (merchant + custom))
        np.testing.assert_allclose(made["training_share"], 0.25)

    def test_spending_rises_with_value_and_falls_with_cost(self):
        strategy = make("hyperscaler", "best_response")
        rate = choices(strategy, [resting()])[0]["capex_rate"]
        richer = choices(strategy, [resting(own_marginal_revenue=4.0)])[0]["capex_rate"]
        dearer = choices(strategy, [resting(merchant_user_cost=3.0)])[0]["capex_rate"]
        assert (richer > rate).all()
        assert (dearer < rate).all()

    def test_orders_of_a_kind_are_wear_and_log_q_of_the_committed_fleet(self):
        market = resting(own_marginal_revenue=5.0, training_share=0.0, custom_program=0.0)
        seen = market.values
        (made,) = choices(make("hyperscaler", "best_response", {"phi": 0.2}), [market])
        orders = (seen["wear"] + 0.2 * np.log(4.0 / 2.0)) * seen["merchant_committed"]
        spend = orders * (seen["merchant_price"] + seen["system_cost"])
        np.testing.assert_allclose(made["capex_rate"], np.minimum(spend / seen["fleet_value"], 2))

    def test_custom_chips_are_worth_their_fit_and_codesign(self):
        fit, codesign, value, trains, tau = 0.6, 0.5, 4.0, 6.0, 0.25
        worth = fit * ((1 - tau) * value + codesign * tau * trains) - 1.0
        market = resting(
            custom_fit=fit,
            codesign=codesign,
            own_marginal_revenue=value,
            training_value=trains,
            custom_user_cost=worth,
            merchant_user_cost=1e6,
        )
        seen = market.values
        (made,) = choices(make("hyperscaler", "best_response"), [market])
        custom = (
            seen["wear"] * seen["custom_committed"] * (seen["custom_price"] + seen["system_cost"])
        )
        np.testing.assert_allclose(made["capex_rate"], custom / seen["fleet_value"])
        np.testing.assert_array_equal(made["custom_share"], 1.0)

    def test_without_a_programme_no_custom_chips(self):
        (made,) = choices(make("hyperscaler", "best_response"), [resting(custom_program=0.0)])
        np.testing.assert_array_equal(made["custom_share"], 0.0)

    def test_a_programme_starts_from_nothing(self):
        market = resting(custom_fleet=0.0, custom_committed=0.0, custom_user_cost=0.5)
        (made,) = choices(make("hyperscaler", "best_response"), [market])
        assert (made["custom_share"] > 0.0).all()

    def test_worthless_chips_are_not_ordered_and_the_mix_is_kept(self):
        market = resting(own_marginal_revenue=0.0, training_value=0.0)
        (made,) = choices(make("hyperscaler", "best_response"), [market])
        np.testing.assert_array_equal(made["capex_rate"], 0.0)
        np.testing.assert_array_equal(made["custom_share"], market.values["custom_share"])

    def test_each_counts_another_revenue(self):
        given = {"own_marginal_revenue": 3.0, "price_value": 4.0, "industry_marginal_revenue": 2.5}
        cartel, best, competitive = (
            choices(make("hyperscaler", id), [resting(**given)])[0]["capex_rate"]
            for id in ("cartel", "best_response", "competitive")
        )
        assert (cartel < best).all()
        assert (best < competitive).all()

    def test_only_the_cartel_withholds(self):
        market = resting(cartel_quantity=0.7)
        np.testing.assert_allclose(
            choices(make("hyperscaler", "cartel"), [market])[0]["withheld"], 0.3
        )
        np.testing.assert_array_equal(
            choices(make("hyperscaler", "cartel"), [resting()])[0]["withheld"], 0.0
        )
        assert "withheld" not in choices(make("hyperscaler", "best_response"), [market])[0]

    def test_scaled_spends_a_multiple(self):
        best, half, double = (
            choices(parse("hyperscaler", text), [resting()])[0]["capex_rate"]
            for text in ("best_response", "scaled(multiple=0.5)", "scaled(multiple=2)")
        )
        np.testing.assert_array_equal(half, 0.5 * best)
        np.testing.assert_array_equal(double, np.minimum(2.0 * best, 2.0))

    @pytest.mark.parametrize("growth", [-0.1, -0.03, 0.0, 0.05, 0.1])
    def test_growth_factor_is_the_ratio_of_present_values(self, growth):
        survival = (1.0 - 0.06) / (1.0 + 0.03)
        flat = sum(survival**k for k in range(5000))
        grown = sum(survival**k * (1.0 + growth) ** min(k, 8) for k in range(5000))
        factor = growth_factor(np.array([[growth]]), np.array([[survival]]))
        np.testing.assert_allclose(factor, grown / flat, rtol=1e-12)
        if growth == 0.0:
            assert factor[0, 0] == 1.0

    def test_belief_learns_from_growth_within_bounds(self):
        belief, before = np.full((1, 4), 0.02), np.full((1, 4), 2.0)
        value = np.array([[2.2, 50.0, 0.01, -1.0]])
        np.testing.assert_allclose(
            adapted(belief, value, before, 0.25), [[0.02 + 0.25 * 0.08, 0.1, -0.1, 0.02]]
        )
        np.testing.assert_array_equal(adapted(belief, value, before, 0.0), belief)

    def test_nothing_is_learnt_in_the_first_quarter(self):
        strategy = make("hyperscaler", "best_response", {"belief": 0.03})
        sees = resting().look(strategy)
        _, memory = ask(strategy, sees)
        np.testing.assert_array_equal(memory["belief"], 0.03)
        np.testing.assert_array_equal(memory["value"], 3.0)

    @pytest.mark.parametrize("id", ["best_response", "competitive", "cartel", "scaled"])
    def test_a_firm_without_chips_and_with_an_infinite_price_orders_none(self, id):
        nothing = dict.fromkeys(
            ["merchant_fleet", "custom_fleet", "merchant_committed", "custom_committed"], 0.0
        )
        endless = dict.fromkeys(
            ["own_marginal_revenue", "price_value", "industry_marginal_revenue"], np.inf
        )
        markets = [resting(fleet_value=0.0, **nothing, **endless) for _ in range(3)]
        for made in choices(make("hyperscaler", id), markets):
            np.testing.assert_array_equal(made["capex_rate"], 0.0)

    def test_belief_in_growth_raises_spending(self):
        rates = [
            choices(make("hyperscaler", "best_response", {"belief": g}), [resting()])[0]
            for g in (-0.05, 0.0, 0.05)
        ]
        assert (rates[0]["capex_rate"] < rates[1]["capex_rate"]).all()
        assert (rates[1]["capex_rate"] < rates[2]["capex_rate"]).all()

    def test_training_moves_in_small_steps_to_what_pays_more(self):
        share, trains = np.full((1, 6), 0.2), np.array([[8.0, 4.0, 2.0, 0.0, 4.0, 1e9]])
        serves = np.array([[4.0, 4.0, 4.0, 4.0, -1.0, 4.0]])
        moved = reallocated(share, trains, serves, 0.1, 0.1)
        np.testing.assert_allclose(moved, 0.2 * np.array([[2**0.1, 1, 0.5**0.1, 0.9, 1, 1.1]]))
        np.testing.assert_array_equal(reallocated(share, trains, serves, 0.0, 0.1), share)
        assert reallocated(np.zeros((1, 1)), trains[:, :1], serves[:, :1], 0.1, 0.1) == 0.0


class TestHyperscalers:
    def test_restrain_replaces_the_wear_of_each_kind_of_chip(self):
        made, seen = made_by(make("hyperscaler", "restrain"), fleet_value=1e3)
        np.testing.assert_array_equal(made["capex_rate"] - seen["wear"], 0.0)
        custom = made["custom_share"] * made["capex_rate"] * seen["fleet_value"]
        ordered = custom / (seen["custom_price"] + seen["system_cost"])
        np.testing.assert_allclose(ordered, seen["wear"] * seen["custom_fleet"])

    def test_restrain_keeps_the_fleet_of_the_base_date_where_prices_rest(self):
        """Up to what was on its way: nothing else grows or shrinks in 20 quarters."""
        still = {"hardware_progress_per_year": 0.0, "memory_progress_per_year": 0.0}
        idle = {f"hyperscaler.{kind}_on_order": 0.0 for kind in ("merchant", "custom")}
        makers = {"nvidia": "hold_margin", "memory_maker": "expand_on_margin"}
        market = Market(
            lineup={"hyperscaler": "restrain", **makers},
            rng=1,
            horizon=20,
            delivery_quarters=0,
            memory_contracts=0.99,
            **still,
            **idle,
        ).run()
        table = market.series("hyperscaler").query("firm != 'coreweave'")  # it cannot fund it
        for kind in ("merchant_fleet", "custom_fleet"):
            fleet = table.pivot(index="quarter", columns="firm", values=kind)
            np.testing.assert_allclose(fleet.to_numpy()[1:], fleet.to_numpy()[:-1], rtol=0.02)

    def test_match_spends_the_rivals_rate(self):
        made, seen = made_by(make("hyperscaler", "match"))
        np.testing.assert_array_equal(made["capex_rate"], seen["rivals_capex_rate"])

    def test_escalate_spends_a_step_more_than_the_rivals(self):
        made, seen = made_by(make("hyperscaler", "escalate", {"step": 0.05}))
        np.testing.assert_array_equal(made["capex_rate"], seen["rivals_capex_rate"] + 0.05)
        np.testing.assert_array_equal(made["debt_share"], 0.0)


class TestChipVendors:
    def test_hold_margin_keeps_the_margin_below_the_ceiling(self):
        made, seen = made_by(make("chip_vendor", "hold_margin"), price_ceiling=1e3)
        np.testing.assert_allclose(1.0 - seen["unit_cost"] / made["price"], seen["base_margin"])
        changed, seen = made_by(
            make("chip_vendor", "hold_margin", {"margin_change": -0.2}), price_ceiling=1e3
        )
        np.testing.assert_allclose(
            1.0 - seen["unit_cost"] / changed["price"], seen["base_margin"] - 0.2
        )

    @pytest.mark.parametrize("id", followed("chip_vendor"))
    def test_price_lies_between_unit_cost_and_ceiling(self, id):
        for ceiling in (4.0, 10.0, 1e3):
            made, seen = made_by(make("chip_vendor", id), price_ceiling=ceiling)
            assert (made["price"] >= seen["unit_cost"]).all()
            assert (made["price"] <= np.maximum(ceiling, seen["unit_cost"])).all()

    def test_scarcity_raises_the_price_when_tight_and_lowers_it_when_slack(self):
        strategy = make("chip_vendor", "scarcity")
        given = {"unit_cost": 5.0, "price": 20.0, "price_ceiling": 100.0}
        for foundry, memory, factor in [
            (1.0, 1.0, 1.0),
            (1.44, 0.5, 1.2),
            (0.5, 1.44, 1.2),
            (0.81, 0.5, 0.9),
            (100.0, 1.0, 2**0.5),
            (0.0, 0.0, 0.5**0.5),
        ]:
            made, _ = made_by(strategy, foundry_tightness=foundry, memory_tightness=memory, **given)
            np.testing.assert_allclose(made["price"], 20.0 * factor)

    def test_scarcity_keeps_a_least_margin(self):
        made, _ = made_by(
            make("chip_vendor", "scarcity"), unit_cost=9.0, price=10.0, price_ceiling=100.0
        )
        np.testing.assert_allclose(made["price"].min(), 15.0)

    def test_scarcity_passes_cost_on(self):
        view = BASES["chip_vendor"].view
        calm = {"foundry_tightness": 1.0, "memory_tightness": 1.0, "price_ceiling": 100.0}
        markets = [FakeMarket(view, unit_cost=cost, price=20.0, **calm) for cost in (5.0, 6.0)]
        made = choices(make("chip_vendor", "scarcity"), markets)
        np.testing.assert_allclose(made[1]["price"], 24.0)

    def test_best_response_marks_up_by_the_elasticity(self):
        made, seen = made_by(
            make("chip_vendor", "best_response"),
            designer=0.0,
            own_cost_share=0.0,
            price_ceiling=1e3,
        )
        # at the share that the new price brings, rivals' prices standing still
        odds = seen["share"] / (1.0 - seen["share"])
        odds = odds * (made["price"] / seen["price"]) ** -seen["vendor_elasticity"]
        e = 1.0 + seen["vendor_elasticity"] / (1.0 + odds)
        np.testing.assert_allclose(made["price"], seen["unit_cost"] * e / (e - 1.0))

    def test_best_response_earns_the_most(self):
        eta, share, cost, own, price = 4.0, 0.3, 5.0, 0.2, 12.0
        weight = share / (1 - share)  # of this vendor at `price`, the others together being 1

        def profit(p):
            pull = weight * (p / price) ** -eta
            return pull / (1 + pull) / p * (p * (1 - own) - cost)

        grid = np.linspace(5.0, 30.0, 250_001)
        best = grid[np.argmax(profit(grid))]
        made, _ = made_by(
            make("chip_vendor", "best_response"),
            vendor_elasticity=eta,
            share=share,
            price=price,
            unit_cost=cost,
            own_cost_share=own,
            designer=0.0,
            price_ceiling=1e3,
        )
        np.testing.assert_allclose(made["price"], best, rtol=1e-4)

    def test_best_response_of_a_sole_vendor_is_the_ceiling(self):
        made, seen = made_by(make("chip_vendor", "best_response"), share=1.0, designer=0.0)
        np.testing.assert_array_equal(made["price"], seen["price_ceiling"])

    def test_best_response_of_a_designer_holds_its_margin(self):
        made, seen = made_by(make("chip_vendor", "best_response"), designer=1.0, price_ceiling=1e3)
        np.testing.assert_allclose(1.0 - seen["unit_cost"] / made["price"], seen["base_margin"])


class TestMemoryMakers:
    def test_disciplined_expands_only_when_short_and_profitable(self):
        for margin, tightness, expansion in [
            (0.6, 1.2, 0.12),
            (0.6, 0.9, 0.0),
            (0.2, 1.2, 0.0),
        ]:
            made, _ = made_by(
                make("memory_maker", "disciplined"),
                memory_margin=margin,
                memory_tightness=tightness,
                growth_limit=0.2,
            )
            np.testing.assert_array_equal(made["expansion"], expansion)

    def test_disciplined_offers_what_was_ordered(self):
        for withheld, tightness, then in [
            (0.0, 1.1, 0.0),
            (0.0, 0.9, 0.1),
            (0.1, 1.0, 0.1),
            (0.1, 1.2, 0.0),
            (0.0, 0.3, 0.2),
        ]:
            made, _ = made_by(
                make("memory_maker", "disciplined"), withheld=withheld, memory_tightness=tightness
            )
            np.testing.assert_allclose(made["withheld"], then, atol=1e-12)

    def test_expand_on_margin_is_proportional_up_to_the_limit(self):
        for margin, expansion in [(0.2, 0.0), (0.4, 0.05), (0.9, 0.1)]:
            made, _ = made_by(
                make("memory_maker", "expand_on_margin"), memory_margin=margin, growth_limit=0.1
            )
            np.testing.assert_allclose(made["expansion"], expansion)
        assert "withheld" not in made


class TestLenders:
    def test_prudent_keeps_base_terms_without_losses_and_tightens_after(self):
        calm, seen = made_by(make("lender", "prudent"), loss_rate=0.0, industry_loss_rate=0.0)
        np.testing.assert_array_equal(calm["spread"], seen["base_spread"])
        np.testing.assert_array_equal(calm["advance_rate"], seen["base_advance_rate"])
        np.testing.assert_array_equal(calm["deployed"], seen["base_deployed"])
        for burnt in (
            {"loss_rate": 0.05, "industry_loss_rate": 0.0},
            {"loss_rate": 0.0, "industry_loss_rate": 0.05},
        ):
            made, _ = made_by(make("lender", "prudent"), **burnt)
            np.testing.assert_allclose(made["spread"], seen["base_spread"] + 0.05)
            np.testing.assert_allclose(made["advance_rate"], 0.9 * seen["base_advance_rate"])

    def test_yield_seeking_lends_all_and_loosens_while_funds_lie_idle(self):
        strategy = make("lender", "yield_seeking")
        base = {"base_spread": 0.05, "base_advance_rate": 0.6}
        first, second, third = choices(strategy, quarters("lender", credit_demand=0.5, **base))[:3]
        np.testing.assert_array_equal(first["deployed"], 1.0)
        assert (first["spread"] > second["spread"]).all()
        assert (second["spread"] > third["spread"]).all()
        assert (first["advance_rate"] < second["advance_rate"]).all()

    def test_yield_seeking_never_tightens_beyond_base_nor_loosens_beyond_its_limits(self):
        strategy = make("lender", "yield_seeking", {"pace": 1.0})
        made, seen = made_by(strategy, credit_demand=3.0)
        np.testing.assert_array_equal(made["spread"], seen["base_spread"])
        made, _ = made_by(strategy, credit_demand=0.0)
        np.testing.assert_allclose(made["spread"], 0.01)
        np.testing.assert_allclose(made["advance_rate"], 0.95)


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
