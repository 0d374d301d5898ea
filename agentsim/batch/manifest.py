"""The manifest: what has to be known to get the same numbers again, and what it took."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import agentsim
from agentsim.batch.design import Experiment

PACKAGES = (
    *("agentsim", "numpy", "scipy", "pandas", "pyarrow", "pydantic", "mesa", "networkx"),
    *("seaborn", "matplotlib", "duckdb", "tqdm", "click"),
)

CODE = Path(agentsim.__file__).resolve().parents[1]


def now() -> datetime:
    """Return the time, by the world's clock."""
    return datetime.now(UTC)


def spec_hash(experiment: Experiment) -> str:
    """Return the SHA-256 of an experiment, whatever the order or comments of its file."""
    text = json.dumps(experiment.to_dict(), sort_keys=True, separators=(",", ":"))
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
    """Return commit and whether anything was changed since; None if this is no checkout."""
    if not (root / ".git").exists():
        return None
    head, changes = (
        _git(root, *words) for words in (["rev-parse", "HEAD"], ["status", "--porcelain"])
    )
    if head is None or changes is None:
        return None
    return {"commit": head, "dirty": changes != ""}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def manifest(
    experiment: Experiment,
    start: datetime,
    simulated: int,
    rows: int,
    cells: int,
    workers: int,
    failures: dict[str, Any],
    command: list[str] | None,
) -> dict[str, Any]:
    """Return the manifest of a batch that ends now."""
    end = now()
    seconds = (end - start).total_seconds()
    return {
        "program": "agentsim",
        "experiment": experiment.to_dict(),
        "spec_sha256": spec_hash(experiment),
        "entropy": experiment.entropy,
        "cells": cells,
        "rows": rows,
        "runs_simulated": simulated,
        "failures": failures,
        "workers": workers,
        "command": command,
        "start": start.isoformat(timespec="seconds"),
        "end": end.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "runs_per_second": round(simulated / seconds, 1) if seconds > 0 else None,
        **environment(),
    }
