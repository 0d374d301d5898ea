"""The nine steps of a quarter, one market."""

from slow_quarter import books, chips, credit, ledger, power, runoff, services, technology
from slow_quarter.opening import open_books
from slow_quarter.state import load


class Market:
    """One run of a scenario, struck by efficiency shocks; `m` is its state."""

    def __init__(self, scenario, run=0, shocks=()):
        self.m = load(scenario, run)
        self.shocks = shocks
        open_books(self.m)
        ledger.open_ledger(self.m)

    def step(self, choices, z_demand, z_quality):
        """A quarter. `choices` by role: a dict of numbers for each firm."""
        m = self.m
        m.quarter += 1
        for shock in self.shocks:
            if shock.quarter == m.quarter:
                technology.strike(m, shock.factor, shock.diffusion, shock.leader)
        technology.step(m, z_demand)
        take(m, choices)
        budgets = credit.step(m, choices["hyperscaler"])
        priority = [choice["priority"] for choice in choices["chip_vendor"]]
        chips.step(m, budgets, priority, choices["memory_maker"])
        power.step(m)
        services.step(m, [choice["withheld"] for choice in choices["hyperscaler"]], z_quality)
        books.step(m)
        ledger.step(m)

    def outcomes(self):
        """Every outcome by name, as if the present quarter were the horizon."""
        with_runoff = ledger.outcomes(self.m, runoff.settle(self.m))
        to_horizon = ledger.outcomes(self.m, self.m.values)
        table = {f"{name}_to_horizon": x for name, x in to_horizon.items() if name != "firms"}
        firms = with_runoff.pop("firms")
        return table | with_runoff | firms | ledger.totals(self.m)


def take(m, choices):
    """Set what firms post and what stays with them as state."""
    for h, choice in zip(m.hyperscalers, choices["hyperscaler"], strict=True):
        h.training_share = choice["training_share"]
    for v, choice in zip(m.vendors, choices["chip_vendor"], strict=True):
        v.price = min(choice["price"], max(chips.ceiling(m, v), chips.known_unit_cost(m, v)))
    for b, choice in zip(m.lenders, choices["lender"], strict=True):
        b.spread, b.advance_rate = choice["spread"], choice["advance_rate"]
        b.deployed = choice["deployed"]
