"""Analyses over many cells: what an outcome is sensitive to, and under which conditions it holds.

reading      from results to what the analyses take; matching: outcomes beside the points of a design
sensitivity  Sobol' and Morris indices with their intervals
discovery    a box of conditions in which something holds; limits: what a box is; prim: finding one
"""
