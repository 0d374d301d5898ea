"""`agentsim strategies check`: what the battery and the probes say of a strategy, as a report."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentsim.authoring.examining import ANYWAY, CHECKS, WAIT
from agentsim.authoring.findings import Finding
from agentsim.authoring.probing import measured
from agentsim.authoring.properties import Properties
from agentsim.authoring.subject import Subject
from agentsim.errors import AgentsimError
from agentsim.strategy.base import Strategy

HORIZON = 40
"""Quarters of real markets, as many as experiments have."""


@dataclass(frozen=True)
class Report:
    """What was found of a strategy."""

    id: str
    role: str
    findings: tuple[Finding, ...]
    properties: Properties | None
    """None where the strategy does not answer, so that there is nothing to measure."""

    @property
    def passed(self) -> bool:
        """Whether it passed every check."""
        return all(finding.passed for finding in self.findings)

    def __str__(self) -> str:
        """Return the report as a page of text: a line for each check, then what was measured."""
        failed = sum(not finding.passed for finding in self.findings)
        verdict = (
            f"{failed} of {len(self.findings)} checks FAILED" if failed else "passes all checks"
        )
        lines = [f"{self.id} ({self.role}): {verdict}", "", *map(str, self.findings)]
        if self.properties is not None:
            lines += ["", "Measured by probing it", str(self.properties)]
        return "\n".join(lines)


def check(kind: type[Strategy], worlds: int | None = None) -> Report:
    """Put a strategy class through the battery, and measure its properties.

    worlds: how many a quarter it is tried in; thousands unless said otherwise.
    Raises AgentsimError, in one line, for a class that is not written as a strategy must be.
    """
    subject = Subject(kind, worlds, HORIZON)
    if subject.answers.mute:
        *others, last = (each(subject) for each in ANYWAY)
        waiting = replace(last, text=f"{last.text}; {WAIT}")
        return Report(kind.id, kind.role, (*others, waiting), None)
    findings = tuple(each(subject) for each in CHECKS)
    try:
        properties = measured(subject)
    except AgentsimError:  # what it does not stand is among the findings
        properties = None
    return Report(kind.id, kind.role, findings, properties)
