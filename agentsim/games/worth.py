"""Worth: what a way of playing is worth, to whom, and how sure that is.

Everything is an expectation over profiles, by run: with w the probability of each profile and x what
came of it in a run, w x. Money is then a mean over runs and a share a ratio of means, both with 95%
intervals over runs (`studentised`); what is played is held fixed in them.

Total surplus is the outcome of that name where it rides along, and otherwise what all players earn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.games.studentised import mean_interval, ratio_interval
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

TOTAL, CUSTOMERS = "total_surplus", "customer_surplus"

LAYERS: dict[str, str] = {
    CUSTOMERS: "customers",
    "hyperscaler_value": "hyperscalers",
    "chip_vendor_value": "chip vendors",
    "memory_maker_value": "memory makers",
    "lender_value": "lenders",
}
"""The outcomes that add up to total surplus, and who gets them."""

MONEY: tuple[str, ...] = (TOTAL, *LAYERS, "other_buyer_profit", "resource_cost", "revenue")
"""Sums of money, of which a mean over runs is told."""

SHARES: dict[str, str] = {
    "customer_share": "customers' part of total surplus",
    "rent_dissipation": "real resources over the prize",
    "rent_transferred": "what vendors, memory makers and lenders get over the prize",
    "hhi": "concentration: sum of squared shares of revenue, mean over runs",
}
"""Ratios, and what each of them is."""


def surplus(game: Game) -> Array:
    """Return total surplus `(profiles, runs)`: of all layers if it is known, or else of the players."""
    if TOTAL in game.others:
        return game.others[TOTAL]
    runs = game.payoffs[:, :, None] if game.runs is None else game.runs
    played = game.layout.profiles[:, :, None]
    total: Array = (np.where(played > 0, runs, 0.0) * played.astype(np.float64)).sum(axis=1)
    return total


def earned(game: Game) -> dict[str, Array]:
    """Return what the players of each role earn together, `(profiles, runs)`."""
    runs = game.payoffs[:, :, None] if game.runs is None else game.runs
    found: dict[str, Array] = {}
    for at, role in enumerate(game.roles):
        part = game.layout.slice(at)
        played = game.layout.profiles[:, part, None].astype(np.float64)
        found[role.name] = (np.where(played > 0, runs[:, part], 0.0) * played).sum(axis=1)
    return found


def money(game: Game) -> dict[str, Array]:
    """Return sums of money by name, `(profiles, runs)`: what is there of them, surplus always."""
    found = {TOTAL: surplus(game)}
    found |= {name: game.others[name] for name in MONEY if name in game.others}
    return found | {f"earned.{role}": x for role, x in earned(game).items()}


def shares(game: Game) -> dict[str, tuple[Array, Array]]:
    """Return ratios as numerators and denominators `(profiles, runs)`: what can be told of them."""
    there, found = game.others, {}
    if CUSTOMERS in there:
        found["customer_share"] = (there[CUSTOMERS], surplus(game))
    prize = _prize(game)
    if "rent_dissipation" in there:
        x = there["rent_dissipation"]
        # Without a prize to weigh runs with, each counts the same.
        found["rent_dissipation"] = (x, np.ones_like(x)) if prize is None else (x * prize, prize)
    elif "resource_cost" in there and "revenue" in there:
        found["rent_dissipation"] = (there["resource_cost"], there["revenue"])
    if prize is not None:
        found["rent_transferred"] = (there["rent_transferred"] * prize, prize)
    if "hhi" in there:
        found["hhi"] = (there["hhi"], np.ones_like(there["hhi"]))
    return found


def _prize(game: Game) -> Array | None:
    """Return the prize that rents are told as parts of, from what is transferred of it; None if unknown.

    Runs in which nothing is transferred leave it open.
    """
    names = ("chip_vendor_value", "memory_maker_value", "lender_value", "rent_transferred")
    if any(name not in game.others for name in names):
        return None
    *values, part = (game.others[name] for name in names)
    with np.errstate(divide="ignore", invalid="ignore"):
        prize: Array = np.where(part != 0.0, sum(values) / part, np.nan)
    return prize


def expected(weights: Array, x: Array) -> Array:
    """Return what comes of profiles with so much weight, `(runs,)`; x `(profiles, runs)`."""
    played = weights > 0.0
    found: Array = weights[played] @ x[played]
    return found


def mean(x: Array, exact: bool) -> Interval:
    """Return the mean of x `(runs,)`; a single number stands for itself where all is exact."""
    if exact and len(x) == 1:
        return Interval(float(x[0]), float(x[0]), float(x[0]), 1)
    return mean_interval(x)


def ratio(num: Array, den: Array, exact: bool) -> Interval:
    """Return the ratio of the means of `(runs,)` each, NaN where nothing is shared."""
    num, den = np.broadcast_arrays(num, den)
    if exact and len(num) == 1:
        value = float(num[0] / den[0]) if den[0] else float("nan")
        return Interval(value, value, value, 1)
    return ratio_interval(num, den)


def ratio_of_positive(num: Array, den: Array, exact: bool) -> Interval:
    """Return a ratio of means of which both are above zero; NaN where they are not."""
    if min(mean(num, exact).value, mean(den, exact).value) > 0.0:
        return ratio(num, den, exact)
    return Interval(np.nan, np.nan, np.nan, 0)
