"""The command that trains: every role's tables, written where the library finds them.

    python -m agentsim.learning [--check | FOLDER]

With --check nothing is written: it says whether the shipped files are what training gives, to the
byte. Into a folder goes how often each posture was played when training ended.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from agentsim.learning.playing import Played
from agentsim.learning.price_war import PriceWar
from agentsim.learning.quantity import QuantityMarket
from agentsim.learning.race import Race
from agentsim.learning.training import Length, Tables, trained
from agentsim.strategy.learning import pricing, spending
from agentsim.strategy.learning.tables import path, write

COMMAND = "python -m agentsim.learning"
SEED = 1
VERSION = 1
"""Of what is trained; to be raised when games, rules or their parameters change."""
FIRMS = 4
POSTURES_FILE = "postures.csv"
POSTURES_FILE_COLUMNS = ("role", "rule", "posture", "share", "agreement")

Done = Callable[[int], object] | None
Trained = tuple[Tables, dict[str, Played]]


def hyperscaler(length: Length, done: Done = None) -> Trained:
    """Train hyperscalers in the race."""
    market = QuantityMarket.theory(FIRMS)
    return trained(
        lambda stage: Race(market, stage), spending.POSTURES, spending.MOVES, SEED, length, done
    )


def chip_vendor(length: Length, done: Done = None) -> Trained:
    """Train chip vendors in the price game."""
    return trained(PriceWar, pricing.POSTURES, pricing.MOVES, SEED, length, done)


ROLES = {"hyperscaler": hyperscaler, "chip_vendor": chip_vendor}


def comments(role: str, length: Length) -> list[str]:
    """Return what a file says of itself."""
    return [
        f"Trained tables of a {role} that learns; `make learners` writes this file.",
        f"command: {COMMAND}; seed: {SEED}; version: {VERSION}",
        f"sessions: {length.sessions}; rounds at random: {length.at_random}; rounds: {length.rounds}",
    ]


def make(role: str, file: Path, length: Length, done: Done = None) -> dict[str, Played]:
    """Train a role and write its file; return what was played for each rule."""
    tables, played = ROLES[role](length, done)
    write(file, comments(role, length), tables)
    return played


def main(arguments: Sequence[str] | None = None) -> int:
    """Train all roles; return the exit code, 1 where a check finds a difference."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) > 1 or any(word.startswith("-") and word != "--check" for word in words):
        print(f"usage: {COMMAND} [--check | FOLDER]", file=sys.stderr)
        return 2
    check = words == ["--check"]
    stale, rows = [], [",".join(POSTURES_FILE_COLUMNS)]
    with tempfile.TemporaryDirectory() as folder:
        for role in ROLES:
            new = Path(folder) / f"{role}.csv"
            for rule, played in _with_bar(role, new).items():
                rows += _postures(role, rule, played)
            if path(role).read_bytes() != new.read_bytes():
                stale.append(role)
                if not check:
                    path(role).write_bytes(new.read_bytes())
                    print(f"Written: {path(role)}")
    if words and not check:
        Path(words[0]).mkdir(parents=True, exist_ok=True)
        Path(words[0], POSTURES_FILE).write_text("\n".join(rows) + "\n", encoding="utf-8")
    for role in ROLES:
        if role not in stale:
            print(f"As shipped: {role}")
    if check and stale:
        names = ", ".join(stale)
        print(f"error: trained tables of {names} are stale; run `make learners`", file=sys.stderr)
    return 1 if check and stale else 0


def _with_bar(role: str, file: Path) -> dict[str, Played]:
    """Train a role behind a progress bar."""
    from tqdm import tqdm

    length = Length()
    total = length.at_random + 4 * length.rounds
    with tqdm(total=total, desc=role, unit="round", file=sys.stderr, disable=None) as bar:
        return make(role, file, length, bar.update)


def _postures(role: str, rule: str, played: Played) -> list[str]:
    """Return how often each posture was played when training ended, a line each."""
    names = {"hyperscaler": spending.POSTURES, "chip_vendor": pricing.POSTURES}[role]
    shares = played.frequency.mean(axis=(1, 2))
    agree = f"{agreement(played):.6f}" if rule == "q_learning" else ""
    return [
        f"{role},{rule},{name},{share:.6f},{agree}"
        for name, share in zip(names, shares, strict=True)
    ]


def agreement(played: Played) -> float:
    """Return how often a firm's own table and the mean of all prefer the same action.

    The share of firms and sessions, in the mean over situations.
    """
    value = played.knows["value"]
    mean = value.mean(axis=(-2, -1))
    own, shipped = value.argmax(axis=1), mean.argmax(axis=1)
    return float((own == shipped[:, None, None]).mean())
