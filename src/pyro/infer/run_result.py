"""What a run of many steps returns."""

import math
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Part", "RunResult"]


@dataclass(frozen=True)
class Part:
    """Some consecutive steps of a run.

    Attributes:
        how: what ran them: ``"eager"``, ``"loop program"``, ``"captured graph"`` or ``"inductor"``; on a CUDA device
            also the last two ``"..., replayed by CUDA"``.
        steps: how many.
        seconds: how long they took.
    """

    how: str
    steps: int
    seconds: float


@dataclass(frozen=True)
class RunResult:
    """The outcome of :meth:`pyro.infer.SVI.run`; printing it gives a few lines.

    Attributes:
        losses: the loss of each step, shape ``(steps,)``, in double precision.
        params: what the parameters that model and guide use have become, constrained, by name.
        parts: what ran the steps, in order.
        capture_seconds: how long it took to capture the step; 0.0 if it was not, or had been before.
        compile_seconds: how long it took to compile it.
        reasons: what kept the run from a faster way, a line each.
        is_interrupted: whether the user stopped the run; ``losses`` then has the steps that were done.
    """

    losses: Tensor
    params: dict[str, Tensor]
    parts: tuple[Part, ...]
    capture_seconds: float
    compile_seconds: float
    reasons: tuple[str, ...]
    is_interrupted: bool = False

    @property
    def steps_per_second(self) -> float:
        """The rate of the fastest part."""
        return max((part.steps / part.seconds for part in self.parts if part.seconds > 0), default=math.nan)

    def __str__(self) -> str:
        how = ", then ".join(f"{part.steps} {part.how} ({part.seconds:.3g} s)" for part in self.parts)
        last = self.losses[-min(100, len(self.losses)):]
        lines = [f"{len(self.losses)} steps{', interrupted' if self.is_interrupted else ''}: {how}",
                 f"capture {self.capture_seconds:.2f} s, compile {self.compile_seconds:.2f} s, "
                 f"{self.steps_per_second:.3g} steps/s",
                 f"loss {self.losses[0].item():.6g} at first, {last.mean().item():.6g} over the last {len(last)}"
                 if len(self.losses) else "no loss"]
        return "\n".join([*lines, *self.reasons])
