import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import constraints

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.runtime import _DIM_ALLOCATOR, _PYRO_STACK, get_plates
from pyro.poutine.subsample_messenger import _device_named, _Subsample


@given(st.integers(1, 30), st.integers(1, 30))
def test_rows_are_distinct_and_in_range(size, subsample_size):
    subsample_size = min(size, subsample_size)
    with pyro.plate("rows", size, subsample_size=subsample_size) as rows:
        assert rows.shape == (subsample_size,) and len(set(rows.tolist())) == subsample_size
        assert rows.min() >= 0 and rows.max() < size
        site = poutine.trace(lambda: pyro.sample("x", dist.Normal(0.0, 1.0))).get_trace().nodes["x"]
    assert site["scale"] == size / subsample_size


def test_all_rows_come_in_order_and_chosen_ones_as_they_are():
    with pyro.plate("rows", 4) as rows:
        assert rows.tolist() == [0, 1, 2, 3]
    with pyro.plate("all_of_them", 4, subsample_size=4) as rows:
        assert rows.tolist() == [0, 1, 2, 3]
    for chosen in (torch.tensor([2, 0]), [2, 0], range(2)):
        with pyro.plate("rows", 5, subsample=chosen) as rows:
            assert rows is chosen and get_plates()[0].size == 2 and get_plates()[0].full_size == 5
        assert list(pyro.plate("rows", 5, subsample=chosen)) == list(map(int, chosen))


def test_the_choice_is_a_site_without_density():
    trace = poutine.trace(lambda: pyro.plate("rows", 10, subsample_size=3)).get_trace()
    site = trace.nodes["rows"]
    assert isinstance(site["fn"], _Subsample) and not site["is_observed"] and trace.log_prob_sum() == 0
    with pytest.raises(NotImplementedError, match="sample_shape must be empty"):
        site["fn"].sample((2,))


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"size": 0}, ZeroDivisionError, "size cannot be zero"),
    ({"size": -2}, ValueError, "Plate 'rows': .*size=-2"),
    ({"size": 5, "subsample_size": 0}, ValueError, "Plate 'rows': .*subsample_size=0 and size=5"),
    ({"size": 5, "subsample_size": 9}, ValueError, "Plate 'rows': .*subsample_size=9 and size=5"),
    ({"size": 5, "subsample_size": 3, "subsample": torch.tensor([1, 2])}, ValueError,
     "Plate 'rows': subsample_size does not match .*3 vs 2"),
    ({"subsample_size": 2}, AssertionError, "Plate 'rows': .*need a size"),
    ({"subsample": torch.tensor([1])}, AssertionError, "Plate 'rows': .*need a size"),
    ({"size": 2, "dim": 0}, ValueError, "Plate 'rows': expected a negative dim"),
    ({"size": 2, "use_cuda": True, "device": "cpu"}, ValueError, "Plate 'rows': .*use_cuda=True, device=cpu"),
    ({"size": 2, "use_cuda": False, "device": "cuda"}, ValueError, "Plate 'rows': .*use_cuda=False, device=cuda"),
])
def test_contradictions_are_refused_before_anything_changed(arguments, error, message):
    with pytest.raises(error, match=message):
        pyro.plate("rows", **arguments)
    assert len(_PYRO_STACK) == 0 and _DIM_ALLOCATOR._owners.get() == ()


@pytest.mark.parametrize("options", [{}, {"subsample_size": 3}])
def test_more_chosen_rows_than_the_plate_has_are_scaled_down(options):
    """Projects predict for all data from a plate that was as large as the training data."""
    with pytest.warns(UserWarning, match="Plate 'rows': the subsample has 3 rows, the plate only 2"):
        plate = pyro.plate("rows", 2, subsample=torch.tensor([1, 0, 1]), **options)
    with poutine.trace() as tr, plate:
        x = pyro.sample("x", dist.Normal(0.0, 1.0))
    tr.trace.compute_log_prob()
    assert x.shape == (3,)
    assert torch.allclose(tr.trace.nodes["x"]["log_prob"], dist.Normal(0.0, 1.0).log_prob(x) * 2 / 3)


@pytest.mark.parametrize(("use_cuda", "device", "expected"), [
    (None, None, None), (None, "cpu", "cpu"), (True, None, "cuda"), (False, None, "cpu"), (True, "cuda:1", "cuda:1"),
    (False, "cpu", "cpu")])
def test_use_cuda_is_an_old_name_of_device(use_cuda, device, expected):
    assert _device_named("rows", use_cuda, device) == expected


def test_rows_are_put_on_the_device():
    with pyro.plate("rows", 10, device="meta") as rows:
        assert rows.device.type == "meta"


# ---- rows of parameters and data

DATA = torch.arange(30.0).reshape(6, 5)


@pytest.mark.parametrize(("statement", "expected"), [
    (lambda: pyro.subsample(DATA, event_dim=1), DATA[[4, 1]]),
    (lambda: pyro.subsample(DATA.T, event_dim=0), DATA.T[:, [4, 1]]),
    (lambda: pyro.subsample(DATA[:1], event_dim=1), DATA[:1]),  # broadcasts
    (lambda: pyro.subsample(DATA[0, 0], event_dim=0), DATA[0, 0]),
    (lambda: pyro.param("p", DATA, event_dim=1), DATA[[4, 1]]),
    (lambda: pyro.param("p", DATA), DATA),  # no event_dim: the plate's business is not known
], ids=["data", "data at the right", "of size 1", "scalar", "param", "param without event_dim"])
def test_a_plate_cuts_its_rows_out(statement, expected):
    with pyro.plate("rows", 6, subsample=torch.tensor([4, 1]), dim=-1):
        assert torch.equal(statement(), expected)


def test_nested_plates_cut_each_its_dim():
    with pyro.plate("columns", 5, subsample=[3, 0, 2], dim=-1), pyro.plate("rows", 6, subsample=[4, 1], dim=-2):
        assert torch.equal(pyro.subsample(DATA, event_dim=0), DATA[[4, 1]][:, [3, 0, 2]])


def test_a_loop_leaves_data_alone():
    for _ in pyro.plate("rows", 6, subsample_size=2):
        assert pyro.subsample(DATA, event_dim=0) is DATA


def test_gradients_reach_the_whole_parameter():
    with pyro.plate("rows", 6, subsample=torch.tensor([4, 1])):
        rows = pyro.param("p", torch.ones(6), constraint=constraints.positive, event_dim=0)
    rows.sum().backward()
    leaf = rows.unconstrained()
    assert leaf.shape == (6,) and leaf.grad.tolist() == [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(("statement", "message"), [
    (lambda: pyro.param("p", torch.zeros(4), event_dim=0), r"pyro.param\(p, ..., event_dim=0\): \(4,\)"),
    (lambda: pyro.subsample(torch.zeros(2), event_dim=0), r"pyro.subsample\(..., event_dim=0\): \(2,\)"),
])
def test_data_of_another_size_are_refused(statement, message):
    expected = rf"Inside pyro.plate\(rows, 6, dim=-1\) .*{message}.*Expected size 6"
    with pytest.raises(ValueError, match=expected), pyro.plate("rows", 6, subsample_size=2):
        statement()
