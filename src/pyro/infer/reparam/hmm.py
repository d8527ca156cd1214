"""A linear model of series with noise of any kind, made Gaussian given its noise's widths."""

from typing import Any

import torch

from pyro.distributions.gaussian_hmm import GaussianHMM
from pyro.distributions.independent_hmm import IndependentHMM
from pyro.distributions.linear_hmm import LinearHMM
from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult

__all__ = ["LinearHMMReparam"]


class LinearHMMReparam(Reparam):
    """Reparametrises the noises of a ``LinearHMM``, at the sites ``<name>_init``, ``<name>_trans`` and ``<name>_obs``.

    Where all three are Gaussian afterwards, as those of :class:`StudentTReparam`, :class:`SymmetricStableReparam` and
    :class:`StableReparam` are, the site becomes a ``GaussianHMM``, whose hidden states are integrated out. For latent
    and observed sites, of models ``LinearHMM`` and ``IndependentHMM(LinearHMM)``.

    Args:
        init: for the first state's distribution; ``None`` to leave that as it is.
        trans: for the steps' noise.
        obs: for the observations' noise; it sees the noise before the transforms that the model may apply to values.

    Raises:
        AssertionError: if an argument is no reparametriser.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> from pyro.infer.reparam.studentt import StudentTReparam
        >>> eye, shocks = torch.eye(1), dist.StudentT(3.0, torch.zeros(1), 1.0).to_event(1)
        >>> start, noise = dist.Normal(torch.zeros(1), 1.0).to_event(1), dist.Normal(torch.zeros(1), 0.1).to_event(1)
        >>> model = lambda: pyro.sample("x", dist.LinearHMM(start, eye, shocks, eye, noise, duration=5))
        >>> config = {"x": LinearHMMReparam(trans=StudentTReparam())}
        >>> pyro.poutine.trace(pyro.poutine.reparam(model, config=config)).get_trace().stochastic_nodes
        ['x_trans_gamma', 'x']
    """

    def __init__(self, init: Reparam | None = None, trans: Reparam | None = None, obs: Reparam | None = None) -> None:
        for role, reparam in (("init", init), ("trans", trans), ("obs", obs)):
            if reparam is not None and not isinstance(reparam, Reparam):
                raise AssertionError(f"LinearHMMReparam: expected a reparametriser or None as {role}, got {reparam!r}.")
        self.init = init
        self.trans = trans
        self.obs = obs

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the sites of the noises' reparametrisers; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the distribution is no such model, or does not know its duration.
            ValueError: if a noise's reparametriser leaves no distribution.
        """
        name, fn = msg["name"], msg["fn"]
        hmm = fn.base_dist if isinstance(fn, IndependentHMM) else fn
        if not isinstance(hmm, LinearHMM):
            raise AssertionError(f"Site '{name}': LinearHMMReparam expects a LinearHMM or an IndependentHMM of one, "
                                 f"got {type(hmm).__name__}.")
        if hmm.duration is None:
            raise AssertionError(f"Site '{name}': LinearHMMReparam needs the number of steps. Pass duration= to the "
                                 "LinearHMM.")
        # series side by side are one event, and so are the steps: both are batch dims of the noises only
        beside = len(hmm.batch_shape) - len(fn.batch_shape)
        along = hmm.batch_shape + (hmm.duration,)
        init = self._noise(f"{name}_init", self.init, hmm.initial_dist, hmm.batch_shape, beside)
        trans = self._noise(f"{name}_trans", self.trans, hmm.transition_dist, along, beside + 1)
        obs = self._noise(f"{name}_obs", self.obs, hmm.observation_dist, along, beside + 1)
        kind = GaussianHMM if all(map(_is_gaussian, (init, trans, obs))) else LinearHMM
        new: Any = kind(init, hmm.transition_matrix, trans, hmm.observation_matrix, obs,
                        validate_args=hmm._validate_args, duration=hmm.duration)
        if isinstance(fn, IndependentHMM):
            new = IndependentHMM(new)
        if hmm.transforms:
            new = TransformedDistribution(new, hmm.transforms)
        return {"fn": new, "value": msg["value"], "is_observed": bool(msg["is_observed"])}

    def _noise(self, name: str, reparam: Reparam | None, noise: Any, shape: torch.Size, event_dims: int) -> Any:
        """A noise after its reparametriser, which sees the rightmost batch dims as the event's."""
        if reparam is None:
            return noise
        whole = noise.expand(shape).to_event(event_dims)
        new = reparam.apply({"name": name, "fn": whole, "value": None, "is_observed": False})
        if new["fn"] is None or new["value"] is not None:
            raise ValueError(f"Site '{name}': {type(reparam).__name__} leaves a value in the place of the noise's "
                             "distribution. Use one that leaves a normal: StudentTReparam, SymmetricStableReparam or "
                             "StableReparam.")
        return new["fn"].to_event(-event_dims)


def _is_gaussian(noise: Any) -> bool:
    if isinstance(noise, torch.distributions.Independent):
        noise = noise.base_dist
    return isinstance(noise, torch.distributions.Normal | torch.distributions.MultivariateNormal)
