"""Games whose payoffs are simulated: from a file to batches, and from their results to games.

design      `EmpiricalGame`: players, strategies and conditions, as a file; the experiment that it makes
seating     which firm does what in a profile, where players of a role are interchangeable
averaging   firms of a role made alike
objectives  what a player is after: value, cash, market share, or an expression
payoffs     results read as a game for each condition
"""

from agentsim.games.empirical.design import EmpiricalGame

__all__ = ["EmpiricalGame"]
