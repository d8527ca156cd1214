"""Every case is well formed, and can be read without the libraries of any peer."""

import subprocess
import sys

import pytest

from benchmarks.case import Case, case_names, load_case, repeat
from benchmarks.environments import RECIPES, ROOT


def test_the_cases() -> None:
    assert case_names() == [
        "coin",
        "cuda_logistic_regression",
        "cuda_vae",
        "eight_schools",
        "logistic_regression",
        "predictive",
        "run_autoguides",
        "run_bayesian_network",
        "run_coin",
        "run_discrete_hmm",
        "run_eight_schools",
        "run_eight_schools_half_cauchy",
        "run_eight_schools_mean_field",
        "run_eight_schools_particles",
        "run_eight_schools_renyi",
        "run_gaussian_hmm",
        "run_hierarchical",
        "run_hierarchical_autoguides",
        "run_linear_regression",
        "run_logistic_regression",
        "run_multivariate_normal",
        "run_vae",
        "sample",
        "vae",
    ]


def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no case 'coins'\. Choose from: coin,"):
        load_case("coins")


@pytest.mark.parametrize("name", case_names())
def test_a_case_is_well_formed(name: str) -> None:
    case = load_case(name)
    assert isinstance(case, Case)
    assert case.name == name
    assert next(iter(case.peers)).startswith("flashover")
    assert {peer.environment for peer in case.peers.values()} <= RECIPES.keys()
    assert {end for limit in case.limits for end in (limit.peer, limit.reference)} <= case.peers.keys()


@pytest.mark.parametrize("name", [name for name in case_names() if not name.startswith("cuda_")])
def test_a_case_on_the_processor_has_upstream_and_goals(name: str) -> None:
    case = load_case(name)
    assert case.device == "cpu"
    assert {peer.environment for peer in case.peers.values()} >= {"dev", "upstream"}
    assert case.limits


@pytest.mark.parametrize("name", [name for name in case_names() if name.startswith("cuda_")])
def test_a_case_on_cuda_needs_no_other_environment(name: str) -> None:
    case = load_case(name)
    assert case.device == "cuda"
    assert {peer.environment for peer in case.peers.values()} == {"dev"}


def test_reading_the_cases_imports_no_library() -> None:
    program = (
        "import sys; from benchmarks.case import case_names, load_case; "
        "[load_case(name) for name in case_names()]; "
        "print({'torch', 'numpy', 'pyro', 'jax', 'numpyro'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_repeat_returns_the_mean_loss() -> None:
    losses = iter([1.0, 2.0, 6.0, 8.0])
    run = repeat(lambda: next(losses))
    assert run(3) == 3.0
    assert run(1) == 8.0
