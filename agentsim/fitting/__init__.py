"""Fitting: which draws of the marked assumptions history does not contradict.

targets    the facts that count, how far a simulated market may lie from each, and how far it does
proposals  points of marked ranges as tables of draws, and what they come to in simulated markets
screening  the assumptions that move any target at all
smc        approximate Bayesian computation, round by round, by pyABC
calibrate  all of it, in a folder, going on where it was stopped
postures   which strategy fits the path of each firm best
"""
