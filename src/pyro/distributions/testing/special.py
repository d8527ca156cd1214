"""Special functions that tests of goodness of fit need, of numbers."""

import math

import torch

__all__ = ["chi2sf", "incomplete_gamma", "log"]


def chi2sf(x: float, s: float) -> float:
    """The probability that a chi-squared variable is greater than a number.

    Args:
        x: the number.
        s: degrees of freedom.

    Example:
        >>> round(chi2sf(2.0, 2), 4)  # exp(-1)
        0.3679
    """
    arguments = torch.tensor([s / 2, x / 2], dtype=torch.float64)
    return float(torch.special.gammaincc(*arguments))


def incomplete_gamma(x: float, s: float) -> float:
    """The regularised lower incomplete gamma function, the probability that a Gamma variable is less than a number.

    Args:
        x: the number.
        s: concentration of the variable.

    Example:
        >>> round(incomplete_gamma(1.0, 1.0), 4)  # 1 - exp(-1)
        0.6321
    """
    arguments = torch.tensor([s, x], dtype=torch.float64)
    return float(torch.special.gammainc(*arguments))


def log(x: float) -> float:
    """The natural logarithm, minus infinity at zero.

    Args:
        x: a nonnegative number.
    """
    return math.log(x) if x > 0 else -math.inf
