"""The Laplace approximation: a normal distribution at the posterior's mode, with the curvature there.

With ``f(u) = -log p(x, u)`` for the vector ``u`` of unconstrained values, and its minimum ``m``, the posterior is about
``N(m, H^-1)`` where ``H`` is the matrix of second derivatives of ``f`` at ``m``.
"""

from typing import Any

import torch

from pyro.distributions.delta import Delta
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.initialization import init_to_median
from pyro.infer.autoguide.multivariate_normal import AutoMultivariateNormal
from pyro.ops.hessian import hessian
from pyro.ops.tensor_utils import precision_to_scale_tril
from pyro.poutine.handlers import replay, trace

__all__ = ["AutoLaplaceApproximation"]


class AutoLaplaceApproximation(AutoContinuous):
    """A point mass while it is trained, from which :meth:`laplace_approximation` makes a normal approximation.

    Args:
        model: the model.
        init_loc_fn: where to start, see :mod:`pyro.infer.autoguide.initialization`.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> pyro.clear_param_store()
        >>> def model():
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(2.0))
        >>> guide = AutoLaplaceApproximation(model)
        >>> svi = pyro.infer.SVI(model, guide, pyro.optim.Adam({"lr": 0.1}), pyro.infer.Trace_ELBO())
        >>> result = svi.run(300, progress_bar=False)
        >>> posterior = guide.laplace_approximation().get_posterior()
        >>> posterior.mean.round(decimals=2), posterior.variance.round(decimals=2)
        (tensor([1.]), tensor([0.5000]))
    """

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        self.loc = torch.nn.Parameter(self._init_loc())

    def get_posterior(self, *args: Any, **kwargs: Any) -> Delta:
        """A point mass."""
        return Delta(self.loc, event_dim=1)

    def laplace_approximation(self, *args: Any, **kwargs: Any) -> AutoMultivariateNormal:
        """The normal approximation around the present estimate, which should be the mode.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            A guide without parameters to learn.

        Raises:
            ValueError: if the log-density does not curve downwards in all directions there.
        """
        guide_trace = trace(self).get_trace(*args, **kwargs)
        model_trace = trace(replay(self.model, trace=guide_trace)).get_trace(*args, **kwargs)
        loss = guide_trace.log_prob_sum() - model_trace.log_prob_sum()
        precision = hessian(loss, self.loc)
        if not bool((torch.linalg.eigvalsh(precision) > 0).all()):
            raise ValueError("AutoLaplaceApproximation: the log-density does not curve downwards in all directions at "
                             "the present estimate, so that is no mode. Train the guide further, or use AutoNormal.")
        normal = AutoMultivariateNormal(self.model, init_loc_fn=self.init_loc_fn or init_to_median)
        normal._set_up(*args, **kwargs)
        scale_tril = precision_to_scale_tril(precision.detach())
        scale = scale_tril.diagonal()
        for name, value in {"loc": self.loc, "scale": scale, "scale_tril": scale_tril / scale.unsqueeze(-1)}.items():
            delattr(normal, name)
            normal.register_buffer(name, value.detach().clone())
        return normal
