"""Games whose payoffs are simulated: from a file to batches, and from their results to games.

game_file    the keys of a game's file
design       `EmpiricalGame`: who plays what under which conditions, and the experiment that it makes
seating      which firm does what in a profile, where players of a role are interchangeable
averaging    firms of a role made alike
objectives   what a player is after: value, cash, market share, or an expression
payoffs      results read as a game for each condition
sampling     candidates held against fresh runs, and more of them where they matter
playing      batches run, conditions solved: `play`, `opened`
unlike       what it costs to count firms as interchangeable that are not
found        all that is told of each condition, and the files with it
comparing    how equilibria and who gets the value move between conditions and games
answering    what a shock brings customers when strategies answer it, and when they do not
from_results games from the results of any batch
varying, responding, exploring   strategies outside the game: families, what they gain, the double oracle
"""

from agentsim.games.empirical.design import EmpiricalGame

__all__ = ["EmpiricalGame"]
