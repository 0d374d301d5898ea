"""The strategy library: one file a strategy, one folder a role."""
