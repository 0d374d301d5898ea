"""What fitting was worth, and what the fitted ranges had seen: printed below a backtest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.backtest.history import Known
    from agentsim.batch.design import Experiment

UNFITTED = "marked"
HEAD = """\
Facts after {last}, and what fitted draws are worth: the same experiment and lineup beside it, drawn from the
marked ranges ("unfitted").
Width: mean 90% band, fitted over unfitted. Score: mean CRPS, which punishes width and bias, the same way.
Below 1 fitting helped."""


def is_fitted(design: Experiment) -> bool:
    """Whether an experiment's draws are fitted, so that there is something to compare them with."""
    return design.uncertainty not in (UNFITTED, "none")


def unfitted(design: Experiment) -> Experiment:
    """Return the experiment drawn from the marked ranges alone."""
    return design.changed(settings={"uncertainty": UNFITTED})


def skill_table(found: pd.DataFrame) -> str:
    """Return what fitting was worth as a table, a line a series, and over all of them."""
    from agentsim.backtest.kinds import title
    from agentsim.backtest.testing import FITTED_UNTIL

    names = [title(str(row.series), str(row.firm)) for row in found.itertuples()]
    wide = max(map(len, names), default=0)
    lines = [
        HEAD.format(last=FITTED_UNTIL),
        "",
        f"{'series':{wide}s}{'facts':>7s}{'inside':>8s}{'unfitted':>10s}{'width':>8s}{'score':>8s}",
    ]
    counts = ("facts", "inside", "inside_unfitted")
    columns = (*(found[each] for each in counts), found["width"], found["score"])
    for name, facts, inside, other, width, score in zip(names, *columns, strict=True):
        lines.append(
            f"{name:{wide}s}{facts:7d}{inside:8d}{other:10d}{_shown(width):>8s}{_shown(score):>8s}"
        )
    kinds = [("all", found), *(found.groupby("role", sort=False) if len(found) else ())]
    for kind, rows in kinds:
        facts, inside, other = (int(rows[each].sum()) for each in counts)
        means = (f"{_shown(_mean(rows[each])):>8s}" for each in ("width", "score"))
        name = f"{kind}; geometric mean"
        lines.append(f"{name:{wide}s}{facts:7d}{inside:8d}{other:10d}{''.join(means)}")
    return "\n".join(lines)


def hindsight(design: Experiment, known: Sequence[Known], folder: Path) -> str:
    """Return what drawn ranges, and facts that are fitted, had seen of later years.

    The names of ranges are kept in hindsight.csv.
    """
    import pandas as pd

    from agentsim.backtest.history import number_of
    from agentsim.backtest.testing import FITTED_UNTIL
    from agentsim.batch.uncertainty import fitted_draws
    from agentsim.calibration.hindsight import cites_later, seen_later
    from agentsim.scenario import Scenario

    base, year = Scenario.load(design.scenario), int(FITTED_UNTIL[:4])
    seen = seen_later(design.scenario, year)
    table = fitted_draws(design.uncertainty, base)
    fitted = [] if table is None else [label for label in table.columns if label in seen]
    frame = pd.DataFrame({"range": seen, "fitted": [label in fitted for label in seen]})
    frame.to_csv(folder / "hindsight.csv", index=False)
    targets = [
        each.series for each in known
        if number_of(each.quarter) <= number_of(FITTED_UNTIL) and cites_later(each.formula, year)
    ]  # fmt: skip
    return (
        f"Hindsight: {len(seen)} of {len(base.ranges)} marked ranges cite a figure dated after {year}, "
        f"or rest on a value that does (hindsight.csv).\nOf the fitted ones: {', '.join(fitted) or 'none'}.\n"
        f"So do facts until then of: {', '.join(dict.fromkeys(targets)) or 'nothing'}."
    )


def _mean(x: pd.Series[float]) -> float:
    """Return the geometric mean of what is positive; NaN where nothing is."""
    known = x[np.isfinite(x) & (x > 0.0)]
    return float(np.exp(np.log(known).mean())) if len(known) else float("nan")


def _shown(x: float) -> str:
    return f"{x:.2f}" if np.isfinite(x) else "-"
