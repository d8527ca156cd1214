"""What estimators share whose gradient is that of a surrogate, one or a batch of particles at a time."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from pyro.infer.elbo import ELBO
from pyro.ops.validation import collecting

__all__ = ["SurrogateELBO"]


class SurrogateELBO(ELBO):
    """The base of estimators that state each particle's loss and surrogate; see :class:`ELBO` for the arguments."""

    @abstractmethod
    def _particles(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Each particle's share of the loss, and of the function to differentiate; often the same tensor."""

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """Minus the estimate of the ELBO, as a tensor whose gradient estimates the gradient.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            A scalar.
        """
        total: Any = 0.0
        with collecting():
            for loss, surrogate in self._particles(model, guide, args, kwargs):
                total = total + (loss if surrogate is loss else loss.detach() + (surrogate - surrogate.detach()))
        return total  # type: ignore[no-any-return]

    def loss_and_grads(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> float:
        """Adds the estimate of the loss's gradient to the parameters; one particle's graph lives at a time.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            Minus the estimate of the ELBO.
        """
        total: Any = 0.0
        with collecting():
            for loss, surrogate in self._particles(model, guide, args, kwargs):
                if surrogate.requires_grad:
                    surrogate.backward(retain_graph=self.retain_graph)
                total = total + loss.detach()
            return float(total)
