"""What learners learn, in words, tables and a picture, for docs/findings.md.

    python -m agentsim.report.learning_text results/learners docs/findings.md

puts what `make learners` found between the page's markers, so that no figure there is older.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    import pandas as pd

START, END = "<!-- learners: start -->", "<!-- learners: end -->"
TRIALS, POSTURES, PICTURE = "trials.csv", "postures.csv", "collusion.png"
QUANTITY, DILEMMA, PENNIES = "quantity game", "prisoner's dilemma", "matching pennies"


def section(found: pd.DataFrame, postures: pd.DataFrame) -> str:
    """Return the part of the page, in Markdown, from the trials and the postures of the training."""
    quantity, dilemma, pennies = (found[found["game"] == g] for g in (QUANTITY, DILEMMA, PENNIES))
    return "\n\n".join(
        (
            _said(quantity, dilemma),
            _table(quantity, "collusion index"),
            _table(dilemma, "mutual cooperation, share of rounds", sessions=True),
            _table(pennies, "heads, share of rounds"),
            _table_of_postures(postures),
            _mean_tables(postures),
            f"Over {found['sessions'].iloc[0]} sessions each, in their last 1,000 rounds. From `python -m "
            "agentsim.learning` and `python -m agentsim.learning.trials`; `make learners` writes this part "
            "of the page.",
        )
    )


def _said(quantity: pd.DataFrame, dilemma: pd.DataFrame) -> str:
    """Say what the tables show of memory."""
    without, with_it = (
        _row(quantity, f"Q-learning{memory}, slowest") for memory in ("", " with memory")
    )
    never, often = (_row(dilemma, f"Q-learning{memory}, slow") for memory in ("", " with memory"))
    return (
        f"Two Q-learners in the stationary quantity game, whose exploration dies out slowly, end at a collusion "
        f"index of {with_it['mean']:.2f} when they remember the last round, and of {without['mean']:.2f} "
        f"when they do not: 0 is Nash, 1 joint profit, both in closed form. In the prisoner's dilemma "
        f"{often['share']:.0%} of sessions with memory end in mutual cooperation, and {never['share']:.0%} "
        "without."
    )


def _row(found: pd.DataFrame, rule: str) -> pd.Series[float]:
    rows = found[(found["rule"] == rule) & (found["firms"] == 2)]
    if rows.empty:
        raise AgentsimError(f"there is no trial of {rule}; run `make learners`")
    return rows.iloc[0]


def _table(found: pd.DataFrame, measure: str, sessions: bool = False) -> str:
    """Return a table of one game: a line a learner."""
    more = (" sessions above 0.9 |", "---:|") if sessions else ("", "")
    rows = [
        f"| {found['game'].iloc[0]} | firms | rounds | {measure} | 95% of mean | 5 to 95% of sessions |{more[0]}",
        f"|---|---:|---:|---:|---:|---:|{more[1]}",
    ]
    for row in found.to_dict("records"):
        rows.append(
            f"| {row['rule']} | {row['firms']} | {row['rounds']:,} | {_two(row['mean'])} | "
            f"{_two(row['low'])} to {_two(row['high'])} | {_two(row['q05'])} to {_two(row['q95'])} |"
            + (f" {row['share']:.0%} |" if sessions else "")
        )
    return "\n".join(rows)


def _two(number: float) -> str:
    """Return a number with two digits behind the point, and no minus before nothing."""
    text = f"{number:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def _table_of_postures(postures: pd.DataFrame) -> str:
    """Return how often each posture is played when training ends."""
    parts = []
    for role, own in postures.groupby("role", sort=False):
        names = list(dict.fromkeys(own["posture"]))
        rows = [
            f"| {str(role).replace('_', ' ')}s in training | {' | '.join(f'`{n}`' for n in names)} |",
            f"|---|{'---:|' * len(names)}",
        ]
        for rule, shares in own.groupby("rule", sort=False):
            played = dict(zip(shares["posture"], shares["share"], strict=True))
            rows.append(f"| `{rule}` | {' | '.join(f'{played[n]:.0%}' for n in names)} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def _mean_tables(postures: pd.DataFrame) -> str:
    """Say how well the shipped tables of Q-learning stand for those of which they are the mean."""
    agree = postures.dropna(subset="agreement").groupby("role", sort=False)["agreement"].first()
    told = " and ".join(
        f"{share:.0%} of {str(role).replace('_', ' ')}s" for role, share in agree.items()
    )
    return (
        "What ships is the mean over firms and sessions. Sessions differ: of the tables of Q-learning, those of "
        f"{told} prefer the same posture as the mean does, over the three situations."
    )


def read(file: Path) -> pd.DataFrame:
    """Return a table. Raises AgentsimError, one line, if it is not there."""
    import pandas as pd

    if not file.exists():
        raise AgentsimError(f"{file} is not there; run `make learners`")
    return pd.read_csv(file)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the page; return the exit code."""
    from agentsim.report.learning_figures import collusion
    from agentsim.report.publish import command, fill

    def write(results: Path, page: Path) -> str:
        found, postures = read(results / TRIALS), read(results / POSTURES)
        text = section(found, postures)
        figure = collusion(found[found["game"] == QUANTITY])
        figure.savefig(results / PICTURE, dpi=120)
        place = Path("results", "published", results.name, PICTURE)
        kept = page.resolve().parents[1] / place
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(results / PICTURE, kept)
        shown = f"![Collusion index by learner, sessions and means](../{place.as_posix()})"
        fill(page, f"{text}\n\n{shown}", START, END)
        return f"Written: {page}"

    return command(arguments, "learning_text", ("RESULTS", "PAGE"), write)


if __name__ == "__main__":
    sys.exit(main())
