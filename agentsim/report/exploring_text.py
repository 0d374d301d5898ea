"""An exploration of strategies in words and tables, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from agentsim.batch.intervals import Interval
from agentsim.games.equilibria import Equilibrium
from agentsim.games.exploring import (
    CONVERGED,
    NO_ROUNDS,
    NOT_SURE,
    TOO_LARGE,
    Explored,
    Response,
    Round,
)
from agentsim.printing import aligned, short

CUSTOMERS = "customer_surplus"
WIDTH = 100
"""Letters in a line of prose on a terminal."""

ENDS = {
    CONVERGED: "no response that was found gains more than asked",
    NOT_SURE: "no response surely gains more than asked, and some may: give more --fresh runs",
    NO_ROUNDS: "it ended with the rounds, and responses that gain more were left: give more --rounds",
    TOO_LARGE: "it ended as the game would have grown beyond --most-profiles, and responses that gain "
    "more were left",
}
"""Why exploring ended, in words."""
NOTHING = "no strategy that is not there yet gains more than asked; an equilibrium was not found"


def tables(x: Explored, unit: str) -> Iterator[str]:
    """Yield what was found, round by round, line by line."""
    for number, each in enumerate(x.rounds, 1):
        yield f"Round {number}: {each.game.layout.count:,} profiles, {_found(each)}"
        yield from (f"  {line}" for line in wrap(f"({each.why})", WIDTH - 2))
        for place, equilibrium in enumerate(each.equilibria):
            yield ""
            yield f"  {_label(each, place)}: {equilibrium.words}"
            yield from (f"    {line}" for line in _responses(each, place, unit))
        yield ""


def _found(x: Round) -> str:
    if not x.solved:
        return "no equilibrium found: answered is the profile of least regret"
    count = _many(x.found, "equilibrium")
    left = x.found - len(x.equilibria)
    return f"{count}; the last {left} are not answered" if left else count


def _label(x: Round, place: int) -> str:
    regret = short(x.equilibria[place].regret)
    return f"equilibrium {place + 1}" if x.solved else f"least regret, {regret}"


def _responses(x: Round, place: int, unit: str) -> list[str]:
    """Return the table of the responses to an equilibrium."""
    found = x.responses_to(place)
    roles = len({each.role for each in found}) > 1
    head = ["who follows", "does best by", f"gains {unit}".strip(), "95% interval", ""]
    rows = [
        [
            f"{each.role}: {_follows(each)}" if roles else _follows(each), each.best.text,
            short(float(each.gain.value)), _interval(each.gain), each.became,
        ]
        for each in found
    ]  # fmt: skip
    return aligned([head, *rows])


def _follows(x: Response) -> str:
    """Return what a player does who responds; the whole mixture stands above the table."""
    return x.met.follows if x.met.own.max() == 1.0 else "the mixture"


def _interval(x: Interval) -> str:
    return f"{short(float(x.low))} to {short(float(x.high))}"


def rows(x: Explored) -> list[dict[str, Any]]:
    """Return a row for each response, as a file of tables holds them."""
    return [
        {
            "round": number, "equilibrium": each.equilibrium + 1 if of.solved else "least regret",
            "profile": of.equilibria[each.equilibrium].words, "role": each.role,
            "follows": each.met.follows, "response": each.best.text, "tried": each.best.tried,
            "gain_in_search": each.best.gain, "gain": each.gain.value, "low": each.gain.low,
            "high": each.gain.high, "runs": each.gain.n, "became": each.became,
            "left_out": each.met.left_out,
        }
        for number, of in enumerate(x.rounds, 1)
        for each in of.responses
    ]  # fmt: skip


def answer(x: Explored, unit: str, where: str) -> Iterator[str]:
    """Yield what it comes to, in sentences. where: the condition in words, empty where there is none."""
    families = " and ".join(dict.fromkeys(each.words for each in x.families))
    yield (f"With {families} free{f' ({where})' if where else ''}, "
           f"a gain of more than {_amount(x.asked, unit)} asked:")  # fmt: skip
    yield from _artefacts(x, unit)
    yield f"{_many(len(x.rounds), 'round')}: {_ended(x)}."
    if x.added:
        added = ", ".join(dict.fromkeys(each.best.text for each in x.added))
        yield f"Added: {added}."
        ends = list(dict.fromkeys(each.best.text for each in x.added if each.best.at_an_end))
        if ends:
            yield f"At an end of its range, beyond which there may be better: {', '.join(ends)}."
        yield from _after(x, unit)


def _artefacts(x: Explored, unit: str) -> Iterator[str]:
    """Yield what became of each equilibrium of the game as it was given."""
    first = x.first
    if not first.solved:
        yield f"The file's game had no equilibrium that was found ({first.why})."
        return
    fallen = 0
    for place, equilibrium in enumerate(first.equilibria):
        best = x.artefact(place)
        if best is None:
            unsure = any(each.became == "not sure" for each in first.responses_to(place))
            what = "may fall: a response that is not sure was found" if unsure else "stands"
            yield f"The file's equilibrium {equilibrium.words} {what}."
            continue
        fallen += 1
        yield (f"The file's equilibrium {equilibrium.words} is an artefact of its few strategies: who "
               f"follows {_follows(best)} gains {_amount(float(best.gain.value), unit)} "
               f"({_interval(best.gain)}) by {best.best.text}.")  # fmt: skip
    count = len(first.equilibria)
    yield f"So {fallen} of {_many(count, 'equilibrium')} that {'was' if count == 1 else 'were'} tried fell."


def _ended(x: Explored) -> str:
    left = x.last.found - len(x.last.equilibria)
    beside = f"; {left} more of the last game's equilibria were not answered" if left > 0 else ""
    return ENDS.get(x.ended, NOTHING) + beside


def _after(x: Explored, unit: str) -> Iterator[str]:
    """Yield what is played in the end, and what customers get then and before."""
    last = x.last
    name = "equilibrium" if last.solved else "profile of least regret"
    for equilibrium in last.equilibria:
        yield f"The last game's {name}: {equilibrium.words}."
    before, after = _customers(x.first), _customers(last)
    if before and after:
        yield f"Customers get {_range(before, unit)} in the file's game, {_range(after, unit)} in the last."


def _customers(x: Round) -> list[float]:
    """Return what customers get in each equilibrium of a round; nothing where that is not known."""
    if CUSTOMERS not in x.game.others:
        return []
    surplus = x.game.others[CUSTOMERS].mean(axis=1)

    def expected(equilibrium: Equilibrium) -> float:
        return float(equilibrium.weights @ surplus)

    return [expected(each) for each in x.equilibria]


def _range(values: list[float], unit: str) -> str:
    low, high = min(values), max(values)
    return _amount(low, unit) if low == high else f"{_amount(low, unit)} to {_amount(high, unit)}"


def _amount(value: float, unit: str) -> str:
    if unit == "$bn":
        return f"${short(value)}bn" if value >= 0 else f"-${short(-value)}bn"
    return f"{short(value)} {unit}".rstrip()


def _many(count: int, what: str) -> str:
    plural = "equilibria" if what == "equilibrium" else f"{what}s"
    return f"{count} {what if count == 1 else plural}"
