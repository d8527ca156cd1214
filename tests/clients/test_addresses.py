"""Every name that projects built on Pyro use is importable from the address where they look for it."""

import importlib

import pytest

DELIVERED = {
    "pyro": (
        "__version__ clear_param_store condition deterministic distributions enable_validation factor "
        "get_param_store infer markov module optim param plate poutine sample set_rng_seed settings util "
        "validation_enabled"
    ),
    "pyro.distributions": (
        "AffineBeta Bernoulli Beta BetaBinomial Binomial Categorical Cauchy Chi2 ContinuousBernoulli Delta "
        "Dirichlet DirichletMultinomial DiscreteHMM Distribution Exponential FoldedDistribution Gamma GammaPoisson "
        "GaussianHMM GaussianMRF Geometric Gumbel HalfCauchy HalfNormal Independent InverseGamma Laplace LogNormal "
        "Logistic LowRankMultivariateNormal MaskedDistribution MixtureSameFamily Multinomial MultivariateNormal "
        "NegativeBinomial Normal OneHotCategorical Pareto Poisson RelaxedOneHotCategorical StudentT "
        "TorchDistribution TransformedDistribution Uniform VonMises Weibull ZeroInflatedNegativeBinomial "
        "enable_validation is_validation_enabled validation_enabled"
    ),
    "pyro.distributions.constraints": (
        "Constraint boolean dependent_property greater_than independent integer integer_interval interval "
        "nonnegative_integer positive positive_integer real simplex softplus_positive unit_interval"
    ),
    "pyro.distributions.distribution": "Distribution",
    "pyro.distributions.hmm": "_logmatmulexp _sequential_index",
    "pyro.distributions.testing.fakes": (
        "NonreparameterizedBeta NonreparameterizedDirichlet NonreparameterizedGamma NonreparameterizedNormal"
    ),
    "pyro.distributions.testing.gof": "auto_goodness_of_fit",
    "pyro.distributions.torch_distribution": (
        "ExpandedDistribution MaskedDistribution TorchDistribution TorchDistributionMixin"
    ),
    "pyro.distributions.transforms": "AffineTransform ComposeTransformModule ExpTransform SoftplusTransform biject_to",
    "pyro.distributions.util": "broadcast_all broadcast_shape deep_to detach sum_rightmost",
    "pyro.infer": "ELBO EmpiricalMarginal Importance JitTrace_ELBO Predictive SVI TraceMeanField_ELBO Trace_ELBO",
    "pyro.infer.autoguide": (
        "AutoDelta AutoDiagonalNormal AutoDiscreteParallel AutoGuide AutoGuideList AutoHierarchicalNormalMessenger "
        "AutoLowRankMultivariateNormal AutoMultivariateNormal AutoNormal AutoStructured init_to_feasible "
        "init_to_mean init_to_median"
    ),
    "pyro.infer.autoguide.effect": "AutoRegressiveMessenger",
    "pyro.infer.autoguide.guides": "AutoGuideList deep_setattr",
    "pyro.infer.autoguide.initialization": "InitMessenger init_to_feasible init_to_mean init_to_median",
    "pyro.infer.autoguide.utils": "deep_setattr helpful_support_errors",
    "pyro.infer.elbo": "ELBO",
    "pyro.infer.enum": "get_importance_trace",
    "pyro.infer.importance": "vectorized_importance_weights",
    "pyro.infer.predictive": "Predictive",
    "pyro.infer.reparam": "AutoReparam HaarReparam LocScaleReparam",
    "pyro.infer.reparam.reparam": "Reparam ReparamMessage ReparamResult",
    "pyro.infer.reparam.strategies": "Strategy",
    "pyro.infer.svi": "SVI",
    "pyro.infer.trace_elbo": "Trace_ELBO",
    "pyro.nn": "PyroModule PyroModuleList PyroParam PyroSample pyro_method",
    "pyro.nn.module": "PyroModule PyroParam PyroSample _Context to_pyro_module_",
    "pyro.ops.indexing": "Vindex",
    "pyro.ops.integrator": "potential_grad register_exception_handler",
    "pyro.ops.special": "safe_log",
    "pyro.ops.stats": "hpdi pi quantile resample",
    "pyro.ops.streaming": "CountMeanVarianceStats StatsOfDict",
    "pyro.optim": "Adam ClippedAdam PyroOptim StepLR",
    "pyro.optim.clipped_adam": "ClippedAdam",
    "pyro.optim.lr_scheduler": "PyroLRScheduler",
    "pyro.optim.optim": "PyroOptim",
    "pyro.poutine": (
        "Trace block condition do enum get_mask infer_config mask reparam replay scale seed trace uncondition"
    ),
    "pyro.poutine.block_messenger": "_make_default_hide_fn",
    "pyro.poutine.broadcast_messenger": "BroadcastMessenger",
    "pyro.poutine.enum_messenger": "EnumMessenger",
    "pyro.poutine.handlers": "_make_handler seed",
    "pyro.poutine.indep_messenger": "CondIndepStackFrame IndepMessenger",
    "pyro.poutine.mask_messenger": "MaskMessenger",
    "pyro.poutine.messenger": "Message Messenger block_messengers",
    "pyro.poutine.runtime": "InferDict _PYRO_STACK effectful",
    "pyro.poutine.scale_messenger": "ScaleMessenger",
    "pyro.poutine.subsample_messenger": "_Subsample",
    "pyro.poutine.trace_messenger": "TraceMessenger",
    "pyro.poutine.util": "prune_subsample_sites site_is_factor site_is_subsample",
    "pyro.primitives": "plate",
    "pyro.settings": "context get register set",
    "pyro.util": "deep_getattr get_rng_state ignore_jit_warnings set_rng_seed set_rng_state warn_if_nan",
}
LATER = {
    "pyro.contrib.autoname": "scope",
    "pyro.contrib.funsor": "to_data",
    "pyro.contrib.funsor.handlers": "enum plate replay",
    "pyro.contrib.funsor.handlers.named_messenger": "NamedMessenger",
    "pyro.contrib.funsor.handlers.plate_messenger": "IndepMessenger",
    "pyro.contrib.funsor.handlers.primitives": "to_funsor",
    "pyro.contrib.funsor.handlers.runtime": "_DIM_STACK",
    "pyro.contrib.funsor.handlers.trace_messenger": "_mask_fn",
    "pyro.contrib.funsor.infer.elbo": "ELBO",
    "pyro.contrib.funsor.infer.traceenum_elbo": "terms_from_trace",
    "pyro.infer": "HMC JitTraceEnum_ELBO MCMC NUTS TraceEnum_ELBO TraceTMC_ELBO config_enumerate infer_discrete",
    "pyro.infer.mcmc": "HMC MCMC NUTS",
    "pyro.infer.mcmc.api": "MCMC",
    "pyro.ops.contract": "einsum",
    "pyro.ops.einsum.adjoint": "require_backward",
    "pyro.ops.integrator": "_EXCEPTION_HANDLERS",
}
"""Names of things that are not written yet. A name that is delivered moves up; nothing is added here."""


def addresses(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(module, name) for module, names in table.items() for name in names.split()]


@pytest.mark.parametrize(("module", "name"), addresses(DELIVERED))
def test_name_is_at_its_address(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("module", "name"), addresses(LATER))
def test_later_names_are_still_to_come(module: str, name: str) -> None:
    try:
        found = hasattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        found = False
    assert not found, f"{module}.{name} is here: move it from LATER to DELIVERED."
