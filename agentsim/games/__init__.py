"""Games: what becomes of postures that do better or worse than others, as populations.

replicator         shares that grow by how much better than the mean their posture does
finite_population  so many players who copy whoever does better, with chance and mutation

Both take payoffs as a matrix: row i, column j is what i earns among others who all play j.
"""
