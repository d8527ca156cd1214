import math
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyro import settings

# alias: a value to try, values that are refused
SETTINGS = {
    "binomial_approx_log_prob_tol": (0.5, [-1.0, "1", math.nan]),
    "binomial_approx_sample_thresh": (10.0, [0.5, None, math.nan]),
    "cholesky_relative_jitter": (1.0, [-0.1, "a"]),
    "eager_random_numbers": (True, [1, None]),
    "inductor": (False, [1, None]),
    "inductor_directory": ("/somewhere", [1, True]),
    "inductor_gigabytes": (0.5, [-1.0, "1"]),
    "module_local_params": (True, [1, None]),
    "progress_bar": (False, [1, "no"]),
    "validate_distributions_pyro": (False, [0, "no"]),
    "validate_distributions_torch": (False, [0, "no"]),
    "validate_infer": (False, [0, None]),
    "validate_poutine": (False, [0, None]),
}

knob = 1.0


@pytest.fixture(autouse=True)
def registry_restored(monkeypatch):
    before = settings.get()
    with monkeypatch.context() as patch:
        patch.setattr(settings, "_registry", dict(settings._registry))
        yield
    assert settings.get() == before


def test_the_table_has_every_setting():
    assert set(SETTINGS) <= set(settings.get())
    assert list(settings.get()) == sorted(settings.get())


@pytest.mark.parametrize("alias", SETTINGS)
def test_a_context_sets_and_restores(alias):
    before, (value, _) = settings.get(alias), SETTINGS[alias]
    assert before != value
    with settings.context(**{alias: value}):
        assert settings.get(alias) == value == settings.get()[alias]
    assert settings.get(alias) == before
    with pytest.raises(KeyError, match="stop"), settings.context(**{alias: value}):
        raise KeyError("stop")
    assert settings.get(alias) == before


@pytest.mark.parametrize(("alias", "bad"), [(alias, bad) for alias, (_, bads) in SETTINGS.items() for bad in bads])
def test_bad_values_are_refused_and_nothing_is_set(alias, bad):
    before = settings.get()
    other = next(name for name in SETTINGS if name != alias)
    with pytest.raises((TypeError, ValueError), match="Expected a"):
        settings.set(**{other: SETTINGS[other][0], alias: bad})
    assert settings.get() == before


def test_the_one_validation_flag_has_three_names():
    with settings.context(validate_poutine=False):
        assert settings.get("validate_infer") is settings.get("validate_distributions_pyro") is False
        assert settings.values.validate is False


def test_torchs_flag_is_its_own():
    with settings.context(validate_distributions_torch=False):
        assert torch.distributions.Distribution._validate_args is False
        assert settings.get("validate_infer") is True


def test_a_context_decorates_a_function():
    @settings.context(cholesky_relative_jitter=9.0)
    def read():
        return settings.get("cholesky_relative_jitter")

    assert read() == 9.0 == read()


@pytest.mark.parametrize("use", [
    lambda: settings.get("nope"), lambda: settings.set(nope=1), lambda: settings.context(nope=1).__enter__()])
def test_unknown_settings_are_answered_with_the_known_ones(use):
    with pytest.raises(KeyError, match=r"Unknown setting 'nope'.*cholesky_relative_jitter.*pyro\.settings\.register"):
        use()


@given(st.floats(allow_nan=False))
def test_other_modules_register_settings_of_their_own(value):
    settings.register("knob_of_the_test", __name__, "knob")
    with settings.context(knob_of_the_test=value):
        assert sys.modules[__name__].knob == value
    assert sys.modules[__name__].knob == 1.0


def test_a_validator_may_be_attached_later():
    @settings.register("knob_of_the_test", __name__, "knob")
    def validate(value):
        if value < 0:
            raise ValueError("negative")

    with pytest.raises(ValueError, match="negative"):
        settings.set(knob_of_the_test=-1.0)
    assert knob == 1.0


@pytest.mark.parametrize(("alias", "message"), [
    ("not a name", "not a Python identifier"), ("validate_infer", "already registered for pyro.settings.values")])
def test_bad_aliases(alias, message):
    with pytest.raises(ValueError, match=message):
        settings.register(alias, __name__, "knob")
    settings.register("validate_infer", "pyro.settings", "values.validate", lambda value: None)  # the same one again
