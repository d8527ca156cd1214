"""Summaries of samples: convergence of chains, quantiles, scores of predictions, information criteria.

Contract: ``input`` holds samples along one dimension (and chains along another); everything else is batch.

References:
    A. Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, ch. 11
    C. J. Geyer (1992), "Practical Markov chain Monte Carlo"
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pyro.ops.precision import widest
from pyro.ops.tensor_utils import next_fast_len

__all__ = ["autocorrelation", "autocovariance", "crps_empirical", "effective_sample_size", "energy_score_empirical",
           "fit_generalized_pareto", "gelman_rubin", "hpdi", "pi", "quantile", "resample", "split_gelman_rubin",
           "waic", "weighed_quantile"]


# ---- chains


def _chains(input: Tensor, chain_dim: int, sample_dim: int, least: int) -> Tensor:
    """Puts chains and samples first, in this order.

    Raises:
        ValueError: if there are too few samples or the dimensions do not exist.
    """
    if input.dim() < 2:
        raise ValueError(f"input has shape {tuple(input.shape)}, expected a dimension of chains and one of samples. "
                         "Add a dimension of size one for a single chain.")
    if input.size(sample_dim) < least:
        raise ValueError(f"input has {input.size(sample_dim)} samples along dimension {sample_dim}, expected at least "
                         f"{least}.")
    return input.movedim((chain_dim, sample_dim), (0, 1))


def _variances(chains: Tensor) -> tuple[Tensor, Tensor]:
    """The variance within chains, and an estimate of the whole variance."""
    length = chains.size(1)
    within = chains.var(1).mean(0)
    if chains.size(0) == 1:
        return within, within
    return within, within * ((length - 1) / length) + chains.mean(1).var(0)


def gelman_rubin(input: Tensor, chain_dim: int = 0, sample_dim: int = 1) -> Tensor:
    """The potential scale reduction of chains, R-hat: near one if all explore the same distribution.

    Args:
        input: samples of at least two chains.
        chain_dim: the dimension of chains.
        sample_dim: the dimension of samples.

    Returns:
        R-hat, of the batch shape.
    """
    if input.dim() >= 2 and input.size(chain_dim) < 2:
        raise ValueError("input has one chain, expected at least two. Use split_gelman_rubin() to compare its halves.")
    within, whole = _variances(_chains(input, chain_dim, sample_dim, 2))
    return (whole / within).sqrt()


def split_gelman_rubin(input: Tensor, chain_dim: int = 0, sample_dim: int = 1) -> Tensor:
    """R-hat of half chains, which also notices a single chain that drifts.

    Args:
        input: samples of at least one chain.
        chain_dim: the dimension of chains.
        sample_dim: the dimension of samples.

    Returns:
        R-hat, of the batch shape.
    """
    chains = _chains(input, chain_dim, sample_dim, 4)
    half = chains.size(1) // 2
    return gelman_rubin(torch.cat([chains[:, :half], chains[:, -half:]]))


def autocorrelation(input: Tensor, dim: int = 0) -> Tensor:
    """Correlations of a series with itself at all lags; of a constant series they are one.

    Args:
        input: series.
        dim: the dimension along which they lie.

    Returns:
        The correlations, lags along that dimension.
    """
    series = input.movedim(dim, -1)
    size = series.size(-1)
    centred = series - series.mean(-1, keepdim=True)
    spectrum = torch.fft.rfft(centred, n=next_fast_len(2 * size))
    sums: Tensor = torch.fft.irfft(spectrum * spectrum.conj(), n=next_fast_len(2 * size))[..., :size]
    means = sums / torch.arange(size, 0, -1, dtype=input.dtype, device=input.device)
    variance = means[..., :1]
    is_constant = centred.square().sum(-1, keepdim=True) == 0
    return torch.where(is_constant, 1.0, means / torch.where(is_constant, 1.0, variance)).movedim(-1, dim)


def autocovariance(input: Tensor, dim: int = 0) -> Tensor:
    """Covariances of a series with itself at all lags.

    Args:
        input: series.
        dim: the dimension along which they lie.

    Returns:
        The covariances, lags along that dimension.
    """
    return autocorrelation(input, dim) * input.var(dim, correction=0, keepdim=True)


def effective_sample_size(input: Tensor, chain_dim: int = 0, sample_dim: int = 1) -> Tensor:
    """The number of independent samples that would tell the mean as well.

    Autocorrelations are summed by Geyer's initial monotone sequence: in pairs of lags, as long as the sum of a pair
    is positive, and never more than the pair before.

    Args:
        input: samples of at least one chain.
        chain_dim: the dimension of chains.
        sample_dim: the dimension of samples.

    Returns:
        The effective size, of the batch shape.
    """
    chains = _chains(input, chain_dim, sample_dim, 2)
    within, whole = _variances(chains)
    rho = 1 - (within - autocovariance(chains, 1).mean(0)) / whole
    rho = torch.cat([torch.ones_like(rho[:1]), rho[1:]])
    even = rho.size(0) // 2 * 2
    pairs = rho[:even].unflatten(0, (-1, 2)).sum(1)
    later = pairs[1:].clamp(min=0)
    monotone = later.cummin(0).values if later.size(0) else later
    size: Tensor = chains.size(0) * chains.size(1) / (2 * (pairs[0] + monotone.sum(0)) - 1)
    return size


# ---- quantiles


def quantile(input: Tensor, probs: Tensor | float | Sequence[float], dim: int = 0) -> Tensor:
    """Quantiles of samples, interpolated linearly.

    Args:
        input: samples.
        probs: probabilities: a number, or several along the result's dimension ``dim``.
        dim: the dimension of samples.

    Returns:
        The quantiles; without that dimension for a single number.
    """
    probs = torch.as_tensor(probs, dtype=input.dtype, device=input.device)
    ordered = input.movedim(dim, -1).sort(-1).values
    position = (probs * (ordered.size(-1) - 1)).reshape(-1)
    below = position.floor()
    weight = position - below
    low = ordered.index_select(-1, below.long())
    high = ordered.index_select(-1, (below.long() + 1).clamp(max=ordered.size(-1) - 1))
    result = torch.where(weight == 0, low, low + weight * (high - low)).movedim(-1, dim)
    return result if probs.dim() else result.squeeze(dim)


def weighed_quantile(
    input: Tensor, probs: Tensor | float | Sequence[float], log_weights: Tensor, dim: int = 0
) -> Tensor:
    """Quantiles of weighted samples, interpolated linearly between the cumulative weights.

    Args:
        input: samples.
        probs: probabilities: a number, or several along the result's dimension ``dim``.
        log_weights: one for each sample, up to a constant.
        dim: the dimension of samples.

    Returns:
        The quantiles; without that dimension for a single number.

    Example:
        >>> weighed_quantile(torch.tensor([3.0, 1.0, 2.0]), [0.5], torch.tensor([0.2, 0.3, 0.5]).log())
        tensor([1.7000])
    """
    probs = torch.as_tensor(probs, dtype=input.dtype, device=input.device)
    ordered, order = input.movedim(dim, -1).sort(-1)
    cumulative = log_weights.softmax(-1)[order].cumsum(-1)
    first, last = cumulative[..., :1], cumulative[..., -1:]
    position = ((cumulative - first) / (last - first)).contiguous()
    wanted = probs.reshape(-1).expand(position.shape[:-1] + (-1,)).contiguous()
    above = torch.searchsorted(position, wanted).clamp(min=1, max=position.size(-1) - 1)
    start, end = position.gather(-1, above - 1), position.gather(-1, above)
    low, high = ordered.gather(-1, above - 1), ordered.gather(-1, above)
    result = (low + (high - low) * (wanted - start) / (end - start)).movedim(-1, dim)
    return result if probs.dim() else result.squeeze(dim)


def pi(input: Tensor, prob: float, dim: int = 0) -> Tensor:
    """The central interval that holds a share of the samples, with equal tails.

    Args:
        input: samples.
        prob: the share.
        dim: the dimension of samples.

    Returns:
        Lower and upper ends along that dimension.
    """
    return quantile(input, [(1 - prob) / 2, (1 + prob) / 2], dim)


def hpdi(input: Tensor, prob: float, dim: int = 0) -> Tensor:
    """The shortest interval that holds a share of the samples.

    Args:
        input: samples.
        prob: the share.
        dim: the dimension of samples.

    Returns:
        Lower and upper ends along that dimension.
    """
    ordered = input.movedim(dim, -1).sort(-1).values
    span = int(prob * ordered.size(-1))
    low, high = ordered[..., : ordered.size(-1) - span], ordered[..., span:]
    shortest = (high - low).argmin(-1, keepdim=True)
    return torch.cat([low.gather(-1, shortest), high.gather(-1, shortest)], -1).movedim(-1, dim)


def resample(input: Tensor, num_samples: int, dim: int = 0, replacement: bool = False) -> Tensor:
    """Draws from samples.

    Args:
        input: samples.
        num_samples: how many to draw.
        dim: the dimension of samples.
        replacement: whether one may be drawn more than once.

    Returns:
        The drawn samples along that dimension.
    """
    weights = torch.ones(input.size(dim), device=input.device)
    return input.index_select(dim, torch.multinomial(weights, num_samples, replacement))


# ---- criteria and scores


def waic(
    input: Tensor, log_weights: Tensor | None = None, pointwise: bool = False, dim: int = 0
) -> tuple[Tensor, Tensor]:
    """The widely applicable information criterion and the effective number of parameters.

    Args:
        input: log densities of observations, under samples of the posterior.
        log_weights: of the samples, up to a constant; equal by default.
        pointwise: whether to keep the observations' parts apart instead of summing them.
        dim: the dimension of samples.

    Returns:
        The criterion, on the deviance scale, and the number of parameters.

    References:
        A. Vehtari, A. Gelman, J. Gabry (2017), "Practical Bayesian model evaluation using leave-one-out
        cross-validation and WAIC"
    """
    logs = input.movedim(dim, 0)
    if log_weights is None:
        log_density = logs.logsumexp(0) - math.log(logs.size(0))
        parameters = logs.var(0)
    else:
        normalised = log_weights.log_softmax(0).reshape((-1,) + (1,) * (logs.dim() - 1))
        log_density = (logs + normalised).logsumexp(0)
        weights = normalised.exp()
        spread = (weights * (logs - (weights * logs).sum(0)).square()).sum(0)
        parameters = spread * (logs.size(0) / (logs.size(0) - 1))
    criterion = -2 * (log_density - parameters)
    return (criterion, parameters) if pointwise else (criterion.sum(), parameters.sum())


def fit_generalized_pareto(X: Tensor) -> tuple[float, float]:
    """Fits a generalized Pareto distribution with location zero.

    The likelihood has a profile in one parameter, over whose quadrature a posterior mean is taken; the shape is then
    pulled towards 0.5 as if by ten more observations.

    Args:
        X: positive numbers.

    Returns:
        Shape and scale.

    References:
        J. Zhang, M. A. Stephens (2009), "A new and efficient estimation method for the generalized Pareto distribution"
        A. Vehtari et al. (2024), "Pareto smoothed importance sampling"
    """
    ordered = X.detach().to(widest(X.device)).sort().values
    n = ordered.size(0)
    points = 30 + int(math.sqrt(n))
    quarter = ordered[int(n / 4 + 0.5) - 1]
    grid = torch.arange(1, points + 1, dtype=ordered.dtype, device=X.device)
    slopes = 1 / ordered[-1] + (1 - (points / (grid - 0.5)).sqrt()) / (3 * quarter)
    shapes = torch.log1p(-slopes[:, None] * ordered).mean(1)
    profile = n * ((-slopes / shapes).log() - shapes - 1)
    slope = (slopes * profile.softmax(0)).sum()
    shape = torch.log1p(-slope * ordered).mean().item()
    scale = -shape / slope.item()
    return (shape * n + 0.5 * 10) / (n + 10), scale


def crps_empirical(pred: Tensor, truth: Tensor) -> Tensor:
    r"""The continuous ranked probability score of samples, in time n log n.

    .. math::
        \mathbb{E} |x - y| - \tfrac12 \mathbb{E} |x - x'|

    Args:
        pred: samples x of a prediction, along the leftmost dimension.
        truth: the true value y.

    Returns:
        The score, of the shape of ``truth``.

    Raises:
        ValueError: if the shapes do not fit.

    References:
        T. Gneiting, A. E. Raftery (2007), "Strictly proper scoring rules, prediction, and estimation"
    """
    if pred.shape[1:] != (1,) * (pred.dim() - truth.dim() - 1) + truth.shape:
        raise ValueError("Expected pred to have one extra sample dim on left. Actual shapes: "
                         f"{tuple(pred.shape)} versus {tuple(truth.shape)}.")
    n = pred.size(0)
    if n < 2:
        return (pred[0] - truth).abs()
    gaps = pred.sort(0).values.diff(dim=0)
    below = torch.arange(1, n, dtype=pred.dtype, device=pred.device)
    pairs = (below * (n - below)).reshape((-1,) + (1,) * truth.dim())
    return (pred - truth).abs().mean(0) - (gaps * pairs).sum(0) / n**2


def energy_score_empirical(
    pred: Tensor,
    truth: Tensor,
    pred_batch_size: int | None = None,
    cdist: Callable[[Tensor, Tensor], Tensor] = torch.cdist,
) -> Tensor:
    r"""The energy score of samples, the generalization of the CRPS to vectors.

    .. math::
        \mathbb{E} \|x - y\| - \tfrac12 \mathbb{E} \|x - x'\|

    Args:
        pred: samples x of a prediction, shape batch_shape + (n, d).
        truth: the true value y, shape batch_shape + (d,).
        pred_batch_size: compare the samples with so many others at a time, to save memory.
        cdist: the distances between two sets of vectors.

    Returns:
        The score, of the batch shape.

    Raises:
        ValueError: if the shapes do not fit.

    References:
        T. Gneiting, A. E. Raftery (2007), "Strictly proper scoring rules, prediction, and estimation"
    """
    if pred.dim() < 2 or pred.size(-1) != truth.size(-1):
        raise ValueError(f"Expected pred of shape batch_shape + (n, d) and truth of shape batch_shape + (d,), got "
                         f"{tuple(pred.shape)} and {tuple(truth.shape)}.")
    n = pred.size(-2)
    chunks = pred.split(pred_batch_size or n, -2)
    among = torch.stack([cdist(pred, chunk).sum((-2, -1)) for chunk in chunks]).sum(0)
    return cdist(pred, truth[..., None, :]).mean((-2, -1)) - 0.5 * among / n**2
