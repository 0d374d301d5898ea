"""What is said of a table of facts of one's own, a line each on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.backtest.history import Known
    from agentsim.batch.design import Experiment

MOST_NAMED = 3
"""Facts that a line names."""


def say_beyond(known: Sequence[Known], design: Experiment) -> None:
    """Say how many facts are of quarters after the last that is simulated."""
    from agentsim.backtest.history import number_of

    last = number_of(design.scenario) + design.horizon
    later = [each for each in known if number_of(each.quarter) > last]
    if later:
        what = (
            "1 fact is of a quarter" if len(later) == 1 else f"{len(later)} facts are of quarters"
        )
        click.echo(
            f"{what} after the last that is simulated; raise horizon in the experiment", err=True
        )


def say_replaced(known: Sequence[Known], path: str | None) -> None:
    """Say which facts of one's own stand in place of shipped ones."""
    from agentsim.backtest.asked import replacing

    say_of_facts(path, replacing(known), "in place of shipped facts")


def say_longer(design: Experiment, longer: Experiment, path: str | None) -> None:
    """Say that an experiment is simulated for more quarters than it asks for."""
    from agentsim.backtest.history import number_of, quarter_of

    if longer.horizon > design.horizon:
        first, last = (
            quarter_of(number_of(each.scenario) + each.horizon) for each in (design, longer)
        )
        click.echo(
            f"{path} has facts until {last}: {design.name} is simulated to there, "
            f"{longer.horizon} quarters, and not to {first}",
            err=True,
        )


def say_unanswered(known: Sequence[Known], found: pd.DataFrame, path: str | None) -> None:
    """Say which facts of one's own are not compared, as there is no band in their quarter."""
    from agentsim.backtest.asked import own

    told = set(zip(found["series"], found["firm"], found["quarter"], strict=True))
    lost = [each for each in own(known) if each.key not in told]
    say_of_facts(path, lost, "not compared, as no band is simulated for them")


def say_of_facts(path: str | None, which: Sequence[Known], what: str) -> None:
    """Say something of some facts of one's own, in one line that counts them and names the first."""
    if which:
        named = "; ".join(" ".join(each.key) for each in which[:MOST_NAMED])
        more = "; ..." if len(which) > MOST_NAMED else ""
        click.echo(f"{path}: {what} ({len(which)}): {named}{more}", err=True)
