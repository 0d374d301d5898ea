"""The part of docs/findings.md that the shipped games fill.

python -m agentsim.report.games_section results docs/findings.md
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from agentsim.report.game_answer import answer

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found

START, END = "<!-- games: start -->", "<!-- games: end -->"
GAMES = (
    "escalator_game_symmetric", "escalator_game", "escalator_game_firms", "dilemma_map",
    "effort_game_theory", "effort_game",
    "chip_vendor_game", "custom_silicon_game", "credit_game", "memory_game", "layered_game",
)  # fmt: skip
PICTURES = {
    "escalator_game": {"equilibria": "Equilibria, customers' share and verdicts, by condition"},
    "dilemma_map": {
        "dilemma_map": "The kind of game, equilibrium postures and customers' share, over shock and elasticity",
        "responses": "Customers' gain from the shock in equilibrium, and with postures held fixed",
    },
}
"""Pictures that are kept, with what they show."""


def section(found: Sequence[Found], pictures: dict[str, list[str]]) -> str:
    """Return the part of the page, in Markdown: a game each, with its question and its answer."""
    parts = []
    for x in found:
        name = x.asked.name
        parts += [
            f"### `{name}`",
            f"*{question(name)}*",
            " ".join(answer(x)),
            *pictures.get(name, []),
        ]
    return "\n\n".join(
        [*parts, "From `agentsim game NAME`; `make games` writes this part of the page."]
    )


def question(name: str) -> str:
    """Return what a shipped game asks: the comment that its file begins with."""
    text = (files("agentsim.experiments") / f"{name}.toml").read_text(encoding="utf-8")
    head = re.match(r"(?:# .*\n)+", text)
    return " ".join(line.removeprefix("# ") for line in (head[0] if head else "").splitlines())


def _kept(name: str, results: Path, page: Path) -> list[str]:
    """Copy a game's pictures beside the published ones, and return them as a page in docs/ shows them."""
    told = []
    for picture, says in PICTURES.get(name, {}).items():
        place = Path("results", "published", name, f"{picture}.png")
        kept = page.resolve().parents[1] / place
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(results / name / "figures" / f"{picture}.png", kept)
        told.append(f"![{says}](../{place.as_posix()})")
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the page; return the exit code."""
    from agentsim.games.empirical.found import found
    from agentsim.games.empirical.playing import opened
    from agentsim.report.publish import command, fill

    def write(results: Path, page: Path) -> str:
        games = [found(opened(results / name)) for name in GAMES]
        pictures = {name: _kept(name, results, page) for name in GAMES}
        fill(page, section(games, pictures), START, END)
        return f"Written: {page}"

    return command(arguments, "games_section", ("RESULTS", "PAGE"), write)


if __name__ == "__main__":
    sys.exit(main())
