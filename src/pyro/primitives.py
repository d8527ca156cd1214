"""The statements of the language. Each builds one message and hands it to the handlers."""

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from inspect import isclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.constraints import Constraint

from pyro.distributions.delta import Delta
from pyro.distributions.unit import Unit
from pyro.ops import validation
from pyro.ops.random_state import set_rng_seed
from pyro.ops.shown_once import warn_once
from pyro.params.param_store import ParamStoreDict, param_with_module_name
from pyro.poutine import handlers
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.runtime import (
    _PYRO_PARAM_STORE,
    InferDict,
    am_i_wrapped,
    apply_stack,
    effectful,
    get_plates,
    new_message,
)

__all__ = ["barrier", "clear_param_store", "deterministic", "enable_validation", "factor", "get_param_store", "iarange",
           "irange", "module", "param", "plate", "plate_stack", "random_module", "sample", "set_rng_seed", "subsample",
           "validation_enabled"]

M = TypeVar("M", bound=torch.nn.Module)


def get_param_store() -> ParamStoreDict:
    """The parameter store that :func:`param` and :func:`module` use."""
    return _PYRO_PARAM_STORE


def clear_param_store() -> None:
    """Removes all parameters from the store, as between two models."""
    _PYRO_PARAM_STORE.clear()


def param(
    name: str,
    init_tensor: Tensor | Callable[[], Tensor] | None = None,
    constraint: Constraint = constraints.real,
    event_dim: int | None = None,
) -> Tensor:
    """A learnable parameter, kept in the parameter store under its name.

    Args:
        name: the parameter's name.
        init_tensor: its first value, or a function that returns it and is called once; may be left out where the
            parameter exists.
        constraint: what values are allowed; the optimiser works on unconstrained values.
        event_dim: how many of the rightmost dims belong to no plate. Where given, plates with subsampling cut their
            rows out of the others.

    Returns:
        The constrained value; ``value.unconstrained()`` is the tensor that is optimised.

    Raises:
        KeyError: if the parameter does not exist and has no first value.
        ValueError: if the first value is outside of the constraint, or if the parameter was created with one of
            another shape.

    Example:
        >>> import torch, pyro
        >>> from pyro.distributions import constraints
        >>> pyro.param("doc_scale", torch.tensor(2.0), constraint=constraints.positive).item()
        2.0
    """
    args = (name,) if init_tensor is None else (name, init_tensor)
    kwargs = {"constraint": constraint, "event_dim": event_dim}
    if not am_i_wrapped():
        return _PYRO_PARAM_STORE.get_param(*args, **kwargs)  # type: ignore[arg-type]
    msg = new_message("param", name, _PYRO_PARAM_STORE.get_param, args, kwargs)
    return cast(Tensor, apply_stack(msg)["value"])


def sample(
    name: str,
    fn: Any,
    *args: Any,
    obs: Tensor | None = None,
    obs_mask: bool | Tensor | None = None,
    infer: InferDict | dict[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """A random variable: draws a value from a distribution, or observes one.

    Args:
        name: the site's name, once in a model.
        fn: a distribution.
        *args: passed on to ``fn``.
        obs: the observed value.
        obs_mask: where ``obs`` was observed, a boolean or a boolean tensor that broadcasts to the batch shape. The
            rest is latent: the guide's site for it is ``<name>_unobserved``, of which that part alone counts.
        infer: options for the inference algorithm, see :class:`~pyro.poutine.runtime.InferDict`.
        **kwargs: passed on to ``fn``.

    Returns:
        The value.

    Raises:
        TypeError: if ``fn`` is no distribution.
        ValueError: if ``obs_mask`` is not boolean or does not broadcast.

    Shape:
        ``fn.batch_shape + fn.event_shape``, where the batch shape is expanded to the plates around the statement.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> pyro.sample("z", dist.Normal(0.0, 1.0)).shape
        torch.Size([])
    """
    if obs_mask is not None:
        return _masked_observe(name, fn, obs, obs_mask, *args, infer=infer, **kwargs)
    if not am_i_wrapped():
        if obs is None:
            return _callable(name, fn)(*args, **kwargs)
        if not (infer and infer.get("_deterministic")):
            warn_once(f"trying to observe a value outside of inference at {name}: the observation has no effect there. "
                      "Run the model by poutine.trace or an inference algorithm.", RuntimeWarning, stacklevel=2)
        return obs
    options: dict[str, Any] = {} if infer is None else {**infer}
    is_observed = options.pop("is_observed", obs is not None)
    if is_observed and obs is None:
        raise AssertionError(f"Site '{name}': infer={{'is_observed': True}} needs a value. Pass it as obs=.")
    msg = new_message("sample", name, _callable(name, fn), args, kwargs, obs, options, is_observed)
    return apply_stack(msg)["value"]


def _callable(name: str, fn: Any) -> Any:
    if not callable(fn):
        raise TypeError(f"Site '{name}': expected a distribution, got {fn!r}, and '{type(fn).__name__}' object is not "
                        "callable. Use a class of pyro.distributions, or pyro.deterministic for a computed value.")
    return fn


def _masked_observe(
    name: str, fn: Any, obs: Tensor | None, obs_mask: bool | Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    """Observes ``fn`` where the mask is true, samples it elsewhere, at two sites, and joins the values at a third."""
    if isinstance(obs_mask, Tensor):
        if obs_mask.dtype != torch.bool:
            raise ValueError(f"Site '{name}': obs_mask has dtype {obs_mask.dtype}, expected torch.bool. Convert it by "
                             ".bool().")
        _check_mask_shape(name, fn, obs_mask)
        latent: bool | Tensor = ~obs_mask
        choice = obs_mask.reshape(obs_mask.shape + (1,) * fn.event_dim)
    elif isinstance(obs_mask, bool):
        latent, choice = not obs_mask, torch.tensor(obs_mask)
    else:
        raise ValueError(f"Site '{name}': expected a boolean or a boolean tensor as obs_mask, got {obs_mask!r}.")
    with MaskMessenger(obs_mask):
        observed = sample(f"{name}_observed", fn, *args, obs=obs, **kwargs)
    kwargs["infer"] = {**(kwargs["infer"] or {}), "_latent_part": latent}
    with MaskMessenger(latent):
        unobserved = sample(f"{name}_unobserved", fn, *args, **kwargs)
    return deterministic(name, torch.where(choice.to(unobserved.device), observed, unobserved), event_dim=fn.event_dim)


def _check_mask_shape(name: str, fn: Any, obs_mask: Tensor) -> None:
    # fn has not met its plates yet
    plates = {frame.dim: frame.size for frame in get_plates() if frame.dim is not None and frame.size >= 0}
    inside = tuple(plates.get(dim, 1) for dim in range(min(plates, default=0), 0))
    try:
        torch.broadcast_shapes(obs_mask.shape, inside, fn.batch_shape)
    except RuntimeError:
        raise ValueError(f"Site '{name}': obs_mask has shape {tuple(obs_mask.shape)}, expected one that broadcasts to "
                         f"batch_shape {tuple(fn.batch_shape)} and to the plates' sizes {inside}. Reshape the mask or "
                         "widen the enclosing plate.") from None


def factor(name: str, log_factor: Tensor, *, has_rsample: bool | None = None) -> None:
    """Adds a term to the model's log-density.

    Args:
        name: the site's name.
        log_factor: the term; its shape is a batch shape.
        has_rsample: in guides, whether the term's value carries gradients to the guide's parameters; must be given.

    Example:
        >>> import torch, pyro
        >>> def model():
        ...     pyro.factor("penalty", torch.tensor(-2.0))
        >>> pyro.poutine.trace(model).get_trace().log_prob_sum()
        tensor(-2.)
    """
    unit = Unit(log_factor, has_rsample=has_rsample)
    sample(name, unit, obs=unit.sample(), infer={"is_auxiliary": True})


def deterministic(name: str, value: Tensor, event_dim: int | None = None) -> Tensor:
    """Names a computed value, so that it appears in traces and predictions.

    Args:
        name: the site's name.
        value: the value.
        event_dim: how many of its rightmost dims belong to no plate; by default all.

    Returns:
        The value.

    Raises:
        TypeError: if the value is no tensor.
    """
    if not isinstance(value, Tensor):
        raise AttributeError(f"Site '{name}': expected a tensor, got {value!r} of type {type(value).__name__}, which "
                             "has no attribute 'ndim'. Wrap it by torch.tensor().")
    infer = {"_deterministic": True, "_has_event_dim": event_dim is not None}
    fn = Delta(value, event_dim=value.ndim if event_dim is None else event_dim).mask(False)
    return cast(Tensor, sample(name, fn, obs=value, infer=infer))


@effectful(type="subsample")
def subsample(data: Tensor, event_dim: int) -> Tensor:
    """Cuts the rows of the plates around out of data that has them all.

    Args:
        data: has the full size, or 1, at the plates' dims.
        event_dim: how many of the rightmost dims belong to no plate.

    Returns:
        The rows.

    Example:
        >>> import torch, pyro
        >>> with pyro.plate("data", 5, subsample=torch.tensor([3, 1])):
        ...     subsample(torch.arange(5.0), event_dim=0)
        tensor([3., 1.])
    """
    if not isinstance(event_dim, int) or event_dim < 0:
        raise AssertionError(f"subsample: expected a non-negative event_dim, got {event_dim!r}.")
    return data


@effectful(type="barrier")
def barrier(data: Any) -> Any:
    """Makes sure that data holds numbers, where a handler around would pass lazy expressions.

    Args:
        data: any structure.
    """
    return data


class plate(PlateMessenger):
    """Conditionally independent data: ``with`` declares a tensor dim, ``for`` a loop.

    With a subsample, log-densities inside are scaled by ``size / subsample_size`` to stand for all the data.

    Args:
        name: the plate's name.
        size: how many data there are; ``None`` to declare the dim alone.
        subsample_size: how many of them to draw each run, without replacement.
        subsample: the rows to use, chosen by the caller.
        dim: the tensor dim, negative, counted in batch shapes; by default the rightmost free one.
        use_cuda: old name of ``device="cuda"``.
        device: where drawn rows are put.

    Yields:
        As a context manager the rows, a tensor of integers; as a loop one integer after the other.

    Raises:
        ValueError: if sizes contradict each other, or two plates meet on one dim.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> with pyro.plate("data", 100, subsample_size=10) as rows:
        ...     rows.shape, pyro.sample("x", dist.Normal(0.0, 1.0)).shape
        (torch.Size([10]), torch.Size([10]))
    """


class iarange(plate):
    """Deprecated name of :class:`plate`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn("pyro.iarange is deprecated; use pyro.plate instead", DeprecationWarning, stacklevel=2)
        super().__init__(*args, **kwargs)


class irange(plate):
    """Deprecated name of :class:`plate`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn("pyro.irange is deprecated; use pyro.plate instead", DeprecationWarning, stacklevel=2)
        super().__init__(*args, **kwargs)


@contextmanager
def plate_stack(prefix: str, sizes: Sequence[int], rightmost_dim: int = -1) -> Iterator[None]:
    """Contiguous plates named ``<prefix>_0``, ``<prefix>_1``, ... from the right.

    Args:
        prefix: of the plates' names.
        sizes: the plates' sizes, as in a batch shape.
        rightmost_dim: where the last one goes, negative.
    """
    if rightmost_dim >= 0:
        raise AssertionError(f"plate_stack: expected a negative rightmost_dim, got {rightmost_dim}.")
    with ExitStack() as stack:
        for i, size in enumerate(reversed(sizes)):
            stack.enter_context(plate(f"{prefix}_{i}", size, dim=rightmost_dim - i))
        yield


def module(name: str, nn_module: M, update_module_params: bool = False) -> M:
    """Registers a module's parameters in the parameter store, as ``<name>$$$<parameter>``.

    Args:
        name: the module's name.
        nn_module: a module; parameters that do not require gradients are left alone.
        update_module_params: whether the module takes over what the handlers and the store have under these names.

    Returns:
        The module.

    Raises:
        NotImplementedError: if ``nn_module`` is a class.
        AssertionError: if it has no parameters.
    """
    if isclass(nn_module):
        raise NotImplementedError(f"Module '{name}': pyro.module does not support class constructors for the argument "
                                  f"nn_module. Pass an instance, {nn_module.__name__}(...).")
    if not hasattr(nn_module, "parameters"):
        raise AssertionError(f"Module '{name}': expected a torch.nn.Module, got {nn_module!r}: module has no "
                             "parameters.")
    replaced: dict[str, Tensor] = {}
    for param_name, own in nn_module.named_parameters():
        if not own.requires_grad:
            warn_once(f"Module '{name}': {param_name} was not registered in the param store because "
                      "requires_grad=False. Filter it out, or set requires_grad.", stacklevel=2)
            continue
        value = param(param_with_module_name(name, param_name), own)
        if value is not own:
            replaced[param_name] = value
    if update_module_params:
        for param_name, value in replaced.items():
            owner_name, _, attribute = param_name.rpartition(".")
            # a sampled or transformed value is no Parameter, which a plain assignment to the attribute would refuse
            nn_module.get_submodule(owner_name)._parameters[attribute] = value  # type: ignore[assignment]
    return nn_module


def random_module(name: str, nn_module: M, prior: Any, *args: Any, **kwargs: Any) -> Callable[[], M]:
    """Deprecated: a function that draws a module's parameters from priors. Use :class:`pyro.nn.PyroModule`.

    Args:
        name: the module's name.
        nn_module: a module, which is copied each time.
        prior: as for :func:`pyro.poutine.lift`.
        *args: ignored.
        **kwargs: ignored.

    Returns:
        A function without arguments that returns a module with sampled parameters.
    """
    warnings.warn("pyro.random_module is deprecated; use pyro.nn.PyroModule instead, which gives modules priors by "
                  "PyroSample.", FutureWarning, stacklevel=2)
    if not hasattr(nn_module, "parameters"):
        raise AssertionError(f"Module '{name}': expected a torch.nn.Module, got {nn_module!r}.")
    if isinstance(prior, dict):
        prior = {param_with_module_name(name, key): fn for key, fn in prior.items()}

    def draw() -> M:
        lifted = handlers.lift(module, prior=prior)
        return cast(M, lifted(name, copy.deepcopy(nn_module), update_module_params=True))

    return draw


def enable_validation(is_validate: bool = True) -> None:
    """Switches the checks of distributions, handlers and inference on or off; they are on by default.

    Args:
        is_validate: whether inputs are checked from here on.
    """
    validation.enable_validation(is_validate)


def validation_enabled(is_validate: bool = True) -> AbstractContextManager[None]:
    """Switches the checks on or off inside a ``with`` block.

    Args:
        is_validate: whether inputs are checked inside.
    """
    return validation.validation_enabled(is_validate)


