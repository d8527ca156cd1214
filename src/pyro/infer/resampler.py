"""Draws from one model by choosing among draws from another, in a way that changes little where the model does.

Draws ``z_i ~ q`` are made once; a model ``p`` then gets the draws that its weights ``p(z_i) / q(z_i)`` choose by the
Gumbel-max trick on noise that is made once, too: for a slightly different ``p`` most choices stay the same.

Reference: C. J. Maddison, D. Tarlow and T. Minka (2014), *A\\* sampling*, section 2.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pyro.infer.predictive_draws import leftmost_dim, log_densities
from pyro.poutine.handlers import block, replay, trace
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["Resampler"]


class Resampler:
    """Many draws from a guide, of which any model can be given its share.

    Args:
        guide: where to draw from, a program without arguments, wider than the models.
        simulator: a model with the guide's sites and more, which are drawn once as well; by default the guide.
        num_guide_samples: how many draws; many more than will be asked for.
        max_plate_nesting: how many dims plates take; found out by a run by default.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> def guide():
        ...     pyro.sample("z", dist.Normal(0.0, 2.0))
        >>> def model():
        ...     pyro.sample("z", dist.Normal(1.0, 0.5))
        >>> Resampler(guide, num_guide_samples=1000).sample(model, 100)["z"].shape
        torch.Size([100])
    """

    def __init__(
        self,
        guide: Callable[[], Any],
        simulator: Callable[[], Any] | None = None,
        *,
        num_guide_samples: int,
        max_plate_nesting: int | None = None,
    ) -> None:
        simulator = guide if simulator is None else simulator
        with torch.no_grad():
            if max_plate_nesting is None:
                with block():
                    max_plate_nesting = leftmost_dim(trace(guide).get_trace(), trace(simulator).get_trace())
            self._nesting = max_plate_nesting
            self._num_guide_samples = num_guide_samples
            guide_trace = self._run(guide)
            draws = self._run(replay(simulator, trace=guide_trace))
            self._old_logp = log_densities(guide_trace, self._nesting).expand(num_guide_samples)
            self._trace = draws
            self._samples: dict[str, Tensor] = {
                name: site["value"] for name, site in draws.nodes.items()
                if site["type"] == "sample" and not site["is_observed"] and not site_is_subsample(site)}
            self._gumbels = torch.empty((0, num_guide_samples))

    def _run(self, program: Any) -> Trace:
        run = trace(program)
        with PlateMessenger("particles", self._num_guide_samples, dim=-1 - self._nesting):
            run()
        return run.trace  # type: ignore[no-any-return]

    def sample(self, model: Callable[..., Any], num_samples: int, stable: bool = True) -> dict[str, Tensor]:
        """Draws from a model.

        Args:
            model: a program without arguments, whose sites the guide or the simulator has.
            num_samples: how many draws.
            stable: whether the same model gets the same draws again, and a similar one mostly the same.

        Returns:
            Draws of the simulator's latent sites, draws along the first dim; some may be there more than once.
        """
        with torch.no_grad():
            run = self._run(replay(model, trace=self._trace))
            logits = log_densities(run, self._nesting).expand(self._num_guide_samples) - self._old_logp
            chosen = self._categorical_sample(logits, num_samples, stable)
            return {name: value[chosen] for name, value in self._samples.items()}

    def _categorical_sample(self, logits: Tensor, num_samples: int, stable: bool) -> Tensor:
        if not stable:
            return torch.multinomial(logits.softmax(-1), num_samples, replacement=True)
        missing = num_samples - len(self._gumbels)
        if missing > 0:
            noise = torch.rand((missing, len(logits)), dtype=logits.dtype).clamp(min=torch.finfo(logits.dtype).tiny)
            self._gumbels = torch.cat([self._gumbels.to(noise), -(-noise.log()).log()])
        return (logits + self._gumbels[:num_samples].to(logits)).argmax(-1)
