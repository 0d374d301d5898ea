"""All checks of the conformance battery, in the order in which a report shows them."""

from __future__ import annotations

from collections.abc import Callable

from agentsim.authoring.checks import (
    chooses_within_bounds,
    firm_alone_is_as_in_its_group,
    is_quiet,
    is_reproducible,
    run_alone_is_as_in_the_batch,
    runs_do_not_mix,
)
from agentsim.authoring.conduct import (
    changes_nothing,
    sees_only_what_is_shown,
    takes_no_chance,
    takes_time,
)
from agentsim.authoring.findings import Finding
from agentsim.authoring.parameters import (
    firms_parameters_are_as_separate_numbers,
    reads_back_from_its_text,
    says_what_it_does,
    stands_its_parameters_bounds,
    survives_pickling,
    swept_parameters_are_as_separate_numbers,
)
from agentsim.authoring.proving import stands_real_markets
from agentsim.authoring.subject import Subject

CHECKS: tuple[Callable[[Subject], Finding], ...] = (
    says_what_it_does,
    chooses_within_bounds,
    stands_real_markets,
    is_reproducible,
    run_alone_is_as_in_the_batch,
    runs_do_not_mix,
    firm_alone_is_as_in_its_group,
    sees_only_what_is_shown,
    changes_nothing,
    takes_no_chance,
    survives_pickling,
    reads_back_from_its_text,
    swept_parameters_are_as_separate_numbers,
    firms_parameters_are_as_separate_numbers,
    stands_its_parameters_bounds,
    is_quiet,
    takes_time,
)

ANYWAY = (says_what_it_does, chooses_within_bounds)
"""What is checked of a strategy that does not answer at all; the last says why."""

WAIT = "the other checks wait until it answers"
