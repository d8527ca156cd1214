"""The handlers as functions: ``handler(fn, ...)`` wraps a program, ``handler(...)`` is a context manager or decorator.

Each takes its options by position after ``fn`` or by keyword; without ``fn``, by keyword only.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from queue import Queue
from typing import Any, Literal, TypeVar

from torch import Tensor

from pyro.distributions.distribution import Distribution
from pyro.poutine import util
from pyro.poutine.block_messenger import BlockMessenger
from pyro.poutine.broadcast_messenger import BroadcastMessenger
from pyro.poutine.collapse_messenger import CollapseMessenger
from pyro.poutine.condition_messenger import ConditionMessenger
from pyro.poutine.do_messenger import DoMessenger
from pyro.poutine.enum_messenger import EnumMessenger
from pyro.poutine.equalize_messenger import EqualizeMessenger
from pyro.poutine.escape_messenger import EscapeMessenger
from pyro.poutine.infer_config_messenger import InferConfigMessenger
from pyro.poutine.lift_messenger import LiftMessenger
from pyro.poutine.markov_messenger import MarkovMessenger
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.poutine.messenger import Messenger
from pyro.poutine.reparam_messenger import ReparamMessenger
from pyro.poutine.replay_messenger import ReplayMessenger
from pyro.poutine.runtime import Message, NonlocalExit
from pyro.poutine.scale_messenger import ScaleMessenger
from pyro.poutine.seed_messenger import SeedMessenger
from pyro.poutine.substitute_messenger import SubstituteMessenger
from pyro.poutine.trace_messenger import TraceMessenger
from pyro.poutine.trace_struct import Trace
from pyro.poutine.uncondition_messenger import UnconditionMessenger

__all__ = ["block", "broadcast", "collapse", "condition", "do", "enum", "equalize", "escape", "infer_config", "lift",
           "markov", "mask", "queue", "reparam", "replay", "scale", "seed", "substitute", "trace", "uncondition"]

F = TypeVar("F", bound=Callable[..., Any])


def _make_handler(msngr_cls: Callable[..., Messenger], module: str | None = None) -> Callable[[F], F]:
    """Turns a handler class into a function of the decorated function's name, signature and docstring.

    Args:
        msngr_cls: the handler class, with the parameters that follow ``fn``.
        module: the module that the function says it is from.

    Returns:
        A decorator of a function ``(fn=None, ...)`` whose body is not run.

    Example:
        >>> from pyro.poutine.messenger import Messenger
        >>> @_make_handler(Messenger)
        ... def nothing(fn=None):
        ...     "Changes nothing."
        >>> nothing(lambda: 3)()
        3
    """

    def decorate(signature: F) -> F:
        @functools.wraps(signature)
        def handler(fn: Any = None, *args: Any, **kwargs: Any) -> Any:
            if fn is not None and not callable(fn) and not isinstance(fn, Iterable):
                raise ValueError(f"{fn!r} is not callable, did you mean to pass it to {signature.__name__} as a "
                                 "keyword arg?")
            msngr = msngr_cls(*args, **kwargs)
            return msngr if fn is None else functools.update_wrapper(msngr(fn), fn, updated=())

        if module is not None:
            handler.__module__ = module
        return handler  # type: ignore[return-value]

    return decorate


@_make_handler(BlockMessenger)
def block(
    fn: Any = None,
    hide_fn: Callable[[Message], bool | None] | None = None,
    expose_fn: Callable[[Message], bool | None] | None = None,
    hide_all: bool = True,
    expose_all: bool = False,
    hide: list[str] | None = None,
    expose: list[str] | None = None,
    hide_types: list[str] | None = None,
    expose_types: list[str] | None = None,
) -> Any:
    """Hides sites from the handlers outside; all of them unless told otherwise.

    See :class:`~pyro.poutine.block_messenger.BlockMessenger` for the arguments.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> def model():
        ...     pyro.sample("a", dist.Normal(0.0, 1.0))
        ...     pyro.sample("b", dist.Normal(0.0, 1.0))
        >>> trace(block(model, hide=["a"])).get_trace().stochastic_nodes
        ['b']
    """


@_make_handler(BroadcastMessenger)
def broadcast(fn: Any = None) -> Any:
    """Expands the distributions of sample statements to the plates around them; plates do this by themselves."""


@_make_handler(CollapseMessenger)
def collapse(fn: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Integrates the latent sites inside out, by conjugacy; needs the package funsor.

    See :class:`~pyro.poutine.collapse_messenger.CollapseMessenger`.
    """


@_make_handler(ConditionMessenger)
def condition(fn: Any, data: Mapping[str, Tensor] | Trace) -> Any:
    """Observes data at sites that the program samples.

    Args:
        fn: the program.
        data: values by site name, or a trace.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     return pyro.sample("z", dist.Normal(0.0, 1.0))
        >>> condition(model, data={"z": torch.tensor(2.0)})()
        tensor(2.)
    """


@_make_handler(DoMessenger)
def do(fn: Any, data: Mapping[str, Tensor | float]) -> Any:
    """Sets the values that sites pass on to the rest of the program, whatever the sites themselves are.

    Args:
        fn: the program.
        data: values by site name.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     return z + 1.0
        >>> do(model, data={"z": torch.tensor(2.0)})()
        tensor(3.)
    """


@_make_handler(EnumMessenger)
def enum(fn: Any = None, first_available_dim: int | None = None) -> Any:
    """Gives each site whose ``infer["enumerate"]`` is ``"parallel"`` all its values at once, along a dim of its own.

    Args:
        fn: the program.
        first_available_dim: rightmost dim to use: negative, left of every plate.
    """


@_make_handler(EqualizeMessenger)
def equalize(
    fn: Any, sites: str | list[str], type: str | None, keep_dist: bool | None
) -> Any:
    """Gives all matching sites the value of the first of them.

    Args:
        fn: the program.
        sites: a regular expression for whole names, or a list of such.
        type: ``"sample"`` or ``"param"``.
        keep_dist: whether the later sample sites keep their distributions.
    """


@_make_handler(EscapeMessenger)
def escape(fn: Any, escape_fn: Callable[[Message], bool]) -> Any:
    """Leaves the program, by :class:`~pyro.poutine.NonlocalExit`, at the first site that fulfils a condition.

    Args:
        fn: the program.
        escape_fn: says of a message whether to leave there.
    """


@_make_handler(InferConfigMessenger)
def infer_config(fn: Any, config_fn: Callable[[Message], Mapping[str, Any]]) -> Any:
    """Extends the ``infer`` dict of every sample and param statement.

    Args:
        fn: the program.
        config_fn: maps a message to the entries to add.
    """


@_make_handler(LiftMessenger)
def lift(
    fn: Any, prior: Distribution | Mapping[str, Distribution | Callable[..., Any]] | Callable[..., Any]
) -> Any:
    """Samples parameters from priors.

    Args:
        fn: the program.
        prior: one distribution, distributions by parameter name, or a function that returns values.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     return pyro.param("lifted_doc", torch.tensor(1.0))
        >>> trace(lift(model, prior=dist.Exponential(0.3))).get_trace().stochastic_nodes
        ['lifted_doc']
    """


@_make_handler(MaskMessenger)
def mask(fn: Any, mask: bool | Tensor) -> Any:
    """Ignores the log-densities of sites where a mask is false.

    Args:
        fn: the program.
        mask: a boolean, or a boolean tensor that broadcasts to the sites' batch shapes.
    """


@_make_handler(ReparamMessenger)
def reparam(fn: Any, config: Mapping[str, Any] | Callable[[Message], Any]) -> Any:
    """Replaces sites by other parametrisations of the same distribution.

    Args:
        fn: the program.
        config: reparametrisers by site name, or a function from a message to one or ``None``.
    """


@_make_handler(ReplayMessenger)
def replay(
    fn: Any = None, trace: Trace | None = None, params: Mapping[str, Tensor] | None = None
) -> Any:
    """Gives sites the values that they had in an earlier run.

    Args:
        fn: the program.
        trace: values for sample sites.
        params: values for parameters, as the parameter store returns them.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> def model():
        ...     return pyro.sample("z", dist.Normal(0.0, 1.0))
        >>> first = pyro.poutine.trace(model).get_trace()
        >>> bool(replay(model, trace=first)() == first.nodes["z"]["value"])
        True
    """


@_make_handler(ScaleMessenger)
def scale(fn: Any, scale: float | Tensor) -> Any:
    """Multiplies the log-densities of sites by a positive factor.

    Args:
        fn: the program.
        scale: a number, or a tensor that broadcasts to the sites' batch shapes.
    """


@_make_handler(SeedMessenger)
def seed(fn: Any, rng_seed: int) -> Any:
    """Runs the program with a seed of its own and restores the generators afterwards.

    Args:
        fn: the program.
        rng_seed: the seed.
    """


@_make_handler(SubstituteMessenger)
def substitute(fn: Any, data: Mapping[str, Tensor]) -> Any:
    """Gives parameters fixed values.

    Args:
        fn: the program.
        data: values by parameter name.
    """


@_make_handler(TraceMessenger)
def trace(
    fn: Any = None, graph_type: Literal["flat", "dense"] | None = None, param_only: bool | None = None
) -> Any:
    """Records the program's statements.

    ``trace(fn).get_trace(*args)`` runs the program and returns its :class:`~pyro.poutine.Trace`; as a context manager
    the record is the handler's attribute ``trace``.

    Args:
        fn: the program.
        graph_type: ``"flat"`` or ``"dense"``.
        param_only: record parameters only.
    """


@_make_handler(UnconditionMessenger)
def uncondition(fn: Any = None) -> Any:
    """Samples the observed sites too.

    Args:
        fn: the program.
    """


def queue(
    fn: Any = None,
    queue: "Queue[Trace] | None" = None,
    max_tries: int | None = None,
    extend_fn: Callable[..., Iterable[Trace]] | None = None,
    escape_fn: Callable[[Trace, Message], bool] | None = None,
    num_samples: int | None = None,
) -> Any:
    """Explores the program's runs: each call takes a partial trace from a queue and completes it.

    Where the run meets a site that the trace does not have, all extensions of the trace by this site are put into the
    queue and the next trace is taken.

    Args:
        fn: the program.
        queue: partial traces; put an empty :class:`~pyro.poutine.Trace` in it to begin.
        max_tries: how many traces to take before giving up.
        extend_fn: ``(trace, msg, num_samples=) -> traces``, all values of the site by default.
        escape_fn: ``(trace, msg) -> bool``, where to extend; at new discrete sites by default.
        num_samples: passed to ``extend_fn``.

    Returns:
        The program, which now returns a complete run's result each time it is called; without ``fn``, a decorator.

    Raises:
        ValueError: if no trace could be completed.
    """
    if queue is None:
        raise ValueError("queue: expected a queue.Queue with an empty pyro.poutine.Trace in it, got queue=None.")
    traces, tries = queue, int(1e6) if max_tries is None else max_tries
    extend = util.enum_extend if extend_fn is None else extend_fn
    escapes = util.discrete_escape if escape_fn is None else escape_fn

    def decorate(wrapped: Any) -> Any:
        @functools.wraps(wrapped)
        def explore(*args: Any, **kwargs: Any) -> Any:
            for _ in range(tries):
                if traces.empty():
                    raise AssertionError("queue: trying to get() from an empty queue will deadlock; all runs of the "
                                         "program are done.")
                start = traces.get()
                run = trace(escape(replay(wrapped, trace=start), escape_fn=functools.partial(escapes, start)))
                try:
                    return run(*args, **kwargs)
                except NonlocalExit as exit_:
                    exit_.reset_stack()
                    for extended in extend(run.trace.copy(), exit_.site, num_samples=num_samples):
                        traces.put(extended)
            raise ValueError(f"max tries ({tries}) exceeded before a run of the program was complete. Raise max_tries.")

        return explore

    return decorate if fn is None else decorate(fn)


def markov(
    fn: Any = None, history: int = 1, keep: bool = False, dim: int | None = None, name: str | None = None
) -> Any:
    """Declares dependence to reach a bounded number of steps back, so that enumeration can reuse tensor dims.

    Used around an iterable, as a decorator or as a context manager.

    Args:
        fn: an iterable to loop over, or a function.
        history: how many steps back a step may depend on; 0 for none.
        keep: whether neighbouring branches of equal depth may depend on each other.
        dim: reserved.
        name: reserved.

    Example:
        >>> [t for t in markov(range(3))]
        [0, 1, 2]
    """
    if fn is None:
        return MarkovMessenger(history=history, keep=keep, dim=dim, name=name)
    if callable(fn):
        return functools.wraps(fn)(MarkovMessenger(history=history, keep=keep, dim=dim, name=name)(fn))
    if not isinstance(fn, Iterable):
        raise ValueError(f"{fn!r} is not iterable or callable, did you mean to pass it to markov as a keyword arg?")
    return MarkovMessenger(history=history, keep=True, dim=dim, name=name).generator(iterable=fn)
