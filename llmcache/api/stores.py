"""From the settings in force to opened stores: each once, whatever purposes it serves."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from llmcache.config.mistakes import Mistake, error_of
from llmcache.config.settings import Settings, StoreChoice
from llmcache.config.url import StoreURL, parse_url
from llmcache.errors import ConfigError
from llmcache.model.key import Kind
from llmcache.model.units import Instant
from llmcache.protocols.whole import StorePair

NOWHERE = StoreURL("memory", "", {})
"""Opened in the place of a store that is not there, for who only looks."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The stores of one cache.

    Attributes:
        pair: The store of answers, and of every kind that has no store of its own.
        others: The stores of kinds that have one.
    """

    pair: StorePair
    others: Mapping[Kind, StorePair] = field(default_factory=dict)


def open_stores(settings: Settings, clock: Callable[[], Instant] = time.time, *, look_only: bool = False) -> Opened:
    """Open every store that the settings use, importing its package now.

    Args:
        look_only: Open an empty store in memory where nothing is there yet, because who looks must not make one.

    Raises:
        ConfigError: A URL or one of its options is wrong; lists those of all stores.
        PluginError: A plugin is broken, or a package it needs is missing.
        StoreError: A store could not be opened; the others are closed again.
    """
    urls = _checked(settings.stores)
    opened: dict[StoreChoice, StorePair] = {}
    try:
        for choice, url in urls.items():
            opened[choice] = _open(url, clock, look_only=look_only)
    except BaseException:
        for pair in opened.values():
            if pair.blocking is not None:  # one that can only be awaited has no connection before its first use
                pair.blocking.close()
        raise
    is_apart = settings.history != settings.responses
    return Opened(opened[settings.responses], {Kind.HISTORY: opened[settings.history]} if is_apart else {})


def url_of(choice: StoreChoice) -> StoreURL:
    """Return the parts of a store's URL, with a relative path made whole where it stands in a file.

    Raises:
        ConfigError: It is no URL, no store is installed for its scheme, or an option is wrong.
    """
    from llmcache.plugins.catalogue import anchored, check  # noqa: PLC0415 -- imports pluggy; `import llmcache` must not

    url = parse_url(choice.url)
    check(url)
    return url if choice.folder is None else anchored(url, choice.folder)


def problem_of(choice: StoreChoice) -> Mistake | None:
    """Return what is wrong with a store's URL, or None."""
    try:
        url_of(choice)
    except ConfigError as error:
        return choice.origin.mistake("", "", str(error))
    return None


def _checked(choices: Sequence[StoreChoice]) -> dict[StoreChoice, StoreURL]:
    """Return the URLs of all; the mistakes of those in a file are raised together, with their places."""
    mistakes = [mistake for choice in choices if choice.origin.place and (mistake := problem_of(choice))]
    if mistakes:
        raise error_of(mistakes)
    return {choice: url_of(choice) for choice in choices}


def _open(url: StoreURL, clock: Callable[[], Instant], *, look_only: bool) -> StorePair:
    from llmcache.plugins.catalogue import is_there, open_pair  # noqa: PLC0415 -- as above

    return open_pair(NOWHERE if look_only and not is_there(url, clock) else url, clock)
