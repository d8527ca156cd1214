"""A relaxed one-hot variable in terms of uniform noise."""

import torch
from torch import Tensor

from pyro.distributions.relaxed import RelaxedOneHotCategorical
from pyro.distributions.uniform import Uniform
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, forced_sample, unwrapped

__all__ = ["GumbelSoftmaxReparam"]

_GUMBEL_MEAN = 0.5772156649015329


class GumbelSoftmaxReparam(Reparam):
    r"""Draws a relaxed one-hot variable from uniform numbers, at the site ``<name>_uniform``.

    .. math::
        u_k \sim \mathrm{Uniform}(0, 1), \quad
        x = \mathrm{softmax}\left(\frac{\log p - \log(-\log u)}{\tau}\right)

    For latent sites.

    References:
        C. J. Maddison, A. Mnih, Y. W. Teh (2017), The Concrete Distribution, https://arxiv.org/abs/1611.00712

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.RelaxedOneHotCategorical(torch.tensor(0.5), torch.ones(3)))
        >>> config = {"x": GumbelSoftmaxReparam()}
        >>> pyro.poutine.trace(pyro.poutine.reparam(model, config=config)).get_trace().stochastic_nodes
        ['x_uniform']
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_uniform``; see :meth:`Reparam.apply`.

        Raises:
            NotImplementedError: if the site is observed.
            AssertionError: if the distribution is no relaxed one-hot distribution.
        """
        name = msg["name"]
        self._refuse_observed(msg, "Leave it out of the config: the distribution has a density.")
        base, rewrap = unwrapped(msg["fn"])
        if not isinstance(base, RelaxedOneHotCategorical):
            raise AssertionError(f"Site '{name}': GumbelSoftmaxReparam expects a RelaxedOneHotCategorical, got "
                                 f"{type(base).__name__}.")
        logits, temperature = base.logits, torch.as_tensor(base.temperature)
        noise = Uniform(torch.zeros_like(logits), torch.ones_like(logits)).to_event(1)
        start = None if msg["value"] is None else _uniforms(msg["value"], logits, temperature)
        uniform = forced_sample(f"{name}_uniform", rewrap(noise), start, is_observed=False)
        eps = torch.finfo(uniform.dtype)
        gumbel = -(-uniform.clamp(eps.tiny, 1 - eps.eps).log()).log()
        return {"fn": None, "value": ((logits + gumbel) / temperature).softmax(-1), "is_observed": True}


def _uniforms(value: Tensor, logits: Tensor, temperature: Tensor) -> Tensor:
    """Numbers that lead to a value; of the many, those whose Gumbel variables have the mean that is usual for them."""
    gumbel = temperature * value.clamp(min=torch.finfo(value.dtype).tiny).log() - logits
    gumbel = gumbel - gumbel.mean(-1, keepdim=True) + _GUMBEL_MEAN
    return (-(-gumbel).exp()).exp()
