"""Asking a strategy in made-up markets, for its tests."""

from fakes import FakeMarket

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
