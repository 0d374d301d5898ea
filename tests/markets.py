"""What tests of the market share: a short market, and a strategy of their own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agentsim import (
    AgentsimError,
    Market,
    Scenario,
)
from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    clip,
    param,
)

BASE = Scenario.load("2025Q4")


@dataclass(frozen=True)
class Steady(HyperscalerStrategy):
    """Replace wear, and a given share of the fleet besides; NaN from `fault` on."""

    extra: float = param(0.0, "1/quarter", "growth of the fleet", 0.0, 1.0)
    fault: float = param(99.0, "quarter", "first quarter in which it answers nonsense", 1.0, 99.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        rate = clip(sees.wear + self.extra, 0.0, 2.0)
        return HyperscalerChoice(capex_rate=np.where(sees.quarter >= self.fault, np.nan, rate))


def market(lineup: Any = None, runs: Any = 2, rng: Any = 7, **given: Any) -> Market:
    """A short market, run."""
    return Market("2025Q4", lineup, runs, rng, **{"horizon": 5, **given}).run()


def complaint(*args: Any, **kwargs: Any) -> str:
    """The one line with which a market is refused."""
    with pytest.raises(AgentsimError) as caught:
        Market(*args, **kwargs)
    return one_line(caught)


def one_line(caught: pytest.ExceptionInfo[AgentsimError]) -> str:
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other.reset_index(drop=True), check_exact=True
    )
