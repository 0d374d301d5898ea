"""Publishing: a small part of some results, kept in the repository and quoted in the README.

    python -m agentsim.report.publish results/escalator_war README.md

copies the headline's picture and tables to results/published/NAME and puts answer, picture and
table between the README's markers, so that no figure in it is older than its results.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    from agentsim.batch.results import Results

START, END = "<!-- headline: start -->", "<!-- headline: end -->"
PICTURES = ("value_by_layer.png", "customers_share.png")
KEPT = (
    "spec_sha256",
    "entropy",
    "rows",
    "runs_simulated",
    "git",
    "python",
    "packages",
    "cpu_features",
)


def publish(results: Path, page: Path) -> Path:
    """Copy the small part of some results and fill the page; return the folder written.

    Raises AgentsimError, one line, if there are no results or the page has no markers.
    """
    from agentsim.batch.results import Results
    from agentsim.report import FIGURES, headline
    from agentsim.report.answers import answer

    opened = Results.open(results)
    name = opened.experiment.name
    folder = page.parent / "results" / "published" / name
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        shutil.copyfile(results / FIGURES / picture, folder / picture)
    table = headline(opened)
    said = answer(opened)
    (folder / "headline.txt").write_text(table + "\n", encoding="utf-8")
    manifest = {key: value for key, value in opened.manifest.items() if key in KEPT}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    shown = [
        f"**{said.question}**",
        *said.sentences,
        f"![Value by layer, by posture and shock]({folder.relative_to(page.parent)}/{PICTURES[0]})",
        "<details><summary>Before you quote this</summary>",
        *(f"**{note.title}.** {note.text}" for note in said.notes),
        f"{said.reading} {said.limits}",
        "</details>",
        f"```\n{table}\n```",
        f"From `agentsim run {name}`; `make publish` writes this part of the page.",
    ]
    fill(page, "\n\n".join(part for part in shown if part))
    return folder


def fill(page: Path, text: str, begins: str = START, ends: str = END) -> None:
    """Put text between the page's markers."""
    head, start, rest = page.read_text(encoding="utf-8").partition(begins)
    _, end, tail = rest.partition(ends)
    if not start or not end:
        raise AgentsimError(f"{page} has no {begins} followed by {ends}; put both into it")
    page.write_text(f"{head}{begins}\n\n{text}\n\n{ends}{tail}", encoding="utf-8")


def kept_picture(results: Results, name: str, says: str, page: Path) -> str:
    """Copy a picture of some results beside the published ones, and return it as a page in docs/ shows it.

    Raises AgentsimError, one line, where it was not drawn.
    """
    drawn = results.folder / "figures" / name
    if not drawn.exists():
        raise AgentsimError(f"{drawn} is not there; draw it with the command that `make` gives")
    place = Path("results", "published", results.experiment.name, name)
    kept = page.resolve().parents[1] / place
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(drawn, kept)
    return f"![{says}](../{place.as_posix()})"


def command(
    arguments: Sequence[str] | None, module: str, names: Sequence[str], write: Callable[..., str]
) -> int:
    """Run a command that fills a page; return the exit code.

    names: what its arguments are called; write: takes them as paths, and returns what to print.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) != len(names):
        print(f"usage: python -m agentsim.report.{module} {' '.join(names)}", file=sys.stderr)
        return 2
    try:
        print(write(*map(Path, words)))
    except (AgentsimError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish; return the exit code."""

    def write(results: Path, page: Path) -> str:
        return f"Published: {publish(results, page)}"

    return command(arguments, "publish", ("RESULTS", "PAGE"), write)


if __name__ == "__main__":
    sys.exit(main())
