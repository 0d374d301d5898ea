"""Step 2: everyone looks. What the views of each role show, computed when first asked for.

A look answers by the name of a view's field: with the state of that name where there is one, and
otherwise with what its own methods derive from state. Nothing here knows the present choices.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from agentsim.laws import credit, demand, services, technology
from agentsim.laws.numerics import Array, at_least, ordered_sum, safe_divide
from agentsim.sectors.base import Sector, constant
from agentsim.sectors.world import World
from agentsim.steps.chip_market import (
    NO_CEILING,
    custom_habit,
    known_unit_cost,
    memory_expansion_cost,
    price_ceiling,
)
from agentsim.steps.credit import collateral, fleet_value

NEXT_TO_NOTHING = 1e-300  # a cost that is no cost, but can be marked up without end

Outlook = tuple[Array, Array, services.Sold, demand.Demand]
"""At committed fleets: capacity x, training T, what they would sell for, and to what demand."""


class Look:
    """What one role can see, quarter after quarter."""

    def __init__(self, w: World, sector: Sector, parameters: Any) -> None:
        self.w = w
        self.sector = sector
        self.parameters = parameters
        self.lasting: dict[str, Array] = {}  # what does not change in a run
        self.known: dict[str, Array] = {}  # that, and what was found in `quarter`
        # Where each name is to be found. Functions of a look and not its methods, which would
        # refer back to it: a simulation is let go, with its arrays, as soon as it is done with.
        self.sources: dict[str, Callable[[Any], Array]] = {}
        self.quarter = -1

    def __call__(self, name: str) -> Array:
        """Return the field of that name, `(firms, runs)` or `(1, runs)`."""
        if self.quarter != self.w.quarter:
            self.quarter = self.w.quarter
            self.known = dict(self.lasting)
        found = self.known.get(name)
        if found is None:
            source = self.sources.get(name) or self._source(name)
            found = source(self)
            if found.ndim < 2:
                found = found.reshape(1, -1)
            self.known[name] = found
        return found

    def public(self, name: str) -> Array:
        """Return state of all firms that everybody may see."""
        declared = type(self.sector).states.get(name)
        if declared is None or declared.seen_by != "all":
            open_to_all = [n for n, s in type(self.sector).states.items() if s.seen_by == "all"]
            raise AttributeError(f"{name!r} is not public; public are: {', '.join(open_to_all)}")
        return getattr(self.sector, name)  # type: ignore[no-any-return]

    def _source(self, name: str) -> Callable[[Any], Array]:
        """Return what gives a field quarter after quarter, looked for once."""
        source: Callable[[Any], Array] | None = getattr(type(self), f"see_{name}", None)
        for place in ("sector", "w.customers", "w.inputs"):
            if source is None and name in type(attrgetter(place)(self)).states:
                source = attrgetter(f"{place}.{name}")
        if source is None:
            self.lasting[name] = lasting = self._parameter(name)
            return lambda look: lasting
        self.sources[name] = source
        return source

    def _parameter(self, name: str) -> Array:
        """Return what never changes in a run: a firm's parameter or a market's."""
        if hasattr(self.parameters, name):
            return getattr(self.parameters, name)  # type: ignore[no-any-return]
        return constant(getattr(self.w.p.market, name), (1, self.w.runs))


class HyperscalerLook(Look):
    """What hyperscalers can see."""

    def __init__(self, w: World) -> None:
        super().__init__(w, w.hyperscalers, w.p.hyperscaler)
        self._outlook: tuple[int, Outlook] | None = None  # quarter, and what was seen in it
        self.lasting["planned_payout"] = w.p.hyperscaler.payout
        self.lasting["wear"] = constant(w.rates.wear, (1, w.runs))
        epsilon = np.asarray(w.p.market.demand_elasticity)
        elastic = epsilon > 1.0  # otherwise less is always more
        self.monopoly_markup = np.where(
            elastic, epsilon / np.where(elastic, epsilon - 1.0, 1.0), np.inf
        )
        self.lasting["required_return"] = constant(w.rates.required_return, (1, w.runs))

    def see_operating_cash(self) -> Array:
        """AI service revenue less running cost."""
        return self.w.operating_cash

    def see_planned_custom_share(self) -> Array:
        """Share for custom silicon that stands if no other is chosen."""
        return custom_habit(self.w)

    def see_borrowing_room(self) -> Array:
        """Most that lenders' last terms would let the firm borrow."""
        h, b = self.w.hyperscalers, self.w.lenders
        old = self.w.p.hyperscaler.old_debt
        multiple = self.w.p.market.coverage_multiple
        by_cash = credit.coverage_room(multiple, h.trailing_cash, h.debt + old)
        best = b.advance_rate.max(axis=0)
        on_fleets = best * collateral(self.w).value() - h.debt
        return np.minimum(by_cash, at_least(on_fleets, 0.0))

    def see_shells_due(self) -> Array:
        """Instalments due on shells under construction."""
        return self.w.shells_in_payment * self.w.rates.shell_instalment

    def see_design_due(self) -> Array:
        """Fixed cost of the custom programme."""
        return self.w.design_due

    def see_debt_service(self) -> Array:
        """Interest and principal due this quarter."""
        h, r = self.w.hyperscalers, self.w.rates
        return 0.25 * ordered_sum(self.w.lenders.coupons) + r.repayment * h.debt

    def see_fleet_value(self) -> Array:
        """Replacement value of the delivered fleet."""
        return fleet_value(self.w)

    def see_rivals_capex_rate(self) -> Array:
        """Rivals' chip and system spending over rivals' fleet value."""
        value, rate = self("fleet_value"), self.w.hyperscalers.capex_rate
        spent = rate * value
        others_spent = ordered_sum(spent) - spent
        others_value = ordered_sum(value) - value
        return at_least(safe_divide(others_spent, others_value, rate), 0.0)

    # What one more chip would bring, at committed fleets --------------------------------------

    def see_merchant_committed(self) -> Array:
        """Merchant chips there will be when an order of today arrives, that order left out."""
        return self.w.at_delivery(self.w.hyperscalers.merchant_fleet, self.w.merchant_pipeline)

    def see_custom_committed(self) -> Array:
        """The same of custom chips."""
        return self.w.at_delivery(self.w.hyperscalers.custom_fleet, self.w.custom_pipeline)

    def committed(self) -> Outlook:
        """Work out the outlook."""
        h, p, m = self.w.hyperscalers, self.w.p.hyperscaler, self.w.p.market
        merchant, custom = self("merchant_committed"), self("custom_committed")
        trains_m, trains_c, T = technology.place_training(
            h.training_share, merchant, custom, self.w.training_fit
        )
        x = custom - trains_c
        x *= p.custom_fit
        x += merchant - trains_m
        x *= h.efficiency
        total_demand = self.w.demand
        sold = services.sell(x, self.w.log_theta, m.substitution, total_demand)
        return x, T, sold, total_demand

    def outlook(self) -> Outlook:
        """Return the outlook, worked out once a quarter."""
        if self._outlook is None or self._outlook[0] != self.w.quarter:
            self._outlook = (self.w.quarter, self.committed())
        return self._outlook[1]

    def elasticity(self) -> Array:
        """Elasticity of demand for one unit more than committed fleets make."""
        _, _, sold, total_demand = self.outlook()
        return demand.elasticity(total_demand, sold.Q)

    def see_own_marginal_revenue(self) -> Array:
        """Own revenue that one more serving merchant H100e adds."""
        _, _, sold, _ = self.outlook()
        sigma = self.w.p.market.substitution
        own = services.marginal_revenue(sold.p_h, sold.s_h, sigma, self.elasticity())
        return self.w.hyperscalers.efficiency * own

    def see_price_value(self) -> Array:
        """Services of one merchant H100e at the firm's price."""
        return self.w.hyperscalers.efficiency * self.outlook()[2].p_h

    def see_industry_marginal_revenue(self) -> Array:
        """All firms' revenue that one more serving merchant H100e adds."""
        joint = services.industry_marginal_revenue(self.outlook()[2].p_h, self.elasticity())
        return self.w.hyperscalers.efficiency * joint

    def see_training_value(self) -> Array:
        """Own revenue that one more training merchant H100e sustains.

        With d log q = gamma d log T in the long run and d log s = beta (1 - s) d log q, holding
        what all firms earn together: R beta (1 - s) gamma / T.
        """
        _, T, sold, _ = self.outlook()
        m = self.w.p.market
        share = sold.revenue_h * m.quality_exponent * (1.0 - sold.s_h) * m.training_exponent
        return safe_divide(share, T, 0.0)

    def see_merchant_user_cost(self) -> Array:
        """Cost of holding a merchant chip with its system and shell for a quarter."""
        return self._user_cost(self.w.inputs.merchant_price, self.w.p.market.merchant_power)

    def see_custom_user_cost(self) -> Array:
        """The same for a custom chip."""
        return self._user_cost(self.w.inputs.custom_price, self.w.p.market.custom_power)

    def _user_cost(self, price: Array, kw: Array) -> Array:
        """Sum price x (return + wear + expected price decline) x (1 + return)^lag over the parts."""
        r, i = self.w.rates, self.w.inputs
        chip_and_system = (price + i.system_cost) * r.chip_user_cost
        shell = self.w.p.market.shell_cost * kw * i.energy_index * r.shell_user_cost
        return np.asarray(chip_and_system + shell)

    def see_merchant_running_cost(self) -> Array:
        """Electricity and upkeep of a new merchant chip."""
        m = self.w.p.market
        return np.asarray(m.running_cost * m.merchant_power * self.w.inputs.energy_index)

    def see_custom_running_cost(self) -> Array:
        """Electricity and upkeep of a new custom chip."""
        m = self.w.p.market
        return np.asarray(m.running_cost * m.custom_power * self.w.inputs.energy_index)

    def see_cartel_quantity(self) -> Array:
        """Services that would earn all firms the most, over what committed fleets can make.

        On the steep piece price is set where P (1 - 1/epsilon) equals avoidable cost; beyond the
        kink, and for epsilon below 1, more quantity only loses revenue; below the choke quantity
        there is nothing to gain from selling less.
        """
        h, m = self.w.hyperscalers, self.w.p.market
        x, _, sold, d = self.outlook()
        kw = safe_divide(h.merchant_power + h.custom_power, h.merchant_fleet + h.custom_fleet, 0.0)
        bill = ordered_sum(x / h.efficiency * kw) * m.running_cost
        unit_cost = safe_divide(bill, sold.Q, 0.0)
        wanted_price = at_least(unit_cost, NEXT_TO_NOTHING) * self.monopoly_markup
        lowest = np.maximum(wanted_price, demand.kink_price(d))
        best = demand.quantity(d, np.minimum(lowest, d.P_bar))
        return safe_divide(best, sold.Q, 1.0)


class ChipVendorLook(Look):
    """What chip vendors can see."""

    def __init__(self, w: World) -> None:
        super().__init__(w, w.chip_vendors, w.p.chip_vendor)
        self.lasting["base_margin"] = w.base_margin

    def see_unit_cost(self) -> Array:
        """Making cost and memory of one H100e at today's known costs."""
        return known_unit_cost(self.w)

    def see_price_ceiling(self) -> Array:
        """Price at which buyers turn to custom silicon of the best fit there is; none for designers."""
        return price_ceiling(self.w)

    def see_rivals_price(self) -> Array:
        """What other vendors of its kind were paid over what they were paid for, H100e."""
        v = self.w.chip_vendors
        found = np.full_like(v.price, NO_CEILING)
        for row, kind in enumerate(self.w.designer):
            weight = v.share * (self.w.designer == kind)
            weight[row] = 0.0
            units = ordered_sum(weight / v.price)
            found[row] = safe_divide(ordered_sum(weight), units, NO_CEILING)
        return found

    def see_custom_share(self) -> Array:
        """Designers' share of what hyperscalers paid for chips."""
        revenue = self.w.chip_vendors.revenue
        return safe_divide(ordered_sum(revenue * self.w.designer), ordered_sum(revenue), 0.0)


class MemoryMakerLook(Look):
    """What memory makers can see."""

    def __init__(self, w: World) -> None:
        super().__init__(w, w.memory_makers, w.p.memory_maker)
        self.lasting["growth_limit"] = constant(w.p.market.memory_growth_limit, (1, w.runs))

    def see_memory_margin(self) -> Array:
        """Gross margin of memory, last quarter."""
        return 1.0 - self.w.inputs.memory_cost / self.w.inputs.memory_price

    def see_expansion_cost(self) -> Array:
        """Cost of a unit of capacity at last quarter's cost of memory."""
        return memory_expansion_cost(self.w)


class LenderLook(Look):
    """What lenders can see."""

    def __init__(self, w: World) -> None:
        super().__init__(w, w.lenders, w.p.lender)
        for name in ("spread", "advance_rate", "deployed"):
            self.lasting[f"base_{name}"] = getattr(w.p.lender, name)
        self.lasting["wear"] = constant(w.rates.wear, (1, w.runs))
        self.lasting["funding_rate"] = constant(w.p.market.funding_rate_per_year, (1, w.runs))

    def see_coupons(self) -> Array:
        """Interest a year on its loans outstanding."""
        return ordered_sum(np.swapaxes(self.w.lenders.coupons, 0, 1))

    def see_collateral_age(self) -> Array:
        """Mean age of the fleets behind its loans, each counting as much as is lent on it."""
        loans, age = self.w.lenders.loans, self.w.hyperscalers.fleet_age
        value = fleet_value(self.w)
        of_all = safe_divide(ordered_sum(value * age), ordered_sum(value), 0.0)
        lent_on = ordered_sum(np.swapaxes(loans * age, 0, 1))
        return safe_divide(lent_on, ordered_sum(np.swapaxes(loans, 0, 1)), of_all)

    def see_industry_loss_rate(self) -> Array:
        """All lenders' smoothed write-offs over loans."""
        b = self.w.lenders
        weighted = ordered_sum(b.loss_rate * b.outstanding)
        return safe_divide(weighted, ordered_sum(b.outstanding), 0.0)
