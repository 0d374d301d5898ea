"""The model of docs/model.md a second time: plain Python, one run, one firm after the other.

Written from that page alone, with its letters, to check the arrays against. Floats and lists, no
NumPy. The firms' choices and the standard normal numbers are given from outside.
"""

from slow_quarter.quarter import Market

__all__ = ["Market"]
