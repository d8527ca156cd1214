import math

import pytest
import torch

from pyro.ops import integrator
from pyro.ops.integrator import potential_grad, register_exception_handler, velocity_verlet


def spring(z):
    return sum((value.square() / 2).sum() for value in z.values())


def start():
    return ({"x": torch.tensor([1.0, 2.0]), "y": torch.tensor(0.5)},
            {"x": torch.tensor([0.0, 1.0]), "y": torch.tensor(1.0)})


@pytest.fixture
def handlers(monkeypatch):
    monkeypatch.setattr(integrator, "_handlers", dict(integrator._handlers))


@pytest.mark.parametrize("num_steps", [1, 50])
def test_springs_turn_in_phase_space(num_steps):
    z, r = start()
    t = 0.02 * num_steps
    z_new, r_new, slope, energy = velocity_verlet(z, r, spring, lambda r: r, 0.02, num_steps)
    for name in z:
        # the error of the scheme is of second order in the step size
        torch.testing.assert_close(z_new[name], z[name] * math.cos(t) + r[name] * math.sin(t), atol=2e-4, rtol=0)
        torch.testing.assert_close(r_new[name], r[name] * math.cos(t) - z[name] * math.sin(t), atol=2e-4, rtol=0)
        torch.testing.assert_close(slope[name], z_new[name])
    torch.testing.assert_close(energy, spring(z_new))


def test_it_runs_backwards():
    z, r = start()
    z_new, r_new, slope, _ = velocity_verlet(z, r, spring, lambda r: r, 0.3, 10)
    back = {name: -value for name, value in r_new.items()}
    z_old, r_old, _, _ = velocity_verlet(z_new, back, spring, lambda r: r, 0.3, 10, z_grads=slope)
    for name in z:
        torch.testing.assert_close(z_old[name], z[name], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(r_old[name], -r[name], atol=1e-5, rtol=1e-5)


def test_arguments_are_left_as_they_were():
    z, r = start()
    velocity_verlet(z, r, spring, lambda r: r, 0.1)
    for given, same in zip((z, r), start(), strict=True):
        assert all(torch.equal(given[name], same[name]) and not given[name].requires_grad for name in same)


def not_positive_definite(z):
    return torch.linalg.cholesky(-torch.eye(2) * z["x"].sum()).sum()


def old_singular(z):
    raise RuntimeError("singular U=3")


@pytest.mark.parametrize("potential", [not_positive_definite, old_singular])
def test_points_outside_of_the_domain_have_no_energy(potential):
    slope, energy = potential_grad(potential, start()[0])
    assert energy.isnan() and (slope["x"] == 0).all()


def test_other_errors_are_errors(handlers):
    def wrong(z):
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        potential_grad(wrong, start()[0])
    register_exception_handler("wrong", lambda error: type(error) is ValueError)
    assert potential_grad(wrong, start()[0])[1].isnan()
    with pytest.warns(RuntimeWarning, match="Overwriting Exception handler already registered under key wrong"):
        register_exception_handler("wrong", lambda error: False)
    register_exception_handler("wrong", lambda error: False, warn_on_overwrite=False)
    with pytest.raises(ValueError, match="wrong"):
        potential_grad(wrong, start()[0])
