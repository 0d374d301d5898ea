"""The page's part about learners, from tables made up here."""

from dataclasses import asdict

import pandas as pd
import pytest

from agentsim.errors import AgentsimError
from agentsim.learning.trials import Found, run, trials
from agentsim.report import learning_text
from agentsim.report.learning_figures import collusion

RULES = {
    "quantity game": ["Q-learning, slowest", "Q-learning with memory, slowest"],
    "prisoner's dilemma": ["Q-learning, slow", "Q-learning with memory, slow"],
    "matching pennies": ["fictitious play"],
}


def made() -> pd.DataFrame:
    return pd.DataFrame(
        asdict(
            Found(
                game, rule, 2, 10_000, 200, 0.25 * place, -0.001, 0.9, -0.2, 0.5, 1.0, 0.5 * place
            )
        )
        for game, rules in RULES.items()
        for place, rule in enumerate(rules)
    )


POSTURES = pd.DataFrame(
    {
        "role": ["hyperscaler"] * 2,
        "rule": ["q_learning"] * 2,
        "posture": ["restrain", "escalate"],
        "share": [0.25, 0.75],
        "agreement": [0.6, 0.6],
    }
)


def test_it_tells_memory_from_none_and_fills_a_line_a_learner() -> None:
    text = learning_text.section(made(), POSTURES)
    assert "index of 0.25 when they remember the last round, and of 0.00" in text
    assert "50% of sessions with memory end in mutual cooperation, and 0% without" in text
    assert (
        "| Q-learning with memory, slowest | 2 | 10,000 | 0.25 | 0.00 to 0.90 | −0.20 to 1.00 |"
        in text
    )
    assert "| `q_learning` | 25% | 75% |" in text
    assert "those of 60% of hyperscalers prefer the same posture" in text


def test_a_missing_trial_is_one_line() -> None:
    with pytest.raises(AgentsimError, match=r"no trial of Q-learning with memory, slowest; run"):
        learning_text.section(made().query("rule != 'Q-learning with memory, slowest'"), POSTURES)


def test_the_picture_has_a_row_a_learner() -> None:
    figure = collusion(made().query("game == 'quantity game'"))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == RULES["quantity game"]


def test_all_trials_are_those_that_the_page_speaks_of() -> None:
    planned = trials()
    names = {(trial.game, trial.rule) for trial in planned}
    assert names >= {(game, rule) for game, rules in RULES.items() for rule in rules}
    shortest = min(planned, key=lambda trial: trial.rounds)
    found = run(shortest, sessions=5)
    assert found.low <= found.mean <= found.high
    assert found.q05 <= found.median <= found.q95
