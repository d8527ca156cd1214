"""DCTAdam against ClippedAdam, in the frame of both domains, and on subsamples."""

import pytest
import torch

from pyro.ops.cosine_transform import dct, idct
from pyro.optim.clipped_adam import ClippedAdam
from pyro.optim.dct_adam import DCTAdam

OPTIONS = [{"lr": 0.1}, {"lr": 0.1, "lrd": 0.9, "betas": (0.5, 0.7), "clip_norm": 2.0}]


def gradients(steps, shape):
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn((steps, *shape), generator=generator, dtype=torch.float64)


def zeros(*shape, **attributes):
    p = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    for name, value in attributes.items():
        setattr(p, name, value)
    return p


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", [(), (4,), (3, 4)])
def test_unmarked_parameters_step_as_clipped_adam(options, shape):
    p, q = zeros(*shape), zeros(*shape)
    ours, theirs = DCTAdam([p], **options), ClippedAdam([q], **options)
    for grad in gradients(8, shape):
        p.grad, q.grad = grad.clone(), grad.clone()
        ours.step()
        theirs.step()
    torch.testing.assert_close(p, q)
    assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("dim", [-1, -2])
def test_marked_parameters_step_in_the_frame_of_both_domains(options, dim):
    p, w = zeros(4, 6, _pyro_dct_dim=dim), zeros(*((4, 12) if dim == -1 else (8, 6)))
    ours = DCTAdam([p], **options)
    frame = ClippedAdam([w], **options | {"clip_norm": float("inf")})
    for grad in gradients(8, (4, 6)):
        p.grad = grad.clone()
        ours.step()
        clipped = grad.clamp(-options.get("clip_norm", 10.0), options.get("clip_norm", 10.0))
        w.grad = torch.cat([clipped, dct(clipped, dim)], dim)
        frame.step()
    in_time, in_frequency = w.detach().chunk(2, dim)
    torch.testing.assert_close(p.detach(), in_time + idct(in_frequency, dim))


@pytest.mark.parametrize("dct_dim", [None, -1])
def test_subsample_steps_its_elements_alone(dct_dim):
    """Each row of a subsampled parameter moves as a parameter of its own that meets only its own steps."""
    marks = {} if dct_dim is None else {"_pyro_dct_dim": dct_dim}
    p, rows = zeros(4, 5, **marks), [zeros(5, **marks) for _ in range(4)]
    ours = DCTAdam([p], lr=0.1, subsample_aware=True)
    alone = [DCTAdam([row], lr=0.1) for row in rows]
    for step, grad in enumerate(gradients(6, (4, 5))):
        chosen = [step % 4, (step + 2) % 4]
        p._pyro_subsample = {-2: torch.tensor(chosen)}
        p.grad = torch.zeros_like(p)
        p.grad[chosen] = grad[chosen]
        ours.step()
        for i in chosen:
            rows[i].grad = grad[i].clone()
            alone[i].step()
    torch.testing.assert_close(p.detach(), torch.stack(rows).detach())
    assert ours.state[p]["step"][:, 0].tolist() == [3.0, 3.0, 3.0, 3.0]


def test_subsample_of_two_dimensions_is_their_product():
    p = zeros(3, 4, _pyro_subsample={-2: torch.tensor([0, 2]), -1: torch.tensor([1])})
    p.grad = torch.ones_like(p)
    DCTAdam([p], lr=0.1, subsample_aware=True).step()
    moved = torch.zeros(3, 4, dtype=torch.bool)
    moved[[0, 2], [1, 1]] = True
    assert torch.equal(p != 0, moved)


def test_subsampling_may_begin_after_full_steps():
    p = zeros(3)
    p.grad = torch.ones_like(p)
    optimizer = DCTAdam([p], lr=0.1, subsample_aware=True)
    optimizer.step()
    p._pyro_subsample = {-1: torch.tensor([1])}
    optimizer.step()
    assert optimizer.state[p]["step"].tolist() == [1, 2, 1]
    torch.testing.assert_close(p.detach(), torch.tensor([-0.1, -0.2, -0.1], dtype=torch.float64), rtol=1e-6, atol=1e-6)


def test_subsample_along_the_time_dimension_steps_the_whole_series():
    p, q = zeros(4, _pyro_dct_dim=-1, _pyro_subsample={-1: torch.tensor([0])}), zeros(4, _pyro_dct_dim=-1)
    for x in (p, q):
        x.grad = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
        DCTAdam([x], subsample_aware=True).step()
    assert torch.equal(p, q)


def test_closure_is_called_with_gradients():
    p = torch.ones(2, requires_grad=True)

    def closure():
        loss = p.square().sum()
        loss.backward()
        return loss

    assert DCTAdam([p]).step(closure) == 2
