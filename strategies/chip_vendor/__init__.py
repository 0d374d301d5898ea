"""Strategies for chip vendors."""
