"""The file that `agentsim new experiment` writes: an experiment that runs, every key explained."""

from __future__ import annotations

from string import Template


def experiment(name: str, file: str) -> str:
    """Return the text of an experiment of this name, for a file that a command line calls `file`.

    What is no part of the experiment as it stands are examples: lines that begin with `#` and go
    on without a blank, each of them TOML once the `#` is gone.
    """
    return TEXT.substitute(name=name, file=file)


TEXT = Template("""\
# What does this experiment ask? Say it here.
#
#     agentsim plan $file
#     agentsim run $file
#
# An experiment is a set of cells. A cell is one combination of factors; in each cell the market
# is simulated `runs` times. Run 17 meets the same luck and the same marked ranges in every cell,
# so that two cells differ by what was changed about them and by nothing else.
#
# This file runs as it stands. Lines that begin with # and go on without a blank are examples:
# take the # away to use one.

name = "$name"  # results go to results/$name
scenario = "2025Q4"             # `agentsim calibration 2025Q4` prints it with its sources
runs = 50                       # simulated markets in each cell; 200 and more for narrow intervals
entropy = 1                     # the one number that all luck follows from
uncertainty = "calibrated"      # run i also draws the calibration's marked ranges, the same draw in
                                # every cell: what was fitted to history from the fitted draws,
                                # the rest from its range. "marked" draws all from their ranges,
                                # "none" keeps the values, "draws.csv" takes draws of your own
horizon = 40                    # quarters; what is in place then is served on until it is worn out


# What is kept. Less is smaller and quicker to read.

# Outcomes, a column each and a row a run. All of them if this is not given.
#outcomes = ["customer_share", "total_surplus"]

# Paths by quarter: of the market by their own names, of firms with the firm or role in front.
#series = ["capex", "service_price", "hyperscaler.debt"]
#series_runs = 100              # runs of each cell whose paths are kept
#series_type = "float32"        # half the size of "float64", with seven digits


# How the space of factors is covered. "factorial", which is the default, takes every combination
# of their levels. The others place points in ranges, which say more where factors are many.
#sampler = "latin_hypercube"
#sampler = { kind = "sobol", points = 256 }             # spreads evenly; for Sobol indices
#sampler = "morris"                                     # one factor at a time: which ones matter
#sampler = { kind = "table", file = "points.csv" }      # your own points, a column a factor

# Which cells meet the same luck, and so differ by the factors alone: "shared" is all of them,
# "block" those of a block, which a sampler lays out to be compared (a Morris trajectory, say),
# "independent" none. The default goes by the sampler.
#luck = "shared"


# What varies: 2 x 2 = 4 cells. A name is
#     a parameter              demand_elasticity, "oracle.debt", "hyperscaler.book_life"
#     "lineup.WHO"             the strategy of a role or a firm
#     "lineup.WHO.PARAMETER"   a parameter of that strategy
#     "shock.KIND.FIELD"       a field of the shocks below
# `agentsim params WORD` finds names, with what they mean and the values that they may have.
# Names with a dot are quoted. A name is varied in one way only, here or under [linked].
[factors]
"lineup.hyperscaler" = ["restrain", "escalate"]         # levels, in [brackets]
"shock.efficiency.factor" = [1, 10]                     # 1 is no shock

#demand_elasticity = { from = 0.8, to = 2.0, count = 5 }       # a grid: levels at even distances
#economic_life = { low = 2, high = 6 }                  # a range, for samplers that place points
#substitution = "marked"                                # the marked range of the calibration
#adoption_growth_per_year = { distribution = "triangular", low = 0.1, mode = 0.3, high = 0.6 }
#"lineup.hyperscaler.step" = [0.01, 0.05]               # how fiercely `escalate` escalates

# What varies together: the first values of all of these, then the second ones, and so on. What
# follows the dot is the name under which tables and figures show them.
#[linked.chip_life]
#economic_life = [2, 4, 6]
#"hyperscaler.book_life" = [3, 5, 6]

# What strikes, and when. The first quarter is 1; fields that are factors need not be named here.
[[shocks]]
kind = "efficiency"
quarter = 8
diffusion = 0.5                 # share of the gap to the frontier that firms close each quarter
#leader = "microsoft"           # the firm that has it first; nobody if this is not given

# What is other than in the calibration, in every cell alike, and is not varied: parameters, and
# the strategies of a role or a firm (`agentsim strategies list` lists them).
#[set]
#power_limit = 5                # GW a quarter
#"oracle.debt" = 50             # $$bn

# Strategies of your own go by the names of their files, `agentsim strategies new` writes one, and
# strategies = ["mine.py"], above with the other keys, says where they are, seen from this file.
#[lineup]
#nvidia = "scarcity"
#oracle = "escalate(step=0.05)"

# Runs until the answer is sure enough: until the 95% interval of the mean of an outcome is no
# wider than this to either side, in every cell, or `most_runs` are done.
#[adaptive]
#outcome = "customer_share"
#half_width = 0.01
#most_runs = 2000

# Extra cells: one firm against the rest of its role. They show what it gains by other conduct
# than theirs, whatever that is, and so what kind of game it is.
#[[deviations]]
#firm = "microsoft"
#own = ["restrain", "escalate"]
#others = ["restrain", "escalate"]
#factors = { "shock.efficiency.factor" = [1] }          # only these levels; all if not given

# The main cells once more under other assumptions: with other parameters (`set`), or strategies of
# those who are no factor (`lineup`).
#[[variants]]
#name = "scarce power"
#set = { power_limit = 0.5 }
#lineup = { nvidia = "hold_margin" }
#factors = { "shock.efficiency.factor" = [1] }          # only these levels; all if not given
""")
