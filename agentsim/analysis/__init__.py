"""Analyses over many cells: what an outcome is sensitive to, and under which conditions it holds."""
