r"""Baselines of score-function gradients: what a site's cost is expected to be.

A number ``b`` that does not depend on the site's value may be taken off the cost that multiplies its score: the mean of
the gradient stays, as :math:`E_q[b \, \nabla \log q(z)] = 0`, and its variance falls where ``b`` is near the cost.
Costs are ``log p - log q``, as in the ELBO. The options stand in the guide's ``infer={"baseline": {...}}``:

- ``use_decaying_avg_baseline``: whether to take the decaying average of earlier costs, ``baseline_beta`` (0.9) of which
  stays in each step;
- ``nn_baseline``: a module, called with ``nn_baseline_input``, which is cut off from the graph; its parameters are
  learnt if they are registered, for example by ``pyro.module``;
- ``baseline_value``: a tensor, for example a parameter, which is learnt too.

Those given are added up.

References:
    A. Mnih and K. Gregor (2014), *Neural variational inference and learning in belief networks*,
    https://arxiv.org/abs/1402.0030
"""

from typing import Any

import torch
from torch import Tensor

__all__ = ["Averages", "baseline"]

_OPTIONS = {"use_decaying_avg_baseline", "baseline_beta", "nn_baseline", "nn_baseline_input", "baseline_value"}


class Averages:
    """Decaying averages of costs, by site and shape; they begin at zero and are changed in place."""

    def __init__(self) -> None:
        self._averages: dict[tuple[str, torch.Size], Tensor] = {}

    def update(self, name: str, cost: Tensor, beta: float) -> Tensor:
        """Adds a cost to a site's average.

        Args:
            name: the site.
            cost: a constant.
            beta: how much of the average stays.

        Returns:
            The average before.
        """
        key = name, cost.shape
        if key not in self._averages:
            self._averages[key] = torch.zeros_like(cost)
        average = self._averages[key]
        before = average.clone()
        average.mul_(beta).add_(cost, alpha=1 - beta)
        return before


def _learnt(name: str, options: dict[str, Any]) -> Tensor | None:
    """The sum of the baselines that have parameters."""
    terms = []
    if options.get("nn_baseline") is not None:
        if options.get("nn_baseline_input") is None:
            raise ValueError(f"Site '{name}': infer={{'baseline': ...}} has nn_baseline but no nn_baseline_input. Give "
                             "the tensor that the module is called with.")
        given = options["nn_baseline_input"]
        given = tuple(map(_constant, given)) if isinstance(given, tuple) else _constant(given)
        terms.append(options["nn_baseline"](given))
    if options.get("baseline_value") is not None:
        terms.append(options["baseline_value"])
    return sum(terms[1:], terms[0]) if terms else None


def _constant(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value


def baseline(site: Any, cost: Tensor, averages: Averages) -> tuple[Tensor | None, Tensor | None]:
    """The baseline that a site asks for.

    Args:
        site: a site of the guide.
        cost: its cost, a constant.
        averages: of the estimator.

    Returns:
        The baseline as a constant, and the squared error of the baselines that are learnt; ``None`` where there is
        none.

    Raises:
        ValueError: if an option is unknown, or a baseline has not the cost's shape; names the site.
    """
    options: dict[str, Any] = site["infer"].get("baseline") or {}
    name = site["name"]
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ValueError(f"Site '{name}': infer={{'baseline': ...}} has unknown options {unknown}. Known are "
                         f"{sorted(_OPTIONS)}.")
    total = averages.update(name, cost, options.get("baseline_beta", 0.9)) if options.get(
        "use_decaying_avg_baseline") else None
    learnt = _learnt(name, options)
    if learnt is None:
        return total, None
    if learnt.shape != cost.shape:
        raise ValueError(f"Site '{name}': expected a baseline of shape {tuple(cost.shape)}, as the site's cost has it, "
                         f"got {tuple(learnt.shape)}. Give one number for each row of the site's plates.")
    target = cost if total is None else cost - total
    error = (target - learnt).square().sum()
    return learnt.detach() if total is None else total + learnt.detach(), error
