"""What automatic guides share: readable errors about supports, dotted attributes, an exact entropy."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from pyro.distributions.constraints import sphere
from pyro.nn.module import PyroModule
from pyro.ops.attributes import deep_getattr
from pyro.poutine.handlers import trace
from pyro.poutine.util import site_is_subsample

__all__ = ["deep_getattr", "deep_setattr", "helpful_support_errors", "mean_field_entropy"]


def deep_setattr(obj: Any, key: str, val: Any) -> None:
    """Sets ``obj.a.b.c`` for the key ``"a.b.c"``, and makes the modules ``obj.a`` and ``obj.a.b`` where there are none.

    Args:
        obj: a module.
        key: the attribute.
        val: its value.
    """
    *owners, attribute = key.split(".")
    for owner in owners:
        if not hasattr(obj, owner):
            setattr(obj, owner, PyroModule())
        obj = getattr(obj, owner)
    setattr(obj, attribute, val)


@contextmanager
def helpful_support_errors(site: Any) -> Iterator[None]:
    """Turns an error about a support that no transform maps onto into one that says what to do.

    Args:
        site: the site whose support is used inside of the block.

    Raises:
        ValueError: if the support is discrete or a sphere; names the site.
    """
    try:
        yield
    except NotImplementedError as e:
        name, support = site["name"], site["fn"].support
        if support.is_discrete:
            raise ValueError(
                f"Continuous inference cannot handle discrete sample site '{name}'. Sum it out by enumeration "
                "(config_enumerate and TraceEnum_ELBO), and hide it from a continuous guide: "
                f"AutoNormal(poutine.block(model, hide=['{name}'])).") from e
        if support is sphere:
            raise ValueError(
                f"Continuous inference cannot handle spherical sample site '{name}'. Reparameterise it: "
                f"poutine.reparam(model, config={{'{name}': ProjectedNormalReparam()}}).") from e
        raise


def mean_field_entropy(model: Any, args: tuple[Any, ...], whitelist: Iterable[str] | None = None) -> Tensor | float:
    """The sum of the entropies of a program's sites, each given the values drawn for the others.

    Args:
        model: a program, mostly a guide.
        args: its positional arguments.
        whitelist: names of the sites that count; by default all.

    Returns:
        The entropies, added elementwise over the plates: neither summed over them nor scaled.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> mean_field_entropy(lambda: pyro.sample("x", dist.Normal(0.0, 1.0)), ())
        tensor(1.4189)
    """
    names = None if whitelist is None else set(whitelist)
    total: Tensor | float = 0.0
    for name, site in trace(model).get_trace(*args).nodes.items():
        if site["type"] == "sample" and not site_is_subsample(site) and (names is None or name in names):
            total = total + site["fn"].entropy()
    return total
