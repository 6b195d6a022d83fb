"""Who hears of what happens in one open cache: its counters, and a listener."""

import builtins
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from llmcache.api.counters import Counters
from llmcache.errors import UsageError
from llmcache.model.event import Event, Happening, Told

_MISTAKES: Final = frozenset(
    name
    for name, found in vars(builtins).items()
    if isinstance(found, type)
    and issubclass(found, TypeError | AttributeError | NameError | LookupError | ImportError | NotImplementedError)
) | {UsageError.__name__}
"""Errors that a source which is away does not raise: who wrote the loader or the model's function has made a mistake. Our own
stands for what such a function returned: no vectors, or others than before."""

_WARNINGS: Final = {
    Happening.REFRESH_FAILED: (
        "a function that loads or embeds what comes back raised %s, which looks like a mistake in it; what it was asked for stays "
        "away, each time is counted as refresh_failed and told to the listener, and %s is not logged again"
    ),
    Happening.SEMANTIC_FAILED: (
        "a function that embeds or verifies questions ended in %s, which looks like a mistake in it; where it does nothing is "
        "answered by meaning, each time is counted as semantic_failed and told to the listener, and %s is not logged again"
    ),
}
"""What is said of functions whose failures nobody else would see."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Counts an event and passes it to the listener, whose own failures are not the caller's."""

    counters: Counters
    listener: Callable[[Told], None] | None

    def __call__(self, told: Told) -> None:
        if isinstance(told, Event):
            self.counters.count(told)
            if told.detail in _MISTAKES and told.what in _WARNINGS:
                _warn_once(told.what, told.detail)
        if self.listener is not None:
            try:
                self.listener(told)
            except Exception as error:  # noqa: BLE001 -- an instrument must not break what it measures
                _complain_once(error)


_warned: set[tuple[Happening, str]] = set()


def _warn_once(what: Happening, name: str) -> None:
    if (what, name) not in _warned:
        _warned.add((what, name))
        import logging  # noqa: PLC0415 -- only where something went wrong

        # The class only, as below.
        logging.getLogger("llmcache").warning(_WARNINGS[what], name, name)


_complained = threading.Event()


def _complain_once(error: Exception) -> None:
    if not _complained.is_set():
        _complained.set()
        import logging  # noqa: PLC0415 -- only where something went wrong

        # The class only: the message of a foreign exception may hold anything.
        logging.getLogger("llmcache").warning(
            "a listener of llmcache raised %s; further failures are not logged", type(error).__name__
        )
