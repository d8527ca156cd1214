"""The logger ``pyro.log``, which writes to standard error from level INFO on."""

import logging

__all__ = ["log"]


def _make_logger() -> logging.Logger:
    logger = logging.getLogger("pyro")
    logger.propagate = False
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setLevel(logging.INFO)
        handler.setFormatter(logging.Formatter("%(levelname).1s \t %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return logger


log = _make_logger()
