"""A project brings distributions and constraints of its own."""

import copy
import pickle

import pytest
import torch
from torch.distributions import biject_to, transform_to
from torch.distributions.utils import lazy_property

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro.distributions import constraints
from pyro.distributions.torch_distribution import (
    ExpandedDistribution,
    MaskedDistribution,
    TorchDistribution,
    TorchDistributionMixin,
)
from pyro.distributions.util import broadcast_all, broadcast_shape, deep_to, detach, sum_rightmost
from pyro.infer import SVI, Trace_ELBO


class TorchNormal(torch.distributions.Normal, TorchDistributionMixin):
    """A distribution of torch that can stand in a sample statement."""


class LazyGaussian(torch.distributions.MultivariateNormal, TorchDistributionMixin):
    """A Gaussian whose covariance is computed late, with an ``expand`` of its own."""

    def __init__(self, mean, root, validate_args=None):
        self.root = root
        super().__init__(mean, scale_tril=torch.linalg.cholesky(root @ root.mT), validate_args=validate_args)

    def expand(self, batch_size, _instance=None):
        shape = torch.Size(batch_size) + self.event_shape
        return type(self)(self.loc.expand(shape), self.root.expand(shape + shape[-1:]))

    @lazy_property
    def confidence_region(self):
        return self.mean - 2 * self.stddev, self.mean + 2 * self.stddev


class LogFactor(TorchDistribution):
    """An unnormalised density, the only value is the empty tensor."""

    arg_constraints = {"log_factor": constraints.real}
    support = constraints.real
    has_rsample = True

    def __init__(self, log_factor, validate_args=None):
        self.log_factor = log_factor
        super().__init__(log_factor.shape, torch.Size((0,)), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(LogFactor, _instance)
        new.log_factor = self.log_factor.expand(batch_shape)
        super(LogFactor, new).__init__(torch.Size(batch_shape), self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape=torch.Size()):
        return self.log_factor.new_empty(self._extended_shape(sample_shape))

    def log_prob(self, value):
        return self.log_factor.expand(broadcast_shape(value.shape[:-1], self.batch_shape))


class RightCensored(TorchDistribution):
    """Values above a limit are known to lie above it, no more."""

    arg_constraints = {"limit": constraints.dependent}

    def __init__(self, base_dist, limit, validate_args=None):
        self.limit = torch.as_tensor(limit).expand(base_dist.batch_shape)
        self.base_dist = base_dist
        super().__init__(base_dist.batch_shape, base_dist.event_shape, validate_args=validate_args)

    @property
    def has_rsample(self):
        return self.base_dist.has_rsample

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        return constraints.less_than(self.limit + 1e-6)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(RightCensored, _instance)
        new.base_dist = self.base_dist.expand(batch_shape)
        new.limit = self.limit.expand(batch_shape)
        super(RightCensored, new).__init__(torch.Size(batch_shape), self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape=torch.Size()):
        return torch.minimum(self.base_dist.rsample(sample_shape), self.limit)

    def sample(self, sample_shape=torch.Size()):
        with torch.no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        beyond = 1 - self.base_dist.cdf(self.limit)
        return torch.where(value < self.limit, self.base_dist.log_prob(value), beyond.log())


class Coins(TorchDistribution):
    """A number of coins, with a support that can be listed."""

    arg_constraints = {"probs": constraints.unit_interval, "count": constraints.nonnegative_integer}
    has_enumerate_support = True

    def __init__(self, count, probs, validate_args=None):
        self.count, self.probs = broadcast_all(torch.as_tensor(count, dtype=torch.get_default_dtype()), probs)
        super().__init__(self.probs.shape, torch.Size(), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self.count)

    @property
    def mean(self):
        return self.count * self.probs

    def sample(self, sample_shape=torch.Size()):
        return torch.distributions.Binomial(self.count, self.probs).sample(sample_shape)

    def log_prob(self, value):
        return torch.distributions.Binomial(self.count, self.probs).log_prob(value)

    def enumerate_support(self, expand=True):
        values = torch.arange(1 + int(self.count.max())).float().reshape((-1,) + (1,) * len(self.batch_shape))
        return values.expand((-1,) + self.batch_shape) if expand else values

    def expand(self, batch_shape, _instance=None):
        return Coins(self.count.expand(batch_shape), self.probs.expand(batch_shape))


CASES = {
    "TorchNormal": lambda: TorchNormal(torch.zeros(2), torch.tensor([1.0, 2.0])),
    "LazyGaussian": lambda: LazyGaussian(torch.zeros(2, 3), torch.eye(3) + 0.1),
    "LogFactor": lambda: LogFactor(torch.tensor([0.5, -1.0])),
    "RightCensored": lambda: RightCensored(dist.Normal(torch.zeros(2), 1.0), 0.5),
    "Coins": lambda: Coins(3, torch.tensor([0.2, 0.7])),
}


@pytest.mark.parametrize("case", CASES)
class TestLaws:
    """What a sample statement asks of any distribution."""

    def test_it_is_called_and_scored(self, case):
        d = CASES[case]()
        assert isinstance(d, TorchDistributionMixin) and isinstance(d, dist.Distribution)
        value = d()
        assert value.shape == d.shape() == d.batch_shape + d.event_shape
        assert d(sample_shape=(4,)).shape == d.shape((4,)) == (4,) + value.shape
        assert d.log_prob(value).shape == d.batch_shape and d.has_rsample in (True, False)
        parts = d.score_parts(value)
        assert torch.equal(parts.log_prob, d.log_prob(value))
        assert isinstance(parts.score_function, torch.Tensor) is not d.has_rsample

    def test_it_is_reshaped(self, case):
        d = CASES[case]()
        value = d()
        wide = d.expand((3, 2))
        assert wide.batch_shape == (3, 2) == d.expand_by((3,)).batch_shape and type(wide) is type(d)
        assert torch.allclose(wide.log_prob(value), d.log_prob(value).expand(3, 2))
        joint = d.to_event(1)
        assert joint.batch_shape == () and joint.event_dim == d.event_dim + 1
        assert torch.allclose(joint.log_prob(value), d.log_prob(value).sum())
        assert sum_rightmost(d.log_prob(value), 1).shape == ()
        masked = d.mask(torch.tensor([True, False]))
        assert isinstance(masked, MaskedDistribution) and masked.log_prob(value)[1] == 0
        assert isinstance(ExpandedDistribution(d, (3, 2)), TorchDistribution)
        assert ExpandedDistribution(d, (3, 2)).log_prob(value).shape == (3, 2)

    def test_it_stands_in_a_model(self, case):
        def model():
            d = CASES[case]()
            with pyro.plate("data", 2), poutine.scale(scale=2.0):
                x = pyro.sample("x", d)
            with pyro.plate("outer", 3, dim=-2), pyro.plate("inner", 2, dim=-1):
                return pyro.sample("y", d, obs=x), pyro.sample("z", d)

        trace = poutine.trace(model).get_trace()
        trace.compute_log_prob()
        assert trace.nodes["x"]["log_prob"].shape == (2,)
        assert trace.nodes["y"]["log_prob"].shape == trace.nodes["z"]["log_prob"].shape == (3, 2)
        assert trace.nodes["z"]["value"].shape == (3, *trace.nodes["x"]["value"].shape)
        prior = poutine.block(model, hide_types=["observe"])
        loss = Trace_ELBO().differentiable_loss(model, prior)
        assert torch.isfinite(loss)

    def test_it_is_copied_and_detached(self, case):
        d = CASES[case]()
        value = d()
        for again in (copy.deepcopy(d), pickle.loads(pickle.dumps(d)), detach(d), deep_to(d, torch.float32)):
            assert type(again) is type(d) and torch.equal(again.log_prob(value), d.log_prob(value))


def test_a_lazy_property_is_there():
    lower, upper = CASES["LazyGaussian"]().confidence_region
    assert (lower < upper).all()


def test_a_distribution_is_enumerated():
    def model():
        with pyro.plate("data", 2):
            return pyro.sample("n", Coins(3, torch.tensor([0.2, 0.7])), infer={"enumerate": "parallel"})

    trace = poutine.trace(poutine.enum(model, first_available_dim=-2)).get_trace()
    assert trace.nodes["n"]["value"].shape == (4, 1)
    trace.compute_log_prob()
    assert torch.allclose(trace.nodes["n"]["log_prob"].exp().sum(0), torch.ones(2))


def test_parameters_and_values_are_validated():
    with pytest.raises(ValueError, match="probs"):
        Coins(3, torch.tensor([0.5, 1.5]))
    with pytest.raises(ValueError, match="support"):
        CASES["RightCensored"]().log_prob(torch.tensor(2.0))
    with pyro.validation_enabled(False):
        assert Coins(3, torch.tensor([0.5, 1.5])).batch_shape == (2,)
    with dist.validation_enabled(False):
        assert not dist.is_validation_enabled()
    assert dist.is_validation_enabled()


def test_a_likelihood_of_its_own_is_fitted():
    """The mean of a normal distribution, of whose values those above zero are known to be positive only."""
    data = torch.minimum(torch.randn(400) - 0.5, torch.tensor(0.0))

    def model():
        loc = pyro.param("loc", torch.tensor(0.5))
        with pyro.plate("data", len(data)):
            pyro.sample("x", RightCensored(dist.Normal(loc, 1.0), 0.0), obs=data)

    svi = SVI(model, lambda: None, pyro.optim.Adam({"lr": 0.1}), Trace_ELBO())
    for _ in range(60):
        svi.step()
    assert pyro.param("loc").item() == pytest.approx(-0.5, abs=0.15)


class MultipleOf(constraints.Constraint):
    """Multiples of a number."""

    is_discrete = True
    event_dim = 0

    def __init__(self, base):
        self.base = base

    def check(self, value):
        return value % self.base == 0


class UnitBall(constraints.Constraint):
    """Vectors shorter than one."""

    event_dim = 1

    def check(self, value):
        return value.norm(dim=-1) < 1


class IntoBall(torch.distributions.transforms.Transform):
    domain = constraints.real_vector
    codomain = UnitBall()
    bijective = True

    def _call(self, x):
        return x / (1 + x.norm(dim=-1, keepdim=True))

    def _inverse(self, y):
        return y / (1 - y.norm(dim=-1, keepdim=True))


@transform_to.register(UnitBall)
@biject_to.register(UnitBall)
def _into_ball(constraint):
    return IntoBall()


def test_constraints_of_its_own():
    even = MultipleOf(2)
    assert even.check(torch.tensor([0, 1, 2])).tolist() == [True, False, True]
    assert isinstance(even, dist.constraints.Constraint) and repr(even)
    both = constraints.independent(even, 1)
    assert both.event_dim == 1 and both.is_discrete and not both.check(torch.tensor([0, 1])).item()
    value = pyro.param("ball", torch.tensor([0.3, 0.4]), constraint=UnitBall())
    assert value.tolist() == pytest.approx([0.3, 0.4]) and value.unconstrained().tolist() == pytest.approx([0.6, 0.8])
    with pytest.raises(ValueError, match="outside"):
        pyro.param("outside", torch.tensor([3.0, 4.0]), constraint=UnitBall())


@pytest.mark.parametrize(("constraint", "inside", "outside"), [
    (constraints.interval(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0])), [0.5, 1.5], [0.5, 0.5]),
    (constraints.greater_than(torch.tensor(3.0)), [4.0], [2.0]),
    (constraints.integer_interval(0, 2), [0.0, 2.0], [0.5]),
    (constraints.softplus_positive, [0.1], [-0.1]),
    (constraints.simplex, [0.25, 0.75], [0.5, 0.75]),
    (constraints.boolean, [0.0, 1.0], [2.0]),
    (constraints.nonnegative_integer, [0.0, 3.0], [-1.0]),
    (constraints.positive_integer, [1.0], [0.0]),
    (constraints.unit_interval, [0.0, 1.0], [1.5]),
    (constraints.integer, [-1.0], [0.5]),
    (constraints.real, [1.0], [float("nan")]),
])
def test_constraints_that_projects_ask_for(constraint, inside, outside):
    assert constraint.check(torch.tensor(inside)).all() and not constraint.check(torch.tensor(outside)).all()


def test_shapes_are_broadcast():
    assert broadcast_shape((2, 1), (3,), ()) == (2, 3)
    with pytest.raises(ValueError):
        broadcast_shape((2,), (3,))
    with pytest.raises(ValueError):
        broadcast_shape((2, 1), (3,), strict=True)
    a, b = broadcast_all(torch.zeros(2, 1), 1.0)
    assert a.shape == b.shape == (2, 1)
