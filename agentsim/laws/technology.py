"""Technology, adoption and the quality contest."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, at_least, log, ordered_sum, power

TINY = 1e-300  # keeps the logarithm of a quality that nobody trained for finite


def quarterly_fall(share_per_year: Array) -> Array:
    """Return the factor by which something shrinks in a quarter that loses this share in a year."""
    return power(1.0 - share_per_year, 0.25)


def quarterly_growth(rate_per_year: Array) -> Array:
    """Return the factor by which something grows in a quarter that grows at this rate in a year."""
    return power(1.0 + rate_per_year, 0.25)


def adoption(saturation: Array, growth_per_year: Array, quarter: float) -> Array:
    """Return M, users over users at the base date: a logistic curve from 1 to `saturation`."""
    return saturation / (1.0 + (saturation - 1.0) * np.exp(-0.25 * quarter * growth_per_year))


def next_quality(q: Array, delta_q: Array, A: Array, T: Array, gamma: Array, luck: Array) -> Array:
    """Return q' = (1 - delta_q) q + (A T)^gamma e^luck, each `(firms, runs)`."""
    trained = gamma * log(A * T)
    trained += luck
    return (1.0 - delta_q) * q + np.exp(trained, out=trained)


def log_relative_quality(q: Array, beta: Array) -> Array:
    """Return beta log q_h less that of the best, `(firms, runs)`: no power of it overflows."""
    log_q = beta * np.log(at_least(q, TINY))
    log_q -= log_q.max(axis=0)
    return log_q


def quality_shares(log_relative: Array) -> Array:
    """Return psi_h = q_h^beta / sum q^beta, `(firms, runs)`, adding up to one."""
    weight = np.exp(log_relative)
    weight /= ordered_sum(weight)
    return weight


def place_training(
    tau: Array, merchant: Array, custom: Array, training_fit: Array
) -> tuple[Array, Array, Array]:
    """Put the share `tau` of working chips to training, merchant chips first.

    Returns (merchant chips that train, custom chips that train, T in merchant equivalents):
    custom chips train at `training_fit`, codesign times fit, and only for the shortfall.
    """
    wanted = merchant + custom
    wanted *= tau
    merchant_training = np.minimum(wanted, merchant)
    wanted -= merchant_training
    custom_training = np.minimum(wanted, custom, out=wanted)
    T = training_fit * custom_training
    T += merchant_training
    return merchant_training, custom_training, T
