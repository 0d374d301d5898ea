"""What it costs to let few players stand for many, a row a condition, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.reduction_error import reduction_error
from agentsim.printing import aligned, short
from agentsim.report.game_words import condition_words

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found


def lines(x: Found, players: int) -> list[str]:
    """Return a row a condition. Raises AgentsimError, one line, if nobody is alike."""
    sizes = [len(role.players) for role in x.conditions[0].game.roles]
    if max(sizes) < 2 or x.asked.reduction is not None:
        raise AgentsimError(
            f"{x.asked.name} has no role whose players are alike and all stand for themselves; "
            'play one with play = "alike"'
        )
    if not 2 <= players < max(sizes):
        raise AgentsimError(
            f"--to {players} of {max(sizes)} players is no reduction; give 2 to {max(sizes) - 1}"
        )
    unit = f" {x.conditions[0].game.unit}".rstrip()
    rows = [["condition", "profiles", "of", "error of gains", f"largest{unit}", "%",
             f"regret in the full game{unit}", "epsilon"]]  # fmt: skip
    for each in x:
        e = reduction_error(each.game, players)
        regrets = ", ".join(short(round(float(r), 1)) for r in np.sort(e.regrets)) or "none"
        rows.append(
            [
                condition_words(each), str(e.reduced.layout.count), str(e.full.layout.count),
                short(e.root_mean_square), short(e.largest), f"{100 * e.relative:.1f}", regrets,
                short(0.002 * each.game.spread),
            ]
        )  # fmt: skip
    note = (
        f"{players} players stand for each role. Error: root mean square of what a strategy gains over a mixture in "
        "the reduced game less in the full one, at 200 mixtures; %: the largest, of how far payoffs reach. Regret: "
        "what a player of the full game gains by leaving each equilibrium of the reduced one."
    )
    return [*aligned(rows), note]
