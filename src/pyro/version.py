"""The version, stated once, and the warning about another distribution that owns the same import package.

``__version__`` is the API level that flashover provides, with flashover's own release as its local part (PEP 440). The
packaging metadata reads ``RELEASE`` from this file.
"""

import importlib.metadata
import warnings

__all__ = ["RELEASE", "__version__", "warn_of_conflict"]

RELEASE = "0.1.0"
__version__ = f"1.9.0+flashover.{RELEASE}"


def warn_of_conflict() -> None:
    """Warns if the distribution ``pyro-ppl`` is installed beside flashover, unless it is flashover's own stand-in.

    Both would own the folder ``pyro`` of site-packages, so whichever was installed last has overwritten files of the
    other, and uninstalling either removes files of both. flashover's stand-in holds metadata only; it is told apart
    by ``+flashover`` in its version.
    """
    try:
        installed = importlib.metadata.version("pyro-ppl")
    except importlib.metadata.PackageNotFoundError:
        return
    if "+flashover" not in installed:
        warnings.warn(
            f"flashover and pyro-ppl {installed} are both installed and own the same package 'pyro': one has "
            "overwritten files of the other. To mend it run: "
            "pip uninstall --yes pyro-ppl && pip install --force-reinstall --no-deps flashover",
            RuntimeWarning, stacklevel=2)
