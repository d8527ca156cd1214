"""The effect system: one message a statement, one stack of handlers a context.

A primitive statement builds a :class:`Message`, :func:`apply_stack` hands it to the handlers, innermost first, lets the
default action fill in the value unless a handler did, and hands it back outwards. Messages are plain dicts, so that
handlers of other projects can read and write them.

The stack lives in a context variable, like the dim allocators (:mod:`pyro.poutine.dims`): each thread and each asyncio
task has its own, and handlers installed in one are invisible in the others.
"""

import functools
from collections.abc import Callable, Iterable, MutableSequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, overload

from torch import Tensor

from pyro.params.param_store import _MODULE_NAMESPACE_DIVIDER as _MODULE_NAMESPACE_DIVIDER
from pyro.params.param_store import _PYRO_PARAM_STORE as _PYRO_PARAM_STORE
from pyro.poutine.dims import _DIM_ALLOCATOR as _DIM_ALLOCATOR
from pyro.poutine.dims import _ENUM_ALLOCATOR as _ENUM_ALLOCATOR
from pyro.poutine.dims import _DimAllocator as _DimAllocator
from pyro.poutine.dims import _EnumAllocator as _EnumAllocator

if TYPE_CHECKING:
    from pyro.poutine.frame import CondIndepStackFrame
    from pyro.poutine.messenger import Messenger

F = TypeVar("F", bound=Callable[..., Any])


class InferDict(TypedDict, total=False):
    """What a site tells the inference algorithm; keys of other projects are allowed beside these.

    Attributes:
        enumerate: ``"parallel"`` or ``"sequential"`` to sum the site out instead of sampling it.
        expand: whether enumerated values are expanded to the full batch shape.
        is_auxiliary: the site need not exist in the model.
        is_observed: the site must not be resampled.
        num_samples: how many Monte Carlo samples stand in for an enumeration.
        obs: the observed value of a partially observed site.
        prior: the distribution that the site had before a handler replaced it.
        tmc: how tensor Monte Carlo draws, ``"diagonal"`` or ``"mixture"``.
    """

    enumerate: str | None
    expand: bool
    is_auxiliary: bool
    is_observed: bool
    num_samples: int
    obs: Tensor | None
    prior: Any
    tmc: str


class Message(TypedDict, total=False):
    """What is known of one statement while the handlers look at it.

    Attributes:
        type: the effect, such as ``"sample"`` or ``"param"``; a handler's ``_pyro_<type>`` method receives it.
        name: the site's name.
        fn: what the default action calls; a distribution for a sample statement.
        args: positional arguments of ``fn``.
        kwargs: keyword arguments of ``fn``.
        value: the result, ``None`` until somebody set it.
        is_observed: whether ``value`` is data.
        scale: factor on the log-density.
        mask: where the log-density counts; ``None`` for everywhere.
        cond_indep_stack: the plates around the statement, outermost first.
        infer: options for the inference algorithm.
        done: the value is final, the default action is skipped.
        stop: handlers further out do not see the message.
        continuation: called with the message after all handlers saw it.
    """

    type: str
    name: str | None
    fn: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any
    is_observed: bool
    scale: float | Tensor
    mask: bool | Tensor | None
    cond_indep_stack: "tuple[CondIndepStackFrame, ...]"
    infer: Any
    done: bool
    stop: bool
    continuation: Callable[["Message"], None] | None


_stack: ContextVar["tuple[Messenger, ...]"] = ContextVar("handler_stack", default=())


class _StackView(MutableSequence["Messenger"]):
    """This context's handler stack, outermost first, seen as a list that may be changed.

    The stack itself is an immutable tuple: a context that was copied, as for an asyncio task, keeps the handlers it
    started with whatever happens elsewhere.
    """

    @overload
    def __getitem__(self, index: int) -> "Messenger": ...
    @overload
    def __getitem__(self, index: slice) -> "list[Messenger]": ...
    def __getitem__(self, index: int | slice) -> "Messenger | list[Messenger]":
        if isinstance(index, slice):
            return list(_stack.get()[index])
        return _stack.get()[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        handlers = list(_stack.get())
        handlers[index] = value
        _stack.set(tuple(handlers))

    def __delitem__(self, index: int | slice) -> None:
        handlers = list(_stack.get())
        del handlers[index]
        _stack.set(tuple(handlers))

    def __len__(self) -> int:
        return len(_stack.get())

    def insert(self, index: int, value: "Messenger") -> None:
        handlers = list(_stack.get())
        handlers.insert(index, value)
        _stack.set(tuple(handlers))

    def __add__(self, other: "Iterable[Messenger]") -> "list[Messenger]":
        return [*_stack.get(), *other]

    def __radd__(self, other: "Iterable[Messenger]") -> "list[Messenger]":
        return [*other, *_stack.get()]

    def copy(self) -> "list[Messenger]":
        """The handlers of now, in a list that stays as it is."""
        return list(_stack.get())

    __copy__ = copy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and list(_stack.get()) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(_stack.get()))


_PYRO_STACK = _StackView()


class NonlocalExit(Exception):
    """Leaves the model from inside a site, to be caught by the handler that asked for it.

    Args:
        site: the message at which the program was left.
    """

    def __init__(self, site: Message, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site

    def reset_stack(self) -> None:
        """Resets the handlers that saw the site, innermost first, up to one that hides it."""
        for frame in reversed(_stack.get()):
            frame._reset()
            hides = getattr(frame, "hide_fn", None)
            if hides is not None and hides(self.site):
                break


def default_process_message(msg: Message) -> None:
    """Fills in the value by calling the statement's function, unless the message has its value already.

    Args:
        msg: the message, changed in place.
    """
    if not (msg["done"] or msg["is_observed"] or msg["value"] is not None):
        msg["value"] = msg["fn"](*msg["args"], **msg["kwargs"])
    msg["done"] = True


def apply_stack(initial_msg: Message) -> Message:
    """Sends a message through this context's handlers, inwards to out, and back.

    Args:
        initial_msg: the message, changed in place.

    Returns:
        The same message.
    """
    msg = initial_msg
    stack = _stack.get()
    reached = len(stack)
    while reached:
        reached -= 1
        stack[reached]._process_message(msg)
        if msg["stop"]:
            break
    default_process_message(msg)
    for frame in stack[reached:]:
        frame._postprocess_message(msg)
    if msg["continuation"] is not None:
        msg["continuation"](msg)
    return msg


def am_i_wrapped() -> bool:
    """Whether any handler is active in this context."""
    return bool(_stack.get())


def new_message(
    type: str,
    name: str | None,
    fn: Any,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    value: Any = None,
    infer: Any = None,
    is_observed: bool = False,
) -> Message:
    """A message as the primitives send it, before any handler saw it."""
    return {
        "type": type,
        "name": name,
        "fn": fn,
        "is_observed": is_observed,
        "args": args,
        "kwargs": {} if kwargs is None else kwargs,
        "value": value,
        "scale": 1.0,
        "mask": None,
        "cond_indep_stack": (),
        "done": False,
        "stop": False,
        "continuation": None,
        "infer": {} if infer is None else infer,
    }


@overload
def effectful(fn: None = None, type: str | None = None) -> Callable[[F], F]: ...
@overload
def effectful(fn: F, type: str | None = None) -> F: ...
def effectful(fn: Any = None, type: str | None = None) -> Any:
    """Makes calls of a function visible to handlers, as messages of a type of one's own.

    The wrapped function takes, beside its own arguments, the keywords ``name``, ``infer`` and ``obs``; ``obs`` stands
    in for the function's result. Outside of handlers it is the plain function.

    Args:
        fn: the function; ``None`` to use the result as a decorator.
        type: the messages' type: handlers receive them in ``_pyro_<type>`` and ``_pyro_post_<type>``.

    Returns:
        The wrapped function, or a decorator.

    Raises:
        AssertionError: if no type is given, or the type is reserved.

    Example:
        >>> from pyro.poutine.messenger import Messenger
        >>> @effectful(type="double")
        ... def double(x):
        ...     return 2 * x
        >>> class Negate(Messenger):
        ...     def _pyro_post_double(self, msg):
        ...         msg["value"] = -msg["value"]
        >>> with Negate():
        ...     double(3)
        -6
    """
    if fn is None:
        return functools.partial(effectful, type=type)
    if getattr(fn, "_is_effectful", None):
        return fn
    if type is None or type == "message":
        raise AssertionError(f"effectful: expected the name of an effect for {fn!r}, got type={type!r}. Pass "
                             "type='...', for example @effectful(type='sample').")

    @functools.wraps(fn)
    def send(
        *args: Any, name: str | None = None, infer: Any = None, obs: Any = None, **kwargs: Any
    ) -> Any:
        if not _stack.get():
            return fn(*args, **kwargs)
        msg = new_message(type, name, fn, args, kwargs, obs, infer, obs is not None)
        return apply_stack(msg)["value"]

    send._is_effectful = True  # type: ignore[attr-defined]
    return send


def _inspect() -> Message:
    """What the handlers would do to a statement that stood here, without making one."""
    msg = new_message("inspect", "_pyro_inspect", lambda: True)
    return apply_stack(msg)


def get_mask() -> bool | Tensor | None:
    """The mask that the handlers around put on statements, for models that skip work under it.

    Returns:
        ``None`` if there is none.

    Example:
        >>> import pyro.poutine as poutine
        >>> with poutine.mask(mask=False):
        ...     get_mask()
        False
    """
    return _inspect()["mask"]


def get_plates() -> "tuple[CondIndepStackFrame, ...]":
    """The plates around, outermost first."""
    return _inspect()["cond_indep_stack"]
