"""A variable in coordinates of one's own."""

from torch.distributions.transforms import Transform

from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, forced_sample, transformed

__all__ = ["ExplicitReparam"]


class ExplicitReparam(Reparam):
    """Draws the transformed variable at the site ``<name>_base``, and takes the transform back.

    For latent sites; after NumPyro's class.

    Args:
        transform: a bijection from the site's support to better coordinates.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> from pyro.distributions.transforms import ExpTransform
        >>> model = lambda: pyro.sample("x", dist.Gamma(4.0, 4.0))
        >>> config = {"x": ExplicitReparam(ExpTransform().inv)}
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config=config)).get_trace()
        >>> bool(trace.nodes["x_base"]["value"].exp() == trace.nodes["x"]["value"])
        True
    """

    def __init__(self, transform: Transform) -> None:
        self.transform = transform

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_base``; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the site is observed.
        """
        name, fn, value = msg["name"], msg["fn"], msg["value"]
        if msg["is_observed"]:
            raise AssertionError(f"Site '{name}': ExplicitReparam does not support observe statements. Leave it out of "
                                 "the config.")
        start = None if value is None else self.transform(value)
        base = forced_sample(f"{name}_base", transformed(fn, self.transform), start, False)
        return {"fn": None, "value": self.transform.inv(base), "is_observed": True}
