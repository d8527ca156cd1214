"""Intervenes: the program goes on with another value than the one a site has.

Reference: T. S. Richardson and J. M. Robins (2013), *Single world intervention graphs (SWIGs)*. The site splits in two:
the handlers outside see it as it would have been, what stands downstream sees the intervention.
"""

import numbers
from collections.abc import Mapping

import torch
from torch import Tensor

from pyro.ops.shown_once import warn_once
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


def _as_value(msg: Message, intervention: object) -> Tensor:
    if isinstance(intervention, Tensor):
        return intervention
    if isinstance(intervention, numbers.Number):
        return torch.as_tensor(intervention, dtype=msg["value"].dtype)
    raise NotImplementedError(f"Site '{msg['name']}': expected an intervention that is a tensor or a number, got "
                              f"{intervention!r}. Convert it by torch.tensor().")


class DoMessenger(Messenger):
    """Replaces the values that sites pass on to the rest of the program.

    Handlers outside receive each site with the value it was given without the intervention; handlers inside, and the
    program, receive an observed site of the name ``<name>__CF`` with the value of the intervention.

    Args:
        data: values of the interventions by site name, tensors or numbers.

    Raises:
        NotImplementedError: at a site whose intervention is anything else.
    """

    def __init__(self, data: Mapping[str, Tensor | float]) -> None:
        super().__init__()
        self.data = data

    def _pyro_sample(self, msg: Message) -> None:
        if msg["name"] in self.data:
            msg.setdefault("_interventions", []).append(self)  # type: ignore[typeddict-item]

    def _pyro_post_sample(self, msg: Message) -> None:
        interventions = msg.get("_interventions", ())
        if not any(handler is self for handler in interventions):  # type: ignore[attr-defined]
            return
        innermost = interventions[0]  # type: ignore[index]
        if innermost is not self:
            warn_once(f"Site '{msg['name']}': two interventions (pyro.do) meet here, the inner one holds. Remove "
                      "one of them.", RuntimeWarning, stacklevel=2)
            return
        # messages travel outwards-in here: everybody outside has seen the site as it was
        intervention = _as_value(msg, self.data[str(msg["name"])])
        msg["name"] = f"{msg['name']}__CF"
        msg["value"] = intervention
        msg["is_observed"] = True
