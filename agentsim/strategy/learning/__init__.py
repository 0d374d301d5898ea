"""Learning: update rules from the literature, and the strategies that use them in markets.

A rule keeps what it knows in arrays `(..., firms, runs)`, chooses an action from it, and learns
from a round that was played. `agentsim.learning` lets rules play stage games against each other;
the strategies here let the same rules choose between the postures of a role.
"""
