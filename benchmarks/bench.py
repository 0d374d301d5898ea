"""How fast it is, on one core: `make bench`, or `python benchmarks/bench.py --quick`.

Times are CPU time of this process, the best of several repeats, since other work on the machine
only ever adds. A run is one simulated market, 40 quarters, with outcomes and the run-off.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mesa
import numpy as np

from agentsim import asking, ledger, outcomes, quarter, simulation
from agentsim.authoring.answers import answers
from agentsim.authoring.worlds import all_kinds
from agentsim.laws.numerics import quiet
from agentsim.lineup import resolve
from agentsim.market import Market
from agentsim.randomness import Randomness
from agentsim.scenario import Scenario
from agentsim.simulation import Simulation
from agentsim.strategy.params import declared, with_values

QUARTERS = 40
POSTURES = "best_response cartel competitive escalate match restrain scaled"
LINEUPS = ("calibrated", *POSTURES.split())  # and not what somebody may have added
CHUNKS = (250, 500, 1000, 2000, 4000)
CHUNK = 2000
SCENARIO = Scenario.load("2025Q4")
FIRMS = sum(len(names) for names in SCENARIO.firms.values())

# Goals on one core. They are reported, not enforced: a machine under load misses them.
GOAL_RUN = 125.0  # microseconds a run
GOAL_MESA = 0.25  # of an empty Mesa model's time
GOAL_INTERACTIVE = 50.0  # milliseconds
GOAL_PLAIN = 5.0  # microseconds a firm, run and quarter


def simulate(lineup: str, runs: int, scenario: Scenario = SCENARIO) -> Simulation:
    """Run a chunk to the horizon, outcomes included."""
    sim = Simulation(scenario, resolve(lineup, SCENARIO.firms), np.arange(runs), 1, (), QUARTERS)
    sim.run()
    sim.outcomes()
    return sim


def best(work: Callable[[], object], repeats: int) -> float:
    """Return the least CPU seconds that `work` took."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'-' * len(text)}")


def goal(met: bool, text: str) -> str:
    """Say whether a goal is met."""
    return f"goal {text}: {'met' if met else 'MISSED'}"


def speed_of_lineups(repeats: int) -> tuple[float, float]:
    """Print the time of a run for each lineup; return the slowest, and that when drawn, in us."""
    title(f"A run, in chunks of {CHUNK:,} (one core, {FIRMS} firms, {QUARTERS} quarters)")
    print(
        f"{'lineup':16}{'us a run':>10}{'runs a second':>15}{'ns a firm-quarter':>19}{'drawn, us':>12}"
    )
    slowest, slowest_drawn = 0.0, 0.0
    drawn = SCENARIO.with_draws(SCENARIO.draw(CHUNK, 1))
    for lineup in LINEUPS:
        # Mesa's time below is the least of many more repeats, which meet a quiet moment.
        seconds = best(lambda lineup=lineup: simulate(lineup, CHUNK), 3 * repeats) / CHUNK
        each = seconds * 1e9 / (FIRMS * QUARTERS)
        apart = best(lambda lineup=lineup: simulate(lineup, CHUNK, drawn), repeats) / CHUNK
        slowest, slowest_drawn = max(slowest, seconds * 1e6), max(slowest_drawn, apart * 1e6)
        print(
            f"{lineup:16}{seconds * 1e6:10.1f}{1.0 / seconds:15,.0f}{each:19.1f}{apart * 1e6:12.1f}"
        )
    print("drawn: every marked range drawn apart for each run, as in an experiment")
    print(goal(slowest <= GOAL_RUN, f"at most {GOAL_RUN:.0f} us a run"))
    print(goal(slowest_drawn <= GOAL_RUN, f"at most {GOAL_RUN:.0f} us a run when drawn"))
    return slowest, slowest_drawn


def speed_of_chunks(repeats: int) -> None:
    """Print the time of a run by chunk size."""
    title("Chunk sizes (calibrated lineup)")
    print(f"{'runs in a chunk':16}{'us a run':>10}{'ms a chunk':>12}")
    for runs in CHUNKS:
        seconds = best(lambda runs=runs: simulate("calibrated", runs), repeats)
        print(f"{runs:<16,}{seconds / runs * 1e6:10.1f}{seconds * 1e3:12.1f}")


# What is timed for the shares: where it lives, its name there, and what it is called below.
STEPS: tuple[tuple[object, str, str], ...] = (
    (simulation, "open_market", "opening books"),
    (Simulation, "_luck", "luck"),
    (quarter, "technology_moves", "1 technology moves"),
    (asking.Asking, "__call__", "2, 3 looks and choices"),
    (quarter, "credit_clears", "4 credit clears"),
    (quarter, "memory_and_chips_clear", "5 memory and chips clear"),
    (quarter, "power_and_shells", "6 power and shells"),
    (quarter, "services_clear", "7 services clear"),
    (quarter, "models_improve", "7 models improve"),
    (quarter, "books_close", "8 books close"),
    (ledger.Ledger, "__call__", "9 ledger"),
    (outcomes.Counts, "add", "9 counts"),
    (Simulation, "outcomes", "run-off and outcomes"),
)
LAWS: tuple[tuple[str, str], ...] = (
    ("services", "settle"),
    ("services", "log_weights"),
    ("demand", "surplus"),
    ("demand", "gross_value"),
    ("technology", "next_quality"),
    ("technology", "place_training"),
    ("chips", "spending_shares"),
    ("memory", "price"),
    ("power", "shells_wanted"),
    ("credit", "clear"),
)


class Stopwatch:
    """Adds up the time spent in functions, while it is switched on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.undo: list[tuple[object, str, object]] = []

    def watch(self, place: object, name: str, label: str) -> None:
        """Time every call of a function from now on."""
        function = getattr(place, name)

        def timed(*given: object, **named: object) -> object:
            start = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                spent = time.perf_counter() - start
                self.seconds[label] = self.seconds.get(label, 0.0) + spent

        self.undo.append((place, name, function))
        setattr(place, name, timed)

    def stop(self) -> None:
        """Put the functions back."""
        for place, name, function in reversed(self.undo):
            setattr(place, name, function)


def shares(repeats: int) -> None:
    """Print where the time goes, in a pass of its own."""
    watches: list[tuple[str, Callable[[Stopwatch], None]]] = [
        ("Where the time goes, by step", lambda w: [w.watch(*step) for step in STEPS]),
        ("Of the same total, within some laws", lambda w: [
            w.watch(importlib.import_module(f"agentsim.laws.{law}"), name, f"{law}.{name}")
            for law, name in LAWS
        ]),
    ]  # fmt: skip
    for heading, install in watches:
        least: dict[str, float] = {}
        whole = float("inf")
        for _ in range(repeats):
            stopwatch = Stopwatch()
            install(stopwatch)
            start = time.perf_counter()
            simulate("calibrated", CHUNK)
            whole = min(whole, time.perf_counter() - start)
            stopwatch.stop()
            for label, seconds in stopwatch.seconds.items():
                least[label] = min(least.get(label, float("inf")), seconds)
        title(f"{heading} (calibrated lineup, {CHUNK:,} runs, wall time)")
        print(f"{'':28}{'us a run':>10}{'share':>8}")
        for label, seconds in least.items():
            print(f"{label:28}{seconds / CHUNK * 1e6:10.1f}{seconds / whole:8.1%}")
        if heading.endswith("step"):
            rest = whole - sum(least.values())
            print(f"{'the rest':28}{rest / CHUNK * 1e6:10.1f}{rest / whole:8.1%}")


class EmptyAgent(mesa.Agent):
    """Does nothing."""

    def step(self) -> None:
        """Do nothing."""


class EmptyModel(mesa.Model):
    """As many agents as the market has firms, which do nothing each quarter."""

    def __init__(self) -> None:
        super().__init__(rng=1)
        EmptyAgent.create_agents(self, FIRMS)

    def step(self) -> None:
        """Let every agent do nothing."""
        self.agents.do("step")


def against_an_empty_mesa_model(slowest: float, slowest_drawn: float, repeats: int) -> None:
    """Print how a run compares with Mesa doing nothing for as many firms and quarters."""

    def play() -> None:
        model = EmptyModel()
        for _ in range(QUARTERS):
            model.step()

    microseconds = best(play, 30 * repeats) * 1e6
    ratio = slowest / microseconds
    title("Against an empty Mesa model")
    print(f"{FIRMS} agents that do nothing, {QUARTERS} steps: {microseconds:.0f} us")
    print(f"the slowest lineup takes {ratio:.3f} of that, luck, laws, ledger and run-off included,")
    print(
        f"in chunks of {CHUNK:,} with common parameters; {slowest_drawn / microseconds:.2f} when drawn"
    )
    print(goal(ratio <= GOAL_MESA, f"at most {GOAL_MESA} of it"))


def interactive(repeats: int) -> None:
    """Print the time of a single market as a user would run it."""
    milliseconds = best(lambda: Market("2025Q4", rng=1).run(), 2 * repeats) * 1e3
    title("A single market, every firm recorded")
    print(f'Market("2025Q4").run(), construction included: {milliseconds:.0f} ms')
    print(goal(milliseconds <= GOAL_INTERACTIVE, f"at most {GOAL_INTERACTIVE:.0f} ms"))


def plain_numbers(repeats: int) -> None:
    """Print what a strategy in plain numbers costs, beside the same one on arrays."""
    title("Strategies in plain numbers (us a firm, run and quarter; 6 firms, 500 runs)")
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    try:
        from rules_in_both import BOTH
    except ImportError:
        print("tests/rules_in_both is not here: left out")
        return
    print(f"{'rule':16}{'on arrays':>12}{'plain':>8}{'plain, swept':>14}")
    slowest = 0.0
    for role, (arrays, plain) in BOTH.items():
        times = []
        swept = {name: np.full((6, 500), each.default) for name, each in declared(plain).items()}
        for strategy in (arrays(), plain(), with_values(plain(), swept)):
            worlds = all_kinds(role, 500, 2, firms=6)
            seconds = best(lambda s=strategy, w=worlds: answers(s, w), 2 * repeats)
            times.append(seconds / (2 * 500 * 6) * 1e6)
        slowest = max(slowest, *times[1:])
        print(f"{arrays.__name__:16}{times[0]:12.3f}{times[1]:8.2f}{times[2]:14.2f}")
    print("with memory, luck and what all firms show; swept: parameters that differ in each run")
    print(goal(slowest <= GOAL_PLAIN, f"at most {GOAL_PLAIN:.0f} us"))


def against_mesa_batch_run(slowest: float, iterations: int) -> None:
    """Print how a run compares with `mesa.batch_run` over the same laws in plain Python."""
    title("Against mesa.batch_run over plain Python")
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    try:
        from slow_quarter import Market as PlainMarket
        from slow_quarter import compare
    except ImportError:
        print("tests/slow_quarter is not here: left out")
        return
    played = []
    sim = Simulation(SCENARIO, resolve(None, SCENARIO.firms), np.arange(1), 1, (), QUARTERS)
    for number in range(1, QUARTERS + 1):
        sim.step()
        played.append((compare.choices(sim, 0), *compare.luck(sim, number, 0)))

    class PlainModel(mesa.Model):
        """The plain market in Mesa's clothes."""

        def __init__(self, rng: int | None = None) -> None:
            super().__init__(rng=rng)
            self.market = PlainMarket(SCENARIO)
            self.datacollector = mesa.DataCollector(
                model_reporters={"total_surplus": lambda m: m.market.outcomes()["total_surplus"]}
            )

        def step(self) -> None:
            self.market.step(*played[self.market.m.quarter])
            if self.market.m.quarter == QUARTERS:
                self.datacollector.collect(self)
                self.running = False

    results = []

    def batch() -> None:
        seeds = list(range(iterations))
        results[:] = mesa.batch_run(
            PlainModel,
            {},
            number_processes=1,
            rng=seeds,
            max_steps=QUARTERS,
            display_progress=False,
        )

    microseconds = best(batch, 1) / iterations * 1e6
    same = results[0]["total_surplus"] / float(sim.outcomes()["total_surplus"][0])
    print(
        "The model's second implementation (tests/slow_quarter): the same laws, ledger and run-off"
    )
    print(
        "in floats and loops, one run at a time, as a Mesa model for mesa.batch_run, one process."
    )
    print(
        "The firms' choices and the luck of one run are replayed, so strategies cost nothing there."
    )
    print(
        f"{iterations} runs: {microseconds / 1e3:.1f} ms a run, {microseconds / slowest:.0f} times"
    )
    print(f"the slowest lineup here; total surplus agrees to {abs(same - 1.0):.0e}")


def memory(counts: tuple[int, ...]) -> None:
    """Print the peak memory of processes that run different numbers of chunks."""
    title(f"Memory (peak of a process that runs chunks of {CHUNK:,}, calibrated lineup)")
    print(f"{'chunks':8}{'MB':>8}")
    peaks = []
    for count in counts:
        command = [sys.executable, __file__, "--chunks-only", str(count)]
        peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        peaks.append(float(peak))
        print(f"{count:<8}{peaks[-1]:8.0f}")
    flat = peaks[-1] <= 1.05 * peaks[0]
    print(goal(flat, f"{counts[-1]} chunks take at most 5% more than 1"))


def run_chunks(count: int) -> None:
    """Run so many chunks and print this process's peak memory in MB."""
    for _ in range(count):
        simulate("calibrated", CHUNK)
    print(peak_memory())


def peak_memory() -> float:
    """Return this process's peak memory, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says on Linux includes the parent's, from before exec
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def luck_of_a_run(repeats: int) -> None:
    """Print what the random numbers of a run cost."""
    randomness = Randomness(1, np.arange(CHUNK))
    streams = [("demand", None), ("quality", len(SCENARIO.firms["hyperscaler"]))]
    seconds = best(lambda: randomness.normals_of(range(1, 9), streams), 5 * repeats)
    print(
        f"Random numbers: {seconds / CHUNK / 8 * QUARTERS * 1e6:.1f} us a run of {QUARTERS} quarters"
    )


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats: a rough picture")
    parser.add_argument("--chunks-only", type=int, metavar="N", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.chunks_only is not None:
        run_chunks(given.chunks_only)
        return
    repeats = 3 if given.quick else 10
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, Mesa {mesa.__version__}")
    a, b = np.ones((6, 1000)), np.ones((6, 1000))

    def products() -> None:
        for _ in range(1000):
            a * b

    print(f"a product of two arrays of 6 x 1,000 takes {best(products, repeats) * 1e3:.1f} us now")
    simulate("calibrated", 10)  # warm up
    slowest, slowest_drawn = speed_of_lineups(repeats)
    speed_of_chunks(max(repeats // 2, 2))
    shares(repeats)
    luck_of_a_run(repeats)
    against_an_empty_mesa_model(slowest, slowest_drawn, repeats)
    interactive(repeats)
    with quiet():
        plain_numbers(repeats)
    against_mesa_batch_run(slowest, 3 if given.quick else 20)
    memory((1, 3) if given.quick else (1, 5, 20))


if __name__ == "__main__":
    main()
