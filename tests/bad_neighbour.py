"""A module that strategies of bad_strategies.py import, and what it should not do."""

import random


def rate(sees):
    return random.random() if sees.quarter > 60 else 0.1


def cash(sees):
    return sees._fetch("cash")


def _fine(sees):
    return 0.1 + 0.0 * sees.wear
