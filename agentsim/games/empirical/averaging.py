"""Averaging: the firms of a role made alike, each with the mean of what all have.

What firms own is averaged firm by firm, so that the market is as large as before. What is told of part
of it is averaged over that: the power that a custom chip draws over custom chips, shells over the power
of the chips in them, the share that is paid out over what it is a share of.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agentsim.errors import check_known
from agentsim.laws.numerics import Array
from agentsim.parameters import DECLARATIONS, ROLES
from agentsim.scenario import Scenario

Own = Callable[[str], Array]
"""What the firms of the role have of a parameter, `(firms,)`."""


def _power(own: Own) -> Array:
    return (
        own("merchant_fleet") * own("merchant_fleet_power")
        + own("custom_fleet") * own("custom_fleet_power")
    )  # fmt: skip


def _fleet(own: Own) -> Array:
    return own("merchant_fleet") + own("custom_fleet")


WEIGHTS: dict[str, Callable[[Own], Array]] = {
    "custom_fleet_power": lambda own: own("custom_fleet"),
    "custom_fit": lambda own: own("custom_fleet"),
    "merchant_fleet_power": lambda own: own("merchant_fleet"),
    "fleet_age": _fleet,
    "training_share": _fleet,
    "shell_coverage": _power,
    "shells_building": lambda own: own("shell_coverage") * _power(own),
    "payout": lambda own: np.maximum(own("core_cash") - own("other_capex"), 0.0),
}
"""Parameters that are averaged over something, as they tell a part of it; others firm by firm."""
WHOLE = {parameter for (_, parameter), declared in DECLARATIONS.items() if declared.whole}
"""What a firm has or has not: all have it if half of them do."""


def averaged(scenario: Scenario, role: str) -> dict[str, float]:
    """Return settings that give every firm of a role the mean of all, by dotted name.

    Raises AgentsimError, one line, for an unknown role.
    """
    check_known("averaged", role, ROLES)
    firms = scenario.firms[role]

    def own(parameter: str) -> Array:
        return np.array([scenario[f"{firm}.{parameter}"] for firm in firms], dtype=np.float64)

    found = {}
    for of, parameter in DECLARATIONS:
        if of != role:
            continue
        weights = WEIGHTS[parameter](own) if parameter in WEIGHTS else np.ones(len(firms))
        if not weights.sum() > 0.0:
            weights = np.ones(len(firms))
        mean = float((weights * own(parameter)).sum() / weights.sum())
        found[f"{role}.{parameter}"] = float(mean >= 0.5) if parameter in WHOLE else mean
    return found
