"""Strategies for memory makers."""
