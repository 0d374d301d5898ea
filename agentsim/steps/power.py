"""Step 6: fleets wear, chips arrive and are installed where there is a powered shell."""

from __future__ import annotations

import numpy as np

from agentsim.laws import books, power
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import World


def power_and_shells(w: World, ordered_power: Array) -> None:
    """Fleets wear, chips arrive, shells are ordered and arrive; a chip without power idles.

    `ordered_power` is the power of the chips shipped this quarter, GW, `(firms, runs)`.
    """
    wear_and_arrive(w)
    ordered = order_shells(w, ordered_power)
    open_shells(w)
    if w.shells_at_once is not None:
        w.shells_in_payment = w.shells_in_payment + np.where(w.shells_at_once, ordered, 0.0)


def wear_and_arrive(w: World) -> None:
    """Everything delivered wears by a quarter; chips shipped a delivery time ago are installed."""
    h, kept = w.hyperscalers, 1.0 - w.rates.wear
    h.merchant_fleet, h.custom_fleet = h.merchant_fleet * kept, h.custom_fleet * kept
    old = h.merchant_fleet + h.custom_fleet
    h.merchant_fleet += w.merchant_pipeline.arrive()
    h.custom_fleet += w.custom_pipeline.arrive()
    h.fleet_age = books.mean_age(h.fleet_age, old, h.merchant_fleet + h.custom_fleet)
    h.merchant_power = h.merchant_power * kept
    h.merchant_power += w.merchant_power_pipeline.arrive()
    h.custom_power = h.custom_power * kept
    h.custom_power += w.custom_power_pipeline.arrive()
    h.merchant_on_order = w.merchant_pipeline.total()
    h.custom_on_order = w.custom_pipeline.total()


def order_shells(w: World, ordered_power: Array) -> Array:
    """Order shells for the chips on order, and for the growth until the shells are ready.

    A shell is paid for in equal parts from the next quarter until it is ready: an instalment is
    due for all that is under construction, and once for what is ready at once.
    """
    h, r, m = w.hyperscalers, w.rates, w.p.market
    committed = h.merchant_power + h.custom_power
    committed += w.merchant_power_pipeline.total()
    committed += w.custom_power_pipeline.total()
    pace = safe_divide(ordered_power, committed, 0.0)
    pace -= r.wear
    wanted = power.shells_wanted(
        committed,
        np.minimum(pace, m.shell_growth_limit),
        r.shell_lag_gap,
        h.shells * (1.0 - r.shell_wear),
        h.shells_building,
        r.shell_survival,
    )
    barred = h.restructuring > 0.0
    if barred.any():
        wanted = np.where(barred, 0.0, wanted)
    new = power.within_limit(wanted, m.power_limit)
    w.inputs.power_ordered[0] = ordered_sum(new)
    w.shell_pipeline.order(new, w.shell_lags)
    return new


def open_shells(w: World) -> None:
    """Shells wear, new ones are powered, and the fleet works as far as they reach."""
    h = w.hyperscalers
    h.shells = h.shells * (1.0 - w.rates.shell_wear) + w.shell_pipeline.arrive()
    h.shells_building = w.shells_in_payment = w.shell_pipeline.total()
    h.working_share = power.working_share(h.shells, h.merchant_power + h.custom_power)
