"""The base date: opening books, then its services market cleared once to set prices and shares."""

from __future__ import annotations

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.laws import power, services
from agentsim.sectors.opening import open_books, open_quality
from agentsim.sectors.world import World
from agentsim.steps.services import services_clear, split_fleet


def open_market(w: World) -> None:
    """Open the books and let the base date's fleets serve the base date's demand.

    Demand is rebased here: at the base date Q0 is what the fleets make and P0 what makes it worth
    the `service_revenue` of the calibration, whatever the elasticities.
    """
    open_books(w)
    h, p, m = w.hyperscalers, w.p.hyperscaler, w.p.market
    h.working_share = power.working_share(h.shells, h.merchant_power + h.custom_power)
    open_quality(w)
    use = split_fleet(w)
    x = h.efficiency * (use.merchant + p.custom_fit * use.custom)
    w.base_quantity = services.aggregate(x, np.exp(w.log_theta), m.substitution)
    idle = np.flatnonzero(~(w.base_quantity > 0.0))
    if len(idle):
        raise AgentsimError(
            f"no hyperscaler has working chips at the base date (column {idle[0]}); give some firm "
            "merchant_fleet or custom_fleet, and shell_coverage above 0"
        )
    w.base_price = m.service_revenue / w.base_quantity
    w.rebase_demand()
    as_is = {"withheld": np.zeros_like(h.cash), "training_share": h.training_share}
    services_clear(w, as_is, np.full_like(h.cash, np.inf))
    h.trailing_cash = 4.0 * (w.operating_cash + h.core_cash + h.other_capex)
