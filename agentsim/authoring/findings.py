"""What a check finds: passed or not, and one line that says what was measured or what to change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    name: str
    passed: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.passed else 'FAIL'}  {self.name.replace('_', ' ')}: {self.text}"


def found(name: str, wrong: str, remedy: str, measured: str) -> Finding:
    """Return a finding that failed if there is something wrong, with the remedy."""
    if not wrong:
        return Finding(name, True, measured)
    return Finding(name, False, f"{wrong}; {remedy}" if remedy else wrong)
