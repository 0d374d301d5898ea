"""Games: which ways of playing are equilibria, how sure that is, and what they are worth to whom.

Read `profiles` and `game` first; what solves them follows.

profiles           who plays what, counted, for players of whom some may be interchangeable
game               `Game`: payoffs, regrets, what anybody gains by another strategy
tables             payoffs as arrays and tables

replicator         shares that grow by how much better than the mean their posture does
finite_population  so many players who copy whoever does better, with chance and mutation

The last two take payoffs as a matrix: row i, column j is what i earns among others who all play j.
"""

from agentsim.games.game import Game
from agentsim.games.profiles import Role

__all__ = ["Game", "Role"]
