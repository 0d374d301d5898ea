"""The conformance battery's checks of what a strategy answers: each takes a Subject, gives a Finding.

A check passes, or says in one line what is wrong, where, and what to do about it.
"""

from __future__ import annotations

import numpy as np

from agentsim.authoring.answers import Answers, answers, difference
from agentsim.authoring.findings import Finding, found
from agentsim.authoring.kinds import KINDS
from agentsim.authoring.subject import FIRMS, QUARTERS, Subject
from agentsim.authoring.worlds import Worlds
from agentsim.errors import AgentsimError

REPEATABLE = (
    "let it depend on sees and parameters alone: remember() what must last, and draw luck by "
    "sees.draw(name), not by np.random, the clock or attributes"
)
BY_RUN = (
    "combine fields elementwise and take no mean, sum, sort, maximum or `if ...any()` over runs, the "
    "last axis; what is to last goes into remember()"
)
BY_FIRM = (
    "take nothing over the first axis but of sees.industry, and tell firms apart by sees.rows, not "
    "by their place in the arrays"
)

BLOCKS = 10


def chooses_within_bounds(subject: Subject) -> Finding:
    """Choices are there, finite and within bounds in worlds of every kind."""
    text = (
        f"in {subject.count * len(QUARTERS):,} worlds of {FIRMS} firms ({subject.count:,} in each of "
        f"quarters {', '.join(map(str, QUARTERS))}: {', '.join(KINDS)})"
    )
    return found("chooses_within_bounds", subject.answers.wrong, "", text)


def is_reproducible(subject: Subject) -> Finding:
    """The same question has the same answer: again, after others, and with another market's between."""
    first = subject.few_answers
    wrong = difference(first, subject.ask(subject.few))
    subject.ask(subject.others)
    wrong = wrong or difference(first, subject.ask(subject.few))
    wrong = wrong or difference(first, _by_turns(subject))
    text = "asked again, after other worlds, and by turns with another market"
    return found("is_reproducible", wrong, REPEATABLE, text)


def run_alone_is_as_in_the_batch(subject: Subject) -> Finding:
    """A run's answers and memory are the same, bit for bit, alone and among others."""
    columns = range(len(KINDS))
    for run in columns:
        alone = subject.ask(subject.few, columns=run)
        wrong = difference(alone, subject.few_answers.picked(columns=run))
        if wrong:
            wrong = f"alone and in the batch {wrong}; it was run {run}, {KINDS[run]}"
            return found("run_alone_is_as_in_the_batch", wrong, BY_RUN, "")
    text = f"{len(columns)} runs, one of each kind of world, memory included"
    return found("run_alone_is_as_in_the_batch", "", "", text)


def runs_do_not_mix(subject: Subject) -> Finding:
    """Runs in another order answer in that order, and what other runs see changes nothing."""
    runs = subject.few[0].runs
    order = np.random.default_rng(0).permutation(runs)
    wrong = difference(
        subject.few_answers.picked(columns=order), subject.ask(subject.few, columns=order)
    )
    if wrong:
        return found("runs_do_not_mix", f"in another order {wrong}", BY_RUN, "")
    kept = np.arange(0, runs, 2)
    for what, other in (("other numbers", subject.others), ("no numbers", None)):
        poisoned = subject.ask(_poisoned(subject.few, kept, other)).picked(columns=kept)
        wrong = difference(subject.few_answers.picked(columns=kept), poisoned)
        if wrong:
            wrong = f"beside runs that hold {what} {wrong}"
            return found("runs_do_not_mix", wrong, BY_RUN, "")
    blocks = _blocks(subject.count)
    for block in blocks:
        apart = subject.ask(subject.worlds, columns=block)
        wrong = difference(apart, subject.answers.picked(columns=block))
        if wrong:
            wrong = f"in a block of {len(block)} and among all {subject.count:,} {wrong}"
            return found("runs_do_not_mix", wrong, BY_RUN, "")
    text = (
        f"{runs} runs in another order, {len(kept)} beside others with other and no numbers, and "
        f"all {subject.count:,} in {len(blocks)} blocks"
    )
    return found("runs_do_not_mix", "", "", text)


def firm_alone_is_as_in_its_group(subject: Subject) -> Finding:
    """A firm's answers are the same alone and asked with others."""
    name, rows = "firm_alone_is_as_in_its_group", [0, 2]
    together = subject.ask(subject.few, rows=np.array(rows))
    for place, row in enumerate(rows):
        alone = subject.ask(subject.few, rows=slice(row, row + 1))
        wrong = difference(alone, together.picked(slice(place, place + 1)))
        if wrong:
            return found(name, f"alone and with others {wrong}; it was firm_{row}", BY_FIRM, "")
    return found(name, "", "", f"{len(rows)} of {FIRMS} firms, alone and together")


def is_quiet(subject: Subject) -> Finding:
    """No arithmetic goes wrong in the worlds that are not extreme."""
    name, kind = (
        "is_quiet",
        [k for k in range(subject.few[0].runs) if KINDS[k % len(KINDS)] != "extreme"],
    )
    try:
        with np.errstate(all="raise", under="ignore"):
            made = answers(subject.strategy, subject.few, columns=kind)
    except (AgentsimError, ArithmeticError) as error:
        return found(name, str(error), "", "")
    remedy = (
        "use safe_divide, log, exp and power of agentsim.strategy, which say what stands instead"
    )
    return found(name, made.stopped, remedy, "no division by zero, overflow or invalid number")


def _by_turns(subject: Subject) -> Answers:
    """Return the answers in the few worlds, when each quarter another market is asked as well."""
    made, memory, memory_of_other = Answers(), None, None
    for world, other in zip(subject.few, subject.others, strict=True):
        one = subject.ask([world], memory=memory)
        two = subject.ask([other], memory=memory_of_other)
        made = made.then(one)
        if one.stopped or two.stopped:
            return made
        memory, memory_of_other = one.memory[0], two.memory[0]
    return made


def _blocks(runs: int) -> list[np.ndarray]:
    """Return all runs in about ten blocks, each half of what is left.

    What is there in one of a hundred runs is then there in a large block and not in a small one.
    """
    blocks: list[np.ndarray] = []
    left = np.arange(runs)
    while left.size and len(blocks) < BLOCKS - 1:
        half = (left.size + 1) // 2
        blocks.append(left[:half])
        left = left[half:]
    return [*blocks, left] if left.size else blocks


def _poisoned(
    worlds: tuple[Worlds, ...], kept: np.ndarray, others: tuple[Worlds, ...] | None
) -> list[Worlds]:
    """Return the worlds with other numbers, or none, in all runs but those kept."""
    made = []
    for quarter, world in enumerate(worlds):
        mine = np.zeros(world.runs, bool)
        mine[kept] = True
        values = {
            name: np.where(mine, value, np.nan if others is None else others[quarter].values[name])
            for name, value in world.values.items()
        }
        made.append(world.changed(values))
    return made
