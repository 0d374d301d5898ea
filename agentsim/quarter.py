"""A quarter of the market, in nine steps. Read this page first.

Every step moves all firms in all runs at once: arrays are `(firms, runs)`. A step's file in
`agentsim.steps` says what it does to the sectors' state; the arithmetic is in `agentsim.laws`;
what firms want comes from their strategies. Money is in $bn, prices of compute in $k per H100e
(so $bn per million H100e), compute in M H100e, power in GW.
"""

from __future__ import annotations

from typing import Protocol

from agentsim.sectors.world import World
from agentsim.steps.books import books_close
from agentsim.steps.chip_market import memory_and_chips_clear
from agentsim.steps.choices import Choices, Luck
from agentsim.steps.credit import credit_clears
from agentsim.steps.power import power_and_shells
from agentsim.steps.services import models_improve, services_clear
from agentsim.steps.technology import technology_moves


class Chooser(Protocol):
    """Shows every firm what it may see, asks its strategy, and returns what all chose."""

    def __call__(self, w: World) -> Choices: ...


class Recorder(Protocol):
    """Writes down every flow of the quarter and checks that they balance."""

    def __call__(self, w: World) -> None: ...


def run_quarter(w: World, luck: Luck, choose: Chooser, record: Recorder) -> None:
    """Move every market in `w` one quarter on."""
    w.quarter += 1

    # 1. Hardware gets cheaper, the frontier rises, firms catch up, more people use AI.
    technology_moves(w, luck)

    # 2. Everyone looks at last quarter's public outcomes and its own books; nobody sees what the
    #    others choose now.  3. Everyone chooses, through its strategy.
    chosen = choose(w)

    # 4. Debt is asked for, offered, priced and rationed; each hyperscaler knows what it can spend.
    purse = credit_clears(w, chosen)

    # 5. Orders meet foundry and memory capacity. What is shipped is paid, the rest lapses.
    ordered_power = memory_and_chips_clear(w, chosen, purse)

    # 6. Fleets wear, chips arrive, shells are built; a chip without a powered shell idles.
    power_and_shells(w, ordered_power)

    # 7. Working capacity becomes AI services and better models; customers pay.
    services_clear(w, chosen.hyperscaler, purse.cash)
    models_improve(w, luck.quality)

    # 8. Debt is served or defaulted on, assets wear, shareholders are paid.
    books_close(w, purse)

    # 9. Every flow is written down once, and the ledger's identity is checked.
    record(w)
