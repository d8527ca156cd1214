"""Learning rates that follow a schedule of torch's."""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler

from pyro.optim.optim import ClipArgs, PyroOptim, check_options

__all__ = ["PyroLRScheduler"]


class PyroLRScheduler(PyroOptim):
    """Steps parameters, each under a learning rate schedule of its own that begins when the parameter appears.

    Its call steps the parameters, its :meth:`step` the schedules.

    Args:
        scheduler_constructor: a scheduler class of torch.
        optim_args: a dict with the optimiser class as ``optimizer``, its options (or a function that returns them) as
            ``optim_args``, and the scheduler's options.
        clip_args: bounds of gradients, as those of :class:`~pyro.optim.optim.PyroOptim`.

    Attributes:
        optim_objs: the scheduler of each parameter; its ``optimizer`` shows the parameter's options.

    Raises:
        KeyError: if ``optimizer`` or ``optim_args`` is missing.
        TypeError: if the optimiser or the scheduler does not know an option.

    Example:
        >>> import torch
        >>> scheduler = PyroLRScheduler(torch.optim.lr_scheduler.ExponentialLR,
        ...                             {"optimizer": torch.optim.SGD, "optim_args": {"lr": 0.5}, "gamma": 0.1})
        >>> x = torch.tensor(0.0, requires_grad=True)
        >>> for _ in range(2):
        ...     x.grad = torch.tensor(1.0)
        ...     scheduler([x])
        ...     scheduler.step()
        >>> x
        tensor(-0.5500, requires_grad=True)
    """

    def __init__(
        self,
        scheduler_constructor: Callable[..., LRScheduler],
        optim_args: dict[str, Any],
        clip_args: ClipArgs = None,
    ) -> None:
        if not isinstance(optim_args, dict):
            raise TypeError(f"optim_args is {optim_args!r}, expected a dict with 'optimizer', 'optim_args' and the "
                            "scheduler's options. A function may be given as its 'optim_args'.")
        for key in ("optimizer", "optim_args"):
            if key not in optim_args:
                raise KeyError(f"optim_args has no '{key}', expected a dict with 'optimizer', 'optim_args' and the "
                               "scheduler's options.")
        kwargs = {key: value for key, value in optim_args.items() if key not in ("optimizer", "optim_args")}
        check_options(kwargs, scheduler_constructor, "optim_args")
        super().__init__(optim_args["optimizer"], optim_args["optim_args"], clip_args)
        self.pt_scheduler_constructor = scheduler_constructor
        self.kwargs = kwargs

    def step(self, *args: Any, **kwargs: Any) -> None:
        """Steps the schedules, of all parameters met so far.

        Args:
            *args: passed to each scheduler's ``step``, as are the keyword arguments: the loss for ReduceLROnPlateau.
        """
        for scheduler in self.optim_objs.values():
            scheduler.step(*args, **kwargs)

    def _new_optimizer(self, param: Tensor, name: str) -> Any:
        return self.pt_scheduler_constructor(super()._new_optimizer(param, name), **self.kwargs)

    def _get_state(self, optimizer: Any) -> dict[str, Any]:
        return {"scheduler": optimizer.state_dict(), "optimizer": optimizer.optimizer.state_dict()}

    def _set_state(self, optimizer: Any, state: dict[str, Any]) -> None:
        optimizer.load_state_dict(state["scheduler"])
        optimizer.optimizer.load_state_dict(state["optimizer"])

    def _check_state(self, name: str, state: object) -> None:
        if not isinstance(state, dict) or not {"scheduler", "optimizer"} <= state.keys():
            raise ValueError(f"The state of parameter '{name}' has no 'scheduler' and 'optimizer'. Expected what "
                             "get_state() of an optimizer with a scheduler returns.")
