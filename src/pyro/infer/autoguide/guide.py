"""The base of automatic guides: what the model looks like, and the plates that model and guide share.

A guide learns its model's latent sites from a *prototype*: one run of the model, unseen by the handlers around, at
the first call of the guide. From then on it has its parameters, one set a site. Sites in plates with subsampling have
parameters for all rows, of which a run uses the rows that are drawn. Loops over a plate (``for i in pyro.plate(...)``)
need no dim: each round has sites, and so parameters, of its own.

A guide whose model takes no arguments runs its prototype as soon as somebody asks for its parameters or its state. One
whose model takes some keeps the state that it is asked to load until its first call.
"""

import copy
import inspect
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.util import detach
from pyro.infer.autoguide.initialization import InitFn, InitMessenger, InitPoint, InitStrategy
from pyro.infer.autoguide.unconstrained import unconstrained_event_dim
from pyro.nn.module import PyroModule
from pyro.ops.tensor_utils import periodic_repeat
from pyro.poutine.frame import CondIndepStackFrame
from pyro.poutine.handlers import block, trace
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample
from pyro.primitives import plate

__all__ = ["AutoGuide", "prototype_hide_fn"]

Values = dict[str, Tensor]


def prototype_hide_fn(msg: Any) -> bool:
    """Whether a statement is of no interest to a guide: it is observed, holds a plate's rows, or is no sample.

    Args:
        msg: the statement's message.
    """
    return msg["type"] != "sample" or msg["is_observed"] or site_is_subsample(msg)


class _Model:
    """Holds a guide's model, so that its parameters are not the guide's; leaves it out of files it does not fit in."""

    def __init__(self, model: Any = None) -> None:
        self.model = model

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Model":
        return _Model(copy.deepcopy(self.model, memo))

    def __reduce__(self) -> tuple[Any, ...]:
        try:
            pickle.dumps(self.model)
        except Exception:  # a function defined in another; whatever its parts raise
            return _Model, ()
        return _Model, (self.model,)


class _Master:
    """Refers to the guide that a guide is a part of."""

    def __init__(self, guide: "AutoGuide") -> None:
        self.guide = guide

    def __call__(self) -> "AutoGuide":
        return self.guide


class AutoGuide(PyroModule):
    """The base of automatic guides.

    A subclass makes its parameters in :meth:`_setup_prototype`, and samples in ``forward``, which takes the model's
    arguments and returns the sites' values by name.

    Args:
        model: the model.
        create_plates: a function of the model's arguments that returns plates, or one plate: those of the guide's
            plates that depend on arguments, or whose rows are chosen by the caller. The others are made like the
            model's.
    """

    init_loc_fn: InitFn | None = None
    _init_scale = 0.1
    _prototype_hide_fn = staticmethod(prototype_hide_fn)

    def __init__(self, model: Any, *, create_plates: Callable[..., Any] | None = None) -> None:
        if not callable(model):
            raise ValueError(f"{type(self).__name__}: expected a model that can be called, got {model!r}.")
        super().__init__(name=type(self).__name__)
        self._pyro_context.is_named = False  # two guides of a class share parameters by accident only
        self.master: _Master | None = None
        self._model = _Model(model)
        self.create_plates = create_plates
        self.prototype_trace: Trace | None = None
        self.plates: dict[str, plate] = {}
        self._prototype_frames: dict[str, CondIndepStackFrame] = {}
        self._waiting_state: dict[str, Any] | None = None
        self._is_setting_up = False

    @property
    def model(self) -> Any:
        """The model."""
        return self._model.model

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, AutoGuide):
            value._update_master(self if self.master is None else self.master())
        super().__setattr__(name, value)

    def _update_master(self, master: "AutoGuide") -> None:
        """Makes this guide, and its parts, use another guide's plates."""
        self.master = _Master(master)
        for part in self.children():
            if isinstance(part, AutoGuide):
                part._update_master(master)

    def call(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        """Calls the guide, for code that needs tensors in a tuple, such as :func:`torch.jit.trace`.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            The sites' values, in alphabetical order of the sites.
        """
        return tuple(value for _, value in sorted(self(*args, **kwargs).items()))

    def sample_latent(*args: Any, **kwargs: Any) -> Any:
        """A draw of what the sites' values are computed from, where the guide has one such thing.

        Args:
            *args: the model's.
            **kwargs: the model's.
        """

    def median(self, *args: Any, **kwargs: Any) -> Values:
        """The guide's median at each site, without gradients.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        raise NotImplementedError(f"{type(self).__name__} has no known median. Take the median of draws, as "
                                  "Predictive returns them.")

    # ---- the prototype

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        """Runs the model to learn its latent sites; subclasses go on to make their parameters."""
        model = self.model
        if model is None:
            raise RuntimeError(f"{type(self).__name__}: this guide was pickled before its first call, with a model "
                               "that cannot be pickled. Define the model at the top level of a module.")
        if isinstance(self.init_loc_fn, InitStrategy):
            self.init_loc_fn = self.init_loc_fn.fit(model, args, kwargs)
        if self.init_loc_fn is not None:
            model = InitMessenger(self.init_loc_fn)(model)
        visible = block(model, hide_fn=self._prototype_hide_fn)
        with block():
            run = trace(visible).get_trace(*args, **kwargs)
        for name in ("_INPUT", "_RETURN"):  # they may be large, and nobody needs them
            run.remove_node(name)
        run.detach_()
        for site in run.nodes.values():
            site["fn"] = detach(site["fn"])  # what is not a leaf cannot be copied
            for frame in site["cond_indep_stack"]:
                self._add_frame(site["name"], frame)
        if self.master is not None:
            self.master()._set_up(*args, **kwargs)
            self.master()._check_prototype(run)
        self.prototype_trace = run

    def _add_frame(self, site_name: str, frame: CondIndepStackFrame) -> None:
        if frame.vectorized:
            self._prototype_frames[frame.name] = frame
        elif _full_size(frame) != frame.size:
            raise NotImplementedError(
                f"Site '{site_name}': {type(self).__name__} does not support a sequential pyro.plate that draws rows, "
                f"and plate '{frame.name}' draws {frame.size} of {frame.full_size}. Use the plate by 'with', or loop "
                "over all rows.")

    def _check_prototype(self, part_trace: Trace) -> None:
        """Checks the prototype of a part of this guide."""

    def _set_up(self, *args: Any, **kwargs: Any) -> None:
        """Runs the prototype, unless there is one, and loads the state that has waited for it."""
        if self.prototype_trace is not None or self._is_setting_up:
            return
        self._is_setting_up = True
        try:
            self._setup_prototype(*args, **kwargs)
        finally:
            self._is_setting_up = False
        if self._waiting_state is not None:
            state, self._waiting_state = self._waiting_state, None
            self.load_state_dict(state)

    def _sites(self) -> Iterator[tuple[str, Any]]:
        """Names and messages of the model's latent sites, as the prototype has them."""
        assert self.prototype_trace is not None
        return self.prototype_trace.iter_stochastic_nodes()

    # ---- plates

    def _create_plates(self, *args: Any, **kwargs: Any) -> dict[str, plate]:
        """The plates of one run of the guide, by name."""
        if self.master is not None:
            if self.create_plates is not None:
                raise AssertionError(f"{type(self).__name__}: a part of another guide uses that guide's plates. Pass "
                                     "create_plates= to the whole.")
            return self.master().plates
        self.plates = {} if self.create_plates is None else _by_name(self.create_plates(*args, **kwargs))
        for name, frame in sorted(self._prototype_frames.items()):
            if name not in self.plates:
                full_size = _full_size(frame)
                self.plates[name] = plate(name, full_size, dim=frame.dim,
                                          subsample_size=None if frame.size == full_size else frame.size)
        return self.plates

    def _inside_plates(self, site: Any) -> AbstractContextManager[Any]:
        """Enters the plates of a site."""
        stack = ExitStack()
        plates = self.plates if self.master is None else self.master().plates
        for frame in site["cond_indep_stack"]:
            if frame.vectorized:
                stack.enter_context(plates[frame.name])
        return stack

    def _with_all_rows(self, site: Any, value: Tensor, event_dim: int) -> Tensor:
        """Repeats the rows that the prototype has of a site until there is one for each row of its plates."""
        for frame in site["cond_indep_stack"]:
            if frame.vectorized and _full_size(frame) != frame.size:
                dim = frame.dim - event_dim
                if value.dim() >= -dim and value.shape[dim] == frame.size:
                    value = periodic_repeat(value, _full_size(frame), dim).contiguous()
        return value

    def _start_scale(self, name: str, loc: Tensor) -> Tensor:
        """The standard deviations that a site's elements start with, like their means and with all rows."""
        found = self.init_loc_fn.scales.get(name) if isinstance(self.init_loc_fn, InitPoint) else None
        if found is None:
            return torch.full_like(loc, self._init_scale)
        assert self.prototype_trace is not None
        site = self.prototype_trace.nodes[name]
        return self._with_all_rows(site, found.to(loc), unconstrained_event_dim(site, found)).clone()

    # ---- parameters and state before the first call

    def _set_up_for_state(self) -> bool:
        """Runs the prototype if that needs no arguments, and says whether there is one."""
        if self.prototype_trace is None and not self._is_setting_up and _takes_no_arguments(self.model):
            self._set_up()
        return self.prototype_trace is not None

    def named_modules(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, torch.nn.Module]]:
        """As in :class:`torch.nn.Module`; the way to parameters, which begin to exist if the model allows it."""
        self._set_up_for_state()
        yield from super().named_modules(*args, **kwargs)

    def _save_to_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._set_up_for_state()
        super()._save_to_state_dict(*args, **kwargs)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any) -> None:
        if self._set_up_for_state():
            super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        else:
            self._waiting_state = {name[len(prefix):]: value.clone() if isinstance(value, Tensor) else value
                                   for name, value in state_dict.items() if name.startswith(prefix)}


def _full_size(frame: CondIndepStackFrame) -> int:
    return frame.size if frame.full_size is None else frame.full_size


def _by_name(plates: plate | Iterable[plate]) -> dict[str, plate]:
    found = [plates] if isinstance(plates, plate) else list(plates)
    if not all(isinstance(one, plate) for one in found):
        raise AssertionError(f"create_plates: expected a pyro.plate or several, got {found}. Return plates that are "
                             "not entered.")
    return {one.name: one for one in found}


def _takes_no_arguments(model: Any) -> bool:
    # optional ones count: without its data a model may have other latent sites
    try:
        return not inspect.signature(model.forward if isinstance(model, torch.nn.Module) else model).parameters
    except (TypeError, ValueError):  # it does not tell
        return False
