"""The manifest: what has to be known to get the same numbers again, and what it took."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import agentsim
from agentsim.batch.design import Experiment
from agentsim.batch.fingerprint import added_files, fingerprint
from agentsim.batch.plan import Plan
from agentsim.batch.store import writer

PACKAGES = (
    *("agentsim", "numpy", "scipy", "pandas", "pyarrow", "pydantic", "mesa", "networkx"),
    *("seaborn", "matplotlib", "duckdb", "tqdm", "click", "filelock"),
    *("SALib", "distributed", "ema-workbench"),
)
ENVIRONMENT = ("python", "packages", "platform", "cpu_features", "git")
"""Keys of a manifest that say what it was made by."""

MOST_DIFF = 200_000
"""Characters of what is not committed that a manifest keeps."""

SOURCES = ("agentsim/", "strategies/", "experiments/")
"""Folders in which a file that git does not know counts as a change."""

CODE = Path(agentsim.__file__).resolve().parents[1]


def now() -> datetime:
    """Return the time, by the world's clock."""
    return datetime.now(UTC)


def spec_hash(experiment: Experiment) -> str:
    """Return the SHA-256 of an experiment, whatever the order or comments of its file.

    Of a table of points it is the content that counts, and not where the file lies.
    """
    tables = experiment.to_dict()
    if file := experiment.sampling.file:
        tables["sampler"] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    text = json.dumps(tables, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def environment() -> dict[str, Any]:
    """Return versions, processor features and commit."""
    simd = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return {
        "python": platform.python_version(),
        "packages": {name: v for name in PACKAGES if (v := _version(name)) is not None},
        "platform": platform.platform(),
        "cpu_features": {"baseline": simd.get("baseline", []), "found": simd.get("found", [])},
        "git": commit(),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def commit(root: Path = CODE) -> dict[str, Any] | None:
    """Return commit, and what was changed since; None if this is no checkout.

    New files count where they could decide what comes out, and are in the difference with their text.
    """
    head = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    if head is None:
        return None
    changed = _names(_git(root, "diff", "HEAD", "--name-only", "-z"))
    new = _names(_git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *SOURCES))
    found: dict[str, Any] = {"commit": head.strip(), "dirty": bool(changed or new)}
    if changed or new:
        texts = [_git(root, "diff", "HEAD")]
        texts += [_git(root, "diff", "--no-index", "--", os.devnull, each) for each in new]
        diff = "".join(each or "" for each in texts)
        found["changed"] = [*changed, *new]
        found["diff"] = diff[:MOST_DIFF]
        found["diff_sha256"] = hashlib.sha256(diff.encode()).hexdigest()
        if len(diff) > MOST_DIFF:
            found["diff_left_out"] = len(diff) - MOST_DIFF
    return found


def _names(said: str | None) -> list[str]:
    return [each for each in (said or "").split("\0") if each]


def _git(root: Path, *words: str) -> str | None:
    """Return what git says; None if it says nothing of use."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, errors="replace",
            timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    # Files that differ are 1 to a diff of files outside the index, and no error.
    return done.stdout if done.returncode in (0, 1) else None


def opening(
    experiment: Experiment, plan: Plan, engine: str, workers: int, command: list[str] | None
) -> dict[str, Any]:
    """Return the manifest of a batch that begins now, or goes on."""
    return {
        "program": "agentsim",
        "status": "running",
        "experiment": experiment.to_dict(),
        "spec_sha256": spec_hash(experiment),
        "plan_key": plan.key,
        "model": fingerprint(plan.scenario, plan.cells),
        "added_strategies": added_files(plan.cells),
        "entropy": experiment.entropy,
        "luck": luck_of(plan),
        "cells": len(plan.cells),
        "chunk_runs": plan.chunk_runs,
        "engine": engine,
        "workers": workers,
        "command": command,
        "start": now().isoformat(timespec="seconds"),
        "writer": writer(),
        **environment(),
    }


def luck_of(plan: Plan) -> str:
    """Return which cells meet the same luck, in a word."""
    blocks = len(np.unique(plan.cells.block[plan.cells.own]))
    if blocks == 1:
        return "shared"
    return "independent" if blocks == len(plan.cells.own) else "block"


def closing(
    manifest: dict[str, Any],
    status: str,
    simulated: int,
    rows: int,
    failures: dict[str, Any],
    set_aside: dict[str, str],
    adaptive: dict[str, Any] | None,
    seconds: float,
) -> dict[str, Any]:
    """Return the manifest of a batch that ends now, complete or not.

    seconds: of this session and those before it.
    """
    sessions = [*manifest.get("sessions", []), session(manifest, status)]
    closed = {name: each for name, each in manifest.items() if name not in ("writer", "warnings")}
    return closed | {
        "status": status,
        "rows": rows,
        "runs_simulated": simulated,
        "failures": failures,
        "set_aside": set_aside,
        "adaptive": adaptive,
        "start": sessions[0]["start"],
        "end": sessions[-1]["end"],
        "seconds": round(seconds, 3),
        "sessions": sessions,
    }


def session(manifest: dict[str, Any], status: str, ended: bool = True) -> dict[str, Any]:
    """Return what a manifest keeps of the session that it was opened for.

    What it was made by is told where it is another than in the session before.
    """
    found = {name: manifest[name] for name in ("start", "engine", "workers", "command")}
    found |= {"end": now().isoformat(timespec="seconds") if ended else None, "status": status}
    if manifest.get("warnings"):
        found["warnings"] = manifest["warnings"]
    by = {name: manifest.get(name) for name in ENVIRONMENT}
    told = [each["environment"] for each in manifest.get("sessions", []) if "environment" in each]
    if not told or told[-1] != by:
        found["environment"] = by
    return found


def resumed(
    before: dict[str, Any], manifest: dict[str, Any], warnings: list[str]
) -> dict[str, Any]:
    """Return the manifest of a batch that goes on, with the sessions it has had."""
    sessions = before.get("sessions", [])
    if before.get("status") == "running":  # killed: it had no time to say that it ended
        sessions = [*sessions, session(before, "killed", ended=False)]
    keep = {"sessions": sessions, "seconds": before.get("seconds"), "warnings": warnings}
    return manifest | {name: each for name, each in keep.items() if each}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what differs between the environments of two manifests, in words."""
    found = []
    if before.get("python") != after.get("python"):
        found.append(f"Python {before.get('python')} -> {after.get('python')}")
    old, new = before.get("packages", {}), after.get("packages", {})
    for name in old:  # what only one of them has was of no use to the other
        if name in new and old[name] != new[name]:
            found.append(f"{name} {old[name]} -> {new[name]}")
    if before.get("cpu_features") != after.get("cpu_features"):
        found.append("other processor features")
    return found


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return why one batch is not the other, in words: the spec, or the model."""
    found = []
    one, other = before.get("experiment", {}), after.get("experiment", {})
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name):
            found.append(_change(name, one.get(name), other.get(name)))
    old, new = before.get("model"), after.get("model")
    if old is None:
        found.append("made by an older version of agentsim")
    elif old != new and new is not None:
        # Which strategies there are follows from who follows what, and that is told above.
        files = [
            each
            for each in dict.fromkeys([*old, *new])
            if old.get(each) != new.get(each)
            and ((each in old and each in new) or not each.startswith("strategies/"))
        ]
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        if files or not found:
            found.append(f"the model changed ({', '.join(files[:3])}{more})")
    return found


def _change(name: str, before: Any, after: Any) -> str:
    plain = (int, float, str)
    if isinstance(before, plain) and isinstance(after, plain):
        return f"{name} {before} -> {after}"
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [
            key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)
        ]
        return f"{name}: {', '.join(keys[:3])}{' ...' if len(keys) > 3 else ''}"
    return name
