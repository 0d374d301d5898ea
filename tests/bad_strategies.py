"""Strategies that are wrong, each in one way: what the conformance battery has to catch.

The ways are those in which a strategy can be right in most tests and wrong in an experiment.
"""

import os
import random
import time
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass

import bad_neighbour
import numpy as np
from bad_neighbour import _fine
from bad_neighbour import cash as neighbours_cash
from numpy.random import default_rng

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerRule,
    HyperscalerStrategy,
    clip,
    param,
    safe_divide,
)

SEEN: list[float] = []
PAST: deque[float] = deque(maxlen=8)
COUNTS: Counter[str] = Counter()
GROUPS: defaultdict[str, int] = defaultdict(lambda: 0)
ORDER: OrderedDict[int, float] = OrderedDict()
NUMBERS = np.zeros(3)
_USUAL = 0.1


class Store:
    last = 0.0


def _counter():
    calls = []

    def count():
        calls.append(1.0)
        return len(calls)

    return count


_count = _counter()
_pick = lambda: random.random()  # noqa: E731


def _helper(sees):
    return sees._fetch("cash")


@dataclass(frozen=True)
class Sound(HyperscalerStrategy):
    """Spend by cash over debt, and more after good quarters. Source: none, it is made for tests."""

    weight: float = param(0.5, "1", "weight of the past", 0.0, 1.0)

    def remember(self):
        return {"before": 0.0}

    def rate(self, sees):
        return clip(0.1 * safe_divide(sees.cash, sees.debt, 1.0), 0.0, 1.0)

    def choose(self, sees):
        rate = self.rate(sees)
        smooth = (1.0 - self.weight) * rate + self.weight * sees.memory["before"]
        return HyperscalerChoice(clip(smooth, 0.0, 2.0)), {"before": rate}


@dataclass(frozen=True)
class RarelyOutOfBounds(Sound):
    """Spend much where the market is as good as never. Source: none, it is made for tests."""

    def rate(self, sees):
        return np.where(sees.memory_tightness < 1e-9, 7.0, 0.1)

    def choose(self, sees):
        return HyperscalerChoice(self.rate(sees))


@dataclass(frozen=True)
class NoNumber(Sound):
    """Divide by what may be zero. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(np.minimum(sees.operating_cash / sees.borrowing_room, 0.1) * 0.0)


@dataclass(frozen=True)
class Writes(Sound):
    """Write into what it is shown. Source: none, it is made for tests."""

    def choose(self, sees):
        cash = sees.cash.base
        cash[:] = 1.0
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class WritesMemory(Sound):
    """Write into its memory. Source: none, it is made for tests."""

    def choose(self, sees):
        sees.memory["before"] = sees.memory["before"] + 1.0
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsOnClass(Sound):
    """Count its calls on the class. Source: none, it is made for tests."""

    def choose(self, sees):
        KeepsOnClass.calls = getattr(KeepsOnClass, "calls", 0) + 1
        return HyperscalerChoice(0.1 / KeepsOnClass.calls)


@dataclass(frozen=True)
class KeepsOnItself(Sound):
    """Count its calls on the instance. Source: none, it is made for tests."""

    def choose(self, sees):
        object.__setattr__(self, "calls", getattr(self, "calls", 0) + 1)
        return HyperscalerChoice(0.1 / self.calls)


@dataclass(frozen=True)
class KeepsInModule(Sound):
    """Keep a list in the module, to no effect yet. Source: none, it is made for tests."""

    def choose(self, sees):
        SEEN.append(1.0)
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class Dices(Sound):
    """Draw from NumPy's own generator. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(np.random.default_rng().uniform(0.0, 1.0, sees.cash.shape))


@dataclass(frozen=True)
class Clock(Sound):
    """Go by the time of day. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(time.time() % 1.0)


@dataclass(frozen=True)
class MeanOverRuns(Sound):
    """Spend what is usual over all runs. Source: none, it is made for tests."""

    def rate(self, sees):
        usual = np.mean(sees.wear, axis=-1, keepdims=True)
        return np.broadcast_to(clip(usual, 0.0, 1.0), sees.cash.shape)


@dataclass(frozen=True)
class ByPlaceOfRun(Sound):
    """Spend more in later columns. Source: none, it is made for tests."""

    def rate(self, sees):
        return np.linspace(0.0, 0.1, sees.cash.shape[1]) + 0.0 * sees.wear


@dataclass(frozen=True)
class AnyRun(Sound):
    """Take a short cut where it does for all runs. Source: none, it is made for tests."""

    def rate(self, sees):
        return 0.1 if (sees.cash > 1e5).any() else 0.2


@dataclass(frozen=True)
class SharesMemory(Sound):
    """Remember the best of all runs. Source: none, it is made for tests."""

    def choose(self, sees):
        best = np.maximum(sees.memory["before"].max(), np.minimum(sees.cash, 1.0))
        return HyperscalerChoice(0.1), {"before": best}


@dataclass(frozen=True)
class Peeks(Sound):
    """Fetch what it likes. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(np.minimum(sees._fetch("cash"), 1.0)[: len(sees.firms)])


@dataclass(frozen=True)
class PeeksInDisguise(Sound):
    """Fetch what it likes by a name put together. Source: none, it is made for tests."""

    def choose(self, sees):
        fetch = getattr(sees, "_" + "fetch")
        return HyperscalerChoice(np.minimum(fetch("cash"), 1.0)[: len(sees.firms)])


@dataclass(frozen=True)
class PeeksByHelper(Sound):
    """Have a function of the file fetch. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(np.minimum(_helper(sees), 1.0)[: len(sees.firms)])


@dataclass(frozen=True)
class PeeksPlainly(HyperscalerRule):
    """Look behind the view in plain numbers. Source: none, it is made for tests."""

    def decide(self, sees):
        return HyperscalerChoice(min(sees._books.field("wear")[0][0], 1.0))


@dataclass(frozen=True)
class RivalsBooks(Sound):
    """Read the rivals' cash. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.0 * sees.industry.cash[sees.rows])


@dataclass(frozen=True)
class BranchesOnParameter(Sound):
    """Branch on a parameter that may be an array. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.2 if self.weight > 0.3 else 0.1)


@dataclass(frozen=True)
class UndeclaredMemory(Sound):
    """Remember what it did not declare. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.1), {"later": 1.0}


@dataclass(frozen=True)
class MemoryOfWrongShape(Sound):
    """Remember a number too many. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.1), {"before": np.zeros(sees.cash.shape[1] + 1)}


@dataclass(frozen=True)
class ByPlaceOfFirm(Sound):
    """Let the first in the arrays spend most. Source: none, it is made for tests."""

    def choose(self, sees):
        place = np.arange(len(sees.firms))[:, None]
        return HyperscalerChoice(0.1 / (1.0 + place) + 0.0 * sees.wear)


@dataclass(frozen=True)
class Unsourced(Sound):
    """Say what it does at some length and not where it comes from."""


@dataclass(frozen=True)
class BoundTooWide(Sound):
    """Spend a multiple of wear. Source: none, it is made for tests."""

    multiple: float = param(1.0, "1", "spending over wear", 0.0, 100.0)

    def choose(self, sees):
        return HyperscalerChoice(np.minimum(sees.wear, 0.9) * self.multiple)


@dataclass(frozen=True)
class Loud(Sound):
    """Divide by cash, and put right what comes of it. Source: none, it is made for tests."""

    def rate(self, sees):
        return np.nan_to_num(clip(sees.wear / sees.borrowing_room, 0.0, 0.5))


@dataclass(frozen=True)
class FailsInARareWorld(HyperscalerRule):
    """Divide by what may be zero, in plain numbers. Source: none, it is made for tests."""

    def decide(self, sees):
        return HyperscalerChoice(min(max(sees.operating_cash / sees.debt, 0.0), 1.0))


@dataclass(frozen=True)
class FailsInRealMarkets(Sound):
    """Stand all made-up worlds and fail in the fifth quarter. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(np.nan if sees.quarter == 5 else 0.1)


@dataclass(frozen=True)
class NoNumberLate(Sound):
    """Answer no number from the tenth quarter on. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(np.nan if sees.quarter >= 9 else 0.1)


@dataclass(frozen=True)
class MixesLate(Sound):
    """Take a mean over runs from the tenth quarter on. Source: none, it is made for tests."""

    def choose(self, sees):
        late = sees.quarter >= 9
        return HyperscalerChoice(clip(0.1 * np.mean(sees.wear) if late else 0.1, 0.0, 2.0))


@dataclass(frozen=True)
class FailsInTheFifthYear(Sound):
    """Stand all made-up worlds and fail in the twentieth quarter. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(np.nan if sees.quarter == 20 else 0.1)


@dataclass(frozen=True)
class MixesRarely(Sound):
    """Spend more in all runs where one of them is of a rare kind. Source: none, it is made for tests."""

    def choose(self, sees):
        rare = (sees.debt > 30.0) & (sees.interest > 30.0) & (sees.cash < 0.1)
        return HyperscalerChoice(0.2 if rare.any() else 0.1)


@dataclass(frozen=True)
class NoNumberInBetween(Sound):
    """Answer no number for fleets of some hundred billion. Source: none, it is made for tests."""

    def choose(self, sees):
        some = (sees.fleet_value > 300.0) & (sees.fleet_value < 990.0)
        return HyperscalerChoice(np.where(some, np.nan, 0.1))


@dataclass(frozen=True)
class SeededDice(Sound):
    """Draw from a generator that is seeded. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(default_rng(sees.quarter).uniform(0.0, 0.2))


@dataclass(frozen=True)
class DicesByLambda(Sound):
    """Draw by a lambda of the module, late. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.1 if sees.quarter < 60 else _pick())


@dataclass(frozen=True)
class DicesByNeighbour(Sound):
    """Have a neighbouring module draw, late. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(bad_neighbour.rate(sees))


@dataclass(frozen=True)
class PeeksByNeighbour(Sound):
    """Have a neighbouring module fetch, late. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.1 if sees.quarter < 60 else neighbours_cash(sees))


@dataclass(frozen=True)
class Hashes(Sound):
    """Spend by a hash of the firm's name. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(hash(sees.firms[0]) % 100 / 1000.0 * (sees.quarter > 60))


@dataclass(frozen=True)
class ProcessNumber(Sound):
    """Spend by the number of the process. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(os.getpid() % 100 / 1000.0)


@dataclass(frozen=True)
class ImportsByName(Sound):
    """Import what lists all objects. Source: none, it is made for tests."""

    def choose(self, sees):
        late = sees.quarter > 60 and __import__("gc").get_objects()
        return HyperscalerChoice(0.2 if late else 0.1)


@dataclass(frozen=True)
class SeesTheArrayBehind(Sound):
    """Look at the array of which its own is a part. Source: none, it is made for tests."""

    def choose(self, sees):
        behind = sees.cash.base
        return HyperscalerChoice(0.1 if behind is None or len(behind) < 4 else 0.2)


@dataclass(frozen=True)
class OpensForWriting(Sound):
    """Make the array writable, late. Source: none, it is made for tests."""

    def choose(self, sees):
        if sees.quarter > 60:
            sees.cash.setflags(write=True)
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsInDeque(Sound):
    """Keep the last quarters in the module. Source: none, it is made for tests."""

    def choose(self, sees):
        if sees.quarter == 0:
            PAST.clear()
        PAST.append(float(sees.cash[0, 0]))
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsInCounter(Sound):
    """Count its calls in the module. Source: none, it is made for tests."""

    def choose(self, sees):
        COUNTS["calls"] += 1
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsInGroups(Sound):
    """Count its calls where there is none yet. Source: none, it is made for tests."""

    def choose(self, sees):
        GROUPS["calls"] += 1
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsInOrder(Sound):
    """Keep numbers by quarter in the module. Source: none, it is made for tests."""

    def choose(self, sees):
        ORDER[sees.quarter] = float(sees.cash[0, 0])
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsInArray(Sound):
    """Keep a number in an array of the module. Source: none, it is made for tests."""

    def choose(self, sees):
        NUMBERS[0] = sees.cash[0, 0]
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsOnFunction(Sound):
    """Keep a number as an attribute of a function. Source: none, it is made for tests."""

    def choose(self, sees):
        _helper.last = float(sees.cash[0, 0])
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class BoundsTooWideTogether(Sound):
    """Multiply two parameters, each harmless at its end. Source: none, it is made for tests."""

    first: float = param(1.0, "1", "a factor", 0.0, 2.0)
    second: float = param(1.0, "1", "another factor", 0.0, 2.0)

    def choose(self, sees):
        return HyperscalerChoice(self.first * self.second + 0.0 * np.minimum(sees.wear, 1.0))


@dataclass(frozen=True)
class BranchesOnLargeParameter(Sound):
    """Branch on a parameter that is far from its branch. Source: none, it is made for tests."""

    prize: float = param(5000.0, "$bn", "what there is to win", 0.0, 1e6)

    def choose(self, sees):
        return HyperscalerChoice(0.2 if np.any(self.prize > 6000.0) else 0.1)


@dataclass(frozen=True)
class Mistyped(Sound):
    """Read a field by a mistyped name. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.0 * sees.opperating_cash)


@dataclass(frozen=True)
class MistypedPlainly(HyperscalerRule):
    """Read a field by a mistyped name, in plain numbers. Source: none, it is made for tests."""

    def decide(self, sees):
        return HyperscalerChoice(0.0 * sees.opperating_cash)


@dataclass(frozen=True)
class Constants(Sound):
    """Use private constants and helpers of its own, which is fine. Source: none, it is made for tests."""

    _MULTIPLE = 1.5

    def choose(self, sees):
        return HyperscalerChoice(
            Constants._MULTIPLE
            * type(self)._MULTIPLE
            * _USUAL
            * _fine(sees)
            * bad_neighbour._fine(sees)
        )


@dataclass(frozen=True)
class Curt(Sound):
    """Spend. Source: none, it is made for tests."""


@dataclass(frozen=True)
class Unsaid(Sound):
    """Spend by cash over debt.

    Source: say where the idea comes from: author, year, title; or who did so, and when.
    """


@dataclass(frozen=True)
class KeepsOnOtherClass(Sound):
    """Keep a number on a class beside it. Source: none, it is made for tests."""

    def choose(self, sees):
        Store.last = float(sees.cash[0, 0])
        return HyperscalerChoice(0.1)


@dataclass(frozen=True)
class KeepsInClosure(Sound):
    """Count its calls in what a function encloses. Source: none, it is made for tests."""

    def choose(self, sees):
        return HyperscalerChoice(0.1 + 0.0 * _count())
