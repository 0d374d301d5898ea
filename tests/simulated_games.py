"""Small games whose payoffs are simulated, for the tests of them."""

from agentsim.games.empirical import EmpiricalGame

NONE = {"fresh_runs": 0}
PAIR = {
    "firms": ["firm_1", "firm_3"], "play": "alike", "strategies": ["restrain", "escalate"],
}  # fmt: skip


def asked(**changes):
    """A quick game in the frictionless world, with some luck: two firms apart."""
    given = dict(
        name="x", scenario="theory", runs=3, entropy=5, horizon=4, sampling=NONE,
        set={"demand_noise": 0.1},
        players={
            "a": {"firms": ["firm_1"], "strategies": ["restrain", "escalate"]},
            "firm_3": {"strategies": ["best_response", "match", "escalate"]},
        },
    )  # fmt: skip
    return EmpiricalGame(**given | changes)


def calibrated(**changes):
    """A quick game on the calibration, whose marked ranges are drawn: two unlike firms, alike and apart."""
    given = dict(
        scenario="2025Q4", set={},
        players={
            "big": {
                "firms": ["microsoft", "coreweave"], "play": "alike",
                "strategies": ["restrain", "escalate"],
            },
            "oracle": {"strategies": ["restrain", "match"]},
        },
    )  # fmt: skip
    return asked(**given | changes)
