"""Claims: the numbers whose signs the answer tells, and what they are in any other cell.

Each is told twice, with the run-off and to the horizon, since a sign may depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from agentsim.batch.intervals import Interval, bootstrap_mean
from agentsim.laws.numerics import Array
from agentsim.report.axes import Level
from agentsim.report.measures import (
    CUSTOMERS,
    HYPERSCALERS,
    SHARE,
    customers_share,
    share_change,
    sign,
)
from agentsim.report.spread import Spread, spread
from agentsim.report.study import BURNT, LAYERS, TOTAL, Key, Study

HORIZON = "_to_horizon"
MOVED = (CUSTOMERS, SHARE, HYPERSCALERS, "chip_vendor_value", "memory_maker_value", "lender_value")
OWNERS = LAYERS | {TOTAL: "total surplus", BURNT: "real resources burnt"}


@dataclass(frozen=True)
class Place:
    """Where a claim is looked at."""

    shock: Level
    demand: Level
    variant: str | None = None


@dataclass(frozen=True)
class Claim:
    """A number whose sign is told: what the move changes, or what is there once it is made."""

    outcome: str
    change: bool = True
    to_horizon: bool = False
    start: Level = None
    """The posture that the move starts from; None is the mild one."""

    @property
    def twin(self) -> Claim:
        """The same without the run-off."""
        return replace(self, to_horizon=True)

    def draws(self, study: Study, place: Place) -> Array:
        """Return the number by draw, `(runs,)`."""
        name = self.outcome + (HORIZON if self.to_horizon else "")
        before, after = self._keys(study, place)
        x = study.x(name, *after, place.variant)
        return x - study.x(name, *before, place.variant) if self.change else x

    def interval(self, study: Study, place: Place) -> Interval:
        """Return the mean of the number; of shares, which are ratios of means, their difference."""
        if self.outcome != SHARE:
            return bootstrap_mean(self.draws(study, place))
        suffix = HORIZON if self.to_horizon else ""
        before, after = self._keys(study, place)
        if not self.change:
            return customers_share(study, after, place.variant, suffix)
        return share_change(study, before, after, (place.variant, place.variant), suffix)

    def spread(self, study: Study, place: Place) -> Spread:
        """Return the number with its spread over the draws."""
        return spread(self.draws(study, place), self.interval(study, place))

    def sign(self, study: Study, place: Place) -> int:
        """Return the sign of the mean where its interval tells it, else 0."""
        return sign(self.interval(study, place))

    def matters(self, study: Study) -> bool:
        """Say whether the run-off makes any difference to the number."""
        counted, alone = replace(self, to_horizon=False), self.twin
        x, y = (each.draws(study, home(study)) for each in (counted, alone))
        return not np.array_equal(x, y, equal_nan=True)

    def _keys(self, study: Study, place: Place) -> tuple[Key, Key]:
        start = study.mild if self.start is None else self.start
        return (start, place.shock, place.demand), (study.fierce, place.shock, place.demand)

    # Words

    @property
    def verbs(self) -> tuple[str, str]:
        """What the number does above and below zero."""
        if not self.change:
            return "make money", "lose money"
        if self.outcome == SHARE or self.outcome == TOTAL:
            return "rises", "falls"
        return ("rise", "fall") if self.outcome == BURNT else ("gain", "lose")

    @property
    def nouns(self) -> tuple[str, str]:
        """What the number is above and below zero."""
        if not self.change:
            return "profit", "loss"
        return ("rise", "fall") if self.outcome in (SHARE, TOTAL, BURNT) else ("gain", "loss")

    def statement(self, study: Study, sign: int) -> str:
        """Say it: `lenders gain by escalation`."""
        verb = self.verbs[0 if sign >= 0 else 1]
        if self.outcome == SHARE:
            return f"customers' share of total surplus {verb}"
        how = f"by {study.move}" if self.change else f"when {study.doing(study.fierce)}"
        return f"{OWNERS[self.outcome]} {verb} {how}"

    def noun(self, sign: int) -> str:
        """Name it: `lenders' gain`, `the rise of customers' share`."""
        noun = self.nouns[0 if sign >= 0 else 1]
        if not self.change:
            return noun
        if self.outcome == SHARE:
            return f"the {noun} of customers' share"
        if self.outcome in (TOTAL, BURNT):
            return f"the {noun} of {OWNERS[self.outcome]}"
        return f"{OWNERS[self.outcome]}' {noun}"

    def counted(self, study: Study) -> str:
        """Say how it is counted, where that makes a difference."""
        if not self.matters(study):
            return ""
        return " to the horizon" if self.to_horizon else " with the run-off"

    def told(self, study: Study, sign: int, counted: str | None = None) -> str:
        """Name it and how it is counted, to be followed by a verb."""
        counted = self.counted(study) if counted is None else counted
        if self.change:
            return f"{self.noun(sign)}{counted}"
        return f"{self.final}, a {self.noun(sign)}{counted},"

    @property
    def final(self) -> str:
        """What a level is called."""
        return f"{OWNERS[self.outcome]}' final value"


def home(study: Study) -> Place:
    """Return where the answer is told."""
    return Place(study.calm, study.reference)


def changes(study: Study, start: Level = None) -> list[Claim]:
    """Return what the move changes: each layer, customers' share, what is burnt."""
    if len(study.posture) < 2:
        return []
    return [Claim(outcome, start=start) for outcome in (*MOVED, TOTAL, BURNT)]


def standings(study: Study) -> list[Claim]:
    """Return whether firms and lenders make money in the end."""
    return [Claim(outcome, change=False) for outcome in (HYPERSCALERS, "lender_value")]


def told(study: Study) -> list[Claim]:
    """Return the claims of the first two sentences, each with its twin to the horizon."""
    if len(study.posture) < 2:
        return []
    one = [*(each for each in changes(study) if each.outcome != TOTAL), standings(study)[0]]
    return [each for claim in one for each in (claim, claim.twin)]
