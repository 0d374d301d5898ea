"""Sections: the parts of the report besides its figures, each a list of HTML."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report import answers, certainty
from agentsim.report.markup import Html, cell, el, table
from agentsim.report.measures import (
    customers_share,
    drivers,
    escalation,
    noise_level,
    share_change,
    value,
)
from agentsim.report.study import SPLIT, TOTAL, Study
from agentsim.report.variant_figures import BASE, place, shocks_of
from agentsim.report.words import (
    UNITS,
    number,
    percent,
    percent_interval,
    plain,
    points_interval,
)

if TYPE_CHECKING:
    from agentsim.batch.intervals import Interval

DEVIATIONS = el(
    "p",
    "The cells above have all hyperscalers do the same. Here one of them does something else than "
    "the rest, under every shock and elasticity: what it gains by that is what drives, or stops, a "
    "race. Of two postures the mild one is the less, the fierce one the more aggressive.",
)


def subtitle(study: Study) -> str:
    """Say in a line what was simulated."""
    e = study.experiment
    cells = study.results.manifest.get("cells", "?")
    runs = study.results.manifest.get("runs_simulated", len(study.runs))
    what = f"{runs:,}" if isinstance(runs, int) else str(runs)
    return (
        f"{what} simulated markets of the calibration {e.scenario}: {cells} cells of {study.count} "
        f"runs, {e.horizon} quarters and the run-off after them."
    )


def answer(study: Study) -> list[Html]:
    """Return the answer, what its intervals cover, and how often each sign holds."""
    found = answers.answer(study)
    sentences = [el("p", each) for each in found.sentences if each]
    shocks, rows = certainty.signs(study)
    heads = ["share of draws in which …", *(study.shock.words(each) or "all" for each in shocks)]
    body = [[text, *(percent(each, 0) for each in shares)] for text, shares in rows]
    return [
        el("section", el("h2", found.question), *sentences, class_="answer"),
        *(el("p", each, class_="coverage") for each in (found.run_off, found.coverage) if each),
        table(heads, body, f"How often each sign holds {study.setting()}".rstrip() + "."),
    ]


def headline(study: Study) -> list[Html]:
    """Return value by layer and customers' share for every posture and shock."""
    axes = [axis for axis in (study.posture, study.shock) if axis.column is not None]
    heads = [axis.title for axis in axes]
    heads += ["customers' share", *SPLIT.values(), "total surplus"]
    rows = []
    for posture in study.posture.levels:
        for first, shock in enumerate(study.shock.levels):
            key = (posture, shock, study.reference)
            labels: list[str | Html] = [
                axis.short(level)
                for axis, level in ((study.posture, posture), (study.shock, shock))
                if axis.column is not None
            ]
            if first and len(labels) > 1:
                labels[0] = ""
            amounts = [_amount(value(study, name, key)) for name in (*SPLIT, TOTAL)]
            share = customers_share(study, key)
            rows.append([*labels, _share(share), *amounts])
    where = study.setting()
    caption = (
        f"Present value in $bn{', ' + where if where else ''}: mean over {study.count} runs, and "
        "below it the 95% interval. Total surplus is the sum of the layers; resources burnt are "
        "what was used up to make it and are no part of it."
    )
    return [table(heads, rows, caption, labels=len(axes)), *_postures(study)]


def _postures(study: Study) -> list[Html]:
    """Return what each posture does, in its strategy's own words."""
    from agentsim.parameters import ROLES
    from agentsim.scenario import Scenario
    from agentsim.strategy.registry import parse

    column = study.posture.column
    if column is None or not column.startswith("lineup."):
        return []
    who = column.partition(".")[2]
    firms = Scenario.load(study.experiment.scenario).firms
    role = who if who in ROLES else next(role for role in ROLES if who in firms[role])
    items = [
        el(
            "li",
            el("strong", study.posture.words(level)),
            ": ",
            parse(role, str(level)).describe().summary,
        )
        for level in study.posture.levels
        if str(level) != "calibrated"
    ]
    return [el("p", "What the postures do:"), el("ul", *items)]


def variants(study: Study) -> list[Html]:
    """Return what escalation does to customers' share, and the hyperscalers' value, in each variant."""
    if len(study.posture) < 2:
        return []
    shocks = shocks_of(study)
    heads = ["assumption"]
    for shock in shocks:
        words = study.shock.words(shock)
        heads += [
            f"share when {study.doing(study.fierce)}, {words}",
            f"change by {study.move}, {words}",
            f"hyperscalers, $bn, {words}",
        ]
    rows = []
    for name in (None, *study.variants):
        row: list[str | Html] = [BASE if name is None else name]
        for shock in shocks:
            where = study.reference if name is None else place(study, name, study.fierce, shock)
            before, after = (study.mild, shock, where), (study.fierce, shock, where)
            row.append(_share(customers_share(study, after, name)))
            moved = share_change(study, before, after, (name, name))
            head, _, bracket = points_interval(moved).partition(" points ")
            row.append(cell(f"{head.removesuffix(' points')} points", bracket))
            row.append(_amount(value(study, "hyperscaler_value", after, name)))
        rows.append(row)
    caption = (
        f"Customers' share when {study.doing(study.fierce)}, how {study.move} from "
        f"{study.posture.words(study.mild)} changes it, and what hyperscalers are left with; 95% "
        "intervals."
    )
    return [table(heads, rows, caption)]


def uncertain(study: Study) -> list[Html]:
    """Return the marked ranges that matter most; nothing if none were drawn."""
    draws = study.results.draws
    if len(draws.columns) < 2 or len(draws) < 10:
        return []
    before, after = escalation(study, study.calm)
    share = study.x("customer_share", *after)
    columns = {
        "customers' share": share,
        "hyperscalers' value": study.x("hyperscaler_value", *after),
    }
    if len(study.posture) > 1:
        columns[f"customers' share gained by {study.move}"] = share - study.x(
            "customer_share", *before
        )
    found = drivers(study, columns)
    weak = noise_level(study.count)
    rows: list[list[str | Html]] = []
    for each in found:
        unit = UNITS.get(each.name.rpartition(".")[2], "1")
        rows.append(
            [
                _name(each.name),
                f"{each.low:,.4g} to {each.high:,.4g}",
                "" if unit == "1" else unit,
                *(
                    el(
                        "td",
                        number(r, 2, plus=True),
                        class_="number weak" if abs(r) < weak else "number",
                    )
                    for r in each.correlations.values()
                ),
            ]
        )
    posture = study.doing(study.fierce) if study.posture.column is not None else ""
    text = (
        "Assumptions and published figures with a margin of error are drawn afresh in every run. "
        "The table ranks them by how closely outcomes rank with them (Spearman's rank correlation "
        f"over the draws{', ' + posture if posture else ''}, "
        f"{study.shock.words(study.calm) or 'main design'} {study.setting()}). +1 or −1 would mean "
        f"that the draw alone decides; what is below {weak:.2f} (set in grey) cannot be told from "
        "chance. With so many ranges some unrelated ones will exceed it."
    )
    heads = ["assumption", "range drawn", "unit", *columns]
    return [el("p", text), table(heads, rows, labels=3)]


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
        "fleet is left. The table shows how much of the value comes from there.",
        "Vendors' and memory makers' profit on other buyers of chips is left out of all this, as no "
        "customer value stands behind it in the model. Shares are ratios of means, not means of "
        "ratios, which runs with little to share would rule; for the same reason customers' share "
        "is not cut off at one. docs/model.md has every law, and the sources of every figure are "
        f"listed by the command agentsim calibration {study.experiment.scenario}.",
    ]
    names = [*SPLIT, TOTAL]
    heads = [
        study.posture.title or "lineup",
        "counted",
        *(SPLIT | {TOTAL: "total surplus"}).values(),
    ]
    rows: list[list[str | Html]] = []
    for posture in study.posture.levels:
        key = (posture, study.calm, study.reference)
        for label, suffix in (("with run-off", ""), ("to the horizon", "_to_horizon")):
            first = (study.posture.words(posture) or "as calibrated") if not suffix else ""
            amounts = [_amount(value(study, name + suffix, key)) for name in names]
            rows.append([first, label, *amounts])
    caption = (
        f"Present value in $bn with and without the run-off, "
        f"{study.shock.words(study.calm) or 'main design'} {study.setting()}; 95% intervals."
    )
    return [*(el("p", each) for each in text), table(heads, rows, caption, labels=2)]


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
        "run (outcomes.parquet), what each run drew (draws.parquet), the series (series.parquet), "
        "a summary (summary.csv), the manifest (manifest.json) and the figures (PNG and SVG)."
    )
    spec = json.dumps(study.experiment.to_dict(), indent=2, ensure_ascii=False)
    # What holds nothing but numbers and words goes on one line.
    spec = re.sub(r"[\[{]\s[^\[\]{}]*[\]}]", lambda found: " ".join(found[0].split()), spec)
    return [
        el("p", promise),
        table(["", ""], [[name, el("td", str(text), class_="text")] for name, text in rows]),
        el("h3", "The experiment in full"),
        el("pre", spec),
    ]


def _count(manifest: dict[str, Any], study: Study) -> int:
    return int(manifest.get("runs_simulated", len(study.runs)))


def _words(why: str) -> str:
    return why.removeprefix("failed: ").removeprefix("failed ")


def _amount(interval: Interval) -> Html:
    """Return $bn over its interval, with as many decimals as small amounts need."""
    middle = float(interval.value)
    digits = 0 if abs(middle) >= 10.0 else 1
    bracket = ""
    if np.isfinite(interval.low):
        bracket = f"[{number(interval.low, digits)}, {number(interval.high, digits)}]"
    return cell(number(middle, digits), bracket)


def _share(interval: Interval) -> Html:
    head, _, bracket = percent_interval(interval).partition(" ")
    return cell(head, bracket, share=True)
