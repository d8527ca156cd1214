import pytest

from pyro.compiler.errors import CannotCapture, Unsupported


def test_errors_keep_their_reasons():
    assert str(CannotCapture("it reads a value")) == "it reads a value"
    assert not CannotCapture("a").in_optimizer and CannotCapture("a", in_optimizer=True).in_optimizer


@pytest.mark.parametrize("error", [CannotCapture, Unsupported])
def test_a_program_that_expects_errors_of_its_own_does_not_swallow_these(error):
    assert not issubclass(error, ValueError | RuntimeError | ArithmeticError | LookupError)
