"""What users get wrong in values, parameters, optimisers and files."""

import math

import torch

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from tests.bad_input.run import Cases, guide, model

CASES = Cases()


# ---- values and parameters


@CASES.raises(ValueError, "'x'", "-1.0", "Poisson", "Correct the value")
def observation_is_outside_of_the_support(run):
    def counts():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Poisson(z.exp()), obs=torch.tensor(-1.0))

    run.step(counts)


@CASES.raises(ValueError, '"x"', "scale", "-1.0", "Constrain or transform")
def distribution_parameter_is_invalid(run):
    def negative():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, torch.tensor(-1.0)), obs=torch.tensor(0.0))

    run.step(negative)


@CASES.raises(ValueError, "'rate'", "-1.0", "Change the value")
def parameter_is_outside_of_its_constraint(run):
    def starts_outside():
        guide()
        pyro.param("rate", torch.tensor(-1.0), constraint=constraints.positive)

    run.step(model, starts_outside)


@CASES.raises(ValueError, "'loc'", "()", "(3,)", "pyro.clear_param_store()")
def parameter_has_another_shape(run):
    def other_model():
        pyro.sample("z", dist.Normal(pyro.param("loc", torch.zeros(3)).sum(), 1.0))

    run.step(model, other_model)


@CASES.raises(KeyError, "'missing'", "pyro.param('missing', initial_value)")
def parameter_does_not_exist(run):
    def reads():
        guide()
        pyro.param("missing")

    run.step(model, reads)


@CASES.raises(ValueError, '"penalty"', "nan", "Constrain or transform")
def log_density_is_nan(run):
    def undefined():
        model()
        pyro.factor("penalty", pyro.param("new", torch.tensor(-1.0)).sqrt())

    run.step(undefined)


@CASES.raises(ValueError, "step 2", "'penalty'", "inf", "Look at")
def log_density_is_infinite(run):
    def overflows():
        model()
        pyro.factor("penalty", torch.tensor(math.inf))

    run.step(overflows)


@CASES.raises(ValueError, "step 2", "'y'", "-inf", "scale data")
def log_density_overflows(run):
    def overflows():
        model()
        pyro.sample("y", dist.Normal(0.0, 1e-20), obs=torch.tensor(1e20))

    run.step(overflows)


@CASES.raises(ValueError, "step 2", "gradient of parameter 'new'", "infinite slope")
def gradient_is_infinite(run):
    def steep():
        model()
        pyro.factor("penalty", pyro.param("new", torch.tensor(0.0)).sqrt())

    run.step(steep)


@CASES.raises(ValueError, "step 2", "parameter 'loc'", "decrease the learning rate")
def parameter_is_nan(run):
    leaf = pyro.param("loc").unconstrained()
    before = leaf.item()
    with torch.no_grad():
        leaf.fill_(math.nan)
    try:
        run.step()
    finally:
        with torch.no_grad():
            leaf.fill_(before)


@CASES.raises(ValueError, "'new'", "nan", "Change the value")
def starts_with_nan(run):
    def starts():
        guide()
        pyro.param("new", torch.tensor(math.nan))

    run.step(model, starts)


# ---- optimisers and files


@CASES.raises(TypeError, "'learning_rate'", "Valid options: lr")
def option_is_unknown(run):
    pyro.optim.Adam({"learning_rate": 0.1})


@CASES.raises(TypeError, "'new'", "'rate'", "Valid options: lr")
def option_of_one_parameter_is_unknown(run):
    def new_guide():
        guide()
        pyro.param("new", torch.tensor(0.0))

    run.optim.pt_optim_args = lambda name: {"rate": 0.1}
    run.step(model, new_guide)


@CASES.raises(ValueError, "torch.optim.Adam", "pyro.optim.Adam")
def optimizer_is_of_torch(run):
    SVI(model, guide, torch.optim.Adam([torch.zeros(1, requires_grad=True)]), Trace_ELBO())


@CASES.raises(ValueError, "params.pt", "damaged")
def parameter_file_is_cut(run):
    file = run.folder / "params.pt"
    pyro.get_param_store().save(file)
    file.write_bytes(file.read_bytes()[:100])
    pyro.get_param_store().load(file)


@CASES.raises(ValueError, "optim.pt", "damaged")
def optimizer_file_is_cut(run):
    file = run.folder / "optim.pt"
    run.optim.save(file)
    file.write_bytes(file.read_bytes()[:-100])
    run.optim.load(file)


@CASES.raises(FileNotFoundError, "missing.pt")
def file_is_missing(run):
    pyro.get_param_store().load(run.folder / "missing.pt")


class Payload:
    """Would run code when it is read."""

    def __reduce__(self):
        return print, ("this file ran code",)


@CASES.raises(ValueError, "foreign.pt", "print", "plain data only")
def file_is_foreign(run):
    torch.save({"params": {}, "constraints": {}, "more": Payload()}, run.folder / "foreign.pt")
    pyro.get_param_store().load(run.folder / "foreign.pt")


@CASES.raises(ValueError, "'weights'", "save() wrote")
def file_holds_something_else(run):
    torch.save({"weights": torch.zeros(1)}, run.folder / "other.pt")
    pyro.get_param_store().load(run.folder / "other.pt")


@CASES.raises(ValueError, "'loc'", "'param_groups'")
def optimizer_file_holds_something_else(run):
    torch.save({"loc": {"weights": torch.zeros(1)}}, run.folder / "other.pt")
    run.optim.load(run.folder / "other.pt")
