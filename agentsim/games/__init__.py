"""Games: which ways of playing are equilibria, how sure that is, and what they are worth to whom.

Read `profiles` and `game` first. Everything else takes a `Game`, whatever its payoffs come from;
`empirical` makes games of simulated markets.

What a game is
  profiles           who plays what, counted, for players of whom some may be interchangeable
  game               `Game`: payoffs, regrets, what anybody gains by another strategy
  tables, reading    payoffs as arrays and tables; profiles as people write them
  reduction          few players who stand for many, each deviation that of a single one
  symmetry           are players interchangeable, and what does it cost to take them for that

Equilibria
  equilibria         what is found, and whether it is all
  solving            all solvers put to work, every answer checked
  pure, dominance    looked up; strictly dominated strategies out of the way
  two_players        corners of best-reply polytopes
  one_unknown        interchangeable players of two strategies: zeros of a polynomial
  mixed              supports, indifference, indices; homotopy for a guarantee; gambit beside
  logit              quantal responses, from even play to a limit
  correlated         the least and the most of (coarse) correlated equilibria

Dynamics
  populations        replicators of any game, with basins
  alpha_rank         populations that copy, in the limit of strong selection; sinks
  best_replies       one player at a time, where it rests and how it goes round
  replicator, finite_population   of payoffs as a matrix, who earns what among others who all play j

What it means
  kinds, schelling, classifying   what kind of game it is
  repeated           how patient players must be to hold up restraint
  worth, measures    welfare, its division, prices of anarchy and stability
  exploring          is there a better strategy outside the game? The double oracle

How sure
  studentised, largest   intervals of means, ratios, and the largest of several means
  deviating, confidence  the regret of a candidate with its interval
  confirming         a candidate held against fresh runs
  coverage           how often intervals cover what is true, measured
"""

from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.game import Game
from agentsim.games.profiles import Role

__all__ = ["Equilibria", "Equilibrium", "Game", "Role"]
