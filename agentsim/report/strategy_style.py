"""Style of strategies: fills from mild (light) to fierce (dark), and bars that say who does what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.report.equilibrium_rows import strategy_words
from agentsim.report.panels import WIDTH, legend_below
from agentsim.report.style import INK, PAPER, SMALL, ink_on
from agentsim.report.words import firm_words, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.games.classifying import Pair
    from agentsim.games.equilibria import Equilibrium
    from agentsim.games.game import Game
    from agentsim.games.profiles import Role

FILLS = ("#faf0cd", "#b5d8c9", "#e0985a", "#3d74b5", "#7a2f2b", "#131c33")
"""Steps of lightness; a file names strategies from mild to fierce, and fills follow."""
HATCHES = ("", "///", "...", "xxx")
"""For more strategies than there are fills."""
GAP = 0.06
"""Between roles side by side, as a part of what one takes."""
LETTER = 0.066
"""Inches that a letter of the smallest size takes."""
HANDLE, LEGEND_LETTER = 0.72, 0.066
"""Inches that an entry of a legend takes beside its label, and a letter of that."""
TOLD = 0.08
"""Part of a bar from which on there is room to say how large it is."""


@dataclass(frozen=True)
class Fill:
    """How the bars of a strategy look."""

    colour: str
    hatch: str


@dataclass(frozen=True)
class Group:
    """Roles that have the same strategies, or some of them, and the fill of each strategy."""

    roles: tuple[Role, ...]
    fills: dict[str, Fill]


def groups(game: Game) -> list[Group]:
    """Return the roles of a game by what they may follow: one group has one legend."""
    found: list[tuple[list[Role], tuple[str, ...]]] = []
    for role in sorted(game.roles, key=lambda each: -len(each.strategies)):
        for roles, strategies in found:
            if set(role.strategies) <= set(strategies):
                roles.append(role)
                break
        else:
            found.append(([role], role.strategies))
    made = [
        Group(
            tuple(sorted(roles, key=game.roles.index)),
            dict(zip(strategies, _fills(len(strategies)), strict=True)),
        )
        for roles, strategies in found
    ]
    return sorted(made, key=lambda each: game.roles.index(each.roles[0]))


def _fills(count: int) -> list[Fill]:
    if count <= len(FILLS):
        steps = np.linspace(0, len(FILLS) - 1, count).round().astype(int).tolist()
        # Two strategies need no black one.
        steps = [0, 3] if count == 2 else [0, 2, 4] if count == 3 else steps
        return [Fill(FILLS[at], "") for at in steps]
    return [
        Fill(FILLS[at % len(FILLS)], HATCHES[at // len(FILLS) % len(HATCHES)])
        for at in range(count)
    ]


def fills_of(game: Game) -> list[Fill]:
    """Return the fill of each column."""
    by_role = {role.name: group for group in groups(game) for role in group.roles}
    return [by_role[role.name].fills[each] for role in game.roles for each in role.strategies]


def role_words(role: Role) -> str:
    """Return what a role is called: `nvidia`, a player alone, is Nvidia, `self_funded` self funded."""
    return firm_words(role.name) if len(role.players) == 1 else plain(role.name)


def mild_and_fierce(game: Game, pair: Pair) -> str:
    """Return which strategies count as mild and as fierce, role by role where that differs."""
    by_role = {
        role_words(role): (strategy_words(each.mild), strategy_words(each.fierce))
        for role in game.roles
        if (each := pair.diagrams.get(role.name)) is not None
    }
    told = list(dict.fromkeys(by_role.values()))
    if len(told) == 1:
        return f"mild: {told[0][0]}, fierce: {told[0][1]}"
    each_role = ", ".join(f"{who} {mild} or {fierce}" for who, (mild, fierce) in by_role.items())
    return f"mild or fierce: {each_role}"


@dataclass(frozen=True)
class Bars:
    """Bars of who does what: where they stand and how large they are."""

    left: float
    """Where the first role begins."""
    role: float
    """How long a role's bar is."""
    inches: float
    """How long that is on paper: what is written has to fit."""
    height: float = 0.74

    def start(self, at: int) -> float:
        """Return where a role's bar begins."""
        return self.left + at * self.role * (1.0 + GAP)

    @property
    def letters(self) -> int:
        """Letters that fit into a whole bar."""
        return int(self.inches / LETTER)


def draw_shares(
    panel: Axes,
    bars: Bars,
    y: float,
    game: Game,
    shares: Array,
    pure: bool,
    written: bool = True,
    zorder: float = 2.0,
) -> None:
    """Draw which part of each role follows what, at a height; mixtures with broken frames.

    shares: `(columns,)`. written: say how many players, or which part, where there is room.
    """
    from matplotlib.patches import Rectangle

    fills, high = fills_of(game), bars.height * (1.0 if pure else 0.94)
    frame: dict[str, Any] = {"linewidth": 0.7, "linestyle": "-" if pure else (0, (2.5, 1.5))}
    for at, role in enumerate(game.roles):
        place = bars.start(at)
        for column, strategy in enumerate(role.strategies, game.layout.starts[at]):
            share, fill = float(shares[column]), fills[column]
            if share <= 0.0:
                continue
            wide = share * bars.role
            panel.add_patch(
                Rectangle(
                    (place, y - high / 2.0), wide, high, facecolor=fill.colour, hatch=fill.hatch,
                    edgecolor=INK, zorder=zorder, **frame,
                )
            )  # fmt: skip
            text = _told(share, len(role.players), pure, strategy)
            if written and _fits(text, share, bars):
                panel.text(
                    place + wide / 2.0, y, text, ha="center", va="center", fontsize=SMALL,
                    color=ink_on(fill.colour), zorder=zorder + 1.0,
                    bbox={"facecolor": fill.colour, "edgecolor": "none", "pad": 0.8}
                    if fill.hatch else None,
                )  # fmt: skip
            place += wide


def _told(share: float, players: int, pure: bool, strategy: str) -> str:
    if players == 1 and share > 0.999:
        return strategy_words(strategy)
    return f"{share * players:.0f}" if pure else f"{100.0 * share:.0f}%"


def _fits(text: str, share: float, bars: Bars) -> bool:
    return share >= TOLD and len(text) * LETTER <= share * bars.inches


def draw_equilibrium(
    panel: Axes, bars: Bars, y: float, each: Equilibrium, written: bool = True, zorder: float = 2.0
) -> None:
    """Draw who does what in an equilibrium."""
    draw_shares(panel, bars, y, each.game, each.shares, each.pure, written, zorder)


def name_roles(panel: Axes, bars: Bars, game: Game) -> None:
    """Name the roles above their bars; nothing where there is one."""
    end = bars.start(len(game.roles) - 1) + bars.role
    panel.set_xlim(bars.left - 0.01 * end, 1.01 * end)
    panel.grid(visible=False)
    if len(game.roles) == 1:
        panel.set_xticks([])
        return
    places = [bars.start(at) + bars.role / 2.0 for at in range(len(game.roles))]
    names = [_broken(role_words(role), bars.letters) for role in game.roles]
    panel.xaxis.tick_top()
    panel.set_xticks(places, names)
    panel.tick_params(axis="x", length=0, pad=1)


def _broken(text: str, letters: int) -> str:
    """Return a name over several lines where it is too long for one."""
    if len(text) <= letters:
        return text
    return "\n".join(_cut(word, letters + 2) for word in text.split())


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: max(letters - 1, 1)] + "…"


def strategy_legend(
    figure: Figure, game: Game, more: Sequence[Any] = (), of_more: str = ""
) -> None:
    """Put a legend below: the fill of each strategy, a line a group of roles; then `more` handles.

    of_more: what these are, where they must not be taken for strategies.
    """
    from matplotlib.patches import Patch

    found = groups(game)
    named = len(found) > 1 or bool(of_more)
    rows: list[list[Any]] = []
    for each in found:
        who = ", ".join(map(role_words, each.roles)) if len(found) > 1 else "strategies"
        row = [_words_only(_cut(who, 26) + ":")] if named else []
        row += [
            Patch(
                facecolor=fill.colour, hatch=fill.hatch, edgecolor=INK, linewidth=0.6,
                label=strategy_words(strategy),
            )
            for strategy, fill in each.fills.items()
        ]  # fmt: skip
        rows.append(row)
    if more:
        rows.append([*([_words_only(f"{of_more}:" if of_more else " ")] if named else []), *more])
    columns = _columns(rows)
    handles: list[Any] = []
    for row in rows:
        lines = _lines(row, columns, named)
        handles += [each for line in lines for each in line]
    legend_below(figure, handles, columns)


def _lines(row: list[Any], columns: int, named: bool) -> list[list[Any]]:
    """Return a row of a legend as lines of so many columns; below a name there is nothing."""
    head, rest = (row[:1], row[1:]) if named and columns > 1 else ([], row)
    room = columns - len(head)
    found = []
    for first in range(0, len(rest), room):
        line = [
            *(head if first == 0 else [_words_only(" ")] * len(head)),
            *rest[first : first + room],
        ]
        found.append(line + [_words_only(" ")] * (columns - len(line)))
    return found


def _columns(rows: list[list[Any]]) -> int:
    """Return how many columns of a legend fit into the width of a figure."""
    from matplotlib.lines import Line2D

    def wide(columns: int) -> float:
        named = isinstance(rows[0][0], Line2D)
        lines = [line for row in rows for line in _lines(row, columns, named)]
        longest = [max(len(line[at].get_label()) for line in lines) for at in range(columns)]
        return sum(HANDLE + LEGEND_LETTER * each for each in longest)

    most = max(len(row) for row in rows)
    return next((each for each in range(most, 1, -1) if wide(each) <= WIDTH), 1)


def _words_only(label: str) -> Any:
    """Return what a legend shows as words alone."""
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", label=label)


def kind_handles() -> list[Any]:
    """Return what a legend shows of pure profiles and of mixtures."""
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=PAPER, edgecolor=INK, linewidth=0.8, label="pure"),
        Patch(
            facecolor=PAPER, edgecolor=INK, linewidth=0.8, linestyle=(0, (2.5, 1.5)),
            label="mixed",
        ),
    ]  # fmt: skip
