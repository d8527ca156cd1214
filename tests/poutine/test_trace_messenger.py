import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide.utils import helpful_support_errors
from pyro.poutine.messenger import Messenger
from pyro.poutine.trace_messenger import identify_dense_edges


def model(x=0.0, *, k=1):
    pyro.param("p", torch.tensor(1.0))
    z = pyro.sample("z", dist.Normal(x, 1.0))
    pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(k))
    return z


def test_statements_arguments_and_result_are_recorded_in_order():
    recorder = poutine.trace(model)
    result = recorder(2.0, k=3)
    nodes = recorder.trace.nodes
    assert list(nodes) == ["_INPUT", "p", "z", "x", "_RETURN"]
    assert (nodes["_INPUT"]["args"], nodes["_INPUT"]["kwargs"]) == ((2.0,), {"k": 3})
    assert nodes["_RETURN"]["value"] is result is nodes["z"]["value"]
    assert [nodes[name]["type"] for name in nodes] == ["args", "param", "sample", "sample", "return"]


def test_each_run_has_a_trace_of_its_own():
    recorder = poutine.trace(model)
    first, second = recorder.get_trace(), recorder.get_trace()
    assert first is not second and first.nodes["z"]["value"] is not second.nodes["z"]["value"]
    recorder.trace.remove_node("z")
    assert "z" in second


def test_as_context_manager():
    with poutine.trace() as recorder:
        model()
    assert list(recorder.trace.nodes) == ["p", "z", "x"]
    assert list(recorder.get_trace().nodes) == ["p", "z", "x"] and recorder.get_trace() is not recorder.trace


def test_parameters_alone():
    with poutine.trace(param_only=True) as recorder:
        model()
    assert list(recorder.trace.nodes) == ["p"]
    assert poutine.trace(model, param_only=True).get_trace().param_nodes == ["p"]


def test_later_changes_of_a_message_do_not_reach_the_record():
    class Rename(Messenger):
        def _pyro_post_sample(self, msg):
            msg["name"] = "other"

    with poutine.trace() as outer, Rename():
        model()
    assert outer.trace.nodes["z"]["name"] == "z"


# ---- which sites may depend on which


def edges(model):
    return set(poutine.trace(model, graph_type="dense").get_trace().edges)


def site(name):
    pyro.sample(name, dist.Normal(0.0, 1.0))


def test_dense_edges_go_from_each_site_to_every_later_one():
    def chain():
        for name in "abc":
            site(name)

    assert edges(chain) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert not list(poutine.trace(chain).get_trace().edges)


def test_dense_edges_spare_other_rounds_of_a_loop_but_not_other_rows():
    def rounds():
        for i in pyro.plate("loop", 2):
            site(f"a{i}")
            with pyro.plate(f"rows{i}", 3, subsample_size=2):
                site(f"b{i}")
        site("end")

    assert edges(rounds) == {("a0", "b0"), ("a1", "b1"), *((name, "end") for name in ("a0", "b0", "a1", "b1"))}


def test_identify_dense_edges_works_on_any_trace():
    trace = poutine.trace(model).get_trace()
    identify_dense_edges(trace)
    assert set(trace.edges) == {("z", "x")}


# ---- sites left out


def test_auxiliary_sites_may_be_left_out():
    trace = poutine.trace(lambda: pyro.sample(
        "x", dist.Normal(0.0, 1.0), infer={"_do_not_trace": True, "is_auxiliary": True})).get_trace()
    assert "x" not in trace


@pytest.mark.parametrize("options", [{"obs": torch.tensor(0.0), "infer": {"_do_not_trace": True, "is_auxiliary": True}},
                                     {"infer": {"_do_not_trace": True}}])
def test_other_sites_may_not(options):
    with pytest.raises(AssertionError, match="Site 'x': only auxiliary latent sites"):
        poutine.trace(lambda: pyro.sample("x", dist.Normal(0.0, 1.0), **options))()


# ---- errors


class OwnError(ValueError):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


@pytest.mark.parametrize("error", [ValueError("boo"), RuntimeError("boo"), NotImplementedError("boo")])
def test_errors_say_where_in_the_users_program_and_after_which_sites(error):
    def fail():
        site("z")
        raise error

    with pytest.raises(type(error)) as caught:
        poutine.trace(fail)()
    first, where, *table = str(caught.value).splitlines()
    line = fail.__code__.co_firstlineno + 2
    assert first == "boo" and where == f"At test_trace_messenger.py:{line} in fail: raise error"
    assert [line.strip() for line in table] == ["Trace Shapes:", "Param Sites:", "Sample Sites:", "z dist |", "value |"]
    assert caught.value.__cause__ is error


def test_an_error_that_one_of_our_context_managers_raises_is_at_the_with_statement():
    def fail():
        with helpful_support_errors({"name": "x", "fn": dist.Bernoulli(0.5)}):
            raise NotImplementedError

    with pytest.raises(ValueError, match="discrete sample site 'x'") as caught:
        poutine.trace(fail)()
    line = fail.__code__.co_firstlineno + 1
    where = str(caught.value).splitlines()[1]
    assert where.startswith(f"At test_trace_messenger.py:{line} in fail: with helpful_support_errors")


@pytest.mark.parametrize("error", [KeyError("boo"), OwnError(1, "boo")])
def test_other_errors_pass_as_they_are(error):
    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        poutine.trace(fail)()
    assert caught.value is error


@pytest.mark.parametrize(("first", "second", "message"), [
    (lambda: site("x"), lambda: site("x"), "Multiple sample sites named 'x'.*name of its own"),
    (lambda: pyro.param("x", torch.tensor(1.0)), lambda: site("x"), "'x' is already in the trace as a param site"),
    (lambda: pyro.plate("x", 2), lambda: pyro.plate("x", 2), "Multiple sample sites named 'x'"),
])
def test_names_are_used_once(first, second, message):
    with pytest.raises(RuntimeError, match=message):
        poutine.trace(lambda: (first(), second()))()


def test_a_parameter_may_be_asked_for_twice():
    trace = poutine.trace(lambda: [pyro.param("x", torch.tensor(1.0)) for _ in range(2)]).get_trace()
    assert trace.param_nodes == ["x"]
