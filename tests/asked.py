"""Asking strategies in made-up markets, and what they chose, for the tests of the library."""

from fakes import FakeMarket

from agentsim.strategy.base import BASES
from agentsim.strategy.choices import checked
from agentsim.strategy.groups import ask


def choices(strategy, markets, rows=slice(None), run=None):
    """Ask a strategy quarter after quarter; return what it chose, as arrays."""
    memory, made = None, []
    for market in markets:
        sees = market.look(strategy, rows, run, memory)
        choice, memory = ask(strategy, sees)
        firms, runs = len(sees.firms), market.runs if run is None else 1
        arrays, bad = checked(choice, strategy.choice, firms, runs, strategy.id)
        assert bad is None
        made.append({name: array for name, array in arrays.items() if array is not None})
    return made


def made_by(strategy, **given):
    """Return the choice of one quarter in a fake market."""
    market = FakeMarket(strategy.view, **given)
    return choices(strategy, [market])[0], market.values


def resting(**given):
    """Return a market in which one more chip of either kind is worth exactly what it costs."""
    same = {
        "training_share": 0.25,
        "own_marginal_revenue": 3.0,
        "price_value": 3.0,
        "industry_marginal_revenue": 3.0,
        "training_value": 3.0,
        "custom_fit": 1.0,
        "codesign": 1.0,
        "merchant_running_cost": 1.0,
        "custom_running_cost": 1.0,
        "merchant_user_cost": 2.0,
        "custom_user_cost": 2.0,
        "custom_program": 1.0,
        "cartel_quantity": 1.2,
    }
    return FakeMarket(BASES["hyperscaler"].view, **(same | given))
