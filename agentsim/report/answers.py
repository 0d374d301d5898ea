"""Answers: the first three sentences of the report, worked out from the numbers.

Every word that depends on a result is chosen by the sign of a number and of its interval; what the
interval leaves open is said to be open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentsim.report.certainty import coverage, run_off
from agentsim.report.measures import (
    CUSTOMERS,
    HYPERSCALERS,
    change,
    customers_share,
    escalation,
    gain,
    share_change,
    share_of_gain,
    sign,
    value,
)
from agentsim.report.study import BURNT, LAYERS, TOTAL, Study
from agentsim.report.words import (
    listed,
    money_interval,
    percent_interval,
    points_interval,
    who_words,
)

if TYPE_CHECKING:
    from agentsim.batch.intervals import Interval
    from agentsim.batch.results import Results

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


@dataclass(frozen=True)
class Answer:
    """The question, three sentences, and what stands behind their intervals."""

    question: str
    sentences: tuple[str, str, str]
    run_off: str
    """How much of it comes after the last quarter."""
    coverage: str


def answer(given: Results | Study) -> Answer:
    """Return the answer that results give."""
    study = Study.of(given)
    if not np.isfinite(study.x(TOTAL, study.fierce, study.calm, study.reference)).any():
        nothing = "No run of the cells that the answer rests on came through."
        return Answer("What happens?", (nothing, "", ""), "", coverage(study))
    if len(study.posture) > 1:
        question = f"Does {_move(study)} push value to customers?"
        if study.move == "escalation":
            question = "Does the escalator war push value to customers?"
        first, second = _customers(study), _the_others(study)
    else:
        question = "Who ends up with the value?"
        first, second = _level(study), _levels_of_others(study)
    return Answer(question, (first, second, _third(study)), run_off(study), coverage(study))


# The three sentences


def _customers(study: Study) -> str:
    before, after = escalation(study, study.calm)
    surplus, share = change(study, CUSTOMERS, before, after), share_change(study, before, after)
    verdict = VERDICTS[sign(surplus), sign(share)]
    moves = {1: "raises", -1: "lowers", 0: "does not clearly change"}[sign(surplus)]
    shares = [customers_share(study, key) for key in (before, after)]
    return (
        f"{verdict}: {_place(study)}, {_move(study)} "
        f"{moves} customers' surplus ({money_interval(surplus, plus=True)} in present value) and "
        f"{'moves' if sign(share) else 'does not clearly move'} their share of total surplus, from "
        f"{percent_interval(shares[0])} to {percent_interval(shares[1])} "
        f"({points_interval(share)})."
    )


def _the_others(study: Study) -> str:
    before, after = escalation(study, study.calm)
    own, kept = change(study, HYPERSCALERS, before, after), value(study, HYPERSCALERS, after)
    verb = {1: "gain by it", -1: "lose by it", 0: "neither clearly gain nor lose by it"}[sign(own)]
    standing = {
        1: "still make money",
        -1: "lose money outright",
        0: "do not clearly make or lose money",
    }[sign(kept)]
    # "but" where the two halves pull apart
    joint = "but" if sign(own) * sign(kept) < 0 or (sign(own) and not sign(kept)) else "and"
    rest = {
        name: change(study, outcome, before, after)
        for outcome, name in LAYERS.items()
        if outcome not in (CUSTOMERS, HYPERSCALERS)
    }
    burnt = change(study, BURNT, before, after)
    burns = {1: "rise", -1: "fall", 0: "do not clearly change"}[sign(burnt)]
    return (
        f"Hyperscalers {verb} ({money_interval(own, plus=True)}) {joint} {standing} "
        f"({money_interval(kept)}); {_moved(rest)}; real resources burnt {burns} "
        f"({money_interval(burnt, plus=True)})."
    )


def _third(study: Study) -> str:
    """Say what shocks do; without shocks, what the other factor does."""
    what = f"when {study.doing(study.fierce)}" if len(study.posture) > 1 else "here"
    if study.strikes:
        sentence = f"With an efficiency shock, {what}, {_gains(study)}"
        if len(study.posture) > 1:
            sentence += f"; {study.move} then {_effects(study)}"
        return sentence + "."
    for axis, at in (
        (study.shock, lambda level: (study.fierce, level, study.reference)),
        (study.demand, lambda level: (study.fierce, study.calm, level)),
    ):
        if len(axis) > 1:
            ends = [(axis.words(each), at(each)) for each in (axis.levels[0], axis.levels[-1])]
            moved = share_change(study, ends[0][1], ends[1][1])
            return (
                f"Customers' share {what} is {percent_interval(customers_share(study, ends[0][1]))} "
                f"at {ends[0][0]} and {percent_interval(customers_share(study, ends[1][1]))} at "
                f"{ends[1][0]} ({points_interval(moved)})."
            )
    total = value(study, TOTAL, (study.fierce, study.calm, study.reference))
    return f"Total surplus {what} is {money_interval(total)} in present value."


def _gains(study: Study) -> str:
    """Say what the shocks add to total surplus and how much of that customers get."""
    verbs = {
        1: ("rises", "of which customers get"),
        -1: ("falls", "of which customers bear"),
        0: ("does not clearly change", ""),
    }
    keys = [(study.fierce, shock, study.reference) for shock in study.strikes]
    gains = {key: gain(study, key) for key in keys}
    parts = []
    for direction, (verb, share) in verbs.items():
        found = [key for key in keys if sign(gains[key]) == direction]
        if not found:
            continue
        amounts = [
            f"{money_interval(gains[key], plus=True)} at {study.shock.short(key[1])}"
            for key in found
        ]
        part = f"total surplus {verb} ({listed(amounts)})"
        if share:
            shares = [share_of_gain(study, key) for key in found]
            part += f", {share} {listed([percent_interval(each, 0) for each in shares])}"
            if all(each.low > 1.0 for each in shares):
                part += ", more than all of it, as the others lose" if direction > 0 else ""
        parts.append(part)
    return "; ".join(parts)


def _effects(study: Study) -> str:
    """Say what escalation does to customers under each shock."""
    found = [change(study, CUSTOMERS, *escalation(study, shock)) for shock in study.strikes]
    signs = {sign(each) for each in found}
    verb = {
        frozenset({1}): "raises customers' surplus",
        frozenset({-1}): "lowers customers' surplus",
        frozenset({0}): "does not clearly change customers' surplus",
    }.get(frozenset(signs), "changes customers' surplus")
    return f"{verb} by {listed([money_interval(each, plus=True) for each in found])}"


def _level(study: Study) -> str:
    key = (study.fierce, study.calm, study.reference)
    return (
        f"{_capital(_place(study))}, customers get {percent_interval(customers_share(study, key))} "
        f"of total surplus: {money_interval(value(study, CUSTOMERS, key))} in present value."
    )


def _levels_of_others(study: Study) -> str:
    key = (study.fierce, study.calm, study.reference)
    kept = value(study, HYPERSCALERS, key)
    verb = {1: "make money", -1: "lose money", 0: "do not clearly make or lose money"}[sign(kept)]
    rest = [
        f"{name} get {money_interval(value(study, outcome, key))}"
        for outcome, name in LAYERS.items()
        if outcome not in (CUSTOMERS, HYPERSCALERS)
    ]
    return (
        f"Hyperscalers {verb} ({money_interval(kept)}); {listed(rest)}; "
        f"{money_interval(value(study, BURNT, key))} of real resources are burnt."
    )


def _moved(changes: dict[str, Interval]) -> str:
    """Say who gains, who loses and of whom it is open."""
    verbs = {1: "gain", -1: "lose", 0: "neither clearly gain nor lose"}
    parts = []
    for direction, verb in verbs.items():
        found = [
            f"{name} ({money_interval(each, plus=True)})"
            for name, each in changes.items()
            if sign(each) == direction
        ]
        if found:
            parts.append(f"{listed(found)} {verb}")
    return ", ".join(parts)


def _place(study: Study) -> str:
    """Say where the headline is told: shock and reference level of demand."""
    parts = [study.setting()]
    if study.shock.column is not None:
        parts.append(f"with {study.shock.words(study.calm)}")
    return " and ".join(part for part in parts if part) or "in these runs"


def _move(study: Study) -> str:
    """Return the move that the answer is about."""
    who = who_words(study.posture.column)
    mild, fierce = (study.posture.words(each) for each in (study.mild, study.fierce))
    return f"a move of {who} from {mild} to {fierce}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
