"""Stage games in which learning rules play each other, many sessions at once.

Here the rules of `agentsim.strategy.learning` are tested where the answer is known, and trained
for the markets. `python -m agentsim.learning` does the training.
"""
