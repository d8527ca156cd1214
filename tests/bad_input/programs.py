"""What users get wrong in models and guides: sites that do not fit, shapes, plates, signatures."""

import torch

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from tests.bad_input.run import DATA, Cases, guide, model

CASES = Cases()


# ---- model and guide that do not fit


@CASES.raises(UserWarning, "model but not guide", "'extra'", "in the guide too")
def guide_lacks_a_site(run):
    def two_sites():
        model()
        pyro.sample("extra", dist.Normal(0.0, 1.0))

    run.step(two_sites)


@CASES.raises(UserWarning, "guide but not model", "'extra'", "is_auxiliary")
def guide_has_a_site_too_many(run):
    def two_sites():
        guide()
        pyro.sample("extra", dist.Normal(pyro.param("new", torch.tensor(0.0)), 1.0))

    run.step(model, two_sites)


@CASES.raises(UserWarning, "observed sites in the guide", "'x'", "is_auxiliary")
def guide_has_an_observed_site(run):
    def observes():
        guide()
        pyro.sample("x", dist.Normal(0.0, 1.0), obs=torch.tensor(1.0))

    run.step(model, observes)


@CASES.raises(ValueError, "'z'", "() vs (3,)", "Expand the guide's distribution")
def shapes_differ(run):
    def wider():
        with pyro.plate("data", 3):
            pyro.sample("z", dist.Normal(pyro.param("wide", torch.zeros(3)), 1.0))

    run.step(model, wider)


@CASES.raises(ValueError, "'z'", "0 vs 1", ".to_event()")
def event_dims_differ(run):
    def vector():
        pyro.sample("z", dist.Normal(pyro.param("vector", torch.zeros(3)), 1.0).to_event(1))

    run.step(model, vector)


@CASES.raises(TypeError, "needs_more(data, weights)", "'weights'", "the same signature")
def signatures_differ(run):
    def needs_more(data, weights):
        guide()

    run.step(model, needs_more, DATA)


@CASES.raises(TypeError, "model(data", "'observations'", "the same signature")
def keyword_is_unknown(run):
    run.step(model, guide, observations=DATA)


# ---- sites and plates


@CASES.raises(RuntimeError, "'x'", "a name of its own", "in twice")
def two_sites_of_one_name(run):
    def twice():
        model()
        pyro.sample("x", dist.Normal(0.0, 1.0), obs=torch.tensor(0.0))

    run.step(twice)


@CASES.raises(RuntimeError, "'z'", "a name of its own")
def site_and_parameter_of_one_name(run):
    def both():
        pyro.param("z", torch.tensor(0.0))
        model()

    run.step(both)


@CASES.raises(ValueError, "'x'", "Expected [], actual [3]", "pyro.plate", ".to_event")
def batch_shape_is_undeclared(run):
    def no_plate():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, torch.ones(3)), obs=DATA)

    run.step(no_plate)


@CASES.raises(ValueError, "'x'", "'data'", "size 3", "size 4", "Correct the plate's size")
def plate_size_differs(run):
    def four():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 4):
            pyro.sample("x", dist.Normal(z, torch.ones(3)), obs=DATA)

    run.step(four)


@CASES.raises(ValueError, "'x'", "(4,)", "(3,)", "Reshape the value")
def data_do_not_fit_the_plate(run):
    def four():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 4):
            pyro.sample("x", dist.Normal(z, 1.0), obs=DATA)

    run.step(four)


@CASES.raises(ValueError, "'left'", "'right'", "dim=-1", "dim=-2")
def plates_collide(run):
    def collide():
        model()
        with pyro.plate("left", 2, dim=-1), pyro.plate("right", 3, dim=-1):
            pyro.sample("y", dist.Normal(0.0, 1.0), obs=torch.zeros(3))

    run.step(collide)


@CASES.raises(RuntimeError, "'data'", "a name of its own")
def plate_is_nested_in_itself(run):
    def nested():
        with pyro.plate("data", 3), pyro.plate("data", 3):
            model()

    run.step(nested)


@CASES.raises(ValueError, "'data'", "5 vs 3", "model and guide")
def plate_changes_its_size(run):
    """The same plate has one size in the model and another in the guide."""

    def local(size):
        def program():
            with pyro.plate("data", 10, subsample_size=size):
                pyro.sample("z", dist.Normal(0.0, 1.0))

        return program

    run.step(local(5), local(3))


@CASES.raises(ValueError, "'data'", "subsample_size=4", "size=3")
def subsample_is_too_large(run):
    with pyro.plate("data", 3, subsample_size=4):
        pass


@CASES.raises(UserWarning, "'data'", "4 rows", "only 3", "Pass the size")
def rows_are_too_many(run):
    with pyro.plate("data", 3, subsample=torch.arange(4)):
        pass


@CASES.raises(ValueError, "'data'", "dim=1", "negative dim")
def dim_is_positive(run):
    pyro.plate("data", 3, dim=1)


@CASES.raises(ValueError, "'x'", "(3, 1)", "(3,)", "outer product", ".squeeze(-1)")
def outer_product(run):
    """Logits of shape (N,) against observations of shape (N, 1)."""

    def classifier(data):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 3):
            pyro.sample("x", dist.Bernoulli(logits=z + torch.zeros(3)), obs=data)

    run.step(classifier, guide, torch.ones(3, 1))


@CASES.raises(ValueError, "'x'", "(3, 1)", "(3,)", "outer product", ".squeeze(-1)")
def outer_product_without_a_plate(run):
    def classifier(data):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Bernoulli(logits=z + torch.zeros(3)), obs=data)

    run.step(classifier, guide, torch.ones(3, 1))


@CASES.raises(ValueError, "'y'", "(2,)", "(3,)", "Reshape the mask")
def mask_does_not_fit(run):
    def masked():
        model()
        with pyro.plate("rows", 3):
            pyro.sample("y", dist.Normal(torch.zeros(3), 1.0), obs=DATA, obs_mask=torch.tensor([True, False]))

    run.step(masked)


@CASES.raises(ValueError, "'y'", "torch.float32", ".bool()")
def mask_is_no_boolean(run):
    def masked():
        model()
        with pyro.plate("rows", 3):
            pyro.sample("y", dist.Normal(torch.zeros(3), 1.0), obs=DATA, obs_mask=torch.ones(3))

    run.step(masked)


@CASES.raises(TypeError, "'y'", "tensor(1.)", "pyro.deterministic")
def number_is_no_distribution(run):
    pyro.sample("y", torch.tensor(1.0))


@CASES.raises(AttributeError, "'y'", "log_prob", "pyro.deterministic")
def function_is_no_distribution(run):
    def draws():
        model()
        pyro.sample("y", lambda: torch.tensor(1.0))

    poutine.trace(draws).get_trace().log_prob_sum()


@CASES.raises(TypeError, "'y'", "3.0", "pyro.deterministic")
def constant_is_no_distribution_in_a_model(run):
    def constant():
        model()
        pyro.sample("y", 3.0, obs=torch.tensor(1.0))

    run.step(constant)
