r"""Traces whose guide has no score: gradients reach its log-density through the values only.

The gradient of :math:`\log q(z(\phi); \phi)` has a part through the value ``z``, and the score
:math:`\partial_\phi \log q(z; \phi)`, whose mean is zero. Without the score an estimate of the ELBO's gradient stays
unbiased, and has no variance where ``q`` is the posterior: there the value's part is that of a constant. The score is
that of a second run of the guide on the first one's values, cut off from the graph: so a guide must not be random apart
from its sample sites. Only draws have a score: factors and computed values keep their whole gradient.

References:
    G. Roeder, Y. Wu and D. Duvenaud (2017), *Sticking the landing: simple, lower-variance gradient estimators for
    variational inference*, https://arxiv.org/abs/1703.09194
"""

from typing import Any

from pyro.distributions.score_parts import ScoreParts
from pyro.distributions.util import is_identically_zero
from pyro.infer.enum import get_importance_trace, leave_out_observed_parts
from pyro.infer.track_provenance import is_computed
from pyro.poutine.handlers import trace
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace, batch_sum

__all__ = ["FixedValues", "RememberedValues", "get_pathwise_trace", "has_score"]


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
    """Gives draws these values, as constants; computed values are computed again.

    Args:
        values: by name.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self.values = values

    def _pyro_sample(self, msg: Message) -> None:
        name = str(msg["name"])
        if msg["value"] is None and name in self.values and not is_computed(msg):
            msg["value"] = self.values[name].detach()
            msg["done"] = True


def has_score(site: Any) -> bool:
    """Whether a site's log-density is that of a pathwise draw; factors and computed values may stand for anything.

    Args:
        site: a site of a guide, with score parts.
    """
    is_pathwise = not is_identically_zero(site["score_parts"].entropy_term)
    return is_pathwise and not site["is_observed"] and not is_computed(site)


def get_pathwise_trace(
    max_plate_nesting: float,
    model: Any,
    guide: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    remembered: RememberedValues | None = None,
) -> tuple[Trace, Trace, Trace]:
    """Traces as of :func:`~pyro.infer.enum.get_importance_trace`, the guide's without score where it is pathwise.

    Args:
        max_plate_nesting: how many dims plates take.
        model: the model.
        guide: the guide.
        args: positional arguments of both.
        kwargs: keyword arguments of both.
        remembered: takes the guide's values.

    Returns:
        The model's trace and the guide's; and the guide's second run, on the same draws as constants.
    """
    remembered = RememberedValues() if remembered is None else remembered
    model_trace, guide_trace = get_importance_trace("flat", max_plate_nesting, model, remembered(guide), args, kwargs)
    with FixedValues(remembered.values):
        again = trace(guide).get_trace(*args, **kwargs)
    leave_out_observed_parts(model_trace, again)
    again.compute_score_parts()
    for name, site in guide_trace.nodes.items():
        if site["type"] == "sample" and has_score(site):
            score: Any = again.nodes[name]["score_parts"].entropy_term
            parts: ScoreParts = site["score_parts"]
            nothing = score - score.detach()  # but its gradient is the score
            rest = parts.log_prob - nothing
            site["score_parts"] = parts._replace(log_prob=rest, entropy_term=parts.entropy_term - nothing)
            site["log_prob"], site["log_prob_sum"] = rest, batch_sum(rest)
    return model_trace, guide_trace, again
