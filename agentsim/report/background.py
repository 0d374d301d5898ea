"""Background: what is uncertain, how value is counted, where the numbers come from."""

from __future__ import annotations

import json
import re
from typing import Any

from agentsim.laws.numerics import Array
from agentsim.report.claims import HORIZON, Claim, home
from agentsim.report.headline_tables import amount
from agentsim.report.markup import Html, el, table
from agentsim.report.measures import HYPERSCALERS, SHARE, drivers, null_bound
from agentsim.report.spread import spread
from agentsim.report.study import SPLIT, TOTAL, Study
from agentsim.report.words import UNITS, number, plain


def uncertain(study: Study) -> list[Html]:
    """Return the marked ranges that matter most; nothing if none were drawn."""
    draws = study.results.draws
    if len(draws.columns) < 2 or len(draws) < 10:
        return []
    columns = _explained(study)
    bound = null_bound(study)
    found = [each for each in drivers(study, columns) if each.strength >= bound]
    rows: list[list[str | Html]] = []
    for each in found:
        unit = UNITS.get(each.name.rpartition(".")[2], "1")
        rows.append(
            [
                _name(each.name),
                f"{each.low:,.4g} to {each.high:,.4g}",
                "" if unit == "1" else unit,
                *(_correlation(r, bound) for r in each.correlations.values()),
            ]
        )
    posture = study.doing(study.fierce) if study.posture.column is not None else ""
    ranges = len(draws.columns) - 1
    text = (
        "Assumptions and published figures with a margin of error are drawn afresh in every draw. "
        "The table ranks them by how closely outcomes rank with them (Spearman's rank correlation "
        f"over the draws{', ' + posture if posture else ''}, "
        f"{study.shock.words(study.calm) or 'main design'} {study.setting()}). +1 or −1 would mean "
        f"that one assumption alone decides. The largest of {ranges} correlations with mere chance "
        f"stays below {bound:.2f} in 19 of 20 permutations of the {study.count} draws: smaller ones "
        "are set in grey, and assumptions that reach it nowhere are left out."
    )
    if not rows:
        return [el("p", f"{text} None reaches it.")]
    return [el("p", text), table(["assumption", "range drawn", "unit", *columns], rows, labels=3)]


def _explained(study: Study) -> dict[str, Array]:
    """Return the outcomes that assumptions are ranked with, by draw."""
    place = home(study)
    columns = {
        "customers' share": Claim(SHARE, change=False).draws(study, place),
        "hyperscalers' value": Claim(HYPERSCALERS, change=False).draws(study, place),
    }
    if len(study.posture) > 1:
        moved = {"customers' share": SHARE, "hyperscalers' value": HYPERSCALERS}
        for name, outcome in moved.items():
            columns[f"change of {name} by {study.move}"] = Claim(outcome).draws(study, place)
    return columns


def _correlation(r: float, bound: float) -> Html:
    """Return a rank correlation, in grey where chance would do."""
    weak = " weak" if not abs(r) >= bound else ""
    return el("td", number(r, 2, plus=True), class_=f"number{weak}")


def _name(name: str) -> str:
    owner, _, parameter = name.rpartition(".")
    return f"{plain(parameter)} ({plain(owner)})" if owner else plain(parameter)


def method(study: Study) -> list[Html]:
    """Return how values are discounted, and the headline with and without the run-off."""
    text = [
        "The value of a layer is the sum of its cash over the quarters of the simulation and the "
        "run-off after them, discounted to the base date at the funding rate. Payments between "
        "layers cancel: what one pays another gets. Customers' surplus is what services are worth "
        "to them less what they pay, up to the price of doing the same work without AI.",
        "After the last quarter nobody orders any more: what is under way arrives, fleets wear out, "
        "technology, demand and prices stand still, and services go on until less than 2% of the "
        "fleet is left. No debt is settled at the horizon: in what is counted to the horizon, loans "
        "outstanding are the borrowers'. With the run-off, debts are settled from cash, what fleets "
        "still earn and what the core business can carry.",
        "Vendors' and memory makers' profit on other buyers of chips is left out of all this, as no "
        "customer value stands behind it in the model. Shares are ratios of means, not means of "
        "ratios, which runs with little to share would rule; for the same reason customers' share "
        "is not cut off at one. docs/model.md has every law, and the sources of every figure are "
        f"listed by the command agentsim calibration {study.experiment.scenario}.",
    ]
    heads = [study.posture.title or "lineup", *(SPLIT | {TOTAL: "total surplus"}).values()]
    rows: list[list[str | Html]] = []
    for posture in study.posture.levels:
        key = (posture, study.calm, study.reference)
        amounts = [amount(spread(study.x(name + HORIZON, *key))) for name in (*SPLIT, TOTAL)]
        rows.append([study.posture.words(posture) or "as calibrated", *amounts])
    caption = (
        "Present value in $bn to the horizon alone, "
        f"{study.shock.words(study.calm) or 'main design'} {study.setting()}: mean, its 95% "
        "interval and the median."
    )
    return [*(el("p", each) for each in text), table(heads, rows, caption)]


def provenance(study: Study) -> list[Html]:
    """Return what is needed to get the same numbers again."""
    m = study.results.manifest
    git = m.get("git") or {}
    commit = str(git.get("commit", "not known"))
    if git.get("dirty"):
        commit += ", with changes since"
    failures = m.get("failures", {})
    cpu = m.get("cpu_features", {})
    seconds = m.get("seconds")
    rows = [
        ("experiment", study.experiment.name),
        ("SHA-256 of its specification", m.get("spec_sha256", "not known")),
        ("entropy", m.get("entropy", study.experiment.entropy)),
        ("commit", commit),
        ("command", " ".join(m.get("command") or []) or "not known"),
        ("begun", m.get("start", "not known")),
        ("took", f"{seconds:.0f} s with {m.get('workers')} workers" if seconds else "not known"),
        ("failed runs", f"{failures.get('runs', study.failed):,} of {_count(m, study):,}"),
        *((f"failed: {_words(why)}", count) for why, count in failures.get("reasons", {}).items()),
        ("Python", m.get("python", "not known")),
        ("packages", ", ".join(f"{k} {v}" for k, v in m.get("packages", {}).items())),
        ("platform", m.get("platform", "not known")),
        ("processor features", " ".join([*cpu.get("baseline", []), *cpu.get("found", [])])),
    ]
    promise = (
        "The same specification, entropy, commit and processor features give the same numbers to "
        "the last bit, whatever the number of workers. Beside this page lie the outcomes of every "
        "run (outcomes/), what each run drew (draws.parquet), the series that were kept (series/), "
        "a summary (summary.csv), the manifest (manifest.json) and the figures (PNG and SVG)."
    )
    spec = json.dumps(study.experiment.to_dict(), indent=2, ensure_ascii=False)
    # What holds nothing but numbers and words goes on one line.
    spec = re.sub(r"[\[{]\s[^\[\]{}]*[\]}]", lambda found: " ".join(found[0].split()), spec)
    facts = table(["", ""], [[name, el("td", str(text), class_="text")] for name, text in rows])
    return [
        el("p", promise),
        el("details", el("summary", "Commit, versions and processor"), facts),
        el("details", el("summary", "The experiment in full"), el("pre", spec)),
    ]


def _count(manifest: dict[str, Any], study: Study) -> int:
    return int(manifest.get("runs_simulated", len(study.runs)))


def _words(why: str) -> str:
    return why.removeprefix("failed: ").removeprefix("failed ")
