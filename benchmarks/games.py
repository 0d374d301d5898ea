"""Speed of games, in ratios in one run: simulating one against a plain batch, solving against simulating.

python benchmarks/games.py
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import tempfile
import time
from pathlib import Path

import numpy as np

from agentsim import batch
from agentsim.games import Game
from agentsim.games.empirical import EmpiricalGame
from agentsim.games.empirical.found import found, write
from agentsim.games.empirical.playing import play

RUNS = 400
QUIET = {"progress": False, "say": lambda line: None}


def seconds(do):
    """Return how long something takes, and what it gives."""
    start = time.monotonic()
    given = do()
    return time.monotonic() - start, given


def main():
    """Measure, and print."""
    game = EmpiricalGame.read("escalator_game_symmetric")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        whole, played = seconds(lambda: found(play(game, out / "game", **QUIET)))
        told, _ = seconds(lambda: write(played, out / "tables"))
        plain = EmpiricalGame.read("escalator_game_symmetric").changed(settings={
            "sampling.fresh_runs": 0, "shock.efficiency.factor": 1, "demand_elasticity": 1.1,
        }).changed(runs=RUNS * 12)  # fmt: skip
        bare, _ = seconds(
            lambda: batch.run(plain.experiment(), out / "plain", chunk_runs=RUNS * 12, **QUIET)
        )
    runs = played.played.runs
    print(f"escalator_game_symmetric: {whole + told:.0f} s (goal 180): {runs:,} runs, "
          f"{played.played.sampled.runs:,} fresh, solving and tables included")  # fmt: skip
    print(
        f"  over a plain batch of as many runs in one condition ({bare:.0f} s): {(whole + told) / bare:.1f}"
    )
    rng = np.random.default_rng(0)
    times = [seconds(lambda: Game.from_payoffs(rng.normal(size=(4, 4, 4, 4, 4))).equilibria(gambit=False))[0]
             for _ in range(5)]  # fmt: skip
    print(f"default solvers, 4 players of 4 strategies: {max(times):.2f} s at most of 5 (goal 2), "
          f"{max(times) / bare:.3f} of that batch")  # fmt: skip


if __name__ == "__main__":
    main()
