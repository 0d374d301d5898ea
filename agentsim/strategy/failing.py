"""What goes wrong in the code of a strategy, told in one line that says where."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isfunction
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    from agentsim.laws.numerics import Array
    from agentsim.strategy.base import Strategy
    from agentsim.strategy.choices import Choice


class RunsError(AgentsimError):
    """A strategy failed in some runs; holds an answer to go on with, harmless where it failed.

    choice, memory: as the strategy returns them, `(firms, runs)`.
    causes: by column of the runs that failed, the first firm for which it did and the exception.
    """

    def __init__(
        self,
        strategy: Strategy,
        quarter: int,
        choice: Choice,
        memory: dict[str, Array],
        causes: Mapping[int, tuple[str, Exception]],
    ) -> None:
        self.strategy = strategy
        self.choice = choice
        self.memory = memory
        self.causes = causes
        first = min(causes)
        super().__init__(f"column {first}, quarter {quarter}: {self.why(first)}")

    def why(self, column: int) -> str:
        """Return what went wrong in a run, in one line."""
        firm, error = self.causes[column]
        return told(self.strategy, firm, error)


def told(strategy: Strategy, firms: str, error: Exception) -> str:
    """Return one line: the strategy, the firms asked, type and message of the error, file:line."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, ValueError) and "truth value of an array" in str(error):
        what += f"; to write `if`, inherit from a Rule ({strategy.role}: agentsim.strategy.rules)"
        what += ", on arrays use np.where"
    return f"strategy {strategy} failed for {firms}: {what} ({_place(strategy, error)})"


def tail(file: str) -> str:
    """Return a path as it is best read: the end of it in a library, else from here, or all of it."""
    path = Path(file)
    if path.parts[-3:-2] == ("strategies",):
        return "/".join(path.parts[-3:])
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _place(strategy: Strategy, error: Exception) -> str:
    """Return file:line where the author's code failed: the innermost line in the class's files.

    What fails in something that this code calls, NumPy for one, is put down to the calling line;
    what is wrong with its answer, to the method that gave it.
    """
    files = _files(type(strategy))
    lines = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    inner = [each for each in lines if each[0] in files]
    answers = getattr(getattr(strategy, "decide", strategy.choose), "__code__", None)
    if not inner and answers is not None:
        inner = [(answers.co_filename, answers.co_firstlineno)]
    file, line = (inner or lines)[-1]
    return f"{tail(file)}:{line}"


def _files(kind: type[Any]) -> set[str]:
    """Return the files that a class and its ancestors are written in, our own bases left out."""
    return {
        function.__code__.co_filename
        for each in kind.__mro__
        if not each.__module__.startswith("agentsim.strategy.")
        for function in vars(each).values()
        if isfunction(function)
    } - {"<string>"}  # what @dataclass writes
