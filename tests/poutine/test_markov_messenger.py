import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.runtime import _PYRO_STACK


def scopes(model):
    trace = poutine.trace(model).get_trace()
    return {name: {key: dict(value) if key == "_markov_scope" else value
                   for key, value in site["infer"].items()} for name, site in trace.nodes.items() if name[0] != "_"}


def site(name):
    pyro.sample(name, dist.Bernoulli(0.5))


@given(st.integers(0, 4), st.integers(1, 7))
def test_a_step_sees_the_steps_of_its_history(history, length):
    def model():
        for t in pyro.markov(range(length), history=history):
            site(f"a{t}")
            site(f"b{t}")

    found = scopes(model)
    for t in range(length):
        past = {f"{kind}{s}": 1 for s in range(max(0, t - history), t) for kind in "ab"}
        assert found[f"a{t}"] == {"_markov_depth": 1, "_markov_scope": past}
        assert found[f"b{t}"] == {"_markov_depth": 1, "_markov_scope": past | {f"a{t}": 1}}


@pytest.mark.parametrize(("keep", "seen"), [(False, {"root": 1}), (True, {"root": 1, "left": 1})])
def test_siblings_see_each_other_if_kept(keep, seen):
    def model():
        node = pyro.markov(keep=keep)
        with node:
            site("root")
            with node:
                site("left")
            with node:
                site("right")

    assert scopes(model)["right"]["_markov_scope"] == seen


def test_a_recursive_function_is_a_chain():
    @pyro.markov
    def step(t):
        site(f"x{t}")
        if t < 3:
            step(t + 1)

    assert step.__name__ == "step"
    assert [scopes(lambda: step(0))[f"x{t}"]["_markov_scope"] for t in range(4)] == [
        {}, {"x0": 1}, {"x1": 1}, {"x2": 1}]


def test_nested_chains_count_their_depth():
    def model():
        for i in pyro.markov(range(2)):
            for j in pyro.markov(range(2)):
                site(f"x{i}{j}")

    found = scopes(model)
    assert all(infer["_markov_depth"] == 2 for infer in found.values())
    assert found["x11"]["_markov_scope"] == {"x00": 1, "x01": 1, "x10": 2}


def test_rows_of_plates_are_no_sites_of_the_chain():
    def model():
        for t in pyro.markov(range(2)):
            pyro.plate(f"rows{t}", 5, subsample_size=2)
            site(f"x{t}")

    assert scopes(model)["rows1"] == {} and scopes(model)["x1"]["_markov_scope"] == {"x0": 1}


@pytest.mark.parametrize(("use", "error", "message"), [
    (lambda: pyro.markov(history=-1), AssertionError, "history >= 0, got -1"),
    (lambda: pyro.markov(dim=-1), NotImplementedError, "leave dim at None"),
    (lambda: pyro.markov(name="t"), NotImplementedError, "leave name at None"),
    (lambda: list(pyro.markov()), AssertionError, r"nothing to loop over.*pyro\.markov\(range\(10\)\)"),
    (lambda: pyro.markov(3), ValueError, "3 is not iterable or callable"),
])
def test_bad_arguments(use, error, message):
    with pytest.raises(error, match=message):
        use()


def test_a_chain_that_is_left_leaves_nothing():
    for _ in pyro.markov(range(3)):
        break
    assert len(_PYRO_STACK) == 0
    with pytest.raises(RuntimeError, match="stop"):
        for t in pyro.markov(range(3)):
            if t == 1:
                raise RuntimeError("stop")
    assert len(_PYRO_STACK) == 0
