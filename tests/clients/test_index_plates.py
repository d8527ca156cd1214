"""A project makes plates of its own: dims that several worlds, or several chains, are laid out along."""

import pytest
import torch

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro.poutine.indep_messenger import CondIndepStackFrame, IndepMessenger
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import _PYRO_STACK, effectful

FIRST_WORLD_DIM = -5


class WorldPlate(IndepMessenger):
    """A plate of worlds: sites inside stand in all of them, and their densities count in each."""

    def _process_message(self, msg):
        if msg["type"] == "sample" and not msg["infer"].get("one_world"):
            super()._process_message(msg)
        else:
            Messenger._process_message(self, msg)

    def _pyro_post_sample(self, msg):
        msg["infer"].setdefault("worlds", []).append((self.name, self.size))

    def _pyro_world_plates(self, msg):
        msg["value"] = {**(msg["value"] or {}),
                        self.name: CondIndepStackFrame(name=self.name, dim=self.dim, size=self.size, counter=0)}


@effectful(type="world_plates")
def world_plates():
    return {}


@effectful(type="add_world")
def add_world(name, size):
    raise RuntimeError("no handler gives worlds")


class Worlds(Messenger):
    """Gives worlds on demand. Their plates lie outside of this handler, so that all statements see them."""

    def __enter__(self):
        self.plates = []
        self.next_dim = FIRST_WORLD_DIM
        return super().__enter__()

    def __exit__(self, *exc):
        for plate in reversed(self.plates):
            if plate in _PYRO_STACK:
                _PYRO_STACK.remove(plate)
                _PYRO_STACK.append(plate)
                plate.__exit__(None, None, None)
        return super().__exit__(*exc)

    def _pyro_add_world(self, msg):
        name, size = msg["args"]
        plate = WorldPlate(name, size, self.next_dim)
        self.next_dim -= 1
        plate.__enter__()
        _PYRO_STACK.pop(_PYRO_STACK.index(plate))
        _PYRO_STACK.insert(_PYRO_STACK.index(self) - len(self.plates), plate)
        self.plates.append(plate)
        msg["value"], msg["done"] = plate.dim, True


def test_frames_are_named_tuples():
    frame = CondIndepStackFrame(name="worlds", dim=-2, size=3, counter=0)
    same = CondIndepStackFrame("worlds", -2, 3, 0)
    assert frame == same and hash(frame) == hash(same)
    assert frame.full_size is None and frame.vectorized
    assert (frame.name, frame.dim, frame.size, frame.counter) == tuple(frame)[:4]
    moved = frame._replace(dim=-1, size=5)
    assert (moved.dim, moved.size, moved.name) == (-1, 5, "worlds") and moved != frame
    assert list(frame._asdict().items())[:4] == [("name", "worlds"), ("dim", -2), ("size", 3), ("counter", 0)]
    assert CondIndepStackFrame(**frame._asdict()) == frame
    assert not frame._replace(dim=None).vectorized
    assert len({frame, moved, frame._replace()}) == 2
    assert CondIndepStackFrame._fields[:4] == ("name", "dim", "size", "counter")


def test_an_index_plate_is_a_plate():
    with WorldPlate("w", 3, -2) as plate:
        assert plate.dim == -2 and plate.indices.tolist() == [0, 1, 2]
        with poutine.trace() as tr:
            x = pyro.sample("x", dist.Normal(torch.zeros(3, 1), 1.0))
            pyro.sample("y", dist.Normal(0.0, 1.0), infer={"one_world": True})
    assert x.shape == (3, 1)
    (frame,) = tr.trace.nodes["x"]["cond_indep_stack"]
    assert frame == CondIndepStackFrame("w", -2, 3, 0) and isinstance(frame, CondIndepStackFrame)
    assert tr.trace.nodes["y"]["cond_indep_stack"] == ()
    assert tr.trace.nodes["x"]["infer"]["worlds"] == [("w", 3)]


def test_index_plates_and_plates_have_different_dims():
    with WorldPlate("w", 3, -1):
        with pyro.plate("data", 4) as _, poutine.trace() as tr:
            pyro.sample("x", dist.Normal(torch.zeros(4, 3), 1.0))
        with pytest.raises(ValueError, match="collide"), pyro.plate("other", 4, dim=-1):
            pytest.fail("the dim is taken")
    assert [frame.dim for frame in tr.trace.nodes["x"]["cond_indep_stack"]] == [-1, -2]
    with pyro.plate("data", 4) as _:
        assert pyro.sample("z", dist.Normal(0.0, 1.0)).shape == (4,), "the dims are free again"


def test_plates_may_be_opened_by_statements_and_lie_outside_of_their_handler():
    with poutine.trace() as tr, Worlds():
        assert add_world("left", 2) == -5
        assert add_world("right", 3) == -6
        with pyro.plate("data", 4):
            x = pyro.sample("x", dist.Normal(torch.zeros(3, 2, 1, 1, 1, 4), 1.0))
        frames = world_plates()
        assert [type(h).__name__ for h in _PYRO_STACK] == ["TraceMessenger", "WorldPlate", "WorldPlate", "Worlds"]
    assert list(_PYRO_STACK) == [] and x.shape == (3, 2, 1, 1, 1, 4)
    assert {name: (frame.dim, frame.size) for name, frame in frames.items()} == {"left": (-5, 2), "right": (-6, 3)}
    dims = {frame.name: frame.dim for frame in tr.trace.nodes["x"]["cond_indep_stack"]}
    assert dims == {"data": -1, "left": -5, "right": -6}
    with WorldPlate("left", 2, -5):
        pass


def test_frames_may_be_added_to_a_message():
    class AddFrame(Messenger):
        def _pyro_sample(self, msg):
            frame = CondIndepStackFrame(name="extra", dim=-1, size=2, counter=0)
            msg["cond_indep_stack"] = (frame,) + msg["cond_indep_stack"]
            msg["fn"] = msg["fn"].expand([2])

    def model():
        return pyro.sample("x", dist.Normal(0.0, 1.0))

    trace = poutine.trace(AddFrame()(model)).get_trace()
    trace.compute_log_prob()
    assert trace.nodes["x"]["log_prob"].shape == (2,)
    assert [frame.name for frame in trace.nodes["x"]["cond_indep_stack"]] == ["extra"]
    from_trace = {frame.name: frame.dim for site in trace.nodes.values() if site["type"] == "sample"
                  for frame in site["cond_indep_stack"] if frame.vectorized}
    assert from_trace == {"extra": -1}


def test_an_index_plate_counts_once_in_a_loss():
    """The worlds' densities are summed, and a custom loss may divide by their number again."""
    data = torch.tensor([0.5, -1.0, 2.0])

    def model(worlds):
        with WorldPlate("w", worlds, -2):
            z = pyro.sample("z", dist.Normal(torch.zeros(worlds, 1), 1.0))
            with pyro.plate("data", 3, dim=-1):
                pyro.sample("x", dist.Normal(z, 1.0), obs=data)

    conditioned = poutine.condition(model, data={"z": torch.zeros(4, 1)})
    one, four = (poutine.trace(poutine.condition(model, data={"z": torch.zeros(n, 1)})).get_trace(n).log_prob_sum()
                 for n in (1, 4))
    assert torch.allclose(four, 4 * one)
    assert poutine.trace(conditioned).get_trace(4).nodes["x"]["fn"].batch_shape == (4, 3)
