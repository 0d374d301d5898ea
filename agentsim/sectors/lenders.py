"""Lenders: they post a spread and an advance rate and deploy savers' funds."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.sectors.base import Sector, state


class Lenders(Sector):
    """State of the lenders. Loans and coupons by borrower are `(lenders, hyperscalers, runs)`."""

    role = "lender"

    funds: Array = state("$bn", "funds ready to lend")
    outstanding: Array = state("$bn", "loans outstanding", "all")
    spread: Array = state("1/year", "posted spread over the funding rate", "all")
    advance_rate: Array = state("1", "posted loan over collateral value", "all")
    deployed: Array = state("1/quarter", "share of ready funds offered")
    lending: Array = state("$bn", "new loans made", "all")
    interest: Array = state("$bn", "interest received")
    principal: Array = state("$bn", "principal received")
    sweep: Array = state("$bn", "AI cash received from firms that it owns")
    support: Array = state("$bn", "put into firms that it owns")
    losses: Array = state("$bn", "loans written off", "all")
    loss_rate: Array = state("1/year", "smoothed write-offs over loans", "all")
    inflow: Array = state("$bn", "new money from savers")
    payout: Array = state("$bn", "paid to savers")

    def __init__(self, firms: tuple[str, ...], borrowers: int, runs: int) -> None:
        super().__init__(firms, runs)
        self.loans = np.zeros((len(firms), borrowers, runs))
        self.coupons = np.zeros((len(firms), borrowers, runs))  # $bn a year on those loans
        self.claims = np.zeros((len(firms), borrowers, runs))  # share of a defaulted firm owned
