import copy
import warnings

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import Predictive, WeighedPredictive
from pyro.infer.predictive import WeighedPredictiveResults, _guess_max_plate_nesting

PARALLEL = pytest.mark.parametrize("parallel", [False, True])


def shapes(draws):
    return {name: tuple(value.shape) for name, value in draws.items()}


def model(obs=None):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.sample("w", dist.Normal(0.0, 1.0).expand([3]).to_event(1))
    pyro.deterministic("declared", torch.arange(4.0) + z.unsqueeze(-1), event_dim=1)
    with pyro.plate("rows", 5):
        pyro.deterministic("inside", z + torch.zeros(5))
        return pyro.sample("y", dist.Normal(z, 1.0), obs=obs)


def guide(obs=None):
    pyro.deterministic("summary", torch.zeros(2))
    pyro.sample("z", dist.Normal(3.0, 0.1))
    pyro.sample("w", dist.Normal(0.0, 1.0).expand([3]).to_event(1))
    pyro.sample("helper", dist.Normal(0.0, 1.0), infer={"is_auxiliary": True})


LATENTS = {"z": (7, 1), "w": (7, 1, 3)}
REST = {"declared": (7, 1, 4), "inside": (7, 5), "y": (7, 5)}
CASES = {
    "prior": ({"num_samples": 7}, LATENTS | REST),
    "observed": ({"num_samples": 7}, LATENTS | REST),
    "named": ({"num_samples": 7, "return_sites": ("z", "_RETURN")}, {"z": (7, 1), "_RETURN": (7, 5)}),
    "rows of plates": ({"num_samples": 7, "return_sites": ["rows", "w"]}, {"w": (7, 1, 3)}),
    "unknown": ({"num_samples": 7, "return_sites": ("nosuch",)}, {}),
    "none": ({"num_samples": 7, "return_sites": None}, LATENTS | REST),
    "posterior": ({"posterior_samples": {"z": torch.zeros(7)}}, {"w": (7, 1, 3)} | REST),
    "posterior with ones": ({"posterior_samples": {"z": torch.zeros(7, 1), "w": torch.zeros(7, 1, 3)}}, REST),
    "posterior without ones": ({"posterior_samples": {"z": torch.zeros(7), "w": torch.zeros(7, 3)}}, REST),
    "posterior and none": ({"posterior_samples": {"z": torch.zeros(7)}, "return_sites": None}, LATENTS | REST),
    "posterior named": ({"posterior_samples": {"z": torch.zeros(7)}, "return_sites": ("z", "y")},
                        {"z": (7, 1), "y": (7, 5)}),
    "no posterior": ({"posterior_samples": {}, "num_samples": 7}, LATENTS | REST),
    "guide": ({"guide": guide, "num_samples": 7}, LATENTS | REST | {"summary": (7, 2)}),
    "guide named": ({"guide": guide, "num_samples": 7, "return_sites": ("helper", "y")},
                    {"helper": (7, 1), "y": (7, 5)}),
}


@PARALLEL
@pytest.mark.parametrize("name", CASES)
def test_shapes_are_those_of_upstream(name, parallel):
    arguments, expected = CASES[name]
    obs = torch.zeros(5) if name == "observed" else None
    predictive = Predictive(model, parallel=parallel, **arguments)
    draws = predictive(obs)
    assert shapes(draws) == expected
    assert shapes(predictive.get_samples(obs)) == expected
    assert [tuple(value.shape) for value in predictive.call(obs)] == [shape for _, shape in sorted(expected.items())]
    run = predictive.get_vectorized_trace(obs)
    assert run.nodes["w"]["value"].shape == (7, 1, 3)
    assert [frame.name for frame in run.nodes["w"]["cond_indep_stack"]] == ["_num_predictive_samples"]


@PARALLEL
@pytest.mark.parametrize("plates, expected", [(0, (6, 4)), (1, (6, 4)), (2, (6, 1, 4))])
def test_lesson_15_a_vector_outside_of_plates_lines_up_with_them(plates, expected, parallel):
    def model():
        weight = pyro.sample("weight", dist.Normal(0.0, 1.0))
        mean = pyro.deterministic("mean", weight.reshape(weight.shape[:1] + (1,)) * torch.arange(4.0)
                                  if weight.dim() else weight * torch.arange(4.0))
        with pyro.plate_stack("plates", (2, 4)[2 - plates:]):
            pyro.sample("y", dist.Normal(mean[..., None, :] if plates == 2 and mean.dim() > 1 else mean, 1.0)
                        if plates else dist.Normal(mean, 1.0).to_event(1))

    draws = Predictive(model, num_samples=6, parallel=parallel)()
    assert draws["mean"].shape == expected
    rows = draws["weight"].reshape(6, 1)
    torch.testing.assert_close(draws["mean"].reshape(6, 4), rows * torch.arange(4.0))


@PARALLEL
@pytest.mark.parametrize("event_dim", [None, 1])
def test_lesson_15_a_vector_inside_of_a_plate(event_dim, parallel):
    def model():
        with pyro.plate("rows", 5):
            x = pyro.sample("x", dist.Normal(0.0, 1.0))
            pyro.deterministic("vector", x.unsqueeze(-1) * torch.arange(4.0), event_dim=event_dim)

    draws = Predictive(model, num_samples=6, parallel=parallel)()
    torch.testing.assert_close(draws["vector"], draws["x"].reshape(6, 5, 1) * torch.arange(4.0))


@PARALLEL
def test_lesson_15_deterministic_sites_of_the_guide_are_kept(parallel):
    draws = Predictive(model, guide=guide, num_samples=4, parallel=parallel)()
    torch.testing.assert_close(draws["summary"], torch.zeros(4, 2))


@PARALLEL
def test_rows_belong_to_the_same_draw(parallel):
    draws = Predictive(model, guide=guide, num_samples=50, parallel=parallel)()
    torch.testing.assert_close(draws["declared"], draws["z"].unsqueeze(-1) + torch.arange(4.0))
    torch.testing.assert_close(draws["inside"], draws["z"].expand(50, 5))
    # 250 standard normals: the mean is within 5 standard errors
    assert (draws["y"] - draws["z"]).mean().abs() < 5 / 250**0.5
    assert draws["z"].std() > 0


@PARALLEL
def test_posterior_samples_are_used_row_by_row(parallel):
    z = torch.arange(6.0)
    draws = Predictive(model, {"z": z}, return_sites=("inside", "z"), parallel=parallel)()
    torch.testing.assert_close(draws["inside"], z[:, None].expand(6, 5))
    torch.testing.assert_close(draws["z"], z[:, None])


@pytest.mark.parametrize("chunk_size", [1, 3, 7, 100])
@pytest.mark.parametrize("source", ["guide", "posterior"])
def test_chunks_bound_the_rows_of_a_run(chunk_size, source):
    largest = []

    def spy(obs=None):
        result = model(obs)
        largest.append(result.numel() // 5)
        return result

    arguments = {"guide": guide, "num_samples": 7} if source == "guide" else {
        "posterior_samples": {"z": torch.arange(7.0), "w": torch.zeros(7, 3)}}
    draws = Predictive(spy, parallel=True, chunk_size=chunk_size, return_sites=("inside", "z"), **arguments)()
    assert max(largest) == min(chunk_size, 7)
    assert shapes(draws) == {"inside": (7, 5), "z": (7, 1)}
    torch.testing.assert_close(draws["inside"], draws["z"].expand(7, 5))


@PARALLEL
def test_no_gradient_is_recorded_and_no_outer_handler_sees_the_prototype(parallel):
    def guide(obs=None):
        loc = pyro.param("loc", torch.tensor(1.0))
        pyro.sample("z", dist.Normal(loc, 1.0))
        pyro.sample("w", dist.Normal(loc, 1.0).expand([3]).to_event(1))

    draws = Predictive(model, guide=guide, num_samples=3, parallel=parallel)()
    assert not any(value.requires_grad for value in draws.values())


@PARALLEL
def test_subsampled_plates_have_the_guides_rows(parallel):
    data = torch.arange(10.0)

    def rows(full):
        with pyro.plate("data", 10, subsample_size=4) as index:
            return index, pyro.sample("local", dist.Delta(full[index]))

    def model():
        index, local = rows(data)
        pyro.deterministic("gap", local - data[index], event_dim=0)

    draws = Predictive(model, guide=lambda: rows(data), num_samples=3, parallel=parallel)()
    assert draws["local"].shape == (3, 4)
    torch.testing.assert_close(draws["gap"].reshape(3, 4) if parallel is False else draws["gap"], torch.zeros(3, 4))


@PARALLEL
def test_nested_plates_and_factors(parallel):
    def model():
        with pyro.plate("a", 3, dim=-2):
            u = pyro.sample("u", dist.Normal(0.0, 1.0))
            with pyro.plate("b", 2, dim=-1):
                pyro.sample("v", dist.Normal(u, 1.0))
        pyro.factor("f", torch.tensor(1.0))
        return pyro.sample("s", dist.Normal(0.0, 1.0).expand([4]).to_event(1))

    assert _guess_max_plate_nesting(model, (), {}) == 2
    draws = Predictive(model, num_samples=5, parallel=parallel)()
    assert shapes(draws) == {"u": (5, 3, 1), "v": (5, 3, 2), "s": (5, 1, 1, 4), "f": (5, 1, 1, 0)}
    again = Predictive(model, {"u": draws["u"], "s": draws["s"]}, parallel=parallel, return_sites=("u", "s", "v"))()
    torch.testing.assert_close(again["u"], draws["u"])
    torch.testing.assert_close(again["s"], draws["s"])


def test_modules_are_submodules():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(2.0))

        def forward(self, loc):
            return pyro.sample("x", dist.Normal(loc, self.scale))

    predictive = copy.deepcopy(Predictive(Model(), num_samples=3))
    assert [name for name, _ in predictive.named_parameters()] == ["model.scale"]
    assert predictive(torch.tensor(0.0))["x"].shape == (3,)


@pytest.mark.parametrize("error, part, arguments", [
    (ValueError, "got neither", {}),
    (ValueError, "empty dict", {"posterior_samples": {}}),
    (ValueError, "got two", {"posterior_samples": {"z": torch.zeros(2)}, "guide": guide}),
    (ValueError, "'w': 3", {"posterior_samples": {"z": torch.zeros(2), "w": torch.zeros(3, 3)}}),
    (ValueError, "chunk_size >= 1", {"num_samples": 2, "chunk_size": 0}),
    (AssertionError, "string 'z'", {"num_samples": 2, "return_sites": "z"}),
])
def test_bad_arguments(error, part, arguments):
    with pytest.raises(error, match=part):
        Predictive(model, **arguments)


def test_another_number_of_samples_warns():
    with pytest.warns(UserWarning, match="Defaulting to 6"):
        assert Predictive(model, {"z": torch.zeros(6)}, num_samples=3).num_samples == 6


def test_a_result_that_is_no_tensor():
    with pytest.raises(TypeError, match="returned str"):
        Predictive(lambda: "text", num_samples=2, return_sites=("_RETURN",))()


def test_a_model_that_does_not_broadcast():
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 1.0).expand([2]).to_event(1))
        pyro.deterministic("first", z[0])

    with pytest.raises(ValueError, match="Site 'first': expected 5 draws"):
        Predictive(model, num_samples=5, parallel=True)()


def test_export_of_a_trained_predictive():
    class Model(torch.nn.Module):
        def forward(self, x):
            weight = pyro.sample("weight", dist.Normal(0.0, 1.0))
            spread = pyro.sample("spread", dist.LogNormal(0.0, 1.0))
            with pyro.plate("data", 4):
                return pyro.sample("y", dist.Normal(weight * x, 0.1 + 0.0 * spread))

    class Guide(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.loc = torch.nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            pyro.sample("weight", dist.Normal(self.loc, 0.01))
            pyro.sample("spread", dist.Gamma(2.0, self.loc.exp()))

    predictive = Predictive(Model(), guide=Guide(), num_samples=1000, parallel=True, return_sites=("y",))
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter
        exported = torch.export.export(predictive, (x,)).module()
    draws = exported(-x)["y"]
    assert draws.shape == (1000, 4)
    # 5 standard errors of a mean of 1000 draws of deviation at most 0.11
    torch.testing.assert_close(draws.mean(0), -2 * x, atol=5 * 0.11 / 1000**0.5, rtol=0)


# ---- weighed


def small_model(obs=None):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.deterministic("twice", 2 * z)
    with pyro.plate("rows", 5):
        pyro.sample("y", dist.Normal(z, 1.0), obs=obs)


def small_guide(obs=None):
    return pyro.sample("z", dist.Normal(0.8, 0.5))


@PARALLEL
def test_weights_are_ratios_of_densities(parallel):
    obs = torch.linspace(0.0, 2.0, 5)
    result = WeighedPredictive(small_model, guide=small_guide, num_samples=6, parallel=parallel)(obs)
    z = result.samples["z"]
    log_q = dist.Normal(0.8, 0.5).log_prob(z).reshape(6)
    log_p = dist.Normal(0.0, 1.0).log_prob(z).reshape(6) + dist.Normal(z, 1.0).log_prob(obs).sum(-1)
    torch.testing.assert_close(result.guide_log_prob, log_q)
    torch.testing.assert_close(result.model_log_prob, log_p)
    torch.testing.assert_close(result.log_weights, log_p - log_q)
    assert shapes(result.samples) == {"z": (6, 1), "twice": (6, 1), "y": (6, 5)}


@PARALLEL
def test_another_model_may_be_scored(parallel):
    predictive = WeighedPredictive(small_model, guide=small_guide, num_samples=4, parallel=parallel)
    result = predictive(None, model_guide=small_guide)
    torch.testing.assert_close(result.log_weights, torch.zeros(4))
    assert result.samples["y"].shape == (4, 5)
    assert [tuple(part.shape) for part in predictive.call(None)] == [(4, 1), (4, 5), (4, 1)]


def test_evidence_by_chunks():
    obs = torch.ones(5)
    result = WeighedPredictive(small_model, guide=small_guide, num_samples=2000, parallel=True, chunk_size=500)(obs)
    evidence = dist.MultivariateNormal(torch.zeros(5), torch.eye(5) + 1).log_prob(obs)
    weights = (result.log_weights - evidence).exp()
    assert (weights.mean() - 1).abs() < 5 * weights.std() / 2000**0.5
    assert 1000 < result.get_ESS() <= 2000


def test_a_weighed_predictive_needs_a_guide():
    with pytest.raises(TypeError, match="expected guide="):
        WeighedPredictive(small_model, num_samples=3)()


def test_results_can_be_cloned():
    result = WeighedPredictive(small_model, guide=small_guide, num_samples=3, parallel=True)()
    clone = result.clone()
    assert isinstance(clone, WeighedPredictiveResults)
    clone.samples["z"].zero_()
    assert result.samples["z"].abs().min() > 0
