"""Strategies for hyperscalers."""
