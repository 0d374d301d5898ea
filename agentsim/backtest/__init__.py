"""Backtest: the market against history.

kinds         what each series of facts is called, its unit, whose there may be, and what it may be
history       facts by quarter, from one tidy table
asked         what a table of facts of one's own asks of an experiment, and what of it is refused
measures      what in the model answers to each series of facts
roles         how far a measure was put in, and how far it came out
testing       simulated bands beside the facts: inside or outside, and by what ratio
skill         whether fitting brought the market closer to facts that were not fitted
regularities  fourteen things that the market did, as figures of each run
verdicts      those figures beside facts, by rules: reproduced, partly or not
evidence      the batches that they are worked out from
outlook       the series that a forecast tells
forecasting   their bands, and later facts beside them

What is done: a market that opens with the books of a past quarter is simulated to the present, and
compared with what happened; or it opens with the newest books, and is simulated to quarters to come.
"""
