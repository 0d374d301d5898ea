"""Step 6: fleets wear, chips arrive and are installed where there is a powered shell."""

from __future__ import annotations

import numpy as np

from agentsim.laws import books, power
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import World

# Growth that builders of shells plan for, a quarter: they neither believe in collapse nor in more
# than they have seen (shipments grew about 28% in the last quarters of 2025).
LEAST_GROWTH, MOST_GROWTH = -0.2, 0.3


def power_and_shells(w: World, ordered_power: Array) -> None:
    """Fleets wear, chips arrive, shells are ordered and arrive; a chip without power idles.

    `ordered_power` is the power of the chips shipped this quarter, GW, `(firms, runs)`.
    """
    wear_and_arrive(w)
    order_shells(w, ordered_power)
    open_shells(w)


def wear_and_arrive(w: World) -> None:
    """Everything delivered wears by a quarter; chips shipped a delivery time ago are installed."""
    h, kept = w.hyperscalers, 1.0 - w.rates.wear
    old = (h.merchant_fleet + h.custom_fleet) * kept
    merchant, custom = w.merchant_pipeline.arrive(), w.custom_pipeline.arrive()
    h.fleet_age = books.mean_age(h.fleet_age, old, merchant + custom)
    h.merchant_fleet = h.merchant_fleet * kept + merchant
    h.custom_fleet = h.custom_fleet * kept + custom
    h.merchant_power = h.merchant_power * kept + w.merchant_power_pipeline.arrive()
    h.custom_power = h.custom_power * kept + w.custom_power_pipeline.arrive()
    h.merchant_on_order = w.merchant_pipeline.total()
    h.custom_on_order = w.custom_pipeline.total()


def order_shells(w: World, ordered_power: Array) -> None:
    """Order shells for the chips on order, and for the growth until the shells are ready."""
    h, r, m = w.hyperscalers, w.rates, w.p.market
    committed = h.merchant_power + h.custom_power
    committed = committed + w.merchant_power_pipeline.total() + w.custom_power_pipeline.total()
    pace = safe_divide(ordered_power, committed, 0.0) - r.wear
    wanted = power.shells_wanted(
        committed,
        np.minimum(np.maximum(pace, LEAST_GROWTH), MOST_GROWTH),
        r.shell_lag_gap,
        h.shells * (1.0 - r.shell_wear),
        w.shell_pipeline.total(),
        r.shell_survival,
    )
    new = power.within_limit(np.where(h.restructuring > 0.0, 0.0, wanted), m.power_limit)
    w.inputs.power_ordered[0] = ordered_sum(new)
    w.shell_pipeline.order(new, w.shell_lags)
    for lag, mask in w.shell_lags:
        parts = max(lag, 1)  # paid in equal parts from the next quarter until it is ready
        instalment = new * m.shell_cost / parts
        w.shell_instalments.order(instalment, [(ahead, mask) for ahead in range(parts)])


def open_shells(w: World) -> None:
    """Shells wear, new ones are powered, and the fleet works as far as they reach."""
    h = w.hyperscalers
    h.shells = h.shells * (1.0 - w.rates.shell_wear) + w.shell_pipeline.arrive()
    h.shells_building = w.shell_pipeline.total()
    h.working_share = power.working_share(h.shells, h.merchant_power + h.custom_power)
