"""Robustness: whether the signs of the answer survive other assumptions.

The answer is told in one cell. Here its claims are looked at in the others: at other levels of
demand, under the variants of the experiment, and with the shocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agentsim.report.axes import Axis, Level
from agentsim.report.claims import Claim, Place, home, told
from agentsim.report.measures import CUSTOMERS, SHARE, sign
from agentsim.report.study import TOTAL, Study
from agentsim.report.variant_figures import place as place_of
from agentsim.report.words import (
    capital,
    listed,
    money,
    money_interval,
    percent,
    points,
    points_interval,
)


@dataclass(frozen=True)
class Context:
    """Other circumstances than those of the answer."""

    name: str
    """What it is called in a table."""
    after: str
    """The word that it follows in a sentence: `under`, `at`, `with`."""
    place: Place


def contexts(study: Study, shock: Level) -> list[Context]:
    """Return the variants and the other levels of demand, under a shock."""
    found = []
    for name in study.variants:
        where = place_of(study, name, study.fierce, shock)
        if where is not None or study.demand.column is None:
            found.append(Context(f"“{name}”", "under", Place(shock, where, name)))
    for level in study.demand.levels:
        if level != study.reference:
            found.append(Context(study.demand.words(level), "at", Place(shock, level)))
    there = Claim(TOTAL, change=False)
    return [each for each in found if np.isfinite(there.draws(study, each.place)).any()]


def _struck(study: Study) -> list[Context]:
    """Return the other shocks."""
    return [
        Context(study.shock.words(level), "with", Place(level, study.reference))
        for level in study.shock.levels
        if level != study.calm
    ]


@dataclass(frozen=True)
class Unlike:
    """Where a claim has not the sign that it has in the answer."""

    claim: Claim
    way: int
    """Its sign in the answer."""
    turned: list[Context]
    """Where the sign is the other one."""
    open: list[Context]
    """Where the interval holds zero."""

    counted: str | None = None
    """How the claim is counted, where that is not what it says itself."""

    @property
    def any(self) -> bool:
        """Whether there are such places."""
        return bool(self.turned or self.open)

    @property
    def all_but_counting(self) -> tuple[Any, ...]:
        """What two claims share that differ in how they are counted and in nothing else."""
        return (
            replace(self.claim, to_horizon=False),
            self.way,
            *map(tuple, (self.turned, self.open)),
        )

    def told(self, study: Study) -> str:
        """Name the claim, to be followed by a verb."""
        return self.claim.told(study, self.way, self.counted)


def compare(study: Study, claims: list[Claim], base: Place, others: list[Context]) -> list[Unlike]:
    """Compare claims that have a sign in a base cell with the same in other places."""
    found = []
    for claim in claims:
        if (way := claim.sign(study, base)) and (not claim.to_horizon or claim.matters(study)):
            signs = [claim.sign(study, each.place) for each in others]
            turned = [each for each, s in zip(others, signs, strict=True) if s == -way]
            unclear = [each for each, s in zip(others, signs, strict=True) if s == 0]
            found.append(Unlike(claim, way, turned, unclear))
    return _joined(found)


def _joined(found: list[Unlike]) -> list[Unlike]:
    """Join a claim that is counted with the run-off with its twin, where they say the same."""
    groups: dict[tuple[Any, ...], list[Unlike]] = {}
    for each in found:
        groups.setdefault(each.all_but_counting, []).append(each)
    either = " with the run-off or without"
    return [
        replace(same[0], counted=either) if len(same) > 1 else same[0] for same in groups.values()
    ]


# What the answer says of it


def exceptions(study: Study) -> str:
    """Say which signs of the answer do not survive elsewhere; that all do, if so."""
    others = contexts(study, study.calm) + _struck(study)
    compared = compare(study, told(study), home(study), others)
    if not compared or not others:
        return ""
    unlike = [each for each in compared if each.any]
    if not unlike:
        return (
            "Each sign above that is told from zero holds at each of the other "
            f"{_across(study)} of the experiment."
        )
    ours = [each for each in compared if each.claim.outcome in (CUSTOMERS, SHARE)]
    head = f"Not every sign holds at each of the other {_across(study)}."
    if ours and not any(each.any for each in ours):
        names = listed(list(dict.fromkeys(each.claim.noun(each.way) for each in ours)))
        verb = "hold" if " and " in names else "holds"
        head = f"{capital(names)} {verb} at each of the other {_across(study)}; not all other signs do."
    where = study.shock.words(study.calm)
    told_at = (
        f"Elasticities and variants are those with {where}." if study.strikes and where else ""
    )
    return " ".join(filter(None, [head, *(_clause(study, each) for each in unlike), told_at]))


def _across(study: Study) -> str:
    """Say over what the signs are compared."""
    parts = []
    if len(study.shock) > 1:
        is_shock = str(study.shock.column).startswith("shock.")
        parts.append("shocks" if is_shock else "levels of " + study.shock.title)
    if len(study.demand) > 1:
        parts.append("levels of " + study.demand.title)
    if study.variants:
        parts.append("variants")
    return listed(parts)


def _clause(study: Study, unlike: Unlike) -> str:
    """Say of one claim where it turns and where it is open."""
    claim = unlike.claim
    parts = []
    if unlike.turned:
        opposite = claim.nouns[1 if unlike.way > 0 else 0]
        parts.append(f"turns into a {opposite} {_places(study, unlike.turned)}")
    if unlike.open:
        parts.append(f"is open {_places(study, unlike.open)}")
    return f"{capital(unlike.told(study))} {', and '.join(parts)}."


def _places(study: Study, found: list[Context]) -> str:
    """Return places in a sentence: `under “rigid memory”, at demand elasticity 1.4 and 2`."""
    parts = []
    for after in dict.fromkeys(each.after for each in found):
        those = [each for each in found if each.after == after]
        axis = {"at": study.demand, "with": study.shock}.get(after)
        names = [_short(axis, each, first=i == 0) for i, each in enumerate(those)]
        parts.append(f"{after} {listed(names)}")
    if len(parts) > 1 and any(" and " in each for each in parts):
        return f"{', '.join(parts[:-1])}, and {parts[-1]}"
    return listed(parts)


def _short(axis: Axis | None, context: Context, first: bool) -> str:
    """Return the name of a place; after the first of its kind, the level alone."""
    if axis is None or first:
        return context.name
    level = context.place.demand if context.after == "at" else context.place.shock
    short = axis.short(level)
    return short if context.name.endswith(short) else context.name


# What the section says of it, with numbers


def verdict(study: Study, shock: Level) -> tuple[str, list[str]]:
    """Say which signs hold under every assumption, and of the others where they do not."""
    base = Place(shock, study.reference)
    compared = compare(study, told(study), base, contexts(study, shock))
    where = study.shock.words(shock)
    head = f"With {where}" if where else "In the main design"
    if not compared:
        return f"{head} no sign is told from zero, so that none can be lost.", []
    kept = [each for each in compared if not each.any]
    if not kept:
        return f"{head} no sign holds under all of these assumptions.", _losses(study, compared)
    signs = listed([each.told(study).rstrip(",") for each in kept])
    return f"{head} these hold under all of these assumptions: {signs}.", _losses(study, compared)


def _losses(study: Study, compared: list[Unlike]) -> list[str]:
    """Say of each claim that does not hold throughout where that is, and by how much."""
    found = []
    for each in compared:
        parts = []
        if each.turned:
            opposite = each.claim.nouns[1 if each.way > 0 else 0]
            told = listed([_amount(study, each.claim, at, -each.way) for at in each.turned])
            parts.append(f"turns into a {opposite} {told}")
        if each.open:
            told = listed([_amount(study, each.claim, at, 0) for at in each.open])
            parts.append(f"is open {told}")
        if parts:
            name = capital(each.told(study))
            found.append(f"{name} {'; it '.join(parts)}.")
    return found


def _amount(study: Study, claim: Claim, at: Context, way: int) -> str:
    """Return a place with what the claim is there: `under “rigid memory” (+$2.90tn, 76% gain)`."""
    x, other = claim.spread(study, at.place), claim.twin.interval(study, at.place)
    share, verbs = claim.outcome == SHARE, claim.verbs
    if not way:
        told = points_interval(x.mean) if share else money_interval(x.mean, plus=True)
    else:
        told = _plain(x.mean.value, share)
    verb = verbs[0 if (way or 1) > 0 else 1]
    told += f", {percent(x.on_side(way or 1), 0)} of draws {verb.removesuffix('s')}"
    if x.unchanged > 0.0:
        told += f" and {percent(x.unchanged, 0)} are unchanged"
    if not claim.to_horizon and sign(other) != way and claim.matters(study):
        told += f"; {_plain(other.value, share)} to the horizon"
    return f"{at.after} {at.name} ({told})"


def _plain(amount: float, share: bool) -> str:
    return points(amount, plus=True) if share else money(amount, plus=True)
