"""Answers: the first three sentences of the report, worked out from the numbers.

Every word that depends on a result is chosen by the sign of a number and of its interval; what the
interval leaves open is said to be open. A sentence is to be read aloud: it holds two intervals at
most, and the tables hold the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agentsim.report import levels
from agentsim.report.certainty import Note, limits, notes, reading
from agentsim.report.claims import HORIZON, Claim, home
from agentsim.report.measures import (
    CUSTOMERS,
    HYPERSCALERS,
    SHARE,
    change,
    customers_share,
    escalation,
    gain,
    share_of_gain,
    sign,
)
from agentsim.report.study import BURNT, LAYERS, TOTAL, Study
from agentsim.report.words import (
    ENDS,
    listed,
    money,
    money_interval,
    percent,
    percent_interval,
    points,
    points_interval,
    size,
    who_words,
)

if TYPE_CHECKING:
    from agentsim.batch.intervals import Interval
    from agentsim.batch.results import Results
    from agentsim.report.axes import Level

# What escalation does to customers: their surplus first, then their share of the total.
VERDICTS: dict[tuple[int, int], str] = {
    (1, 1): "Yes",
    (1, 0): "In dollars yes, as a share it is open",
    (1, -1): "In dollars yes, as a share no",
    (0, 1): "As a share yes, in dollars it is open",
    (0, 0): "It is open",
    (0, -1): "As a share no, in dollars it is open",
    (-1, 1): "As a share yes, in dollars no",
    (-1, 0): "In dollars no, as a share it is open",
    (-1, -1): "No",
}

GAINS = {1: "gain", -1: "lose", 0: "neither clearly gain nor lose"}


@dataclass(frozen=True)
class Answer:
    """The question, three sentences, and what has to be known with them."""

    question: str
    sentences: tuple[str, str, str]
    notes: tuple[Note, ...]
    """What would mislead if it were left out."""
    reading: str
    """What the brackets are."""
    limits: str
    """What they do not cover."""


def answer(given: Results | Study) -> Answer:
    """Return the answer that results give."""
    study = Study.of(given)
    stands = reading(study), limits(study)
    found = [study.x(TOTAL, e, study.calm, study.reference) for e in (study.mild, study.fierce)]
    if not all(np.isfinite(each).any() for each in found):
        nothing = "No run of the cells that the answer rests on came through."
        return Answer("What happens?", (nothing, "", ""), (), *stands)
    if len(study.posture) > 1:
        question = f"Does {_move(study)} push value to customers?"
        if study.move == "escalation":
            question = "Does the escalator war push value to customers?"
        first, second = _customers(study), _the_others(study)
    else:
        question = "Who ends up with the value?"
        first, second = levels.customers(study), levels.the_others(study)
    third = _shock(study) if study.strikes else levels.the_other_factor(study)
    return Answer(question, (first, second, third), notes(study), *stands)


# The first sentence: customers


def _customers(study: Study) -> str:
    place = home(study)
    share, surplus = (Claim(outcome).interval(study, place) for outcome in (SHARE, CUSTOMERS))
    shares = [customers_share(study, key) for key in escalation(study, study.calm)]
    text = (
        f"{VERDICTS[sign(surplus), sign(share)]}: {levels.where(study)}, "
        f"{_move(study, why_end=True)} {_effects(share, surplus, shares)} in present value"
    )
    if study.middle is not None:
        text += f"; {_from_middle(study, study.middle, sign(share), sign(surplus))}"
    later = [Claim(outcome, to_horizon=True) for outcome in (SHARE, CUSTOMERS)]
    if [each.sign(study, place) for each in later] != [sign(share), sign(surplus)]:
        told = _effects(later[0].interval(study, place), later[1].interval(study, place))
        text += f"; to the horizon alone, without the run-off, it {told}"
    return text + "."


def _effects(share: Interval, surplus: Interval, shares: list[Interval] | None = None) -> str:
    """Say what a move does to customers: `raises their share by ..., and their surplus by ...`.

    The intervals are given with the shares before and after, and not where it is said in passing.
    """
    ends, by_share, by_surplus = "", points(abs(share.value)), money(abs(surplus.value))
    if shares:
        ends = f" from {percent(shares[0].value)} to {percent(shares[1].value)},"
        by_share = points_interval(size(share), plus=False)
        by_surplus = money_interval(size(surplus))
    what = "customers' share of total surplus"
    if direction := sign(share):
        first = f"{'raises' if direction > 0 else 'lowers'} {what}{ends} by {by_share}"
    else:
        unclear = points_interval(share) if shares else points(share.value, plus=True)
        first = f"does not clearly move {what} ({unclear})"
    if sign(surplus):
        second = f"{'raises' if sign(surplus) > 0 else 'lowers'} their surplus by {by_surplus}"
    else:
        unclear = money_interval(surplus, True) if shares else money(surplus.value, True)
        second = f"does not clearly change their surplus ({unclear})"
    if direction and direction == sign(surplus):
        return f"{first}, and {second.partition(' ')[2]}"
    return f"{first} {'but' if direction or sign(surplus) else 'and'} {second}"


def _from_middle(study: Study, middle: Level, share_sign: int, surplus_sign: int) -> str:
    """Say the same of a move that starts from the middle posture."""
    share, surplus = (
        Claim(outcome, start=middle).interval(study, home(study)) for outcome in (SHARE, CUSTOMERS)
    )
    start = study.posture.words(middle)
    direction = sign(share)
    if not direction or direction != sign(surplus):
        return f"from {start} it {_effects(share, surplus)}"
    verb = "adds" if direction > 0 else "takes"
    amounts = f"{points(abs(share.value))} and {money(abs(surplus.value))}"
    if share_sign == surplus_sign == direction:
        return f"from {start} it still {verb} {amounts}"
    return f"but from {start} it {verb} {amounts}"


# The second sentence: all others, with the run-off and without


def _the_others(study: Study) -> str:
    place = home(study)
    claim = Claim(HYPERSCALERS)
    both = [claim.sign(study, place), claim.twin.sign(study, place)]
    if both[0] == both[1]:
        head = f"Hyperscalers {GAINS[both[0]]} by it" + (" either way" if both[0] else "")
    else:
        head = "Whether hyperscalers gain by it hangs on the run-off"
    counted, alone = (_standing(study, each) for each in (claim, claim.twin))
    kept = Claim(HYPERSCALERS, change=False)
    however = " however," if kept.sign(study, place) != kept.twin.sign(study, place) else ""
    return (
        f"{head}: counting the run-off, in which fleets serve on after quarter "
        f"{study.experiment.horizon} until they are worn out, they {counted}; to the horizon,"
        f"{however} they {alone}; {_layers(study)}, and real resources burnt {_burnt(study)}."
    )


def _standing(study: Study, claim: Claim) -> str:
    """Say what hyperscalers gain by the move and what they are left with."""
    moved = claim.interval(study, home(study))
    kept = replace(claim, change=False).interval(study, home(study))
    if sign(moved):
        first = f"{GAINS[sign(moved)]} {money(abs(moved.value))}"
    else:
        first = f"{GAINS[0]} ({money(moved.value, plus=True)})"
    second = {
        1: "still make" if sign(moved) < 0 else "make",
        -1: "end at",
        0: "do not clearly make or lose money, at",
    }[sign(kept)]
    return f"{first} and {second} {money_interval(kept)}"


def _layers(study: Study) -> str:
    """Say who else gains and who loses, counting the run-off and to the horizon."""
    found: dict[tuple[int, int], list[str]] = {}
    for outcome, name in LAYERS.items():
        if outcome not in (CUSTOMERS, HYPERSCALERS):
            claim = Claim(outcome)
            signs = claim.sign(study, home(study)), claim.twin.sign(study, home(study))
            found.setdefault(signs, []).append(name)
    parts = []
    for (counted, to_horizon), names in found.items():
        if counted == to_horizon:
            verb = GAINS[counted] + (" either way" if counted else "")
        else:
            verb = f"{GAINS[counted]} counting the run-off but {GAINS[to_horizon]} to the horizon"
        parts.append(f"{listed(names)} {verb}")
    return ", ".join(parts)


def _burnt(study: Study) -> str:
    """Say how the resources burnt move."""
    claim, place = Claim(BURNT), home(study)
    moved, later = claim.interval(study, place), claim.twin.interval(study, place)
    text = _risen(moved)
    if sign(moved) != sign(later):
        text += f" counting the run-off and {_risen(later)} to the horizon"
    return text


def _risen(moved: Interval) -> str:
    if not sign(moved):
        return f"do not clearly change ({money(moved.value, plus=True)})"
    return f"{'rise' if sign(moved) > 0 else 'fall'} by {money(abs(moved.value))}"


# The third sentence: a shock of middling size


def _shock(study: Study) -> str:
    what = f" when {study.doing(study.fierce)}" if len(study.posture) > 1 else ""
    kind = str(study.shock.column).split(".")[1].replace("_", " ")
    article = "an" if kind[0] in "aeiou" else "a"
    sentence = (
        f"With {article} {kind} shock of {study.shock.short(study.strike)}, total surplus{what} "
        f"{_added(study)}"
    )
    if len(study.posture) > 1:
        moved = Claim(CUSTOMERS).interval(study, home(study))
        struck = change(study, CUSTOMERS, *escalation(study, study.strike))
        still = "still " if sign(struck) and sign(struck) == sign(moved) else ""
        verb = {1: "raises", -1: "lowers", 0: "does not clearly change"}[sign(struck)]
        amount = f" by {money(abs(struck.value))}" if sign(struck) else ""
        sentence += f"; {study.move} then {still}{verb} customers' surplus{amount}"
    return sentence + _other_sizes(study) + "."


def _added(study: Study) -> str:
    """Say what the shock adds to total surplus and what part of that customers get."""
    key = (study.fierce, study.strike, study.reference)
    added, later = gain(study, key), gain(study, key, HORIZON)
    if not sign(added):
        return f"does not clearly change ({money_interval(added, plus=True)})"
    rises = sign(added) > 0
    text = f"{'rises' if rises else 'falls'} by {money_interval(size(added))}"
    if sign(later) != sign(added):
        text += f" ({money(later.value, plus=True)} to the horizon)"
    part = share_of_gain(study, key)
    text += f", of which customers {'get' if rises else 'bear'} {percent_interval(part, 0)}"
    if part.low > 1.0:
        text += f", more than all of it, as the others together {'lose' if rises else 'gain'}"
    return text


def _other_sizes(study: Study) -> str:
    """Say where the other sizes are, and which of them move total surplus another way."""
    others = [each for each in study.strikes if each != study.strike]
    if not others:
        return ""
    way = sign(gain(study, (study.fierce, study.strike, study.reference)))
    unlike = [
        study.shock.short(each)
        for each in others
        if sign(gain(study, (study.fierce, each, study.reference))) != way
    ]
    if unlike:
        return f" (total surplus moves another way at {listed(unlike)}, see the tables)"
    return " (other sizes are in the tables)"


# Words


def _move(study: Study, why_end: bool = False) -> str:
    """Return the move that the answer is about."""
    who = who_words(study.posture.column)
    mild, fierce = (study.posture.words(each) for each in (study.mild, study.fierce))
    if why_end and (end := ENDS.get(str(study.mild))) and who == who_words("lineup.hyperscaler"):
        mild += f" ({end})"
    return f"a move of {who} from {mild} to {fierce}"
