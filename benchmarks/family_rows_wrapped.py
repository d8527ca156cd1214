"""Rows of families that are made of other families: truncated, censored, inflated, mixed and masked ones."""

from typing import Any

from benchmarks.family_row import CORRELATION, LOGITS, POSITIVE, VECTOR, Row, built, discrete, plain


def _gamma(d: Any, p: Any) -> Any:
    return d.Gamma(p["concentration"], p["rate"])


def _normal(d: Any, p: Any) -> Any:
    return d.Normal(p["loc"], p["scale"])


def _censored(name: str) -> Row:
    return Row(name, {"loc": 0.3, "scale": 1.2}, libraries="N", draws_gradients=False, shared={"censored": 1},
               build=lambda d, p: getattr(d, name)(_normal(d, p), p["censored"]))


WRAPPED: tuple[Row, ...] = (
    built("ExpandedDistribution",
          lambda d, p: d.ExpandedDistribution(d.Normal(p["loc"], p["scale"]), p["loc"].shape), loc=0.3, scale=1.2),
    built("FoldedDistribution", lambda d, p: d.FoldedDistribution(d.Normal(p["loc"], p["scale"])), loc=0.3, scale=1.2),
    built("GaussianCopula", lambda d, p: d.GaussianCopula(d.Normal(p["loc"], 1.0), correlation_cholesky=p["cholesky"]),
          "N", loc=VECTOR, cholesky=CORRELATION),
    discrete("HurdleGamma", libraries="N", gate=0.3, concentration=2.0, rate=3.0),
    discrete("HurdleLogNormal", libraries="N", gate=0.3, loc=0.3, scale=1.2),
    discrete("HurdleNegativeBinomial2", libraries="N", gate=0.3, mean=2.0, concentration=3.0),
    discrete("HurdlePoisson", libraries="N", gate=0.3, rate=2.0),
    built("Independent", lambda d, p: d.Normal(p["loc"], p["scale"]).to_event(1), loc=VECTOR, scale=POSITIVE),
    built("LeftTruncatedDistribution",
          lambda d, p: d.LeftTruncatedDistribution(d.Normal(p["loc"], p["scale"]), p["low"]), "N",
          loc=0.3, scale=1.2, low=-0.5),
    built("MaskedDistribution", lambda d, p: d.Normal(p["loc"], p["scale"]).mask(True), loc=0.3, scale=1.2),
    built("MixtureGeneral", lambda d, p: d.MixtureGeneral(
        d.Categorical(logits=p["logits"]), [d.Normal(p["loc"], 1.0), d.Laplace(p["loc"], 2.0)]), "N", False,
        logits=[0.3, -0.2], loc=0.5),
    built("MixtureSameFamily", lambda d, p: d.MixtureSameFamily(
        d.Categorical(logits=p["logits"]), d.Normal(p["loc"], p["scale"])), "UN", False,
        logits=LOGITS, loc=VECTOR, scale=POSITIVE),
    built("RightTruncatedDistribution",
          lambda d, p: d.RightTruncatedDistribution(d.Normal(p["loc"], p["scale"]), p["high"]), "N",
          loc=0.3, scale=1.2, high=1.5),
    built("TransformedDistribution", lambda d, p: d.TransformedDistribution(
        d.Normal(p["loc"], p["scale"]), [d.transforms.ExpTransform()]), loc=0.3, scale=1.2),
    plain("TruncatedCauchy", "N", loc=0.3, scale=1.2, low=-0.5, high=2.0),
    plain("TruncatedGamma", "N", concentration=2.0, rate=3.0, low=0.1, high=2.0),
    plain("TruncatedNormal", "N", loc=0.3, scale=1.2, low=-0.5, high=2.0),
    built("TwoSidedTruncatedDistribution",
          lambda d, p: d.TwoSidedTruncatedDistribution(d.Normal(p["loc"], p["scale"]), p["low"], p["high"]), "N",
          loc=0.3, scale=1.2, low=-0.5, high=2.0),
    built("ZeroInflatedDistribution", lambda d, p: d.ZeroInflatedDistribution(d.Poisson(p["rate"]), gate=p["gate"]),
          "UN", False, rate=3.0, gate=0.3),
    discrete("ZeroInflatedNegativeBinomial", {"total_count": 5.0}, "U", logits=0.3, gate=0.3),
    discrete("ZeroInflatedNegativeBinomial2", libraries="N", mean=2.0, concentration=3.0, gate=0.3),
    discrete("ZeroInflatedPoisson", rate=3.0, gate=0.3),
    built("HurdleLogits", lambda d, p: d.HurdleLogits(d.Poisson(p["rate"]), p["gate_logits"]), "N", False,
          rate=3.0, gate_logits=-0.5),
    built("HurdleProbs", lambda d, p: d.HurdleProbs(d.Poisson(p["rate"]), p["gate"]), "N", False, rate=3.0, gate=0.3),
    Row("IntervalCensoredDistribution", {"loc": 0.3, "scale": 1.2}, libraries="N", draws_gradients=False,
        shared={"left": 0, "right": 0, "bounds": [-0.5, 0.9]}, value=lambda p: p["bounds"],
        build=lambda d, p: d.IntervalCensoredDistribution(_normal(d, p), p["left"], p["right"])),
    _censored("LeftCensoredDistribution"),
    built("LeftTruncatedGamma", lambda d, p: d.LeftTruncatedGamma(_gamma(d, p), p["low"]), "N",
          concentration=2.0, rate=3.0, low=0.1),
    built("MaskedMixture", lambda d, p: d.MaskedMixture(p["low"] < p["high"], d.Normal(p["low"], 1.0),
                                                        d.Normal(p["high"], 1.0)), "U", low=-1.0, high=1.0),
    built("Rejector", lambda d, p: d.Rejector(
        d.Exponential(p["rate"]), lambda x: -0.5 * (x - p["rate"]) ** 2,
        p["rate"].log() - 0.5 * p["rate"].square() + 0.2257914), "U", False, rate=1.2),  # half normal
    _censored("RightCensoredDistribution"),
    built("RightTruncatedGamma", lambda d, p: d.RightTruncatedGamma(_gamma(d, p), p["high"]), "N",
          concentration=2.0, rate=3.0, high=2.0),
    built("SineSkewed", lambda d, p: d.SineSkewed(
        d.VonMises(p["loc"], p["concentration"]).to_event(1), p["skewness"]), "UN", False,
        loc=[0.3, -0.5], concentration=[3.0, 2.0], skewness=[0.3, -0.4]),
    built("TwoSidedTruncatedGamma", lambda d, p: d.TwoSidedTruncatedGamma(_gamma(d, p), p["low"], p["high"]), "N",
          concentration=2.0, rate=3.0, low=0.1, high=2.0),
    built("ZeroInflatedLogits", lambda d, p: d.ZeroInflatedLogits(d.Poisson(p["rate"]), p["gate_logits"]), "N", False,
          rate=3.0, gate_logits=-0.5),
    built("ZeroInflatedProbs", lambda d, p: d.ZeroInflatedProbs(d.Poisson(p["rate"]), p["gate"]), "N", False,
          rate=3.0, gate=0.3),
)
