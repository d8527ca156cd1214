"""The base of all handlers: a context manager that watches, and may change, the messages of the statements inside.

A subclass defines ``_pyro_<type>`` and ``_pyro_post_<type>`` methods for the effects it is interested in, or overrides
``_process_message`` and ``_postprocess_message`` to see them all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, update_wrapper
from types import TracebackType
from typing import Any, Self, TypeVar

from pyro.poutine.runtime import Message, _stack

__all__ = ["Messenger", "block_messengers", "unwrap"]

F = TypeVar("F", bound=Callable[..., Any])


def _context_wrap(context: "Messenger", fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with context:
        return fn(*args, **kwargs)


class _bound_partial(partial[Any]):
    """A partial application that, stored in a class, binds as a method of its instances."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return partial(self, instance)


def unwrap(fn: Any) -> Any:
    """Takes all handlers off a callable.

    Args:
        fn: a function or module, with or without handlers around it.

    Returns:
        The innermost callable.
    """
    while isinstance(fn, _bound_partial):
        fn = fn.args[1]
    return fn


class Messenger:
    """A handler that changes nothing; to be subclassed.

    Used as a context manager, or called with a function to wrap it.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> class Announce(Messenger):
        ...     def _pyro_sample(self, msg):
        ...         print("sampling", msg["name"])
        >>> with Announce():
        ...     x = pyro.sample("x", dist.Normal(0.0, 1.0))
        sampling x
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, fn: Any) -> Any:
        """Wraps a callable so that it runs inside this handler.

        Raises:
            ValueError: if ``fn`` cannot be called.
        """
        if not callable(fn):
            raise ValueError(f"{type(self).__name__} wraps functions, but {fn!r} is not callable. Did you mean to pass "
                             "it as a keyword argument?")
        wrapper = _bound_partial(_context_wrap, self, fn)
        return update_wrapper(wrapper, fn, updated=())

    def __enter__(self) -> Self:
        stack = _stack.get()
        if any(frame is self for frame in stack):
            raise ValueError(f"This {type(self).__name__} is already active: a handler cannot be entered twice. Make "
                             "a second one.")
        _stack.set((*stack, self))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        stack = _stack.get()
        if stack and stack[-1] is self:
            _stack.set(stack[:-1])
        elif exc_type is None:
            raise ValueError(f"This {type(self).__name__} is not the innermost active handler: leave handlers in the "
                             "reverse of the order in which they were entered.")
        elif exc_type is GeneratorExit:
            # a generator that an error left suspended is closed late: what was entered since is none of its business
            _stack.set(tuple(frame for frame in stack if frame is not self))
        else:
            # an exception came through handlers whose exits could not run: take them off with this one
            for depth, frame in enumerate(stack):
                if frame is self:
                    _stack.set(stack[:depth])
                    break
        return None

    def _reset(self) -> None:
        """Forgets what a run that was left half-way put into this handler."""

    def _process_message(self, msg: Message) -> None:
        method = getattr(self, "_pyro_" + msg["type"], None)
        if method is not None:
            method(msg)

    def _postprocess_message(self, msg: Message) -> None:
        method = getattr(self, "_pyro_post_" + msg["type"], None)
        if method is not None:
            method(msg)

    @classmethod
    def register(cls, fn: Any = None, type: str | None = None, post: bool | None = None) -> Any:
        """Gives the class, after its definition, a function for an effect, in the place of a method.

        Args:
            fn: the function, ``(msg) -> None``; ``None`` to use the result as a decorator.
            type: the effect.
            post: whether the function runs after the value is known.

        Returns:
            The function, or a decorator.

        Example:
            >>> @Messenger.register(type="greet")
            ... def greet(msg):
            ...     msg["value"] = "hello"
            >>> Messenger.unregister(type="greet") is greet
            True
        """
        if fn is None:
            return partial(cls.register, type=type, post=post)
        if type is None:
            raise ValueError(f"{cls.__name__}.register: expected the name of an effect, got type=None.")
        setattr(cls, ("_pyro_post_" if post else "_pyro_") + type, staticmethod(fn))
        return fn

    @classmethod
    def unregister(cls, fn: Any = None, type: str | None = None) -> Any:
        """Takes the functions for an effect away from the class again.

        Args:
            fn: the function that was registered; returned as it is.
            type: the effect.

        Returns:
            The function.
        """
        if type is None:
            raise ValueError(f"{cls.__name__}.unregister: expected the name of an effect, got type=None.")
        for name in ("_pyro_post_" + type, "_pyro_" + type):
            if name in cls.__dict__:
                fn = getattr(cls, name) if fn is None else fn
                delattr(cls, name)
        return fn


@contextmanager
def block_messengers(predicate: Callable[[Messenger], bool]) -> Iterator[list[Messenger]]:
    """Switches off, inside a ``with`` block, the handlers of this context that fulfil a condition.

    Args:
        predicate: says of a handler whether it is blocked.

    Yields:
        The blocked handlers.
    """
    blocked = [_Blocked(frame) for frame in _stack.get() if predicate(frame)]
    hidden = {id(b.blocked): b for b in blocked}
    _stack.set(tuple(hidden.get(id(frame), frame) for frame in _stack.get()))
    try:
        yield [b.blocked for b in blocked]
    finally:
        shown = {id(b): b.blocked for b in blocked}
        _stack.set(tuple(shown.get(id(frame), frame) for frame in _stack.get()))


class _Blocked(Messenger):
    """Stands in the stack for a handler that is switched off."""

    def __init__(self, blocked: Messenger) -> None:
        super().__init__()
        self.blocked = blocked
