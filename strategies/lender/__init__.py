"""Strategies for lenders."""
