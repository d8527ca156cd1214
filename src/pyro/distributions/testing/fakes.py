"""Families whose draws pretend not to be reparameterized, to test estimators that must do without.

Each draws and scores like the family that it extends; only ``has_rsample`` differs, by which estimators choose.
"""

from pyro.distributions.beta import Beta
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.gamma import Gamma
from pyro.distributions.normal import Normal

__all__ = ["NonreparameterizedBeta", "NonreparameterizedDirichlet", "NonreparameterizedGamma",
           "NonreparameterizedNormal"]


class NonreparameterizedNormal(Normal):
    """A Normal whose draws count as not reparameterized."""

    has_rsample = False


class NonreparameterizedGamma(Gamma):
    """A Gamma whose draws count as not reparameterized."""

    has_rsample = False


class NonreparameterizedBeta(Beta):
    """A Beta whose draws count as not reparameterized."""

    has_rsample = False


class NonreparameterizedDirichlet(Dirichlet):
    """A Dirichlet whose draws count as not reparameterized."""

    has_rsample = False
