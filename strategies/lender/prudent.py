"""Prudent: ask more and lend less after losses."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import LenderChoice, LenderStrategy, LenderView, clip, param


@dataclass(frozen=True)
class Prudent(LenderStrategy):
    """Keep the terms of the base date; after losses, ask more and lend less on collateral.

    Losses are its own or all lenders', whichever are larger.

    Source: Bernanke, Gertler & Gilchrist 1999, "The financial accelerator in a quantitative business
    cycle framework", Handbook of Macroeconomics 1 (what is asked over the riskless rate rises as
    borrowers weaken); Adrian & Shin 2010, "Liquidity and leverage", Journal of Financial
    Intermediation 19 (margins tighten as losses come).
    """

    loading: float = param(1.0, "1", "spread added per unit of yearly loss rate", 0.0, 10.0)
    caution: float = param(2.0, "years", "share of the advance rate cut per loss rate", 0.0, 50.0)

    def choose(self, sees: LenderView) -> LenderChoice:
        """Set the terms by losses."""
        losses = np.maximum(sees.loss_rate, sees.industry_loss_rate)
        kept = np.maximum(1.0 - self.caution * losses, 0.0)
        return LenderChoice(
            spread=clip(sees.base_spread + self.loading * losses, 0.0, 1.0),
            advance_rate=clip(sees.base_advance_rate * kept, 0.0, 1.0),
            deployed=clip(sees.base_deployed, 0.0, 1.0),
        )
