"""Enumerates discrete sites in parallel: a site's value becomes all values that it could have.

The values lie along a tensor dim of their own, to the left of all plates, so that what depends on the site broadcasts.
Inside :func:`pyro.markov` a dim is used again once its site is out of scope. Continuous sites may be enumerated by a
number of samples, as in tensor Monte Carlo.

Reference: L. Aitchison (2019), *Tensor Monte Carlo: particle methods for the GPU era*.
"""

from typing import Any, cast

import torch
from torch import Tensor

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import _ENUM_ALLOCATOR, Message
from pyro.poutine.util import site_is_subsample


def _tensor_monte_carlo(msg: Message, num_samples: int) -> Tensor:
    """Draws ``num_samples`` values, each from one setting of the enumerated sites that it depends on.

    ``"diagonal"`` pairs the i-th value with the i-th values of these sites, ``"mixture"`` picks each at random.
    """
    dist = msg["fn"]
    wide: Tensor = dist(sample_shape=(num_samples,))
    batch_dims, event_dims = len(dist.batch_shape), len(dist.event_shape)
    plates = {frame.dim for frame in msg["cond_indep_stack"] if frame.vectorized}
    strategy = msg["infer"].get("tmc", "diagonal")
    if strategy not in ("diagonal", "mixture"):
        raise ValueError(f"Site '{msg['name']}': expected infer['tmc'] to be 'diagonal' or 'mixture', got "
                         f"{strategy!r}.")
    for dim in range(-batch_dims, 0):
        size = dist.batch_shape[dim]
        if dim in plates or size == 1:
            continue
        place = dim - event_dims
        # one choice for a sample and an element of the plates, whole events and all the rest follow it
        index_shape = [n if i == 0 or i - 1 - batch_dims in plates else 1 for i, n in enumerate(wide.shape)]
        if strategy == "mixture":
            index = torch.randint(size, index_shape, device=wide.device)
        else:
            column = [num_samples] + [1] * (wide.dim() - 1)
            index = (torch.arange(num_samples, device=wide.device) % size).reshape(column)
        target = list(wide.shape)
        target[place] = 1
        wide = wide.gather(place, index.expand(target))
    return wide


def enumerate_site(msg: Message) -> Tensor:
    """All values of a site, along a new leftmost batch dim.

    Args:
        msg: a sample message; its ``infer`` may have ``expand`` and ``num_samples``.

    Returns:
        Shape ``(cardinality,) + batch_shape + event_shape``, where the batch shape is ones unless ``expand``.
    """
    infer = msg["infer"]
    num_samples = infer.get("num_samples")
    if num_samples is None:
        return cast(Tensor, msg["fn"].enumerate_support(expand=infer.get("expand", False)))
    if num_samples > 1 and not infer.get("expand", False):
        return _tensor_monte_carlo(msg, num_samples)
    return cast(Tensor, msg["fn"](sample_shape=(num_samples,)))


class EnumMessenger(Messenger):
    """Enumerates the sites whose ``infer["enumerate"]`` is ``"parallel"``.

    Args:
        first_available_dim: the rightmost dim that enumeration may use: negative, left of every plate. By default the
            one after those that an enclosing program has used.

    Raises:
        AssertionError: if the dim is not negative, or at a site whose batch shape reaches into it.
    """

    def __init__(self, first_available_dim: int | None = None) -> None:
        if first_available_dim is not None and first_available_dim >= 0:
            raise AssertionError(f"enum: expected a negative first_available_dim, got {first_available_dim}. Count "
                                 "dims from the right, for example -1 - max_plate_nesting.")
        super().__init__()
        self.first_available_dim = first_available_dim

    def __enter__(self) -> "EnumMessenger":
        if self.first_available_dim is not None:
            _ENUM_ALLOCATOR.set_first_available_dim(self.first_available_dim)
        self._markov_depths: dict[str, int] = {}
        self._param_dims: dict[str, dict[int, int]] = {}
        self._value_dims: dict[str, dict[int, int]] = {}
        return super().__enter__()

    def _dims_in_scope(self, msg: Message) -> dict[int, int]:
        """Ids, by dim, of the enumerated sites that this site may depend on."""
        dims = _ENUM_ALLOCATOR.dim_to_id
        scope = msg["infer"].get("_markov_scope")
        if scope is not None:
            for name, depth in scope.items():
                if self._markov_depths.get(name) == depth:
                    dims.update(self._value_dims[name])
            self._markov_depths[str(msg["name"])] = msg["infer"]["_markov_depth"]
        return dims

    def _pyro_sample(self, msg: Message) -> None:
        if msg["done"] or site_is_subsample(msg) or not hasattr(msg["fn"], "batch_shape"):
            return
        dims = self._param_dims[str(msg["name"])] = self._dims_in_scope(msg)
        if msg["is_observed"] or msg["infer"].get("enumerate") != "parallel":
            return
        value = enumerate_site(msg)
        batch_dims = len(msg["fn"].batch_shape)
        target_dim, id_ = _ENUM_ALLOCATOR.allocate(None if msg["infer"].get("_markov_scope") is None else dims)
        event_shape = value.shape[1 + batch_dims:]
        batch_shape = value.shape[1:1 + batch_dims]
        ones = (1,) * (-target_dim - 1 - batch_dims)
        if -target_dim - 1 < batch_dims and any(size > 1 for size in batch_shape[:batch_dims + target_dim + 1]):
            raise AssertionError(
                f"Site '{msg['name']}': the batch shape {tuple(msg['fn'].batch_shape)} reaches into dim {target_dim}, "
                "where its enumerated values should go. Increase max_plate_nesting, or declare batch dims as event "
                "dims by .to_event().")
        batch_shape = batch_shape[max(0, batch_dims + target_dim + 1):]
        msg["infer"]["_enumerate_dim"] = target_dim
        dims[target_dim] = id_
        msg["value"] = value.reshape((value.shape[0], *ones, *batch_shape, *event_shape))
        msg["done"] = True

    def _pyro_post_sample(self, msg: Message) -> None:
        value: Any = msg["value"]
        name = str(msg["name"])
        if name not in self._param_dims or not isinstance(value, Tensor):
            return
        shape = value.shape[:value.dim() - len(msg["fn"].event_shape)]
        dim_to_id = msg["infer"].setdefault("_dim_to_id", {})
        dim_to_id.update(self._param_dims[name])
        # a value shows only some of the dims that its log-density depends on
        self._value_dims[name] = {d: i for d, i in dim_to_id.items() if len(shape) >= -d and shape[d] > 1}
