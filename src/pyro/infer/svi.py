"""Stochastic variational inference: gradient steps on an estimate of the evidence lower bound.

Reference: M. D. Hoffman, D. M. Blei, C. Wang and J. Paisley (2013), *Stochastic variational inference*.
"""

import functools
import inspect
import math
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from pyro.compiler.program import Program
from pyro.infer.elbo import ELBO
from pyro.infer.run import Runner, describe
from pyro.infer.run_result import RunResult
from pyro.infer.util import torch_item
from pyro.ops.validation import Verdicts, collecting, is_validation_enabled
from pyro.optim.optim import PyroOptim
from pyro.poutine.handlers import trace
from pyro.poutine.runtime import _PYRO_PARAM_STORE

__all__ = ["SVI"]

Loss = Callable[..., Any]


class SVI:
    """Fits a guide to a model, and the model's parameters to data.

    Args:
        model: a function with sample statements; takes the arguments of :meth:`step`.
        guide: the family of approximations, a function with the same arguments.
        optim: an optimiser of :mod:`pyro.optim`.
        loss: an estimator such as :class:`~pyro.infer.Trace_ELBO`, or a function ``(model, guide, *args, **kwargs)``
            that returns a loss tensor.
        loss_and_grads: where ``loss`` is a function, one that adds gradients to the parameters and returns the loss; by
            default it calls ``loss`` and differentiates the result.
        num_samples: deprecated, no effect.
        num_steps: deprecated, no effect.
        compile: whether :meth:`step` runs a compiled step, which is captured once for each shape of the arguments; for
            loops over batches. Estimators whose names begin with ``Jit`` ask for it too.
        **kwargs: deprecated, no effect.

    Raises:
        ValueError: if the optimiser is not one of :mod:`pyro.optim`.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> from pyro.infer import SVI, Trace_ELBO
        >>> pyro.clear_param_store()
        >>> pyro.set_rng_seed(0)
        >>> def model():
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(2.0))
        >>> def guide():
        ...     loc = pyro.param("loc", torch.tensor(0.0))
        ...     pyro.sample("z", dist.Normal(loc, 0.5 ** 0.5))
        >>> svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.05}), Trace_ELBO())
        >>> for step in range(500):
        ...     loss = svi.step()
        >>> abs(pyro.param("loc").item() - 1.0) < 0.2
        True
    """

    def __init__(
        self,
        model: Any,
        guide: Any,
        optim: Any,
        loss: ELBO | Loss,
        loss_and_grads: Loss | None = None,
        num_samples: int = 0,
        num_steps: int = 0,
        *,
        compile: bool = False,
        **kwargs: Any,
    ) -> None:
        if num_samples or num_steps or kwargs:
            given = [name for name, value in (("num_samples", num_samples), ("num_steps", num_steps)) if value]
            warnings.warn(f"SVI: the arguments {[*given, *kwargs]} are deprecated and have no effect. Call step() in a "
                          "loop, and Predictive for samples.", FutureWarning, stacklevel=2)
        if isinstance(optim, torch.optim.Optimizer):
            raise ValueError(f"SVI: got torch.optim.{type(optim).__name__}, whose parameters are fixed, but a "
                             "program's parameters appear as it runs. Use the optimiser of the same name in "
                             "pyro.optim, for example pyro.optim.Adam({'lr': 0.01}).")
        if isinstance(optim, type) or not (isinstance(optim, PyroOptim) or callable(optim)):
            what = f"the class {optim.__name__}" if isinstance(optim, type) else type(optim).__name__
            raise ValueError(f"Optimizer should be an instance of pyro.optim.PyroOptim class, got {what}. Use for "
                             "example pyro.optim.Adam({'lr': 0.01}).")
        self.model = model
        self.guide = guide
        self.optim = optim
        self.num_steps = num_steps
        self.num_samples = num_samples
        self._steps_taken = 0
        self._leaves: dict[str, Tensor] = {}
        self._used: set[str] = set()  # names of all parameters that steps have used
        self._runner = Runner(self)
        self._compile = compile or bool(getattr(loss, "compiles_steps", False))
        self._estimator = loss if isinstance(loss, ELBO) else None
        if isinstance(loss, ELBO):
            self.loss: Loss = loss.loss
            self.loss_and_grads: Loss = loss.loss_and_grads
        elif not callable(loss):
            raise TypeError(f"SVI: expected an estimator such as Trace_ELBO() or a function as loss, got {loss!r}.")
        else:
            self.loss = loss
            self._differentiates_loss = loss_and_grads is None
            self.loss_and_grads = _differentiate(loss) if loss_and_grads is None else loss_and_grads

    def _loss_for_call(self, method: str, kwargs: dict[str, Any]) -> tuple[Loss, dict[str, Any]]:
        """The loss function for one call, which may ask for a number of particles of its own."""
        own: Loss = self.loss if method == "loss" else self.loss_and_grads
        programs = (self.model, self.guide)
        if "num_particles" not in kwargs or any("num_particles" in _signature(fn).parameters for fn in programs):
            return own, kwargs
        if self._estimator is None:
            raise TypeError("SVI: num_particles= needs an estimator such as Trace_ELBO as loss; this SVI has a loss "
                            "function of its own. Let that take the number.")
        estimator = self._estimator._with_num_particles(kwargs["num_particles"])
        others = {name: value for name, value in kwargs.items() if name != "num_particles"}
        return getattr(estimator, method), others

    def evaluate_loss(self, *args: Any, **kwargs: Any) -> Any:
        """An estimate of the loss; no parameter changes.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide; ``num_particles`` holds for this call, unless one of them takes it.

        Returns:
            The loss, a number.
        """
        loss, kwargs = self._loss_for_call("loss", kwargs)
        with torch.no_grad():
            return _items(loss(self.model, self.guide, *args, **kwargs))

    def step(self, *args: Any, **kwargs: Any) -> Any:
        """One gradient step on all parameters that model and guide use.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide; ``num_particles`` holds for this call, unless one of them takes it.

        Returns:
            The estimate of the loss before the step, a number.

        Raises:
            ValueError: if the model and the guide do not fit, or something is NaN or infinite; names the site or
                parameter. No parameter has changed then, and none was added.
        """
        loss_and_grads, kwargs_left = self._loss_for_call("loss_and_grads", kwargs)
        if self._compile and kwargs_left is kwargs:
            return self._runner.step(args, kwargs)
        return self._eager_step(args, kwargs_left, loss_and_grads)

    def _eager_step(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], loss_and_grads: Loss | None = None
    ) -> Any:
        """One step, taken as the program is written."""
        loss_and_grads = self.loss_and_grads if loss_and_grads is None else loss_and_grads
        known = tuple(_PYRO_PARAM_STORE.keys())
        params: dict[str, Tensor] = {}
        capture = trace(param_only=True)
        try:
            with collecting() as verdicts:
                with capture:
                    loss = _items(loss_and_grads(self.model, self.guide, *args, **kwargs))
                # a value that a handler has put in a parameter's place has no leaf: it stays as it is
                params = {name: site["value"].unconstrained() for name, site in capture.trace.nodes.items()
                          if hasattr(site["value"], "unconstrained")}
                if is_validation_enabled():
                    self._check_finite(loss, params, verdicts)
            self.optim(dict.fromkeys(params.values()))
        except BaseException as e:
            self._undo(known, capture.trace.nodes)
            if isinstance(e, TypeError):
                self._check_signatures(args, kwargs)
            if isinstance(e, ValueError):
                self._blame_parameters(capture.trace.nodes, e)
            raise
        for leaf in params.values():
            leaf.grad = None
        self._steps_taken += 1
        self._leaves = params
        self._used.update(params)
        return loss

    def run(self, num_steps: int, *args: Any, progress_bar: bool = True, **kwargs: Any) -> RunResult:
        """Takes many steps on the same arguments, as one compiled program where that can be.

        The parameters, the optimiser and the result are those of as many calls of :meth:`step`, up to the random
        numbers: the run draws its own from torch's generator, the same for the same seed. The first two steps are
        eager. An interrupt (Ctrl-C) ends the run and keeps what it reached.

        Args:
            num_steps: how many steps.
            *args: for model and guide.
            progress_bar: whether to show progress, where the output is a terminal or a notebook.
            **kwargs: for model and guide; ``num_particles`` holds for this run, unless one of them takes it.

        Returns:
            Losses, parameters and how it ran; see :class:`~pyro.infer.run_result.RunResult`.

        Raises:
            TypeError: if ``num_steps`` is no whole number.
            ValueError: as :meth:`step` does. The parameters are those from before the step that failed.

        Warns:
            UserWarning: if the step cannot be captured; says why. The run goes on eagerly.
        """
        try:
            steps = operator.index(num_steps)
        except TypeError:
            raise TypeError(f"SVI.run: expected num_steps, a whole number, as the first argument, got a "
                            f"{type(num_steps).__name__}. Write svi.run(1000, *args).") from None
        with self._particles_for_call(kwargs) as kwargs_left:
            return self._runner.run(steps, args, kwargs_left, progress_bar)

    @contextmanager
    def _particles_for_call(self, kwargs: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Sets the number of particles that a run asks for, for as long as it takes."""
        _, others = self._loss_for_call("loss", kwargs)
        if others is kwargs or self._estimator is None:
            yield others
            return
        own = self._estimator, self.loss, self.loss_and_grads
        self._estimator = self._estimator._with_num_particles(kwargs["num_particles"])
        self.loss, self.loss_and_grads = self._estimator.loss, self._estimator.loss_and_grads
        try:
            yield others
        finally:
            self._estimator, self.loss, self.loss_and_grads = own

    def explain(self, program: bool = False) -> str:
        """How the last run, or compiled step, was executed and why.

        Args:
            program: whether to add the program that was compiled.

        Returns:
            A few lines: what ran it, what was captured, what kept it from a faster way, why it was captured again.
        """
        return self._runner.explain(program)

    def _program(self) -> Program:
        """The step as the compiler takes it; after at least one step."""
        loss = None
        if self._estimator is not None:
            loss = functools.partial(self._estimator.differentiable_loss, self.model, self.guide)
        elif self._differentiates_loss:
            loss = functools.partial(self.loss, self.model, self.guide)
        return describe(self.optim, loss, self._leaves)

    def _check_signatures(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raises if the model or the guide cannot take the arguments of a step."""
        for role, fn in (("model", self.model), ("guide", self.guide)):
            try:
                _signature(fn).bind(*args, **kwargs)
            except TypeError as e:
                name = getattr(fn, "__name__", type(fn).__name__)
                raise TypeError(f"SVI: the {role} {name}{_signature(fn)} cannot be called with the arguments of this "
                                f"step: {e}. Give model and guide the same signature.") from e

    def _undo(self, known: tuple[str, ...], sites: Mapping[str, Any]) -> None:
        """Forgets the parameters and gradients that a step left half-way has made."""
        for name in [name for name in _PYRO_PARAM_STORE if name not in known]:
            del _PYRO_PARAM_STORE[name]
        for site in sites.values():
            if hasattr(site["value"], "unconstrained"):
                site["value"].unconstrained().grad = None

    def _blame_parameters(self, sites: Mapping[str, Any], error: ValueError) -> None:
        """Raises if a step failed because a parameter was NaN or infinite before it."""
        for name, site in sites.items():
            if not bool(site["value"].isfinite().all()):
                raise ValueError(f"SVI step {self._steps_taken}: parameter '{name}' has NaN or infinite values before "
                                 "the step. Start from finite values; if an earlier step made them, decrease the "
                                 "learning rate.") from error

    def _check_finite(self, loss: Any, params: Mapping[str, Tensor], verdicts: Verdicts) -> None:
        """Raises if the loss or a gradient is NaN or infinite, and finds out where that began."""
        grads = [leaf.grad for leaf in params.values() if leaf.grad is not None]
        losses = loss if isinstance(loss, tuple) else (loss,)
        if all(map(math.isfinite, losses)) and _all_finite(grads):
            return
        where = f"SVI step {self._steps_taken}"
        culprit = verdicts.first_not_finite()
        if culprit is not None:
            raise ValueError(f"{where}: the log-density at site '{culprit[0]}' is {culprit[1]}. Look at the parameters "
                             "of its distribution and at its value; scale data, or bound parameters by a constraint.")
        for name, leaf in params.items():
            if leaf.grad is not None and not _all_finite([leaf.grad]):
                raise ValueError(f"{where}: the gradient of parameter '{name}' has NaN or infinite values, although "
                                 f"the loss is {loss}. Look for functions with infinite slope, such as sqrt at 0, or "
                                 "for values that overflow.")
        raise ValueError(f"{where}: the loss is {loss}. Look at the loss function.")


def _all_finite(grads: list[Tensor]) -> bool:
    """Whether all elements are finite, at the price of one wait for the device."""
    dense = [grad.coalesce().values() if grad.is_sparse else grad for grad in grads]
    dense = [grad for grad in dense if grad.numel()]
    if not dense:
        return True
    largest = torch._foreach_norm(dense, math.inf)
    if all(norm.is_cpu for norm in largest):
        return all(math.isfinite(norm.item()) for norm in largest)
    return bool(torch.stack([norm.isfinite().to(largest[0].device) for norm in largest]).all())


def _items(loss: Any) -> Any:
    """Numbers in place of scalar tensors; some estimators have several losses, in a tuple."""
    return tuple(map(torch_item, loss)) if isinstance(loss, tuple) else torch_item(loss)


def _signature(fn: Any) -> inspect.Signature:
    try:
        return inspect.signature(fn.forward if isinstance(fn, torch.nn.Module) else fn)
    except ValueError:  # a callable that does not tell
        return inspect.signature(lambda *args, **kwargs: None)


def _differentiate(loss: Loss) -> Loss:
    def loss_and_grads(*args: Any, **kwargs: Any) -> Any:
        value = loss(*args, **kwargs)
        if getattr(value, "requires_grad", False):
            value.backward(retain_graph=True)
        return value

    return loss_and_grads
