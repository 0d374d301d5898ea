"""The market against history in words and tables, for docs/findings.md.

    python -m agentsim.report.history_text results/backtest results/regularities \\
        results/postures docs/findings.md

puts what `agentsim backtest`, `agentsim regularities` and `agentsim postures` found between the page's markers, so that
no figure there is older than they are.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.printing import short

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.backtest.milestones import Milestone
    from agentsim.batch.results import Results

START, END = "<!-- history: start -->", "<!-- history: end -->"
NEEDED = ("backtest.csv", "skill.csv", "hindsight.csv")
PICTURES = {
    "company_capex.four_largest.png": "Capex of the four largest, simulated band and facts",
    "cumulative_compute.world.png": "Compute shipped so far, simulated band and facts",
    "price_per_h100e.nvidia.png": "The leader's price per H100e, simulated band and facts",
    "delivery_weeks.nvidia.png": "Waits for the leader's chips, simulated band and facts",
}
"""What the page shows, the last of them because it does not fit."""
NEAR = 8.0
"""Points of share that count as near."""


def section(results: Results, judged: Path, tried: Path) -> str:
    """Return the part of the page that a backtest and its regularities fill, in Markdown.

    judged: the folder of the regularities; tried: that of the postures.
    """
    found, skill, seen = (_read(results.folder / name) for name in NEEDED)
    regular = _read(judged / "regularities.csv")
    told = list(_milestones(results))
    return "\n\n".join(
        (
            _counted(found, skill, seen),
            _table_of_milestones(told),
            _beside(results, told),
            _table_of_skill(skill),
            _table_of_regularities(regular),
            _table_of_postures(_read(tried / "postures.csv")),
            "From `agentsim backtest`, `agentsim regularities` and `agentsim postures`; `make history` writes "
            "this part of the page.",
        )
    )


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.exists():
        raise AgentsimError(f"{path} is not there; run `make history`")
    return pd.read_csv(path)


def _milestones(results: Results) -> list[Milestone]:
    from agentsim.backtest.history import history
    from agentsim.backtest.measures import tables_of
    from agentsim.backtest.milestones import milestones
    from agentsim.backtest.regularities import NEEDED as KEPT
    from agentsim.backtest.testing import standing

    facts, base = history(), results.experiment.scenario
    return list(milestones(facts, standing(facts, tables_of(results, KEPT), base), base))


def _counted(found: pd.DataFrame, skill: pd.DataFrame, seen: pd.DataFrame) -> str:
    """Say how many facts lie inside, and what that is worth."""
    later = found[~found["fitted"]]
    parts = [
        f"{rows['inside'].sum()} of {len(rows)} {words}"
        for role, words in (
            ("result", "that come out of the market alone"),
            ("by a rule", "where a strategy's rule says where to go"),
            ("partly input", "of which a part was put in"),
        )
        if len(rows := later[later["role"] == role])
    ]
    score, of_results = (
        np.exp(np.log(rows["score"].dropna()).mean())
        for rows in (skill, skill[skill["role"] == "result"])
    )
    fitted = seen.loc[seen["fitted"], "range"]
    return (
        f"Of {len(later)} facts of 2025, none of them fitted, {later['inside'].sum()} lie inside their 90% "
        f"bands: {', '.join(parts)}. With draws from the marked ranges in place of the fitted ones, the same "
        f"lineup, {skill['inside_unfitted'].sum()} do. They overlap (four firms and their sum, compute and "
        f"its share), so that a count says little; over the series, fitted draws take the mean score (CRPS) to "
        f"{score:.2f} of what it is without, in geometric mean, and over those that come out of the market "
        f"alone to {of_results:.2f}. {len(seen)} of the marked ranges cite a figure dated after 2024 or rest "
        f"on a value that does, {len(fitted)} fitted ones among them: "
        f"{', '.join(f'`{each}`' for each in fitted)}. So do two facts that are fitted, service revenue at "
        "the ends of 2023 and 2024, as ownership of chips is known for the end of 2025 alone."
    )


def _table_of_milestones(told: Sequence[Milestone]) -> str:
    rows = ["| figure | unit | fact | simulated median | 90% band |", "|---|---|---:|---:|---:|"]
    for each in told:
        low, median, high = np.nanquantile(each.runs, [0.05, 0.5, 0.95])
        rows.append(
            f"| {each.name} | {each.unit} | {short(each.fact)} | {short(median)} | "
            f"{short(low)} to {short(high)} |"
        )
    return "\n".join(rows)


def _beside(results: Results, told: Sequence[Milestone]) -> str:
    """Say what a table of medians does not."""
    from agentsim.backtest.measures import tables_of
    from agentsim.backtest.milestones import growing

    grown, steps = growing(tables_of(results), results.experiment.scenario, "2023Q2")
    share = next(each for each in told if each.name.endswith("share of compute, 2025Q4"))
    near = np.mean(np.abs(share.runs - share.fact) <= NEAR)
    return (
        f"The median capex of the four largest grows in {grown} of the {steps} quarters after 2023Q2. In "
        f"{near:.0%} of runs the leader's share at the end of 2025 is within {NEAR:g} points of the fact."
    )


def _table_of_skill(skill: pd.DataFrame) -> str:
    from agentsim.backtest.kinds import title

    rows = [
        "| series, facts of 2025 | facts | inside | inside, unfitted draws | band width | score |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in skill.to_dict("records"):
        rows.append(
            f"| {title(row['series'], row['firm'])} | {row['facts']} | {row['inside']} | "
            f"{row['inside_unfitted']} | {row['width']:.2f} | {row['score']:.2f} |"
        )
    return "\n".join(
        [*rows, "", "Width and score are over those with unfitted draws: below 1 fitting helped."]
    )


def _table_of_regularities(found: pd.DataFrame) -> str:
    from agentsim.backtest.verdicts import counting

    rows = [
        "| regularity | verdict | figure | fact | simulated median | 90% band | rule | met |",
        "|---|---|---|---:|---:|---:|---|---|",
    ]
    for number, own in found.groupby("number", sort=True):
        for place, row in enumerate(own.to_dict("records")):
            head = f"{number}. {row['regularity']} | {row['verdict']}" if place == 0 else " | "
            met = counting(row["role"], row["met"])
            rows.append(
                f"| {head} | {row['figure'].replace('_', ' ')} | {short(row['fact'])} | "
                f"{short(row['median'])} | {short(row['low'])} to {short(row['high'])} | "
                f"{row['rule'].removeprefix('median ')} | {met} |"
            )
    counts = found.drop_duplicates("number")["verdict"].value_counts()
    told = ", ".join(f"{counts.get(each, 0)} {each}" for each in ("reproduced", "partly", "not"))
    return "\n".join([*rows, "", f"Of {found['number'].nunique()} regularities: {told}."])


def _table_of_postures(found: pd.DataFrame) -> str:
    from agentsim.fitting.postures import as_good

    rows = [
        "| firm | posture that it follows | off | best of another kind | off | wins | as good |",
        "|---|---|---:|---|---:|---:|---|",
    ]
    for firm, own in found.groupby("firm", sort=False):
        best = own[own["best"]].iloc[0]
        other = own[own["kind"] != best["kind"]].iloc[0]
        rows.append(
            f"| {firm} | `{best['strategy']}` | {best['misfit']:.3f} | `{other['strategy']}` | "
            f"{other['misfit']:.3f} | {best['wins']:.0%} | "
            f"{', '.join(f'`{each}`' for each in as_good(own)) or 'none'} |"
        )
    told = (
        "Off is the root mean square of log capex, or of the margin; wins the share of runs in which the best "
        "of another kind is further off; as good is off by at most 2% more than the best, for which nobody leaves "
        "what it follows. Steps were tried up to 0.5. Oracle and CoreWeave were not tried."
    )
    return "\n".join([*rows, "", told])


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the page; return the exit code."""
    from agentsim.batch.results import Results
    from agentsim.report.publish import command, fill, kept_picture

    def write(backtest: Path, judged: Path, tried: Path, page: Path) -> str:
        results = Results.open(backtest)
        text = section(results, judged, tried)
        shown = [kept_picture(results, name, says, page) for name, says in PICTURES.items()]
        fill(page, "\n\n".join([text, *shown]), START, END)
        return f"Written: {page}"

    names = ("BACKTEST", "REGULARITIES", "POSTURES", "PAGE")
    return command(arguments, "history_text", names, write)


if __name__ == "__main__":
    sys.exit(main())
