"""Asked: what a table of facts of one's own asks of an experiment, and what of it is refused.

Facts of one's own are those that have a place, a file and line; the shipped ones have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from agentsim.backtest.history import Known, number_of, quarter_of, shipped_keys
from agentsim.backtest.kinds import KINDS
from agentsim.backtest.outlook import OF_MARKET
from agentsim.errors import AgentsimError, shown

if TYPE_CHECKING:
    from agentsim.batch.design import Experiment

MOST_AHEAD = 80
"""Quarters that facts may ask a backtest to simulate; a later year is likely mistyped."""

STANDING = ("cumulative_compute", "share_of_compute")
"""Series that count compute shipped before the opening books, which only facts tell."""


def own(facts: Iterable[Known]) -> list[Known]:
    """Return the facts of one's own, in the order of the file."""
    return sorted((each for each in facts if each.place), key=_line)


def replacing(facts: Iterable[Known]) -> list[Known]:
    """Return the facts of one's own that stand in place of shipped ones."""
    keys = shipped_keys()
    return [each for each in own(facts) if each.key in keys]


def check_own(facts: Sequence[Known], firms: Mapping[str, tuple[str, ...]], base: str) -> None:
    """Refuse facts of one's own that nothing simulated from the base quarter on can answer to.

    firms: of the calibration, by role. Raises AgentsimError: one line with file and line.
    """
    stood = {
        each.firm for each in facts if each.series == "cumulative_compute" and each.quarter == base
    }
    for each in own(facts):
        names = KINDS[each.series].names(firms)
        if each.firm not in names:
            raise AgentsimError(
                f"{each.place}: firm = {shown(each.firm)} has no {each.series}; "
                f"give one of: {', '.join(names)}"
            )
        lacking = sorted({each.firm, "world"} - stood)
        later = number_of(each.quarter) > number_of(base)
        if each.series in STANDING and later and lacking:
            raise AgentsimError(
                f"{each.place}: {each.series} of {each.firm} starts from what {lacking[0]} had "
                f"shipped at {base}; add that fact, cumulative_compute,{lacking[0]},{base}"
            )


def reaching(design: Experiment, facts: Sequence[Known]) -> Experiment:
    """Return the experiment with as many quarters as reach the last of the facts of one's own.

    Raises AgentsimError, one line, for a quarter before the opening books, or too far from them.
    """
    start, horizon = number_of(design.scenario), design.horizon
    most = max(MOST_AHEAD, horizon)
    for each in own(facts):
        ahead = number_of(each.quarter) - start
        if ahead < 0:
            raise AgentsimError(
                f"{each.place}: quarter = {each.quarter} is before {design.scenario}, with whose "
                f"books {design.name} opens; take the line out"
            )
        if ahead > most:
            raise AgentsimError(
                f"{each.place}: quarter = {each.quarter} is {ahead} quarters after {design.scenario}, "
                f"and {design.name} may go to {quarter_of(start + most)}; give a quarter until then"
            )
        horizon = max(horizon, ahead)
    return design if horizon == design.horizon else design.changed(settings={"horizon": horizon})


def keeping(design: Experiment, facts: Sequence[Known]) -> tuple[Experiment, list[str]]:
    """Return the experiment keeping also those series of the market that facts of one's own ask for,
    and these series.
    """
    wanted = list(
        dict.fromkeys(OF_MARKET[each.series] for each in own(facts) if each.series in OF_MARKET)
    )
    more = [each for each in wanted if each not in design.series]
    if not more:
        return design, wanted
    return design.model_copy(update={"series": [*design.series, *more]}), wanted


def _line(fact: Known) -> int:
    return int(fact.place.rpartition(" ")[2])
