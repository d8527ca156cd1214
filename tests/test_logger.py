import logging
import sys

from pyro.logger import _make_logger, log


def own_handlers():
    """The handlers that are not pytest's."""
    return [handler for handler in log.handlers if type(handler) is logging.StreamHandler]


def test_it_writes_to_standard_error_from_info_on(capsys, monkeypatch):
    (handler,) = own_handlers()
    monkeypatch.setattr(handler, "stream", sys.stderr)
    log.debug("unseen")
    log.info("seen")
    log.warning("seen too")
    assert capsys.readouterr().err.splitlines() == ["I \t seen", "W \t seen too"]


def test_it_is_one_logger_with_one_handler_which_passes_nothing_on():
    assert _make_logger() is log is logging.getLogger("pyro")
    assert len(own_handlers()) == 1 and log.propagate is False
