"""Credit rationer: keep the rate and ration the loans."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    LenderChoice,
    LenderStrategy,
    LenderView,
    at_least,
    at_most,
    clip,
    param,
    power,
)

MOST = 100.0
"""Debt asked for over funds offered that counts: beyond it everybody is turned away alike."""


@dataclass(frozen=True)
class CreditRationer(LenderStrategy):
    """Keep the spread of the base date, and lend less as losses come and as more is asked for.

    A higher rate would drive sound borrowers away and draw those who gamble, so that it is not
    raised although some would pay it: they are turned away. Losses, its own or all lenders'
    whichever are larger, cut both the advance rate and the share of funds offered; more asked for
    than offered cuts that share, as a crowd of borrowers holds more who will not pay.

    Source: Stiglitz & Weiss 1981, "Credit rationing in markets with imperfect information",
    American Economic Review 71; Jaffee & Russell 1976, "Imperfect information, uncertainty, and
    credit rationing", Quarterly Journal of Economics 90.
    """

    caution: float = param(
        4.0, "years", "share of advance rate and funds offered that is cut per loss rate", 0.0, 50.0
    )
    # Below 1, as offering less makes what is asked for still more over what is offered.
    selection: float = param(
        0.25, "1", "log of funds offered cut per log of debt asked for over them", 0.0, 0.9
    )

    def choose(self, sees: LenderView) -> LenderChoice:
        """Ration by losses and demand."""
        losses = np.maximum(sees.loss_rate, sees.industry_loss_rate)
        kept = at_least(1.0 - self.caution * losses, 0.0)
        crowd = at_most(at_least(sees.credit_demand, 1.0), MOST)
        return LenderChoice(
            spread=clip(sees.base_spread, 0.0, 1.0),
            advance_rate=clip(sees.base_advance_rate * kept, 0.0, 1.0),
            deployed=clip(sees.base_deployed * kept * power(crowd, -self.selection), 0.0, 1.0),
        )
