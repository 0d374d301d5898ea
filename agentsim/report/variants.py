"""Variants: what the experiment's other assumptions are, and what the answer is under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.report.axes import Level
from agentsim.report.claims import Claim, Place
from agentsim.report.headline_tables import amount, points, share
from agentsim.report.markup import Html, el, table
from agentsim.report.measures import CUSTOMERS, HYPERSCALERS, SHARE
from agentsim.report.robustness import contexts, verdict
from agentsim.report.study import TOTAL, Study
from agentsim.report.variant_figures import BASE, shocks_of
from agentsim.report.words import MEANINGS, UNITS, capital, doing_words, percent, plain, quantity

if TYPE_CHECKING:
    from agentsim.batch.design import Variant

COLUMNS = {
    "customers' surplus": Claim(CUSTOMERS),
    "hyperscalers": Claim(HYPERSCALERS),
    "hyperscalers, to the horizon": Claim(HYPERSCALERS).twin,
    "lenders": Claim("lender_value"),
    "lenders, to the horizon": Claim("lender_value").twin,
}


def section(study: Study) -> list[Html]:
    """Return whether the answer holds under other assumptions; nothing without any."""
    if len(study.posture) < 2 or not contexts(study, study.calm):
        return []
    parts = _meanings(study)
    shocks = [study.calm, *(each for each in shocks_of(study) if each != study.calm)]
    for shock in shocks:
        every, losses = verdict(study, shock)
        parts.append(el("h3", f"Signs and sizes{_of(study, shock)}"))
        parts.append(el("p", every))
        if losses:
            parts.append(el("ul", *(el("li", each) for each in losses)))
        parts.append(_table(study, shock))
    return parts


def _of(study: Study, shock: Level) -> str:
    words = study.shock.words(shock)
    return f" with {words}" if words else ""


def _table(study: Study, shock: Level) -> Html:
    """Return customers' share and what the move changes, a row an assumption."""
    fierce = study.doing(study.fierce)
    heads = ["assumption", f"customers' share when {fierce}", f"change by {study.move}"]
    heads += [f"{name}, $bn" for name in COLUMNS]
    base = study.demand.words(study.reference)
    rows = [_row(study, BASE + (f" ({base})" if base else ""), Place(shock, study.reference))]
    rows += [_row(study, each.name.strip("“”"), each.place) for each in contexts(study, shock)]
    caption = (
        f"What {study.move} from {study.posture.words(study.mild)} changes under each "
        f"assumption{_of(study, shock)}: present values, mean, its 95% interval, the median, and the "
        "share of draws that gain and lose (the rest are unchanged to the dollar)."
    )
    return table(heads, rows, caption)


def _row(study: Study, name: str, place: Place) -> list[str | Html]:
    level = Claim(SHARE, change=False).interval(study, place)
    row: list[str | Html] = [name, share(level), points(Claim(SHARE).interval(study, place))]
    for claim in COLUMNS.values():
        x = claim.spread(study, place)
        sides = f"{percent(x.above, 0)} gain, {percent(x.below, 0)} lose"
        row.append(amount(x, plus=True, below=sides))
    return row


# What the variants are


def _meanings(study: Study) -> list[Html]:
    """Return what each variant changes, in numbers, and what its strategies do."""
    if not study.experiment.variants:
        return []
    items = []
    for variant in study.experiment.variants:
        parts = [*_set(study, variant), *_strategies(study, variant)]
        same = "; the main design itself" if _as_main(study, variant.name) else ""
        items.append(el("li", el("strong", variant.name), ": ", "; ".join(parts) + same))
    return [el("p", "A variant is the main design with something else changed:"), el("ul", *items)]


def _set(study: Study, variant: Variant) -> list[str]:
    """Say what parameters are set to, and what they are otherwise."""
    found = []
    for name, level in variant.set.items():
        parameter = name.rpartition(".")[2]
        unit = UNITS.get(parameter, "1")
        usual = study.experiment.set.get(name, study.usual(name))
        instead = f" instead of {quantity(usual, '1')}" if isinstance(usual, float | int) else ""
        owner = f" ({plain(name.partition('.')[0])})" if "." in name else ""
        meaning = MEANINGS.get(parameter, plain(parameter))
        found.append(f"{meaning}{owner} {quantity(level, unit)}{instead}")
    return found


def _strategies(study: Study, variant: Variant) -> list[str]:
    """Say what strategies firms follow, and what those do in their own words."""
    return [
        f"{capital(doing_words(f'lineup.{who}', text))}: {summary(study, who, text).rstrip('.')}"
        for who, text in variant.lineup.items()
    ]


def summary(study: Study, who: str, text: str) -> str:
    """Return what a strategy of a role or firm does, the first lines of its docstring.

    Nothing where its file is gone since the batch was run.
    """
    from agentsim.parameters import ROLES
    from agentsim.scenario import Scenario
    from agentsim.strategy.registry import parse

    firms = Scenario.load(study.experiment.scenario).firms
    role = who if who in ROLES else next(role for role in ROLES if who in firms[role])
    try:
        return parse(role, text).describe().summary
    except AgentsimError:
        return ""


def _as_main(study: Study, variant: str) -> bool:
    """Say whether a variant changes nothing, as where it names what is calibrated already."""
    places = [each.place for each in contexts(study, study.calm) if each.place.variant == variant]
    total = Claim(TOTAL, change=False)
    return bool(places) and all(
        np.array_equal(
            total.draws(study, place),
            total.draws(study, Place(place.shock, place.demand)),
            equal_nan=True,
        )
        for place in places
    )
