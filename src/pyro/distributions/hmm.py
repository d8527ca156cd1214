"""Hidden Markov models; each is defined in a file of its own."""

from pyro.distributions.discrete_hmm import DiscreteHMM
from pyro.distributions.gamma_gaussian_hmm import GammaGaussianHMM
from pyro.distributions.gaussian_hmm import GaussianHMM
from pyro.distributions.gaussian_mrf import GaussianMRF
from pyro.distributions.hidden_markov_model import HiddenMarkovModel
from pyro.distributions.independent_hmm import IndependentHMM
from pyro.distributions.linear_hmm import LinearHMM
from pyro.ops.log_matmul import logmatmulexp as _logmatmulexp
from pyro.ops.log_matmul import sequential_logmatmulexp as _sequential_logmatmulexp
from pyro.ops.pairwise import compose_indices as _sequential_index

# those with an underscore are names that programs written for Pyro are known to import
__all__ = ["DiscreteHMM", "GammaGaussianHMM", "GaussianHMM", "GaussianMRF", "HiddenMarkovModel", "IndependentHMM",
           "LinearHMM", "_logmatmulexp", "_sequential_index", "_sequential_logmatmulexp"]
