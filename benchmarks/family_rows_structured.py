"""Rows of families whose cost depends on more than a batch shape, or that a peer can score or draw only.

Time series have lengths in place of batch shapes; so have graphs, sets of samples and grids. Three hidden states or
two hidden dimensions are what small models have.
"""

from collections.abc import Mapping
from typing import Any

from benchmarks.family_row import LENGTHS, LOGITS, SHAPES, VECTOR, Nested, Row, discrete

_EYE: Nested = [[1.0, 0.0], [0.0, 1.0]]
_LINEAR: Mapping[str, Nested] = {
    "start": [0.0, 0.0], "transition": [[0.9, 0.1], [-0.1, 0.9]], "tril": _EYE, "observation": [[1.0], [0.5]]
}


def _linear(d: Any, p: Any) -> tuple[Any, ...]:
    """The first three arguments and the fourth of linear state space models."""
    state = d.MultivariateNormal(p["start"], scale_tril=p["tril"])
    return state, p["transition"], state, p["observation"]


def _gamma_gaussian_hmm(d: Any, p: Any) -> Any:
    values = d.MultivariateNormal(p["loc"], scale_tril=p["tril"][:1, :1])
    return d.GammaGaussianHMM(d.Gamma(p["concentration"], p["rate"]), *_linear(d, p), values,
                              duration=p["loc"].shape[0])


def _gaussian_hmm(d: Any, p: Any) -> Any:
    return d.GaussianHMM(*_linear(d, p), d.Normal(p["loc"], 1.0).to_event(1), duration=p["loc"].shape[0])


def _gaussian_mrf(d: Any, p: Any) -> Any:
    state, pair, joint = (d.MultivariateNormal(p[name], covariance_matrix=p[covariance]) for name, covariance in (
        ("start", "tril"), ("pair", "pair_covariance"), ("loc", "joint_covariance")))
    return d.GaussianMRF(state, pair, joint)


def _independent_hmm(d: Any, p: Any) -> Any:
    state = d.MultivariateNormal(p["starts"], scale_tril=p["tril"])
    noise = d.MultivariateNormal(p["start"], scale_tril=p["tril"])
    values = d.Normal(p["loc"].transpose(0, 1), 1.0).to_event(1)
    return d.IndependentHMM(d.GaussianHMM(state, p["transition"], noise, p["observation"], values,
                                          duration=p["loc"].shape[0]))


def _linear_hmm(d: Any, p: Any) -> Any:
    state, transition, _, observation = _linear(d, p)
    shocks = d.StudentT(3.0, p["start"], 1.0).to_event(1)
    return d.LinearHMM(state, transition, shocks, observation, d.Normal(p["loc"], 1.0).to_event(1),
                       duration=p["loc"].shape[0])


def _coalescent_times(d: Any, p: Any) -> Any:
    # Upstream remembers which tensors it has sorted. A step of inference has new ones.
    return d.CoalescentTimes(1.0 * p["leaf_times"], p["rate"])


def _empirical(d: Any, p: Any) -> Any:
    return d.Empirical(p["log_weights"].detach().cumsum(-1), p["log_weights"])


def _truncated_polya_gamma(d: Any, p: Any) -> Any:
    prototype = p["prototype"]
    return d.TruncatedPolyaGamma(prototype if hasattr(prototype, "new_tensor") else prototype.shape)


STRUCTURED: tuple[Row, ...] = (
    Row("CAR", {"loc": VECTOR, "correlation": 0.5, "conditional_precision": 2.0}, libraries="N",
        shared={"adjacency": [[0, 1, 0], [1, 0, 1], [0, 1, 0]]}, build=lambda d, p: d.CAR(
            p["loc"], p["correlation"], p["conditional_precision"], 1.0 * p["adjacency"])),
    Row("CirculantNormal", {"loc": [0.0, 1.0, 0.0, 2.0], "covariance_row": [2.0, 0.5, 0.1, 0.5]}, libraries="N"),
    Row("CoalescentTimes", {"leaf_times": 0.0}, libraries="U", draws_gradients=False, shapes=LENGTHS,
        shared={"rate": 0.5}, build=_coalescent_times),
    Row("CoalescentTimesWithRate", {"rate_grid": 0.5}, libraries="U", shapes=LENGTHS, works=("log_prob",),
        shared={"leaf_times": [9.0, 9.0, 9.0, 9.0]}, value=lambda p: p["leaf_times"][1:].cumsum(0) / 4),
    Row("Delta", {"v": 0.3, "log_density": 0.5}),
    Row("DiscreteHMM", {"loc": VECTOR}, libraries="U", draws_gradients=False, shapes=LENGTHS,
        shared={"initial": LOGITS, "transition": [LOGITS] * 3},
        build=lambda d, p: d.DiscreteHMM(p["initial"], p["transition"], d.Normal(p["loc"], 1.0),
                                         duration=p["loc"].shape[0])),
    Row("Empirical", {"log_weights": 0.1}, libraries="U", draws_gradients=False,
        shapes=((10,), (1000,), (100, 1000)), build=_empirical),
    Row("EulerMaruyama", {"t": 0.1}, libraries="N", shapes=LENGTHS, shared={"loc": 0.5, "rate": 0.5, "noise": 1.2},
        build=lambda d, p: d.EulerMaruyama(p["t"].cumsum(0), lambda x, t: (-p["rate"] * x, p["noise"] + 0 * x),
                                           d.Normal(p["loc"], 1.0))),
    Row("GammaGaussianHMM", {"loc": [0.5]}, libraries="U", shapes=LENGTHS, works=("log_prob",),
        shared={**_LINEAR, "concentration": 2.0, "rate": 3.0}, build=_gamma_gaussian_hmm, value=lambda p: p["loc"]),
    Row("GaussianHMM", {"loc": [0.5]}, libraries="U", shapes=LENGTHS, shared=_LINEAR, build=_gaussian_hmm),
    Row("GaussianMRF", {"loc": [0.5, -1.0, 2.0]}, libraries="U", shapes=LENGTHS, works=("log_prob",),
        shared={"start": [0.0, 0.0], "tril": _EYE, "pair": [0.0, 0.0, 0.0, 0.0],
                "pair_covariance": [[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, 0.0, 0.5], [0.5, 0.0, 1.0, 0.0],
                                    [0.0, 0.5, 0.0, 1.0]],
                "joint_covariance": [[1.0, 0.0, 0.5], [0.0, 1.0, 0.2], [0.5, 0.2, 1.0]]},
        build=_gaussian_mrf, value=lambda p: p["loc"][..., :1]),
    Row("GaussianRandomWalk", {"scale": 1.2}, {"num_steps": 10}, "N"),
    Row("GaussianScaleMixture", {}, libraries="U", shapes=SHAPES[:1], works=("draw",),
        shared={"coord_scale": [0.5, 1.0], "component_logits": [0.3, -0.2], "component_scale": [1.0, 2.0]}),
    Row("GaussianStateSpace", {"scale_tril": [[1.0, 0.0], [0.5, 1.0]]},
        {"num_steps": 10}, "N", shapes=SHAPES[:2], shared={"transition_matrix": _LINEAR["transition"]}),
    Row("GroupedNormalNormal", {"prior_loc": 0.3, "prior_scale": 1.2}, libraries="U", shapes=((10,),),
        works=("log_prob",), shared={"obs_scale": [0.5] * 1000, "group_idx": [i % 10 for i in range(1000)]},
        value=lambda p: p["obs_scale"]),
    Row("ImproperUniform", {"value": 0.5}, works=("log_prob",), value=lambda p: p["value"],
        build=lambda d, p: d.ImproperUniform(d.constraints.real, p["value"].shape, ())),
    Row("IndependentHMM", {"loc": [[0.5], [-1.0], [2.0]]}, libraries="U", shapes=LENGTHS,
        shared={**_LINEAR, "starts": [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]]}, build=_independent_hmm),
    Row("LinearHMM", {"loc": [0.5]}, libraries="U", shapes=LENGTHS, works=("draw",), shared=_LINEAR,
        build=_linear_hmm),
    Row("LogNormalNegativeBinomial", {"logits": 0.3, "multiplicative_noise_scale": 0.2}, {"total_count": 5.0}, "U",
        works=("log_prob",), value=lambda p: (10 * p["logits"]).round()),
    Row("OneOneMatching", {"logits": 0.5}, libraries="U", draws_gradients=False, shapes=((3, 3), (4, 4), (5, 5))),
    Row("OneTwoMatching", {"logits": 0.5}, libraries="U", draws_gradients=False, shapes=((4, 2), (6, 3), (8, 4))),
    Row("SpanningTree", {"edge_logits": 0.5}, libraries="U", draws_gradients=False, shapes=((10,), (45,), (105,))),
    *(Row(name, {"stability": 1.5, "skew": 0.3, "scale": 1.2, "loc": 0.5}, libraries="U", works=("draw",))
      for name in ("Stable", "StableWithLogProb")),
    Row("TruncatedPolyaGamma", {"prototype": 0.0}, draws_gradients=False, shapes=SHAPES[:1],
        build=_truncated_polya_gamma),
    discrete("Unit", log_factor=0.3),
    Row("VonMises3D", {"concentration": [0.6, 0.0, 0.8]}, libraries="U", works=("log_prob",),
        value=lambda p: p["concentration"]),
)
