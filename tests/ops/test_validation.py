import math
import threading

import pytest
import torch

from pyro.ops import validation
from pyro.ops.validation import collecting, require, watch

GOOD, BAD = torch.tensor([True, True]), torch.tensor([True, False])


def error():
    return ValueError("bad input")


@pytest.mark.parametrize("flag", [True, False])
def test_the_flag_is_set_for_torch_too_and_restored(flag):
    before = validation.is_validation_enabled(), torch.distributions.Distribution._validate_args
    with pytest.raises(KeyError), validation.validation_enabled(flag):
        assert validation.is_validation_enabled() is flag is torch.distributions.Distribution._validate_args
        validation.enable_validation(not flag)
        assert validation.is_validation_enabled() is not flag
        raise KeyError
    assert (validation.is_validation_enabled(), torch.distributions.Distribution._validate_args) == before


def test_outside_of_a_block_a_bad_verdict_raises_at_once():
    require(GOOD, error)
    with pytest.raises(ValueError, match="bad input"):
        require(BAD, error)


def test_on_the_cpu_a_bad_verdict_raises_at_once_in_a_block_too():
    with pytest.raises(ValueError, match="bad input"), collecting():
        require(BAD, error)
        raise AssertionError("not reached")


def test_errors_are_built_only_if_they_are_raised():
    require(GOOD, pytest.fail)
    with collecting(everything=True) as verdicts:
        require(GOOD, pytest.fail)
    verdicts.raise_first()


def test_an_owner_of_everything_reads_when_it_likes():
    with collecting(everything=True) as verdicts:
        assert not validation.readable(GOOD)
        require(GOOD, pytest.fail)
        require(BAD, lambda: ValueError("first"))
        require(BAD, lambda: ValueError("second"))
    with pytest.raises(ValueError, match="first"):
        verdicts.raise_first()
    verdicts.raise_first()  # what was read is forgotten
    assert validation.readable(GOOD) and not validation.readable(torch.empty(1, device="meta"))


@pytest.mark.parametrize(("condition", "every", "none"),
                         [(GOOD, True, False), (BAD, False, False), (~GOOD, False, True)])
def test_a_condition_is_surely_true_or_false_only_where_it_may_be_read(condition, every, none):
    assert validation.surely_all(condition) is every and validation.surely_none(condition) is none
    with collecting(everything=True):
        assert not validation.surely_all(condition) and not validation.surely_none(condition)


def test_a_block_leaves_the_reading_to_the_block_around():
    with collecting(everything=True) as outer:
        with collecting() as inner:
            assert inner is outer
            require(BAD, error)
        assert len(outer.pending) == 1


def test_nothing_is_read_after_an_error():
    with pytest.raises(KeyError, match="stop"), collecting() as verdicts:
        verdicts.pending.append((BAD, error))
        raise KeyError("stop")


def test_a_block_raises_at_its_end():
    with pytest.raises(ValueError, match="bad input"), collecting() as verdicts:
        verdicts.pending.append((BAD, error))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_bad_log_densities_are_warned_of_by_site(value):
    with pytest.warns(UserWarning, match=f"Site 'z': the log-density is {value}"):
        watch("z", torch.tensor(value, requires_grad=True))


@pytest.mark.parametrize("value", [0.0, -math.inf, 1e30])
def test_others_are_not(value):
    watch("z", torch.tensor(value))


def test_in_a_block_log_densities_are_kept_to_find_the_culprit():
    with collecting() as verdicts:
        for name, value in (("a", 0.0), ("b", -math.inf), ("c", math.nan)):
            watch(name, torch.tensor(value))
    assert verdicts.first_not_finite() == ("b", -math.inf)
    assert validation.Verdicts(watched=verdicts.watched[:1]).first_not_finite() is None


def test_blocks_of_other_threads_are_not_seen():
    seen = []
    with collecting(everything=True):
        thread = threading.Thread(target=lambda: seen.append(validation.readable(GOOD)))
        thread.start()
        thread.join()
    assert seen == [True]


def test_mapped_tensors_are_not_readable_and_unwrap_to_all_their_values():
    values = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    seen = []

    def look(x):
        assert not validation.readable(x)
        seen.append(validation.unwrapped(x))
        return x

    torch.func.vmap(look, in_dims=1)(values)
    torch.func.vmap(torch.func.vmap(look), in_dims=1)(values)
    torch.func.grad(lambda x: look(x).sum())(values)
    assert torch.equal(seen[0], values.T) and torch.equal(seen[1], values.T) and torch.equal(seen[2], values)
    assert validation.unwrapped(values) is values


@pytest.mark.parametrize("transform", [torch.func.vmap, lambda f: torch.func.grad(lambda x: f(x).sum())])
def test_verdicts_on_mapped_tensors_are_read(transform):
    def positive(x):
        require(x > 0, error)
        return x

    transform(positive)(torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="bad input"):
        transform(positive)(torch.tensor([1.0, -2.0]))
