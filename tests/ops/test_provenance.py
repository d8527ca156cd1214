import copy
import pickle
from collections import OrderedDict, namedtuple

import pytest
import torch

from pyro.ops.provenance import (
    FollowProvenance,
    ProvenanceTensor,
    detach_provenance,
    extract_provenance,
    get_provenance,
    track_provenance,
)

A, B, NOTHING = frozenset({"a"}), frozenset({"b"}), frozenset()
Pair = namedtuple("Pair", ["first", "second"])


def labelled(value, labels=A):
    return track_provenance(torch.as_tensor(value), labels)


FROM_ONE = {
    "method": lambda x: x.exp(),
    "operator": lambda x: 1 - x,
    "comparison": lambda x: x > 0,
    "detach": lambda x: x.detach(),
    "reduction": lambda x: x.sum(),
    "shape alone": lambda x: torch.zeros_like(x),
    "view": lambda x: x[None, 1:],
    "list argument": lambda x: torch.stack([torch.zeros(3), x]),
    "keyword argument": lambda x: torch.add(torch.zeros(3), other=x),
    "index": lambda x: torch.arange(9.0)[x.long().clamp(0)],
    "linear": lambda x: torch.nn.functional.linear(torch.ones(2, 3), x),
    "where": lambda x: torch.where(x > 0, 1.0, 2.0),
    "random": lambda x: torch.bernoulli(x.sigmoid()),
    "in place": lambda x: torch.zeros(3).add_(x),
    "autograd": lambda x: torch.autograd.grad((x.requires_grad_() ** 2).sum(), x),
    "several results": lambda x: torch.max(x, 0),
    "iteration": lambda x: list(x),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
}


@pytest.mark.parametrize("function", FROM_ONE.values(), ids=FROM_ONE)
def test_results_have_the_labels_of_the_input(function):
    result = function(labelled([0.5, -1.0, 2.0]))
    assert get_provenance(result) == A


@pytest.mark.parametrize("function", [torch.add, torch.maximum, torch.dot, lambda x, y: torch.cat([x, y])])
def test_results_have_the_labels_of_all_inputs(function):
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1.0])
    result = function(labelled(x, A), labelled(y, B))
    assert get_provenance(result) == A | B
    assert torch.equal(detach_provenance(result), function(x, y))


def test_labels_add_up():
    x = labelled(labelled(1.0, A), B)
    assert get_provenance(x) == A | B and type(detach_provenance(x)) is torch.Tensor


def test_detaching_gives_the_tensor_back():
    x = torch.randn(3)
    assert detach_provenance(track_provenance(x, A)) is x
    assert extract_provenance(track_provenance(x, A)) == (x, A)


def test_no_labels_make_no_labelled_tensor():
    x = torch.randn(3)
    assert track_provenance(x, NOTHING) is x and ProvenanceTensor(x) is x
    assert get_provenance(x + 1) == NOTHING


STRUCTURES = {
    "list": lambda x: [x, 3],
    "tuple": lambda x: (x, None),
    "dict": lambda x: {"x": x, "y": "text"},
    "ordered dict": lambda x: OrderedDict(x=[x]),
    "named tuple": lambda x: Pair((x,), 1),
    "torch's named tuple": lambda x: torch.return_types.max((x, x)),
    "set": lambda x: {x},
    "frozenset": lambda x: frozenset({x, 3}),
}


@pytest.mark.parametrize("build", STRUCTURES.values(), ids=STRUCTURES)
def test_structures_keep_their_form(build):
    x = torch.tensor(1.0)
    plain = build(x)
    tracked = track_provenance(plain, A)
    assert type(tracked) is type(plain)
    assert get_provenance(tracked) == A and get_provenance(plain) == NOTHING
    back = detach_provenance(tracked)
    assert type(back) is type(plain) and back == plain


@pytest.mark.parametrize("x", [None, 3, "text", torch.Size([2, 3]), slice(1, 2)])
def test_other_objects_stay(x):
    assert track_provenance(x, A) == x and extract_provenance(x) == (x, NOTHING)


def test_shapes_stay_shapes():
    assert isinstance(labelled(torch.ones(2, 3)).shape, torch.Size)


def test_other_containers_can_be_registered():
    class Box:
        def __init__(self, content):
            self.content = content

    track_provenance.register(Box, lambda x, provenance: Box(track_provenance(x.content, provenance)))
    extract_provenance.register(Box, lambda x: (Box(detach_provenance(x.content)), get_provenance(x.content)))
    assert get_provenance([track_provenance(Box(torch.ones(2)), A)]) == A


def test_gradients_flow_through():
    leaf = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    (labelled(leaf) ** 2).sum().backward()
    assert torch.equal(leaf.grad, 2 * leaf.detach())


def test_values_can_be_read():
    x = labelled([1.0, 2.0])
    assert x.tolist() == [1.0, 2.0] and x.sum().item() == 3.0 and bool((x > 0).all())
    assert repr(x) == "ProvenanceTensor(tensor([1., 2.]), provenance={'a'})"


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_default_device_has_no_say(device):
    x = torch.randn(2, 3)
    with torch.device(device):
        y = track_provenance(x, A) + 0
    assert y.shape == (2, 3) and y.device.type == "cpu" and torch.equal(detach_provenance(y), x)


@pytest.mark.parametrize("labels", [{"a"}, ["a"], None])
def test_labels_must_be_a_frozenset(labels):
    with pytest.raises(AssertionError, match="expected a frozenset"):
        track_provenance(torch.ones(2), labels)


def setitem(z, x):
    z[0] = x


def write_to_row(z, x):
    row = z[1]
    row += x


WRITES = {
    "item": setitem,
    "method": lambda z, x: z.add_(x),
    "in-place operator": lambda z, x: z.__imul__(x),
    "index_put_": lambda z, x: z.index_put_((torch.tensor([0]),), x),
    "row": write_to_row,
    "out": lambda z, x: torch.mul(torch.ones(2, 2), x, out=z),
    "copy_": lambda z, x: torch.Tensor.copy_(z, x),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("z", [torch.ones(2, 2), labelled(torch.ones(2, 2), B)], ids=["plain", "labelled"])
def test_labels_follow_what_is_written(write, z):
    own = get_provenance(z)
    z = z.clone()
    with FollowProvenance() as follow:
        before = 2 * z
        write(z, labelled(3.0))
        assert follow.provenance(z) == own | A
        assert get_provenance(z.sum()) == own | A
        assert get_provenance(z[0, 0]) == own | A
        assert get_provenance(before) == own
        assert get_provenance(torch.ones(2, 2) + 1) == NOTHING


def test_labels_of_memory_end_with_the_block():
    z = torch.zeros(2)
    with FollowProvenance():
        z[0] = labelled(1.0)
    with FollowProvenance() as follow:
        assert follow.provenance(z) == NOTHING and get_provenance(z + 1) == NOTHING
    assert type(z) is torch.Tensor and z.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("build", [
    lambda x: torch.tensor([x, 1.0]),
    lambda x: torch.full((2,), x),
    lambda x: torch.as_tensor([x, x]),
], ids=["tensor", "full", "as_tensor"])
def test_labels_follow_values_into_new_tensors(build):
    x = labelled(3.0)
    with FollowProvenance():
        result = build(x)
    assert get_provenance(result) == A and result[0].item() == 3.0


def test_marked_memory_labels_what_is_computed_from_it():
    layer = torch.nn.Linear(3, 2)
    with FollowProvenance() as follow:
        follow.mark([layer.weight], A)
        follow.mark({"bias": layer.bias}, B)
        result = layer(torch.ones(3))
    assert get_provenance(result) == A | B and type(layer.weight) is torch.nn.Parameter


@pytest.mark.parametrize("tensor", [torch.eye(2).to_sparse(), torch.empty(0), torch.ones(2, device="meta")],
                         ids=["sparse", "empty", "meta"])
def test_tensors_without_memory_are_left_alone(tensor):
    with FollowProvenance() as follow:
        follow.mark(tensor, A)
        assert follow.provenance(tensor) == NOTHING


def test_vmap_works_inside():
    with FollowProvenance() as follow:
        follow.mark(torch.ones(1), A)
        result = torch.vmap(lambda row: row.sum() * 2)(torch.ones(2, 3))
    assert result.tolist() == [6.0, 6.0]
