"""A market simulator of the race to build artificial-intelligence capacity."""

from importlib.metadata import version

__version__ = version("agentsim")
