"""Rules written twice, on arrays and in plain numbers, for the two bases to be held against each other."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorRule,
    ChipVendorStrategy,
    HyperscalerChoice,
    HyperscalerRule,
    HyperscalerStrategy,
    LenderChoice,
    LenderRule,
    LenderStrategy,
    MemoryMakerChoice,
    MemoryMakerRule,
    MemoryMakerStrategy,
    clip,
    ordered_sum,
    param,
    safe_divide,
)


def within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@dataclass(frozen=True)
class Hurdle(HyperscalerStrategy):
    """Grow by memory and luck while AI earns a hurdle and rivals owe less, on arrays."""

    hurdle: float = param(0.05, "1/quarter", "return below which it shrinks", 0.0, 1.0)
    weight: float = param(0.3, "1", "weight of the present", 0.0, 1.0)

    def remember(self):
        return {"earned": self.hurdle, "good": 0.0}

    def choose(self, sees):
        now = clip(safe_divide(sees.operating_cash, sees.fleet_value, 0.0), -1.0, 1.0)
        earned = self.weight * now + (1.0 - self.weight) * sees.memory["earned"]
        good = np.where(earned > self.hurdle, sees.memory["good"] + 1.0, 0.0)
        owed = ordered_sum(sees.industry.debt) - sees.debt
        calm = np.where(owed > 2.0 * sees.debt, 0.5, 1.0)
        luck = clip(0.01 * sees.draw("whim"), -0.02, 0.02)
        rate = np.where(good > 0.0, sees.wear + 0.02 * good * calm + luck, sees.wear / 2.0)
        choice = HyperscalerChoice(clip(rate, 0.0, 2.0), debt_share=np.where(good > 1.0, 0.25, 0.0))
        return choice, {"earned": earned, "good": good}


@dataclass(frozen=True)
class HurdleRule(HyperscalerRule):
    """Grow by memory and luck while AI earns a hurdle and rivals owe less, in plain numbers."""

    hurdle: float = param(0.05, "1/quarter", "return below which it shrinks", 0.0, 1.0)
    weight: float = param(0.3, "1", "weight of the present", 0.0, 1.0)

    def remember(self):
        return {"earned": self.hurdle, "good": 0.0}

    def decide(self, sees):
        now = within(sees.operating_cash / sees.fleet_value, -1.0, 1.0) if sees.fleet_value else 0.0
        earned = self.weight * now + (1.0 - self.weight) * sees.memory["earned"]
        good = sees.memory["good"] + 1.0 if earned > self.hurdle else 0.0
        owed = sum(sees.industry.debt) - sees.debt
        calm = 0.5 if owed > 2.0 * sees.debt else 1.0
        rate = sees.wear / 2.0
        if good > 0.0:
            luck = within(0.01 * sees.draw("whim"), -0.02, 0.02)
            rate = sees.wear + 0.02 * good * calm + luck
        debt_share = 0.25 if good > 1.0 else None  # none is asked for: 0
        choice = HyperscalerChoice(within(rate, 0.0, 2.0), debt_share=debt_share)
        return choice, {"earned": earned, "good": good}


@dataclass(frozen=True)
class MarkUp(ChipVendorStrategy):
    """Mark cost up by tightness, by what it remembers of it and by rivals' prices, on arrays."""

    start: float = param(2.0, "1", "markup at the start", 1.0, 10.0)

    def remember(self):
        return {"markup": self.start}

    def choose(self, sees):
        tight = np.maximum(sees.foundry_tightness, sees.memory_tightness)
        step = np.where(tight > 1.0, 1.1, np.where(sees.fill < 0.5, 1.0, 0.95))
        markup = clip(sees.memory["markup"] * step, 1.0, 10.0)
        cheapest = sees.industry.price[0]
        for row in range(1, len(sees.industry.price)):
            cheapest = np.minimum(cheapest, sees.industry.price[row])
        price = np.minimum(np.maximum(sees.unit_cost * markup, cheapest), sees.price_ceiling)
        return ChipVendorChoice(clip(price, 1e-3, 1e4), priority=0.5), {"markup": markup}


@dataclass(frozen=True)
class MarkUpRule(ChipVendorRule):
    """Mark cost up by tightness, by what it remembers of it and by rivals' prices, plainly."""

    start: float = param(2.0, "1", "markup at the start", 1.0, 10.0)

    def remember(self):
        return {"markup": self.start}

    def decide(self, sees):
        if max(sees.foundry_tightness, sees.memory_tightness) > 1.0:
            step = 1.1
        elif sees.fill < 0.5:
            step = 1.0
        else:
            step = 0.95
        markup = within(sees.memory["markup"] * step, 1.0, 10.0)
        price = max(sees.unit_cost * markup, min(sees.industry.price))
        price = within(min(price, sees.price_ceiling), 1e-3, 1e4)
        return ChipVendorChoice(price, priority=0.5), {"markup": markup}


@dataclass(frozen=True)
class Leader(MemoryMakerStrategy):
    """Expand while profitable, the largest maker faster and by chance, on arrays."""

    pace: float = param(0.5, "1", "share of the limit", 0.0, 1.0)

    def remember(self):
        return {"profits": 0.0}

    def choose(self, sees):
        profits = sees.memory["profits"] * 0.5 + clip(sees.memory_margin, -1.0, 1.0)
        others = sees.industry.capacity
        largest = others[0]
        for row in range(1, len(others)):
            largest = np.maximum(largest, others[row])
        pace = np.where(sees.capacity >= largest, self.pace, 0.5 * self.pace)
        pace = np.where(sees.draw("courage") > 1.0, 2.0 * pace, pace)
        expansion = np.where(profits > 0.0, pace * sees.growth_limit, 0.0)
        withheld = np.where(sees.memory_tightness < 0.8, 0.1, 0.0)
        return MemoryMakerChoice(clip(expansion, 0.0, 1.0), withheld), {"profits": profits}


@dataclass(frozen=True)
class LeaderRule(MemoryMakerRule):
    """Expand while profitable, the largest maker faster and by chance, in plain numbers."""

    pace: float = param(0.5, "1", "share of the limit", 0.0, 1.0)

    def remember(self):
        return {"profits": 0.0}

    def decide(self, sees):
        profits = sees.memory["profits"] * 0.5 + within(sees.memory_margin, -1.0, 1.0)
        withheld = 0.1 if sees.memory_tightness < 0.8 else None
        if profits <= 0.0:
            return MemoryMakerChoice(0.0, withheld), {"profits": profits}
        pace = self.pace if sees.capacity >= max(sees.industry.capacity) else 0.5 * self.pace
        if sees.draw("courage") > 1.0:
            pace = 2.0 * pace
        expansion = within(pace * sees.growth_limit, 0.0, 1.0)
        return MemoryMakerChoice(expansion, withheld), {"profits": profits}


@dataclass(frozen=True)
class Burnt(LenderStrategy):
    """Ask more by losses seen so far and by what others ask, on arrays."""

    fear: float = param(1.0, "1", "spread over the worst loss", 0.0, 10.0)

    def remember(self):
        return {"worst": 0.0}

    def choose(self, sees):
        worst = np.maximum(0.9 * sees.memory["worst"], sees.loss_rate)
        usual = ordered_sum(sees.industry.spread) / len(sees.industry.spread)
        spread = np.maximum(sees.base_spread + self.fear * worst, 0.5 * usual)
        advance = np.where(worst > 0.05, 0.8, 1.0) * sees.base_advance_rate
        spread = spread + 0.001 * clip(sees.draw("mood"), -1.0, 1.0)
        choice = LenderChoice(
            clip(spread, 0.0, 1.0), clip(advance, 0.0, 1.0), clip(sees.base_deployed, 0.0, 1.0)
        )
        return choice, {"worst": worst}


@dataclass(frozen=True)
class BurntRule(LenderRule):
    """Ask more by losses seen so far and by what others ask, in plain numbers."""

    fear: float = param(1.0, "1", "spread over the worst loss", 0.0, 10.0)

    def remember(self):
        return {"worst": 0.0}

    def decide(self, sees):
        worst = max(0.9 * sees.memory["worst"], sees.loss_rate)
        usual = sum(sees.industry.spread) / len(sees.industry.spread)
        spread = max(sees.base_spread + self.fear * worst, 0.5 * usual)
        advance = 0.8 * sees.base_advance_rate if worst > 0.05 else sees.base_advance_rate
        spread = spread + 0.001 * within(sees.draw("mood"), -1.0, 1.0)
        terms = (within(each, 0.0, 1.0) for each in (spread, advance, sees.base_deployed))
        return LenderChoice(*terms), {"worst": worst}


BOTH = {
    "hyperscaler": (Hurdle, HurdleRule),
    "chip_vendor": (MarkUp, MarkUpRule),
    "memory_maker": (Leader, LeaderRule),
    "lender": (Burnt, BurntRule),
}
