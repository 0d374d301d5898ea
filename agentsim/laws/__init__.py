"""The laws of the market: pure functions on arrays, `(firms, runs)` or `(runs,)`, without state."""
