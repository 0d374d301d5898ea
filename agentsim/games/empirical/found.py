"""Found: all that is told of a game that was played, condition by condition, and the files with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentsim.games.alpha_rank import AlphaRank, alpha_rank
from agentsim.games.best_replies import BestReplies, best_replies
from agentsim.games.classifying import Classified, classify
from agentsim.games.correlated import Bounds, bounds
from agentsim.games.empirical.answering import responding
from agentsim.games.empirical.payoffs import Conditioned
from agentsim.games.empirical.playing import Played
from agentsim.games.empirical.sampling import Candidate
from agentsim.games.empirical.unlike import Unlike, own_regrets, unlike
from agentsim.games.equilibria import Equilibria
from agentsim.games.game import Game
from agentsim.games.logit import LogitPath, logit_path
from agentsim.games.measures import Measures, measures
from agentsim.games.populations import Basins, basins
from agentsim.games.repeated import Repeated, repeated
from agentsim.games.worth import CUSTOMERS, TOTAL
from agentsim.printing import write_tables

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "game"
"""Where the tables are, in the folder of results."""
SHARE = (CUSTOMERS, TOTAL)
LONGEST = 10_000.0
"""How long replicators are followed: payoffs near an equilibrium differ by little here, and mixes move slowly."""
MOST_RANKED = 1000
"""Profiles up to which alpha-rank is worked out."""


@dataclass(frozen=True, eq=False)
class Solved:
    """The game under one condition: its equilibria as fresh runs left them, and what is known of it.

    What takes long is worked out when it is asked for.
    """

    conditioned: Conditioned
    on_all: Equilibria
    """The equilibria on the runs of all profiles."""
    candidates: tuple[Candidate, ...]
    pairs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The mild and the fierce strategy by role; of roles that are not named the first and the last."""

    @property
    def game(self) -> Game:
        """The game of mean payoffs."""
        return self.conditioned.game

    @property
    def words(self) -> str:
        """The condition in words."""
        return self.conditioned.words

    @cached_property
    def standing(self) -> tuple[Candidate, ...]:
        """The candidates that fresh runs did not refute; those that turned up too late for any are none."""
        return tuple(
            each
            for each in self.candidates
            if each.verdict != "refuted" and not (each.since and each.confirmation is None)
        )

    @cached_property
    def equilibria(self) -> Equilibria:
        """What stands; none, where fresh runs refuted all that was found."""
        found = tuple(replace(each.equilibrium, game=self.game) for each in self.standing)
        if self.candidates and not found:
            why = "fresh runs refuted all that was found"
            return replace(self.on_all, found=(), complete=False, why=why, sets=())
        return replace(self.on_all, found=found)

    @cached_property
    def measures(self) -> Measures:
        """What equilibria are worth, and to whom."""
        return measures(self.game, self.equilibria, self.conditioned.references)

    @cached_property
    def kinds(self) -> Classified:
        """The kind of game between the mild and the fierce strategy of each role."""
        ends = {r.name: (r.strategies[0], r.strategies[-1]) for r in self.game.roles} | self.pairs
        mild, fierce = ({name: each[at] for name, each in ends.items()} for at in (0, 1))
        return classify(self.game, mild, fierce)

    @cached_property
    def repeated(self) -> Repeated:
        """What holds up restraint where the game is played again and again."""
        pair = self.kinds.only
        mild = {name: each.mild for name, each in pair.diagrams.items()}
        fierce = {name: each.fierce for name, each in pair.diagrams.items()}
        return repeated(self.game, mild, fierce)

    @cached_property
    def replies(self) -> BestReplies:
        """Where best replies lead."""
        return best_replies(self.game)

    @cached_property
    def basins(self) -> Basins:
        """Where replicators lead."""
        return basins(self.game, longest=LONGEST)

    @cached_property
    def ranked(self) -> AlphaRank | None:
        """Where alpha-rank puts how much time; None for a game too large for it."""
        return alpha_rank(self.game) if self.game.layout.count <= MOST_RANKED else None

    @cached_property
    def logit(self) -> LogitPath:
        """The path of quantal responses."""
        return logit_path(self.game)

    @cached_property
    def bounds(self) -> dict[str, Bounds]:
        """The least and the most that (coarse) correlated play leaves: total surplus, customers' share."""
        wanted: dict[str, Any] = {"total_surplus": TOTAL, "customer_share": SHARE}
        return {
            f"{'coarse ' if coarse else ''}{name}": bounds(self.game, objective, coarse)
            for name, objective in wanted.items()
            for coarse in (False, True)
        }

    @cached_property
    def unlike(self) -> list[Unlike]:
        """How unlike the members of each role are."""
        return unlike(self.conditioned)


@dataclass(frozen=True, eq=False)
class Found:
    """What was found of a game: a condition each."""

    played: Played
    conditions: tuple[Solved, ...]

    @property
    def asked(self) -> Any:
        """What was asked for."""
        return self.played.asked

    def __iter__(self) -> Iterator[Solved]:
        """Go through the conditions."""
        return iter(self.conditions)


def found(played: Played) -> Found:
    """Return what is told of a game that was played."""
    return Found(
        played,
        tuple(
            Solved(
                each, on_all,
                tuple(c for c in played.sampled.candidates if c.condition == at),
                {role.name: played.asked.mild_and_fierce(role) for role in played.asked.roles},
            )
            for at, (each, on_all) in enumerate(zip(played.conditions, played.solved, strict=True))
        ),
    )  # fmt: skip


def write(x: Found, folder: Path) -> list[Path]:
    """Write the tables as CSV into a folder, which is made, and return their paths."""
    return write_tables(_tables(x), folder)


def _tables(x: Found) -> dict[str, pd.DataFrame]:
    """Return the tables by name, each with the levels of the conditions in front."""
    compared = len(x.conditions) > 1 and CUSTOMERS in x.conditions[0].game.others
    answers = {"answers": responding(x)} if compared else {}
    return answers | {
        "equilibria": together(x, equilibria_table),
        "measures": together(x, lambda s: s.measures.table()),
        "prices": together(x, lambda s: s.measures.prices()),
        "kinds": together(x, lambda s: s.kinds.table()),
        "repeated": together(x, lambda s: s.repeated.table()),
        "dynamics": together(x, _dynamics),
        "bounds": together(x, _bounds),
        "logit": together(x, _logit),
        "payoffs": together(x, _payoffs),
        "unlike": together(x, _unlike),
    }


def together(x: Found, table: Any) -> pd.DataFrame:
    """Return the tables of all conditions as one."""
    import pandas as pd

    parts = []
    for each in x:
        part = table(each).copy()
        for at, (name, level) in enumerate(each.conditioned.condition.items()):
            part.insert(at, name, level)
        parts.append(part)
    whole: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return whole


def equilibria_table(x: Solved) -> pd.DataFrame:
    """Return a row a candidate: who does what, what fresh runs say, and what it pays."""
    import pandas as pd

    rows = []
    for each in x.candidates:
        eq, held = each.equilibrium, each.confirmation
        own = own_regrets(x.conditioned, eq)
        worst = max(own, key=lambda name: own[name]) if own else ""
        rows.append(
            {
                "profile": eq.words,
                "kind": "pure" if eq.pure else "mixed",
                "verdict": each.verdict,
                "regret": held.regret.value if held else eq.regret,
                "regret_low": held.regret.low if held else float("nan"),
                "regret_high": held.regret.high if held else float("nan"),
                "epsilon": held.epsilon if held else float("nan"),
                "probability": held.probability if held else float("nan"),
                "fresh_runs": held.confidence.runs if held else 0,
                "found_on_round": each.since,
                "found_by": ", ".join(eq.found_by),
                "firm_that_gains_most": worst,
                "its_gain": own.get(worst, float("nan")),
            }
            | {f"payoff.{role}": value for role, value in eq.payoffs.items()}
            | dict(zip(x.game.columns, eq.shares.tolist(), strict=True))
        )
    return pd.DataFrame(rows)


def _dynamics(x: Solved) -> pd.DataFrame:
    """Return where best replies, replicators and alpha-rank lead, a row each."""
    import pandas as pd

    rows: list[tuple[str, str, float, float, float]] = []
    chances = x.replies.chances.mean(axis=0)
    rows += [
        ("best replies", each.words, float(chances[at]), float("nan"), float("nan"))
        for at, each in enumerate(x.replies.sinks)
    ]
    rows += [
        ("replicators", each.rest.words, each.share.value, each.share.low, each.share.high)
        for each in x.basins.basins
    ]
    for name, share in (("goes round", x.basins.round), ("not settled", x.basins.slow)):
        rows.append(("replicators", name, share.value, share.low, share.high))
    if x.ranked is not None:
        rows += [
            (
                "alpha-rank",
                " or ".join(x.game.words(p) for p in sink),
                mass,
                float("nan"),
                float("nan"),
            )
            for sink, mass in zip(x.ranked.sinks, x.ranked.mass, strict=True)
        ]
    return pd.DataFrame(rows, columns=["process", "leads_to", "share", "low", "high"])


def _bounds(x: Solved) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {"what": name.removeprefix("coarse "), "coarse": each.coarse,
             "worst": each.worst.value, "best": each.best.value}
            for name, each in x.bounds.items()
        ]
    )  # fmt: skip


def _logit(x: Solved) -> pd.DataFrame:
    import pandas as pd

    path = pd.DataFrame(x.logit.mixtures, columns=list(x.game.columns))
    path.insert(0, "lambda", x.logit.lambdas)
    path.insert(1, "regret", x.logit.regrets)
    return path


def _payoffs(x: Solved) -> pd.DataFrame:
    """Return a row a profile: counts, mean payoffs, and what else came of it."""
    import pandas as pd

    game = x.game
    counts = pd.DataFrame(game.layout.profiles, columns=list(game.columns))
    earned = pd.DataFrame(game.payoffs, columns=[f"payoff.{each}" for each in game.columns])
    others = pd.DataFrame({name: each.mean(axis=1) for name, each in game.others.items()})
    whole: pd.DataFrame = pd.concat([counts, earned, others], axis=1)
    return whole


def _unlike(x: Solved) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {"role": each.role, "player": player, "scale": scale, "largest_error": each.largest,
             "error": each.root_mean_square, "gains": each.gains, "chance": each.chance}
            for each in x.unlike
            for player, scale in each.scales.items()
        ],
        columns=["role", "player", "scale", "largest_error", "error", "gains", "chance"],
    )  # fmt: skip
