r"""Steps of Hamiltonian dynamics: positions z in a potential U, with momenta r.

A potential that cannot be evaluated, for example because a matrix is not positive definite there, is no error of the
program: the sampler shall reject the point. :func:`register_exception_handler` says which exceptions mean that; the
energy is then NaN and the slopes are zero.

Reference: R. M. Neal (2011), *MCMC using Hamiltonian dynamics*, section 2.3.
"""

import warnings
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

__all__ = ["potential_grad", "register_exception_handler", "velocity_verlet"]

Values = dict[str, Tensor]
Potential = Callable[[Values], Tensor]


def _is_singular(error: Exception) -> bool:
    if isinstance(error, torch.linalg.LinAlgError):  # type: ignore[attr-defined]  # public, but not exported there
        return True
    return isinstance(error, RuntimeError) and "singular" in str(error)


_handlers: dict[str, Callable[[Exception], bool]] = {"torch_singular": _is_singular}


def register_exception_handler(
    name: str, handler: Callable[[Exception], bool], warn_on_overwrite: bool = True
) -> None:
    """Lets exceptions of a potential mean that the point is to be rejected.

    Args:
        name: names the rule.
        handler: says of an exception whether it means that.
        warn_on_overwrite: whether to warn if there is a rule of that name, which is replaced.

    Warns:
        RuntimeWarning: if there is one.
    """
    if name in _handlers and warn_on_overwrite:
        warnings.warn(f"Overwriting Exception handler already registered under key {name}. Pass "
                      "warn_on_overwrite=False if that is meant.", RuntimeWarning, stacklevel=2)
    _handlers[name] = handler


def velocity_verlet(
    z: Mapping[str, Tensor],
    r: Mapping[str, Tensor],
    potential_fn: Potential,
    kinetic_grad: Callable[[Values], Values],
    step_size: float | Tensor,
    num_steps: int = 1,
    z_grads: Mapping[str, Tensor] | None = None,
) -> tuple[Values, Values, Values, Tensor]:
    r"""Takes steps of the velocity Verlet (leapfrog) scheme, which keeps volumes and can be run backwards.

    .. math::
        r \leftarrow r - \tfrac{\epsilon}{2} \nabla U(z), \quad z \leftarrow z + \epsilon \nabla K(r), \quad
        r \leftarrow r - \tfrac{\epsilon}{2} \nabla U(z)

    Args:
        z: positions by name.
        r: momenta by name.
        potential_fn: U, a function of the positions that returns a scalar.
        kinetic_grad: the slope of the kinetic energy K, a function of the momenta.
        step_size: :math:`\epsilon`.
        num_steps: how many steps.
        z_grads: the slope of U at the start, if it is known.

    Returns:
        Positions, momenta, and U's slope and value, at the end.

    Example:
        >>> z, r = {"x": torch.tensor(1.0)}, {"x": torch.tensor(0.0)}
        >>> z, r, slope, energy = velocity_verlet(z, r, lambda z: z["x"] ** 2 / 2, lambda r: r, 0.01, 314)
        >>> z["x"].round()  # half a turn of a unit spring
        tensor(-1.)
    """
    positions, momenta = dict(z), dict(r)
    slope = potential_grad(potential_fn, positions)[0] if z_grads is None else dict(z_grads)
    energy = torch.tensor(torch.nan)
    for _ in range(num_steps):
        momenta = {name: momenta[name] - step_size / 2 * slope[name] for name in momenta}
        velocity = kinetic_grad(momenta)
        positions = {name: positions[name] + step_size * velocity[name] for name in positions}
        slope, energy = potential_grad(potential_fn, positions)
        momenta = {name: momenta[name] - step_size / 2 * slope[name] for name in momenta}
    return positions, momenta, slope, energy


def potential_grad(potential_fn: Potential, z: Mapping[str, Tensor]) -> tuple[Values, Tensor]:
    """The slope and the value of a potential.

    Args:
        potential_fn: the potential, a function of the positions that returns a scalar.
        z: positions by name.

    Returns:
        The slope by name, and the energy.
    """
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in z.items()}
        try:
            energy = potential_fn(leaves)
        except Exception as error:
            if any(handler(error) for handler in _handlers.values()):
                return {name: torch.zeros_like(value) for name, value in z.items()}, torch.tensor(torch.nan)
            raise
        slopes = torch.autograd.grad(energy, list(leaves.values()))
    return dict(zip(leaves, slopes, strict=True)), energy.detach()
