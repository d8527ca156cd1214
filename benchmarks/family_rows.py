"""The families that are timed, with parameters of one batch element, and those that are not, with the reason.

The rows know no library: a row builds its distribution from the module ``distributions`` of flashover, of upstream or
of NumPyro, and from parameters that are arrays of that library.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Nested = float | list["Nested"]
Build = Callable[[Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Row:
    """One family.

    Args:
        name: its name, in every library.
        parameters: by name, for one batch element; their gradients are taken.
        static: further arguments.
        libraries: which peers have the family: U for upstream, N for NumPyro.
        renamed: NumPyro's names of parameters, where they differ.
        draws_gradients: whether draws have gradients; else draws alone are timed.
        sizes: how many of the batch shapes are timed, the smallest first.
        build: builds the distribution where that is not just a call of its class.
    """

    name: str
    parameters: Mapping[str, Nested]
    static: Mapping[str, Any] = field(default_factory=dict)
    libraries: str = "UN"
    renamed: Mapping[str, str] = field(default_factory=dict)
    draws_gradients: bool = True
    sizes: int = 3
    build: Build | None = None

    def make(self, distributions: Any, parameters: Mapping[str, Any], is_numpyro: bool = False) -> Any:
        """Builds the distribution.

        Args:
            distributions: the library's module of families.
            parameters: arrays of the library.
            is_numpyro: whether it is NumPyro.
        """
        if self.build is not None:
            return self.build(distributions, parameters)
        names = self.renamed if is_numpyro else {}
        return getattr(distributions, self.name)(
            **{names.get(name, name): value for name, value in (*parameters.items(), *self.static.items())}
        )


def _plain(name: str, libraries: str = "UN", **parameters: Nested) -> Row:
    return Row(name, parameters, libraries=libraries)


def _discrete(name: str, static: Mapping[str, Any] | None = None, libraries: str = "UN", **parameters: Nested) -> Row:
    return Row(name, parameters, static or {}, libraries, draws_gradients=False)


def _built(name: str, build: Build, libraries: str = "UN", draws_gradients: bool = True, **parameters: Nested) -> Row:
    return Row(name, parameters, libraries=libraries, draws_gradients=draws_gradients, build=build)


_WEIGHTS: Nested = [0.2, 0.3, 0.5]
_VECTOR: Nested = [0.5, -1.0, 2.0]
_POSITIVE: Nested = [0.5, 1.0, 2.0]
_LOGITS: Nested = [0.1, 0.5, -0.4]
_TRIL: Nested = [[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.2, -0.3, 1.5]]
_CORRELATION: Nested = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]]

ROWS: tuple[Row, ...] = (
    _plain("AffineBeta", "U", concentration1=2.0, concentration0=3.0, loc=1.0, scale=2.0),
    _plain("AsymmetricLaplace", loc=0.3, scale=1.2, asymmetry=1.5),
    _plain("AsymmetricLaplaceQuantile", "N", loc=0.3, scale=1.2, quantile=0.3),
    Row("AVFMultivariateNormal", {"loc": _VECTOR, "scale_tril": _TRIL,
                                  "control_var": [[[0.1, 0.2, 0.3]], [[0.3, 0.2, 0.1]]]}, libraries="U", sizes=1),
    _discrete("Bernoulli", probs=0.3),
    _discrete("BernoulliLogits", libraries="N", logits=0.3),
    _discrete("BernoulliProbs", libraries="N", probs=0.3),
    _plain("Beta", concentration1=2.0, concentration0=3.0),
    _discrete("BetaBinomial", {"total_count": 10}, concentration1=2.0, concentration0=3.0),
    _discrete("BetaNegativeBinomial", {"n": 5.0}, "N", concentration1=3.0, concentration0=2.0),
    _plain("BetaProportion", "N", mean=0.3, concentration=5.0),
    _discrete("Binomial", {"total_count": 10}, probs=0.3),
    _discrete("BinomialLogits", {"total_count": 10}, "N", logits=0.3),
    _discrete("BinomialProbs", {"total_count": 10}, "N", probs=0.3),
    _discrete("Categorical", logits=_LOGITS),
    _discrete("CategoricalLogits", libraries="N", logits=_LOGITS),
    _discrete("CategoricalProbs", libraries="N", probs=_WEIGHTS),
    _plain("Cauchy", loc=0.3, scale=1.2),
    _plain("Chi2", df=3.0),
    _plain("ContinuousBernoulli", "U", probs=0.3),
    _plain("Dagum", "N", concentration=2.0, sharpness=3.0, scale=1.5),
    _plain("Dirichlet", concentration=_POSITIVE),
    _discrete("DirichletMultinomial", {"total_count": 10}, concentration=_POSITIVE),
    Row("DiscreteHMM", {"initial": _LOGITS, "transition": [[_LOGITS] * 3], "loc": [_VECTOR] * 10}, libraries="U",
        draws_gradients=False, sizes=2,
        build=lambda d, p: d.DiscreteHMM(p["initial"], p["transition"], d.Normal(p["loc"], 1.0), duration=10)),
    _discrete("DiscreteUniform", {"low": 0, "high": 9}, "N"),
    _plain("DoublyTruncatedPowerLaw", "N", alpha=-1.5, low=1.0, high=5.0),
    _built("ExpandedDistribution",
           lambda d, p: d.ExpandedDistribution(d.Normal(p["loc"], p["scale"]), p["loc"].shape), loc=0.3, scale=1.2),
    _plain("Exponential", rate=1.5),
    _discrete("ExtendedBetaBinomial", {"total_count": 10}, "U", concentration1=2.0, concentration0=3.0),
    _discrete("ExtendedBinomial", {"total_count": 10}, "U", probs=0.3),
    _plain("FisherSnedecor", "U", df1=3.0, df2=5.0),
    _built("FoldedDistribution", lambda d, p: d.FoldedDistribution(d.Normal(p["loc"], p["scale"])), loc=0.3, scale=1.2),
    _plain("Gamma", concentration=2.0, rate=3.0),
    _discrete("GammaPoisson", concentration=2.0, rate=3.0),
    _built("GaussianCopula", lambda d, p: d.GaussianCopula(d.Normal(p["loc"], 1.0), correlation_cholesky=p["cholesky"]),
           "N", loc=_VECTOR, cholesky=_CORRELATION),
    _plain("GeneralizedPareto", "U", loc=0.3, scale=1.2, concentration=0.1),
    _discrete("Geometric", probs=0.3),
    _discrete("GeometricLogits", libraries="N", logits=0.3),
    _discrete("GeometricProbs", libraries="N", probs=0.3),
    _plain("Gompertz", "N", concentration=2.0, rate=1.5),
    _plain("Gumbel", loc=0.3, scale=1.2),
    _plain("HalfCauchy", scale=1.2),
    _plain("HalfNormal", scale=1.2),
    _discrete("HurdleGamma", libraries="N", gate=0.3, concentration=2.0, rate=3.0),
    _discrete("HurdleLogNormal", libraries="N", gate=0.3, loc=0.3, scale=1.2),
    _discrete("HurdleNegativeBinomial2", libraries="N", gate=0.3, mean=2.0, concentration=3.0),
    _discrete("HurdlePoisson", libraries="N", gate=0.3, rate=2.0),
    _built("Independent", lambda d, p: d.Normal(p["loc"], p["scale"]).to_event(1), loc=_VECTOR, scale=_POSITIVE),
    _plain("InverseGamma", concentration=2.0, rate=3.0),
    Row("InverseWishart", {"concentration": 5.0, "scale_tril": _TRIL}, libraries="N"),
    Row("InverseWishartCholesky", {"concentration": 5.0, "scale_tril": _TRIL}, libraries="N"),
    _plain("Kumaraswamy", concentration1=2.0, concentration0=3.0),
    _built("LKJ", lambda d, p: d.LKJ(3, p["concentration"]), concentration=1.5),
    _built("LKJCholesky", lambda d, p: d.LKJCholesky(3, p["concentration"]), concentration=1.5),
    _plain("Laplace", loc=0.3, scale=1.2),
    _built("LeftTruncatedDistribution",
           lambda d, p: d.LeftTruncatedDistribution(d.Normal(p["loc"], p["scale"]), p["low"]), "N",
           loc=0.3, scale=1.2, low=-0.5),
    _plain("Levy", "N", loc=0.3, scale=1.2),
    _plain("LogNormal", loc=0.3, scale=1.2),
    _plain("LogUniform", "N", low=1.0, high=5.0),
    _plain("Logistic", loc=0.3, scale=1.2),
    _plain("LogisticNormal", "U", loc=[0.5, -1.0], scale=[0.5, 1.0]),
    _plain("LowRankMultivariateNormal", loc=_VECTOR, cov_factor=[[0.5], [1.0], [-0.5]], cov_diag=_POSITIVE),
    _plain("LowerTruncatedPowerLaw", "N", alpha=-2.5, low=1.0),
    _built("MaskedDistribution", lambda d, p: d.Normal(p["loc"], p["scale"]).mask(True), loc=0.3, scale=1.2),
    _plain("MatrixNormal", "N", loc=[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], scale_tril_row=[[1.0, 0.0], [0.5, 1.0]],
           scale_tril_column=_TRIL),
    _built("MixtureGeneral", lambda d, p: d.MixtureGeneral(
        d.Categorical(logits=p["logits"]), [d.Normal(p["loc"], 1.0), d.Laplace(p["loc"], 2.0)]), "N", False,
        logits=[0.3, -0.2], loc=0.5),
    _plain("MixtureOfDiagNormals", "U", locs=[[0.0, 1.0], [2.0, 3.0]], coord_scale=[[1.0, 0.5], [0.5, 1.0]],
           component_logits=[0.3, -0.2]),
    _plain("MixtureOfDiagNormalsSharedCovariance", "U", locs=[[0.0, 1.0], [2.0, 3.0]], coord_scale=[1.0, 0.5],
           component_logits=[0.3, -0.2]),
    _built("MixtureSameFamily", lambda d, p: d.MixtureSameFamily(
        d.Categorical(logits=p["logits"]), d.Normal(p["loc"], p["scale"])), "UN", False,
        logits=_LOGITS, loc=_VECTOR, scale=_POSITIVE),
    _discrete("Multinomial", {"total_count": 10}, logits=_LOGITS),
    _discrete("MultinomialLogits", {"total_count": 10}, "N", logits=_LOGITS),
    _discrete("MultinomialProbs", {"total_count": 10}, "N", probs=_WEIGHTS),
    _plain("MultivariateNormal", loc=_VECTOR, scale_tril=_TRIL),
    _plain("MultivariateStudentT", df=5.0, loc=_VECTOR, scale_tril=_TRIL),
    _plain("NanMaskedMultivariateNormal", "U", loc=_VECTOR, scale_tril=_TRIL),
    _plain("NanMaskedNormal", "U", loc=0.3, scale=1.2),
    _discrete("NegativeBinomial", {"total_count": 5.0}, probs=0.3),
    _discrete("NegativeBinomial2", libraries="N", mean=2.0, concentration=3.0),
    _discrete("NegativeBinomialLogits", {"total_count": 5.0}, "N", logits=0.3),
    _discrete("NegativeBinomialProbs", {"total_count": 5.0}, "N", probs=0.3),
    _plain("Normal", loc=0.3, scale=1.2),
    Row("OMTMultivariateNormal", {"loc": _VECTOR, "scale_tril": _TRIL}, libraries="U", sizes=1),
    _discrete("OneHotCategorical", libraries="U", logits=_LOGITS),
    _plain("OneHotCategoricalStraightThrough", "U", logits=_LOGITS),
    _discrete("OrderedLogistic", predictor=0.3, cutpoints=[-1.0, 0.0, 1.0]),
    _plain("Pareto", scale=1.2, alpha=2.5),
    _discrete("Poisson", rate=3.0),
    _plain("ProjectedNormal", concentration=_VECTOR),
    _plain("RelaxedBernoulli", temperature=0.7, probs=0.3),
    _plain("RelaxedBernoulliLogits", "N", temperature=0.7, logits=0.3),
    _built("RelaxedBernoulliStraightThrough",
           lambda d, p: d.RelaxedBernoulliStraightThrough(p["logits"].new_tensor(0.7), logits=p["logits"]), "U",
           logits=0.3),
    _built("RelaxedOneHotCategorical",
           lambda d, p: d.RelaxedOneHotCategorical(p["logits"].new_tensor(0.7), logits=p["logits"]), "U",
           logits=_LOGITS),
    _built("RelaxedOneHotCategoricalStraightThrough",
           lambda d, p: d.RelaxedOneHotCategoricalStraightThrough(p["logits"].new_tensor(0.7), logits=p["logits"]), "U",
           logits=_LOGITS),
    _built("RightTruncatedDistribution",
           lambda d, p: d.RightTruncatedDistribution(d.Normal(p["loc"], p["scale"]), p["high"]), "N",
           loc=0.3, scale=1.2, high=1.5),
    _built("SineBivariateVonMises", lambda d, p: d.SineBivariateVonMises(
        p["phi"], p["psi"], p["phi_concentration"], p["psi_concentration"], p["correlation"]), "UN", False,
        phi=0.3, psi=-0.5, phi_concentration=3.0, psi_concentration=2.0, correlation=0.5),
    _plain("SkewLogistic", "U", loc=0.3, scale=1.2, asymmetry=1.5),
    _plain("SoftAsymmetricLaplace", "U", loc=0.3, scale=1.2, asymmetry=1.5, softness=0.5),
    _plain("SoftLaplace", loc=0.3, scale=1.2),
    _plain("StudentT", df=5.0, loc=0.3, scale=1.2),
    _built("TransformedDistribution", lambda d, p: d.TransformedDistribution(
        d.Normal(p["loc"], p["scale"]), [d.transforms.ExpTransform()]), loc=0.3, scale=1.2),
    _plain("TruncatedCauchy", "N", loc=0.3, scale=1.2, low=-0.5, high=2.0),
    _plain("TruncatedGamma", "N", concentration=2.0, rate=3.0, low=0.1, high=2.0),
    _plain("TruncatedNormal", "N", loc=0.3, scale=1.2, low=-0.5, high=2.0),
    _built("TwoSidedTruncatedDistribution",
           lambda d, p: d.TwoSidedTruncatedDistribution(d.Normal(p["loc"], p["scale"]), p["low"], p["high"]), "N",
           loc=0.3, scale=1.2, low=-0.5, high=2.0),
    _plain("Uniform", low=-0.5, high=2.0),
    _discrete("VonMises", loc=0.3, concentration=2.0),
    _plain("Weibull", scale=1.2, concentration=1.5),
    Row("Wishart", {"df": 5.0, "scale_tril": _TRIL}, renamed={"df": "concentration"}),
    Row("WishartCholesky", {"concentration": 5.0, "scale_tril": _TRIL}, libraries="N"),
    _built("ZeroInflatedDistribution", lambda d, p: d.ZeroInflatedDistribution(d.Poisson(p["rate"]), gate=p["gate"]),
           "UN", False, rate=3.0, gate=0.3),
    _discrete("ZeroInflatedNegativeBinomial", {"total_count": 5.0}, "U", logits=0.3, gate=0.3),
    _discrete("ZeroInflatedNegativeBinomial2", libraries="N", mean=2.0, concentration=3.0, gate=0.3),
    _discrete("ZeroInflatedPoisson", rate=3.0, gate=0.3),
    Row("ZeroSumNormal", {"scale": 1.2}, {"event_shape": (4,)}, "N", sizes=1),
)

_BASE = "a base class"
_STRUCTURE = "its cost depends on a structure beyond a batch shape"
_SAMPLER = "it has no density"
_WRAPPER = "it costs what the distribution inside it costs"

NOT_COMPARABLE: Mapping[str, str] = {
    **dict.fromkeys(("ComposeTransformModule", "ConditionalDistribution", "ConditionalTransform",
                     "ConditionalTransformModule", "ConditionalTransformedDistribution", "Distribution",
                     "ExponentialFamily", "TorchDistribution", "TransformModule"), _BASE),
    **dict.fromkeys(("CAR", "CirculantNormal", "CoalescentRateLikelihood", "CoalescentTimes", "CoalescentTimesWithRate",
                     "Empirical", "EulerMaruyama", "GammaGaussianHMM", "GaussianHMM", "GaussianMRF",
                     "GaussianRandomWalk", "GaussianStateSpace", "GroupedNormalNormal", "IndependentHMM", "LinearHMM",
                     "OneOneMatching", "OneTwoMatching", "SpanningTree"), _STRUCTURE),
    **dict.fromkeys(("ImproperUniform", "Rejector", "Stable", "TruncatedPolyaGamma"), _SAMPLER),
    **dict.fromkeys(("HurdleDistribution", "HurdleLogits", "HurdleProbs", "IntervalCensoredDistribution",
                     "LeftCensoredDistribution", "LeftTruncatedGamma", "MaskedMixture", "Mixture",
                     "RightCensoredDistribution", "RightTruncatedGamma", "SineSkewed", "TruncatedDistribution",
                     "TwoSidedTruncatedGamma", "ZeroInflatedLogits", "ZeroInflatedProbs"), _WRAPPER),
    "Delta": "its density is that of no variable",
    "GaussianCopulaBeta": "NumPyro's needs another library for the inverse of its cdf",
    "GaussianScaleMixture": "upstream's density has no gradient",
    "LKJCorrCholesky": "an old name",
    "LogNormalNegativeBinomial": "upstream cannot draw from it",
    "StableWithLogProb": "upstream's needs another library for its density",
    "Unit": "its draws are empty",
    "VonMises3D": "its draws come from a rejection loop of unbounded length",
}
"""Families without a row, with the reason."""
