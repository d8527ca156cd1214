"""Records what a program does."""

import contextlib
import linecache
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch

from pyro.ops.validation import collecting
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["TraceHandler", "TraceMessenger", "identify_dense_edges", "user_line"]

# what these paths begin with are this package, torch, and the frames between a user's with statement and its body
NOT_THE_USERS = (f"{Path(__file__).parent.parent}{os.sep}", f"{Path(torch.__file__).parent}{os.sep}",
                 contextlib.__file__)


def _may_depend(node: Any, past: Any) -> bool:
    """Whether the frames that two sites share leave room for one to depend on the other."""
    counters = {frame.name: frame.counter for frame in past["cond_indep_stack"]}
    return all(counters.get(frame.name, frame.counter) == frame.counter for frame in node["cond_indep_stack"])


def identify_dense_edges(trace: Trace) -> None:
    """Adds an edge from each sample site to every later one, unless they stand in different rounds of one loop plate.

    Args:
        trace: changed in place.
    """
    sites = [(name, node) for name, node in trace.nodes.items()
             if node["type"] == "sample" and not site_is_subsample(node)]
    for position, (name, node) in enumerate(sites):
        for past_name, past in sites[:position]:
            if _may_depend(node, past):
                trace.add_edge(past_name, name)


class TraceMessenger(Messenger):
    """Adds every sample and param statement to a :class:`~pyro.poutine.Trace`.

    Args:
        graph_type: ``"flat"`` (the default) or ``"dense"``, see :class:`~pyro.poutine.Trace`.
        param_only: leave out sample sites.
    """

    def __init__(
        self, graph_type: Literal["flat", "dense"] | None = None, param_only: bool | None = None
    ) -> None:
        super().__init__()
        self.graph_type: Literal["flat", "dense"] = graph_type if graph_type is not None else "flat"
        self.param_only = bool(param_only)
        self.trace = Trace(self.graph_type)

    def __enter__(self) -> "TraceMessenger":
        self.trace = Trace(self.graph_type)
        return super().__enter__()

    def __exit__(self, *exc_info: Any) -> bool | None:
        if self.param_only:
            for name, node in list(self.trace.nodes.items()):
                if node["type"] != "param":
                    self.trace.remove_node(name)
        if self.graph_type == "dense":
            identify_dense_edges(self.trace)
        return super().__exit__(*exc_info)

    def __call__(self, fn: Callable[..., Any]) -> "TraceHandler":
        return TraceHandler(self, fn)

    def get_trace(self) -> Trace:
        """A copy of the trace that was recorded last."""
        return self.trace.copy()

    def _reset(self) -> None:
        trace = Trace(self.graph_type)
        if "_INPUT" in self.trace.nodes:
            trace.add_node("_INPUT", **self.trace.nodes["_INPUT"])
        self.trace = trace
        super()._reset()

    def _pyro_post_sample(self, msg: Message) -> None:
        if self.param_only:
            return
        infer = msg["infer"]
        if infer and infer.get("_do_not_trace"):
            if not infer.get("is_auxiliary") or msg["is_observed"]:
                raise AssertionError(f"Site '{msg['name']}': only auxiliary latent sites can be left out of traces.")
            return
        self.trace.add_node(str(msg["name"]), **msg)

    def _pyro_post_param(self, msg: Message) -> None:
        self.trace.add_node(str(msg["name"]), **msg)


class TraceHandler:
    """A program that is recorded whenever it is called.

    Args:
        msngr: the recorder.
        fn: the program.
    """

    def __init__(self, msngr: TraceMessenger, fn: Callable[..., Any]) -> None:
        self.msngr = msngr
        self.fn = fn

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the program.

        Returns:
            Its result; the trace holds it as ``_RETURN`` and the arguments as ``_INPUT``.

        Raises:
            ValueError, RuntimeError: what the program raises, with the user's line and the shapes of its sites so far.
        """
        with collecting(), self.msngr:
            trace = self.msngr.trace
            trace.add_node("_INPUT", name="_INPUT", type="args", args=args, kwargs=kwargs)
            try:
                result = self.fn(*args, **kwargs)
            except (ValueError, RuntimeError) as e:
                raise _with_context(e, self.trace) from e
            self.trace.add_node("_RETURN", name="_RETURN", type="return", value=result)
        return result

    @property
    def trace(self) -> Trace:
        """The trace that was recorded last."""
        return self.msngr.trace

    def get_trace(self, *args: Any, **kwargs: Any) -> Trace:
        """Runs the program and returns its trace.

        Args:
            *args: for the program.
            **kwargs: for the program.
        """
        self(*args, **kwargs)
        return self.msngr.get_trace()


def user_line(error: BaseException) -> str:
    """Where in the user's program an error arose: the innermost line outside of this package and of torch."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if not file.startswith(NOT_THE_USERS):
            source = linecache.getline(file, line).strip()
            return f"At {Path(file).name}:{line} in {frame.f_code.co_name}: {source}"
    return ""


def _with_context(error: ValueError | RuntimeError, trace: Trace) -> Exception:
    parts = [str(error), user_line(error), trace.format_shapes()]
    try:
        return type(error)("\n".join(part for part in parts if part))
    except TypeError:  # an error class with a signature of its own
        return error
