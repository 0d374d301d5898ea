"""Backtest: the market against history.

history    facts by quarter, from one tidy table
measures   what in the model answers to each series of facts
testing    simulated bands beside the facts: inside or outside, and by what ratio

What is done: a market that opens with the books of a past quarter is simulated to the present, and
compared with what happened.
"""
