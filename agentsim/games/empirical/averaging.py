"""Averaging: the firms of a role made alike, each with the mean of what all have.

What firms own is averaged firm by firm, so that the market is as large as before. What belongs to chips
of theirs, such as the power that a custom chip draws, is averaged over these chips.
"""

from __future__ import annotations

import numpy as np

from agentsim.errors import check_known
from agentsim.parameters import DECLARATIONS, ROLES
from agentsim.scenario import Scenario

WEIGHTS = {
    "custom_fleet_power": "custom_fleet",
    "custom_fit": "custom_fleet",
    "merchant_fleet_power": "merchant_fleet",
    "shell_coverage": "merchant_fleet",
    "fleet_age": "merchant_fleet",
}
"""Parameters that are averaged over what, as they belong to it; others firm by firm."""
WHOLE = ("custom_program",)
"""What a firm has or has not: all have it if half of them do."""


def averaged(scenario: Scenario, role: str) -> dict[str, float]:
    """Return settings that give every firm of a role the mean of all, by dotted name.

    Raises AgentsimError, one line, for an unknown role.
    """
    check_known("averaged", role, ROLES)
    firms = scenario.firms[role]
    found = {}
    for of, parameter in DECLARATIONS:
        if of != role:
            continue
        each = np.array([scenario[f"{firm}.{parameter}"] for firm in firms], dtype=np.float64)
        weights = np.ones(len(firms))
        if parameter in WEIGHTS:
            own = np.array([scenario[f"{firm}.{WEIGHTS[parameter]}"] for firm in firms])
            weights = own if own.sum() > 0.0 else weights
        mean = float((weights * each).sum() / weights.sum())
        found[f"{role}.{parameter}"] = float(mean >= 0.5) if parameter in WHOLE else mean
    return found
