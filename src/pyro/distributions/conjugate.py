"""Distributions with a conjugate prior integrated out; each is defined in a file of its own."""

from pyro.distributions.beta_binomial import BetaBinomial
from pyro.distributions.dirichlet_multinomial import DirichletMultinomial
from pyro.distributions.gamma_poisson import GammaPoisson

__all__ = ["BetaBinomial", "DirichletMultinomial", "GammaPoisson"]
