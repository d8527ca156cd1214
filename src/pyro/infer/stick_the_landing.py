r"""Traces whose guide has no score: gradients reach its log-density through the values only.

The gradient of :math:`\log q(z(\phi); \phi)` has a part through the value ``z``, and the score
:math:`\partial_\phi \log q(z; \phi)`, whose mean is zero. Without the score an estimate of the ELBO's gradient stays
unbiased, and has no variance where ``q`` is the posterior: there the value's part is that of a constant. The score is
that of a second run of the guide on the first one's values, cut off from the graph: so a guide must not be random apart
from its sample sites.

References:
    G. Roeder, Y. Wu and D. Duvenaud (2017), *Sticking the landing: simple, lower-variance gradient estimators for
    variational inference*, https://arxiv.org/abs/1703.09194
"""

from typing import Any

from pyro.distributions.score_parts import ScoreParts
from pyro.distributions.util import is_identically_zero
from pyro.infer.enum import get_importance_trace
from pyro.poutine.handlers import trace
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace, batch_sum
from pyro.poutine.util import prune_subsample_sites

__all__ = ["FixedValues", "RememberedValues", "get_pathwise_trace"]


class RememberedValues(Messenger):
    """Keeps the values of all sites that are sampled, and the rows of plates.

    Attributes:
        values: by name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    def _pyro_post_sample(self, msg: Message) -> None:
        if not msg["is_observed"]:
            self.values[str(msg["name"])] = msg["value"]


class FixedValues(Messenger):
    """Gives sites these values, as constants.

    Args:
        values: by name.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self.values = values

    def _pyro_sample(self, msg: Message) -> None:
        name = str(msg["name"])
        if msg["value"] is None and name in self.values:
            msg["value"] = self.values[name].detach()
            msg["done"] = True


def get_pathwise_trace(
    max_plate_nesting: float,
    model: Any,
    guide: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    remembered: RememberedValues | None = None,
) -> tuple[Trace, Trace]:
    """Traces as of :func:`~pyro.infer.enum.get_importance_trace`, the guide's without score where it is pathwise.

    Args:
        max_plate_nesting: how many dims plates take.
        model: the model.
        guide: the guide.
        args: positional arguments of both.
        kwargs: keyword arguments of both.
        remembered: takes the guide's values.

    Returns:
        The model's trace and the guide's.
    """
    remembered = RememberedValues() if remembered is None else remembered
    model_trace, guide_trace = get_importance_trace("flat", max_plate_nesting, model, remembered(guide), args, kwargs)
    with FixedValues(remembered.values):
        again = prune_subsample_sites(trace(guide).get_trace(*args, **kwargs))
    again.compute_score_parts()
    for name, site in guide_trace.nodes.items():
        if site["type"] != "sample" or is_identically_zero(site["score_parts"].entropy_term):
            continue
        score: Any = again.nodes[name]["score_parts"].entropy_term
        parts: ScoreParts = site["score_parts"]
        without = parts.entropy_term - (score - score.detach())
        site["score_parts"] = parts._replace(entropy_term=without)
        if parts.entropy_term is parts.log_prob or is_identically_zero(parts.score_function):
            site["score_parts"] = ScoreParts(without, parts.score_function, without)
            site["log_prob"] = without
            site["log_prob_sum"] = batch_sum(without)
    return model_trace, guide_trace
