"""Provenance: what two folders of results were asked for and made by, as far as that differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agentsim.batch.results import Results

if TYPE_CHECKING:
    import pandas as pd

EXECUTION = ("engine", "workers", "chunk_runs", "platform", "command")
"""What does not matter for the numbers."""
ONLY_A, ONLY_B, CHANGED = "only in the first", "only in the second", "changed"
ABSENT = "not set"


def spec(a: Results, b: Results) -> pd.DataFrame:
    """Return what was asked otherwise: key, before, after."""
    return _table(_spec(a, b), ("key", "before", "after"))


def model(a: Results, b: Results) -> pd.DataFrame:
    """Return which files of the model differ: file, change."""
    return _table(_model(a, b), ("file", "change"))


def environment(a: Results, b: Results) -> pd.DataFrame:
    """Return what else might move bits: what, before, after."""
    return _table(_environment(a, b), ("what", "before", "after"))


def execution(a: Results, b: Results) -> pd.DataFrame:
    """Return how it was run otherwise, which does not matter for the numbers: what, before, after."""
    return _table(_execution(a, b), ("what", "before", "after"))


def commit(git: Mapping[str, Any] | None) -> str | None:
    """Return a commit as a manifest has it, in short; None where there was no checkout."""
    if not git or not git.get("commit"):
        return None
    return str(git["commit"])[:7] + (" and changes" if git.get("dirty") else "")


def shown(value: Any) -> str:
    """Return a value of a spec in one line; text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _table(rows: Iterator[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns), dtype=object)


def _spec(a: Results, b: Results) -> Iterator[tuple[str, Any, Any]]:
    one, other = (dict(_flat("", _asked(each))) for each in (a, b))
    count = 0
    for key in dict.fromkeys([*one, *other]):
        before, after = one.get(key, ABSENT), other.get(key, ABSENT)
        if before != after or type(before) is not type(after):
            count += 1
            yield key, before, after
    told = [each.manifest.get("spec_sha256") for each in (a, b)]
    if not count and told[0] != told[1]:
        yield "sampler.file", "its points", "other points"


def _asked(results: Results) -> dict[str, Any]:
    """Return the tables of an experiment, the sampler always as one."""
    sampler = results.experiment.sampler
    table = {"kind": sampler} if isinstance(sampler, str) else sampler
    return results.experiment.model_dump() | {"sampler": table}


def _flat(prefix: str, given: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested tables by dotted name; tables in lists go by name or place."""
    if isinstance(given, Mapping):
        for name, each in given.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), each)
    elif isinstance(given, (list, tuple)) and any(isinstance(each, Mapping) for each in given):
        for place, each in enumerate(given):
            name = each.get("name", each.get("kind", place)) if isinstance(each, Mapping) else place
            several = sum(
                isinstance(other, Mapping) and other.get("kind") == name for other in given
            )
            yield from _flat(f"{prefix}.{name}" + (f".{place}" if several > 1 else ""), each)
    elif given is not None:
        yield prefix, list(given) if isinstance(given, tuple) else given


def _model(a: Results, b: Results) -> Iterator[tuple[str, str]]:
    old, new = (each.manifest.get("model") or {} for each in (a, b))
    for file in sorted({*old, *new}):
        if old.get(file) != new.get(file):
            yield file, ONLY_B if file not in old else ONLY_A if file not in new else CHANGED


def _environment(a: Results, b: Results) -> Iterator[tuple[str, str, str]]:
    one, other = a.manifest, b.manifest

    def pair(what: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
        if before != after:
            told = ["none" if each is None else str(each) for each in (before, after)]
            yield what, told[0], told[1]

    yield from pair("Python", one.get("python"), other.get("python"))
    old, new = (each.get("packages") or {} for each in (one, other))
    for name in dict.fromkeys([*old, *new]):
        yield from pair(name, old.get(name), new.get(name))
    for which in ("baseline", "found"):
        features = [(each.get("cpu_features") or {}).get(which) for each in (one, other)]
        told = [" ".join(each) if each else None for each in features]
        yield from pair(f"processor features, {which}", *told)
    before, after = (each.get("git") or {} for each in (one, other))
    yield from pair("commit", commit(before), commit(after))
    texts = [each.get("diff_sha256", each.get("diff")) for each in (before, after)]
    if commit(before) == commit(after) and before.get("dirty") and texts[0] != texts[1]:
        yield "what is not committed", "one state", "another state"


def _execution(a: Results, b: Results) -> Iterator[tuple[str, str, str]]:
    for name in EXECUTION:
        before, after = a.manifest.get(name), b.manifest.get(name)
        if before != after:
            told = [" ".join(x) if isinstance(x, list) else str(x) for x in (before, after)]
            yield name, told[0], told[1]
