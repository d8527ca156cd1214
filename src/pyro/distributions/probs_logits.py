"""Families by one of their two parametrizations each: probabilities or log-odds.

They are the families of the same name without the ending, which take either.

Source: N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions.
"""

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.bernoulli import Bernoulli
from pyro.distributions.binomial import Binomial
from pyro.distributions.categorical import Categorical
from pyro.distributions.geometric import Geometric
from pyro.distributions.multinomial import Multinomial
from pyro.distributions.negative_binomial import NegativeBinomial
from pyro.distributions.relaxed import RelaxedBernoulli
from pyro.distributions.reparametrized import Reparametrized

__all__ = ["BernoulliLogits", "BernoulliProbs", "BinomialLogits", "BinomialProbs", "CategoricalLogits",
           "CategoricalProbs", "GeometricLogits", "GeometricProbs", "MultinomialLogits", "MultinomialProbs",
           "NegativeBinomialLogits", "NegativeBinomialProbs", "RelaxedBernoulliLogits"]


class BernoulliProbs(Reparametrized, Bernoulli):
    """Bernoulli distribution, one trial, by the probability of success.

    Args:
        probs: success probability in [0, 1].
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> BernoulliProbs(0.25).mean
        tensor(0.2500)
    """

    arg_constraints = {"probs": constraints.unit_interval}

    def __init__(self, probs: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(probs=probs, validate_args=validate_args)


class BernoulliLogits(Reparametrized, Bernoulli):
    """Bernoulli distribution, one trial, by the log-odds of success.

    Args:
        logits: log-odds of success, real.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> BernoulliLogits(0.0).mean
        tensor(0.5000)
    """

    arg_constraints = {"logits": constraints.real}

    def __init__(self, logits: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(logits=logits, validate_args=validate_args)


class BinomialProbs(Reparametrized, Binomial):
    """Binomial distribution, successes in a number of trials, by the probability of success.

    Args:
        probs: success probability in [0, 1].
        total_count: number of trials.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> BinomialProbs(torch.tensor(0.25), 4).mean
        tensor(1.)
    """

    arg_constraints = {"probs": constraints.unit_interval, "total_count": constraints.nonnegative_integer}

    def __init__(
        self, probs: Tensor | float, total_count: Tensor | float = 1, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(total_count, probs=probs, validate_args=validate_args)


class BinomialLogits(Reparametrized, Binomial):
    """Binomial distribution, successes in a number of trials, by the log-odds of success.

    Args:
        logits: log-odds of success, real.
        total_count: number of trials.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> BinomialLogits(torch.tensor(0.0), 4).mean
        tensor(2.)
    """

    arg_constraints = {"logits": constraints.real, "total_count": constraints.nonnegative_integer}

    def __init__(
        self, logits: Tensor | float, total_count: Tensor | float = 1, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(total_count, logits=logits, validate_args=validate_args)


class CategoricalProbs(Reparametrized, Categorical):
    """Categorical distribution, one of several outcomes, by weights.

    Args:
        probs: nonnegative weights over the last dimension, normalised to one.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> CategoricalProbs(torch.ones(4)).log_prob(torch.tensor(2)).exp()
        tensor(0.2500)
    """

    arg_constraints = {"probs": constraints.simplex}

    def __init__(self, probs: Tensor, *, validate_args: bool | None = None) -> None:
        super().__init__(probs=probs, validate_args=validate_args)


class CategoricalLogits(Reparametrized, Categorical):
    """Categorical distribution, one of several outcomes, by log weights.

    Args:
        logits: unnormalised log weights over the last dimension.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> CategoricalLogits(torch.zeros(4)).log_prob(torch.tensor(2)).exp()
        tensor(0.2500)
    """

    arg_constraints = {"logits": constraints.real_vector}

    def __init__(self, logits: Tensor, *, validate_args: bool | None = None) -> None:
        super().__init__(logits=logits, validate_args=validate_args)


class GeometricProbs(Reparametrized, Geometric):
    """Geometric distribution, failures before the first success, by the probability of success.

    Args:
        probs: success probability in (0, 1].
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> GeometricProbs(0.25).mean
        tensor(3.)
    """

    arg_constraints = {"probs": constraints.unit_interval}

    def __init__(self, probs: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(probs=probs, validate_args=validate_args)


class GeometricLogits(Reparametrized, Geometric):
    """Geometric distribution, failures before the first success, by the log-odds of success.

    Args:
        logits: log-odds of success, real.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> GeometricLogits(0.0).mean
        tensor(1.)
    """

    arg_constraints = {"logits": constraints.real}

    def __init__(self, logits: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(logits=logits, validate_args=validate_args)


class MultinomialProbs(Reparametrized, Multinomial):
    """Multinomial distribution, counts of the outcomes of a number of trials, by weights.

    Args:
        probs: nonnegative weights over the last dimension, normalised to one.
        total_count: number of trials.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> MultinomialProbs(torch.ones(4), 8).mean
        tensor([2., 2., 2., 2.])
    """

    arg_constraints = {"probs": constraints.simplex}

    def __init__(self, probs: Tensor, total_count: int = 1, *, validate_args: bool | None = None) -> None:
        super().__init__(total_count, probs=probs, validate_args=validate_args)


class MultinomialLogits(Reparametrized, Multinomial):
    """Multinomial distribution, counts of the outcomes of a number of trials, by log weights.

    Args:
        logits: unnormalised log weights over the last dimension.
        total_count: number of trials.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> MultinomialLogits(torch.zeros(4), 8).mean
        tensor([2., 2., 2., 2.])
    """

    arg_constraints = {"logits": constraints.real_vector}

    def __init__(self, logits: Tensor, total_count: int = 1, *, validate_args: bool | None = None) -> None:
        super().__init__(total_count, logits=logits, validate_args=validate_args)


class NegativeBinomialProbs(Reparametrized, NegativeBinomial):
    """NegativeBinomial distribution, successes before a number of failures, by the probability of success.

    Args:
        total_count: number of failures to stop at.
        probs: success probability in [0, 1).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> NegativeBinomialProbs(torch.tensor(3.0), torch.tensor(0.5)).mean
        tensor(3.)
    """

    arg_constraints = {"probs": constraints.half_open_interval(0.0, 1.0), "total_count": constraints.greater_than_eq(0)}

    def __init__(self, total_count: Tensor | float, probs: Tensor, *, validate_args: bool | None = None) -> None:
        super().__init__(total_count, probs=probs, validate_args=validate_args)


class NegativeBinomialLogits(Reparametrized, NegativeBinomial):
    """NegativeBinomial distribution, successes before a number of failures, by the log-odds of success.

    Args:
        total_count: number of failures to stop at.
        logits: log-odds of success, real.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> NegativeBinomialLogits(torch.tensor(3.0), torch.tensor(0.0)).mean
        tensor(3.)
    """

    arg_constraints = {"logits": constraints.real, "total_count": constraints.greater_than_eq(0)}

    def __init__(self, total_count: Tensor | float, logits: Tensor, *, validate_args: bool | None = None) -> None:
        super().__init__(total_count, logits=logits, validate_args=validate_args)


class RelaxedBernoulliLogits(Reparametrized, RelaxedBernoulli):
    """Relaxed Bernoulli distribution by the log-odds of success.

    Args:
        temperature: how far draws are from 0 and 1, positive.
        logits: log-odds of success, real.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> RelaxedBernoulliLogits(torch.tensor(1.0), torch.tensor(0.0)).log_prob(torch.tensor(0.3))
        tensor(0.)
    """

    arg_constraints = {"logits": constraints.real}

    def __init__(
        self, temperature: Tensor, logits: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(temperature, logits=logits, validate_args=validate_args)
