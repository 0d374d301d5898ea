"""What moves from one condition of a game to another, or between games: sentences and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentsim.batch.intervals import Interval
from agentsim.games.empirical.comparing import TOLD, Moved, range_of
from agentsim.games.worth import LAYERS
from agentsim.printing import aligned
from agentsim.report.game_words import between, count, played
from agentsim.report.words import capital, percent, plain

if TYPE_CHECKING:
    from agentsim.games.empirical.comparing import Change
    from agentsim.games.empirical.found import Solved

CALLED = {
    "customer_share": "customers' share of total surplus, %",
    "total_surplus": "total surplus, $bn",
}
LISTED = 8
"""Equilibria of a side that are listed; more are counted."""


def lines(moved: Sequence[Moved]) -> list[str]:
    """Return what moves, a part for each pair of conditions."""
    found = []
    for what in dict.fromkeys(each.what for each in moved):
        of = [each for each in moved if each.what == what]
        found += [f"{what}. {sentence(of)}", ""]
        for each in of:
            found += [f"{each.names[0]}  ->  {each.names[1]}", *_sets(each), *_table(each), ""]
    found.append(_note(moved))
    return found


def sentence(moved: Sequence[Moved]) -> str:
    """Say how customers' share moves over all that is compared."""
    changes = [c for each in moved for c in each.of("customer_share")]
    if not changes:
        return "Nothing is known of customers on both sides."
    low, high = range_of(changes)
    up = sum(float(c.difference.low) > 0.0 for c in changes)
    down = sum(float(c.difference.high) < 0.0 for c in changes)
    before, after = [c.before for c in changes], [c.after for c in changes]
    span = between([float(low.value), float(high.value)], lambda s: f"{100 * s:+.1f}")
    surely = (
        f", of which {up} surely rise and {down} surely fall"
        if any(math.isfinite(float(c.difference.low)) for c in changes)
        else " (one run each side: no intervals)"
    )
    return (
        f"Customers' share in equilibrium is {between(before, percent)} before and "
        f"{between(after, percent)} after: it moves by {span} points over {count(len(changes), 'pair')} of equilibria{surely}. "
        f"{_kinds(moved)}"
    )


def _kinds(moved: Sequence[Moved]) -> str:
    """Say how the kind of game moves."""
    told = dict.fromkeys((e.before.kinds.kind, e.after.kinds.kind) for e in moved)
    parts = [f"from {a} to {b}" if a != b else f"stays {a}" for a, b in told]
    return f"The kind of game: {', '.join(parts)}."


def _sets(x: Moved) -> list[str]:
    """Return the equilibria on either side, and the kind of game."""
    return [
        f"  {when}: {_kind(side)}; " + "; ".join(_listed(side))
        for when, side in (("before", x.before), ("after", x.after))
    ]


def _kind(x: Solved) -> str:
    pair = x.kinds.only
    return f"{pair.kind} between {plain(pair.mild)} and {plain(pair.fierce)}"


def _listed(x: Solved) -> list[str]:
    found = [f"[{at + 1}] {played(each)}" for at, each in enumerate(x.equilibria)]
    more = len(found) - LISTED
    return [*found[:LISTED], *([f"and {more} more"] if more > 0 else [])] or [
        "no equilibrium found"
    ]


def _table(x: Moved) -> list[str]:
    """Return a row an outcome: before, after, and the smallest and largest change over pairs."""
    rows = [["", "before", "after", "least change", "95% interval", "most change", "95% interval",
             "sure"]]  # fmt: skip
    for name in TOLD:
        changes = x.of(name)
        if changes:
            rows.append(_row(name, changes))
    return [f"  {line}" for line in aligned(rows)] if len(rows) > 1 else []


def _row(name: str, changes: list[Change]) -> list[str]:
    by, decimals = (100.0, 1) if name == "customer_share" else (1.0, 0)
    low, high = range_of(changes)

    def span(values: list[float]) -> str:
        return between(values, lambda v: f"{by * v:,.{decimals}f}")

    signs = _signs(changes)
    called = CALLED.get(name) or f"{capital(LAYERS.get(name, plain(name)))}, $bn"
    return [
        called, span([c.before for c in changes]), span([c.after for c in changes]),
        f"{by * float(low.value):,.{decimals}f}", _interval(low, by, decimals),
        f"{by * float(high.value):,.{decimals}f}", _interval(high, by, decimals), signs,
    ]  # fmt: skip


def _signs(changes: list[Change]) -> str:
    """Return how many changes surely go which way; nothing where one run each says nothing of luck."""
    if not any(math.isfinite(float(c.difference.low)) for c in changes):
        return ""
    up = sum(float(c.difference.low) > 0.0 for c in changes)
    down = sum(float(c.difference.high) < 0.0 for c in changes)
    if len(changes) in (up, down):
        return "all rise" if up else "all fall"
    return f"{up} rise, {down} fall, {len(changes) - up - down} open"


def _interval(x: Interval, by: float, decimals: int) -> str:
    if not math.isfinite(float(x.low)):
        return ""
    return f"{by * float(x.low):,.{decimals}f} to {by * float(x.high):,.{decimals}f}"


def _note(moved: Sequence[Moved]) -> str:
    paired = sum(each.paired for each in moved)
    how = (
        "run by run, as both sides met the same luck" if paired == len(moved)
        else "as independent samples, as the two sides met other luck" if not paired
        else f"run by run in {paired} of {len(moved)} comparisons, as independent samples in the others"
    )  # fmt: skip
    return (
        f"Differences are taken {how}. Where a side has several equilibria, each is set against each: least "
        "and most are over all pairs; sure counts pairs whose interval leaves zero out. What is played is "
        "held fixed within an interval."
    )
